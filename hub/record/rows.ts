/** The rows that are kept between batches, by table and id. */
import type { Readable, RowOf } from '../model/decide.ts';
import { putTables } from './statements.ts';

export type Rows = { [T in Readable]: Map<string, RowOf<T>> };

export const readables = putTables.filter((table) => table !== 'notice');

/** Of every table that is read; `fill` gives what stands for one. */
export const ofEach = <Each>(fill: (table: Readable) => Each): Record<Readable, Each> =>
  Object.fromEntries(readables.map((table) => [table, fill(table)])) as Record<Readable, Each>;

export const emptyRows = (): Rows => ofEach(() => new Map());
