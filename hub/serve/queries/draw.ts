import type { Draw } from '../../model/draw.ts';
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
