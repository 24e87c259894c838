import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CameraState } from '../../hub/model/event.ts';
import type { Visit } from '../../hub/model/state.ts';
import type { Camera } from '../../hub/model/world.ts';
import { watching } from '../../hub/serve/views.ts';
import {
  makeFilm,
  startCamera,
  startCameraServer,
  type CameraServer,
  type Misbehaviour,
} from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';

/** Pictures in trouble, side by side: each test looks at cameras of its own, all of them watched from the beginning. */
const paths = ['well', 'frozen', 'black', 'covered', 'smaller', 'slow', 'hevc'] as const;
type Path = (typeof paths)[number];
/** On a machine that does more than this a judgement may come later than the five seconds of a quiet one. */
const WITHIN_MS = 12_000;

let hub: TestHub;
let server: CameraServer;
/** Sends a key picture every ten seconds. */
let slow: CameraServer;
let cameras: Record<Path, Camera>;
let inspector: string;
let watched = true;
let watch: Promise<unknown>;
let beganAt: number;

interface Turn {
  state: CameraState;
  at: number;
  saidAt: number;
  detail: string | null;
}

beforeAll(async () => {
  const film = makeFilm({ keyEvery: 10 });
  [hub, server, slow] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'stream'] } }),
    startCamera({ paths: [...paths] }),
    film.then((file) => startCameraServer({ streams: [{ path: 'slow', file, fps: 15 }] })),
  ]);
  const hevc = join(hub.dataDir, 'hevc.mp4');
  const encoder = [
    '-c:v',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    'keyint=15:log-level=error',
    '-threads',
    '1',
  ];
  const card = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15', '-t', '4'];
  await promisify(execFile)('ffmpeg', ['-nostdin', '-loglevel', 'error', ...card, ...encoder, hevc]);
  const addresses = new Map<Path, string>([
    ['slow', slow.url('slow')],
    ['hevc', `file:${hevc}`],
  ]);
  const { store, seal, world } = hub.context;
  const known = [...world().cameras.values()].filter((each) => each.hall === 'hall-510104-1');
  cameras = Object.fromEntries(paths.map((path, index) => [path, known[index]!])) as Record<Path, Camera>;
  for (const path of paths) {
    const url = seal.seal(addresses.get(path) ?? server.url(path));
    await store.query('update camera set url = $2 where id = $1', [cameras[path].id, url]);
  }
  inspector = await hub.signIn({ name: 'li', role: 'inspector', region: '510104' });
  beganAt = Date.now();
  watch = Promise.all(paths.map(play));
  await Promise.all(paths.map((path) => until(path, 'live', beganAt, path === 'slow' ? 20_000 : WITHIN_MS)));
}, 180_000);

afterAll(async () => {
  watched = false;
  await watch;
  await hub?.stop();
  await server?.stop();
  await slow?.stop();
}, 180_000);

const get = (path: Path, file: string): Promise<Response> =>
  fetch(`${hub.address}/live/${cameras[path].id}/${file}`, { headers: { cookie: inspector } });

/** Fetches all that comes, as a player does, until the tests end. */
async function play(path: Path): Promise<void> {
  const fetched = new Set<string>();
  for (; watched; await sleep(400)) {
    const answer = await get(path, 'plain.m3u8');
    const text = await answer.text();
    if (answer.status !== 200) continue;
    for (const name of text.split('\n').filter((line) => line.endsWith('.mp4') && !fetched.has(line))) {
      fetched.add(name);
      await (await get(path, name)).arrayBuffer();
    }
  }
}

const turns = (path: Path): Promise<Turn[]> =>
  hub.context.store.query<Turn & Record<string, unknown>>(
    `select body->>'state' as state, body->>'detail' as detail, occurred_at as at, received_at as "saidAt" from event
     where kind = 'camera.changed' and body->>'camera' = $1 order by position`,
    [cameras[path].id],
  );

/** What a camera was said to be, one after the other; but for the three seconds in which the machine itself stood still. */
async function told(path: Path): Promise<CameraState[]> {
  const all = await turns(path);
  const isOfMachine = (turn: Turn | undefined): boolean => turn?.detail === 'no picture for 3 s';
  return all
    .filter((turn, index) => !isOfMachine(turn) && !(turn.state === 'live' && isOfMachine(all[index - 1])))
    .map(({ state }) => state);
}

/** The camera's first change to a state that was said after a moment. */
async function until(path: Path, state: CameraState, after: number, withinMs = WITHIN_MS): Promise<Turn> {
  for (const end = after + withinMs; Date.now() < end + 500; await sleep(50)) {
    const found = (await turns(path)).find((turn) => turn.state === state && turn.saidAt >= after);
    if (found) return found;
  }
  throw new Error(`${path}: not ${state} within ${withinMs} ms, but ${JSON.stringify(await turns(path))}`);
}

const misbehave = (path: Path, kind: Misbehaviour): number => {
  server.misbehave(kind, path);
  return Date.now();
};

