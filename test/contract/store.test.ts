import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type EmbeddedPostgres } from '../../hub/platform/embedded.ts';
import { createLog } from '../../hub/platform/log.ts';
import { migrate, schemaFolder } from '../../hub/platform/migrate.ts';
import { connectStore, type Store } from '../../hub/platform/postgres.ts';
import { removeFolder } from '../support/folder.ts';
import { storeOverPglite } from '../support/pglite.ts';

const log = createLog('silent');

interface Subject {
  store: Store;
  close(): Promise<void>;
}

async function embedded(): Promise<Subject> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hallwatch-'));
  let server: EmbeddedPostgres | undefined;
  try {
    server = await startPostgres({ dataDir, log });
    const store = await connectStore({ url: server.url, log });
    const running = server;
    return {
      store,
      async close() {
        await store.close();
        await running.stop();
        await removeFolder(dataDir);
      },
    };
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

async function timescale(): Promise<Subject> {
  const store = await storeOverPglite();
  return { store, close: () => store.close() };
}

const day = 86_400_000;
const monday = Date.UTC(2026, 10, 16);

/** The recorder's own way of writing: one UNNEST, repeated ids fall away. */
const insertEvents = `
  with fresh as (
    insert into event_id (id, position, digest) select * from unnest($1::text[], $2::bigint[], $3::bytea[]) on conflict do nothing returning id
  )
  insert into event (position, received_at, id, region, kind, occurred_at, source, body)
  select position, received_at, batch.id, '510104', 'case.accepted', received_at, 'test', body
  from unnest($1::text[], $2::bigint[], $4::bigint[], $5::jsonb[]) as batch (id, position, received_at, body) join fresh on fresh.id = batch.id
  on conflict do nothing returning id`;

function batch(count: number, from = 0): unknown[] {
  const index = Array.from({ length: count }, (_, each) => from + each);
  return [
    index.map((each) => `e${each}`),
    index.map((each) => each + 1),
    index.map((each) => Buffer.from([each % 256])),
    index.map((each) => monday + (each % 5) * day),
    index.map((each) => JSON.stringify({ number: each, name: '办件' })),
  ];
}

describe.each([
  { name: 'embedded PostgreSQL', tier: 'plain', open: embedded },
  { name: 'TimescaleDB in PGlite', tier: 'community', open: timescale },
])('store: $name', ({ tier, open }) => {
  let subject: Subject;
  let store: Store;
  beforeAll(async () => {
    subject = await open();
    ({ store } = subject);
  }, 180_000);
  afterAll(() => subject?.close());

  it('knows its tier', () => expect(store.tier).toBe(tier));

  it('migrates once, every file of its tier', async () => {
    const first = await migrate(store, { log });
    const variant = tier === 'plain' ? 'plain' : 'timescale';
    expect(first.applied).toContain('001_base.sql');
    expect(first.applied).toContain(`002_event.${variant}.sql`);
    expect(
      first.applied.filter((name) => /\.(plain|timescale)\./.test(name)).every((name) => name.includes(`.${variant}.`)),
    ).toBe(true);
    expect(await migrate(store, { log })).toEqual({ version: first.version, applied: [] });
  });

  it('lets two hubs migrate at once', async () => {
    await Promise.all([migrate(store, { log }), migrate(store, { log })]);
    const rows = await store.query<{ version: number; times: number }>(
      'select version, count(*) as times from migration group by version',
    );
    expect(rows.every(({ times }) => times === 1)).toBe(true);
  });

  describe('with another folder of steps', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'hallwatch-schema-'));
    });
    afterAll(() => rm(folder, { recursive: true }));
    const copy = () => cp(schemaFolder(), folder, { recursive: true, force: true });

    it('refuses a step that was edited after it had been applied', async () => {
      await copy();
      await writeFile(join(folder, '001_base.sql'), 'select 1');
      await expect(migrate(store, { log, folder })).rejects.toMatchObject({
        code: 'schema.changed',
        message: expect.stringContaining('001_base.sql was edited'),
      });
    });

    it('refuses a database that a newer hub has made', async () => {
      await copy();
      await store.query(`insert into migration values (900, '900_later.sql', 'x', 0)`);
      await expect(migrate(store, { log, folder })).rejects.toMatchObject({ code: 'schema.newer' });
      await store.query('delete from migration where version = 900');
    });

    it('applies nothing of a step that fails half-way, and goes on when it is mended', async () => {
      await copy();
      await writeFile(join(folder, '800_bad.sql'), 'create table half (a int); select * from nowhere;');
      await expect(migrate(store, { log, folder })).rejects.toMatchObject({
        code: 'schema.failed',
        message: expect.stringContaining('800_bad.sql'),
      });
      expect(await store.query(`select from pg_tables where tablename = 'half'`)).toHaveLength(0);
      await writeFile(join(folder, '800_bad.sql'), 'create table half (a int);');
      expect((await migrate(store, { log, folder })).applied).toEqual(['800_bad.sql']);
      await store.query('drop table half');
      await store.query('delete from migration where version = 800');
    });

    it('refuses two steps of one number', async () => {
      await copy();
      await writeFile(join(folder, '001_twice.sql'), 'select 1');
      await expect(migrate(store, { log, folder })).rejects.toMatchObject({ code: 'schema.name' });
    });
  });

  it('answers int8 as numbers, days as text, jsonb parsed, bytes as bytes, times of day in UTC', async () => {
    const [row] = await store.query(
      `select 1763800000000::int8 as big, $1::int8 as given, date '2026-02-28' as day, '{"a":[1,"二"]}'::jsonb as json, '\\x00ff'::bytea as bytes,
       array[1, 2]::int8[] as bigs, null::int8 as nothing, count(*) as count, to_char(to_timestamp(0), 'YYYY-MM-DD HH24:MI') as epoch from (values (1), (2)) as v`,
      [1_763_800_000_001],
    );
    expect(row).toMatchObject({
      big: 1763800000000,
      given: 1763800000001,
      day: '2026-02-28',
      json: { a: [1, '二'] },
      bigs: [1, 2],
      nothing: null,
      count: 2,
      epoch: '1970-01-01 00:00',
    });
    expect(Buffer.from(row!.bytes as Uint8Array)).toEqual(Buffer.from([0, 255]));
  });

  it('runs several statements of one text and answers the last', async () => {
    expect(
      await store.query(
        'create temp table several (a int); insert into several values (1), (2); select a from several order by a',
      ),
    ).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('writes a batch of 1,000 over five days once, however often it comes', async () => {
    expect(await store.query(insertEvents, batch(1_000))).toHaveLength(1_000);
    expect(await store.query(insertEvents, batch(1_000))).toHaveLength(0);
    expect(await store.query(insertEvents, batch(1_000, 500))).toHaveLength(500);
    const [row] = await store.query(
      'select count(*) as rows, count(distinct id) as ids, max(position) as last from event',
    );
    expect(row).toEqual({ rows: 1_500, ids: 1_500, last: 1_500 });
  });

  it('rolls a transaction back when its work throws, and goes on', async () => {
    const broken = store.transaction(async (runner) => {
      await runner.query(insertEvents, batch(10, 5_000));
      expect(await runner.query(`select from event where id = 'e5000'`)).toHaveLength(1);
      throw new Error('half-way');
    });
    await expect(broken).rejects.toThrow('half-way');
    expect(await store.query(`select from event where id = 'e5000'`)).toHaveLength(0);
    expect(await store.query(`select from event_id where id = 'e5000'`)).toHaveLength(0);
  });

  it('rolls back when a statement fails, with the error of the database', async () => {
    const broken = store.transaction(async (runner) => {
      await runner.query(`insert into calendar_year values (2099, true)`);
      await runner.query(`insert into calendar_year values (2099, true)`);
    });
    await expect(broken).rejects.toMatchObject({ code: '23505' });
    expect(await store.query('select from calendar_year where year = 2099')).toHaveLength(0);
  });

  it('answers the value of a transaction', async () => {
    expect(await store.transaction(async (runner) => (await runner.query<{ n: number }>('select 7 as n'))[0]!.n)).toBe(
      7,
    );
  });
});

