/** `hallwatch verify`: walks the ledger's chains and says where one is broken. */
import type { ChainStatus } from '../model/api.ts';
import { walkChain } from '../platform/chain.ts';
import type { Runner } from '../platform/postgres.ts';

const selectRegions = 'select distinct region from ledger where $1::text is null or region = $1 order by region';

/** Walks every region's chain, or that of `only`. Reads a page at a time, so its memory does not grow with the ledger. */
export async function verifyLedger(runner: Runner, only?: string): Promise<{ ok: boolean; regions: ChainStatus[] }> {
  const regions: ChainStatus[] = [];
  for (const { region } of await runner.query<{ region: string }>(selectRegions, [only ?? null])) {
    regions.push(await walkChain(runner, region));
  }
  return { ok: regions.every((each) => each.ok), regions };
}
