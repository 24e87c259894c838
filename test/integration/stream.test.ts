import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CameraState } from '../../hub/model/event.ts';
import type { Camera } from '../../hub/model/world.ts';
import { worldChanged } from '../../hub/platform/world.ts';
import { startCamera, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const run = promisify(execFile);
const user = 'admin';
const password = 'a+b-Secret9';
const paths = ['one', 'two', 'three', 'four', 'five', 'six'] as const;
type Path = (typeof paths)[number];

let hub: TestHub;
let server: CameraServer;
/** The hub's cameras of hall-510104-1, one for each path. */
let cameras: Record<Path, Camera>;
let inspector: string;
const stops: (() => void)[] = [];

beforeAll(async () => {
  [hub, server] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'stream'] } }),
    startCamera({ paths: [...paths], user, password }),
  ]);
  const { store, seal, world, bus } = hub.context;
  const known = [...world().cameras.values()].filter((each) => each.hall === 'hall-510104-1');
  cameras = Object.fromEntries(paths.map((path, index) => [path, known[index]!])) as Record<Path, Camera>;
  // One of them by an ffmpeg, as every address is that is not RTSP.
  for (const path of paths) await point(path, `${server.url(path)}${path === 'two' ? '?via=ffmpeg' : ''}`);
  // A camera that is switched off.
  await store.query('update camera set enabled = false where id = $1', [known[11]!.id]);
  await store.query('update camera set url = $2 where id = $1', [known[10]!.id, seal.seal('http://example.invalid/x')]);
  bus.connection.publish(worldChanged);
  await until('the world read again', () => world().cameras.get(known[11]!.id)!.enabled === false);
  inspector = await hub.signIn({ name: 'li', role: 'inspector', region: '510104' });
}, 180_000);

afterAll(async () => {
  await hub?.stop();
  await server?.stop();
}, 180_000);

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  server.misbehave('none');
});

/** Points a camera of the hub at an address. */
async function point(path: Path, url: string): Promise<void> {
  await hub.context.store.query('update camera set url = $2 where id = $1', [
    cameras[path].id,
    hub.context.seal.seal(url),
  ]);
}

const until = untilWithin(30_000);

const ask = (path: string, cookie: string | undefined = inspector): Promise<Response> =>
  fetch(`${hub.address}${path}`, { headers: cookie ? { cookie } : {} });
const live = (path: Path, file: string, cookie?: string): Promise<Response> =>
  ask(`/live/${cameras[path].id}/${file}`, cookie);

async function text(path: Path, file: string): Promise<string> {
  const answer = await live(path, file);
  expect(answer.status).toBe(200);
  return answer.text();
}

/** Goes on asking for the plain playlist, as a tile does, until the test ends. */
function watch(path: Path): void {
  let on = true;
  stops.push(() => (on = false));
  void (async () => {
    for (; on; await sleep(500)) await live(path, 'plain.m3u8').then((answer) => answer.arrayBuffer());
  })().catch(() => undefined);
}

const number = (playlist: string, tag: string): number => Number(new RegExp(`#EXT-X-${tag}:(\\d+)`).exec(playlist)![1]);
const partsOf = (playlist: string): string[] =>
  [...playlist.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].map((match) => match[1]!);
