import type { Draw } from '../../model/draw.ts';
import type { CameraStatus } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';

export interface DrawBody extends Record<string, unknown> {
  body: Draw;
}

/** Draws of organs in a region and below it, and of those above, which the published ones are open to. */
interface Where {
  prefix: string;
  above: readonly string[];
  organ: string | undefined;
}

const seen = (first: number): string =>
  `(region like $${first} or region = any($${first + 1})) and ($${first + 2}::text is null or organ = $${first + 2})`;
const values = ({ prefix, above, organ }: Where): unknown[] => [`${prefix}%`, above, organ ?? null];

export const drawsOfDay = (where: Where, day: string): Statement => ({
  text: `select body from draw where ${seen(1)} and day = $4 order by organ limit 200`,
  values: [...values(where), day],
});

export const drawsBefore = (where: Where, day: string, limit: number): Statement => ({
  text: `select body from draw where ${seen(1)} and day < $4 order by day desc, organ limit $5`,
  values: [...values(where), day, limit],
});

export const drawnDuties = (organ: string, day: string): Statement => ({
  text: `select body from duty where organ = $1 and day = $2 and body ? 'draw' order by id limit 200`,
  values: [organ, day],
});

export interface ProgressRow extends Record<string, unknown> {
  region: string;
  required: number;
  done: number;
  running: number;
  missed: number;
  could_not: number;
}

/** One day by region, from the index alone. */
export const progressOfDay = (prefix: string, day: string): Statement => ({
  text: `select region, sum(required)::int as required, sum(least(done, required))::int as done, count(*) filter (where state = 'inProgress')::int as running,
      count(*) filter (where state = 'missed')::int as missed, count(*) filter (where state = 'couldNotInspect')::int as could_not
    from duty where day = $1 and region like $2 and not as_needed group by region`,
  values: [day, `${prefix}%`],
});

export interface OwedRow extends Record<string, unknown> {
  organ: string;
  required: number;
  done: number;
  owed: number;
}

/** What each organ owes of the days from the first to this one. */
export const owedByOrgan = (prefix: string, first: string, day: string): Statement => ({
  text: `select organ, sum(required)::int as required, sum(least(done, required))::int as done,
      coalesce(sum(required - least(done, required)) filter (where state = 'missed'), 0)::int as owed
    from duty where day between $1 and $2 and region like $3 and not as_needed group by organ`,
  values: [first, day, `${prefix}%`],
});

/** Missed in these days; and of the last of them what is at risk at `now` and not done. The newest first. */
export const dutiesBehind = (prefix: string, first: string, day: string, now: number, limit: number): Statement => ({
  text: `select body from duty where day between $1 and $2 and region like $3 and not as_needed and (state = 'missed'
      or (day = $2 and state in ('planned', 'inProgress') and coalesce((body->>'riskAt')::bigint, due_at) <= $4))
    order by day desc, id limit $5`,
  values: [first, day, `${prefix}%`, now, limit],
});

export interface OutRow extends Record<string, unknown> {
  body: CameraStatus;
}

export const camerasOut = (prefix: string, limit: number): Statement => ({
  text: `select body from camera_status where region like $1 and state = any($2) order by camera limit $3`,
  values: [`${prefix}%`, ['offline', 'stalled', 'frozen', 'black', 'covered'], limit],
});
