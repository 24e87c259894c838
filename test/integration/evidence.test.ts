import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../hub/model/event.ts';
import type { Evidence, EvidenceCheck, EvidenceDetail, Manifest, Release } from '../../hub/model/evidence.ts';
import type { Camera } from '../../hub/model/world.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { verifyLedger } from '../../hub/record/verify.ts';
import { Boxes, retime } from '../../stream/boxes.ts';
import { convert } from '../../stream/ffmpeg.ts';
import { evidenceFolder, releaseFolder } from '../../stream/evidence/folder.ts';
import { copyOf, pictureCopy } from '../../stream/evidence/watermark.ts';
import { font } from '../../stream/evidence/release.ts';
import { inWords, verifyEvidence, verifyFolder } from '../../stream/evidence/verify.ts';
import { Recording } from '../../stream/recording/recording.ts';
import { Window } from '../../stream/window.ts';
import { makeFilm, startCamera, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const run = promisify(execFile);
const fps = 15;
/** Recorded: two minutes, then five seconds of nothing, then one minute. */
const before = 120;
const hole = 5;
const after = 60;

let hub: TestHub;
let server: CameraServer;
/** One that was recorded, one that is live, one that is neither. */
let recorded: Camera;
let live: Camera;
let dark: Camera;
/** When the recording began, epoch ms. */
let began: number;
const cookies: Record<string, string> = {};
/** In two files, and complete. */
let complete: Evidence;

beforeAll(async () => {
  [hub, server] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'serve', 'stream'], pictureSeconds: 0 } }),
    startCamera({ paths: ['live'], film: { fps } }),
  ]);
  const { store, seal, world } = hub.context;
  [recorded, live, dark] = [...world().cameras.values()].filter(({ hall }) => hall === 'hall-510104-1') as [
    Camera,
    Camera,
    Camera,
  ];
  for (const [camera, url] of [
    [recorded, 'rtsp://127.0.0.1:9/none'],
    [live, server.url('live')],
    [dark, 'rtsp://127.0.0.1:9/none'],
  ] as const)
    await store.query('update camera set url = $2 where id = $1', [camera.id, seal.seal(url)]);
  for (const [name, role, region, hall] of [
    ['li', 'inspector', '510104'],
    ['zhao', 'inspector', '510104'],
    ['chen', 'inspector', '510100'],
    ['prov', 'inspector', '510000'],
    ['wang', 'hallManager', '510104', 'hall-510104-1'],
    ['admin', 'administrator', '510104'],
  ] as const)
    cookies[name] = await hub.signIn({ name, role, region, ...(hall ? { hall } : {}) });
  await record();
}, 180_000);

afterAll(async () => {
  await hub?.stop();
  await server?.stop();
}, 180_000);

/** Writes three minutes of film into the recording, as the live path would have. */
async function record(): Promise<void> {
  const { stdout } = await run(
    'ffmpeg',
    [
      ...['-loglevel', 'error', '-framerate', String(fps), '-i', await makeFilm({ fps }), '-c', 'copy', '-f', 'mp4'],
      ...['-movflags', 'frag_every_frame+empty_moov+default_base_moof+skip_trailer', '-'],
    ],
    { encoding: 'buffer', maxBuffer: 50_000_000 },
  );
  began = Date.now() - 600_000;
  const recording = new Recording(hub.context);
  const window = new Window({ closed: (segment, init) => recording.take(recorded.id, segment, init) });
  let pictures = 0;
  let time = 0;
  while (pictures < (before + after) * fps) {
    for (const each of new Boxes().push(Buffer.from(stdout))) {
      if (each.kind === 'init') {
        if (pictures === 0) window.begin(each.bytes);
        continue;
      }
      retime(each, time, each.duration);
      time += each.duration;
      const gone = pictures < before * fps ? 0 : hole;
      const at = began + (pictures / fps + gone) * 1000;
      const broken = pictures === before * fps;
      window.add({ bytes: each.bytes, duration: 1 / fps, key: each.key, at, cameraAt: at - 1234, broken });
      pictures += 1;
      // The queue of the disk is short.
      if (each.key) while (recording.state().waiting > 1_000_000) await sleep(2);
    }
  }
  await recording.stop();
}

