import type { Evidence, Release } from '../../model/evidence.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

export interface EvidenceBody extends Record<string, unknown> {
  body: Evidence;
}
export interface ReleaseBody extends Record<string, unknown> {
  body: Release;
}

export const selectEvidence = (id: string): Statement => ({
  text: 'select body from evidence where id = $1',
  values: [id],
});
export const selectRelease = (id: string): Statement => ({
  text: 'select body from evidence_release where id = $1',
  values: [id],
});

export interface EvidenceFilter {
  hall?: string | undefined;
  camera?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  before?: number | undefined;
  limit: number;
}

/** Newest first. */
export const listEvidence = (scope: Scope, { hall, camera, from, to, before, limit }: EvidenceFilter): Statement => ({
  text: `select body from evidence e where ${inScope('e', 1)} and ($3::text is null or hall = $3) and ($4::text is null or camera = $4)
    and ($5::bigint is null or taken_at >= $5) and ($6::bigint is null or taken_at < $6) and ($7::bigint is null or taken_at < $7)
    order by taken_at desc, id limit $8`,
  values: [...scopeValues(scope), hall ?? null, camera ?? null, from ?? null, to ?? null, before ?? null, limit],
});

export const countPending = (): Statement => ({
  text: `select count(*)::int as count from evidence where state in ('taken', 'begun')`,
  values: [],
});

export interface ReleaseFilter {
  state?: Release['state'] | undefined;
  evidence?: string | undefined;
  /** Only those that this account asked for. */
  account?: string | undefined;
  before?: number | undefined;
  limit: number;
}

export const listReleases = (scope: Scope, { state, evidence, account, before, limit }: ReleaseFilter): Statement => ({
  text: `select body from evidence_release r where ${inScope('r', 1)} and ($3::text is null or state = $3)
    and ($4::text is null or evidence = $4) and ($5::text is null or account = $5) and ($6::bigint is null or asked_at < $6)
    order by asked_at desc, id desc limit $7`,
  values: [...scopeValues(scope), state ?? null, evidence ?? null, account ?? null, before ?? null, limit],
});
