import type { RecordingHold } from '../../model/recording.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

export interface HoldBody extends Record<string, unknown> {
  body: RecordingHold;
}

export const selectHold = (id: string): Statement => ({
  text: 'select body from recording_hold where id = $1',
  values: [id],
});

/** The newest first; `before` is the position of the last one that is known. */
export const listHolds = (
  scope: Scope,
  { hall, before, limit }: { hall?: string | undefined; before?: number | undefined; limit: number },
): Statement => ({
  text: `select body from recording_hold h where ${inScope('h', 1)} and ($3::text is null or h.hall = $3)
    and ($4::bigint is null or h.position < $4) order by h.position desc limit $5`,
  values: [...scopeValues(scope), hall ?? null, before ?? null, limit],
});
