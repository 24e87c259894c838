import type { Context, Part } from '../platform/part.ts';
import type { Store } from '../platform/postgres.ts';
import { all, one } from './gate.ts';
import { countMore, isBehind, lockCounting } from './queries/counting.ts';
import { startRounds } from './rounds.ts';

/** Cases taken up in one transaction: about half a second of work. */
const batch = 5_000;
const idleMs = 5_000;

/** Takes up the next changed cases into the counts a day; returns how many, 0 when nothing is left. One process at a time. */
export async function countCases(store: Store): Promise<number> {
  const waiting = await one<{ behind: boolean }>(store, isBehind);
  if (!waiting?.behind) return 0;
  return store.transaction(async (runner) => {
    const held = await one<{ position: number }>(runner, lockCounting);
    if (!held) return 0;
    const [done] = await all<{ counted: number }>(runner, countMore(held.position, batch));
    return done?.counted ?? 0;
  });
}

/** Keeps the counts near to what was recorded. They need not be complete: whoever reads them adds the rest. */
export const startCounting = ({ store, log }: Context): Pick<Part, 'stop'> =>
  startRounds(log, {
    idleMs,
    failed: 'cases could not be counted',
    round: async () => (await countCases(store)) >= batch,
  });
