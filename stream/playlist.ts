import type { Segment, Window } from './window.ts';

/** What a playlist is written from. */
export type Listed = Pick<Window, 'segments' | 'partTarget' | 'target' | 'discontinuitySequence' | 'nextPart'>;

const seconds = (value: number): string => value.toFixed(5);

/**
 * EXT-X-TARGETDURATION of the low-latency list, whole seconds: two at least, so that a request that is blocked for three of them outlives a
 * camera that comes back.
 */
export const lowLatencyTarget = (window: Pick<Window, 'target'>): number => Math.max(2, window.target);

/** Target durations from the end within which parts are listed (§6.2.2), and beyond which a delta update skips segments (§4.4.3.8). */
const PARTS_FOR = 3;
const SKIP_AFTER = 6;

function head(window: Listed, first: Segment | undefined, target: number): string[] {
  return [
    // EXT-X-TARGETDURATION (required): no segment rounds to more, and it never changes
    `#EXT-X-TARGETDURATION:${target}`,
    `#EXT-X-MEDIA-SEQUENCE:${first?.sequence ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${window.discontinuitySequence}`,
  ];
}

/** The lines of the segments from `from` on; with parts from `partsFrom` on. What applies to a skipped one is not said again. */
function* lines(segments: readonly Segment[], from: number, partsFrom: number): Generator<string> {
  let init = segments[from - 1]?.init;
  for (const [index, segment] of segments.entries()) {
    if (index < from) continue;
    if (segment.discontinuity) yield '#EXT-X-DISCONTINUITY';
    if (segment.init !== init) yield `#EXT-X-MAP:URI="${segment.init}"`;
    init = segment.init;
    yield `#EXT-X-PROGRAM-DATE-TIME:${new Date(Math.round(segment.at)).toISOString()}`;
    if (index >= partsFrom) {
      for (const part of segment.parts) {
        yield `#EXT-X-PART:DURATION=${seconds(part.duration)},URI="${part.name}"${part.independent ? ',INDEPENDENT=YES' : ''}`;
      }
    }
    if (segment.closed) {
      yield `#EXTINF:${seconds(segment.duration)},`;
      yield segment.name;
    }
  }
}

/** The first segment that does not end further from the end of the list than so many seconds. */
function within(segments: readonly Segment[], distance: number): number {
  let after = 0;
  let index = segments.length;
  while (index > 0 && after <= distance) after += segments[--index]!.duration;
  return index;
}

/**
 * LL-HLS (RFC 8216bis): parts, blocking reload, and always a hint of the part to come, without which hls.js loops. With `skip` a delta
 * update (§6.2.5.1): older segments, with everything that is said of them, are replaced by their number; where there are none, the
 * list is whole.
 */
export function lowLatencyPlaylist(window: Listed, { skip = false } = {}): string {
  const { segments, partTarget } = window;
  const target = lowLatencyTarget(window);
  const skipped = skip ? within(segments, SKIP_AFTER * target) : 0;
  return [
    '#EXTM3U',
    // EXT-X-SKIP asks for 9.
    '#EXT-X-VERSION:9',
    // PART-HOLD-BACK: three parts at least, CAN-SKIP-UNTIL: six target durations at least (§4.4.3.8)
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${seconds(SKIP_AFTER * target)},PART-HOLD-BACK=${seconds(partTarget * 3)}`,
    `#EXT-X-PART-INF:PART-TARGET=${seconds(partTarget)}`,
    ...head(window, segments[0], target),
    ...(skipped > 0 ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`] : []),
    ...lines(segments, skipped, within(segments, PARTS_FOR * target)),
    `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${window.nextPart}"`,
    '',
  ].join('\n');
}

/** Plain HLS from the same window: closed segments only. */
export function plainPlaylist(window: Listed): string {
  const closed = window.segments.filter((segment) => segment.closed);
  return [
    '#EXTM3U',
    // EXT-X-MAP asks for 6.
    '#EXT-X-VERSION:6',
    ...head(window, closed[0], window.target),
    ...lines(closed, 0, closed.length),
    '',
  ].join('\n');
}
