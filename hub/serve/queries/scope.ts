import { prefixOf } from '../../model/world.ts';
import type { Identity } from '../../model/rights.ts';

/** What a person may see, as SQL values: regions that begin with `prefix`, and one hall only where `hall` is given. */
export interface Scope {
  prefix: string;
  hall?: string;
}

export function scopeOf(who: Pick<Identity, 'region' | 'hall'>): Scope {
  return { prefix: prefixOf(who.region), ...(who.hall === undefined ? {} : { hall: who.hall }) };
}

/** The values of `inScope`, in the order of its two placeholders. */
export const scopeValues = (scope: Scope): [string, string | null] => [`${scope.prefix}%`, scope.hall ?? null];

/** A condition on the columns `region` and `hall`; a row without a hall belongs to the region and to no hall. */
export const inScope = (alias: string, first: number): string =>
  `${alias}.region like $${first} and ($${first + 1}::text is null or ${alias}.hall = $${first + 1})`;
