import { slack, type Gap } from '../../hub/model/recording.ts';
import type { RecordedSegment } from './read.ts';

export type Listed = Pick<RecordedSegment, 'at' | 'duration' | 'broken' | 'initSha256'>;

export const segmentName = (at: number): string => `${at}.mp4`;
export const initName = (sha256: string, at: number): string => `${sha256}-${at}.mp4`;

const iso = (at: number): string => new Date(Math.round(at)).toISOString();

/**
 * HLS over the index (RFC 8216): times of the server's clock at every segment, a discontinuity wherever time is missing or the
 * timeline breaks, and each gap said as a date range with its cause. `ended`: nothing more will come.
 */
export function recordedPlaylist(segments: readonly Listed[], gaps: readonly Gap[], ended: boolean): string {
  // EXT-X-TARGETDURATION (required): no segment rounds to more.
  const target = Math.max(1, ...segments.map(({ duration }) => Math.round(duration)));
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${target}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    // VOD: it never changes; EVENT: it only grows (§4.3.3.5).
    `#EXT-X-PLAYLIST-TYPE:${ended ? 'VOD' : 'EVENT'}`,
    ...gaps.map(dateRange),
  ];
  let end: number | undefined;
  let init: string | undefined;
  for (const { at, duration, broken, initSha256 } of segments) {
    const follows = end !== undefined && Math.abs(at - end) <= slack && !broken && init === initSha256;
    if (end !== undefined && !follows) lines.push('#EXT-X-DISCONTINUITY');
    if (init !== initSha256) lines.push(`#EXT-X-MAP:URI="${initName(initSha256, at)}"`);
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${iso(at)}`, `#EXTINF:${duration.toFixed(5)},`, segmentName(at));
    end = at + duration * 1000;
    init = initSha256;
  }
  if (ended) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

/** EXT-X-DATERANGE (§4.3.2.7): players show or ignore it. */
function dateRange({ from, to, cause }: Gap): string {
  const length = ((to - from) / 1000).toFixed(3);
  return `#EXT-X-DATERANGE:ID="gap-${Math.round(from)}",CLASS="hallwatch.gap",START-DATE="${iso(from)}",DURATION=${length},X-CAUSE="${cause}"`;
}