const hintOf = (playlist: string): string => /PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/.exec(playlist)![1]!;
const initOf = (playlist: string): string => [...playlist.matchAll(/#EXT-X-MAP:URI="([^"]+)"/g)].at(-1)![1]!;
const segmentsOf = (playlist: string): string[] => playlist.split('\n').filter((line) => line.endsWith('.mp4'));

/** Programme time of the end of the playlist, epoch ms. */
function edgeOf(playlist: string): number {
  const last = playlist.split('#EXT-X-PROGRAM-DATE-TIME:').at(-1)!;
  const from = Date.parse(last.slice(0, last.indexOf('\n')));
  const listed = [...last.matchAll(/#EXT-X-PART:DURATION=([\d.]+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
  return from + (listed || Number(/#EXTINF:([\d.]+)/.exec(last)![1])) * 1000;
}

/** A list whose edge is now by the server's clock. The machine may stand still in between; a clock that is wrong is never right. */
const upToDate = (path: Path, file: string, withinMs: number): Promise<string> =>
  until(`${file} of ${path} ends now`, async () => {
    const list = await text(path, file);
    return Math.abs(Date.now() - edgeOf(list)) < withinMs && list;
  });

const states = async (path: Path): Promise<CameraState[]> => {
  const rows = await hub.context.store.query<{ state: CameraState }>(
    `select body->>'state' as state from event where kind = 'camera.changed' and body->>'camera' = $1 order by position`,
    [cameras[path].id],
  );
  return rows.map(({ state }) => state);
};
const statusOf = async (path: Path): Promise<string | undefined> => (await states(path)).at(-1);

/** The ffmpeg that pulls now; the tests run one camera at a time where they need it. */
async function ffmpegs(): Promise<{ pid: number; args: string }[]> {
  const { stdout } = await run('ps', ['-eo', 'pid,ppid,stat,args', '--no-headers']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid]) => Number(ppid) === process.pid)
    .filter(([, , , ...args]) => args.join(' ').includes('ffmpeg'))
    .map(([pid, , stat, ...args]) => ({ pid: Number(pid), args: `${stat} ${args.join(' ')}` }));
}

describe('a camera that is asked for', () => {
  it('becomes a playlist whose parts advance and play, dated by the server clock', async () => {
    // In eight seconds at the latest: then the answer would be 503.
    const first = await text('one', 'index.m3u8');
    watch('one');
    await sleep(2500);
    const later = await upToDate('one', 'index.m3u8', 1000);
    expect(partsOf(later).at(-1)).not.toBe(partsOf(first).at(-1));
    expect(later).toContain('CAN-BLOCK-RELOAD=YES');
    const plain = await upToDate('one', 'plain.m3u8', 2500);
    expect(number(plain, 'TARGETDURATION')).toBeLessThanOrEqual(2);
    // What is listed is there, and ffmpeg decodes it.
    const bytes: Buffer[] = [];
    for (const file of [initOf(plain), ...segmentsOf(plain)]) {
      const answer = await live('one', file);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toContain('immutable');
      expect(answer.headers.get('content-encoding')).toBeNull();
      bytes.push(Buffer.from(await answer.arrayBuffer()));
    }
    const decoded = run('ffprobe', [
      '-v',
      'error',
      '-count_frames',
      '-show_entries',
      'stream=width,nb_read_frames',
      '-of',
      'csv=p=0',
      '-',
    ]);
    decoded.child.stdin!.end(Buffer.concat(bytes));
    const [width, frames] = (await decoded).stdout.trim().split(',').map(Number);
    expect(width).toBe(640);
    expect(frames).toBeGreaterThan(25);
  });

  it('answers the blocking reload with the part that was asked for, and the hinted part as soon as it is there', async () => {
    watch('one');
    const { now, next, hinted } = await until('the segment that was asked for, and none behind it', async () => {
      const now = await text('one', 'index.m3u8');
      const sequence =
        number(now, 'MEDIA-SEQUENCE') + segmentsOf(now.replace(/#EXT-X-(PART|MAP|PRELOAD).*/g, '')).length + 1;
      const [next, hinted] = await Promise.all([
        text('one', `index.m3u8?_HLS_msn=${sequence}&_HLS_part=0`),
        live('one', hintOf(now)),
      ]);
      const newest = number(next, 'MEDIA-SEQUENCE') + [...next.matchAll(/#EXT-X-PROGRAM-DATE-TIME/g)].length - 1;
      expect(newest).toBeGreaterThanOrEqual(sequence);
      // Where the machine stood still before it was asked for, nobody waited for it.
      return newest === sequence && { now, next, hinted };
    });
    expect(hinted.status).toBe(200);
    expect(partsOf(next)).toContain(hintOf(now));
  });

  it.each([
    ['far in the future', (sequence: number) => `_HLS_msn=${sequence + 500}`],
    ['no number', () => '_HLS_msn=next'],
    ['a part without its segment', () => '_HLS_part=1'],
  ])('refuses a reload that is %s', async (_, query) => {
    const sequence = number(await text('one', 'index.m3u8'), 'MEDIA-SEQUENCE');
    const answer = await live('one', `index.m3u8?${query(sequence)}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('writes down what was delivered to the session, in programme time', async () => {
    const { store } = hub.context;
    const playlist = await text('one', 'plain.m3u8');
    const wanted = segmentsOf(playlist).slice(-2);
    const began = Date.now();
    for (const file of wanted) await (await live('one', file)).arrayBuffer();
    const rows = await until('two deliveries', async () => {
      const found = await store.query<{
        session: string;
        camera: string;
        media_from: number;
        media_to: number;
        at: number;
      }>('select * from delivery where at >= $1 order by media_from', [began]);
      return found.length === 2 && found;
    });
    const [session] = await store.query<{ id: string }>(`select id from session where account = 'li'`);
    for (const row of rows) {
      expect(row).toMatchObject({ session: session!.id, camera: cameras.one.id });
      expect(row.media_to - row.media_from).toBeGreaterThan(500);
      expect(Math.abs(row.at - row.media_to)).toBeLessThan(10_000);
    }
    expect(Math.abs(rows[1]!.media_from - rows[0]!.media_to)).toBeLessThan(60);
  });

  it('keeps a snapshot under the hash of its bytes, a JPEG of the newest key picture', async () => {
    const asked = Date.now();
    const snapshot = await hub.context.bus.ask<{ sha256: string; at: number; bytes: number }>(
      'stream.snapshot',
      { camera: cameras.one.id },
      20_000,
    );
    const bytes = await readFile(`${hub.dataDir}/evidence/${snapshot.sha256}.jpg`);
    expect(bytes.length).toBe(snapshot.bytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(snapshot.sha256);
    expect([...bytes.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    expect(snapshot.at).toBeGreaterThan(asked - 5000);
    expect(snapshot.at).toBeLessThan(Date.now() + 1000);
    // Nobody sees it before a finding carries it.
    const path = `/evidence/${snapshot.sha256}.jpg`;
    expect((await ask(path)).status).toBe(404);
    await hub.context.store.query(
      `insert into finding (id, region, visit, hall, hall_window, at, position, body) values ('f1', '510104', 'v1', 'hall-510104-1', 'w', 1, 1, $1)`,
      [JSON.stringify({ snapshotSha256: snapshot.sha256 })],
    );
    const answer = await ask(path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    // Who opened it stands in what was watched, before the picture is given out (SC-29).
    const seen = `select session, hall, finding from viewing where kind = 'finding'`;
    expect(await hub.context.store.query(seen)).toMatchObject([{ hall: 'hall-510104-1', finding: 'f1' }]);
    const elsewhere = await hub.signIn({ name: 'wu', role: 'inspector', region: '510107' });
    expect((await ask(path, elsewhere)).status).toBe(403);
    // SC-15: of what its own body found, and of nothing else.
    const housing = { role: 'lineInspector', region: '510100', organ: 'organ-510100-housing' } as const;
    const line = await hub.signIn({ name: 'zeng', ...housing });
    expect((await ask(path, line)).status).toBe(403);
    await hub.context.store.query(`update finding set body = body || $1 where id = 'f1'`, [
      JSON.stringify({ organ: housing.organ }),
    ]);
    expect((await ask(path, line)).status).toBe(200);
    expect((await ask(path, '')).status).toBe(401);
    expect(await hub.context.store.query(seen)).toHaveLength(2);
    expect((await ask('/evidence/..%2f..%2fkey.jpg')).status).toBe(404);
  });

  it('rejects the snapshot of a camera that does not exist', async () => {
    await expect(hub.context.bus.ask('stream.snapshot', { camera: 'nobody' }, 20_000)).rejects.toThrow();
  });
});

describe('who may see it', () => {
  it('nobody without a session, nobody of another county or another hall, no administrator', async () => {
    const file = 'index.m3u8';
    const elsewhere = await hub.signIn({ name: 'zhao', role: 'inspector', region: '510107' });
    const manager = await hub.signIn({ name: 'qian', role: 'hallManager', region: '510104', hall: 'hall-510107-1' });
    const administrator = await hub.signIn({ name: 'sun', role: 'administrator', region: '510000' });
    const city = await hub.signIn({ name: 'zhou', role: 'inspector', region: '510100' });
    // SC-15: the supervision body of a department, whose window is another one.
    const organ = 'organ-510100-housing';
    const line = await hub.signIn({ name: 'zeng', role: 'lineInspector', region: '510100', organ });
    const closedTo = [elsewhere, manager, administrator, line];
    expect((await live('one', file, '')).status).toBe(401);
    for (const cookie of closedTo) {
      const answer = await live('one', file, cookie);
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ status: 403, title: 'not allowed' });
    }
    expect((await live('one', file, city)).status).toBe(200);
    const part = partsOf(await text('one', file)).at(-1)!;
    // Every kind of media there is, in every quality; those of recordings and evidence are in their own tests.
    for (const quality of ['', 'main/', 'sub/', 'h264/'])
      for (const each of [file, 'plain.m3u8', part]) {
        const path = `${quality}${each}`;
        expect([path, (await live('one', path, '')).status]).toEqual([path, 401]);
        for (const cookie of closedTo) expect([path, (await live('one', path, cookie)).status]).toEqual([path, 403]);
      }
    expect((await live('five', file, line)).status).toBe(200);
    expect((await live('five', file, manager)).status).toBe(403);
    // Who may watch but did not open a view, or let it expire.
    const late = await hub.signIn({ name: 'wen', role: 'inspector', region: '510104' });
    const closed = await live('one', part, late);
    expect([closed.status, await closed.json()]).toEqual([403, expect.objectContaining({ reason: 'view.expired' })]);
  });

  it('nobody a camera that does not exist or is switched off', async () => {
    const off = [...hub.context.world().cameras.values()].find(
      (each) => each.hall === 'hall-510104-1' && !each.enabled,
    )!;
    expect((await ask('/live/nothing/index.m3u8')).status).toBe(404);
    expect((await ask(`/live/${off.id}/index.m3u8`)).status).toBe(404);
    expect((await live('one', 'no-such-part.mp4')).status).toBe(404);
  });
});

describe('a camera in trouble', () => {
  it('is back within five seconds when its ffmpeg is killed, with a break and numbers that go on', async () => {
    const before = await text('two', 'index.m3u8');
    watch('two');
    await until('live', async () => (await statusOf('two')) === 'live');
    const inits = initOf(before);
    const pulling = (await ffmpegs()).filter(({ args }) => args.includes('concat'));
    for (const { pid } of pulling) process.kill(pid, 'SIGKILL');
    // Usually a second or two.
    const after = await until('new parts', async () => {
      const playlist = await text('two', 'index.m3u8');
      return initOf(playlist) !== inits && partsOf(playlist).length > 0 && playlist;
    });
    expect(after).toContain('#EXT-X-DISCONTINUITY\n');
    expect(number(after, 'MEDIA-SEQUENCE')).toBeGreaterThanOrEqual(number(before, 'MEDIA-SEQUENCE'));
    await until('live again in the log', async () => (await states('two')).join().includes('live,stalled,live'));
    await until('no zombie', async () => (await ffmpegs()).every(({ args }) => !args.startsWith('Z')));
  });

  it('is stalled when its pictures stop, and live when they come again', async () => {
    await text('three', 'index.m3u8');
    watch('three');
    await until('live', async () => (await statusOf('three')) === 'live');
    server.misbehave('stall', 'three');
    await until('stalled', async () => (await statusOf('three')) === 'stalled');
    server.misbehave('none', 'three');
    await until('live', async () => (await statusOf('three')) === 'live');
  });

  it('comes back after a reset, and is offline while it refuses', async () => {
    await text('four', 'index.m3u8');
    watch('four');
    await until('live', async () => (await statusOf('four')) === 'live');
    server.misbehave('reset', 'four');
    await until('back', async () => (await states('four')).join().endsWith('live,stalled,live'));
    server.misbehave('refuse');
    await until('offline', async () => (await statusOf('four')) === 'offline');
    const rows = await hub.context.store.query<{ detail: string }>(
      `select body->>'detail' as detail from event where kind = 'camera.changed' and body->>'state' = 'offline'`,
    );
    for (const { detail } of rows) expect(detail).not.toContain(password);
    server.misbehave('none');
    await until('live', async () => (await statusOf('four')) === 'live');
  });

  it('keeps the clock of the server when its own jumps or runs at another rate', async () => {
    await text('five', 'index.m3u8');
    watch('five');
    server.misbehave('clockJump', 'five');
    await sleep(2000);
    await upToDate('five', 'index.m3u8', 1000);
    server.misbehave('wrongRate', 'five');
    await sleep(6000);
    await upToDate('five', 'index.m3u8', 1000);
    await sleep(3000);
    await upToDate('five', 'index.m3u8', 1000);
  });

  it('answers 503 in time when there is no picture', async () => {
    await point('six', server.url('nothing-here'));
    const began = Date.now();
    const answer = await live('six', 'index.m3u8');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    // As soon as it is known, not when a patience of eight seconds is over: a browser has six connections.
    expect(Date.now() - began).toBeLessThan(7500);
    await until('offline', async () => (await statusOf('six')) === 'offline');
  });

  it('is pulled over UDP when its address says so', async () => {
    await point('six', `${server.url('six')}?transport=udp`);
    const playlist = await until('a playlist', async () => {
      const answer = await live('six', 'index.m3u8');
      return answer.status === 200 && answer.text();
    });
    expect(partsOf(playlist).length).toBeGreaterThan(0);
    expect(server.watching('six')).toBe(1);
  });
});

describe('what stays secret and what is left behind', () => {
  it('passes no address on a command line', async () => {
    await text('two', 'index.m3u8');
    const { stdout } = await run('ps', ['-eo', 'args']);
    expect(stdout).toContain('frag_every_frame');
    expect(stdout).not.toContain(password);
    expect(stdout).not.toContain(`:${server.port}/`);
  });

  it('leaves no ffmpeg and no waiting player when it stops', async () => {
    const sequence = number(await text('one', 'index.m3u8'), 'MEDIA-SEQUENCE') + 1;
    const waiting = live('one', `index.m3u8?_HLS_msn=${sequence}`).catch(() => undefined);
    await text('two', 'index.m3u8');
    expect((await ffmpegs()).length).toBeGreaterThan(0);
    await hub.stop();
    await waiting;
    await until('no ffmpeg', async () => (await ffmpegs()).length === 0);
    await until('no session left at any camera', () => paths.every((path) => server.watching(path) === 0));
  });
});
