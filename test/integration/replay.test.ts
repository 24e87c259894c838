import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followEndings } from '../../hub/platform/access.ts';
import { readMapping, type Mapping } from '../../ingest/mapping.ts';
import { replay, type ReplayOptions, type ReplayReport } from '../../ingest/replay.ts';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { removeFolder } from '../support/folder.ts';
import { untilWithin } from '../support/until.ts';

let hub: TestHub;
let folder: string;

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['record'] } });
  folder = await temporaryFolder();
});
afterAll(async () => {
  await hub?.stop();
  if (folder) await removeFolder(folder);
});

async function mappingFrom(path: string, change: (text: string) => string = (text) => text): Promise<Mapping> {
  const read = readMapping(change(await readFile(path, 'utf8')), path);
  if (!read.ok) throw new Error(read.errors.join('\n'));
  return read.mapping;
}

/** The fixture's mapping under a source and ids of its own, so that tests do not meet. */
const permits = (source: string): Promise<Mapping> =>
  mappingFrom('test/fixtures/permits.yaml', (text) => text.replace('county-export', source));

function play(file: string, mapping: Mapping, change: Partial<ReplayOptions> = {}): Promise<ReplayReport> {
  return replay(hub.context, {
    file,
    mapping,
    speed: 'max',
    refusedFile: join(folder, `${mapping.source}.refused.ndjson`),
    ...change,
  });
}

/** Cases of one source carry the number of the source, because a casefile belongs to its region. */
async function rename(file: string, to: string, prefix: string): Promise<string> {
  const path = join(folder, to);
  const bytes = await readFile(file);
  await writeFile(path, Buffer.from(bytes.toString('latin1').replaceAll('K-', prefix), 'latin1'));
  return path;
}

