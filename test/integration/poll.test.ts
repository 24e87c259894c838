import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type EmbeddedPostgres } from '../../hub/platform/embedded.ts';
import { createLog } from '../../hub/platform/log.ts';
import { readAnyMapping, type DialectMapping, type Mapping } from '../../ingest/mapping.ts';
import { poll, type PollTotals } from '../../ingest/poll.ts';
import { statement } from '../../ingest/pollPostgres.ts';
import { readExpected, reconcile } from '../../ingest/reconcile.ts';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { removeFolder } from '../support/folder.ts';

let hub: TestHub;
let folder: string;
let department: EmbeddedPostgres;

beforeAll(async () => {
  folder = await temporaryFolder();
  [hub, department] = await Promise.all([
    startTestHub({ settings: { roles: ['record'] } }),
    startPostgres({ dataDir: folder, log: createLog('silent') }),
  ]);
});
afterAll(async () => {
  await Promise.all([hub?.stop(), department?.stop()]);
  if (folder) await removeFolder(folder);
});

/** Runs in the department's database, also while it is coming back. */
async function there(text: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client({ connectionString: department.url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query(text);
      return;
    } catch (error) {
      if (tries > 200) throw error;
      await sleep(200);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

function mappingOf(yaml: string): Mapping | DialectMapping {
  const read = readAnyMapping(yaml, 'poll.yaml');
  if (!read.ok) throw new Error(read.errors.join('\n'));
  return read.mapping;
}

const cases = (source: string, table: string): Mapping | DialectMapping =>
  mappingOf(`
source: ${source}
region: '510104'
matter: { constant: CG-01 }
time: { format: 'YYYY/M/D H:mm' }
poll: { table: ${table}, key: id, order: changed, lag: 0, every: 0.1, batch: 50 }
case:
  number: number
  events:
    - { kind: case.accepted, id: '{source}:{casefile}:accepted', at: accepted_at, fields: { handler: clerk } }
    - { kind: case.completed, id: '{source}:{casefile}:completed', at: done_at }
`);

const makeTable = (name: string): Promise<void> =>
  there(`create table ${name} (id bigserial primary key, number text not null, accepted_at timestamp not null,
    done_at timestamptz, clerk text, changed timestamptz not null default clock_timestamp())`);
const insert = (table: string, from: number, to: number): Promise<void> =>
  there(
    `insert into ${table} (number, accepted_at, clerk) select 'P-${table}-' || n, '2026-10-12 09:00:00.5', '0701' from generate_series(${from}, ${to}) n`,
  );

async function kinds(source: string): Promise<Record<string, number>> {
  const rows = await hub.context.store
    .query<{ kind: string; count: number; ids: number }>(
      'select kind, count(*) as count, count(distinct id) as ids from event where source = $1 and refused is null group by kind',
      [source],
    )
    .catch(() => []);
  return Object.fromEntries(rows.map(({ kind, count, ids }) => [kind, count === ids ? count : -1]));
}

async function until(source: string, expected: Record<string, number>): Promise<void> {
  for (let tries = 0; tries < 700; tries += 1) {
    if (JSON.stringify(await kinds(source)) === JSON.stringify(expected)) return;
    await sleep(100);
  }
  expect(await kinds(source)).toEqual(expected);
}

const once = (mapping: Mapping | DialectMapping): Promise<PollTotals> =>
  poll(hub.context, { url: department.url, mapping, once: true });

describe('hallwatch poll', () => {
  it('loses and doubles nothing when the source, the store and the log are killed while it reads', async () => {
    await makeTable('cases');
    await insert('cases', 1, 400);
    const mapping = cases('pg-killed', 'cases');
    const ending = new AbortController();
    let pages = 0;
    const running = poll(hub.context, {
      url: department.url,
      mapping,
      signal: ending.signal,
      onProgress: () => {
        pages += 1;
        if (pages === 3) process.kill(department.pid!, 'SIGKILL');
      },
    });
    await until('pg-killed', { 'case.accepted': 400 });
    expect(department.restarts).toBeGreaterThan(0);
    process.kill(hub.backend.servers().postgres!, 'SIGKILL');
    await insert('cases', 401, 500);
    process.kill(hub.backend.servers().nats!, 'SIGKILL');
    await until('pg-killed', { 'case.accepted': 500 });
    // A row that changed comes again, and only what is new of it is an event.
    await there("update cases set done_at = '2026-10-14 16:00:00+08', changed = clock_timestamp() where id <= 60");
    await until('pg-killed', { 'case.accepted': 500, 'case.completed': 60 });
    ending.abort();
    const totals = await running;
    expect(totals.refused).toBe(0);
    const [row] = await hub.context.store.query<{ accepted: number; done: number }>(
      "select accepted_at as accepted, completed_at as done from casefile where body->>'number' = 'P-cases-7'",
    );
    expect(row).toEqual({
      accepted: Date.parse('2026-10-12T09:00:00.5+08:00'),
      done: Date.parse('2026-10-14T16:00:00+08:00'),
    });
  });

  it('goes on where it stopped, and a page that comes again adds nothing', async () => {
    await makeTable('again');
    await insert('again', 1, 120);
    const mapping = cases('pg-again', 'public.again');
    expect(await once(mapping)).toEqual({ rows: 120, accepted: 120, duplicates: 0, refused: 0 });
    expect(await once(mapping)).toEqual({ rows: 0, accepted: 0, duplicates: 0, refused: 0 });
    await insert('again', 121, 130);
    expect(await once(mapping)).toMatchObject({ rows: 10, accepted: 10 });
    // Killed after the log had the page and before the cursor moved.
    await hub.context.store.query(
      "update source_cursor set after_order = '2000-01-01', after_key = '0' where source = 'pg-again'",
    );
    expect(await once(mapping)).toEqual({ rows: 130, accepted: 0, duplicates: 130, refused: 0 });
  });

  it('refuses a row with its field and reason, and goes on', async () => {
    await makeTable('broken');
    await insert('broken', 1, 3);
    await there("update broken set accepted_at = '1900-01-01' where number = 'P-broken-2'");
    expect(await once(cases('pg-broken', 'broken'))).toEqual({ rows: 3, accepted: 2, duplicates: 0, refused: 1 });
    const kept = await hub.context.bus.manager.streams.getMessage('REFUSED', { last_by_subj: 'refused.pg-broken' });
    expect(kept!.json()).toMatchObject({ place: 'broken 2', field: 'accepted_at' });
  });

  it('reads a table of the national platform by its key alone', async () => {
    await there(
      `create table up_pro_accept (no bigserial, row_guid text, cd_operation text, cd_time timestamp, project_no text, task_code text, accept_date timestamp, promise_date date)`,
    );
    await there(`insert into up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, accept_date, promise_date) values
      ('g1', 'I', now(), 'N-1', 'CG-01', '2026-10-12 09:00:00', '2026-10-20'), ('g1', 'D', now(), 'N-1', 'CG-01', '2026-10-12 09:00:00', null)`);
    const mapping = mappingOf(`
source: pg-national
region: '510104'
dialect: national
fields: { table: up_pro_accept }
poll: { table: up_pro_accept, key: no }
`);
    expect(await once(mapping)).toEqual({ rows: 2, accepted: 1, duplicates: 0, refused: 1 });
    expect(await once(mapping)).toMatchObject({ rows: 0 });
  });

  it('says what is wrong with the definition, and never the password', async () => {
    const password = new URL(department.url).password;
    const wrong = department.url.replace(password, 'not-the-password');
    const attempts: [() => Promise<unknown>, RegExp][] = [
      [() => once(cases('pg-none', 'nowhere')), /refused to read nowhere: .*does not exist/],
      [
        () =>
          once(
            mappingOf(
              "source: x\nregion: '510104'\ncase: { number: n, events: [{ kind: case.completed, id: a, at: b }] }\n",
            ),
          ),
        /no poll/,
      ],
      [
        () => poll(hub.context, { url: wrong, mapping: cases('pg-none', 'cases'), once: true }),
        /refused to read cases: password/,
      ],
      [
        () =>
          once(
            mappingOf(
              "source: x\nregion: '510104'\npoll: { table: cases, key: id }\ncase: { number: nr, events: [{ kind: case.completed, id: a, at: b }] }\n",
            ),
          ),
        /no column nr, b/,
      ],
      [
        () => poll(hub.context, { url: department.url, mapping: cases('x', 'cases'), region: '999999', once: true }),
        /expected a region/,
      ],
    ];
    for (const [attempt, reason] of attempts) {
      const error: unknown = await attempt().catch((each: unknown) => each);
      expect(String(error)).toMatch(reason);
      expect(String(error)).not.toContain('not-the-password');
      expect(String(error)).not.toContain(password);
    }
  });

  it('never lets a name become SQL', () => {
    const read = readAnyMapping(
      "source: x\ndialect: national\npoll: { table: 'a\"; drop table b', key: id }\n",
      'm.yaml',
    );
    expect(read.ok).toBe(false);
    const { text } = statement({ table: 'a b.c', key: 'i"d', lag: 5, every: 5, batch: 10 }, { order: null, key: '7' });
    expect(text).toBe(
      'select t.*, null::text as hallwatch_order, t."i""d"::text as hallwatch_key from "a b"."c" t where t."i""d" is not null and t."i""d" > $2 order by t."i""d" limit $1',
    );
  });
});

describe('hallwatch reconcile', () => {
  it('counts a day of a source by kind, against what was expected', async () => {
    await makeTable('counted');
    await insert('counted', 1, 5);
    await there("update counted set done_at = '2026-10-12 23:59:59+08' where id <= 2");
    await there("update counted set done_at = '2026-10-13 00:00:00+08' where id = 3");
    expect(await once(cases('pg-counted', 'counted'))).toMatchObject({ accepted: 8 });
    await until('pg-counted', { 'case.accepted': 5, 'case.completed': 3 });
    const { store } = hub.context;
    expect(await reconcile(store, 'pg-counted', '2026-10-12')).toEqual([
      { kind: 'case.accepted', recorded: 5, refused: 0 },
      { kind: 'case.completed', recorded: 2, refused: 0 },
      { kind: 'all', recorded: 7, refused: 0 },
    ]);
    const expected = readExpected('kind,count\ncase.accepted,5\r\ncase.completed,3\ncase.decided,1\n');
    expect(await reconcile(store, 'pg-counted', '2026-10-12', expected)).toEqual([
      { kind: 'case.accepted', recorded: 5, refused: 0, expected: 5, difference: 0 },
      { kind: 'case.decided', recorded: 0, refused: 0, expected: 1, difference: -1 },
      { kind: 'case.completed', recorded: 2, refused: 0, expected: 3, difference: -1 },
      { kind: 'all', recorded: 7, refused: 0 },
    ]);
    expect(await reconcile(store, 'pg-counted', '2026-10-13', readExpected('1'))).toEqual([
      { kind: 'case.completed', recorded: 1, refused: 0 },
      { kind: 'all', recorded: 1, refused: 0, expected: 1, difference: 0 },
    ]);
  });

  it.each([
    ['a,b\n', /line 1 .*kind,count/],
    ['kind,count\ncase.burnt,1', /line 2 .*expected all or one of/],
    ['kind,count\nall,-1', /line 2 .*whole number/],
    ['kind,count\nall,1\nall,2', /line 3 .*twice/],
    ['"', /no CSV/],
  ])('names what is wrong with expected counts (%j)', (text, reason) => {
    expect(() => readExpected(text)).toThrow(reason);
  });
});
