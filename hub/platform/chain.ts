import type { ChainStatus } from '../model/api.ts';
import { entryText, genesis } from '../model/chain.ts';
import type { LedgerEntry } from '../model/state.ts';
import { digestOfText } from './digest.ts';
import type { Runner } from './postgres.ts';

/** Hash of a ledger entry (存证链): SHA-256, in hex. */
export const entryHash = (entry: Omit<LedgerEntry, 'hash'>): string => digestOfText(entryText(entry));

interface ChainRow extends Record<string, unknown> {
  sequence: number;
  at: number;
  act: string;
  subject: string;
  event: string;
  previous: string;
  hash: string;
  body: LedgerEntry;
}

/** Rows in memory at once while a chain is walked. */
const pageLength = 2_000;

const selectChain =
  'select sequence, at, act, subject, event, previous, hash, body from ledger where region = $1 and sequence > $2 order by sequence limit $3';

/** Walks one region's chain from its first entry, a page at a time: each entry must follow the one before and fit its hash. */
export async function walkChain(runner: Runner, region: string): Promise<ChainStatus> {
  let sequence = 0;
  let previous = genesis;
  for (;;) {
    const rows = await runner.query<ChainRow>(selectChain, [region, sequence, pageLength]);
    for (const row of rows) {
      if (row.sequence !== sequence + 1 || row.previous !== previous || !isWhole(row, region))
        return { region, entries: sequence, ok: false, brokenAt: sequence + 1 };
      sequence = row.sequence;
      previous = row.hash;
    }
    if (rows.length < pageLength)
      return { region, entries: sequence, ok: true, ...(sequence > 0 ? { head: previous } : {}) };
  }
}

/** The columns that lists are read by say the same as the entry, and the entry fits its hash. */
function isWhole({ body, ...columns }: ChainRow, region: string): boolean {
  const same = (['sequence', 'at', 'act', 'subject', 'event', 'previous', 'hash'] as const).every(
    (name) => columns[name] === body[name],
  );
  return same && body.region === region && entryHash(body) === columns.hash;
}
