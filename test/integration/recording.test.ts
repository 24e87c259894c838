import '../support/today.ts';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addDays, dayOf, startOf } from '../../hub/model/calendar.ts';
import type { RecordedAnswer, RecordingHold, RecordingState } from '../../hub/model/recording.ts';
import type { Camera } from '../../hub/model/world.ts';
import { createLog } from '../../hub/platform/log.ts';
import { worldChanged } from '../../hub/platform/world.ts';
import { stampOf } from '../../stream/recording/files.ts';
import { Index } from '../../stream/recording/index.ts';
import { Recordings } from '../../stream/recording/read.ts';
import { repair } from '../../stream/recording/repair.ts';
import { Retention } from '../../stream/recording/retention.ts';
import { Writer } from '../../stream/recording/write.ts';
import { startCamera, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';
import { removeFolder } from '../support/folder.ts';

const run = promisify(execFile);
const hall = 'hall-510104-1';
const day = 86_400_000;

let hub: TestHub;
let server: CameraServer;
/** Watched by the tests; recorded always; never recorded; one that nobody pulls; and one with a sub-stream. */
let watched: Camera, always: Camera, off: Camera, other: Camera, double: Camera;
let inspector: string;
let folder: string;
const stops: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  [hub, server] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'serve', 'stream'], recording: { free: 0 } } }),
    startCamera({ paths: ['one', 'two', 'three', 'main', 'sub'] }),
  ]);
  const { store, seal, world, bus } = hub.context;
  [watched, always, off, other, double] = [...world().cameras.values()].filter((each) => each.hall === hall) as [
    Camera,
    Camera,
    Camera,
    Camera,
    Camera,
  ];
  for (const [camera, path, mode] of [
    [watched, 'one', 'watched'],
    [always, 'two', 'always'],
    [off, 'three', 'off'],
    [double, 'main', 'watched'],
  ] as const)
    await store.query('update camera set url = $2, recording = $3 where id = $1', [
      camera.id,
      seal.seal(server.url(path)),
      mode,
    ]);
  await store.query('update camera set sub_url = $2 where id = $1', [double.id, seal.seal(server.url('sub'))]);
  bus.connection.publish(worldChanged);
  await until('the world read again', () => world().cameras.get(always.id)!.recording === 'always');
  inspector = await hub.signIn({ name: 'li', role: 'inspector', region: '510104' });
  folder = await temporaryFolder();
}, 180_000);

afterAll(async () => {
  await hub?.stop();
  await server?.stop();
  if (folder) await removeFolder(folder);
}, 180_000);

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  server.misbehave('none');
});

const until = untilWithin(40_000);

const ask = (path: string, cookie: string | undefined = inspector): Promise<Response> =>
  fetch(`${hub.address}${path}`, { headers: cookie ? { cookie } : {} });
const post = (path: string, body: object, cookie = inspector): Promise<Response> =>
  fetch(`${hub.address}/api/recorded/holds${path}`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Goes on asking for the plain playlist, as a tile does, until the test ends. */
function watch(camera: Camera, quality = 'main'): void {
  let on = true;
  stops.push(() => void (on = false));
  void (async () => {
    for (; on; await sleep(500))
      await ask(`/live/${camera.id}/${quality}/plain.m3u8`).then((answer) => answer.arrayBuffer());
  })().catch(() => undefined);
}

async function told(camera: Camera, from: number): Promise<RecordedAnswer['cameras'][number]> {
  const answer = await ask(`/api/recorded?hall=${hall}&from=${from}`);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as RecordedAnswer).cameras.find((each) => each.camera === camera.id)!;
}

const recordedFor = (camera: Camera, from: number, seconds: number): Promise<unknown> =>
  until(`${seconds} s of ${camera.id}`, async () => {
    const { spans } = await told(camera, from);
    return spans.reduce((sum, each) => sum + each.to - each.from, 0) >= seconds * 1000;
  });

/** Real segments of the watched camera, once they are there. */
async function footage(): Promise<{ init: Buffer; media: Buffer; at: number }> {
  const recordings = new Recordings(hub.context.store, hub.dataDir);
  const [segment] = await until('a segment', async () => {
    const found = await recordings.segments(always.id, Date.now() - 60_000, Date.now());
    const whole = found.filter((each) => each.independent && each.duration > 0.5);
    return whole.length > 0 && whole;
  });
  return { init: await segment!.init(), media: await segment!.bytes(), at: segment!.at };
}

