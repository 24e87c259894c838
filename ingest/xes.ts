/** Events of an XES file (IEEE 1849) as rows: a trace's attribute `x` is the column `case:x`, an event's attribute `x` the column `x`. */
import { SaxesParser } from 'saxes';
import { HubError } from '../hub/model/error.ts';
import { longestRow, type Row } from './rows.ts';

const attributes = new Set(['string', 'date', 'int', 'float', 'boolean', 'id']);
const mostAttributes = 500;

/** Yields rows in batches. XML that is not well formed cannot be read past its fault: the last row is then fatal. */
export async function* readXes(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row[]> {
  const parser = new SaxesParser();
  let rows: Row[] = [];
  let fault: string | undefined;
  let trace: Map<string, string> | undefined;
  let event: Map<string, string> | undefined;
  let eventLine = 1;
  /** Depth inside trace or event: an attribute's own children (meta attributes) are not columns. */
  let inside = 0;
  let moved = 0;

  parser.on('error', (error) => (fault ??= error.message));
  parser.on('opentag', (tag) => {
    moved = parser.position;
    if (fault !== undefined) return;
    if (tag.name === 'trace') {
      trace = new Map();
      inside = 0;
    } else if (tag.name === 'event' && trace) {
      event = new Map();
      eventLine = parser.line;
      inside = 0;
    } else if (trace) {
      const target = event ?? trace;
      const { key, value } = tag.attributes;
      if (inside === 0 && attributes.has(tag.name) && key !== undefined && value !== undefined) {
        if (target.size >= mostAttributes || value.length > longestRow)
          fault = `line ${parser.line}: more or longer attributes than this hub reads`;
        else target.set(event ? key : `case:${key}`, value);
      }
      inside += 1;
    }
  });
  parser.on('closetag', (tag) => {
    moved = parser.position;
    if (fault !== undefined) return;
    if (tag.name === 'trace') {
      trace = undefined;
    } else if (tag.name === 'event' && trace && event) {
      const values = new Map([...trace, ...event]);
      rows.push({ ok: true, line: eventLine, values, text: JSON.stringify(Object.fromEntries(values)), sparse: true });
      event = undefined;
    } else if (trace) {
      inside -= 1;
    }
  });

  const decoder = new TextDecoder('utf-8');
  try {
    for await (const chunk of chunks) {
      parser.write(decoder.decode(chunk, { stream: true }));
      if (parser.position - moved > 4 * longestRow)
        fault ??= `line ${parser.line}: no tag for more than ${4 * longestRow} characters`;
      if (rows.length > 0) yield rows;
      rows = [];
      if (fault !== undefined) break;
    }
    if (fault === undefined) parser.close();
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'gzip.broken') throw error;
    fault = error.message;
  }
  if (fault !== undefined) rows.push({ ok: false, line: parser.line, field: '', reason: fault, text: '', fatal: true });
  if (rows.length > 0) yield rows;
}
