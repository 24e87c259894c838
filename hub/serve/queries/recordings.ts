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
  {
    hall,
    state,
    before,
    limit,
  }: { hall?: string | undefined; state?: string | undefined; before?: number | undefined; limit: number },
): Statement => ({
  text: `select body from recording_hold h where ${inScope('h', 1)} and ($3::text is null or h.hall = $3)
    and ($4::bigint is null or h.position < $4)
    and ($5::text is null or h.state = $5) order by h.position desc limit $6`,
  values: [...scopeValues(scope), hall ?? null, before ?? null, state ?? null, limit],
});

/** What a hall keeps: its own limits, null where it has none, the bytes of its files and the beginning of the oldest. */
export interface KeptRow extends Record<string, unknown> {
  days: number | null;
  bytes: number | null;
  used: number;
  since: number | null;
}

export const keptOfHall = (hall: string): Statement => ({
  text: `select h.recording_days as days, h.recording_bytes as bytes, f.used, f.since from hall h cross join lateral (
      select coalesce(sum(bytes), 0)::bigint as used, min(from_at) as since from recording_file where hall = h.id and state <> 'removing') f
    where h.id = $1`,
  values: [hall],
});

export const limitHall = (hall: string, limits: { days: number | null; bytes: number | null }): Statement => ({
  text: 'update hall set recording_days = $2, recording_bytes = $3 where id = $1',
  values: [hall, limits.days, limits.bytes],
});