/** Recordings of other days: one segment a file. */
async function recordOnce(
  writer: Writer,
  index: Index,
  camera: string,
  at: number,
  from: Awaited<ReturnType<typeof footage>>,
) {
  const piece = { camera, hall, at, duration: 1, cameraAt: undefined, independent: true, broken: true };
  writer.take({ ...piece, bytes: from.media, init: from.init });
  await writer.stop();
  await index.flush();
}

describe('what is watched', () => {
  it('is recorded, told of and played back, to the byte as it was delivered', async () => {
    const began = Date.now();
    watch(watched);
    await recordedFor(watched, began - 10_000, 3);
    // What nobody watched has a cause, and nothing is left out.
    const { spans, gaps } = await told(watched, began - 10_000);
    expect(gaps[0]).toMatchObject({ from: began - 10_000, cause: 'notRecorded' });
    expect(spans).toHaveLength(1);

    const from = Math.round(spans[0]!.from + 1500);
    const list = await (await ask(`/recorded/${watched.id}/index.m3u8?from=${from}&to=${from + 1000}`)).text();
    const names = list.split('\n').filter((line) => line.endsWith('.mp4'));
    expect(Number(names[0]!.replace('.mp4', ''))).toBeLessThanOrEqual(from);
    const init = /#EXT-X-MAP:URI="([^"]+)"/.exec(list)![1]!;
    const bytes: Buffer[] = [];
    for (const name of [init, ...names]) {
      const answer = await ask(`/recorded/${watched.id}/${name}`);
      expect(answer.status).toBe(200);
      bytes.push(Buffer.from(await answer.arrayBuffer()));
    }
    const file = join(folder, 'played.mp4');
    await writeFile(file, Buffer.concat(bytes));
    const probe = ['-v', 'error', '-show_entries', 'stream=codec_name,width', '-of', 'csv=p=0', file];
    expect((await run('ffprobe', probe)).stdout.trim()).toBe('h264,640');
    await run('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);

    const recordings = new Recordings(hub.context.store, hub.dataDir);
    const segments = await recordings.segments(watched.id, from, from + 1000);
    expect(segments.map(({ at }) => `${at}.mp4`)).toEqual(names);
    for (const segment of segments)
      expect(
        createHash('sha256')
          .update(await segment.bytes())
          .digest('hex'),
      ).toBe(segment.sha256);

    // Nobody else on the machine reads it; the file alone plays.
    const [row] = await hub.context.store.query<{ path: string }>('select path from recording_file where camera = $1', [
      watched.id,
    ]);
    const path = join(hub.dataDir, 'recording', row!.path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    expect((await run('ffprobe', [...probe.slice(0, -1), path])).stdout.trim()).toBe('h264,640');
  }, 180_000);

  it('says that the camera sent nothing, for as long as that lasts; what is off is not recorded, what is always is', async () => {
    const began = Date.now();
    watch(watched);
    watch(off);
    watch(double);
    watch(double, 'sub');
    await Promise.all([recordedFor(watched, began, 1), recordedFor(double, began, 1)]);
    server.misbehave('stall', 'one');
    server.misbehave('stall', 'main');
    const stalledAt = Date.now();
    const lasting = await until('a gap that lasts', async () => {
      const last = (await told(watched, began)).gaps.at(-1);
      return last?.cause === 'offline' && Date.now() - last.to < 2000 && last;
    });
    server.misbehave('none', 'one');
    await until('the end of the gap', async () => {
      const { spans } = await told(watched, began);
      return spans.at(-1)!.from > lasting.from + 500;
    });
    const { gaps } = await told(watched, began);
    expect(gaps.find(({ from }) => Math.abs(from - lasting.from) < 1000)).toMatchObject({ cause: 'offline' });
    expect((await told(off, began)).spans).toEqual([]);
    // Where the main stream shows nothing, the sub-stream does, and is recorded as soon as that is known.
    const later = stalledAt + 2000;
    const [first] = await until('the sub-stream recorded', async () => {
      const { spans } = await told(double, later);
      return spans.some(({ from, to }) => to - from > 2000) && spans;
    });
    expect(first!.from - stalledAt).toBeLessThan(10_000);
    // Nobody watches this one.
    await recordedFor(always, began, 3);
  }, 180_000);
});

describe('who may see it', () => {
  const now = Date.now();
  const routes = (): string[] => [
    `/recorded/${always.id}/index.m3u8?from=${Date.now() - 2000}`,
    `/recorded/${always.id}/${Date.now()}.mp4`,
    `/recorded/${always.id}/${'a'.repeat(64)}-${now}.mp4`,
    `/api/recorded?hall=${hall}&from=${Date.now() - 2000}`,
  ];

  it('nobody without a session or the right, and nobody of another region or hall', async () => {
    const others = [
      ['', 401],
      [await hub.signIn({ name: 'admin', role: 'administrator', region: '510104' }), 403],
      [await hub.signIn({ name: 'post', role: 'postUser', region: '510104' }), 403],
      [await hub.signIn({ name: 'far', role: 'inspector', region: '510107' }), 403],
      [await hub.signIn({ name: 'hm', role: 'hallManager', region: '510107', hall: 'hall-510107-1' }), 403],
      // SC-15: to the supervision bodies of departments recordings are closed, of their own windows as well.
      [await hub.signIn({ name: 'line', role: 'lineInspector', region: '510100', organ: 'organ-510100-housing' }), 403],
    ] as const;
    for (const [cookie, status] of others)
      for (const route of routes()) expect([route, (await ask(route, cookie)).status]).toEqual([route, status]);
    const manager = await hub.signIn({ name: 'own', role: 'hallManager', region: '510104', hall });
    expect((await ask(routes()[0]!, manager)).status).toBe(200);
    const holds = [...others, [manager, 403] as const];
    for (const [cookie, status] of holds.filter(([cookie]) => cookie !== others[3][0])) {
      expect((await ask('/api/recorded/holds', cookie)).status).toBe(status);
      for (const path of ['', '/h/release', '/h/answer']) expect((await post(path, {}, cookie)).status).toBe(status);
    }
  });

  it('nobody sees another day without a release (SC-32), not even its list', async () => {
    const yesterday = startOf(dayOf(Date.now())) - 60_000;
    const list = await ask(`/recorded/${always.id}/index.m3u8?from=${yesterday}&to=${yesterday + 1000}`);
    expect(list.status).toBe(403);
    expect(await list.json()).toMatchObject({ field: 'from', reason: 'recording.release' });
    const index = new Index(hub.context.store, createLog('silent'));
    const home = join(hub.dataDir, 'recording');
    const writer = new Writer({ folder: home, index, changed: () => {}, refused: () => {} });
    await recordOnce(writer, index, other.id, yesterday, await footage());
    await index.stop();
    expect((await ask(`/recorded/${other.id}/${yesterday}.mp4`)).status).toBe(403);
    // That it was recorded is no secret.
    expect((await told(other, yesterday - 10_000)).spans).toEqual([{ from: yesterday, to: yesterday + 1000 }]);
  });

  it.each([
    [`index.m3u8`, 'from'],
    [`index.m3u8?from=x`, 'from'],
    [`index.m3u8?from=${now}&to=${now}`, 'to'],
    [`index.m3u8?from=${now}&to=${now + 3_600_001}`, 'to'],
    [`index.m3u8?from=${now + 3_600_000}`, 'from'],
  ])('is told what is wrong with %s', async (query, field) => {
    const answer = await ask(`/recorded/${always.id}/${query}`);
    expect([answer.status, ((await answer.json()) as { field: string }).field]).toEqual([400, field]);
  });

  it('is told what is wrong with a question about a hall, and what is not there', async () => {
    for (const [query, field] of [
      [`hall=${hall}`, 'from'],
      [`hall=${hall}&from=${now}&to=${now - 1}`, 'to'],
      [`hall=${hall}&from=${now - 32 * day}`, 'to'],
    ] as const) {
      const answer = await ask(`/api/recorded?${query}`);
      expect([answer.status, ((await answer.json()) as { field: string }).field]).toEqual([400, field]);
    }
    for (const path of [
      `/api/recorded?hall=none&from=${now}`,
      `/recorded/none/1.mp4`,
      `/recorded/${always.id}/../1.mp4`,
    ])
      expect((await ask(path)).status).toBe(404);
  });
});

describe('what is kept', () => {
  it('goes when its time or its room is over, the oldest first, and never what is held', async () => {
    const { store } = hub.context;
    const log = createLog('silent');
    const home = await temporaryFolder();
    stops.push(() => removeFolder(home));
    const from = await footage();
    const index = new Index(store, log);
    stops.push(() => index.stop());
    const days = [1, 2, 3, 4, 40].map((ago) => startOf(addDays(dayOf(Date.now()), -ago)));
    const place = 'hall-510107-1';
    const camera = [...hub.context.world().cameras.values()].find((each) => each.hall === place)!;
    const writer = new Writer({ folder: home, index, changed: () => {}, refused: () => {} });
    for (const at of days) {
      const piece = { camera: camera.id, hall: place, at, duration: 1, cameraAt: undefined };
      writer.take({ ...piece, independent: true, broken: true, bytes: from.media, init: from.init });
    }
    await writer.stop();
    await index.flush();
    const left = async (): Promise<number[]> => {
      const rows = await store.query<{ at: number }>('select at from recording_segment where camera = $1 order by at', [
        camera.id,
      ]);
      return rows.map(({ at }) => days.indexOf(at) + 1);
    };
    expect(await left()).toEqual([5, 4, 3, 2, 1]);

    const far = await hub.signIn({ name: 'wu', role: 'inspector', region: '510107' });
    const body = { camera: camera.id, from: days[3], to: days[3]! + 500, reason: '投诉待查' };
    const hold = (await (await post('', body, far)).json()) as RecordingHold;
    expect(hold).toMatchObject({ state: 'held', hall: place, heldBy: { account: 'wu' } });

    const size = from.init.length + from.media.length + stampOf({ at: 0 }, from.media).length;
    const options = { store, folder: home, free: 0, log };
    // By days: the one of forty days ago.
    await new Retention({ ...options, limits: { days: 30, bytes: 1e12 } }).round();
    expect(await left()).toEqual([4, 3, 2, 1]);
    // By room: two may stay, and one of those is held though it is the oldest.
    await store.query('update hall set recording_bytes = $2 where id = $1', [place, 2 * size]);
    const round = await new Retention({ ...options, limits: { days: 30, bytes: 1e12 } }).round();
    expect(round.full.size).toBe(0);
    expect(await left()).toEqual([4, 1]);
    // Nothing but what is held is left: no room.
    await store.query('update hall set recording_bytes = 0 where id = $1', [place]);
    expect((await new Retention({ ...options, limits: { days: 30, bytes: 1e12 } }).round()).full.get(place)).toBe(
      'quota',
    );
    expect(await left()).toEqual([4]);
    const recordings = new Recordings(store, hub.dataDir);
    const { spans, gaps } = await recordings.spans(camera.id, days[3]! - day, Date.now());
    expect(spans).toEqual([{ from: days[3], to: days[3]! + 1000 }]);
    expect(gaps.filter(({ cause }) => cause === 'removed').map((gap) => gap.from)).toEqual([days[2], days[1], days[0]]);
    expect(await readdir(join(home, camera.id))).toHaveLength(1);

    // SC-33: the province ends the hold, not who asked; then it goes, with its folders.
    expect((await post(`/${hold.id}/answer`, { outcome: 'approved' }, far)).status).toBe(409);
    expect((await post(`/${hold.id}/release`, { reason: '已办结' }, far)).status).toBe(200);
    expect((await post(`/${hold.id}/answer`, { outcome: 'approved' }, far)).status).toBe(403);
    const province = await hub.signIn({ name: 'zhang', role: 'inspector', region: '510000' });
    const ended = (await (await post(`/${hold.id}/answer`, { outcome: 'approved' }, province)).json()) as RecordingHold;
    expect(ended.state).toBe('released');
    await new Retention({ ...options, limits: { days: 30, bytes: 1e12 } }).round();
    expect(await left()).toEqual([]);
    expect(await readdir(home)).toEqual([]);
    const listed = (await (await ask('/api/recorded/holds', far)).json()) as { items: RecordingHold[] };
    expect(listed.items.map(({ id, state }) => [id, state])).toEqual([[hold.id, 'released']]);
  }, 180_000);

  it('a disk that is too slow costs the oldest that waits, and that is a gap', async () => {
    const from = await footage();
    const index = new Index(hub.context.store, createLog('silent'));
    stops.push(() => index.stop());
    const home = await temporaryFolder();
    stops.push(() => removeFolder(home));
    const bounds = { segments: 5, bytes: 1e9 };
    const writer = new Writer({ folder: home, index, changed: () => {}, refused: () => {}, bounds });
    const camera = 'cam-slow';
    const at = startOf(dayOf(Date.now())) - day;
    // All in one turn of the loop: whatever the disk is, it writes none of them before the last is taken.
    for (let i = 0; i < 20; i++) {
      const piece = { camera, hall, at: at + i * 1000, duration: 1, cameraAt: undefined, independent: true };
      writer.take({ ...piece, broken: false, bytes: from.media, init: from.init });
    }
    await writer.stop();
    await index.flush();
    expect(writer.counts).toMatchObject({ segments: 6, dropped: 14 });
    const { spans, gaps } = await new Recordings(hub.context.store, hub.dataDir).spans(camera, at, at + 20_000);
    expect(gaps).toEqual([{ from: at + 1000, to: at + 15_000, cause: 'dropped' }]);
    expect(spans).toEqual([
      { from: at, to: at + 1000 },
      { from: at + 15_000, to: at + 20_000 },
    ]);
  });
});

describe('after a kill', () => {
  it('the index has every whole segment, torn ends are cut off, and what is gone is a gap', async () => {
    const { store, world } = hub.context;
    const from = await footage();
    const home = await temporaryFolder();
    stops.push(() => removeFolder(home));
    const [init, media] = [join(home, 'init'), join(home, 'media')];
    await Promise.all([writeFile(init, from.init), writeFile(media, from.media)]);
    const recorded = join(home, 'recording');
    await mkdir(recorded);
    const camera = [...world().cameras.values()].find((each) => each.hall === 'hall-510421-1')!;
    // Half a minute before the next ten minutes begin, so that there are two files soon.
    const begin = startOf(dayOf(Date.now())) - 3 * day - 30_000;
    const place = 'hall-510421-1';
    const script = join(import.meta.dirname, '..', 'support', 'recorder.ts');
    const args = [hub.backend.databaseUrl, recorded, init, media, camera.id, place, String(begin)];
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    stops.push(() => void child.kill('SIGKILL'));
    let wrote = 0;
    child.stdout.on('data', (text: Buffer) => (wrote = Number(text.toString().trim().split('\n').at(-1))));
    // Some of it is in the index, across two files of ten minutes, and some is not yet.
    await until('segments of the child', async () => {
      const [row] = await store.query<{ count: number }>(
        'select count(*) as count from recording_segment where camera = $1',
        [camera.id],
      );
      return wrote > 150 && row!.count > 0;
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    // The index may just have been written: then it is as if the kill had come a moment before.
    await store.query(
      `delete from recording_segment where camera = $1 and at = (select max(s.at) from recording_segment s
         join recording_file f on f.id = s.file where s.camera = $1 and f.state = 'open')`,
      [camera.id],
    );

    const files = (await readdir(recorded, { recursive: true })).filter((name) => name.endsWith('.mp4')).sort();
    expect(files.length).toBeGreaterThanOrEqual(2);
    // As if it had been killed within a write as well: a stamp and half a segment; and before it one whose boxes are damaged within.
    const torn = join(recorded, files.at(-1)!);
    const stamp = stampOf({ at: begin }, from.media);
    const damaged = Buffer.from(from.media);
    damaged.writeUInt32BE(0xffff, 8);
    await appendFile(torn, Buffer.concat([stamp, damaged, stamp, from.media.subarray(0, from.media.length >> 1)]));
    const size = (await stat(torn)).size;
    const index = new Index(store, createLog('silent'));
    stops.push(() => index.stop());
    const options = {
      store,
      folder: recorded,
      index,
      cameras: new Map([[camera.id, { hall: place }]]),
      log: createLog('silent'),
    };
    const repaired = await repair({ ...options, before: Date.now() * 1000 });
    expect(repaired.torn).toBeGreaterThan(0);
    expect(repaired.found).toBeGreaterThan(0);
    expect((await stat(torn)).size).toBeLessThan(size);

    // Every second that was recorded is there once, to the byte, with both clocks.
    const recordings = new Recordings(store, home);
    const segments = await recordings.segments(camera.id, begin, begin + 3_600_000);
    expect(segments.length).toBeGreaterThan(100);
    expect(segments.map(({ at }) => at)).toEqual(segments.map((_, i) => begin + i * 1000));
    for (const segment of segments.slice(-50)) {
      expect(segment.cameraAt).toBe(segment.at - 7000);
      expect((await segment.bytes()).equals(from.media)).toBe(true);
      expect((await segment.init()).equals(from.init)).toBe(true);
    }
    const [state] = await store.query<{ open: number }>(
      `select count(*) as open from recording_file where camera = $1 and state = 'open'`,
      [camera.id],
    );
    expect(state!.open).toBe(0);
    // What the hub itself may be recording meanwhile lies in another folder, and is lost there: only this camera's files are compared.
    const indexed = (): Promise<{ id: number; bytes: number }[]> =>
      store.query('select id, bytes from recording_file where camera = $1 order by id', [camera.id]);
    const before = await indexed();
    expect(await repair({ ...options, before: Date.now() * 1000 })).toMatchObject({ found: 0, torn: 0 });
    expect(await indexed()).toEqual(before);

    // Files that somebody cut or removed while the hub was away; rows that somebody removed.
    const first = join(recorded, files[0]!);
    await truncate(first, (await stat(first)).size - from.media.length);
    await rm(torn);
    expect(await repair({ ...options, before: Date.now() * 1000 })).toMatchObject({ found: 0 });
    const left = await indexed();
    expect(left.map(({ id }) => id)).toEqual(before.map(({ id }) => id).slice(0, -1));
    expect(left[0]!.bytes).toBeLessThan(before[0]!.bytes);
    const { spans, gaps } = await recordings.spans(camera.id, begin, begin + segments.length * 1000);
    expect(spans[0]!.from).toBe(begin);
    expect(gaps.every(({ cause }) => cause === 'lost')).toBe(true);
    await store.query('delete from recording_segment where camera = $1', [camera.id]);
    await store.query('delete from recording_file where camera = $1', [camera.id]);
    const again = await repair({ ...options, before: Date.now() * 1000 });
    expect(again.found).toBe(Math.round(spans.reduce((sum, each) => sum + each.to - each.from, 0) / 1000));
    const whole = await recordings.segments(camera.id, begin, begin + 3_600_000);
    expect(whole).toHaveLength(again.found);
    expect((await whole.at(-1)!.bytes()).equals(from.media)).toBe(true);

    // What was changed on the disk is not handed out.
    const bytes = await readFile(first);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(first, bytes);
    const changed = whole.findLast(({ at }) => at < begin + 30_000)!;
    const code = await changed.bytes().then(
      () => 'read',
      (error: { code: string }) => error.code,
    );
    expect(code).toBe('recording.damaged');
  }, 180_000);
});

describe('a full disk', () => {
  it('stops the recording and not the picture; the oldest goes, and it goes on by itself', async () => {
    const { store, bus } = hub.context;
    const disk = join(hub.dataDir, 'recording');
    const acts = async (): Promise<string[]> => {
      const rows = await store.query<{ act: string }>(
        `select act from ledger where act like 'recording.%' and subject = $1 order by sequence`,
        [hall],
      );
      return rows.map(({ act }) => act);
    };
    const record = async (mode: string): Promise<void> => {
      await store.query('update camera set recording = $1 where id = any($2)', [mode, [watched.id, always.id]]);
      bus.connection.publish(worldChanged);
    };
    const state = (): Promise<RecordingState> => bus.ask<RecordingState>('stream.recording', {}, 5000);
    watch(watched);
    await footage();
    // Files that are open stay where they are: the next ones are begun on the small disk.
    await record('off');
    await until('all files closed', async () => {
      const [row] = await store.query<{ count: number }>(
        `select count(*) as count from recording_file where state = 'open'`,
      );
      return row!.count === 0;
    });
    // Who may not mount a small disk gives the hall no room instead.
    const room = (bytes: number | null): Promise<unknown> =>
      store.query('update hall set recording_bytes = $2 where id = $1', [hall, bytes]);
    const small = await run('mount', ['-t', 'tmpfs', '-o', 'size=600k,mode=700', 'tmpfs', disk]).catch(() => undefined);
    if (small) stops.push(() => run('umount', ['-l', disk]));
    else await room(0);
    const before = (await state()).dropped;
    await record('always');
    await until('the stop', async () => (await acts()).includes('recording.stopped'), 40_000);
    const stopped = await ask(`/live/${watched.id}/plain.m3u8`);
    expect(stopped.status).toBe(200);
    expect((await state()).dropped).toBeGreaterThan(before);
    if (!small) await room(null);
    // The hidden files of before are the oldest, and go first; then those of the small disk do, and there is room again.
    await until('the resumption', async () => (await acts()).includes('recording.resumed'), 40_000);
    const { gaps } = await told(always, Date.now() - 120_000);
    expect(gaps.map(({ cause }) => cause)).toContain('diskFull');
    expect(gaps.map(({ cause }) => cause)).toContain('removed');
  }, 180_000);
});
