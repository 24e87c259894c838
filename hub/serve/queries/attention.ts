/** What was watched, as the overseer's page and everybody's own page ask it. */
import type { ViewingKind, WatchedDay } from '../../model/attention.ts';
import type { LedgerEntry } from '../../model/state.ts';
import type { Row, Statement } from '../../platform/postgres.ts';
import type { Cursor } from './where.ts';

/** Window-days of a hundred people in a quarter; beyond it the oldest are left out, and the answer says so. */
export const mostDays = 100_000;

export interface WatchedRow extends Row {
  account: string;
  name: string;
  role: string;
  region: string;
  day: string;
  hall: string | null;
  hall_window: string | null;
  place: string;
  seconds: number;
  playback: number;
  outside: number;
  off: number;
  returns: number;
  stays: number;
  planned: boolean;
  evidence: number;
  findings: number;
}

/** One row a person, window and day: of one account, or of all whose region is in scope. */
export const watchedDays = (
  { prefix, account }: { prefix: string; account?: string | undefined },
  from: string,
  to: string,
): Statement => ({
  text: `select account, max(name) as name, max(role) as role, max(region) as region, day, hall, hall_window, coalesce(hall_window, camera) as place,
      sum(seconds)::int as seconds, coalesce(sum(seconds) filter (where kind = 'playback'), 0)::int as playback,
      sum(outside)::int as outside, sum(off)::int as off, count(*) filter (where outside > 0)::int as returns,
      count(*) filter (where kind in ('live', 'playback'))::int as stays, bool_or(planned) as planned,
      count(*) filter (where kind = 'evidence')::int as evidence, count(*) filter (where kind = 'finding')::int as findings
    from viewing where day between $1 and $2 and region like $3 and ($4::text is null or account = $4)
    group by account, day, hall, hall_window, coalesce(hall_window, camera) order by day desc limit ${mostDays + 1}`,
  values: [from, to, `${prefix}%`, account ?? null],
});

export const asWatchedDay = (row: WatchedRow): WatchedDay => ({
  account: row.account,
  day: row.day,
  ...(row.hall === null ? {} : { hall: row.hall }),
  place: row.place,
  ...(row.hall_window === null ? {} : { window: row.hall_window }),
  seconds: row.seconds,
  outside: row.outside,
  off: row.off,
  returns: row.returns,
  planned: row.planned,
  evidence: row.evidence,
});

export interface ExplainedRow extends Row {
  body: LedgerEntry;
}

/** The newest explanation of each. */
export const explanationsOf = (ids: string[]): Statement => ({
  text: `select distinct on (subject) body from ledger where subject = any($1) and act = 'attention.explained' order by subject, at desc, sequence desc`,
  values: [ids],
});

export interface StayLineRow extends Row {
  session: string;
  camera: string;
  kind: ViewingKind;
  from: number;
  until: number;
  day: string;
  hall: string | null;
  hall_window: string | null;
  seconds: number;
  outside: number;
  off: number;
  planned: boolean;
  visit: string | null;
  finding: { id: string; at: number } | null;
}

/** Newest first; `before` is the moment and key of the last one of the page before. */
export const staysOf = (
  { prefix, account }: { prefix: string; account: string },
  { from, to, before, limit }: { from: string; to: string; before?: Cursor | undefined; limit: number },
): Statement => ({
  text: `select session, camera, kind, from_at as "from", until_at as until, day, hall, hall_window, seconds, outside, off, planned, visit,
      (select jsonb_build_object('id', f.id, 'at', f.at) from finding f where f.id = viewing.finding) as finding
    from viewing where account = $1 and region like $2 and day between $3 and $4
      and ($5::int8 is null or (from_at, camera || ' ' || session) < ($5, $6)) order by from_at desc, camera || ' ' || session desc limit $7`,
  values: [account, `${prefix}%`, from, to, before?.at ?? null, before?.id ?? null, limit],
});

export interface WorkRow extends Row {
  visits: number;
  counted: number;
  verified_seconds: number;
  findings: number;
}

/** What an account's visits of a span came to. */
export const workOf = (account: string, from: number, to: number): Statement => ({
  text: `select count(*)::int as visits, count(*) filter (where (body->>'counts')::boolean)::int as counted,
      coalesce(sum((select count(*) from finding f where f.visit = visit.id and f.state <> 'withdrawn')), 0)::int as findings,
      coalesce(sum((select sum((w->>'seconds')::float8) from jsonb_array_elements(body->'views') w)), 0)::int as verified_seconds
    from visit where account = $1 and started_at between $2 and $3 and state = 'finished'`,
  values: [account, from, to],
});
