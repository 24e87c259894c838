/** Daily reconciliation (FS-20): what a source says that it sent of a day, and what the archive has of it. */
import { parse } from 'csv-parse/sync';
import { endOf, startOf } from '../hub/model/calendar.ts';
import { caseEvent } from '../hub/model/event.ts';
import { HubError } from '../hub/model/error.ts';
import type { Store } from '../hub/platform/postgres.ts';

export interface Line {
  /** A kind of event, or `all`. */
  kind: string;
  recorded: number;
  /** Kept, but refused by the recorder; not in `recorded`. */
  refused: number;
  expected?: number;
  /** recorded − expected. */
  difference?: number;
}

const kinds: readonly string[] = caseEvent.options.map((option) => option.shape.kind.value);
const whole = /^\d{1,12}$/;

/** A total, or the text of a CSV file with the columns `kind` and `count`. Throws `HubError('reconcile.expected')` that names the line. */
export function readExpected(text: string): Map<string, number> {
  if (whole.test(text.trim())) return new Map([['all', Number(text)]]);
  const wrong = (line: number, what: string): HubError =>
    new HubError('reconcile.expected', `line ${line} of the expected counts: ${what}`);
  let rows: string[][];
  try {
    rows = parse(text, { bom: true, trim: true, skip_empty_lines: true, relax_column_count: true, to: 100 });
  } catch (error) {
    throw new HubError('reconcile.expected', 'the expected counts are no CSV', { cause: error });
  }
  if (rows[0]?.join() !== 'kind,count') throw wrong(1, 'expected the columns kind,count');
  const expected = new Map<string, number>();
  rows.slice(1).forEach(([kind = '', count = ''], index) => {
    const line = index + 2;
    if (kind !== 'all' && !kinds.includes(kind)) throw wrong(line, `expected all or one of ${kinds.join(', ')}`);
    if (!whole.test(count))
      throw wrong(line, `count: expected a whole number; got ${JSON.stringify(count.slice(0, 60))}`);
    if (expected.has(kind)) throw wrong(line, `${kind} stands there twice`);
    expected.set(kind, Number(count));
  });
  return expected;
}

/** Counts of the events that happened on `day` (YYYY-MM-DD, Asia/Shanghai), by kind, and of all. */
export async function reconcile(
  store: Pick<Store, 'query'>,
  source: string,
  day: string,
  expected: ReadonlyMap<string, number> = new Map(),
): Promise<Line[]> {
  const rows = await store.query<{ kind: string; recorded: number; refused: number }>(
    `select kind, count(*) filter (where refused is null) as recorded, count(*) filter (where refused is not null) as refused
     from event where source = $1 and occurred_at between $2 and $3 and kind like 'case.%' group by kind`,
    [source, startOf(day), endOf(day)],
  );
  const found = new Map(rows.map((row) => [row.kind, row]));
  const lines: Line[] = [];
  const add = (kind: string, recorded: number, refused: number): void => {
    const wanted = expected.get(kind);
    lines.push({
      kind,
      recorded,
      refused,
      ...(wanted === undefined ? {} : { expected: wanted, difference: recorded - wanted }),
    });
  };
  for (const kind of kinds) {
    const row = found.get(kind);
    if (row || expected.has(kind)) add(kind, row?.recorded ?? 0, row?.refused ?? 0);
  }
  const sum = (of: 'recorded' | 'refused'): number => rows.reduce((total, row) => total + row[of], 0);
  add('all', sum('recorded'), sum('refused'));
  return lines;
}
