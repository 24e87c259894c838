import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCameraCommand, renewKeyCommand, setCameraCommand, switchCameraCommand } from '../../hub/cli/cameras.ts';
import type {
  CameraCheck,
  CameraHall,
  CameraLine,
  CameraPage,
  CameraSaved,
  OnvifDevice,
} from '../../hub/model/cameraApi.ts';
import type { HallRecording, HoldLine } from '../../hub/model/recording.ts';
import type { LedgerEntry } from '../../hub/model/state.ts';
import { createLog } from '../../hub/platform/log.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { beat, lastBeat } from '../../stream/recording/down.ts';
import { Recording } from '../../stream/recording/recording.ts';
import { startCamera, type CameraServer } from '../support/camera/index.ts';
import { until } from '../support/desk.ts';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { startDevice, type Device } from '../support/onvif.ts';
import { removeFolder } from '../support/folder.ts';

const hall = 'hall-510104-1';
const window = 'win-510104-1-07';
const password = 'ge:heim@密码/?#';
let hub: TestHub;
let lens: CameraServer;
let device: Device;
const cookies: Record<string, string> = {};
/** Every answer that was given, to look for secrets in. */
const answered: string[] = [];

async function ask<T>(who: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  const response = await fetch(`${hub.address}/api${path}`, {
    method,
    headers: { cookie: cookies[who]!, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  answered.push(text);
  return { status: response.status, body: JSON.parse(text) as T };
}
const post = <T>(path: string, body: unknown = {}, who = 'admin'): ReturnType<typeof ask<T>> =>
  ask<T>(who, 'POST', path, body);

beforeAll(async () => {
  [hub, lens] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'serve', 'stream'] } }),
    startCamera({ paths: ['main'], user: 'admin', password, film: { seconds: 4 } }),
  ]);
  device = await startDevice({
    user: 'admin',
    password,
    profiles: [
      {
        token: 'p1',
        source: 'l',
        encoding: 'H264',
        width: 640,
        height: 360,
        fps: 15,
        gov: 15,
        uri: `rtsp://10.0.0.9:${lens.port}/main`,
      },
    ],
  });
  cookies['admin'] = await hub.signIn({ name: 'admin', role: 'administrator', region: '510104' });
  cookies['far'] = await hub.signIn({ name: 'far', role: 'administrator', region: '510105' });
  cookies['wang'] = await hub.signIn({ name: 'wang', role: 'inspector', region: '510000' });
  cookies['li'] = await hub.signIn({ name: 'li', role: 'inspector', region: '510104' });
}, 180_000);
afterAll(async () => {
  await Promise.all([hub.stop(), lens.stop(), device.stop()]);
}, 180_000);

const mine = { hall, window, name: '7号窗口', transport: 'tcp' as const };
const plain = (): string => `rtsp://127.0.0.1:${lens.port}/main`;
let id = '';

