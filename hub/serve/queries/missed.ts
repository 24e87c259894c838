import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

export const selectHead: Statement = { text: 'select position from recorder' };

export interface MissedRow extends Record<string, unknown> {
  topic: 'event' | 'signal' | 'casefile' | 'duty' | 'visit' | 'finding' | 'camera' | 'head';
  region: string;
  position: number;
  body: unknown;
}

const states = [
  ['signal', 'signal'],
  ['duty', 'duty'],
  ['visit', 'visit'],
  ['finding', 'finding'],
  ['camera', 'camera_status'],
] as const;

/**
 * Everything in scope after a position, in the order of positions, and one row `head` with the position the recorder had
 * reached: one statement, so that rows and head come from the same snapshot. At most `limit` rows of each table.
 */
export const selectMissed = (scope: Scope, cursor: number, limit: number): Statement => ({
  text: `select * from (
      (select 'head' as topic, '' as region, position, null::jsonb as body from recorder)
      union all
      (select 'event', e.region, e.position, jsonb_strip_nulls(jsonb_build_object('id', e.id, 'position', e.position, 'region', e.region, 'kind', e.kind,
          'casefile', e.casefile, 'matter', coalesce(e.body->>'matter', (select nullif(c.matter, '') from casefile c where c.id = e.casefile)), 'hall', e.hall, 'window', e.hall_window, 'step', e.body->'step',
          'outcome', e.body->'outcome', 'occurredAt', e.occurred_at))
        from event e where e.position > $3 and e.kind like 'case.%' and e.refused is null and ${inScope('e', 1)} order by e.position limit $4)
      union all
      (select 'casefile', c.region, c.position, jsonb_strip_nulls(jsonb_build_object('id', c.id, 'status', c.status, 'window', c.hall_window,
          'hall', c.hall, 'promisedDueAt', c.promised_due_at, 'statutoryDueAt', c.statutory_due_at))
        from casefile c where c.position > $3 and ${inScope('c', 1)} order by c.position limit $4)
      ${states
        .map(
          ([topic, table]) => `union all
      (select '${topic}', t.region, t.position, t.body from ${table} t where t.position > $3 and ${inScope('t', 1)}${topic === 'duty' ? ' and $2::text is null' : ''} order by t.position limit $4)`,
        )
        .join('\n      ')}
    ) missed order by position, topic`,
  values: [...scopeValues(scope), cursor, limit],
});
