import type { CameraStatus, Signal } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

/** At most so many open signals are shown with one hall's windows. */
export const signalsPerHall = 500;

export interface OpenCount extends Record<string, unknown> {
  hall: string;
  level: string;
  count: number;
}

/** Open signals of every hall in scope, by level. */
export const countOpenSignals = (scope: Scope): Statement => ({
  text: `select hall, level, count(*)::int as count from signal s
    where state in ('issued', 'acknowledged') and hall is not null and ${inScope('s', 1)} group by hall, level`,
  values: scopeValues(scope),
});

export interface SignalBody extends Record<string, unknown> {
  body: Signal;
}

export const openSignalsOfHall = (hall: string): Statement => ({
  text: `select body from signal where hall = $1 and state in ('issued', 'acknowledged') order by issued_at desc limit ${signalsPerHall}`,
  values: [hall],
});

export interface StatusBody extends Record<string, unknown> {
  body: CameraStatus;
}

export const statusOfCameras = (cameras: string[]): Statement => ({
  text: 'select body from camera_status where camera = any($1)',
  values: [cameras],
});

/** The newest approval event of each window. */
export const latestOfWindows = (windows: string[]): Statement => ({
  text: `select e.* from unnest($1::text[]) as w(id) cross join lateral (
      select ${lineColumns} from event e where e.hall_window = w.id and e.kind like 'case.%' and e.refused is null
      order by e.position desc limit 1) e`,
  values: [windows],
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

export const eventsOfWindow = (window: string, limit: number): Statement => ({
  text: `select ${lineColumns} from event e where e.hall_window = $1 and e.kind like 'case.%' and e.refused is null
    order by e.position desc limit $2`,
  values: [window, limit],
});

export interface TodayRow extends Record<string, unknown> {
  received: number;
  completed: number;
  overdue: number;
}

/** Casefiles of a hall between two moments; `overdue` are the open ones past a deadline at `now`. */
export const todayOfHall = (hall: string, from: number, to: number, now: number): Statement => ({
  text: `select
      (select count(*)::int from casefile where hall = $1 and coalesce((body->>'receivedAt')::int8, accepted_at) between $2 and $3) as received,
      (select count(*)::int from casefile where hall = $1 and completed_at between $2 and $3) as completed,
      (select count(*)::int from casefile where hall = $1 and status in ('received', 'correcting', 'accepted', 'suspended')
        and least(promised_due_at, statutory_due_at) < $4) as overdue`,
  values: [hall, from, to, now],
});

export interface MarkRow extends Record<string, unknown> {
  hall_window: string;
  at: number;
  kind: string;
  id: string;
}

/** Marks on the time line of a hall, newest first, at most `limit` of each sort. */
export const marksOfHall = (windows: string[], hall: string, from: number, limit: number): Statement => ({
  text: `(select e.hall_window, e.occurred_at as at, 'event' as kind, e.id from unnest($1::text[]) as w(id) cross join lateral (
        select hall_window, occurred_at, id from event where hall_window = w.id and kind like 'case.%' and refused is null
        order by position desc limit $4) e where e.occurred_at >= $3 order by e.occurred_at desc limit $4)
    union all
    (select hall_window, issued_at as at, level as kind, id from signal
      where hall = $2 and hall_window is not null and state <> 'draft' and issued_at >= $3 order by issued_at desc limit $4)`,
  values: [windows, hall, from, limit],
});
