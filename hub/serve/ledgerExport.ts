/** A part of a region's chain as a file of JSON lines, to be checked anywhere (`hub/model/chain.ts`). */
import { z } from 'zod';
import { endOf, startOf } from '../model/calendar.ts';
import { genesis, type LedgerExport } from '../model/chain.ts';
import type { Context } from '../platform/part.ts';
import { readableOf } from './exports.ts';
import { chainAsked, dayField, regionField } from './filters.ts';
import { all, Download, one, type Route } from './gate.ts';
import { away, read, Refusal, unknown } from './problem.ts';
import { selectHashes, selectRange, selectSpan, selectUpTo, type EntryBody } from './queries/ledger.ts';

/** More belongs into several files. */
const mostEntries = 200_000;
const pageLength = 1_000;
/** Files that are being written at once. */
const mostFiles = 4;

const query = z.object({ region: regionField.optional(), from: dayField, until: dayField });

export function ledgerExport({ store, world }: Pick<Context, 'store' | 'world'>): Route {
  let open = 0;

  async function* lines(head: LedgerExport): AsyncGenerator<string> {
    yield `${JSON.stringify(head)}\n`;
    let after = head.first - 1;
    while (after < head.last) {
      const rows = await all<EntryBody>(store, selectRange(head.region, after, head.last, pageLength));
      if (rows.length === 0) return;
      yield rows.map(({ body }) => `${JSON.stringify(body)}\n`).join('');
      after += pageLength;
    }
  }

  async function headOf(region: string, from: string, until: string, now: number): Promise<LedgerExport | Refusal> {
    const span = await one<{ first: number | null; last: number | null }>(
      store,
      selectSpan(region, startOf(from), endOf(until)),
    );
    const common = {
      kind: 'hallwatch.ledger' as const,
      version: 1 as const,
      region,
      regionName: world().regions.get(region)?.name ?? region,
      from,
      until,
      madeAt: now,
    };
    if (span?.first == null || span.last == null) {
      const before = await one<{ sequence: number; hash: string }>(store, selectUpTo(region, endOf(until)));
      const { sequence: last, hash: head } = before ?? { sequence: 0, hash: genesis };
      return { ...common, first: last + 1, last, previous: head, head };
    }
    const { first, last } = span;
    if (last - first >= mostEntries) {
      const reason = `expected days with at most ${mostEntries} entries, these have ${last - first + 1}`;
      return new Refusal(400, { field: 'from', reason });
    }
    const ends = await all<{ sequence: number; previous: string; hash: string }>(
      store,
      selectHashes(region, [first, last]),
    );
    const hashOf = (sequence: number) => ends.find((each) => each.sequence === sequence);
    return {
      ...common,
      first,
      last,
      previous: hashOf(first)?.previous ?? genesis,
      head: hashOf(last)?.hash ?? genesis,
    };
  }

  return {
    method: 'GET',
    url: '/ledger/export',
    needs: 'ledger.read',
    handle: async ({ who, query: asked, now }) => {
      const input = read(query, asked);
      if (input instanceof Refusal) return input;
      const region = chainAsked(who, input.region);
      if (!region) return unknown('ledger');
      if (input.until < input.from)
        return new Refusal(400, { field: 'until', reason: 'expected a day not before from' });
      const head = await headOf(region, input.from, input.until, now);
      if (head instanceof Refusal) return head;
      if (open >= mostFiles) return away('other files are being written: try again in a moment', 5);
      const body = readableOf(lines(head));
      open += 1;
      body.once('close', () => (open -= 1));
      return new Download(
        `ledger-${region}-${input.from}-${input.until}.jsonl`,
        'application/jsonl; charset=utf-8',
        body,
      );
    },
  };
}
