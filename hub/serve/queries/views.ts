import type { CameraState } from '../../model/event.ts';
import type { Report } from '../../model/verify.ts';
import type { RefusalCause } from '../../model/viewProof.ts';
import type { Statement } from '../../platform/postgres.ts';

/** A visit of four hours on fifty cameras stays below. */
const rowsPerVisit = 200_000;

export interface ReportRow extends Report {
  visit: string;
  pageAt: number;
}

export const insertReports = (rows: readonly ReportRow[]): Statement => ({
  text: `insert into view_report (visit, session, camera, media_from, media_to, visible, width, height, frames, page_at, at, page, proven)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::bool[], $7::int4[], $8::int4[], $9::int4[], $10::int8[], $11::int8[], $12::text[], $13::bool[])`,
  values: [
    rows.map((each) => each.visit),
    rows.map((each) => each.session),
    rows.map((each) => each.camera),
    rows.map((each) => each.from),
    rows.map((each) => each.to),
    rows.map((each) => each.visible),
    rows.map((each) => each.width),
    rows.map((each) => each.height),
    rows.map((each) => each.frames),
    rows.map((each) => each.pageAt),
    rows.map((each) => each.at),
    rows.map((each) => each.page),
    rows.map((each) => each.proven),
  ],
});

export const addRefused = (visit: string, counts: ReadonlyMap<RefusalCause, number>): Statement => ({
  text: `insert into view_refused (visit, cause, count) select $1, * from unnest($2::text[], $3::int4[])
    on conflict (visit, cause) do update set count = view_refused.count + excluded.count`,
  values: [visit, [...counts.keys()], [...counts.values()]],
});

export interface RefusedRow extends Record<string, unknown> {
  cause: RefusalCause;
  count: number;
}

export const refusedOf = (visit: string): Statement => ({
  text: 'select cause, count from view_refused where visit = $1',
  values: [visit],
});

export interface SpanRow extends Record<string, unknown> {
  session: string;
  camera: string;
  from: number;
  to: number;
}

export interface ReportedRow extends SpanRow {
  visible: boolean;
  width: number;
  height: number;
  frames: number;
  at: number;
  page: string;
  proven: boolean;
}

/** In a fixed order: the digest of a visit is computed over these rows. What was reported before pages proved anything proves nothing. */
export const reportsOfVisit = (visit: string): Statement => ({
  text: `select distinct session, camera, media_from as "from", media_to as "to", visible, width, height, frames, at,
      coalesce(page, '') as page, coalesce(proven, false) as proven
    from view_report where visit = $1
    order by session, camera, "from", "to", at, visible, width, height, frames, page, proven limit ${rowsPerVisit}`,
  values: [visit],
});

/** What the server delivered to these sessions, joined to as few spans as there are. */
export const deliveriesTo = (sessions: string[], cameras: string[], from: number, to: number): Statement => ({
  text: `select session, camera, lower(span) as "from", upper(span) as "to" from (
      select session, camera, unnest(range_agg(int8range(media_from, media_to))) as span from delivery
      where session = any($1) and camera = any($2) and media_from between $3 and $4 and media_to > media_from group by session, camera) d
    order by session, camera, "from" limit ${rowsPerVisit}`,
  values: [sessions, cameras, from, to],
});

export interface TurnRow extends Record<string, unknown> {
  camera: string;
  state: CameraState;
  at: number;
}

/** The state each camera had at `from`, and its changes since. */
export const turnsOfCameras = (cameras: string[], from: number): Statement => ({
  text: `select t.camera, t.state, t.at from unnest($1::text[]) as c(id) cross join lateral (
      (select body->>'camera' as camera, body->>'state' as state, occurred_at as at from event
        where kind = 'camera.changed' and body->>'camera' = c.id and occurred_at <= $2 and refused is null order by occurred_at desc limit 1)
      union all
      (select body->>'camera', body->>'state', occurred_at from event
        where kind = 'camera.changed' and body->>'camera' = c.id and occurred_at > $2 and refused is null order by occurred_at limit 1000)) t
    order by t.camera, t.at`,
  values: [cameras, from],
});