describe('store: what only a tier has', () => {
  it('community: event, delivery and view_report are hypertables of one day a chunk, and old chunks can be compressed and read', async () => {
    const { store, close } = await timescale();
    try {
      await migrate(store, { log });
      const tables = await store.query<{ name: string }>(
        'select hypertable_name as name from timescaledb_information.hypertables order by 1',
      );
      expect(tables.map(({ name }) => name)).toEqual(['delivery', 'event', 'view_report']);
      await store.query(insertEvents, batch(1_000));
      const [before] = await store.query(
        `select count(*) as chunks from timescaledb_information.chunks where hypertable_name = 'event'`,
      );
      expect(before).toEqual({ chunks: 5 });
      const [job] = await store.query<{ job_id: number }>(
        `select job_id from timescaledb_information.jobs where hypertable_name = 'event'`,
      );
      await store.query(`select compress_chunk(chunk) from show_chunks('event') as chunk`);
      expect(job).toBeDefined();
      const [after] = await store.query(
        `select count(*) as rows, max(position) as last from event where body->>'name' = '办件'`,
      );
      expect(after).toEqual({ rows: 1_000, last: 1_000 });
      // A redelivery of an old event finds its id, compressed or not.
      expect(await store.query(insertEvents, batch(1_000))).toHaveLength(0);
    } finally {
      await close();
    }
  });

  it('says store.away, and not something of the driver, when nobody answers', async () => {
    await expect(
      connectStore({ url: 'postgres://a:secret@127.0.0.1:9/a', log, connectWithinMs: 300 }),
    ).rejects.toMatchObject({ code: 'store.away', message: expect.not.stringContaining('secret') });
  });
});
