import type { CaseClock } from '../../model/api.ts';
import { prefixOf } from '../../model/world.ts';
import type { Casefile, CasefileStatus, Signal, SignalState } from '../../model/state.ts';
import type { Level } from '../../model/pack.ts';
import type { Statement } from '../../platform/postgres.ts';
import { openList } from './halls.ts';
import type { Scope } from './scope.ts';

/** Where a page ended: rows are read by `opened_at`, then `id`, both descending. */
export interface CaseCursor {
  openedAt: number;
  id: string;
}

/** Of every list and export. Days are read as moments: `from` inclusive, `to` the last millisecond. */
interface PlaceFilter {
  region?: string | undefined;
  department?: string | undefined;
  hall?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
}

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
  before?: CaseCursor | undefined;
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

/** Collects conditions with their values: only what is asked for is in the text, so that each shape gets its own plan. */
class Where {
  readonly values: unknown[] = [];
  readonly #conditions: string[] = [];

  value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
  and(condition: string): void {
    this.#conditions.push(condition);
  }
  equals(column: string, value: string | undefined): void {
    if (value !== undefined) this.and(`${column} = ${this.value(value)}`);
  }
  /** What a person may see, and of it one region and hall: a county by equality, which an index in order can answer. */
  place(scope: Scope, filter: PlaceFilter, at: string, department: string): void {
    const prefixes = [scope.prefix, ...(filter.region === undefined ? [] : [prefixOf(filter.region)])];
    prefixes.sort((one, other) => other.length - one.length);
    const longest = prefixes[0] ?? '';
    if (!prefixes.every((each) => longest.startsWith(each))) this.and('false');
    else if (longest.length === 6) this.equals('c.region', longest);
    else this.and(`c.region like ${this.value(`${longest}%`)}`);
    this.equals('c.hall', scope.hall);
    this.equals('c.hall', filter.hall);
    this.equals(department, filter.department);
    if (filter.from !== undefined) this.and(`${at} >= ${this.value(filter.from)}`);
    if (filter.to !== undefined) this.and(`${at} <= ${this.value(filter.to)}`);
  }
  text(...more: string[]): string {
    return [...this.#conditions, ...more].join(' and ') || 'true';
  }
}

/** A page of casefiles, newest first, with the signals of each that are still open. */
export function selectCasefiles(scope: Scope, filter: CaseFilter): Statement {
  const where = new Where();
  where.place(scope, filter, 'c.opened_at', 'c.department');
  where.equals('c.matter', filter.matter);
  // A literal, so that the partial index of the rare ones can be proven to fit.
  if (filter.status !== undefined) where.and(`c.status = '${filter.status}'`);
  if (filter.text !== undefined) {
    const number = `c.number like ${where.value(startOfNumber(filter.text.start))}`;
    where.and(
      filter.text.codes.length === 0 ? number : `(${number} or c.matter = any(${where.value(filter.text.codes)}))`,
    );
  }
  if (filter.before)
    where.and(`(c.opened_at, c.id) < (${where.value(filter.before.openedAt)}, ${where.value(filter.before.id)})`);
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

export interface SignalExportFilter extends PlaceFilter {
  state?: 'open' | SignalState | undefined;
  level?: Level | undefined;
  before?: { issuedAt: number; id: string } | undefined;
  limit: number;
}

export interface SignalExportRow extends Record<string, unknown> {
  body: Signal;
}

/** Signals as they are exported, newest first; drafts only when asked for. */
export function selectSignalExport(scope: Scope, filter: SignalExportFilter): Statement {
  const where = new Where();
  where.place(scope, filter, 'c.issued_at', "c.body->>'department'");
  if (filter.state === 'open') where.and(`c.state in (${openList})`);
  else if (filter.state === undefined) where.and("c.state <> 'draft'");
  else where.equals('c.state', filter.state);
  where.equals('c.level', filter.level);
  if (filter.before)
    where.and(`(c.issued_at, c.id) < (${where.value(filter.before.issuedAt)}, ${where.value(filter.before.id)})`);
  return {
    text: `select c.body from signal c where ${where.text()} order by c.issued_at desc, c.id desc limit ${where.value(filter.limit)}`,
    values: where.values,
  };
}
