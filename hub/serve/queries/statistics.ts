import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

/** The day of a moment in Asia/Shanghai as a number. */
const dayNumber = (column: string): string => `((${column} + 28800000) / 86400000)`;

export interface FigureRow extends Record<string, unknown> {
  /** Counted from one. */
  month: number;
  department: string | null;
  received: number;
  completed: number;
  early: number;
  late: number;
}

/**
 * Per month and department: cases that came in, and of those completed in the month how many were over before the day
 * of the deadline (FS-32) and how many after the deadline. `months`: the first moment of each.
 */
export const monthlyFigures = (scope: Scope, months: number[], from: number, to: number): Statement => ({
  text: `select month, department, sum(received)::int as received, sum(completed)::int as completed, sum(early)::int as early, sum(late)::int as late
    from (
      select width_bucket(opened_at, $5::int8[]) as month, department, count(*) as received, 0 as completed, 0 as early, 0 as late
        from casefile c where ${inScope('c', 1)} and opened_at between $3 and $4 group by 1, 2
      union all
      select width_bucket(completed_at, $5::int8[]), department, 0, count(*),
          count(*) filter (where ${dayNumber('ended_at')} < ${dayNumber('due_at')}), count(*) filter (where ended_at > due_at)
        from casefile c where ${inScope('c', 1)} and status = 'completed' and completed_at between $3 and $4 group by 1, 2
    ) f group by month, department`,
  values: [...scopeValues(scope), from, to, months],
});

export interface OpenLateRow extends Record<string, unknown> {
  department: string | null;
  count: number;
}

/** Open cases past a deadline now. */
export const openLate = (scope: Scope, now: number): Statement => ({
  text: `select department, count(*)::int as count from casefile c where ${inScope('c', 1)} and ended_at is null and due_at < $3 group by 1`,
  values: [...scopeValues(scope), now],
});

export interface UnseenRow extends Record<string, unknown> {
  /** Place in the list that was given, from one. */
  place: number;
}

/** Which of these matters had no case come in, each asked of its own index; `prefixes`: the regions that count for it. */
export const mattersUnseen = (codes: string[], prefixes: string[], from: number, to: number): Statement => ({
  text: `select m.place::int as place from unnest($1::text[], $2::text[]) with ordinality as m(code, prefix, place)
    where not exists (select from casefile c where c.matter = m.code and c.region like m.prefix || '%' and c.opened_at between $3 and $4)
    order by m.place`,
  values: [codes, prefixes, from, to],
});

export interface CompareRow extends Record<string, unknown> {
  region: string;
  completed: number;
  late: number;
  days: number | null;
}

/** One matter in each region: what was completed in the period, how much of it late, and its days from acceptance to the end. */
export const compareRegions = (scope: Scope, matter: string, from: number, to: number): Statement => ({
  text: `select region, count(*)::int as completed, count(*) filter (where ended_at > due_at)::int as late,
      (avg(${dayNumber('ended_at')} - ${dayNumber('accepted_at')}) filter (where ended_at >= accepted_at))::float8 as days
    from casefile c where ${inScope('c', 1)} and matter = $3 and status = 'completed' and completed_at between $4 and $5
    group by region order by region limit 500`,
  values: [...scopeValues(scope), matter, from, to],
});
