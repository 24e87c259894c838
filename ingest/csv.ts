/** Rows of a CSV file, one broken row at a time: an unclosed quote costs its own line and never the rest of the file. */
import { parse } from 'csv-parse/sync';
import iconv from 'iconv-lite';
import { HubError } from '../hub/model/error.ts';
import { longestRow, mostLines, type Row } from './rows.ts';

export type Encoding = 'auto' | 'utf-8' | 'gb18030' | 'utf-16le';

interface Line {
  number: number;
  text: string;
  /** Longer than `longestRow`: only its beginning was kept. */
  cut: boolean;
}

/** Yields rows in batches. The last one is fatal when the bytes end in a broken gzip. */
export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
  options: { encoding: Encoding; delimiter: string },
): AsyncGenerator<Row[]> {
  const state: State = { delimiter: options.delimiter, waiting: [] };
  for await (const lines of linesOf(chunks, options.encoding)) {
    if ('fatal' in lines) {
      // The line that the cut went through is no row, even where it happens to look like one.
      const rows = take(state, [], true);
      rows.push({ ok: false, line: lines.line, field: '', reason: lines.fatal, text: lines.text, fatal: true });
      yield rows;
      return;
    }
    const rows = take(state, lines.lines, lines.last);
    if (rows.length > 0) yield rows;
  }
}

type Chunk = { lines: Line[]; last: boolean } | { fatal: string; line: number; text: string };

async function* linesOf(chunks: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<Chunk> {
  let decoder: ReturnType<typeof iconv.getDecoder> | undefined;
  let rest = '';
  let skipping = false;
  let number = 1;
  const cut = (text: string, last: boolean): Line[] => {
    const lines: Line[] = [];
    let from = 0;
    for (;;) {
      const end = text.indexOf('\n', from);
      if (end === -1) break;
      if (skipping) skipping = false;
      else lines.push(line(number, text.slice(from, end)));
      number += 1;
      from = end + 1;
    }
    rest = text.slice(from);
    if (skipping) rest = '';
    else if (last && rest !== '') lines.push(line(number, rest));
    else if (rest.length > longestRow) {
      lines.push({ number, text: rest.slice(0, 1000), cut: true });
      rest = '';
      skipping = true;
    }
    return lines;
  };
  try {
    for await (const chunk of chunks) {
      decoder ??= iconv.getDecoder(encodingOf(chunk, encoding));
      yield {
        lines: cut(rest + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)), false),
        last: false,
      };
    }
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'gzip.broken') throw error;
    yield { fatal: error.message, line: number, text: rest.slice(0, longestRow) };
    return;
  }
  yield { lines: cut(rest + (decoder?.end() ?? ''), true), last: true };
}

function line(number: number, text: string): Line {
  const bare = text.endsWith('\r') ? text.slice(0, -1) : text;
  return bare.length > longestRow
    ? { number, text: bare.slice(0, 1000), cut: true }
    : { number, text: bare, cut: false };
}

/** By the byte order mark, or else GB18030 where the first bytes are no UTF-8. */
function encodingOf(head: Uint8Array, encoding: Encoding): string {
  if (encoding !== 'auto') return encoding;
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  // A header with Chinese names decides by itself: one spoilt row below must not turn the whole file.
  const header = head.subarray(0, head.indexOf(0x0a) + 1);
  const telling = header.some((byte) => byte > 0x7f) ? header : head;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(telling, { stream: true });
    return 'utf-8';
  } catch {
    return 'gb18030';
  }
}

interface State {
  delimiter: string;
  header?: string[];
  /** Lines not yet given out: a quoted field may go on over the next ones. */
  waiting: Line[];
}

function take(state: State, lines: Line[], last: boolean): Row[] {
  const queue = state.waiting.concat(lines);
  const rows: Row[] = [];
  let at = 0;
  while (at < queue.length) {
    const first = queue[at];
    if (!first) break;
    if (first.text === '' && !first.cut) {
      at += 1;
      continue;
    }
    const found = record(state, queue, at, last);
    if (found === 'more') break;
    at += found.lines;
    const bad = (reason: string, field = ''): void =>
      void rows.push({ ok: false, line: first.number, field, reason, text: found.text });
    if ('reason' in found) {
      bad(found.reason);
    } else if (!state.header) {
      const twice = found.cells.find((cell, index) => found.cells.indexOf(cell) !== index);
      if (twice !== undefined)
        throw new HubError(
          'csv.header',
          `line ${first.number}: two columns are called ${JSON.stringify(twice.slice(0, 80))}`,
        );
      state.header = found.cells;
    } else {
      const header = state.header;
      const broken = found.cells.findIndex((cell) => cell.includes('\ufffd'));
      if (broken >= 0) bad('bytes that do not belong to the encoding of the file', header[broken] ?? '');
      else {
        const values = new Map(header.map((name, index) => [name, found.cells[index] ?? '']));
        rows.push({ ok: true, line: first.number, values, text: found.text });
      }
    }
  }
  state.waiting = queue.slice(at);
  return rows;
}

type Found = { lines: number; text: string } & ({ cells: string[] } | { reason: string });

/** The record that begins at `queue[at]`, or `more` when a quoted field may go on in lines not read yet. */
function record(state: State, queue: Line[], at: number, last: boolean): Found | 'more' {
  const first = queue[at] as Line;
  if (first.cut) return { lines: 1, text: first.text, reason: `longer than ${longestRow} characters` };
  const wanted = state.header?.length;
  const counted = (cells: string[], lines: number, text: string): Found =>
    wanted === undefined || cells.length === wanted
      ? { lines, text, cells }
      : { lines: 1, text: first.text, reason: `expected ${wanted} columns, got ${cells.length}` };
  if (!first.text.includes('"')) {
    const text = state.header ? first.text : first.text.replace(/^\ufeff/, '');
    return counted(text.split(state.delimiter), 1, first.text);
  }
  let text = state.header ? first.text : first.text.replace(/^\ufeff/, '');
  for (let lines = 1; ; lines += 1) {
    // Quotes are doubled inside quotes: an even number of them may be a whole record, an odd number never is.
    if (isEven(text)) {
      try {
        const [cells] = parse(text, {
          delimiter: state.delimiter,
          relax_column_count: true,
          max_record_size: 2 * longestRow,
        }) as string[][];
        return counted(cells ?? [], lines, text);
      } catch (error) {
        return { lines: 1, text: first.text, reason: error instanceof Error ? error.message.slice(0, 200) : 'not CSV' };
      }
    }
    const next = queue[at + lines];
    if (lines >= mostLines || text.length > longestRow || (!next && last) || next?.cut) {
      return { lines: 1, text: first.text, reason: 'a quote is not closed' };
    }
    if (!next) return 'more';
    text += `\n${next.text}`;
  }
}

function isEven(text: string): boolean {
  let even = true;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) even = !even;
  return even;
}
