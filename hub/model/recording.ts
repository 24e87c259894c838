/** 录像: what was recorded of a camera, and why there is nothing where there is nothing. Times in epoch ms. */
import { dayOf, startOf } from './calendar.ts';
import type { PackSettings } from './settings.ts';
import type { Deed } from './state.ts';

/** `watched`: while somebody watches; `always`: the camera is pulled for it. */
export const recordingModes = ['off', 'watched', 'always'] as const;
export type RecordingMode = (typeof recordingModes)[number];

/**
 * Why nothing is recorded: nobody asked for it, the camera sent nothing, it was switched off, the hub did not run (系统停机), the disk
 * was too slow, full or broken, the file was cut or is gone, or its time was over.
 */
export const gapCauses = [
  'notRecorded',
  'offline',
  'disabled',
  'hubDown',
  'dropped',
  'diskFull',
  'diskFailed',
  'lost',
  'removed',
] as const;
export type GapCause = (typeof gapCauses)[number];

export interface Span {
  from: number;
  to: number;
}
export interface Gap extends Span {
  cause: GapCause;
}
/** Spans and gaps together fill the time that was asked for. */
export interface Laid {
  spans: Span[];
  gaps: Gap[];
}

/** `GET /api/recorded`. `to` is earlier than was asked for when there was more than one answer holds: ask again from there. */
export interface RecordedAnswer extends Span {
  hall: string;
  /** From here on the asker may shift back; what is older needs a release (SC-32). */
  shiftFrom: number;
  cameras: (Laid & { camera: string })[];
}

/** 封存. Held until it is `released`; `asked`: somebody asked for its end. */
export interface RecordingHold extends Span {
  id: string;
  region: string;
  hall: string;
  camera: string;
  reason: string;
  heldBy: Deed;
  state: 'held' | 'asked' | 'released';
  /** The latest request for its end, and its answer. */
  asked?: Deed & { reason: string };
  answered?: Deed & { outcome: 'approved' | 'refused'; reason?: string };
  position: number;
}

/** A hold as its page shows it. */
export interface HoldLine extends RecordingHold {
  hallName: string;
  hallNameEn?: string;
  /** Absent when the camera is gone. */
  cameraName?: string;
  cameraNameEn?: string;
  windowNumber?: string;
  /** Its end was asked for, and who reads this may answer. */
  mayAnswer: boolean;
}

/** `GET /api/recorded/holds?state=&hall=&before=`, the newest first; `next` is the `before` of the page that follows. */
export interface HoldPage {
  items: HoldLine[];
  next?: number;
}

/** What a hall keeps where it has no limits of its own: days, bytes; and the bytes of the disk that stay free for the rest of the hub. */
export const usualKeeping = { days: 30, bytes: 500_000_000_000, free: 2_000_000_000 };
export const gigabyte = 1_000_000_000;

/** What an administrator sets for a hall; null is what the hub keeps usually. Whichever is reached first counts, and the oldest goes. */
export interface RecordingLimits {
  /** 1 to 3650. */
  days: number | null;
  /** Of 10⁹ bytes, 1 to 1,000,000. */
  gigabytes: number | null;
}

/** `GET /api/recording-limits/:hall`, and the answer to a change. */
export interface HallRecording extends RecordingLimits {
  hall: string;
  usual: { days: number; gigabytes: number };
  /** Bytes of what is kept now. */
  used: number;
  /** The beginning of the oldest recording; absent where there is none. */
  since?: number;
}

/** What the stream part says of its recording (`stream.recording`): counts since its start. */
export interface RecordingState {
  segments: number;
  bytes: number;
  dropped: number;
  /** Bytes that wait to be written. */
  waiting: number;
  /** Halls that are not recorded now because the disk is full or broken. */
  stopped: { hall: string; cause: 'diskFull' | 'diskFailed'; since: number; detail: string }[];
}

/** Segments that follow each other within so many milliseconds are one recording. */
export const slack = 500;
/** The end of a gap that still lasts. */
export const open = Date.UTC(2100, 0, 1);
/** The longest time one question about recordings may span. */
export const longestAnswer = 31 * 86_400_000;

/** Lays out `from` … `to`: what the files hold less the gaps that are known, and a cause for every hole. Both lists in order of time. */
export function layOut(from: number, to: number, files: readonly Span[], known: readonly Gap[]): Laid {
  const spans: Span[] = [];
  const add = (begin: number, end: number): void => {
    const last = spans.at(-1);
    if (last && begin - last.to <= slack && !known.some((gap) => gap.from < begin && gap.to > last.to))
      last.to = Math.max(last.to, end);
    else if (end > begin) spans.push({ from: begin, to: end });
  };
  for (const file of files) {
    let at = Math.max(from, file.from);
    const end = Math.min(to, file.to);
    for (const gap of known) {
      if (gap.to <= at || gap.from >= end) continue;
      if (gap.from > at) add(at, gap.from);
      at = Math.max(at, gap.to);
    }
    if (end > at) add(at, end);
  }
  const gaps: Gap[] = [];
  let at = from;
  for (const span of [...spans, { from: to, to }]) {
    if (span.from > at) gaps.push(...causesOf(at, span.from, known));
    at = Math.max(at, span.to);
  }
  return { spans, gaps };
}

/** A hole, cut where its causes change. What is left between two known causes for less than a moment belongs to the one before. */
function causesOf(from: number, to: number, known: readonly Gap[]): Gap[] {
  const found: Gap[] = [];
  const add = (begin: number, end: number, cause: GapCause): void => {
    const last = found.at(-1);
    if (last && (last.cause === cause || end - begin <= slack)) last.to = end;
    else found.push({ from: begin, to: end, cause });
  };
  let at = from;
  for (const gap of known) {
    if (gap.to <= at || gap.from >= to) continue;
    if (gap.from > at) add(at, gap.from, 'notRecorded');
    add(Math.max(at, gap.from), Math.min(to, gap.to), gap.cause);
    at = Math.min(to, gap.to);
  }
  if (at < to) add(at, to, 'notRecorded');
  return found;
}

/**
 * From when on people of a hall may shift back without a release (SC-32): the day's own recordings belong to its supervision, as the
 * live picture does; what is older is material that is viewed with an approval. A region's pack may narrow it.
 */
export function shiftFrom(settings: Pick<PackSettings, 'recording'> | undefined, now: number): number {
  switch (settings?.recording?.timeShift ?? 'day') {
    case 'none':
      return now;
    case 'hour':
      return now - 3_600_000;
    case 'day':
      return startOf(dayOf(now));
  }
}