describe('replay', () => {
  it('reads a CSV into the store; a second run adds nothing', async () => {
    const mapping = await permits('once');
    const first = await play('test/fixtures/permits.csv', mapping);
    // K-001 in time, K-002 late, K-003 open; the two rows 受理 are no steps of their own.
    expect(first).toMatchObject({
      rows: 6,
      cases: 3,
      events: 9,
      accepted: 9,
      duplicates: 0,
      refused: 0,
      late: 1,
      onTime: 1,
      open: 1,
    });
    expect(first).not.toHaveProperty('refusedFile');
    const second = await play('test/fixtures/permits.csv', mapping);
    expect(second).toMatchObject({
      rows: 6,
      cases: 3,
      events: 9,
      accepted: 0,
      duplicates: 9,
      refused: 0,
      late: 1,
      onTime: 1,
      open: 1,
    });
    const rows = await hub.context.store.query<{ kind: string; note: string | null }>(
      "select kind, body->>'note' as note from event where source = 'once' order by position",
    );
    expect(rows.map(({ kind }) => kind)).toEqual([
      'case.accepted',
      'case.accepted',
      'case.stepped',
      'case.suspended',
      'case.accepted',
      'case.resumed',
      'case.stepped',
      'case.completed',
      'case.completed',
    ]);
    expect(rows[2]!.note).toBe('材料齐全,"一次性"告知');
  });

  it('reads GB18030, gzip and XES alike', async () => {
    const gb = await rename('test/fixtures/permits-gb18030.csv', 'gb.csv', 'G-');
    expect(await play(gb, await permits('gb18030'))).toMatchObject({
      cases: 3,
      accepted: 9,
      refused: 0,
      late: 1,
      onTime: 1,
      open: 1,
    });
    const zipped = join(folder, 'zipped.csv.gz');
    await writeFile(zipped, gzipSync(await readFile(await rename('test/fixtures/permits.csv', 'z.csv', 'Z-'))));
    expect(await play(zipped, await permits('zipped'))).toMatchObject({
      cases: 3,
      accepted: 9,
      refused: 0,
      late: 1,
      onTime: 1,
      open: 1,
    });
    const xes = await mappingFrom('seeds/mappings/wabo.yaml', (text) =>
      text.replace('wabo-receipt', 'xes').replaceAll("'wabo:", "'xes:"),
    );
    expect(await play('test/fixtures/permits.xes', xes)).toMatchObject({
      rows: 3,
      cases: 2,
      events: 6,
      accepted: 6,
      refused: 0,
      late: 1,
      onTime: 0,
      open: 1,
    });
  });

  it('passes over what cannot be read, with line, field and reason in a file and in the log, and goes on', async () => {
    const refusals = async (): Promise<number> =>
      (await hub.context.bus.manager.streams.info('REFUSED')).state.messages;
    const before = await refusals();
    const mapping = { ...(await permits('broken')), encoding: 'utf-8' as const };
    const report = await play(await rename('test/fixtures/permits-broken.csv', 'broken.csv', 'B-'), mapping);
    expect(report).toMatchObject({ rows: 8, cases: 3, refused: 4, late: 1, onTime: 1, open: 1 });
    const kept = (await readFile(report.refusedFile!, 'utf8')).trimEnd().split('\n');
    expect(kept.map((line) => JSON.parse(line) as { line: number; field: string; reason: string })).toMatchObject([
      { line: 3, field: '', reason: 'expected 11 columns, got 3' },
      { line: 5, field: '', reason: 'a quote is not closed' },
      {
        line: 7,
        field: '环节时间',
        reason: expect.stringContaining('expected a time (YYYY-MM-DD HH:mm:ss); got "2026-02-30 08:40:00"') as string,
      },
      { line: 8, field: '申请人', reason: 'bytes that do not belong to the encoding of the file' },
    ]);
    expect((await refusals()) - before).toBe(4);
  });

  it('keeps what stands before the cut of a gzip and names the place', async () => {
    const report = await play('test/fixtures/permits-cut.csv.gz', await permits('cut'));
    expect(report.broken).toMatch(/^line \d+: the gzip is cut off after \d+ bytes/);
    expect(report.rows).toBeGreaterThan(20);
    expect(report.accepted).toBe(report.events);
    expect(report.cases).toBe(report.rows);
  });

  it('counts what the recorder refuses: an end on a day before the acceptance', async () => {
    const file = join(folder, 'early.csv');
    const head = (await readFile('test/fixtures/permits.csv', 'utf8')).split('\r\n')[0]!;
    await writeFile(
      file,
      `${head}\r\nE1,E-1,CG-01,赵六,2026-10-12 09:00:00,2026-10-16 18:00:00,2026-10-09 09:00:00,审查,2026-10-12 10:00:00,0701,\r\n`,
    );
    const report = await play(file, await permits('early'));
    expect(report).toMatchObject({ cases: 1, events: 3, accepted: 2, refused: 1, open: 1 });
    expect(await readFile(report.refusedFile!, 'utf8')).toMatch(
      /"field":"occurredAt","reason":"casefile E-1 completed on 2026-10-09, before its acceptance/,
    );
  });

  it('refuses a known id with another content', async () => {
    const mapping = await permits('changed');
    await play(await rename('test/fixtures/permits.csv', 'c1.csv', 'H-'), mapping);
    const changed = join(folder, 'c2.csv');
    await writeFile(changed, (await readFile(join(folder, 'c1.csv'), 'utf8')).replace('0702', '0799'));
    const report = await play(changed, mapping);
    expect(report).toMatchObject({ accepted: 0, duplicates: 8, refused: 1 });
    expect(await readFile(report.refusedFile!, 'utf8')).toMatch(/"line":3,"field":"id"/);
  });

  it('reports an event that the database will never take, and does not wait for it for ever', async () => {
    const { store } = hub.context;
    await store.query(
      `create function poison() returns trigger language plpgsql as $$ begin raise exception 'poisoned' using errcode = '22P05'; end $$;
       create trigger poison before insert on event_id for each row when (new.id = 'poisoned:S2') execute function poison()`,
    );
    try {
      const file = await rename('test/fixtures/permits.csv', 'poisoned.csv', 'P-');
      const report = await play(file, await permits('poisoned'));
      expect(report).toMatchObject({ cases: 3, events: 9, accepted: 8, refused: 1 });
      expect(await readFile(report.refusedFile!, 'utf8')).toMatch(/"line":3,.*the recorder could not store it/);
    } finally {
      await store.query('drop trigger poison on event_id; drop function poison()');
    }
  });

  it('says before it sends anything that the mapping is for another file', async () => {
    const mapping = await mappingFrom('seeds/mappings/wabo.yaml', (text) =>
      text.replace("region: '990000'", "region: '510104'"),
    );
    await expect(play('test/fixtures/permits.csv', mapping)).rejects.toThrow(
      /no column case:concept:name, case:startdate, .*; it has 流水号, 办件编号/,
    );
  });

  it('plays by the time of the events at a given speed', async () => {
    const file = await rename('test/fixtures/permits.csv', 'slow.csv', 'S-');
    // From 12 October 09:00 to 21 October 11:00 are 218 hours.
    const started = Date.now();
    const report = await play(file, await permits('slow'), { speed: (218 * 3_600) / 2 });
    expect(report.accepted).toBe(9);
    expect(Date.now() - started).toBeGreaterThan(1_900);
    expect(Date.now() - started).toBeLessThan(60_000);
  });

  it('takes another region, and refuses one that it does not know', async () => {
    const report = await play('test/fixtures/permits.csv', await permits('moved'), { region: '510107' });
    expect(report).toMatchObject({ cases: 3, accepted: 9 });
    await expect(play('test/fixtures/permits.csv', await permits('nowhere'), { region: '519999' })).rejects.toThrow(
      /no region 519999/,
    );
  });

  it('loses and doubles nothing when nats-server and PostgreSQL are killed in the middle', async () => {
    const head = (await readFile('test/fixtures/permits.csv', 'utf8')).split('\r\n')[0]!;
    const lines = Array.from({ length: 6_000 }, (_, n) => {
      const number = `N-${n % 1_500}`;
      return `Q${n},${number},CG-01,张三,2026-10-12 09:00:00,2026-10-16 18:00:00,2026-10-15 16:30:00,审查,2026-10-13 10:00:00,0701,`;
    });
    const file = join(folder, 'killed.csv');
    await writeFile(file, [head, ...lines].join('\r\n'));
    const killed: string[] = [];
    const report = await play(file, await permits('killed'), {
      onProgress: (played) => {
        const { nats, postgres } = hub.backend.servers();
        if (played >= 2_000 && killed.length === 0) {
          killed.push('nats');
          process.kill(nats!, 'SIGKILL');
        } else if (played >= 5_000 && killed.length === 1) {
          killed.push('postgres');
          process.kill(postgres!, 'SIGKILL');
        }
      },
    });
    expect(killed).toEqual(['nats', 'postgres']);
    expect(report).toMatchObject({
      rows: 6_000,
      cases: 1_500,
      events: 9_000,
      accepted: 9_000,
      duplicates: 0,
      refused: 0,
      onTime: 1_500,
      late: 0,
      open: 0,
    });
    const [row] = await hub.context.store.query<{ rows: number; ids: number }>(
      "select count(*) as rows, count(distinct id) as ids from event where source = 'killed'",
    );
    expect(row).toEqual({ rows: 9_000, ids: 9_000 });
  });
});

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

