/** How long after the fact something was entered, as counts by bounds: they add up, which percentiles do not. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Upper bounds in milliseconds; what is longer than the last stands in one more place behind them. */
export const lagBounds: readonly number[] = [
  5_000,
  15_000,
  30_000,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  20 * minute,
  40 * minute,
  hour,
  2 * hour,
  4 * hour,
  8 * hour,
  12 * hour,
  day,
  2 * day,
  3 * day,
  5 * day,
  7 * day,
  14 * day,
  30 * day,
  60 * day,
  180 * day,
  365 * day,
];

export const addLags = (one: readonly number[], other: readonly number[]): number[] =>
  Array.from({ length: lagBounds.length + 1 }, (_, index) => (one[index] ?? 0) + (other[index] ?? 0));

/**
 * The bound below which `share` of them lie: "at most this long", never an invented point in between. Undefined without any;
 * the last bound where it is longer than that.
 */
export function lagAt(counts: readonly number[], share: number): number | undefined {
  const total = counts.reduce((sum, each) => sum + each, 0);
  if (total === 0) return undefined;
  let seen = 0;
  const place = counts.findIndex((each) => (seen += each) >= total * share);
  return lagBounds[Math.min(place, lagBounds.length - 1)];
}
