import type { CaseClock } from '../../model/api.ts';
import type { Casefile, CasefileStatus } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';
import { openList } from './halls.ts';
import type { Scope } from './scope.ts';
import { Where, type Cursor, type PlaceFilter } from './where.ts';

export interface CaseFilter extends PlaceFilter {
  matter?: string | undefined;
  status?: CasefileStatus | undefined;
  clock?: CaseClock | undefined;
  /**
   * The beginning of a number, or one of `codes`: the matters whose name holds the text. `few` numbers begin so
   * (`countNumbers`): then they are found first and put in order afterwards.
   */
  text?: { start: string; codes: string[]; few?: boolean } | undefined;
  now: number;
  before?: Cursor | undefined;
  limit: number;
}

export interface CaseRow extends Record<string, unknown> {
  id: string;
  opened_at: number;
  due_at: number | null;
  ended_at: number | null;
  open_signals: number;
  body: Casefile;
}

/** Due within three days counts as due soon. */
export const soonMs = 3 * 86_400_000;

const startOfNumber = (text: string): string => `${text.replace(/[\\%_]/g, (each) => `\\${each}`)}%`;

export const fewNumbers = 10_000;

/** How many numbers begin with a text, counted no further than one above `fewNumbers`. */
export const countNumbers = (start: string): Statement => ({
  text: `select count(*)::int as count from (select from casefile where number like $1 limit ${fewNumbers + 1}) n`,
  values: [startOfNumber(start)],
});

/** Whether one of the next five hundred casefiles, whatever they are, has such a number: then a page of them is near. */
export const isNumberNear = (start: string, before: Cursor | undefined): Statement => ({
  text: `select exists (select from (select number from casefile where $2::int8 is null or (opened_at, id) < ($2, $3)
    order by opened_at desc, id desc limit 500) n where number like $1) as near`,
  values: [startOfNumber(start), before?.at ?? null, before?.id ?? ''],
});

/** When the newest of the casefiles with such a number came in. `+ 0`: not by looking for one from today on, but in the numbers' own index. */
export const newestNumber = (start: string): Statement => ({
  text: 'select max(opened_at + 0) as at from casefile where number like $1',
  values: [startOfNumber(start)],
});

/** A page of casefiles, newest first, with the signals of each that are still open. */
export function selectCasefiles(scope: Scope, filter: CaseFilter): Statement {
  const where = new Where();
  where.place(scope, filter, 'c.opened_at');
  where.equals('c.matter', filter.matter);
  // A literal, so that the partial index of the rare ones can be proven to fit.
  if (filter.status !== undefined) where.and(`c.status = '${filter.status}'`);
  if (filter.text !== undefined) {
    const number = `c.number like ${where.value(startOfNumber(filter.text.start))}`;
    where.and(
      filter.text.codes.length === 0 ? number : `(${number} or c.matter = any(${where.value(filter.text.codes)}))`,
    );
  }
  where.before(filter.before, 'c.opened_at');
  const now = filter.clock === undefined || filter.clock === 'open' ? '' : where.value(filter.now);
  const soon = filter.clock === 'dueSoon' ? where.value(filter.now + soonMs) : '';
  const limit = where.value(filter.limit);
  const clocks: Record<CaseClock, string[]> = {
    open: ['c.ended_at is null'],
    dueSoon: [`c.ended_at is null and c.due_at >= ${now} and c.due_at <= ${soon}`],
    // Two lists, each in order from its own index.
    late: [`c.ended_at is null and c.due_at < ${now}`, 'c.ended_at > c.due_at'],
    onTime: [`coalesce(c.ended_at, ${now}) <= c.due_at`],
  };
  // Numbers follow each other in time, so the planner expects to meet them early on its way from the newest row.
  const rows =
    filter.text?.few === true && filter.text.codes.length === 0
      ? `(select * from casefile n where n.number like ${where.value(startOfNumber(filter.text.start))} offset 0)`
      : 'casefile';
  const newest = (alias: string): string => `order by ${alias}.opened_at desc, ${alias}.id desc limit ${limit}`;
  const lists = (filter.clock === undefined ? ['true'] : clocks[filter.clock]).map(
    (condition) =>
      `(select c.id, c.opened_at, c.due_at, c.ended_at, c.body from ${rows} c where ${where.text(condition)} ${newest('c')})`,
  );
  return {
    text: `select l.*, (select count(*)::int from signal s where s.casefile = l.id and s.state in (${openList})) as open_signals
      from (select * from (${lists.join(' union all ')}) u ${newest('u')}) l order by l.opened_at desc, l.id desc`,
    values: where.values,
  };
}
