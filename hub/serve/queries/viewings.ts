/** How deliveries become stays at windows (`viewing`). */
import type { Row, Runner, Statement } from '../../platform/postgres.ts';

/** Held by whoever condenses, until the transaction ends. */
export const lockViewing: Statement = { text: 'select at, position from viewing_counting for update' };

/** The first delivery from a moment on, where there is one. */
export const nextDelivery = (from: number): Statement => ({
  text: `select least((select min(at) from delivery where at >= $1), (select min(at) from playback where at >= $1)) as at`,
  values: [from],
});

export interface StayRow extends Row {
  session: string;
  camera: string;
  kind: 'live' | 'playback';
  /** Epoch seconds. */
  spans: [number, number][];
  account: string;
  name: string;
  role: string;
  region: string;
  organ: string | null;
}

/**
 * Deliveries written down from `from` to before `until`, by people, joined with the stays they go on with; these are taken out
 * and given back whole. Live by the programme's time; what was recorded, by when it was delivered.
 */
export const takeStays = (from: number, until: number, gapSeconds: number): Statement => ({
  text: `with raw as (
      select session, camera, 'live' as kind, int8range(media_from / 1000, (media_to + 999) / 1000) as span
        from delivery where at >= $1 and at < $2 and media_to > media_from
      union all
      select session, camera, 'playback', int8range(at / 1000, (at + media_to - media_from + 999) / 1000)
        from playback where at >= $1 and at < $2 and media_to > media_from),
    fresh as materialized (
      select r.session, r.camera, r.kind, range_agg(r.span) as spans from raw r join viewer v on v.session = r.session group by 1, 2, 3),
    before as (
      delete from viewing v using fresh f where v.session = f.session and v.camera = f.camera and v.kind = f.kind
        and v.until_at / 1000 + $3 >= lower(f.spans) and v.from_at / 1000 - $3 <= upper(f.spans)
      returning v.session, v.camera, v.kind, v.spans),
    spans as (
      select session, camera, kind, unnest(range_agg(span)) as span from (
        select session, camera, kind, unnest(spans) as span from fresh union all select session, camera, kind, unnest(spans) from before) b
      group by 1, 2, 3),
    marked as (
      select *, (lower(span) - lag(upper(span)) over w > $3)::int as is_new from spans window w as (partition by session, camera, kind order by span)),
    counted as (
      select *, sum(coalesce(is_new, 0)) over (partition by session, camera, kind order by span) as stay from marked)
    select c.session, c.camera, c.kind, json_agg(json_build_array(lower(c.span), upper(c.span)) order by c.span) as spans,
      v.account, v.name, v.role, v.region, v.organ
    from counted c join viewer v on v.session = c.session group by c.session, c.camera, c.kind, c.stay, v.session`,
  values: [from, until, gapSeconds],
});

export interface OwnVisitRow extends Row {
  id: string;
  account: string;
  hall: string;
  from: number;
  until: number | null;
}

/** Visits of these accounts that a span of time touches; one that was left open lasts no longer than its day. */
export const visitsBetween = (accounts: string[], since: number, until: number): Statement => ({
  text: `select id, account, hall, started_at as "from", (body->>'finishedAt')::bigint as until from visit
    where account = any($1) and started_at between $2 and $3 order by started_at limit 20000`,
  values: [accounts, since, until],
});

export interface DutyHallRow extends Row {
  organ: string;
  hall: string;
  day: string;
}

export const dutyHalls = (organs: string[], days: string[]): Statement => ({
  text: 'select distinct organ, hall, day from duty where organ = any($1) and day = any($2::date[])',
  values: [organs, days],
});

export interface Viewing {
  session: string;
  camera: string;
  kind: 'live' | 'playback' | 'evidence';
  from: number;
  until: number;
  day: string;
  account: string;
  name: string;
  role: string;
  region: string;
  hall?: string | undefined;
  window?: string | undefined;
  seconds: number;
  outside: number;
  off: number;
  planned: boolean;
  visit?: string | undefined;
  finding?: string | undefined;
  spans?: string;
}

export async function insertViewings(runner: Runner, rows: readonly Viewing[]): Promise<void> {
  await runner.query(
    `insert into viewing (session, camera, kind, from_at, until_at, day, account, name, role, region, hall, hall_window, seconds, outside, off, planned, visit, spans, finding)
      select * from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::date[], $7::text[], $8::text[], $9::text[], $10::text[],
        $11::text[], $12::text[], $13::int4[], $14::int4[], $15::int4[], $16::bool[], $17::text[], $18::int8multirange[], $19::text[])
      on conflict (session, camera, kind, from_at) do nothing`,
    [
      rows.map((each) => each.session),
      rows.map((each) => each.camera),
      rows.map((each) => each.kind),
      rows.map((each) => each.from),
      rows.map((each) => each.until),
      rows.map((each) => each.day),
      rows.map((each) => each.account),
      rows.map((each) => each.name),
      rows.map((each) => each.role),
      rows.map((each) => each.region),
      rows.map((each) => each.hall ?? null),
      rows.map((each) => each.window ?? null),
      rows.map((each) => each.seconds),
      rows.map((each) => each.outside),
      rows.map((each) => each.off),
      rows.map((each) => each.planned),
      rows.map((each) => each.visit ?? null),
      rows.map((each) => each.spans ?? null),
      rows.map((each) => each.finding ?? null),
    ],
  );
}

export interface OpenedRow extends Row {
  position: number;
  id: string;
  at: number;
  account: string;
  name: string;
  role: string | null;
  region: string | null;
  camera: string;
  finding: string | null;
}

/** Released evidence that was opened, as the archive has it. */
export const evidenceOpened = (after: number, limit: number): Statement => ({
  text: `select e.position, e.id, e.received_at as at, e.body->>'account' as account, e.body->>'name' as name, a.role, a.region, v.camera,
      case when v.body->'about'->>'kind' = 'finding' then v.body->'about'->>'id' end as finding
    from event e join evidence v on v.id = e.body->>'evidence' left join account a on a.name = e.body->>'account'
    where e.kind = 'evidence.viewed' and e.position > $1 and e.refused is null order by e.position limit $2`,
  values: [after, limit],
});

export const moveViewing = (at: number, position: number): Statement => ({
  text: 'update viewing_counting set at = $1, position = $2',
  values: [at, position],
});

/** Rows whose time is over, so many at once. */
export const forget = (table: 'viewing' | 'viewer' | 'playback', before: number, limit: number): Statement => ({
  text: `with gone as (delete from ${table} where ctid = any(array(
      select ctid from ${table} where ${table === 'viewing' ? 'until_at' : 'at'} < $1 limit $2)) returning 1)
    select count(*)::int as count from gone`,
  values: [before, limit],
});
