import type { Duty, Visit } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

export interface DutyBody extends Record<string, unknown> {
  body: Duty;
}

export interface VisitBody extends Record<string, unknown> {
  body: Visit;
}

/** Whose duties: those that are owed, of one organ where the person belongs to one; or those of the own line's body (SC-15). */
const whose = `(case when $3::text is null then ${inScope('d', 1)} and not as_needed and ($4::text is null or organ = $4)
  else as_needed and organ = $3 end)`;
const whoseValues = (scope: Scope, organ: string | undefined): unknown[] => [
  ...scopeValues(scope),
  scope.line?.organ ?? null,
  organ ?? null,
];

export const dutiesOfDay = (scope: Scope, organ: string | undefined, day: string): Statement => ({
  text: `select body from duty d where ${whose} and day = $5 order by due_at, id limit 500`,
  values: [...whoseValues(scope, organ), day],
});

export const visitsOfDuties = (duties: string[]): Statement => ({
  text: 'select body from visit where duty = any($1) order by started_at limit 2000',
  values: [duties],
});

export interface MonthRow extends Record<string, unknown> {
  required: number;
  done: number;
  findings: number;
}

/** Duties from the first day of the month up to `day`, and what was found on their visits and not withdrawn. As needed nothing is required, and every visit that counts is done. */
export const monthOfDuties = (scope: Scope, organ: string | undefined, first: string, day: string): Statement => ({
  text: `with mine as (select id, body, as_needed from duty d where ${whose} and day between $5 and $6)
    select coalesce(sum((body->>'required')::int) filter (where not as_needed), 0)::int as required,
      coalesce(sum(case when as_needed then (body->>'done')::int else least((body->>'done')::int, (body->>'required')::int) end), 0)::int as done,
      (select count(*)::int from visit v join finding f on f.visit = v.id and f.state <> 'withdrawn' where v.duty in (select id from mine)) as findings
    from mine`,
  values: [...whoseValues(scope, organ), first, day],
});

export const openVisitOf = (account: string, since: number): Statement => ({
  text: `select body from visit where account = $1 and state = 'open' and started_at >= $2 order by started_at desc limit 1`,
  values: [account, since],
});

export const selectDuty = (id: string): Statement => ({ text: 'select body from duty where id = $1', values: [id] });
export const selectVisit = (id: string): Statement => ({ text: 'select body from visit where id = $1', values: [id] });
export const selectFinding = (id: string): Statement => ({
  text: 'select body from finding where id = $1',
  values: [id],
});

/** How many visits an account has made of a duty. */
export const countVisits = (duty: string, account: string): Statement => ({
  text: `select count(*)::int as count from visit where duty = $1 and account = $2 and state = 'finished'`,
  values: [duty, account],
});

export const findingsOfVisit = (visit: string): Statement => ({
  text: 'select body from finding where visit = $1 order by at limit 500',
  values: [visit],
});
