/** A day of the tests' own, and how the pages of a browser have it too. */
import type { BrowserContext } from 'playwright-core';

/** How far this process is beside the real time, ms; `today.ts` sets it. */
export const day = { shiftMs: 0 };

/** A Date so many milliseconds beside the real one; its source runs in pages as well. */
export const beside = (Real: DateConstructor, by: number): DateConstructor => {
  const now = (): number => Real.now() + by;
  return new Proxy(Real, {
    construct: (target, values, made) =>
      Reflect.construct(target, values.length === 0 ? [now()] : values, made) as Date,
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)) as unknown,
  });
};

/** Pages of this browser context have the day of this process. */
export async function sameDay(context: BrowserContext): Promise<void> {
  if (day.shiftMs !== 0) await context.addInitScript(`window.Date = (${String(beside)})(Date, ${day.shiftMs})`);
}
