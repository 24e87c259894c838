/** The counts a day: how changed cases are taken up into them, and how they are read together with what is not taken up yet. */
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

/** The day of a moment in Asia/Shanghai as a number. */
const dayNumber = (column: string): string => `((${column} + 28800000) / 86400000)`;

/** What a row of `casefile` counts as; day numbers, null for what did not happen. */
const counted = `c.id, c.position, c.region, coalesce(c.department, '') as department, coalesce(c.hall, '') as hall, c.matter,
  ${dayNumber('c.opened_at')}::int as opened, case when c.status = 'completed' then ${dayNumber('c.completed_at')}::int end as completed,
  coalesce(${dayNumber('c.ended_at')} < ${dayNumber('c.due_at')}, false) as early, coalesce(c.ended_at > c.due_at, false) as late,
  case when c.ended_at >= c.accepted_at then ${dayNumber('c.ended_at')} - ${dayNumber('c.accepted_at')} end::int as days`;

/** Rows of `list` with a sign, as counts of days. */
const sides = (list: string, sign: string): string => `
  select opened as day, region, department, hall, ${sign}1 as received, 0 as completed, 0 as early, 0 as late from ${list} where opened is not null
  union all
  select completed, region, department, hall, 0, ${sign}1, ${sign}early::int, ${sign}late::int from ${list} where completed is not null`;

/** Held by whoever is counting, until the transaction ends. */
export const lockCounting: Statement = { text: 'select position from casefile_counting for update' };

/** Whether something was recorded since. */
export const isBehind: Statement = {
  text: 'select r.position > c.position as behind from recorder r, casefile_counting c',
};

/** Counts the next `limit` cases changed after `position`: what each was counted as before is taken back. */
export const countMore = (position: number, limit: number): Statement => ({
  text: `with changed as materialized (
      select ${counted} from casefile c where c.position > $1 order by c.position fetch first $2 rows with ties),
    old as materialized (select o.* from casefile_counted o where o.id in (select id from changed)),
    put as (
      insert into casefile_counted (id, region, department, hall, matter, opened, completed, early, late, days)
        select id, region, department, hall, matter, opened, completed, early, late, days from changed
        on conflict (id) do update set region = excluded.region, department = excluded.department, hall = excluded.hall,
          matter = excluded.matter, days = excluded.days, opened = excluded.opened, completed = excluded.completed, early = excluded.early, late = excluded.late),
    added as (
      insert into casefile_day as d (day, region, department, hall, received, completed, early, late)
        select day, region, department, hall, sum(received), sum(completed), sum(early), sum(late)
          from (${sides('changed', '')} union all ${sides('old', '-')}) s group by day, region, department, hall
          having sum(received) <> 0 or sum(completed) <> 0 or sum(early) <> 0 or sum(late) <> 0
        on conflict (day, region, department, hall) do update set received = d.received + excluded.received,
          completed = d.completed + excluded.completed, early = d.early + excluded.early, late = d.late + excluded.late)
    update casefile_counting set position = greatest(position,
        case when (select count(*) from changed) < $2 then (select position from recorder) else (select max(position) from changed) end)
      returning (select count(*)::int from changed) as counted`,
  values: [position, limit],
});

export const selectCounting: Statement = { text: 'select position from casefile_counting' };

export interface FigureRow extends Record<string, unknown> {
  /** Counted from one. */
  month: number;
  department: string;
  received: number;
  completed: number;
  early: number;
  late: number;
}

/**
 * Per month and department: cases that came in, and of those completed in the month how many were over before the day
 * of the deadline (FS-32) and how many after the deadline. Days as numbers, `months`: the first of each. To be asked in one
 * view with `selectCounting`: cases beyond `position` are counted here, as they are, instead of as they were.
 */
export const monthlyFigures = (
  scope: Scope,
  position: number,
  { from, to, months }: { from: number; to: number; months: number[] },
): Statement => ({
  text: `with changed as materialized (select ${counted} from casefile c where c.position > $3),
    old as materialized (select o.* from casefile_counted o where o.id in (select id from changed))
    select width_bucket(day, $6::int4[]) as month, department, sum(received)::int as received, sum(completed)::int as completed, sum(early)::int as early, sum(late)::int as late
    from (select day, region, department, hall, received, completed, early, late from casefile_day
      union all ${sides('changed', '')} union all ${sides('old', '-')}) f
    where f.day between $4 and $5 and ${inScope('f', 1)} group by 1, 2`,
  values: [...scopeValues(scope), position, from, to, months],
});

export interface CompareRow extends Record<string, unknown> {
  region: string;
  completed: number;
  late: number;
  days: number | null;
}

/**
 * FS-39: one matter in each region: what was completed in the period, how much of it late, and its days from acceptance to the
 * end. In one view with `selectCounting`, like `monthlyFigures`.
 */
export const compareRegions = (
  scope: Scope,
  position: number,
  { matter, from, to }: { matter: string; from: number; to: number },
): Statement => ({
  text: `with changed as materialized (select ${counted} from casefile c where c.position > $3)
    select region, count(*)::int as completed, count(*) filter (where late)::int as late, avg(days)::float8 as days
    from (select o.region, o.hall, o.late, o.days from casefile_counted o
        where o.matter = $4 and o.completed between $5 and $6 and o.id not in (select id from changed)
      union all
      select n.region, n.hall, n.late, n.days from changed n where n.matter = $4 and n.completed between $5 and $6) f
    where ${inScope('f', 1)} group by region order by region limit 500`,
  values: [...scopeValues(scope), position, matter, from, to],
});
