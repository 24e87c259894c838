/** The archive, case by case, for whoever decides it again: bounded pages, so that a year takes no more memory than a day. */
import { endOf, startOf } from '../model/calendar.ts';
import { HubError } from '../model/error.ts';
import type { Runner, Store } from '../platform/postgres.ts';
import { all, one } from './gate.ts';
import { countCases, selectAlone, selectCases, selectEvents, type PastRow } from './queries/history.ts';

export interface Span {
  /** Regions that begin with it. */
  prefix: string;
  /** Days on which the cases came in; what happened to them until the end of `to`. */
  from: string;
  to: string;
}

export interface Chunk {
  /** Whole cases, the events of each in the order of the archive. */
  rows: PastRow[];
  cases: number;
  /** Events that stand alone. */
  alone: boolean;
}

export const mostEvents = 500_000;
export const longestDays = 366;
const pageCases = 300;
/** Events of one page; more is a source that never stops. */
const pageEvents = 60_000;

export async function countOf(store: Runner, { prefix, from, to }: Span): Promise<number> {
  return (await one<{ cases: number }>(store, countCases(prefix, startOf(from), endOf(to))))?.cases ?? 0;
}

/** Throws `whatif.tooMuch` where the span holds more than `mostEvents`. */
export async function* historyOf(store: Store, { prefix, from, to }: Span): AsyncGenerator<Chunk> {
  const [begin, until] = [startOf(from), endOf(to)];
  let after = { at: begin - 1, id: '' };
  let events = 0;
  for (;;) {
    const cases = await all<{ id: string; opened_at: number }>(
      store,
      selectCases(prefix, begin, until, after.at, after.id, pageCases),
    );
    const last = cases.at(-1);
    if (!last) break;
    after = { at: last.opened_at, id: last.id };
    const ids = cases.map(({ id }) => id);
    const rows = await all<PastRow>(store, selectEvents(ids, until, pageEvents));
    events += rows.length;
    if (events > mostEvents || rows.length >= pageEvents)
      throw new HubError('whatif.tooMuch', `more than ${mostEvents} events: choose a shorter span`);
    yield { rows, cases: cases.length, alone: false };
  }
  const rows = await all<PastRow>(store, selectAlone(prefix, begin, until, pageEvents));
  if (rows.length > 0) yield { rows, cases: 0, alone: true };
}