describe('the administration of cameras', () => {
  it('asks a device and takes its stream: one form from the network to the wall', async () => {
    const question = { host: '127.0.0.1', port: device.port, user: 'admin', password };
    const { body } = await post<OnvifDevice>('/onvif/device', question);
    expect(body.channels).toMatchObject([{ main: { address: plain(), codec: 'H.264', width: 640, keySeconds: 1 } }]);
    expect(await post('/onvif/device', { ...question, password: 'other' })).toMatchObject({
      status: 409,
      body: { field: 'host', reason: 'the device refuses this user name and password' },
    });
    expect(await post('/onvif/search')).toMatchObject({ status: 409, body: { reason: /ONVIF_INTERFACES/ } });

    const checked = await post<CameraCheck>('/camera-checks', { address: plain(), user: 'admin', password });
    expect(checked.body).toMatchObject({ ok: true, codec: 'H.264', width: 640, height: 360 });
    if (!checked.body.ok) throw new Error(checked.body.reason);
    expect(checked.body.fps).toBeGreaterThan(12);
    expect(checked.body.fps).toBeLessThan(18);
    expect(checked.body.keySeconds).toBeGreaterThan(0.5);
    expect(checked.body.keySeconds).toBeLessThan(1.6);
    expect(checked.body.firstMs).toBeLessThan(8_000);
    expect(Buffer.from(checked.body.picture!, 'base64').subarray(0, 3).toString('hex')).toBe('ffd8ff');
    // A test lets go of the camera at once.
    await until('the camera is free', () => lens.watching('main') === 0);

    const added = await post<CameraSaved>('/cameras', { ...mine, address: plain(), user: 'admin', password });
    expect(added.status).toBe(200);
    id = added.body.camera.id;
    expect(added.body.camera).toMatchObject({
      ...{ hall, window, windowNumber: '07', state: 'idle', enabled: true, kind: 'rtsp' },
      ...{ address: plain(), changedBy: 'admin', audio: false, recording: 'watched' },
    });
  });

  it('says in words why a test shows nothing', async () => {
    const test = (address: string, more = {}): Promise<unknown> =>
      post('/camera-checks', { address, ...more }).then(({ body }) => body);
    expect(await test(plain(), { user: 'admin', password: 'wrong' })).toMatchObject({ ok: false, reason: /401/ });
    expect(await test('rtsp://127.0.0.1:1/x')).toMatchObject({ ok: false, reason: /refused/i });
    expect(await test('rtsp://no-such-name.invalid/x')).toMatchObject({ ok: false, reason: /no address is known/ });
    for (const address of ['rtsp://203.0.113.7/x', 'http://169.254.169.254/latest/x.m3u8'])
      expect(await test(address)).toMatchObject({ status: 400, field: 'address', reason: /not in a private network/ });
    expect(await test('file:/etc/passwd')).toMatchObject({ status: 400, reason: /command line only/ });
  });

  it('names the field that is wrong, and changes nothing then', async () => {
    const wrong = async (body: object): Promise<unknown> =>
      (await post('/cameras', { ...mine, address: plain(), ...body })).body;
    expect(await wrong({ address: 'ftp://x/' })).toMatchObject({ status: 400, field: 'address' });
    expect(await wrong({ window: 'win-510105-1-01' })).toMatchObject({ status: 400, field: 'window' });
    expect(await wrong({ hall: 'hall-510105-1', window: null })).toMatchObject({ status: 400, field: 'hall' });
    expect(await wrong({ audio: true })).toMatchObject({ status: 400, field: 'audioReason' });
    expect(await wrong({ name: '' })).toMatchObject({ status: 400, field: 'name' });
    expect(await wrong({ user: '<a>' })).toMatchObject({ status: 400, field: 'user' });
    expect(await wrong({ id })).toMatchObject({ status: 409, field: 'id' });
    expect(await wrong({ colour: 'red' })).toMatchObject({ status: 400, field: 'colour' });
    expect(
      (await ask<CameraPage>('admin', 'GET', '/cameras?text=7号窗口')).body.items.filter((each) => each.id === id),
    ).toHaveLength(1);
  });

  it('changes the password alone, moves a camera, and tests it as it is saved', async () => {
    const path = `/cameras/${id}`;
    expect((await post<CameraSaved>(path, { password: 'wrong' })).body.camera.address).toBe(plain());
    expect((await post<CameraCheck>(`${path}/check`)).body).toMatchObject({ ok: false, reason: /401/ });
    await post(path, { password, subAddress: plain() });
    const { body } = await post<CameraSaved>(path, { window: 'win-510104-1-08', audio: true, audioReason: '投诉取证' });
    expect(body.camera).toMatchObject({
      windowNumber: '08',
      audio: true,
      audioReason: '投诉取证',
      subAddress: plain(),
    });
    expect((await post(`${path}/key`)).status).toBe(409);
  });

  it('switches it off with a reason and on again, and the page finds it by its state', async () => {
    const path = `/cameras/${id}`;
    expect((await post(`${path}/disable`, { reason: ' ' })).status).toBe(400);
    const { body } = await post<CameraLine>(`${path}/disable`, { reason: '窗口装修' });
    expect(body).toMatchObject({ state: 'disabled', enabled: false, detail: '窗口装修', disabledBy: 'admin' });
    await until('every part knows', () => hub.context.world().cameras.get(id)?.enabled === false);
    expect((await post(`${path}/disable`, { reason: '再次' })).status).toBe(409);
    const off = (await ask<CameraPage>('admin', 'GET', `/cameras?hall=${hall}&state=disabled`)).body;
    expect(off.items.map((each) => each.id)).toEqual([id]);
    expect(off.states.disabled).toBe(1);
    // One that is switched off can be tested before it is switched on.
    expect((await post<CameraCheck>(`${path}/check`, { quality: 'sub' })).body).toMatchObject({ ok: true, width: 640 });
    expect((await post<CameraLine>(`${path}/enable`)).body).toMatchObject({ state: 'idle', enabled: true });
  });

  it('gives an encoder its key once, and a new one', async () => {
    const added = await post<CameraSaved>('/cameras', { ...mine, window: null, name: '推流', address: 'push:' });
    expect(added.body).toMatchObject({ camera: { kind: 'push', hasKey: true, address: 'push:' } });
    const renewed = await post<CameraSaved>(`/cameras/${added.body.camera.id}/key`);
    expect(renewed.body.key).toHaveLength(added.body.key!.length);
    expect(renewed.body.key).not.toBe(added.body.key);
    const list = await ask('admin', 'GET', '/cameras');
    expect(JSON.stringify(list.body)).not.toContain(renewed.body.key);
  });

  it('is for the administrator of the region alone', async () => {
    expect((await ask('li', 'GET', '/cameras')).status).toBe(403);
    expect((await post('/onvif/search', {}, 'li')).status).toBe(403);
    expect((await post('/camera-checks', { address: plain() }, 'li')).status).toBe(403);
    expect((await ask<CameraPage>('far', 'GET', '/cameras')).body.items.map((each) => each.region)).not.toContain(
      '510104',
    );
    expect(
      (await ask<CameraHall[]>('far', 'GET', '/camera-halls')).body.every((each) => each.region === '510105'),
    ).toBe(true);
    for (const act of ['', '/check', '/key', '/enable'])
      expect((await post(`/cameras/${id}${act}`, {}, 'far')).status).toBe(404);
    expect((await post(`/cameras/${id}/disable`, { reason: '越权' }, 'far')).status).toBe(404);
  });

  it('is told when to record, and that is in the ledger', async () => {
    const path = `/cameras/${id}`;
    expect((await post(path, { recording: 'sometimes' })).body).toMatchObject({ status: 400, field: 'recording' });
    expect((await post<CameraSaved>(path, { recording: 'off' })).body.camera.recording).toBe('off');
    await until('every part knows', () => hub.context.world().cameras.get(id)?.recording === 'off');
    const [entry] = await hub.context.store.query<{ body: LedgerEntry }>(
      `select body from ledger where subject = $1 order by sequence desc limit 1`,
      [id],
    );
    expect(entry!.body).toMatchObject({ act: 'camera.changed', facts: { fields: 'recording', recording: 'off' } });
  });

  it('a hall keeps recordings as long as its administrator says, beside what there is now', async () => {
    const path = `/recording-limits/${hall}`;
    const { store } = hub.context;
    await store.query(
      `insert into recording_file (id, camera, hall, path, from_at, until_at, bytes, init_bytes, init_sha256, state)
       values (1, $1, $2, 'x', 1000, 2000, 5000000, 1, '', 'closed')`,
      [id, hall],
    );
    const before = (await ask<HallRecording>('admin', 'GET', path)).body;
    expect(before).toEqual({
      ...{ hall, days: null, gigabytes: null, usual: { days: 30, gigabytes: 500 } },
      ...{ used: 5_000_000, since: 1000 },
    });
    for (const [field, value] of [
      ['days', 0],
      ['days', 1.5],
      ['days', 3_651],
      ['gigabytes', '5'],
      ['gigabytes', 1_000_001],
    ] as const)
      expect((await post(path, { days: 7, gigabytes: 5, [field]: value })).body).toMatchObject({ status: 400, field });
    expect((await post(path, { days: 7 })).body).toMatchObject({ status: 400, field: 'gigabytes' });
    expect((await post<HallRecording>(path, { days: 7, gigabytes: 5 })).body).toEqual({
      ...before,
      ...{ days: 7, gigabytes: 5 },
    });
    expect((await ask<HallRecording>('admin', 'GET', path)).body).toMatchObject({ days: 7, gigabytes: 5 });
    expect((await ask('li', 'GET', path)).status).toBe(403);
    expect((await post(path, { days: null, gigabytes: null }, 'li')).status).toBe(403);
    expect((await post(path, { days: null, gigabytes: null }, 'far')).status).toBe(404);
    expect((await post('/recording-limits/hall-x', { days: null, gigabytes: null })).status).toBe(404);
    const entries = await store.query<{ body: LedgerEntry }>(
      `select body from ledger where body->>'act' = 'recording.limited'`,
    );
    expect(entries.map(({ body }) => [body.subject, body.account, body.facts])).toEqual([
      [hall, 'admin', { days: 7, gigabytes: 5 }],
    ]);
    await store.query('delete from recording_file where id = 1');
  });

  it('what is held is listed in words, its end asked for, and answered by the province alone', async () => {
    const camera = 'cam-510104-1-03';
    const at = Date.UTC(2026, 8, 1);
    const span = { from: at, to: at + 60_000 };
    const held = await post<HoldLine>('/recorded/holds', { camera, ...span, reason: '投诉待查' }, 'li');
    expect(held).toMatchObject({ status: 200, body: { state: 'held', camera, ...span } });
    const path = `/recorded/holds/${held.body.id}`;
    expect((await post(`${path}/release`, { reason: '越权' }, 'admin')).status).toBe(403);
    expect((await post<HoldLine>(`${path}/release`, { reason: '已结案' }, 'li')).body.state).toBe('asked');
    const listed = async (who: string): Promise<HoldLine> =>
      (await ask<{ items: HoldLine[] }>(who, 'GET', `/recorded/holds?state=asked`)).body.items[0]!;
    expect(await listed('li')).toMatchObject({
      ...{ cameraName: '03 窗口点位', windowNumber: '03', hallName: '锦江区政务服务中心', mayAnswer: false },
      ...{ heldBy: { name: 'li' }, reason: '投诉待查', asked: { reason: '已结案' } },
    });
    expect(await listed('wang')).toMatchObject({ id: held.body.id, mayAnswer: true });
    expect((await post(`${path}/answer`, { outcome: 'approved' }, 'li')).status).toBe(403);
    expect((await post(`${path}/answer`, { outcome: 'refused' }, 'wang')).body).toMatchObject({ field: 'reason' });
    expect((await post<HoldLine>(`${path}/answer`, { outcome: 'approved' }, 'wang')).body.state).toBe('released');
    expect((await ask<{ items: HoldLine[] }>('li', 'GET', '/recorded/holds?state=asked')).body.items).toEqual([]);
    // One that stays, so that the rebuild has both.
    expect((await post('/recorded/holds', { camera, ...span, reason: '留存' }, 'li')).status).toBe(200);
  });

  it('on the command line leaves the same trace, by the user of the machine', async () => {
    const { natsUrl, databaseUrl } = hub.backend;
    const environment = { DATA_DIR: hub.dataDir, NATS_URL: natsUrl, DATABASE_URL: databaseUrl };
    Object.assign(process.env, environment);
    const camera = 'cam-by-hand';
    try {
      await addCameraCommand(camera, { hall, name: '推流', push: true, recording: 'off' });
      await expect(addCameraCommand(camera, { hall, name: '推流', push: true })).rejects.toThrow('is there already');
      await renewKeyCommand(camera, {});
      await setCameraCommand(camera, { name: '推流二', window, recording: 'always' });
      await expect(setCameraCommand(camera, { hall: 'nowhere' })).rejects.toThrow('hall: no such hall');
      await until('the world knows', () => hub.context.world().cameras.has(camera));
      await switchCameraCommand(camera, false, { by: '王工', reason: '检修' });
    } finally {
      for (const name of Object.keys(environment)) delete process.env[name];
    }
    const entries = await hub.context.store.query<{ body: LedgerEntry }>(
      'select body from ledger where subject = $1 order by sequence',
      [camera],
    );
    const account = `cli:${userInfo().username}`;
    expect(entries.map(({ body }) => [body.act, body.account, body.hall])).toEqual(
      ['added', 'keyRenewed', 'changed', 'disabled'].map((act) => [`camera.${act}`, account, hall]),
    );
    expect(entries.map(({ body }) => body.facts)).toEqual([
      { name: '推流', recording: 'off' },
      { name: '推流' },
      { name: '推流二', window, fields: 'name,recording,window', recording: 'always' },
      { name: '推流二', reason: '检修' },
    ]);
    const [status] = await hub.context.store.query<{ body: object }>(
      'select body from camera_status where camera = $1',
      [camera],
    );
    expect(status!.body).toMatchObject({ state: 'disabled', name: '王工' });
  });

  it('leaves a trace of everything and a secret nowhere', async () => {
    const entries = (
      await hub.context.store.query<{ body: LedgerEntry }>(
        'select body from ledger where subject = $1 order by sequence',
        [id],
      )
    ).map(({ body }) => body);
    expect(entries.map(({ act }) => act)).toEqual([
      ...['camera.added', 'camera.changed', 'camera.tested', 'camera.changed', 'camera.changed'],
      ...['camera.disabled', 'camera.tested', 'camera.enabled', 'camera.changed'],
    ]);
    expect(entries.every(({ account }) => account === 'admin')).toBe(true);
    expect(entries.map(({ facts }) => facts.fields)).toEqual([
      ...[undefined, 'password', undefined, 'subAddress,password', 'audio,audioReason,window'],
      ...[undefined, undefined, undefined, 'recording'],
    ]);
    const archive = await hub.context.store.query<{ body: string }>(
      `select body::text from event where kind like 'camera.%'`,
    );
    for (const text of [...answered, ...archive.map(({ body }) => body)]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(encodeURIComponent(password));
      expect(text).not.toMatch(/rtsp:\/\/[^"]*@/);
    }
  });

  it('a hub that was down is the cause of what is missing, but where nothing would have been recorded', async () => {
    const dataDir = await temporaryFolder();
    const folder = join(dataDir, 'recording');
    const down = Date.now() - 60_000;
    try {
      await mkdir(folder);
      await beat(folder, down);
      const recording = new Recording({ ...hub.context, settings: { ...hub.context.settings, dataDir } });
      await recording.start(() => undefined);
      await recording.stop();
      const end = Date.now();
      const told = await recording.recordings.spans('cam-510104-1-03', down - 10_000, down + 50_000);
      expect(told.spans).toEqual([]);
      expect(told.gaps).toEqual([
        { from: down - 10_000, to: down, cause: 'notRecorded' },
        { from: down, to: down + 50_000, cause: 'hubDown' },
      ]);
      const { gaps } = await recording.recordings.spans(id, down - 10_000, down + 50_000);
      expect(gaps.map(({ cause }) => cause)).toEqual(['notRecorded']);
      // It ran until now, which the next start reads.
      expect(await lastBeat(folder)).toBeGreaterThanOrEqual(down + 59_000);
      expect(await lastBeat(folder)).toBeLessThanOrEqual(end);
    } finally {
      await removeFolder(dataDir);
    }
  });

  it('comes to the same ledger from the archive', async () => {
    const { store, world } = hub.context;
    const log = createLog('silent');
    await store.query('create database again');
    const target = await connectStore({ url: hub.backend.databaseUrl.replace(/\/[^/]*$/, '/again'), log });
    try {
      await migrate(target, { log });
      const { tables } = await rebuild(store, target, world());
      expect(tables.filter(({ equal }) => !equal)).toEqual([]);
      expect(tables.length).toBeGreaterThan(3);
      expect(tables).toContainEqual(expect.objectContaining({ table: 'recording_hold', equal: true }));
      expect(await target.query('select state from recording_hold order by position')).toMatchObject([
        { state: 'released' },
        { state: 'held' },
      ]);
    } finally {
      await target.close();
    }
  }, 180_000);
});
