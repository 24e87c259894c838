/** How much of a stream a tile keeps, and how fast it plays. Pure. */

/** The focused tile is live; the others are plain. */
export type Mode = 'live' | 'plain';

/**
 * How fast a plain tile plays so many milliseconds behind: one that began at a camera's first pictures has nothing in hand and stops at
 * every hitch, so it falls back to four seconds, slowly enough that nobody sees it; what fell further back comes nearer.
 */
export function rateOf(delay: number, rate: number): number {
  if (delay < 3_800) return 0.94;
  if (delay > 6_000) return 1.08;
  const isThere = rate < 1 ? delay >= 4_200 : delay <= 5_000;
  return isThere ? 1 : rate;
}

/** What a player keeps at most: seconds ahead and behind, and bytes in all. */
export const bounds: Record<Mode, { ahead: number; behind: number; bytes: number }> = {
  live: { ahead: 8, behind: 4, bytes: 12_000_000 },
  plain: { ahead: 12, behind: 4, bytes: 6_000_000 },
};

/** Seconds to keep of a stream of so many bytes a second; never fewer ahead than a late segment takes. */
export function bufferOf(mode: Mode, bytesPerSecond: number): { ahead: number; behind: number } {
  const { ahead, behind, bytes } = bounds[mode];
  const share = Math.min(1, bytes / Math.max(1, bytesPerSecond) / (ahead + behind));
  return { ahead: Math.max(4, Math.round(ahead * share)), behind: Math.max(1, Math.round(behind * share)) };
}