function hallwatch(args: string[], options: { dataDir: string; cwd: string; input?: string }): Promise<Ran> {
  return new Promise((done, fail) => {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: options.dataDir };
    const child = spawn(process.execPath, [resolve('hub/hallwatch.mjs'), ...args], {
      cwd: options.cwd,
      env,
      stdio: 'pipe',
    });
    const ran: Ran = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk) => (ran.out += String(chunk)));
    child.stderr.on('data', (chunk) => (ran.err += String(chunk)));
    child.on('error', fail);
    child.on('close', (code) => done({ ...ran, code }));
    child.stdin.end(options.input ?? '');
  });
}

describe('the command line', () => {
  const root = resolve('.');
  let home: string;
  let own: { dataDir: string; cwd: string };

  beforeAll(async () => {
    home = await temporaryFolder();
    own = { dataDir: join(home, 'data'), cwd: join(home, 'work') };
    await mkdir(own.cwd);
  });
  afterAll(() => removeFolder(home));

  it('replays on servers of its own and seeds an empty store', async () => {
    const args = [
      'replay',
      join(root, 'test/fixtures/permits-broken.csv'),
      '--mapping',
      join(root, 'test/fixtures/permits.yaml'),
      '--json',
    ];
    const first = await hallwatch(args, own);
    expect(first.err).toMatch(/the store was empty: seeded/);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.out)).toMatchObject({
      rows: 8,
      cases: 3,
      refused: 4,
      refusedFile: join(own.cwd, 'permits-broken.csv.refused.ndjson'),
    });
    expect(existsSync(join(own.cwd, 'permits-broken.csv.refused.ndjson'))).toBe(true);

    const cut = await hallwatch(
      ['replay', join(root, 'test/fixtures/permits-cut.csv.gz'), '--mapping', join(root, 'test/fixtures/permits.yaml')],
      own,
    );
    expect(cut.code).toBe(1);
    expect(cut.err).toMatch(/the gzip is cut off after \d+ bytes/);
    expect(cut.out).toMatch(/^cases +\d+$/m);
  });

  it('verifies and rebuilds while the hub runs', async () => {
    const own = { dataDir: hub.dataDir, cwd: home };
    const verify = await hallwatch(['verify', '--json'], own);
    expect(JSON.parse(verify.out)).toMatchObject({ ok: true });
    expect(verify.code).toBe(0);
    const rebuild = await hallwatch(['rebuild', '--json'], own);
    expect(JSON.parse(rebuild.out)).toMatchObject({ equal: true });
    expect(rebuild.code).toBe(0);
    await hub.context.store.query("update ledger set hash = repeat('0', 64) where region = '510104' and sequence = 2");
    const broken = await hallwatch(['verify', '--region', '510104'], own);
    expect(broken.out).toMatch(/510104 .*broken at 2/);
    expect(broken.code).toBe(1);
  });

  it('keeps accounts and sources of the running hub, and shows no secret', async () => {
    const own = { dataDir: hub.dataDir, cwd: home };
    const account = await hallwatch(
      ['account', 'add', 'chen', '--role', 'inspector', '--region', '510104', '--password-stdin'],
      { ...own, input: 'a long password\n' },
    );
    expect(account.code).toBe(0);
    const accounts = JSON.parse((await hallwatch(['account', 'list', '--json'], own)).out) as unknown[];
    expect(accounts).toEqual([
      {
        name: 'chen',
        display: 'chen',
        role: 'inspector',
        region: '510104',
        hall: null,
        organ: 'organ-510104',
        department: null,
        demo: false,
      },
    ]);
    const source = await hallwatch(['source', 'add', 'jinjiang', '--region', '510104'], own);
    expect(source.out).toMatch(/^hw_[\w-]{43}\n$/);
    const sources = await hallwatch(['source', 'list'], own);
    expect(sources.out).toMatch(/jinjiang/);
    expect(sources.out).not.toContain(source.out.trim());
    expect((await hallwatch(['source', 'add', 'jinjiang', '--region', '510104'], own)).code).toBe(1);
    const { session } = await hub.context.sessions.create('chen');
    const told: string[] = [];
    followEndings(hub.context.bus, (each) => told.push(each));
    expect((await hallwatch(['account', 'remove', 'chen'], own)).code).toBe(0);
    await untilWithin(10_000)('what the account had open is closed', () => told.includes(session));
    // Nobody else confirms what the command line does: the ledger has it.
    const entries = await hub.context.store.query<{ act: string; account: string }>(
      "select act, body->>'account' as account from ledger where subject = 'chen' order by sequence",
    );
    expect(entries).toEqual([
      { act: 'account.added', account: expect.stringMatching(/^cli:./) },
      { act: 'account.removed', account: expect.stringMatching(/^cli:./) },
    ]);
  });

  const wrong: [name: string, args: string[], code: number, error: RegExp][] = [
    ['a command nobody knows', ['fly'], 2, /unknown command/],
    ['no mapping', ['replay', 'x.csv'], 2, /--mapping/],
    ['a speed that is none', ['replay', 'x.csv', '--mapping', 'm', '--speed', 'fast'], 2, /expected a number above 0/],
    [
      'a file that is not there',
      ['replay', 'x.csv', '--mapping', join(root, 'test/fixtures/permits.yaml')],
      1,
      /x\.csv: no such file/,
    ],
    [
      'a mapping with mistakes',
      ['replay', join(root, 'package.json'), '--mapping', join(root, 'package.json')],
      1,
      /package\.json:\d+: source: /,
    ],
    [
      'a password on the command line',
      ['account', 'add', 'x', '--role', 'inspector', '--region', '510104'],
      1,
      /--password-stdin/,
    ],
    [
      'a short password',
      ['account', 'add', 'x', '--role', 'inspector', '--region', '510104', '--password-stdin'],
      1,
      /as one line on standard input/,
    ],
    [
      'a role nobody has',
      ['account', 'add', 'x', '--role', 'king', '--region', '510104', '--password-stdin'],
      1,
      /--role: expected one of/,
    ],
  ];
  it.each(wrong)('refuses %s', async (_name, args, code, error) => {
    const ran = await hallwatch(args, own);
    expect(ran.err).toMatch(error);
    expect(ran.code).toBe(code);
    expect(ran.out).toBe('');
    expect(ran.err).not.toMatch(/^\s+at /m);
  });

  it('stops at an interrupt and leaves no server behind', async () => {
    const child = spawn(
      process.execPath,
      [
        join(root, 'hub/hallwatch.mjs'),
        'replay',
        join(root, 'test/fixtures/permits.csv'),
        '--mapping',
        join(root, 'test/fixtures/permits.yaml'),
        '--speed',
        '1',
        '--region',
        '510107',
      ],
      {
        cwd: own.cwd,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: own.dataDir },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let err = '';
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    for (let tries = 0; !err.includes('checking the schema') && tries < 1_200; tries += 1) await sleep(50);
    await sleep(1_000);
    const ended = new Promise<number | null>((done) => child.once('close', done));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    // The next command gets the folder at once.
    expect((await hallwatch(['verify'], own)).code).toBe(0);
  }, 180_000);
});
