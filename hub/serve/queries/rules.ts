import type { Level } from '../../model/pack.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

export interface RuleRow extends Record<string, unknown> {
  pack: string;
  rule: string;
  version: number;
  level: Level;
  title_zh: string;
  title_en: string;
  article: string;
  issued: number;
  dropped: number;
  revoked: number;
  lateEntry: number;
  upheld: number;
}

const mostRules = 500;

/**
 * Signals since a moment by rule and level. `issued`: those that were (a draft that was dropped was not); `revoked` of them, among
 * those `lateEntry` by an entry that came later (KF-04) and `upheld` by an appeal. XY-09: none of a trial.
 */
export const ruleCounts = (scope: Scope, since: number): Statement => ({
  text: `select s.body->>'pack' as pack, s.rule, s.level, max((s.body->>'packVersion')::int) as version,
      max(s.body->>'titleZh') as title_zh, max(s.body->>'titleEn') as title_en, max(s.body->>'article') as article,
      (count(*) filter (where s.state <> 'dropped'))::int as issued,
      (count(*) filter (where s.state = 'dropped'))::int as dropped,
      (count(*) filter (where s.state = 'revoked'))::int as revoked,
      (count(*) filter (where s.state = 'revoked' and s.body->'revokedBy' is null))::int as "lateEntry",
      (count(*) filter (where s.body->'appeal'->'answer'->>'outcome' = 'upheld'))::int as upheld
    from signal s where ${inScope('s', 1)} and s.issued_at >= $3 and s.state <> 'draft' and not s.trial
    group by 1, 2, 3 order by issued desc, 1, 2, 3 limit ${mostRules}`,
  values: [...scopeValues(scope), since],
});
