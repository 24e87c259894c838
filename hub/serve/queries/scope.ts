import { prefixOf } from '../../model/world.ts';
import { departmentsOf, type Identity } from '../../model/rights.ts';

/**
 * What a person may see, as SQL values: regions that begin with `prefix`, and one hall only where `hall` is given. `line`: the
 * supervision body of a department (SC-15), to which a list is empty unless it asks for the body's own rows (`inScopeOrOwn`).
 */
export interface Scope {
  prefix: string;
  hall?: string;
  line?: { organ: string };
}

export function scopeOf(who: Pick<Identity, 'region' | 'hall' | 'organ' | 'role' | 'departments'>): Scope {
  return {
    prefix: prefixOf(who.region),
    ...(who.hall === undefined ? {} : { hall: who.hall }),
    ...(departmentsOf(who) ? { line: { organ: who.organ ?? '' } } : {}),
  };
}

/** No hall has this id. */
const nowhere = '';

/** The values of `inScope`, in the order of its two placeholders. */
export const scopeValues = (scope: Scope): [string, string | null] => [
  `${scope.prefix}%`,
  scope.line ? nowhere : (scope.hall ?? null),
];

/** A condition on the columns `region` and `hall`; a row without a hall belongs to the region and to no hall. */
export const inScope = (alias: string, first: number): string =>
  `${alias}.region like $${first} and ($${first + 1}::text is null or ${alias}.hall = $${first + 1})`;

/** The values of `inScopeOrOwn`, in the order of its three placeholders. */
export const ownValues = (scope: Scope): [string, string | null, string | null] => [
  ...scopeValues(scope),
  scope.line?.organ ?? null,
];

/** As `inScope`, and for the supervision body of a department the rows that it made itself. */
export const inScopeOrOwn = (alias: string, first: number): string =>
  `(${inScope(alias, first)} or (${alias}.body->>'organ' = $${first + 2} and ${alias}.region like $${first}))`;
