/** `hallwatch poll`: a department's table, page by page, through a mapping onto the log; it goes on where it stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../hub/model/error.ts';
import type { CaseEvent } from '../hub/model/event.ts';
import { checkAgainst, type Fault } from '../hub/model/parse.ts';
import type { Context } from '../hub/platform/part.ts';
import { rowReader } from './derive.ts';
import { columnsOf, withIsoTimes, type DialectMapping, type Mapping } from './mapping.ts';
import { openTable, type Cursor } from './pollTable.ts';
import type { GoodRow } from './rows.ts';
import { Submitter } from './submit.ts';
import { offsetOf } from './time.ts';

export interface PollOptions {
  /** `postgres://…` or `mysql://…` of the department's database; it is never logged. */
  url: string;
  mapping: Mapping | DialectMapping;
  region?: string;
  /** Ends when the table has nothing new. */
  once?: boolean;
  signal?: AbortSignal;
  onProgress?: (totals: PollTotals) => void;
}

export interface PollTotals {
  rows: number;
  accepted: number;
  duplicates: number;
  refused: number;
}

type Ground = Pick<Context, 'bus' | 'store' | 'world' | 'log'>;
const longestPause = 10_000;

/**
 * Reads until it is interrupted, or with `once` until there is nothing new. A page is in the log before the cursor moves: whoever
 * is killed in between, the page comes again and its events are duplicates. Throws HubError when the mapping does not fit.
 */
export async function poll(ground: Ground, options: PollOptions): Promise<PollTotals> {
  const { mapping, signal } = options;
  const definition = mapping.poll;
  if (!definition) throw new HubError('poll.mapping', 'the mapping has no poll: expected poll with table and key');
  const region = options.region ?? mapping.region;
  if (region === undefined || !ground.world().regions.has(region))
    throw new HubError('poll.region', `expected a region that the hub knows; got ${region ?? 'none'}`);
  const pollster = new Pollster(ground, 'reader' in mapping ? withIsoTimes(mapping) : mapping, region);
  const zone = 'time' in mapping ? mapping.time.zone : 'Asia/Shanghai';
  const table = openTable(options.url, definition, offsetOf(zone) ?? 0);
  let pause = 100;
  try {
    while (!signal?.aborted) {
      try {
        const cursor = await pollster.cursor();
        const { rows, last } = await table.page(cursor);
        pause = 100;
        if (last) {
          await pollster.take(rows);
          await pollster.move(last, rows.length);
          options.onProgress?.(pollster.totals);
        }
        if (rows.length >= definition.batch) continue;
        if (options.once) break;
        await rest(definition.every * 1_000, signal);
      } catch (error) {
        if (!(error instanceof HubError) || !error.code.endsWith('.away')) throw error;
        ground.log.warn({ code: error.code, source: mapping.source }, error.message);
        await rest(pause, signal);
        pause = Math.min(pause * 2, longestPause);
      }
    }
  } finally {
    await table.close();
  }
  return pollster.totals;
}

async function rest(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal ? { signal } : {}).catch(() => {});
}

class Pollster {
  readonly totals: PollTotals = { rows: 0, accepted: 0, duplicates: 0, refused: 0 };
  readonly #ground: Ground;
  readonly #mapping: Mapping | DialectMapping;
  readonly #region: string;
  readonly #submitter: Submitter;

  constructor(ground: Ground, mapping: Mapping | DialectMapping, region: string) {
    this.#ground = ground;
    this.#mapping = mapping;
    this.#region = region;
    this.#submitter = new Submitter(ground);
  }

  async cursor(): Promise<Cursor | undefined> {
    const [row] = await this.#ground.store.query<{ order: string | null; key: string }>(
      'select after_order as "order", after_key as key from source_cursor where source = $1 and origin = $2',
      [this.#mapping.source, this.#origin],
    );
    return row;
  }

  async move(to: Cursor, rows: number): Promise<void> {
    await this.#ground.store.query(
      `insert into source_cursor (source, origin, after_order, after_key, rows, at) values ($1, $2, $3, $4, $5, $6)
       on conflict (source, origin) do update set after_order = $3, after_key = $4, rows = source_cursor.rows + $5, at = $6`,
      [this.#mapping.source, this.#origin, to.order, to.key, rows, Date.now()],
    );
    this.totals.rows += rows;
  }

  async take(rows: readonly Map<string, string>[]): Promise<void> {
    // A reader for each page: its ids, not its memory, keep an event from being made twice, and a row that changed is read anew.
    const reader = rowReader(this.#mapping, this.#region);
    const world = this.#ground.world();
    const missing = [...columnsOf(this.#mapping)].filter((column) => !rows[0]?.has(column));
    if (missing.length > 0)
      throw new HubError('poll.columns', `the table has no column ${missing.join(', ')}, which the mapping names`);
    const events: { event: CaseEvent; row: GoodRow }[] = [];
    const refused: (Fault & { row: GoodRow })[] = [];
    rows.forEach((values, index) => {
      const row: GoodRow = { ok: true, line: index + 1, values, text: JSON.stringify(Object.fromEntries(values)) };
      const derived = reader.take(row);
      for (const fault of derived.faults) refused.push({ ...fault, row });
      for (const event of derived.events) {
        const fault = checkAgainst(world, event, Date.now());
        if (fault) refused.push({ ...fault, row });
        else events.push({ event, row });
      }
    });
    const { accepted, duplicates, clashes } = await this.#submitter.submit(events.map(({ event }) => event));
    for (const at of clashes)
      refused.push({ field: 'id', reason: 'another event was sent under this id', row: events[at]!.row });
    for (const { field, reason, row, withhold } of refused)
      await this.#ground.bus.refuse({
        source: this.#mapping.source,
        place: `${this.#origin} ${row.values.get(this.#mapping.poll!.key) ?? ''}`.slice(0, 120),
        field,
        reason,
        bytes: withhold ? Buffer.alloc(0) : Buffer.from(row.text),
      });
    this.totals.accepted += accepted;
    this.totals.duplicates += duplicates;
    this.totals.refused += refused.length;
  }

  get #origin(): string {
    return this.#mapping.poll!.table;
  }
}
