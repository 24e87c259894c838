/** Reads matters from CSV or XLSX: records, or every mistake by row, column and what was expected there. */
import { stat } from 'node:fs/promises';
import { checkRecord, matterRecord, type MatterRecord, type PromisedLimit } from '../../hub/model/matter.ts';
import type { TheirMatter } from '../../hub/model/matterDiff.ts';
import { HubError } from '../../hub/model/error.ts';
import { unguarded } from '../../hub/platform/csv.ts';
import { readCsv } from '../csv.ts';
import { openBytes, type GoodRow, type Row } from '../rows.ts';
import { readXlsx } from '../xlsx.ts';
import { inChinese } from './chinese.ts';
import { columns, titleOf, type Column } from './columns.ts';

export interface CellFault {
  /** Number of the row in the file, from 1; the header is row 1. */
  row: number;
  /** Title of the column; empty when the row or the file as a whole is wrong. */
  column: string;
  expected: string;
  expectedZh: string;
}

/** What was read. `faults` holds the first `mostFaults` of `faultCount`. */
export interface ReadFile<T> {
  rows: { row: number; value: T }[];
  faults: CellFault[];
  faultCount: number;
}

export interface ReadOptions {
  region: string;
  promised: PromisedLimit;
  /** Ids of the departments there are. */
  departments: { has(id: string): boolean };
}

const mostFaults = 200;
const missingColumn = 'this column, which is missing';
const mostRows = 5_000;
export const largestFile = 32 * 2 ** 20;

/** The full form: every column there, no blank (XY-68). One faulty row gives no record, the others do. */
export async function readMatters(
  path: string,
  { region, promised, departments }: ReadOptions,
): Promise<ReadFile<MatterRecord>> {
  const faults = new Faults();
  const rows = await readRows(path, faults);
  if (!checkTitles(rows, columns, faults)) return { rows: [], ...faults.all() };
  const records: { row: number; value: MatterRecord }[] = [];
  const seen = new Map<string, number>();
  for (const row of rows) {
    const fields = readCells(row, columns, faults);
    if (!fields) continue;
    const parsed = matterRecord.safeParse({ region, ...fields });
    const wrong: { field: string; reason: string }[] = parsed.success
      ? checkRecord(parsed.data, promised)
      : parsed.error.issues.map(({ path: [field], message }) => ({ field: String(field ?? ''), reason: message }));
    if (parsed.success && parsed.data.department !== null && !departments.has(parsed.data.department))
      wrong.push({ field: 'department', reason: `a department there is; ${parsed.data.department} is not known` });
    for (const { field, reason } of wrong)
      faults.add({ row: row.line, column: titleOf(field), expected: reason.replace(/^expected /, '') });
    if (!parsed.success || wrong.length > 0) continue;
    const { code } = parsed.data;
    const before = seen.get(code);
    if (before !== undefined) {
      faults.add({
        row: row.line,
        column: titleOf('code'),
        expected: `one row for each code; ${code} stands in row ${before}`,
      });
      continue;
    }
    seen.set(code, row.line);
    records.push({ row: row.line, value: parsed.data });
  }
  return { rows: records, ...faults.all() };
}

/** A published list (FS-17): the code, and whatever other columns of the form it has. What is blank there was not published. */
export async function readPublished(path: string): Promise<ReadFile<TheirMatter>> {
  const faults = new Faults();
  const rows = await readRows(path, faults);
  const there = columns.filter(({ title, field }) => field !== 'published' && rows[0]?.values.has(title));
  if (rows.length > 0 && !there.some(({ field }) => field === 'code'))
    faults.add({ row: 1, column: titleOf('code'), expected: missingColumn });
  const read: { row: number; value: TheirMatter }[] = [];
  const seen = new Map<string, number>();
  for (const row of rows) {
    const filled = there.filter(({ title, field }) => field === 'code' || row.values.get(title)?.trim() !== '');
    const fields = readCells(row, filled, faults) as TheirMatter | undefined;
    if (!fields?.code) continue;
    const before = seen.get(fields.code);
    if (before !== undefined)
      faults.add({
        row: row.line,
        column: titleOf('code'),
        expected: `one row for each code; ${fields.code} stands in row ${before}`,
      });
    else {
      seen.set(fields.code, row.line);
      read.push({ row: row.line, value: fields });
    }
  }
  return { rows: read, ...faults.all() };
}

