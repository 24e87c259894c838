/** Pure: where moments stand on time lines, and what is recorded at them. */
import type { Gap, Laid } from '../../hub/model/recording.ts';

/** The newest moment that is shown as recorded: what is nearer is written a little later. */
export const nearest = 15_000;

/** Why nothing is recorded at a moment; undefined where something is, or where nothing is known. */
export const gapAt = (laid: Laid | undefined, at: number): Gap | undefined =>
  laid?.gaps.find((gap) => at >= gap.from && at < gap.to);

/** A fragment of a playlist: `start` and `duration` in seconds of the player's time line, `programDateTime` in epoch ms. */
export interface Fragment {
  start: number;
  duration: number;
  programDateTime: number | null;
}

/** Where a moment stands on the player's time line, seconds; undefined where no fragment shows it. */
export function timeOf(fragments: readonly Fragment[], at: number): number | undefined {
  for (const { start, duration, programDateTime } of fragments) {
    if (programDateTime === null) continue;
    const into = (at - programDateTime) / 1000;
    if (into >= 0 && into < duration) return start + into;
  }
  return undefined;
}

/** What moment a place on the player's time line shows. */
export function dateOf(fragments: readonly Fragment[], time: number): number | undefined {
  const found = fragments.findLast(({ start }) => time >= start - 0.001);
  return found?.programDateTime == null ? undefined : found.programDateTime + (time - found.start) * 1000;
}

/** Beyond this many milliseconds a picture jumps to the moment, within it plays a little faster or slower. */
const jumpAt = 400;
const fineWithin = 60;

/** What a picture that shows `date` does to show `at`: jump, or play at this rate. Milliseconds. */
export function correctionOf(date: number | undefined, at: number): 'jump' | number {
  if (date === undefined || Math.abs(at - date) > jumpAt) return 'jump';
  const late = at - date;
  return Math.abs(late) <= fineWithin ? 1 : late > 0 ? 1.1 : 0.9;
}

/** `from` … `to` cut at a view, in parts of a hundred; for drawing on an axis. */
export function placed(span: { from: number; to: number }, from: number, to: number): { left: number; width: number } {
  const part = (at: number): number => (100 * (Math.min(to, Math.max(from, at)) - from)) / (to - from);
  return { left: part(span.from), width: part(span.to) - part(span.from) };
}
