/** What the planner asks of the store: seeds, draws, last visits, and how busy halls are. SQL texts and values. */
import type { Draw } from '../model/draw.ts';
import type { Statement } from '../platform/postgres.ts';

export const selectDutyTurns = (now: number, limit: number): Statement => ({
  text: 'select id, region, next_turn, position from duty where next_turn <= $1 order by next_turn limit $2',
  values: [now, limit],
});

export const selectDutyIds = (day: string): Statement => ({
  text: 'select id from duty where day = $1',
  values: [day],
});

export interface OwedRow extends Record<string, unknown> {
  organ: string;
  hall: string;
}

/** Whom the organs owed visits in these days. */
export const selectOwed = (from: string, before: string): Statement => ({
  text: 'select distinct organ, hall from duty where day >= $1 and day < $2 and not as_needed',
  values: [from, before],
});

export interface DrawBody extends Record<string, unknown> {
  body: Draw;
}

/** Draws from a day on, and those whose seed is still to be published. */
export const selectDraws = (from: string): Statement => ({
  text: `select body from draw where day >= $1 union all select body from draw where day < $1 and state <> 'published' limit 5000`,
  values: [from],
});

/** Keeps the first: a seed that was fixed is never replaced. */
export const insertSeed = (draw: string, day: string, at: number, seed: Buffer): Statement => ({
  text: 'insert into draw_seed (draw, day, made_at, seed) values ($1, $2, $3, $4) on conflict (draw) do nothing',
  values: [draw, day, at, seed],
});

export interface SeedRow extends Record<string, unknown> {
  draw: string;
  made_at: number;
  seed: Uint8Array;
}

export const selectSeeds = (draws: readonly string[]): Statement => ({
  text: 'select draw, made_at, seed from draw_seed where draw = any($1)',
  values: [draws],
});

/** A published seed is in the log. */
export const deleteSeeds: Statement = {
  text: "delete from draw_seed s using draw d where d.id = s.draw and d.state = 'published'",
  values: [],
};

export interface VisitedRow extends Record<string, unknown> {
  hall: string;
  day: string;
}

/** The day of the last visit of an organ that counted, by hall; and, without a hall, of its first draw. */
export const selectVisited = (organ: string, before: string): Statement => ({
  text: `select d.hall, max(d.day)::text as day from duty d where d.organ = $1 and d.day < $2 and (d.body->>'done')::int > 0 group by d.hall
    union all select '', min(day)::text from draw where organ = $1 having min(day) is not null`,
  values: [organ, before],
});

export interface LoadRow extends Record<string, unknown> {
  hall: string;
  hour: number;
  cases: number;
}

/** Cases that came in at each hall, by the hour of the day (Asia/Shanghai). */
export const selectLoads = (from: number, to: number): Statement => ({
  text: `select hall, extract(hour from to_timestamp(opened_at / 1000.0) at time zone 'Asia/Shanghai')::int as hour, count(*)::int as cases
    from casefile where opened_at >= $1 and opened_at < $2 and hall is not null group by 1, 2`,
  values: [from, to],
});
