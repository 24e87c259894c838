import { Readable } from 'node:stream';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { SheetData } from 'write-excel-file/node';
import { dayOf } from '../model/calendar.ts';
import { HubError } from '../model/error.ts';
import { csvCell, guarded } from '../platform/csv.ts';
import { Download } from './gate.ts';
import { away, type Refusal } from './problem.ts';

/** More than anybody reads; a longer list is narrowed by its filters first. */
export const mostRows = 50_000;
/** Rows read at a time: the file is written while the next ones are fetched. */
export const chunkRows = 1_000;

export type Cell = string | number | undefined;

export interface Table {
  /** Without its ending; the date is added. */
  name: string;
  heads: readonly string[];
  /** Chunks of rows, newest first. */
  rows: AsyncIterable<Cell[][]>;
}

const escapeCell = (cell: Cell): string | number | undefined => (typeof cell === 'string' ? guarded(cell) : cell);

/** RFC 4180. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map((cell) => csvCell(String(escapeCell(cell) ?? ''))).join(',')}\r\n`;
}

const widest = 40;
const types = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};
export type FileKind = keyof typeof types;

/**
 * The thread that packs a spreadsheet: 50,000 rows take seconds, in which nobody's signals would arrive. A text and not
 * a file, because the bundle has one file; the package's place is given to it.
 */
const packer = `
const { parentPort, workerData } = require('node:worker_threads');
const data = [];
parentPort.on('message', ({ rows, columns }) => {
  if (rows) { for (const row of rows) data.push(row); return; }
  require(workerData).default(data, { columns, stickyRowsCount: 1 }).toBuffer().then((file) => parentPort.postMessage(file));
});`;
const packMs = 120_000;
const packMb = 768;

/** A reader that takes nothing for so long is gone, and others wait for what it holds open. */
const usualPause = 60_000;

/** The lines as they are read. It is destroyed when nobody reads on within `pauseMs`. */
export function readableOf(lines: AsyncIterable<string>, pauseMs = usualPause): Readable {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => void (timer = setTimeout(() => body.destroy(), pauseMs));
  async function* read(): AsyncGenerator<string> {
    clearTimeout(timer);
    for await (const line of lines) {
      wait();
      yield line;
      clearTimeout(timer);
    }
  }
  const body = Readable.from(read(), { objectMode: false });
  wait();
  return body.once('close', () => clearTimeout(timer));
}

/** Writes one file at a time: a spreadsheet is built in memory, and the hub has other things to do. */
export function fileWriter(): (kind: FileKind, table: Table, now: number) => Promise<Download | Refusal> {
  let busy = false;

  async function* csv({ heads, rows }: Table): AsyncGenerator<string> {
    try {
      // The mark tells spreadsheet programs that the text is UTF-8.
      yield `\uFEFF${csvLine(heads)}`;
      for await (const chunk of rows) yield chunk.map(csvLine).join('');
    } finally {
      busy = false;
    }
  }

  async function xlsx({ heads, rows }: Table): Promise<Buffer> {
    const place = createRequire(import.meta.url).resolve('write-excel-file/node');
    const thread = new Worker(packer, {
      eval: true,
      workerData: place,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: packMb },
    });
    let timer: NodeJS.Timeout | undefined;
    const packed = new Promise<Buffer>((resolve, reject) => {
      const fail = (cause: unknown): void =>
        reject(new HubError('export.failed', 'the spreadsheet could not be packed', { cause }));
      thread.once('message', (file: Uint8Array) => resolve(Buffer.from(file.buffer, file.byteOffset, file.byteLength)));
      thread.once('error', fail);
      thread.once('exit', (code) => fail(new Error(`the thread ended with ${code}`)));
      timer = setTimeout(() => fail(new Error(`not within ${packMs} ms`)), packMs);
    });
    // Heard below; until then the thread may already have failed.
    packed.catch(() => {});
    try {
      const widths = heads.map((head) => head.length * 2 + 2);
      const head: SheetData = [heads.map((value) => ({ value, fontWeight: 'bold' as const }))];
      thread.postMessage({ rows: head });
      for await (const chunk of rows) {
        for (const row of chunk)
          row.forEach((cell, at) => {
            widths[at] = Math.min(widest, Math.max(widths[at] ?? 0, String(cell ?? '').length + 2));
          });
        thread.postMessage({ rows: chunk.map((row) => row.map((cell) => escapeCell(cell) ?? null)) });
      }
      thread.postMessage({ columns: widths.map((width) => ({ width })) });
      return await packed;
    } finally {
      clearTimeout(timer);
      await thread.terminate();
    }
  }

  return async (kind, table, now) => {
    if (busy) return away('another file is being written: try again in a moment', 5);
    busy = true;
    const name = `${table.name}-${dayOf(now)}.${kind}`;
    if (kind === 'csv') {
      const body = readableOf(csv(table));
      // A reader that went away before the first line never ran the generator.
      body.once('close', () => (busy = false));
      return new Download(name, types.csv, body);
    }
    try {
      return new Download(name, types.xlsx, await xlsx(table));
    } finally {
      busy = false;
    }
  };
}
