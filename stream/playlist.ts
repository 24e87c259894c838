import type { Segment, Window } from './window.ts';

/** What a playlist is written from. */
export type Listed = Pick<Window, 'segments' | 'partTarget' | 'longest' | 'discontinuitySequence' | 'nextPart'>;

const seconds = (value: number): string => value.toFixed(5);

/** A segment's length rounded as players round it: by the digits that are written, so that 2.499999 counts as the 2.50000 it is written as. */
const rounded = (value: number): number => Math.round(Number(seconds(value)));

/** Parts of older segments are left out: RFC 8216bis §4.4.4.9 wants them within three target durations of the end. */
const PARTS_FOR = 4;

function head(window: Listed, first: Segment | undefined, target: number): string[] {
  return [
    // EXT-X-TARGETDURATION (required): no segment rounds to more
    `#EXT-X-TARGETDURATION:${target}`,
    `#EXT-X-MEDIA-SEQUENCE:${first?.sequence ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${window.discontinuitySequence}`,
  ];
}

function* lines(segments: readonly Segment[], partsFrom: number): Generator<string> {
  let init: string | undefined;
  for (const [index, segment] of segments.entries()) {
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

/** The first segment whose parts are listed. */
function partsFrom(segments: readonly Segment[], target: number): number {
  let lasts = 0;
  let index = segments.length;
  while (index > 0 && lasts < PARTS_FOR * target) lasts += segments[--index]!.duration;
  return index;
}

const independent = (segments: readonly Segment[]): string[] =>
  segments.every((segment) => segment.parts[0]?.independent) ? ['#EXT-X-INDEPENDENT-SEGMENTS'] : [];

/** LL-HLS (RFC 8216bis): parts, blocking reload, and always a hint of the part to come, without which hls.js loops. */
export function lowLatencyPlaylist(window: Listed): string {
  const { segments, partTarget } = window;
  const target = Math.max(2, rounded(window.longest));
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    ...independent(segments),
    // PART-HOLD-BACK: three parts at least (§4.4.3.8)
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${seconds(partTarget * 3)}`,
    `#EXT-X-PART-INF:PART-TARGET=${seconds(partTarget)}`,
    ...head(window, segments[0], target),
    ...lines(segments, partsFrom(segments, target)),
    `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${window.nextPart}"`,
    '',
  ].join('\n');
}

/** Plain HLS from the same window: closed segments only. */
export function plainPlaylist(window: Listed): string {
  const closed = window.segments.filter((segment) => segment.closed);
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    ...independent(closed),
    ...head(window, closed[0], Math.max(1, rounded(window.longest))),
    ...lines(closed, closed.length),
    '',
  ].join('\n');
}
