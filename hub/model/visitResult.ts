/** What a finished visit came to by the thresholds of the pack (SC-11, 1.X.6). */
import type { EventOf } from './event.ts';
import type { Visit } from './state.ts';
import { neededOf } from './verify.ts';

/** Of the pack's `patrol` section. */
interface Thresholds {
  share: number;
  secondsPerWindow: number;
  wholeVisit?: number | undefined;
}

type Result = Required<Pick<Visit, 'views' | 'counts' | 'verified' | 'needed'>> &
  Pick<Visit, 'watched' | 'wholeVisit' | 'refused'>;

/** Counts when enough windows were verified for long enough, and the visit as a whole as well. Kept however it went. */
export function resultOf(
  event: Pick<EventOf<'patrol.visitFinished'>, 'views' | 'watched' | 'refused'>,
  windows: readonly string[],
  { share, secondsPerWindow, wholeVisit }: Thresholds,
): Result {
  const views = event.views
    .filter((view) => windows.includes(view.window))
    .map((view) => ({ ...view, verified: view.seconds >= secondsPerWindow }));
  const verified = new Set(views.filter((view) => view.verified).map((view) => view.window)).size;
  const needed = neededOf(share, windows);
  const { watched, refused } = event;
  // Events from before it was measured say nothing of it.
  const isLong = wholeVisit === undefined || watched === undefined || watched >= wholeVisit;
  return {
    views,
    verified,
    needed,
    counts: verified >= needed && isLong,
    ...(watched === undefined ? {} : { watched }),
    ...(wholeVisit === undefined ? {} : { wholeVisit }),
    ...(refused === undefined ? {} : { refused }),
  };
}

/** As facts of the ledger: how much was watched, and how many reports counted nothing; those of strangers apart. */
export function factsOf({ watched, refused }: Pick<Visit, 'watched' | 'refused'>): Record<string, number> {
  const { foreign = 0, ...own } = refused ?? {};
  const sum = Object.values(own).reduce((total, count) => total + count, 0);
  return {
    ...(watched === undefined ? {} : { watched }),
    ...(sum > 0 ? { refused: sum } : {}),
    ...(foreign > 0 ? { refusedForeign: foreign } : {}),
  };
}