async function ask<T = Record<string, unknown>>(
  who: string | undefined,
  path: string,
  body?: object,
): Promise<{ status: number; body: T }> {
  const answer = await fetch(`${hub.address}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(who ? { cookie: cookies[who]! } : {}),
      ...(body ? { 'content-type': 'application/json', 'idempotency-key': randomUUID() } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text.startsWith('{') ? JSON.parse(text) : text) as T };
}

async function take(camera: Camera, at?: number): Promise<Evidence> {
  const { status, body } = await ask<Evidence>('li', '/api/evidence', {
    camera: camera.id,
    why: '窗口空岗',
    ...(at === undefined ? {} : { at }),
  });
  expect(status, JSON.stringify(body)).toBe(200);
  // A busy machine answers before it is done.
  return until('all of it', async () => {
    const { evidence } = await detailOf(body.id);
    return evidence.state === 'complete' && evidence;
  });
}

const until = untilWithin(80_000);

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const detailOf = async (id: string): Promise<EvidenceDetail> =>
  (await ask<EvidenceDetail>('li', `/api/evidence/${id}`)).body;
const folderOf = (id: string): string => evidenceFolder(hub.dataDir, id);

async function probe(file: string): Promise<{ start: number; seconds: number; width: number }> {
  const { stdout } = await run('ffprobe', [
    ...[
      '-v',
      'error',
      '-count_packets',
      '-show_entries',
      'stream=width,start_time,nb_read_packets',
      '-of',
      'json',
      file,
    ],
  ]);
  const [stream] = (JSON.parse(stdout) as { streams: Record<string, string>[] }).streams;
  return {
    start: Number(stream!['start_time']),
    seconds: Number(stream!['nb_read_packets']) / fps,
    width: Number(stream!['width']),
  };
}

describe('evidence of what was recorded', () => {
  it('at twenty moments plays, begins at or before T-30 s, shows its gaps, and is what the ledger says', async () => {
    const end = began + (before + hole + after) * 1000;
    const moments = Array.from({ length: 20 }, () => began + Math.round(Math.random() * (end - began)));
    for (const at of moments) {
      const row = await take(recorded, at);
      expect(row).toMatchObject({ state: 'complete', at, from: at - 30_000, until: at + 30_000 });
      const { manifest, evidence } = await detailOf(row.id);
      const { files, segments, gaps, picture } = manifest!;
      const entries = await hub.context.store.query<{ act: string; digest: string; sequence: number }>(
        `select act, body->'facts'->>'digest' as digest, sequence from ledger where subject = $1 order by sequence`,
        [row.id],
      );
      expect(entries.map(({ act }) => act)).toEqual(['evidence.taken', 'evidence.sealed']);
      expect(manifest!.ledger.sequence).toBe(entries[0]!.sequence);
      const bytes = await readFile(join(folderOf(row.id), 'manifest-1.json'));
      expect([sha256(bytes), evidence.manifests[0]!.digest]).toEqual([entries[1]!.digest, entries[1]!.digest]);
      for (const file of files) expect(sha256(await readFile(join(folderOf(row.id), file.name)))).toBe(file.sha256);
      for (const { name } of files.filter(({ kind }) => kind === 'clip')) {
        const within = segments.filter(({ file }) => file === name);
        const played = await probe(join(folderOf(row.id), name));
        expect(played.start).toBeCloseTo(0, 1);
        expect(played.seconds).toBeCloseTo(within.at(-1)!.offset + within.at(-1)!.seconds, 0);
        expect(within.every(({ at: time, cameraAt }) => Math.abs(time - cameraAt! - 1234) <= 2)).toBe(true);
      }
      // What is missing is named, what is there is not.
      const holeAt = began + before * 1000;
      const isInside = (time: number): boolean => time >= began && (time < holeAt || time >= holeAt + hole * 1000);
      if (isInside(at - 30_000) && at - 30_000 < end - 1000) expect(segments[0]!.at).toBeLessThanOrEqual(at - 30_000);
      for (let time = at - 30_000; time < at + 30_000; time += 700) {
        const missing = gaps.some(({ from, to }) => from <= time && time < to);
        const away = Math.min(...[began, holeAt, holeAt + hole * 1000, end].map((edge) => Math.abs(edge - time)));
        if (away > 1_500) expect([time - began, missing]).toEqual([time - began, !(isInside(time) && time < end)]);
      }
      expect(picture).toBeDefined();
      if (isInside(at) && at < end - 1500) expect(at - picture!.showsAt).toBeLessThanOrEqual(1000 / fps + 2);
    }
  }, 240_000);
});

describe('evidence of a moment that is now', () => {
  it('is there within three seconds of the press, and its end when it has come', async () => {
    await until('some seconds of the live picture', async () => {
      const { body } = await ask<string>('li', `/live/${live.id}/plain.m3u8`);
      return String(body).split('#EXTINF').length > 3;
    });
    const pressed = Date.now();
    // The end is three seconds ahead instead of thirty.
    const id = `evidence-${randomUUID()}`;
    const event: Event = {
      kind: 'evidence.taken',
      id: randomUUID(),
      region: '510104',
      source: 'desk',
      occurredAt: pressed,
      account: 'li',
      name: '李明',
      evidence: id,
      hall: live.hall,
      camera: live.id,
      at: pressed,
      from: pressed - 30_000,
      until: pressed + 3_000,
      why: '窗口空岗',
    };
    expect(await hub.context.bus.command(event)).toMatchObject({ ok: true });
    await hub.context.bus.ask('evidence.press', { evidence: id }, 20_000);
    const took = Date.now() - pressed;
    // Three on a machine that does nothing else.
    expect(took).toBeLessThan(15_000);
    // As it was written first: on a slow machine the end has come meanwhile.
    const written = await readFile(join(folderOf(id), 'manifest-1.json'));
    const first = JSON.parse(written.toString()) as Manifest;
    expect(first.complete).toBe(false);
    expect(first.gaps.some(({ cause }) => cause === 'notRecorded')).toBe(true);
    expect(first.gaps.at(-1)!.cause).toBe('pending');
    expect(pressed - first.picture!.showsAt).toBeLessThan(5_000);
    expect(first.states.map(({ state }) => state)).toContain('live');
    const whole = await until('the end of the clip', async () => {
      const found = await detailOf(id);
      return found.evidence.state === 'complete' && found;
    });
    const second = whole.manifest!;
    complete = whole.evidence;
    expect(second).toMatchObject({ version: 2, previous: sha256(written), complete: true });
    expect(complete.manifests[0]!.digest).toBe(sha256(written));
    expect(second.files).toEqual(expect.arrayContaining(first.files));
    expect(second.files.length).toBeGreaterThan(first.files.length);
    const last = second.segments.at(-1)!;
    expect(last.at + last.seconds * 1000).toBeGreaterThanOrEqual(pressed + 3_000);
    // Nothing is missing between the two.
    expect(second.gaps.every(({ to }) => to <= first.segments[0]!.at)).toBe(true);
    for (const { name, kind } of second.files)
      if (kind === 'clip') expect((await probe(join(folderOf(id), name))).start).toBeCloseTo(0, 1);
  }, 180_000);

  it('of a camera that shows nothing says so', async () => {
    const row = await take(dark, Date.now() - 60_000);
    expect(row).toMatchObject({ state: 'complete', seconds: 0, missing: 60 });
    const { manifest } = await detailOf(row.id);
    expect(manifest).toMatchObject({ files: [], segments: [], gaps: [{ cause: 'notRecorded' }] });
  }, 180_000);

  it('that a killed hub had written and not said is said at the next look', async () => {
    const id = `evidence-${randomUUID()}`;
    const now = Date.now();
    const body = { complete: true, madeAt: now, files: [], gaps: [] } as Partial<Manifest>;
    await mkdir(folderOf(id), { recursive: true });
    await writeFile(join(folderOf(id), 'manifest-1.json'), JSON.stringify(body));
    await hub.context.bus.command({
      kind: 'evidence.taken',
      id: randomUUID(),
      region: '510104',
      source: 'desk',
      occurredAt: now,
      account: 'li',
      name: '李明',
      evidence: id,
      hall: dark.hall,
      camera: dark.id,
      at: now - 100_000,
      from: now - 130_000,
      until: now - 70_000,
      why: 'x',
    });
    const row = await until('the event', async () => {
      const { evidence } = await detailOf(id);
      return evidence.state === 'complete' && evidence;
    });
    expect(row.manifests[0]!.digest).toBe(sha256(Buffer.from(JSON.stringify(body))));
  }, 180_000);
});

describe('rights', () => {
  it('are asked for on every route; administrators see no evidence (SC-29)', async () => {
    const routes: [string, object?][] = [
      ['/api/evidence'],
      ['/api/evidence', { camera: recorded.id, why: 'x' }],
      [`/api/evidence/${complete.id}`],
      [`/api/evidence/${complete.id}/requests`, { act: 'view', purpose: 'x' }],
      [`/api/evidence/${complete.id}/check`, {}],
      ['/api/releases'],
      ['/api/releases/r1'],
      ['/api/releases/r1/answer', { outcome: 'approved' }],
      ['/evidence/released/r1/copy.mp4'],
    ];
    for (const [path, body] of routes) {
      expect([path, (await ask(undefined, path, body)).status]).toEqual([path, 401]);
      expect([path, (await ask('admin', path, body)).status]).toEqual([path, 403]);
    }
    // Who manages a hall takes no evidence and answers no request.
    expect((await ask('wang', '/api/evidence', { camera: recorded.id, why: 'x' })).status).toBe(403);
    expect((await ask('wang', '/api/releases/r1/answer', { outcome: 'approved' })).status).toBe(403);
    expect((await ask('li', '/api/evidence', { camera: recorded.id })).body).toMatchObject({ field: 'why' });
    const future = { camera: recorded.id, why: 'x', at: Date.now() + 60_000 };
    expect(await ask('li', '/api/evidence', future)).toMatchObject({ status: 409, body: { field: 'at' } });
    // Nothing is said to be taken for what is not there, or is somebody else's.
    for (const about of ['finding', 'signal', 'casefile'])
      expect((await ask('li', '/api/evidence', { camera: recorded.id, why: 'x', [about]: 'elsewhere' })).status).toBe(
        404,
      );
  });
});

describe('a release', () => {
  let release: Release;
  const copy = (who: string | undefined, file = 'copy.mp4', headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${hub.address}/evidence/released/${release.id}/${file}`, {
      headers: { ...(who ? { cookie: cookies[who]! } : {}), ...headers },
    });

  it('is answered by another person of the same level, with a watermark that says whose it is', async () => {
    const asked = { act: 'view', purpose: '核查窗口空岗:第3号' };
    release = (await ask<Release>('wang', `/api/evidence/${complete.id}/requests`, asked)).body;
    expect(release).toMatchObject({ state: 'requested', act: 'view', evidence: complete.id });
    expect((await copy('wang')).status).toBe(403);
    const answer = `/api/releases/${release.id}/answer`;
    expect(await ask('chen', answer, { outcome: 'approved' })).toMatchObject({ status: 403 });
    expect(await ask('zhao', answer, { outcome: 'refused' })).toMatchObject({ status: 409, body: { field: 'reason' } });
    const listed = await ask<{ items: { id: string; mayAnswer: boolean }[] }>('zhao', '/api/releases?state=requested');
    expect(listed.body.items).toMatchObject([{ id: release.id, mayAnswer: true }]);
    expect(await ask('zhao', answer, { outcome: 'approved', reason: '同意' })).toMatchObject({ status: 200 });
    release = await until('the copy', async () => {
      const { body } = await ask<Release>('wang', `/api/releases/${release.id}`);
      return body.state === 'released' && body;
    });
    const { manifest } = await detailOf(complete.id);
    const folder = releaseFolder(hub.dataDir, complete.id, release.id);
    const played = await probe(join(folder, 'copy.mp4'));
    expect(played).toMatchObject({ width: 1280 });
    const seconds = manifest!.segments.reduce((sum, each) => sum + each.seconds, 0);
    expect(Math.abs(played.seconds - seconds)).toBeLessThan(1.5);
    expect(sha256(await readFile(join(folder, 'copy.mp4')))).toBe(release.copy!.sha256);
    expect(sha256(await readFile(join(folder, 'manifest.json')))).toBe(release.copy!.digest);
    const { body } = await ask<{ watermark: string[] }>('wang', `/evidence/released/${release.id}/manifest.json`);
    expect(body.watermark.join('\n')).toMatch(/调阅副本\(查阅\) wang.*\n.*zhao .* 批准 有效至 .*\n用途:核查窗口空岗/);
  }, 180_000);

  it('nobody answers their own request (SC-29)', async () => {
    const asked = await ask<Release>('li', `/api/evidence/${complete.id}/requests`, { act: 'copy', purpose: 'x' });
    expect((await ask('li', `/api/releases/${asked.body.id}/answer`, { outcome: 'approved' })).status).toBe(403);
    const no = { outcome: 'refused', reason: '无关' };
    expect((await ask('zhao', `/api/releases/${asked.body.id}/answer`, no)).body).toMatchObject({ state: 'refused' });
  });

  it('is opened by who asked, piece by piece as one view that the ledger has', async () => {
    expect((await copy(undefined)).status).toBe(401);
    for (const who of ['admin', 'li', 'zhao', 'prov']) expect([who, (await copy(who)).status]).toEqual([who, 403]);
    expect((await copy('wang', 'manifest-1.json')).status).toBe(404);
    const whole = await copy('wang');
    expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const piece = await copy('wang', 'copy.mp4', { range: 'bytes=100-199' });
    expect([piece.status, piece.headers.get('content-range')]).toEqual([206, `bytes 100-199/${bytes.length}`]);
    expect(Buffer.from(await piece.arrayBuffer())).toEqual(bytes.subarray(100, 200));
    const views = await hub.context.store.query(
      `select 1 from ledger where act = 'evidence.viewed' and body->'facts'->>'release' = $1`,
      [release.id],
    );
    expect(views).toHaveLength(1);
  });

  it('writes Chinese that differs by what it says: no boxes in the place of letters', async () => {
    const black = (
      await run('ffmpeg', [...'-loglevel error -f lavfi -i color=black:s=640x360 -frames:v 1 -f mjpeg -'.split(' ')], {
        encoding: 'buffer',
      })
    ).stdout;
    const draw = async (text: string): Promise<Buffer> => {
      const file = join(hub.dataDir, `odd, [name]'s: ${text}.txt`);
      await writeFile(file, text);
      const said: string[] = [];
      const letters = { font, lines: [file], middle: file };
      const jpeg = await convert(pictureCopy(letters), black, 20_000, (line) => said.push(line));
      expect(said).toEqual([]);
      return jpeg!;
    };
    const [zhang, li, empty] = [await draw('张三'), await draw('李四'), await draw(' ')];
    expect(zhang).not.toEqual(li);
    expect(zhang.length).toBeGreaterThan(empty.length);
  }, 180_000);

  it('shows every picture of a camera that began anew with another size and another codec', async () => {
    const folder = join(hub.dataDir, "odd, [clips]'s: all");
    await mkdir(folder);
    const films = [{ width: 320 }, { codec: 'h265', width: 320 }, { codec: 'h265', width: 640, seconds: 2 }] as const;
    const names = await Promise.all(
      films.map(async ({ width, ...film }, index) => {
        const of = await makeFilm({ seconds: 4, ...film, width, height: (width * 9) / 16 });
        const tags = 'codec' in film ? '-tag:v hvc1 ' : '';
        const to = `-t 1 -c copy ${tags}-movflags frag_keyframe+empty_moov+default_base_moof`.split(' ');
        await run('ffmpeg', ['-loglevel', 'error', '-framerate', '15', '-i', of, ...to, join(folder, `${index}.mp4`)]);
        return `${index}.mp4`;
      }),
    );
    const at = Date.UTC(2026, 10, 22, 4, 0, 0);
    const manifest = {
      files: [{ name: 'picture.jpg', kind: 'picture' }, ...names.map((name) => ({ name, kind: 'clip' }))],
      segments: names.map((file, index) => ({ file, offset: 0, seconds: 1, at: at + index * 5000, sha256: '' })),
    } as Manifest;
    const line = join(folder, 'line.txt');
    await writeFile(line, '甲');
    const said: string[] = [];
    const letters = { font, lines: [line], middle: line };
    const copy = await convert(copyOf(folder, manifest, letters), undefined, 30_000, (text) => said.push(text));
    expect(said).toEqual([]);
    // The number of each picture stands in its first lines, above all that was written into it.
    const strip = '-vf crop=iw:6:0:1,scale=16:1:flags=area,format=gray -vsync passthrough -f rawvideo -'.split(' ');
    const decoder = run('ffmpeg', ['-loglevel', 'error', '-i', '-', ...strip], { encoding: 'buffer' });
    decoder.child.stdin!.end(copy);
    const { stdout } = await decoder;
    const numbers = Array.from({ length: stdout.length / 16 }, (_, picture) =>
      [...stdout.subarray(picture * 16, picture * 16 + 16)].reduce(
        (sum, level, bit) => sum + (level > 125 ? 2 ** bit : 0),
        0,
      ),
    );
    expect(numbers).toEqual([0, 1, 2].flatMap(() => Array.from({ length: 15 }, (_, number) => number)));
  }, 180_000);

  it('is closed when it has expired', async () => {
    const { store } = hub.context;
    const over = (at: number) =>
      store.query(
        `update evidence_release set body = jsonb_set(body, '{expiresAt}', to_jsonb($2::bigint)) where id = $1`,
        [release.id, at],
      );
    await over(Date.now() - 1);
    expect((await copy('wang')).status).toBe(403);
    await over(release.expiresAt!);
    expect((await copy('wang')).status).toBe(200);
  });
});

