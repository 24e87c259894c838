/** How the low-delay picture travels: single pictures over the socket, or LL-HLS. Which one does better is measured, not believed. */
export type Transport = 'socket' | 'hls';

/** What one transport has shown in this browser session. */
export interface Score {
  /** Seconds it played, and milliseconds of delay in their mean. */
  seconds: number;
  delay: number;
  /** Times the picture had to wait, and times it could not be had at all. */
  stalls: number;
  failures: number;
  /** Of the newest of it, epoch ms. */
  at: number;
}
export type Scores = Partial<Record<Transport, Score>>;

/** What is expected of a transport before it was seen, seconds of delay. */
const expected: Record<Transport, number> = { socket: 0.4, hls: 1 };
/** A measurement counts for half after so long: networks change, and what failed once is tried again. */
const halfLife = 5 * 60_000;
/** What one stall a minute, and one failure, is worth in seconds of delay. */
const perStall = 0.25;
const perFailure = 2;
/** Seconds of play that weigh as much as the expectation. */
const trust = 20;

/** Seconds of delay that this transport costs, stalls and failures included. */
function costOf(transport: Transport, score: Score | undefined, now: number): number {
  if (!score) return expected[transport];
  const fresh = 0.5 ** (Math.max(0, now - score.at) / halfLife);
  const seconds = score.seconds * fresh;
  const delay = (expected[transport] * trust + (score.delay / 1000) * seconds) / (trust + seconds);
  const stallsPerMinute = (score.stalls * fresh * 60) / (trust + seconds);
  return delay + perStall * stallsPerMinute + perFailure * score.failures * fresh;
}

/** The transport that costs least by what was measured; the socket where both are equal. */
export const choose = (scores: Scores, now: number): Transport =>
  costOf('hls', scores.hls, now) < costOf('socket', scores.socket, now) ? 'hls' : 'socket';

export type Seen = { played: number; delay: number } | 'stall' | 'failure';

/** A score with one more thing seen: `played` seconds at a `delay` in milliseconds. */
export function scored(score: Score | undefined, seen: Seen, now: number): Score {
  const old = score ?? { seconds: 0, delay: 0, stalls: 0, failures: 0, at: now };
  const fresh = 0.5 ** (Math.max(0, now - old.at) / halfLife);
  const base = {
    ...old,
    seconds: old.seconds * fresh,
    stalls: old.stalls * fresh,
    failures: old.failures * fresh,
    at: now,
  };
  if (seen === 'stall') return { ...base, stalls: base.stalls + 1 };
  if (seen === 'failure') return { ...base, failures: base.failures + 1 };
  const seconds = base.seconds + seen.played;
  const delay = seconds === 0 ? 0 : (base.delay * base.seconds + seen.delay * seen.played) / seconds;
  return { ...base, seconds, delay };
}
