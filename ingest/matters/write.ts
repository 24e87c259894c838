/** Writes matters as CSV or XLSX, and the empty form with its instructions. */
import { writeFile } from 'node:fs/promises';
import writeXlsx, { type SheetData } from 'write-excel-file/node';
import type { MatterRecord } from '../../hub/model/matter.ts';
import { csvCell, guarded } from '../../hub/platform/csv.ts';
import { columns } from './columns.ts';

const titles = columns.map(({ title }) => title);

/** XLSX, or CSV in UTF-8. */
export async function mattersFile(kind: 'xlsx' | 'csv', records: readonly MatterRecord[]): Promise<Buffer> {
  const rows = records.map((record) =>
    columns.map(({ kind, field, element }) =>
      kind.write((element === undefined ? record[field] : record.published[element]) as never),
    ),
  );
  if (kind === 'xlsx') return workbook(rows);
  // The mark tells spreadsheets that it is UTF-8.
  return Buffer.from(
    `\ufeff${[titles, ...rows].map((row) => row.map((text) => csvCell(guarded(text))).join(',')).join('\r\n')}\r\n`,
  );
}

/** The form: one sheet to fill in, one that says of each column what belongs there. */
export const templateFile = (): Promise<Buffer> => workbook([]);

/** By the ending of `path`. */
export async function writeMatters(path: string, records: readonly MatterRecord[]): Promise<void> {
  await writeFile(path, await mattersFile(/\.xlsx$/i.test(path) ? 'xlsx' : 'csv', records));
}

export async function writeTemplate(path: string): Promise<void> {
  await writeFile(path, await templateFile());
}

async function workbook(rows: readonly string[][]): Promise<Buffer> {
  const head = (value: string) => ({ value, fontWeight: 'bold' as const, wrap: true });
  // Text, whatever it looks like: a code 007 must stay 007.
  const cell = (value: string) => ({ value, type: String, format: '@', wrap: true, alignVertical: 'top' as const });
  const help: SheetData = [
    ['列', '要求', '应填内容', '示例'].map(head),
    ...columns.map(({ title, article, kind, example }) => [title, article, kind.hint, example].map(cell)),
  ];
  return writeXlsx([
    {
      sheet: '事项',
      data: [titles.map(head), ...rows.map((row) => row.map(cell))],
      columns: titles.map(() => ({ width: 20 })),
      stickyRowsCount: 1,
    },
    { sheet: '填写说明', data: help, columns: [18, 10, 60, 50].map((width) => ({ width })), stickyRowsCount: 1 },
  ]).toBuffer();
}
