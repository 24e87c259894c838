/** `hallwatch rebuild`: replays the archive of events into an empty store and compares every derived row. */
import type { Event } from '../model/event.ts';
import type { World } from '../model/world.ts';
import type { Runner, Store } from '../platform/postgres.ts';
import { Recorder } from './batch.ts';
import { shapes } from './shapes.ts';

/** Everything that is derived from the log, with the order in which its rows are compared. */
const derived: Record<string, string> = {
  event: 'position',
  event_id: 'id',
  ...Object.fromEntries(Object.values(shapes).map(({ name, key }) => [name, key])),
  ledger: 'region, sequence',
};

export interface Compared {
  table: string;
  rows: number;
  rebuilt: number;
  equal: boolean;
}

export interface Rebuilt {
  events: number;
  seconds: number;
  equal: boolean;
  tables: Compared[];
}

/** Larger than a batch of the log: a casefile that changes within one is written once. */
const page = 4_000;

/**
 * Replays `source`'s events, in one consistent view of it, into `target`, which must be migrated and empty of events and is
 * good for nothing else afterwards; then compares the derived tables by count and digest. `source` may go on being written meanwhile.
 */
export async function rebuild(
  source: Store,
  target: Store,
  world: World,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Rebuilt> {
  const started = Date.now();
  return source.transaction(async (view) => {
    await view.query('set transaction isolation level repeatable read, read only');
    const [{ total } = { total: 0 }] = await view.query<{ total: number }>('select count(*) as total from event');
    await lighten(target);
    const recorder = new Recorder(target, () => world, { isReplay: true });
    const read = (after: number): Promise<{ position: number; received_at: number; body: Event }[]> =>
      view.query('select position, received_at, body from event where position > $1 order by position limit $2', [
        after,
        page,
      ]);
    let done = 0;
    // One page is being read and another being written while the one between them is decided.
    let writing: Promise<unknown> = Promise.resolve();
    let reading = read(0);
    for (;;) {
      const rows = await reading;
      if (rows.length === 0) break;
      reading = read(rows.at(-1)!.position);
      // Both are heard at the next turn; until then a failure must not count as unheard.
      reading.catch(() => {});
      const prepared = await recorder.prepare(
        rows.map((row) => ({ event: row.body, receivedAt: row.received_at, position: row.position })),
      );
      await writing;
      writing = recorder.commit(prepared);
      writing.catch(() => {});
      done += rows.length;
      onProgress(done, total);
    }
    await writing;
    const seconds = (Date.now() - started) / 1_000;
    const tables = await compare(view, target);
    return { events: done, seconds, equal: tables.every((each) => each.equal), tables };
  });
}

/** The target is read by its keys alone, once, and dropped: it needs neither lists' indexes nor a write-ahead log. */
async function lighten(target: Store): Promise<void> {
  const tables = Object.keys(derived);
  const indexes = await target.query<{ name: string }>(
    'select indexrelid::regclass::text as name from pg_index where indrelid = any($1::text[]::regclass[]) and not indisunique',
    [tables],
  );
  if (indexes.length > 0) await target.query(`drop index ${indexes.map(({ name }) => name).join(', ')}`);
  // TimescaleDB's tables cannot do without.
  if (target.tier !== 'plain') return;
  for (const table of tables) await target.query(`alter table ${table} set unlogged`);
}

async function compare(source: Runner, target: Runner): Promise<Compared[]> {
  const compared: Compared[] = [];
  for (const [table, order] of Object.entries(derived)) {
    const text = `select count(*) as rows, coalesce(md5(string_agg(md5(t::text), '' order by ${order})), '') as digest from ${table} t`;
    const [[a], [b]] = await Promise.all([
      source.query<{ rows: number; digest: string }>(text),
      target.query<{ rows: number; digest: string }>(text),
    ]);
    compared.push({ table, rows: a!.rows, rebuilt: b!.rows, equal: a!.rows === b!.rows && a!.digest === b!.digest });
  }
  return compared;
}