class Faults {
  readonly #list: CellFault[] = [];
  #count = 0;

  add({
    row,
    column,
    expected,
    expectedZh = inChinese(expected),
  }: Omit<CellFault, 'expectedZh'> & Partial<CellFault>): void {
    this.#count += 1;
    if (this.#list.length >= mostFaults) return;
    this.#list.push({ row, column, expected: expected.slice(0, 400), expectedZh: expectedZh.slice(0, 400) });
  }

  all(): { faults: CellFault[]; faultCount: number } {
    return { faults: this.#list, faultCount: this.#count };
  }
}

async function readRows(path: string, faults: Faults): Promise<GoodRow[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new HubError('matters.file', `${path}: no such file`);
  if (found.size > largestFile) throw new HubError('matters.large', `${path}: expected at most ${largestFile} bytes`);
  const { chunks } = await openBytes(path);
  const batches: AsyncIterable<Row[]> = /\.xlsx$/i.test(path)
    ? readXlsx(chunks, { columns: new Set(columns.map(({ title }) => title)) })
    : readCsv(chunks, { encoding: 'auto', delimiter: ',' });
  const rows: GoodRow[] = [];
  let seen = 0;
  for await (const batch of batches) {
    for (const row of batch) {
      seen += 1;
      if (seen > mostRows) throw new HubError('matters.large', `${path}: expected at most ${mostRows} rows`);
      if (row.ok) rows.push(row);
      else faults.add({ row: row.line, column: row.field, expected: row.reason });
    }
  }
  if (seen === 0) faults.add({ row: 1, column: '', expected: 'at least one matter below the titles' });
  return rows;
}

/** A missing or an unknown column is told once, and then no row is read: half a form is no form. */
function checkTitles(rows: readonly GoodRow[], wanted: readonly Column[], faults: Faults): boolean {
  const [first] = rows;
  if (!first) return false;
  const titles = new Set([...first.values.keys()].map((each) => each.trim()));
  const known = new Set(wanted.map(({ title }) => title));
  let right = true;
  for (const { title } of wanted) {
    if (titles.has(title)) continue;
    faults.add({ row: 1, column: title, expected: missingColumn });
    right = false;
  }
  for (const title of titles) {
    if (known.has(title) || title === '') continue;
    faults.add({ row: 1, column: title.slice(0, 80), expected: 'no column of the template' });
    right = false;
  }
  return right;
}

/** The fields of one row, or undefined when a cell of it cannot be read; each such cell is told. */
function readCells(row: GoodRow, wanted: readonly Column[], faults: Faults): Record<string, unknown> | undefined {
  const fields: Record<string, unknown> = {};
  const published: Record<string, unknown> = {};
  let right = true;
  for (const { title, kind, field, element } of wanted) {
    const text = unguarded((row.values.get(title) ?? '').trim());
    const read = text === '' ? undefined : kind.read(text);
    if (read?.ok) {
      if (element === undefined) fields[field] = read.value;
      else published[element] = read.value;
      continue;
    }
    right = false;
    faults.add({
      row: row.line,
      column: title,
      expected: read
        ? `${read.expected}; got ${JSON.stringify(text.slice(0, 60))}`
        : `${kind.expected}; a blank is a mistake (XY-68)`,
      expectedZh: inChinese('', kind.hint, text.slice(0, 60)),
    });
  }
  if (Object.keys(published).length > 0) fields.published = published;
  return right ? fields : undefined;
}
