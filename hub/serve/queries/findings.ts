import type { Finding, FindingState } from '../../model/finding.ts';
import type { Presence } from '../../model/presence.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, inScopeOrOwn, ownValues, scopeValues, type Scope } from './scope.ts';
import type { Cursor } from './where.ts';

export interface FindingBody extends Record<string, unknown> {
  body: Finding;
}

export interface PresenceBody extends Record<string, unknown> {
  body: Presence;
}

export interface FindingFilter {
  state: 'open' | 'all' | FindingState;
  region?: string | undefined;
  hall?: string | undefined;
  window?: string | undefined;
  code?: string | undefined;
  late?: boolean | undefined;
  from?: number | undefined;
  to?: number | undefined;
  before?: Cursor | undefined;
  limit: number;
}

/** Newest first. `late`: a deadline has passed, then or now. */
export const listFindings = (scope: Scope, filter: FindingFilter, now: number): Statement => ({
  text: `select body from finding f where ${inScopeOrOwn('f', 1)}
    and ($4 = 'all' or state = $4 or ($4 = 'open' and state in ('recorded', 'responded', 'rectified', 'appealed')))
    and ($5::text is null or region = $5) and ($6::text is null or hall = $6) and ($7::text is null or hall_window = $7)
    and ($8::text is null or code = $8) and (not $9 or due_at < $10 or body ? 'late')
    and ($11::bigint is null or at >= $11) and ($12::bigint is null or at <= $12)
    and ($13::bigint is null or (at, id) < ($13, $14))
    order by at desc, id desc limit $15`,
  values: [
    ...ownValues(scope),
    filter.state,
    filter.region ?? null,
    filter.hall ?? null,
    filter.window ?? null,
    filter.code ?? null,
    filter.late ?? false,
    now,
    filter.from ?? null,
    filter.to ?? null,
    filter.before?.at ?? null,
    filter.before?.id ?? null,
    filter.limit,
  ],
});

/** The region of the organ on whose visit something was found. */
export const regionOfVisit = (visit: string): Statement => ({
  text: 'select d.region from visit v join duty d on d.id = v.duty where v.id = $1',
  values: [visit],
});

/** Verified in an earlier month and not looked back at, the oldest first. */
export const listLookBacks = (scope: Scope, month: string, limit: number): Statement => ({
  text: `select body from finding f where ${inScopeOrOwn('f', 1)} and looked_back is false and look_back <= $4
    order by look_back, hall, at limit $5`,
  values: [...ownValues(scope), month, limit],
});

export const selectPresences = (scope: Scope, hall: string | undefined): Statement => ({
  text: `select body from presence p where ${inScope('p', 1)} and ($3::text is null or hall = $3) order by id limit 1000`,
  values: [...scopeValues(scope), hall ?? null],
});

export const selectPresence = (window: string): Statement => ({
  text: 'select body from presence where id = $1',
  values: [window],
});
