/** Which format a file has, by its first bytes: CSV, XLSX, XES, or JSON lines where the mapping is of a dialect. */
import { readCsv } from './csv.ts';
import { readLines } from './lines.ts';
import { columnsOf, type DialectMapping, type Mapping } from './mapping.ts';
import type { Row } from './rows.ts';
import { readXes } from './xes.ts';
import { readXlsx } from './xlsx.ts';

/** XES and XLSX by their first characters, which no CSV begins with; NDJSON where the rows are messages. */
export async function rowsOf(
  chunks: AsyncIterable<Uint8Array>,
  mapping: Mapping | DialectMapping,
): Promise<{ rows: AsyncGenerator<Row[]>; isSheet: boolean }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done ? new Uint8Array() : first.value;
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      if (first.done) return;
      yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      // Whoever stops reading early must still close the file.
      await iterator.return?.();
    }
  }
  const text = Buffer.from(head.subarray(0, 200))
    .toString('latin1')
    .replace(/^(\xef\xbb\xbf)?\s*/, '');
  if (text.startsWith('PK\u0003\u0004')) {
    const columns = 'dialect' in mapping ? undefined : columnsOf(mapping);
    return { rows: readXlsx(whole(), { sheet: mapping.sheet, columns }), isSheet: true };
  }
  const read = text.startsWith('<') ? readXes : 'dialect' in mapping && text.startsWith('{') ? readLines : undefined;
  return { rows: read ? read(whole()) : readCsv(whole(), mapping), isSheet: false };
}
