import type { Context, Part } from '../platform/part.ts';
import type { Store } from '../platform/postgres.ts';
import { all, one } from './gate.ts';
import { countMore, isBehind, lockCounting } from './queries/counting.ts';

/** Cases taken up in one transaction: about half a second of work. */
const batch = 5_000;
const idleMs = 5_000;
/** A breath between two batches, so that counting a long history does not keep the pages waiting. */
const breathMs = 50;

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
export function startCounting({ store, log }: Context): Pick<Part, 'stop'> {
  let stopped = false;
  let working: Promise<void> | undefined;
  let timer: NodeJS.Timeout;
  const turn = async (): Promise<void> => {
    let pause = idleMs;
    try {
      if ((await countCases(store)) >= batch) pause = breathMs;
    } catch (error) {
      if (!stopped) log.warn({ err: error }, 'cases could not be counted');
    }
    if (!stopped) plan(pause);
  };
  const plan = (ms: number): void => {
    timer = setTimeout(() => void (working = turn()), ms).unref();
  };
  plan(idleMs);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await working;
    },
  };
}
