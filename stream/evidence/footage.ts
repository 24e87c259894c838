/** What of a camera is at hand for a clip: recorded, held from the live window, or both. */
import { slack } from '../../hub/model/recording.ts';
import type { RecordedSegment } from '../recording/read.ts';
import type { Segment, Window } from '../window.ts';

/** One segment, wherever it lies. Times in epoch ms, `duration` in seconds. */
export interface Footage {
  at: number;
  duration: number;
  cameraAt?: number;
  /** Begins with a key picture. */
  independent: boolean;
  /** Does not continue what was before it. */
  broken: boolean;
  read(): Promise<{ init: Buffer; bytes: Buffer }>;
}

export const endOf = ({ at, duration }: Pick<Footage, 'at' | 'duration'>): number => at + duration * 1000;

export const recorded = (segment: RecordedSegment): Footage => ({
  at: segment.at,
  duration: segment.duration,
  ...(segment.cameraAt === undefined ? {} : { cameraAt: segment.cameraAt }),
  independent: segment.independent,
  broken: segment.broken,
  read: async () => ({ init: await segment.init(), bytes: await segment.bytes() }),
});

/** A copy of what the window shows of `from` … `to`; with `open` also of the segment that is not closed yet. */
export function held(
  window: Pick<Window, 'segments' | 'find'>,
  from: number,
  to: number,
  open = false,
): (Footage & { bytes: number })[] {
  return window.segments
    .filter(
      (segment) => (segment.closed || open) && segment.parts.length > 0 && endOf(segment) > from && segment.at < to,
    )
    .flatMap((segment) => heldOf(window, segment));
}

function heldOf(window: Pick<Window, 'find'>, segment: Segment): (Footage & { bytes: number })[] {
  const init = window.find(segment.init);
  if (init?.kind !== 'init') return [];
  const bytes = Buffer.concat(segment.closed ? [segment.bytes] : segment.parts.map((part) => part.bytes));
  return [
    {
      at: segment.at,
      duration: segment.duration,
      ...(segment.cameraAt === undefined ? {} : { cameraAt: segment.cameraAt }),
      independent: segment.parts[0]!.independent,
      broken: segment.discontinuity,
      bytes: bytes.length,
      read: () => Promise.resolve({ init: init.bytes, bytes }),
    },
  ];
}

/** In order of time, each moment once; where two sources show the same, the one named first. */
export function merge(...sources: readonly (readonly Footage[])[]): Footage[] {
  const all: Footage[] = [];
  for (const source of sources) {
    for (const each of source) {
      const middle = each.at + each.duration * 500;
      if (!all.some((known) => known.at <= middle && endOf(known) > middle)) all.push(each);
    }
  }
  return all.sort((a, b) => a.at - b.at);
}

/** Whether nothing is missing between two. */
export const follows = (before: Pick<Footage, 'at' | 'duration'>, after: Pick<Footage, 'at'>): boolean =>
  after.at - endOf(before) <= slack;

/** Times are fractions of milliseconds on the one side and whole ones on the other. */
const touch = 2;

/**
 * From the segment whose key picture is at or before `from` and leads to it without a hole, else from the first key picture after
 * it, to the one that shows `to`.
 */
export function between(footage: readonly Footage[], from: number, to: number): Footage[] {
  let first = footage.findIndex((each) => endOf(each) > from);
  if (first < 0) return [];
  if (footage[first]!.at <= from + touch) {
    let lead = first;
    while (lead > 0 && !footage[lead]!.independent && follows(footage[lead - 1]!, footage[lead]!)) lead--;
    if (footage[lead]!.independent) first = lead;
  }
  while (first < footage.length && !footage[first]!.independent) first++;
  return footage.slice(first).filter((each) => each.at < to);
}

/** The holes of `from` … `to` in what is there. */
export function holes(
  there: readonly Pick<Footage, 'at' | 'duration'>[],
  from: number,
  to: number,
): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let at = from;
  for (const next of [...there.map((each) => ({ from: each.at, to: endOf(each) })), { from: to, to }]) {
    // Less than a moment is no hole.
    if (Math.min(next.from, to) - at > slack)
      found.push({ from: Math.round(at), to: Math.round(Math.min(next.from, to)) });
    at = Math.max(at, next.to);
  }
  return found;
}
