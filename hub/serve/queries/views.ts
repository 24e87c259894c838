import type { CameraState } from '../../model/event.ts';
import type { Report } from '../../model/verify.ts';
import type { Statement } from '../../platform/postgres.ts';

/** A visit of four hours on fifty cameras stays below. */
const rowsPerVisit = 200_000;

export interface ReportRow extends Report {
  visit: string;
  pageAt: number;
}

export const insertReports = (rows: readonly ReportRow[]): Statement => ({
  text: `insert into view_report (visit, session, camera, media_from, media_to, visible, width, height, frames, page_at, at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::bool[], $7::int4[], $8::int4[], $9::int4[], $10::int8[], $11::int8[])`,
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
  ],
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
}

/** Repeated beacons once, in a fixed order: the digest of a visit is computed over these rows. */
export const reportsOfVisit = (visit: string): Statement => ({
  text: `select distinct session, camera, media_from as "from", media_to as "to", visible, width, height, frames, at
    from view_report where visit = $1 order by session, camera, "from", "to", at, visible, width, height, frames limit ${rowsPerVisit}`,
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
