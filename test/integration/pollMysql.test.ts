import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnyMapping, type DialectMapping, type Mapping } from '../../ingest/mapping.ts';
import { poll, type PollTotals } from '../../ingest/poll.ts';
import { statement } from '../../ingest/pollMysql.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { password, startMariadb, type Mariadb } from '../support/mariadb.ts';

let hub: TestHub;
let department: Mariadb;

beforeAll(async () => {
  [hub, department] = await Promise.all([startTestHub({ settings: { roles: ['record'] } }), startMariadb()]);
});
afterAll(() => Promise.all([hub?.stop(), department?.stop()]));

function mappingOf(yaml: string): Mapping | DialectMapping {
  const read = readAnyMapping(yaml, 'poll.yaml');
  if (!read.ok) throw new Error(read.errors.join('\n'));
  return read.mapping;
}

const cases = (source: string, change = ''): Mapping | DialectMapping =>
  mappingOf(`
source: ${source}
region: '510104'
matter: { constant: CG-01 }
poll: { table: ${source.replace('my-', '')}, key: id, order: changed, lag: 0, every: 0.1, batch: 50 }
${change}
case:
  number: 编号
  events:
    - { kind: case.accepted, id: '{source}:{casefile}:accepted', at: accepted_at, fields: { handler: clerk, note: note } }
    - { kind: case.completed, id: '{source}:{casefile}:completed', at: done_at }
`);

/** GBK, a key beyond what a double tells apart, DATETIME beside TIMESTAMP. */
const makeTable = (name: string): Promise<void> =>
  department.run(`create table ${name} (id bigint unsigned auto_increment primary key, 编号 varchar(60) not null, accepted_at datetime(3) not null,
    done_at timestamp null, clerk varchar(20), note text, photo blob, changed timestamp(6) not null default current_timestamp(6) on update current_timestamp(6)) default charset gbk auto_increment=9007199254740993`);
const insert = (table: string, from: number, to: number): Promise<void> =>
  department.run(
    `insert into ${table} (编号, accepted_at, clerk, note, photo) select concat('M-${table}-', seq), '2026-10-12 09:00:00.5', '0701', '张三的申请', x'ff00' from seq_${from}_to_${to}`,
  );

async function counted(source: string): Promise<Record<string, number>> {
  const rows = await hub.context.store
    .query<{ kind: string; count: number; ids: number }>(
      'select kind, count(*) as count, count(distinct id) as ids from event where source = $1 and refused is null group by kind',
      [source],
    )
    .catch(() => []);
  return Object.fromEntries(rows.map(({ kind, count, ids }) => [kind, count === ids ? count : -1]));
}

async function until(source: string, expected: Record<string, number>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (JSON.stringify(await counted(source)) === JSON.stringify(expected)) return;
    await sleep(100);
  }
  expect(await counted(source)).toEqual(expected);
}

const once = (mapping: Mapping | DialectMapping, url = department.url): Promise<PollTotals> =>
  poll(hub.context, { url, mapping, once: true });

