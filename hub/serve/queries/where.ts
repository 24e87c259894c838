/** Conditions of the explorer's lists, on the columns of a table `c`. */
import { prefixOf } from '../../model/world.ts';
import type { Scope } from './scope.ts';

/** Where a page ended: rows are read by their moment, then by `id`, both descending. */
export interface Cursor {
  at: number;
  id: string;
}

/** Of every list and export. Days are read as moments: `from` inclusive, `to` the last millisecond. */
export interface PlaceFilter {
  region?: string | undefined;
  department?: string | undefined;
  hall?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
}

/** Collects conditions with their values: only what is asked for is in the text, so that each shape gets its own plan. */
export class Where {
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
  place(scope: Scope, filter: PlaceFilter, at: string): void {
    const prefixes = [scope.prefix, ...(filter.region === undefined ? [] : [prefixOf(filter.region)])];
    prefixes.sort((one, other) => other.length - one.length);
    const longest = prefixes[0] ?? '';
    if (!prefixes.every((each) => longest.startsWith(each))) this.and('false');
    else if (longest.length === 6) this.equals('c.region', longest);
    else this.and(`c.region like ${this.value(`${longest}%`)}`);
    this.equals('c.hall', scope.hall);
    this.equals('c.hall', filter.hall);
    this.equals('c.department', filter.department);
    if (filter.from !== undefined) this.and(`${at} >= ${this.value(filter.from)}`);
    if (filter.to !== undefined) this.and(`${at} <= ${this.value(filter.to)}`);
  }
  before(cursor: Cursor | undefined, at: string): void {
    if (cursor) this.and(`(${at}, c.id) < (${this.value(cursor.at)}, ${this.value(cursor.id)})`);
  }
  text(...more: string[]): string {
    return [...this.#conditions, ...more].join(' and ') || 'true';
  }
}
