/** What a tile really played between two looks at it: the pure half of verified viewing (SC-11, design §7). */

/** One look at a player. `date` is the programme time (server clock) of the picture on screen, epoch milliseconds. */
export interface Look {
  /** The page's monotonic clock, milliseconds. */
  at: number;
  date: number | undefined;
  playing: boolean;
  /** Frames presented since the player began. */
  frames: number;
}

export interface Span {
  from: number;
  to: number;
  frames: number;
}

/** The fastest a player catches up is 1.1; what is beyond was jumped over and not seen. */
const fastest = 1.15;
/** Programme time and the page's clock are read a few frames apart. */
const slack = 250;

/**
 * The programme time that played from `before` to `now`. Empty (`from === to`) when paused or stalled, or when the
 * picture went back; shortened to what can have been seen when playback jumped ahead. Undefined while nothing has
 * played yet: then there is nothing to claim.
 */
export function spanBetween(before: Look | undefined, now: Look): Span | undefined {
  if (now.date === undefined) return undefined;
  const nothing = { from: now.date, to: now.date, frames: 0 };
  if (before?.date === undefined) return nothing;
  const frames = Math.max(0, now.frames - before.frames);
  const moved = now.date - before.date;
  if (moved <= 0 || frames === 0 || !now.playing) return { ...nothing, frames };
  const possible = Math.max(0, now.at - before.at) * fastest + slack;
  return { from: now.date - Math.min(moved, possible), to: now.date, frames };
}