describe('what a picture shows', () => {
  it.each([
    ['frozen', 'freeze'],
    ['black', 'black'],
    ['covered', 'covered'],
  ] as const)(
    'is %s within seconds of the fault, counted from the last good picture, and live again',
    async (path, kind) => {
      const faultAt = misbehave(path, kind);
      const fault = await until(path, path, faultAt);
      expect(fault.detail).toBeTruthy();
      // Programme time runs up to a second behind; what lies between the last good look and the fault does not count either.
      expect(fault.at).toBeLessThanOrEqual(faultAt + 1000);
      expect(fault.at).toBeGreaterThan(faultAt - WITHIN_MS);
      const healedAt = misbehave(path, 'none');
      const live = await until(path, 'live', healedAt);
      expect(live.at).toBeGreaterThanOrEqual(healedAt - 1000);
      expect(await told(path)).toEqual(['starting', 'live', path, 'live']);
      process.stderr.write(
        `  ${path}: said after ${fault.saidAt - faultAt} ms, live after ${live.saidAt - healedAt} ms\n`,
      );
    },
    180_000,
  );

  it('earns no second of a visit while it is frozen, black or covered, although all of it was delivered and reported', async () => {
    const { store } = hub.context;
    await sleep(1500); // deliveries are written every second
    // The page claims every second that was delivered, and proves that it has it.
    await store.query(
      `insert into view_report (visit, session, camera, media_from, media_to, visible, width, height, frames, page_at, at, proven)
       select 'visit', session, camera, media_from, media_to, true, 640, 360, 15, at, at, true from delivery`,
    );
    const asOf = Date.now();
    const judged = await hub.context.bus.ask<Record<string, number>>(
      'stream.judged',
      { cameras: [cameras.well.id, cameras.black.id, 'nobody'] },
      20_000,
    );
    expect(Object.keys(judged)).toEqual([cameras.well.id, cameras.black.id]);
    for (const until of Object.values(judged)) expect(Math.abs(asOf - until)).toBeLessThan(WITHIN_MS);
    const windows = paths.map((path) => cameras[path].window!);
    const visit = { id: 'visit', region: '510104', windows, startedAt: beganAt } as Visit;
    const { views } = await watching(hub.context, visit, asOf);
    const seconds = (path: Path): number => views.find(({ camera }) => camera === cameras[path].id)!.seconds;
    expect(seconds('well')).toBeGreaterThan(8);
    const delivered = await store.query<{ camera: string; seconds: number }>(
      'select camera, sum(media_to - media_from)::float8 / 1000 as seconds from delivery group by camera',
    );
    for (const path of ['frozen', 'black', 'covered'] as const) {
      const said = await turns(path);
      const fault = said.find(({ state }) => state === path)!;
      const blind = (said.at(-1)!.at - fault.at) / 1000;
      expect(blind).toBeGreaterThan(2);
      const all = delivered.find(({ camera }) => camera === cameras[path].id)!.seconds;
      expect(seconds(path)).toBeLessThanOrEqual(all - blind + 0.5);
      expect(seconds(path)).toBeGreaterThan(3);
    }
  }, 180_000);

  it('goes on in another size within seconds, as a break with an initialization section of its own', async () => {
    const before = await (await get('smaller', 'plain.m3u8')).text();
    const changedAt = misbehave('smaller', 'smaller');
    let after = '';
    const inits = (playlist: string): string[] =>
      [...playlist.matchAll(/#EXT-X-MAP:URI="([^"]+)"/g)].map((match) => match[1]!);
    while (!inits(after).some((name) => !inits(before).includes(name))) {
      expect(Date.now() - changedAt).toBeLessThan(WITHIN_MS);
      await sleep(100);
      after = await (await get('smaller', 'plain.m3u8')).text();
    }
    expect(after).toMatch(/#EXT-X-DISCONTINUITY\n/);
    const sizeOf = async (name: string): Promise<number> => {
      const init = Buffer.from(await (await get('smaller', name)).arrayBuffer());
      return init.readUInt16BE(init.indexOf('avc1') + 4 + 24);
    };
    expect(await Promise.all([inits(after).at(0)!, inits(after).at(-1)!].map(sizeOf))).toEqual([640, 320]);
    await sleep(2500);
    // No picture is missing for it: the camera was never anything but live.
    expect(await told('smaller')).toEqual(['starting', 'live']);
  }, 180_000);

  it('is told to be H.265 where it is, and announced as browsers want it', async () => {
    expect((await turns('hevc')).map(({ state, detail }) => [state, detail])).toEqual([
      ['starting', null],
      ['live', 'H.265'],
    ]);
    const playlist = await (await get('hevc', 'plain.m3u8')).text();
    const init = await (await get('hevc', /#EXT-X-MAP:URI="([^"]+)"/.exec(playlist)![1]!)).text();
    expect(init).toContain('hvc1');
  });

  it('of a camera that is well is never called anything else, however far apart its key pictures are', async () => {
    const slowFor = Date.now() - (await turns('slow'))[1]!.at;
    await sleep(Math.max(0, 22_000 - slowFor));
    expect(await told('well')).toEqual(['starting', 'live']);
    expect(await told('slow')).toEqual(['starting', 'live']);
  }, 180_000);
});
