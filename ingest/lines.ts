/** Rows of an NDJSON file: one flat JSON object a line. A broken line costs itself only. */
import { HubError } from '../hub/model/error.ts';
import { parseLines } from './body.ts';
import { longestRow, type Row } from './rows.ts';

/** Yields rows in batches. The last one is fatal when the bytes end in a broken gzip, or a line has no end. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row[]> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  const fatal = (reason: string): Row[] => [
    { ok: false, line: number + 1, field: '', reason, text: rest.toString('utf8', 0, 1_000), fatal: true },
  ];
  try {
    for await (const chunk of chunks) {
      const bytes = Buffer.concat([rest, chunk]);
      const rows: Row[] = [];
      let from = 0;
      for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, from)) {
        number += 1;
        rows.push(...rowOf(bytes.subarray(from, end), number));
        from = end + 1;
      }
      rest = bytes.subarray(from);
      if (rows.length > 0) yield rows;
      if (rest.length > longestRow)
        return void (yield fatal(`longer than ${longestRow} bytes: expected one object a line`));
    }
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'gzip.broken') throw error;
    return void (yield fatal(error.message));
  }
  const rows = rowOf(rest, number + 1);
  if (rows.length > 0) yield rows;
}

function rowOf(line: Buffer, number: number): Row[] {
  const text = line.toString('utf8').trim();
  const body = parseLines(line);
  const [candidate] = body.ok ? body.candidates : [];
  if (!candidate) return [];
  const bad = (reason: string, field = ''): Row[] => [{ ok: false, line: number, field, reason, text }];
  if (!candidate.ok) return bad(candidate.reason.replace(/^line 1: /, '').replace('line 1, ', ''));
  const { input } = candidate;
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return bad('expected one JSON object a line');
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(input)) {
    if (typeof value === 'object' && value !== null) return bad('expected a text or a number', name.slice(0, 120));
    values.set(name, value === null ? '' : String(value));
  }
  return [{ ok: true, line: number, values, text, sparse: true }];
}
