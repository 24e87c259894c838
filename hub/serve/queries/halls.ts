import { openStates, type CameraStatus, type Signal } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

/** The states in which somebody has still something to do, as SQL. */
export const openList = openStates.map((state) => `'${state}'`).join(', ');

/** At most so many open signals are shown with one hall's windows. */
const signalsPerHall = 500;

export interface OpenCount extends Record<string, unknown> {
  hall: string;
  level: string;
  count: number;
}

/** Open signals of every hall in scope, by level; those of a trial ask nobody to do anything and count nowhere (XY-09). */
export const countOpenSignals = (scope: Scope): Statement => ({
  text: `select hall, level, count(*)::int as count from signal s
    where state in (${openList}) and hall is not null and not trial and ${inScope('s', 1)} group by hall, level`,
  values: scopeValues(scope),
});

export interface SignalBody extends Record<string, unknown> {
  body: Signal;
}

/** A case of another region may be handled at a hall: it stays its own region's, so the scope is asked for here too. */
export const openSignalsOfHall = (scope: Scope, hall: string): Statement => ({
  text: `select body from signal s where ${inScope('s', 1)} and hall = $3 and state in (${openList}) order by issued_at desc, id desc limit ${signalsPerHall}`,
  values: [...scopeValues(scope), hall],
});

export interface StatusBody extends Record<string, unknown> {
  body: CameraStatus;
}

export const statusOfCameras = (cameras: string[]): Statement => ({
  text: 'select body from camera_status where camera = any($1)',
  values: [cameras],
});

/** The newest approval event of each window. */
export const latestOfWindows = (scope: Scope, windows: string[]): Statement => ({
  text: `select e.* from unnest($3::text[]) as w(id) cross join lateral (
      select ${lineColumns} from event e where e.hall_window = w.id and ${inScope('e', 1)} and e.kind like 'case.%' and e.refused is null
      order by e.position desc limit 1) e`,
  values: [...scopeValues(scope), windows],
});

/** The columns of an `EventLine`; `matter` stands in the opening event only and is else the casefile's. */
export const lineColumns = `e.id, e.position, e.region, e.kind, e.casefile, e.hall, e.hall_window, e.occurred_at,
  coalesce(e.body->>'matter', (select c.matter from casefile c where c.id = e.casefile)) as matter, e.body->>'step' as step, e.body->>'outcome' as outcome`;

export interface LineRow extends Record<string, unknown> {
  id: string;
  position: number;
  region: string;
  kind: string;
  casefile: string;
  hall: string | null;
  hall_window: string | null;
  occurred_at: number;
  matter: string | null;
  step: string | null;
  outcome: string | null;
}

export const eventsOfWindow = (scope: Scope, window: string, limit: number): Statement => ({
  text: `select ${lineColumns} from event e where e.hall_window = $3 and ${inScope('e', 1)} and e.kind like 'case.%' and e.refused is null
    order by e.position desc limit $4`,
  values: [...scopeValues(scope), window, limit],
});

export interface TodayRow extends Record<string, unknown> {
  received: number;
  completed: number;
  overdue: number;
}

/** Casefiles of a hall between two moments, each count by an index of its own; `overdue` are the open ones past a deadline at `now`. */
export const todayOfHall = (scope: Scope, hall: string, from: number, to: number, now: number): Statement => {
  const count = (condition: string): string =>
    `(select count(*)::int from casefile c where ${inScope('c', 1)} and hall = $3 and ${condition})`;
  return {
    // What is open and late is little everywhere: found first, and then asked where it is.
    text: `with late as materialized (select region, hall from casefile where ended_at is null and due_at < $6)
      select ${count("opened_at between $4 and $5 and coalesce((body->>'receivedAt')::int8, accepted_at) is not null")} as received,
      ${count('completed_at between $4 and $5')} as completed,
      (select count(*)::int from late c where ${inScope('c', 1)} and hall = $3) as overdue`,
    values: [...scopeValues(scope), hall, from, to, now],
  };
};

export interface MarkRow extends Record<string, unknown> {
  hall_window: string;
  at: number;
  kind: string;
  id: string;
}

/** Marks on the time line of a hall, newest first, at most `limit` of each sort. */
export const marksOfHall = (scope: Scope, windows: string[], hall: string, from: number, limit: number): Statement => ({
  text: `(select e.hall_window, e.occurred_at as at, 'event' as kind, e.id from unnest($3::text[]) as w(id) cross join lateral (
        select hall_window, occurred_at, id from event v where hall_window = w.id and ${inScope('v', 1)} and kind like 'case.%' and refused is null
        order by position desc limit $6) e where e.occurred_at >= $5 order by e.occurred_at desc limit $6)
    union all
    (select hall_window, issued_at as at, level as kind, id from signal s
      where ${inScope('s', 1)} and hall = $4 and hall_window is not null and state <> 'draft' and issued_at >= $5 order by issued_at desc limit $6)`,
  values: [...scopeValues(scope), windows, hall, from, limit],
});
