import type { Statement } from '../../platform/postgres.ts';
import { openList } from './halls.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

export interface SignalFilter {
  state: 'open' | 'draft' | 'all';
  /** Who may not confirm drafts does not see them: nobody has issued them. */
  drafts: boolean;
  hall?: string | undefined;
  window?: string | undefined;
  before?: number | undefined;
  limit: number;
}

/** Newest first. Signals of the same millisecond stay on one page (`with ties`), so that `before` leaves none out. */
export const selectSignals = (scope: Scope, filter: SignalFilter): Statement => ({
  text: `select body from signal s where ${inScope('s', 1)}
      and ($3 <> 'open' or state in (${openList}))
      and ($3 <> 'draft' or state = 'draft') and ($8 or state not in ('draft', 'dropped'))
      and ($4::text is null or hall = $4) and ($5::text is null or hall_window = $5)
      and ($6::int8 is null or issued_at < $6)
    order by issued_at desc fetch first $7 rows with ties`,
  values: [
    ...scopeValues(scope),
    filter.state,
    filter.hall ?? null,
    filter.window ?? null,
    filter.before ?? null,
    filter.limit,
    filter.drafts,
  ],
});

export const selectSignal = (id: string): Statement => ({
  text: 'select body from signal where id = $1',
  values: [id],
});
