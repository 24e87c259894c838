import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

export interface OpenLateRow extends Record<string, unknown> {
  department: string | null;
  count: number;
}

/** Open cases past a deadline now. They are few everywhere: found first, and then asked where they are. */
export const openLate = (scope: Scope, now: number): Statement => ({
  text: `with late as materialized (select department, region, hall from casefile where ended_at is null and due_at < $3)
    select department, count(*)::int as count from late c where ${inScope('c', 1)} group by 1`,
  values: [...scopeValues(scope), now],
});

export interface UnseenRow extends Record<string, unknown> {
  /** Place in the list that was given, from one. */
  place: number;
}

/**
 * Which of these matters had no case come in, each asked of its own index; `prefixes`: the regions that count for it. `case`:
 * a pattern that the planner does not know is taken to fit hardly any row, and then it would read them all first.
 */
export const mattersUnseen = (codes: string[], prefixes: string[], from: number, to: number): Statement => ({
  text: `select m.place::int as place from unnest($1::text[], $2::text[]) with ordinality as m(code, prefix, place)
      left join lateral (select true as seen from casefile c
        where c.matter = m.code and case when c.region like m.prefix || '%' then true else false end and c.opened_at between $3 and $4
        order by c.opened_at desc limit 1) c on true
    where c.seen is null order by m.place`,
  values: [codes, prefixes, from, to],
});