describe('hallwatch poll of MySQL', () => {
  it('loses and doubles nothing when the source is killed while it is read, and reads changed rows again', async () => {
    await makeTable('killed');
    await insert('killed', 1, 400);
    const ending = new AbortController();
    let pages = 0;
    const running = poll(hub.context, {
      url: department.url,
      mapping: cases('my-killed'),
      signal: ending.signal,
      onProgress: () => {
        pages += 1;
        if (pages === 3) process.kill(department.pid!, 'SIGKILL');
      },
    });
    await until('my-killed', { 'case.accepted': 400 });
    expect(department.restarts).toBeGreaterThan(0);
    await department.run("set time_zone = '+08:00'; update killed set done_at = '2026-10-14 16:00:00' limit 60");
    await until('my-killed', { 'case.accepted': 400, 'case.completed': 60 });
    ending.abort();
    expect((await running).refused).toBe(0);
    // DATETIME stands on the mapping's clock, TIMESTAMP is shown on it; GBK arrives as what it says.
    const [row] = await hub.context.store.query<Record<string, unknown>>(
      "select (body->>'occurredAt')::bigint as at, body->>'note' as note from event where source = 'my-killed' and kind = 'case.accepted' limit 1",
    );
    expect(row).toEqual({ at: Date.parse('2026-10-12T09:00:00.5+08:00'), note: '张三的申请' });
    const [done] = await hub.context.store.query<Record<string, unknown>>(
      "select distinct occurred_at as at from event where source = 'my-killed' and kind = 'case.completed'",
    );
    expect(done).toEqual({ at: Date.parse('2026-10-14T16:00:00+08:00') });
  });

  it('goes on where it stopped, by time and key or by key alone, and a page that comes again adds nothing', async () => {
    await makeTable('again');
    await insert('again', 1, 120);
    const mapping = cases('my-again');
    expect(await once(mapping)).toEqual({ rows: 120, accepted: 120, duplicates: 0, refused: 0 });
    expect(await once(mapping)).toMatchObject({ rows: 0 });
    await insert('again', 121, 130);
    expect(await once(mapping)).toMatchObject({ rows: 10, accepted: 10 });
    await hub.context.store.query(
      "update source_cursor set after_order = '2000-01-01', after_key = '0' where source = 'my-again'",
    );
    expect(await once(mapping)).toEqual({ rows: 130, accepted: 0, duplicates: 130, refused: 0 });
    // The same rows by key alone, as another source: the keys are neighbours above 2^53.
    const byKey = cases('my-again');
    byKey.source = 'my-by-key';
    byKey.poll = { ...byKey.poll!, order: undefined, batch: 7 };
    expect(await once(byKey)).toEqual({ rows: 130, accepted: 130, duplicates: 0, refused: 0 });
    const [cursor] = await hub.context.store.query<{ key: string }>(
      "select after_key as key from source_cursor where source = 'my-by-key'",
    );
    expect(BigInt(cursor!.key)).toBeGreaterThan(2n ** 53n);
  });

  it('reads a zero date as no date, explains a half one, and refuses its row only', async () => {
    await department.run(`set sql_mode = ''; create table zero (id int primary key auto_increment, 编号 varchar(20), accepted_at datetime, done_at datetime, clerk text, note text, changed datetime not null);
      insert into zero (编号, accepted_at, done_at, changed) values ('Z-1', '2026-10-12 09:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00'), ('Z-2', '2026-10-00 09:00:00', null, '2026-10-12'), ('Z-3', '2026-10-12 09:00:00', '2026-10-13 09:00:00', '2026-10-12')`);
    expect(await once(cases('my-zero'))).toEqual({ rows: 3, accepted: 3, duplicates: 0, refused: 1 });
    await until('my-zero', { 'case.accepted': 2, 'case.completed': 1 });
    const kept = await hub.context.bus.manager.streams.getMessage('REFUSED', { last_by_subj: 'refused.my-zero' });
    expect(kept!.json()).toMatchObject({
      place: 'zero 2',
      field: 'accepted_at',
      reason: expect.stringContaining('2026-10-00 09:00:00'),
    });
    expect(await once(cases('my-zero'))).toMatchObject({ rows: 0 });
  });

  it('reads rows of the national platform and writes nothing there', async () => {
    await department.run(`create table up_pro_accept (row_guid varchar(36) primary key, cd_operation char(1), cd_time datetime, project_no varchar(50), task_code varchar(50), accept_date datetime, promise_date date);
      insert into up_pro_accept values ('g-1', 'I', now(), 'N-1', 'CG-01', '2026-10-12 09:00:00', '2026-10-20'), ('g-2', 'I', now(), 'N-2', 'CG-01', '2026-10-12 10:00:00', null)`);
    const mapping = mappingOf(`
source: my-national
region: '510104'
dialect: national
fields: { table: up_pro_accept }
poll: { table: office.up_pro_accept, key: row_guid, batch: 1 }
`);
    expect(await once(mapping)).toEqual({ rows: 2, accepted: 2, duplicates: 0, refused: 0 });
    expect(await once(mapping)).toMatchObject({ rows: 0 });
  });

  it('says what is wrong with the definition, and never the password', async () => {
    const secret = encodeURIComponent(password);
    const wrong = department.url.replace(secret, 'not-the-password');
    const attempts: [() => Promise<unknown>, RegExp][] = [
      [() => once(cases('my-nowhere')), /refused to read nowhere: .*doesn't exist/],
      [() => once(cases('my-killed'), wrong), /refused to read killed: Access denied/],
      [
        () => once({ ...cases('my-killed'), source: 'x', poll: { ...cases('my-killed').poll!, order: 'clerk' } }),
        /poll\.order: expected a column of type DATETIME.*clerk is none/,
      ],
      [
        () => once({ ...cases('my-killed'), source: 'x', poll: { ...cases('my-killed').poll!, key: 'nr' } }),
        /Unknown column/,
      ],
    ];
    for (const [attempt, reason] of attempts) {
      const error: unknown = await attempt().catch((each: unknown) => each);
      expect(String(error)).toMatch(reason);
      expect(String(error)).not.toContain('not-the-password');
      expect(String(error)).not.toContain(password);
    }
  });

  it('never lets a name or a cursor become SQL', () => {
    const definition = { table: 'a b.c', key: 'i`d', lag: 5, every: 5, batch: 10 };
    expect(statement(definition, { order: null, key: "1' or 1" }, true)).toEqual({
      text: 'select t.*, null as hallwatch_order, cast(t.`i``d` as char) as hallwatch_key from `a b`.`c` t where t.`i``d` is not null and t.`i``d` > ? order by t.`i``d` limit 10',
      values: ["1' or 1"],
    });
  });
});
