/**
 * 抽签 (SC-12): which halls below an organ visits on a day where its pack says *choose*. The seed, 32 random bytes, is fixed by its
 * SHA-256 before the day and published after it, so nobody can pick, nobody can foretell, and anybody can recompute:
 *
 * 1. The candidates stand in the order of their ids. Each weighs the days since the organ's last visit there, at least 1 and at
 *    most `mostDays`.
 * 2. For n = 0, 1, … the SHA-256 of the text `<seed as 64 hex digits> <draw> <level> <n>` is read as one whole number; its
 *    remainder by the sum of the weights that are left falls on one candidate, going through them in order. That one is chosen
 *    and leaves; so on until `count` are chosen or nobody is left.
 */
import type { Level } from './quotaShape.ts';

/** SHA-256 as 64 hex digits; of the UTF-8 bytes where it is a text. `hub/model` runs anywhere and brings none of its own. */
export type Sha256 = (input: string | Uint8Array) => string;

export interface Candidate {
  hall: string;
  /** Days since the organ's last visit there that counted, on the day of the draw. */
  days: number;
}

/** One lot of a draw: the halls of one level. `chosen` in the order in which they were drawn. */
export interface DrawLot {
  level: Level;
  count: number;
  candidates: Candidate[];
  chosen: string[];
}

/** A drawn hall that a person replaced by another candidate, and why. */
export interface Swap {
  duty: string;
  from: string;
  to: string;
  reason: string;
  account: string;
  name: string;
  at: number;
}

/** `id` is `<day>:<organ>`. The seed is absent until the day is over. */
export interface Draw {
  id: string;
  region: string;
  organ: string;
  day: string;
  state: 'committed' | 'made' | 'published';
  /** SHA-256 of the seed's 32 bytes. */
  commitment: string;
  committedAt: number;
  madeAt?: number;
  lots: DrawLot[];
  swaps: Swap[];
  seed?: string;
  publishedAt?: number;
  position: number;
}

/** Longer ago than this counts as this. */
export const mostDays = 400;

export const drawId = (day: string, organ: string): string => `${day}:${organ}`;

/** The days of a hall that was never visited: as if it had been, one round of all halls before the organ's first draw. */
export const daysUnvisited = (sinceFirst: number, halls: number, count: number): number =>
  sinceFirst + Math.ceil(halls / Math.max(1, count));

export const weightOf = (days: number): number => Math.min(mostDays, Math.max(1, Math.trunc(days)));

const byId = (a: Candidate, b: Candidate): number => (a.hall < b.hall ? -1 : a.hall > b.hall ? 1 : 0);

/** The halls that a seed draws, in the order of drawing. */
export function chosenBy(
  sha256: Sha256,
  { seed, draw, level, candidates, count }: { seed: string; draw: string } & Omit<DrawLot, 'chosen'>,
): string[] {
  const left = [...candidates].sort(byId);
  const chosen: string[] = [];
  for (let n = 0; chosen.length < count && left.length > 0; n += 1) {
    const sum = left.reduce((all, { days }) => all + weightOf(days), 0);
    let rest = Number(BigInt(`0x${sha256(`${seed} ${draw} ${level} ${n}`)}`) % BigInt(sum));
    const index = left.findIndex(({ days }) => (rest -= weightOf(days)) < 0);
    chosen.push(left.splice(index, 1)[0]!.hall);
  }
  return chosen;
}

/** What is wrong with a draw: of the seed, of the day of its commitment, or of one level's choice. */
export type DrawFault =
  | { what: 'unpublished' }
  | { what: 'commitment'; expected: string; found: string }
  | { what: 'committedLate'; at: number }
  | { what: 'chosen'; level: Level; expected: string[]; found: string[] };

/** Recomputes a published draw. `dayStart`: the first moment of its day. Empty: everything is as it was fixed before the day. */
export function faultsOf(
  sha256: Sha256,
  draw: Pick<Draw, 'id' | 'commitment' | 'committedAt' | 'lots'> & { seed?: string | undefined },
  dayStart: number,
): DrawFault[] {
  const { seed, commitment, committedAt, lots } = draw;
  if (seed === undefined) return [{ what: 'unpublished' }];
  const faults: DrawFault[] = [];
  const found = sha256(bytesOf(seed));
  if (found !== commitment) faults.push({ what: 'commitment', expected: commitment, found });
  if (committedAt >= dayStart) faults.push({ what: 'committedLate', at: committedAt });
  for (const { level, count, candidates, chosen } of lots) {
    const expected = chosenBy(sha256, { seed, draw: draw.id, level, count, candidates });
    if (expected.join('\n') !== chosen.join('\n')) faults.push({ what: 'chosen', level, expected, found: chosen });
  }
  return faults;
}

/** The bytes of a text of hex digits. */
export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
