import { z } from 'zod';
import type { ChainStatus, Page } from '../model/api.ts';
import { regionCode } from '../model/fields.ts';
import { may, type Identity } from '../model/rights.ts';
import type { LedgerEntry } from '../model/state.ts';
import { entryHash, genesis } from '../platform/chain.ts';
import type { Context } from '../platform/part.ts';
import type { Runner } from '../platform/postgres.ts';
import { all, type Route } from './gate.ts';
import { away, read, Refusal, unknown } from './problem.ts';
import { selectChain, selectEntries, type ChainRow, type EntryBody } from './queries/ledger.ts';

/** Rows in memory at once while a chain is walked. */
const pageLength = 2_000;
/** One walk a region at a time; its answer serves whoever asks meanwhile. */
const walks = new Map<string, Promise<ChainStatus>>();
const mostWalks = 4;

const listQuery = z.object({
  region: regionCode.optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const checkQuery = z.object({ region: regionCode.optional() });

/** 台账: each region's chain by itself, the person's own region where none is named. */
export function ledgerRoutes({ store }: Context): Route[] {
  return [
    {
      method: 'GET',
      url: '/ledger',
      needs: 'ledger.read',
      handle: async ({ who, query }): Promise<Page<LedgerEntry> | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        const region = regionFor(who, input.region);
        if (!region) return unknown('ledger');
        const items = (await all<EntryBody>(store, selectEntries(region, input.before, input.limit))).map(
          ({ body }) => body,
        );
        const last = items.at(-1);
        return { items, ...(last && items.length === input.limit && last.sequence > 1 ? { next: last.sequence } : {}) };
      },
    },
    {
      method: 'GET',
      url: '/ledger/check',
      needs: 'ledger.read',
      handle: async ({ who, query }): Promise<ChainStatus | Refusal> => {
        const input = read(checkQuery, query);
        if (input instanceof Refusal) return input;
        const region = regionFor(who, input.region);
        if (!region) return unknown('ledger');
        const found = walks.get(region);
        if (found) return found;
        if (walks.size >= mostWalks) return away('other ledgers are being checked', 5);
        const walk = checkChain(store, region).finally(() => walks.delete(region));
        walks.set(region, walk);
        return walk;
      },
    },
  ];
}

function regionFor(who: Identity, asked: string | undefined): string | undefined {
  const region = asked ?? who.region;
  return may(who, 'ledger.read', { region, hall: who.hall }) ? region : undefined;
}

/** Walks one chain from its first entry, a page at a time: each entry must follow the one before and fit its hash. */
export async function checkChain(store: Runner, region: string): Promise<ChainStatus> {
  let sequence = 0;
  let previous = genesis;
  for (;;) {
    const rows = await all<ChainRow>(store, selectChain(region, sequence, pageLength));
    for (const row of rows) {
      if (!follows(row, region, sequence, previous))
        return { region, entries: sequence, ok: false, brokenAt: sequence + 1 };
      sequence = row.sequence;
      previous = row.hash;
    }
    if (rows.length < pageLength)
      return { region, entries: sequence, ok: true, ...(sequence > 0 ? { head: previous } : {}) };
  }
}

/** The columns that lists are read by say the same as the entry, and the entry fits its hash. */
function follows(row: ChainRow, region: string, sequence: number, previous: string): boolean {
  const { body } = row;
  const same = (['sequence', 'at', 'act', 'subject', 'event', 'previous', 'hash'] as const).every(
    (name) => row[name] === body[name],
  );
  return (
    same &&
    body.region === region &&
    row.sequence === sequence + 1 &&
    row.previous === previous &&
    entryHash(body) === row.hash
  );
}
