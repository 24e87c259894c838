/** `hallwatch verify`: walks the ledger's chain and says where it is broken. */
import type { LedgerEntry } from '../model/state.ts';
import { entryHash, genesis } from '../platform/chain.ts';
import type { Runner } from '../platform/postgres.ts';

export interface RegionCheck {
  region: string;
  entries: number;
  ok: boolean;
  /** The first sequence that does not fit: changed, missing or put in. */
  brokenAt?: number;
  head?: string;
}

const page = 5_000;

/** Walks every region's chain, or one region's. Reads a page at a time, so its memory does not grow with the ledger. */
export async function verifyLedger(runner: Runner, only?: string): Promise<{ ok: boolean; regions: RegionCheck[] }> {
  const regions = await runner.query<{ region: string }>(
    'select distinct region from ledger where $1::text is null or region = $1 order by region',
    [only ?? null],
  );
  const checks: RegionCheck[] = [];
  for (const { region } of regions) checks.push(await verifyRegion(runner, region));
  return { ok: checks.every((check) => check.ok), regions: checks };
}

type Row = {
  sequence: number;
  at: number;
  act: string;
  subject: string;
  event: string;
  previous: string;
  hash: string;
  body: LedgerEntry;
};

async function verifyRegion(runner: Runner, region: string): Promise<RegionCheck> {
  let sequence = 0;
  let previous = genesis;
  for (;;) {
    const rows = await runner.query<Row>(
      'select sequence, at, act, subject, event, previous, hash, body from ledger where region = $1 and sequence > $2 order by sequence limit $3',
      [region, sequence, page],
    );
    for (const row of rows) {
      if (row.sequence !== sequence + 1 || row.previous !== previous || !isWhole(row, region)) {
        return { region, entries: sequence, ok: false, brokenAt: sequence + 1 };
      }
      sequence = row.sequence;
      previous = row.hash;
    }
    if (rows.length < page) return { region, entries: sequence, ok: true, head: previous };
  }
}

/** The hash fits the body, and the columns that queries read say the same as the body. */
function isWhole({ body, ...columns }: Row, region: string): boolean {
  const same = (['sequence', 'at', 'act', 'subject', 'event', 'previous', 'hash'] as const).every(
    (name) => columns[name] === body[name],
  );
  return same && body.region === region && entryHash(body) === columns.hash;
}