describe('verify', () => {
  it('finds everything as written, then what is missing, changed and extra', async () => {
    const { store } = hub.context;
    const folder = folderOf(complete.id);
    const look = async (): Promise<string[]> => (await verifyEvidence(store, hub.dataDir)).faults.map(inWords);
    expect(await look()).toEqual([]);
    expect((await verifyLedger(store)).ok).toBe(true);
    const clip = (await readdir(folder)).find((name) => name.startsWith('clip-'))!;
    const bytes = await readFile(join(folder, clip));
    const other = Buffer.from(bytes);
    other[other.length >> 1]! ^= 1;
    await writeFile(join(folder, clip), other);
    await rename(join(folder, 'picture.jpg'), join(folder, 'picture2.jpg'));
    expect((await look()).sort()).toEqual([
      expect.stringMatching(/clip-\S+ is not what was written/),
      expect.stringMatching(/picture.jpg is missing/),
      expect.stringMatching(/picture2.jpg is named by no manifest/),
    ]);
    const checked = (): Promise<{ status: number; body: EvidenceCheck }> =>
      ask<EvidenceCheck>('li', `/api/evidence/${complete.id}/check`, {});
    expect((await checked()).body).toMatchObject({
      ok: false,
      faults: expect.arrayContaining([
        { file: clip, fault: 'changed' },
        { file: 'picture.jpg', fault: 'missing' },
        { file: 'picture2.jpg', fault: 'extra' },
      ]),
    });
    await rename(join(folder, 'picture2.jpg'), join(folder, 'picture.jpg'));
    await writeFile(join(folder, clip), bytes);
    expect(await checked()).toMatchObject({ status: 200, body: { ok: true, faults: [] } });
    const carried = join(hub.dataDir, 'carried');
    await run('cp', ['-r', folder, carried]);
    expect(await verifyFolder(store, carried)).toMatchObject({ ok: true, evidence: 1, faults: [] });
    const manifest = await readFile(join(carried, 'manifest-1.json'), 'utf8');
    await writeFile(join(carried, 'manifest-1.json'), manifest.replace('窗口空岗', '一切正常'));
    expect((await verifyFolder(store, carried)).faults.map(inWords)).toEqual([
      expect.stringMatching(/manifest-1.json stands in no entry of the ledger/),
    ]);
    await rm(carried, { recursive: true });
  }, 180_000);
});

