import type { Statement } from '../../platform/postgres.ts';

export interface SourceRow extends Record<string, unknown> {
  id: string;
  name: string | null;
  region: string;
  stage: string | null;
  stage_at: number | null;
  has_token: boolean;
  signs: boolean;
}

/** Whose events of the scope have been counted, who may post, and who is planned: at most 1,000. */
export const selectSources = (prefix: string, id?: string): Statement => ({
  text: `with newest as (select distinct on (source) source, stage, at from source_stage order by source, at desc),
    planned as (select distinct on (source) source, name, region from source_stage where region is not null order by source, at desc),
    ids as (
      select id, region from source
      union select source, region from planned
      union (select distinct source, region from source_day where region like $1)
    ), places as (select id, min(region) as region from ids where region like $1 and ($2::text is null or id = $2) group by id)
    select p.id, coalesce(s.name, a.name) as name, coalesce(s.region, a.region, p.region) as region, n.stage, n.at as stage_at,
      s.id is not null as has_token, s.signing_key is not null as signs
    from places p left join source s on s.id = p.id left join newest n on n.source = p.id left join planned a on a.source = p.id
    order by p.id limit 1000`,
  values: [`${prefix}%`, id ?? null],
});

export interface DayRow extends Record<string, unknown> {
  source: string;
  day: string;
  events: number;
  refused: number;
  unread: number;
  last_at: number | null;
  lag: number[];
}

/** The regions of a day are rows of their own: whoever adds them up adds the lags as well. */
export const selectDays = (prefix: string, sources: readonly string[], from: string): Statement => ({
  text: 'select source, day, events, refused, unread, last_at, lag from source_day where source = any($2) and region like $1 and day >= $3 order by day desc',
  values: [`${prefix}%`, sources, from],
});

export interface LastRow extends Record<string, unknown> {
  source: string;
  last_at: number | null;
}

export const selectLast = (prefix: string, sources: readonly string[]): Statement => ({
  text: 'select source, max(last_at) as last_at from source_day where source = any($2) and region like $1 group by source',
  values: [`${prefix}%`, sources],
});

export interface PulseRow extends Record<string, unknown> {
  source: string;
  at: number;
  events: number;
  bytes: number;
  oldest: number | null;
}

export const selectPulses = (sources: readonly string[]): Statement => ({
  text: 'select source, at, events, bytes, oldest from source_pulse where source = any($1)',
  values: [sources],
});

export interface CursorRow extends Record<string, unknown> {
  source: string;
  origin: string;
  at: number;
  rows: number;
  after: string;
}

export const selectCursors = (sources: readonly string[]): Statement => ({
  text: 'select source, origin, at, rows, coalesce(after_order, after_key) as after from source_cursor where source = any($1) order by origin limit 1000',
  values: [sources],
});

export interface DifferenceRow extends Record<string, unknown> {
  source: string;
  days: number;
}

export const countDifferences = (sources: readonly string[], from: string): Statement => ({
  text: 'select source, count(distinct day) as days from source_count where difference <> 0 and source = any($1) and day >= $2 group by source',
  values: [sources, from],
});

export interface CountRow extends Record<string, unknown> {
  day: string;
  kind: string;
  expected: number;
  said_at: number;
  checked_at: number | null;
  difference: number | null;
  differed_at: number | null;
}

export const selectCounts = (source: string, from: string): Statement => ({
  text: `select day, kind, expected, said_at, checked_at, difference, differed_at from source_count where source = $1 and day >= $2
    order by day desc, kind <> 'all', kind limit 2000`,
  values: [source, from],
});

export interface StageRow extends Record<string, unknown> {
  at: number;
  stage: string;
  note: string;
  by_name: string;
}

export const selectStages = (source: string): Statement => ({
  text: 'select at, stage, note, by_name from source_stage where source = $1 order by at desc limit 100',
  values: [source],
});

export const insertStage = (
  row: { source: string; at: number; stage: string; note: string; account: string; name: string },
  place: { name?: string; region?: string },
): Statement => ({
  text: 'insert into source_stage (source, at, stage, note, account, by_name, name, region) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing',
  values: [row.source, row.at, row.stage, row.note, row.account, row.name, place.name ?? null, place.region ?? null],
});
