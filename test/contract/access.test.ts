import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieName, sessions } from '../../hub/platform/access.ts';
import { runningHub, takeLock } from '../../hub/platform/lock.ts';
import { createLog } from '../../hub/platform/log.ts';
import { openSeal, type Seal } from '../../hub/platform/seal.ts';
import { worldChanged } from '../../hub/platform/world.ts';
import { startTestBackend, type TestBackend } from '../support/hub.ts';

describe('sessions and the world, on the store', () => {
  let backend: TestBackend;
  beforeAll(async () => {
    backend = await startTestBackend();
    await backend.store.query(
      `insert into account (name, display, password, role, region, organ, created_at) values ('lin', '林', '-', 'inspector', '510104', 'organ-510104', 0)`,
    );
  });
  afterAll(() => backend?.stop());

  const hour = 3_600_000;
  const cookie = (token: string) => ({ headers: { cookie: `other=1; ${cookieName}=${token}` } });

  it('knows who holds the cookie, and keeps nothing that opens a session', async () => {
    const people = sessions(backend.store);
    const { token, session } = await people.create('lin');
    expect(await people.identify(cookie(token))).toEqual({
      session,
      account: 'lin',
      name: '林',
      role: 'inspector',
      region: '510104',
      organ: 'organ-510104',
    });
    const rows = await backend.store.query<{ token_hash: Buffer }>('select token_hash from session');
    expect(rows.every((row) => !Buffer.from(row.token_hash).equals(Buffer.from(token, 'base64url')))).toBe(true);
    expect(await people.identify({ headers: {} })).toBeUndefined();
    expect(await people.identify(cookie('A'.repeat(43)))).toBeUndefined();
    expect(await people.identify(cookie(`${token}x`))).toBeUndefined();
  });

  it('ends a session at once where it was ended, and within 5 s everywhere', async () => {
    let now = Date.now();
    const here = sessions(backend.store, () => now);
    const there = sessions(backend.store, () => now);
    const { token } = await here.create('lin');
    expect(await here.identify(cookie(token))).toBeDefined();
    expect(await there.identify(cookie(token))).toBeDefined();
    await here.end(token);
    expect(await here.identify(cookie(token))).toBeUndefined();
    now += 5_001;
    expect(await there.identify(cookie(token))).toBeUndefined();
  });

  it('does not remember an answer that was on its way while the session was ended', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const people = sessions({
      ...backend.store,
      query: async <R extends Record<string, unknown>>(text: string, values?: unknown[]) => {
        const rows = await backend.store.query<R>(text, values);
        if (text.startsWith('update session')) {
          arrive();
          await held;
        }
        return rows;
      },
    });
    const { token, session } = await people.create('lin');
    const asked = people.identify(cookie(token));
    await arrived;
    expect(await people.endAll('lin')).toContain(session);
    release();
    expect(await asked).toMatchObject({ session });
    expect(await people.identify(cookie(token))).toBeUndefined();
  });

  it('lets a session run out after twelve hours, remembered or not', async () => {
    let now = Date.now();
    const people = sessions(backend.store, () => now);
    const { token } = await people.create('lin');
    now += 12 * hour - 2_000;
    expect(await people.identify(cookie(token))).toBeDefined();
    now += 2_001;
    expect(await people.identify(cookie(token))).toBeUndefined();
  });

  it('reads the world as the model has it, and again when somebody says that it changed', async () => {
    const world = backend.world();
    expect(world.regions.get('510104')).toMatchObject({ code: '510104', level: 'county', demo: true });
    expect([...world.regions.values()].some((region) => Object.values(region).includes(null as never))).toBe(false);
    expect(world.calendar.days.get('2025-10-01')).toMatchObject({ working: false });
    expect(world.calendar.years.has(2025)).toBe(true);
    expect(world.packs.size).toBeGreaterThan(0);
    expect(world.matters.size).toBeGreaterThan(0);
    const hall = [...world.halls.values()][0]!;
    await backend.store.query('update hall set opens = 123 where id = $1', [hall.id]);
    backend.bus.connection.publish(worldChanged);
    for (let waited = 0; backend.world().halls.get(hall.id)!.opens !== 123; waited += 1) {
      expect(waited).toBeLessThan(1_000);
      await new Promise((done) => setTimeout(done, 10));
    }
  });
});

describe('what stands under DATA_DIR', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hallwatch-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('seals camera addresses with a key of mode 600 that is made once', async () => {
    const [one, two] = (await Promise.all(Array.from({ length: 16 }, () => openSeal(folder)))) as [Seal, Seal];
    const sealed = one.seal('rtsp://user:密码@10.0.0.1/1');
    expect(two.open(sealed)).toBe('rtsp://user:密码@10.0.0.1/1');
    expect(sealed.toString('latin1')).not.toContain('rtsp');
    expect(one.seal('a')).not.toEqual(one.seal('a'));
    expect((await stat(join(folder, 'key'))).mode & 0o777).toBe(0o600);
    sealed[sealed.length - 1]! ^= 1;
    expect(() => one.open(sealed)).toThrow(expect.objectContaining({ code: 'seal.broken' }));
    const other = await openSeal(folder, 'ab'.repeat(32));
    expect(() => other.open(one.seal('a'))).toThrow(expect.objectContaining({ code: 'seal.broken' }));
  });

  it('belongs to one hub at a time, which tells its addresses to its owner only', async () => {
    expect(await runningHub(folder)).toBeUndefined();
    const lock = await takeLock(folder);
    await expect(takeLock(folder)).rejects.toMatchObject({ code: 'data.taken' });
    const hub = { pid: process.pid, natsUrl: 'nats://a', databaseUrl: 'postgres://b', address: 'http://127.0.0.1:1' };
    await lock.tell(hub);
    expect((await stat(join(folder, 'hub.json'))).mode & 0o777).toBe(0o600);
    expect(await runningHub(folder)).toEqual(hub);
    await lock.release();
    expect(await runningHub(folder)).toBeUndefined();
    await (await takeLock(folder)).release();
  });

  it('is not told of a hub whose file a killed process left', async () => {
    const left = join(folder, 'left');
    await mkdir(left);
    const lock = await takeLock(left);
    await lock.tell({ pid: 1, natsUrl: '', databaseUrl: '' });
    const text = await readFile(join(left, 'hub.json'), 'utf8');
    await lock.release();
    await writeFile(join(left, 'hub.json'), text);
    expect(await runningHub(left)).toBeUndefined();
  });
});

describe('the log of the process', () => {
  it('keeps passwords out of fields, messages and stacks', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => void lines.push(line) });
    const url = 'postgres://hub:opensesame@10.0.0.1:5432/hub';
    log.info({ databaseUrl: url, inner: { password: 'opensesame', token: 'opensesame' } }, 'told');
    log.error({ err: new Error(`cannot reach ${url}`, { cause: new Error(url) }) }, 'failed');
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain('opensesame');
    expect(lines.join()).toContain('postgres://hub:***@10.0.0.1:5432/hub');
  });
});
