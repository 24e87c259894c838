import type { Level } from '../../model/pack.ts';
import type { Signal, SignalState } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';
import { openList } from './halls.ts';
import type { Scope } from './scope.ts';
import { Where, type Cursor, type PlaceFilter } from './where.ts';

export interface SignalFilter extends PlaceFilter {
  /** `open`: somebody has still something to do. */
  state: 'open' | 'all' | SignalState;
  /** Who may not confirm drafts does not see them, nor what came of those that were dropped: nobody has issued them. */
  drafts: boolean;
  window?: string | undefined;
  matter?: string | undefined;
  level?: Level | undefined;
  rule?: string | undefined;
  /** XY-09: only those of a pack on trial, or only the others. */
  trial?: boolean | undefined;
  before?: Cursor | undefined;
  limit: number;
}

export interface SignalRow extends Record<string, unknown> {
  body: Signal;
}

/** A page of signals, newest first. */
export function selectSignals(scope: Scope, filter: SignalFilter): Statement {
  const where = new Where();
  where.place(scope, filter, 'c.issued_at');
  // Literals, so that the partial indexes can be proven to fit.
  if (filter.state === 'open') where.and(`c.state in (${openList})`);
  else if (filter.state !== 'all') where.and(`c.state = '${filter.state}'`);
  if (!filter.drafts) where.and("c.state not in ('draft', 'dropped')");
  if (filter.level !== undefined) where.and(`c.level = '${filter.level}'`);
  where.equals('c.hall_window', filter.window);
  where.equals('c.matter', filter.matter);
  where.equals('c.rule', filter.rule);
  if (filter.trial !== undefined) where.and(filter.trial ? 'c.trial' : 'not c.trial');
  where.before(filter.before, 'c.issued_at');
  return {
    text: `select c.body from signal c where ${where.text()} order by c.issued_at desc, c.id desc limit ${where.value(filter.limit)}`,
    values: where.values,
  };
}

export const selectSignal = (id: string): Statement => ({
  text: 'select body from signal where id = $1',
  values: [id],
});
