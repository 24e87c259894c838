import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackend, type Backend } from '../../hub/platform/backend.ts';
import { checkPassword } from '../../hub/platform/password.ts';
import type { Settings } from '../../hub/platform/part.ts';
import { demoAccounts, demoSource, demoToken } from '../../seeds/accounts.ts';
import { readSeeds, seedsDir } from '../../seeds/files.ts';
import { seedFrom } from '../../seeds/load.ts';
import { removeFolder } from '../support/folder.ts';

const tables = [
  'region',
  'organ',
  'department',
  'hall',
  'hall_window',
  'matter',
  'rule_pack',
  'calendar_day',
  'calendar_year',
];

let dataDir: string;
let backend: Backend;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hallwatch-seeds-'));
  const log = pino({ level: 'silent' });
  const settings: Settings = {
    roles: ['record'],
    host: '127.0.0.1',
    port: 0,
    dataDir,
    logLevel: 'silent',
    demo: false,
    demoSpeed: 1,
    ffmpeg: 'ffmpeg',
  };
  backend = await openBackend(settings, { log });
});
afterAll(async () => {
  await backend.close();
  await removeFolder(dataDir);
});

const rowsOf = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    await Promise.all(
      tables.map(async (table) => [table, await backend.store.query(`select * from ${table} order by 1, 2`)] as const),
    ),
  );

describe('seeding', () => {
  it('twice gives the same rows, quickly, and what the files say reaches the world', async () => {
    const counts = await seedFrom(seedsDir(), backend.store, backend.seal.seal);
    expect(counts).toMatchObject({ regions: 11, halls: 10, cameras: 50, matters: 31, packs: 2 });
    const first = await rowsOf();
    const start = performance.now();
    expect(await seedFrom(seedsDir(), backend.store, backend.seal.seal)).toEqual(counts);
    expect(performance.now() - start).toBeLessThan(15_000); // 0.3 s on a machine that does nothing else
    expect(await rowsOf()).toEqual(first);

    await backend.reload();
    const world = backend.world();
    const seeds = await readSeeds();
    expect([...world.windows.values()].filter(({ hall }) => hall === 'hall-510104-1')).toHaveLength(12);
    expect(world.windows.get('win-510104-1-07')).toEqual(seeds.windows.find(({ id }) => id === 'win-510104-1-07'));
    expect(world.packs.get('sichuan-2011')).toEqual(seeds.packs.find(({ id }) => id === 'sichuan-2011'));
    expect(world.calendar.days.get('2026-02-14')).toEqual({ working: true, name: '春节调休上班' });
    expect([world.calendar.years.has(2026), world.calendar.years.has(2027)]).toEqual([true, false]);
  });

  it('takes back a change to a seeded row and leaves what somebody added', async () => {
    await backend.store.query(`update hall set name = 'X' where id = 'hall-510104-1'`);
    await backend.store.query(
      `insert into hall (id, region, name, opens, closes) values ('hall-mine', '510104', '自建大厅', 540, 1020)`,
    );
    await seedFrom(seedsDir(), backend.store, backend.seal.seal);
    const halls = await backend.store.query<{ id: string; name: string }>(
      `select id, name from hall where region = '510104' order by id`,
    );
    expect(halls).toEqual([
      { id: 'hall-510104-1', name: '锦江区政务服务中心' },
      { id: 'hall-mine', name: '自建大厅' },
    ]);
  });

  it('seals the address of every camera', async () => {
    await seedFrom(seedsDir(), backend.store, backend.seal.seal, { cameraBase: 'rtsp://demo:secret@127.0.0.1:1234' });
    const rows = await backend.store.query<{ id: string; url: Buffer }>('select id, url from camera order by id');
    expect(rows).toHaveLength(50);
    for (const { url } of rows) expect(url.includes('secret')).toBe(false);
    const seventh = rows.find(({ id }) => id === 'cam-510104-1-07')!;
    expect(backend.seal.open(seventh.url)).toBe('rtsp://demo:secret@127.0.0.1:1234/window-07');
  });
});

describe('the demonstration accounts', () => {
  it('are made once, fit their passwords, and leave an account of the same name alone', async () => {
    const { store } = backend;
    await store.query(
      `insert into account (name, display, password, role, region, demo, created_at) values ('admin', 'mine', 'x', 'administrator', '510000', false, 0)`,
    );
    const accounts = await demoAccounts(store);
    expect(accounts.map(({ account, role }) => [account, role])).toEqual([
      ['inspector', 'inspector'],
      ['province', 'inspector'],
      ['housing', 'lineInspector'],
      ['manager', 'hallManager'],
      ['catalogue', 'cataloguer'],
      ['bianban', 'establishmentOffice'],
      ['fazhi', 'legalOffice'],
      ['overseer', 'overseer'],
      ['window', 'postUser'],
    ]);
    type Row = { name: string; password: string; region: string; hall: string | null; demo: boolean };
    const rows = async () => store.query<Row>('select name, password, region, hall, demo from account order by name');
    const first = await rows();
    expect(first[0]).toMatchObject({ name: 'admin', password: 'x', demo: false });
    for (const { account, password } of accounts) {
      const row = first.find(({ name }) => name === account)!;
      expect(await checkPassword(password, row.password)).toBe(true);
      expect(row.demo).toBe(true);
    }
    expect(first.find(({ name }) => name === 'manager')).toMatchObject({ region: '510104', hall: 'hall-510104-1' });
    expect(await demoAccounts(store)).toEqual(accounts);
    expect(await rows()).toEqual(first);
  });

  it('have a source whose token the table does not show', async () => {
    const token = await demoToken(backend.store);
    await demoToken(backend.store);
    const rows = await backend.store.query<{ id: string; region: string; demo: boolean; token_hash: Buffer }>(
      'select * from source',
    );
    expect(rows.map(({ id, region, demo }) => [id, region, demo])).toEqual([[demoSource.id, '510000', true]]);
    expect(rows[0]!.token_hash.includes(token)).toBe(false);
  });
});
