import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a look finds something, and answers with it. */
export type Until = <T>(
  what: string,
  look: () => Promise<T | false | undefined> | T | false | undefined,
  withinMs?: number,
) => Promise<T>;

/** Looks every 50 ms, for so long where a caller says nothing else; a look that throws ends it. */
export const untilWithin =
  (usualMs: number): Until =>
  async (what, look, withinMs = usualMs) => {
    for (const end = Date.now() + withinMs; Date.now() < end; await sleep(50)) {
      const found = await look();
      if (found) return found;
    }
    throw new Error(`not within ${withinMs} ms: ${what}`);
  };
