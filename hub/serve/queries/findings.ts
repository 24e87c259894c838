import type { Finding, FindingState } from '../../model/finding.ts';
import type { Presence } from '../../model/presence.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';
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
  text: `select body from finding f where ${inScope('f', 1)}
    and ($3 = 'all' or state = $3 or ($3 = 'open' and state in ('recorded', 'responded', 'rectified', 'appealed')))
    and ($4::text is null or region = $4) and ($5::text is null or hall = $5) and ($6::text is null or hall_window = $6)
    and ($7::text is null or code = $7) and (not $8 or due_at < $9 or body ? 'late')
    and ($10::bigint is null or at >= $10) and ($11::bigint is null or at <= $11)
    and ($12::bigint is null or (at, id) < ($12, $13))
    order by at desc, id desc limit $14`,
  values: [
    ...scopeValues(scope),
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

/** Verified in an earlier month and not looked back at, the oldest first. */
export const listLookBacks = (scope: Scope, month: string, limit: number): Statement => ({
  text: `select body from finding f where ${inScope('f', 1)} and looked_back is false and look_back <= $3
    order by look_back, hall, at limit $4`,
  values: [...scopeValues(scope), month, limit],
});

export const selectPresences = (scope: Scope, hall: string | undefined): Statement => ({
  text: `select body from presence p where ${inScope('p', 1)} and ($3::text is null or hall = $3) order by id limit 1000`,
  values: [...scopeValues(scope), hall ?? null],
});

export const selectPresence = (window: string): Statement => ({
  text: 'select body from presence where id = $1',
  values: [window],
});