describe('deletion', () => {
  it('is the province’s (SC-33): files and copies go, manifests and ledger stay', async () => {
    const asked = await ask<Release>('li', `/api/evidence/${complete.id}/requests`, { act: 'delete', purpose: '误采' });
    const answer = `/api/releases/${asked.body.id}/answer`;
    for (const who of ['zhao', 'chen'])
      expect([who, (await ask(who, answer, { outcome: 'approved' })).status]).toEqual([who, 403]);
    expect((await ask('prov', answer, { outcome: 'approved' })).status).toBe(200);
    await until('the deletion', async () => (await detailOf(complete.id)).evidence.state === 'removed');
    expect(await readdir(folderOf(complete.id))).toEqual(['manifest-1.json', 'manifest-2.json']);
    expect((await ask('wang', '/api/releases?state=released')).body).toMatchObject({
      items: [{ evidence: complete.id }],
    });
    expect((await verifyEvidence(hub.context.store, hub.dataDir)).faults).toEqual([]);
  }, 180_000);

  it('and all the rest is rebuilt from the log, row by row', async () => {
    const { store, world, log } = hub.context;
    const { databaseUrl } = hub.backend;
    await store.query(`create database again template template0 encoding 'UTF8'`);
    const target = await connectStore({ url: databaseUrl.replace(/\/[^/]*$/, '/again'), log });
    try {
      await migrate(target, { log });
      const { tables } = await rebuild(store, target, world());
      expect(tables.filter(({ equal }) => !equal)).toEqual([]);
      expect(tables.find(({ table }) => table === 'evidence')!.rows).toBeGreaterThan(20);
    } finally {
      await target.close();
    }
  }, 180_000);
});
