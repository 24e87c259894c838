import { lowLatencyTarget } from './playlist.ts';
import type { Window } from './window.ts';

/** The delivery directives of a playlist request (RFC 8216bis §6.2.5). */
interface Reload {
  /** Answer when the list has this segment… */
  sequence?: number;
  /** …or this part of it. */
  part?: number;
  /** Leave out what is older than CAN-SKIP-UNTIL. */
  skip: boolean;
}

/** Why a request is refused: which directive, and what was expected. */
interface Refused {
  field: '_HLS_msn' | '_HLS_part' | '_HLS_skip';
  reason: string;
}

/** A playlist further ahead than this is asked for by mistake (§6.2.5.2). */
const FUTURE_SEGMENTS = 2;
/** Blocked requests answer after three target durations at the latest (§6.2.5.2)… */
const PATIENCE = 3;
/** …and within so many milliseconds, because a browser has few connections. */
const MOST_BLOCKED_MS = 10_000;

/** Reads the directives of a query as it was parsed; a name that stands twice is an array and no number. */
export function readReload(query: Readonly<Record<string, unknown>>): Reload | Refused {
  const { _HLS_msn: sequence, _HLS_part: part, _HLS_skip: skip } = query;
  const isWhole = (value: unknown): boolean => typeof value === 'string' && /^\d{1,15}$/.test(value);
  if (sequence !== undefined && !isWhole(sequence)) return { field: '_HLS_msn', reason: 'expected a whole number' };
  if (part !== undefined && !isWhole(part)) return { field: '_HLS_part', reason: 'expected a whole number' };
  if (part !== undefined && sequence === undefined)
    return { field: '_HLS_part', reason: 'expected only together with _HLS_msn' };
  if (skip !== undefined && skip !== 'YES' && skip !== 'v2')
    return { field: '_HLS_skip', reason: 'expected YES or v2' };
  return {
    ...(sequence === undefined ? {} : { sequence: Number(sequence) }),
    ...(part === undefined ? {} : { part: Number(part) }),
    skip: skip !== undefined,
  };
}

/** Too far in the future to be waited for: two segments behind the last whole one, or three seconds of parts (the Advance Part Limit). */
export function tooFar(window: Pick<Window, 'segments' | 'partTarget'>, reload: Reload): Refused | undefined {
  const { sequence, part } = reload;
  const last = window.segments.at(-1);
  if (sequence === undefined || !last) return undefined;
  const newest = last.closed ? last.sequence : last.sequence - 1;
  if (sequence > newest + FUTURE_SEGMENTS)
    return {
      field: '_HLS_msn',
      reason: `expected at most ${newest + FUTURE_SEGMENTS}: the newest segment is ${newest}`,
    };
  if (part === undefined || sequence < last.sequence) return undefined;
  const most =
    (window.partTarget < 1 ? Math.ceil(3 / window.partTarget) : 3) +
    (sequence === last.sequence ? last.parts.length - 1 : 0);
  return part > most ? { field: '_HLS_part', reason: `expected at most ${most} of segment ${sequence}` } : undefined;
}

/** Whether the list holds what was asked for. A part behind the last one of a whole segment is the first of the next segment. */
export function isThere({ segments }: Pick<Window, 'segments'>, { sequence, part }: Reload): boolean {
  if (sequence === undefined) return true;
  const last = segments.at(-1);
  if (!last || last.sequence < sequence) return false;
  if (part === undefined) return last.sequence > sequence || last.closed;
  if (last.sequence > sequence) return true;
  return last.parts.length > part;
}

/** How long a request may be blocked, milliseconds. */
export const patienceOf = (window: Pick<Window, 'target'>): number =>
  Math.min(MOST_BLOCKED_MS, lowLatencyTarget(window) * PATIENCE * 1000);
