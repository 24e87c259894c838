/** Rows of a sheet of an XLSX workbook. A broken cell costs its own row, and is named by sheet, row and column. */
import { InvalidInputError, InvalidSpreadsheetError, readSheet, SheetNotFoundError } from 'read-excel-file/node';
import { HubError } from '../hub/model/error.ts';
import { collect } from './inflate.ts';
import type { Row } from './rows.ts';
import { unzip, zip } from './zip.ts';

export interface XlsxLimits {
  /** Of the file. Default 32 MiB. */
  bytes: number;
  /** Of its XML. Default 192 MiB. */
  inflatedBytes: number;
  rows: number;
  columns: number;
}
const limits: XlsxLimits = { bytes: 32 * 2 ** 20, inflatedBytes: 192 * 2 ** 20, rows: 200_000, columns: 500 };

export interface XlsxOptions {
  /** Name of the sheet; the first one where it is left out. */
  sheet?: string | undefined;
  /** Columns that are read: a broken cell elsewhere harms nobody. All of them where it is left out. */
  columns?: ReadonlySet<string> | undefined;
}

const batchLength = 1_000;

/**
 * Yields rows in batches; `line` is the number of the row in the sheet. The first row that is not empty is the header.
 * A date cell becomes `YYYY-MM-DD` or `YYYY-MM-DD HH:mm:ss`, as the sheet shows it. A workbook that cannot be read at all is
 * one fatal row. Throws `HubError('xlsx.large')` beyond its limits, `xlsx.sheet` and `xlsx.header`.
 */
export async function* readXlsx(
  chunks: AsyncIterable<Uint8Array>,
  { sheet, columns }: XlsxOptions,
  bounds: XlsxLimits = limits,
): AsyncGenerator<Row[]> {
  const label = `sheet ${sheet === undefined ? 1 : JSON.stringify(sheet)}`;
  let table: unknown[][];
  try {
    table = await tableOf(await collect(chunks, bounds.bytes), sheet, bounds);
  } catch (error) {
    if (error instanceof SheetNotFoundError) throw new HubError('xlsx.sheet', `the workbook has no ${label}`);
    if (error instanceof HubError && ['body.large', 'zip.large'].includes(error.code))
      throw new HubError('xlsx.large', `${error.message}; export it as CSV, or in parts`, { cause: error });
    const isKnown = error instanceof InvalidSpreadsheetError || error instanceof InvalidInputError;
    const isBroken = error instanceof HubError && ['zip.broken', 'gzip.broken'].includes(error.code);
    if (!isKnown && !isBroken) throw error;
    const reason = isBroken ? error.message : `${label} cannot be read: ${(error as Error).message.slice(0, 200)}`;
    yield [{ ok: false, line: 1, field: '', reason, text: '', fatal: true }];
    return;
  }
  const isEmpty = (cells: readonly unknown[]): boolean => cells.every((cell) => cell === null || cell === '');
  const headerAt = table.findIndex((cells) => !isEmpty(cells));
  const header = (table[headerAt] ?? []).map((cell) => (cell === null ? '' : String(cell).trim()));
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index);
  if (twice !== undefined)
    throw new HubError('xlsx.header', `${label}: two columns are called ${JSON.stringify(twice.slice(0, 80))}`);

  const read = (cells: readonly unknown[], line: number): Row => {
    const values = new Map<string, string>();
    let fault: { field: string; reason: string } | undefined;
    header.forEach((name, index) => {
      if (name === '') return;
      const cell = textOf(cells[index] ?? null);
      values.set(name, cell.text);
      if (cell.fault !== undefined && (columns?.has(name) ?? true))
        fault ??= { field: name, reason: `${label}, row ${line}, column ${letters(index)}: ${cell.fault}` };
    });
    const text = JSON.stringify(Object.fromEntries(values));
    return fault ? { ok: false, line, ...fault, text } : { ok: true, line, values, text };
  };
  let rows: Row[] = [];
  for (let at = headerAt + 1; at < table.length; at += 1) {
    if (isEmpty(table[at]!)) continue;
    rows.push(read(table[at]!, at + 1));
    if (rows.length < batchLength) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

async function tableOf(file: Buffer, sheet: string | undefined, bounds: XlsxLimits): Promise<unknown[][]> {
  const members = unzip(file, bounds.inflatedBytes);
  for (const [name, bytes] of members) {
    checkStretches(name, bytes);
    if (/worksheets\/[^/]+\.xml$/.test(name)) checkSize(bytes, bounds);
  }
  // Numbers as they are written: a case number of 17 digits must not lose its end on the way through a float.
  return readSheet(zip(members), sheet ?? 1, { parseNumber: (text: string) => new Digits(text) });
}

/** A cell holds 32,767 characters, of which each takes at most six bytes. */
const longestStretch = 256 * 2 ** 10;

/** The reader begins a tag or a text anew with every piece of the file that it goes on in: one without end would take hours. */
function checkStretches(name: string, xml: Buffer): void {
  for (let from = 0; from < xml.length;) {
    const end = xml.indexOf(0x3e, from);
    if ((end === -1 ? xml.length : end) - from > longestStretch)
      throw new HubError('zip.large', `${name} has a tag or a text of more than ${longestStretch} bytes`);
    if (end === -1) return;
    from = end + 1;
  }
}

/** One cell far out would be filled up to with empty ones: its address is looked at before that. */
function checkSize(xml: Buffer, { rows, columns }: XlsxLimits): void {
  for (const [, column = '', row] of xml
    .toString('latin1')
    .matchAll(/<(?:\w+:)?(?:row|c)\b[^<>]*?\sr=["']([A-Z]*)(\d+)["']/g)) {
    const index = [...column].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
    if (Number(row) > rows) throw new HubError('zip.large', `more than ${rows} rows`);
    if (index > columns) throw new HubError('zip.large', `more than ${columns} columns`);
  }
}

/** What a numeric cell holds, as the file writes it. */
class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return textOf(this).text;
  }
}

const errorCell = /^#(NULL!|DIV\/0!|VALUE!|REF!|NAME\?|NUM!|N\/A|SPILL!|CALC!|GETTING_DATA)$/;

function textOf(cell: unknown): { text: string; fault?: string } {
  if (cell === null) return { text: '' };
  if (cell instanceof Date) {
    // Excel counts days in floating point: the nearest second is what it shows.
    const at = Math.round(cell.getTime() / 1_000) * 1_000;
    if (Number.isNaN(at) || Math.abs(at) > 8e15) return { text: '', fault: 'expected a date' };
    const iso = new Date(at).toISOString();
    return { text: at % 86_400_000 === 0 ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 19)}` };
  }
  if (cell instanceof Digits) {
    const { text } = cell;
    if (!/^-?\d+(\.\d+)?(E[+-]?\d+)?$/i.test(text)) return { text, fault: `expected a number; got ${quoted(text)}` };
    if (!/[.e]/i.test(text)) return { text };
    const number = Number(text);
    if (Number.isInteger(number) && !Number.isSafeInteger(number))
      return { text, fault: `a number of more than 15 digits has lost its end in the sheet (${text}); make it text` };
    return { text: String(number) };
  }
  const text = String(cell);
  return errorCell.test(text) ? { text, fault: `the formula in it failed (${text})` } : { text };
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));

/** 0 → A, 26 → AA. */
function letters(index: number): string {
  const before = Math.floor(index / 26);
  return (before > 0 ? letters(before - 1) : '') + String.fromCharCode(65 + (index % 26));
}
