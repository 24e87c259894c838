import type { Statement } from '../../platform/postgres.ts';
import { scopeValues, type Scope } from './scope.ts';

export interface CountRow extends Record<string, unknown> {
  count: number;
}

export const countEvents: Statement = { text: 'select count(*)::int8 as count from event_id' };

export const camerasInScope = (scope: Scope): Statement => ({
  text: 'select body from camera_status where region like $1 order by camera limit 2000',
  values: [scopeValues(scope)[0]],
});

export interface SourceRow extends Record<string, unknown> {
  id: string;
  name: string;
  events: number;
  refused: number;
  last_at: number | null;
}

/** Every source with the events the recorder kept of it. Walks the archive: its answer is kept for a while. */
export const countSources = (scope: Scope): Statement => ({
  text: `select s.id, s.name, coalesce(e.events, 0)::int8 as events, coalesce(e.refused, 0)::int8 as refused, e.last_at
    from source s left join (
      select source, count(*) as events, count(refused) as refused, max(received_at) as last_at from event group by source) e on e.source = s.id
    where s.region like $1 order by s.id limit 500`,
  values: [scopeValues(scope)[0]],
});
