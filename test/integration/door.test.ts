/** Pictures leave through one door: by right, for as long as it holds, and verified alike whatever carries them. */
import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../hub/model/live.ts';
import type { VideoDown, VideoUp } from '../../hub/model/video.ts';
import { verifySeconds } from '../../hub/model/verify.ts';
import { followEndings, sessions } from '../../hub/platform/access.ts';
import { createHttp } from '../../hub/platform/http.ts';
import { openSockets, type SocketServer } from '../../hub/platform/sockets.ts';
import { worldChanged } from '../../hub/platform/world.ts';
import { Cameras } from '../../stream/cameras.ts';
import { Deliveries } from '../../stream/deliveries.ts';
import { Door } from '../../stream/door.ts';
import { Evidence } from '../../stream/evidence.ts';
import { routes } from '../../stream/http.ts';
import { videoSockets } from '../../stream/socket.ts';
import { openBrowser } from '../support/browser.ts';
import { startCamera, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { socketPage } from '../support/socketPage.ts';
import { untilWithin } from '../support/until.ts';

type VideoLine = Socket<VideoDown, VideoUp>;
const region = '510104';
const [one, two] = ['cam-one', 'cam-two'];

let server: CameraServer;
let hub: TestHub;
let browser: Browser;
/** A stream part as it runs where `serve` runs elsewhere, with narrow bounds. */
let apart: Apart;
let ids: { one: string; two: string };
const lines: VideoLine[] = [];

interface Apart {
  url: string;
  app: FastifyInstance;
  stop(): Promise<void>;
}

beforeAll(async () => {
  [server, hub, browser] = await Promise.all([
    startCamera({ paths: [one, two], film: { seconds: 6 } }),
    startTestHub({ settings: { roles: ['record', 'serve', 'stream'] } }),
    openBrowser(),
  ]);
  const { store, seal, world } = hub.context;
  const known = [...world().cameras.values()].filter((each) => each.hall === 'hall-510104-1');
  ids = { one: known[0]!.id, two: known[1]!.id };
  for (const [id, path] of [
    [ids.one, one],
    [ids.two, two],
  ] as const) {
    await store.query('update camera set url = $2 where id = $1', [id, seal.seal(server.url(path))]);
  }
  apart = await startApart();
}, 180_000);

afterAll(async () => {
  for (const line of lines) line.disconnect();
  await browser?.close();
  await apart?.stop();
  await hub?.stop();
  await server?.stop();
}, 180_000);

async function startApart(): Promise<Apart> {
  const { context } = hub;
  const cameras = new Cameras(context, { pictureSeconds: 0 });
  const deliveries = new Deliveries(context.store, context.log);
  const door = new Door({ cameras, deliveries, bounds: { lastsMs: 6_000, perSession: 3 } });
  const app = await createHttp({ log: context.log, version: 'test' });
  routes({ context, door, evidence: new Evidence(hub.dataDir) })(app);
  const sockets: SocketServer = openSockets({
    identify: context.sessions.identify,
    publicOrigin: undefined,
    path: '/live/socket.io',
  });
  videoSockets({ door, identify: context.sessions.identify, bounds: { credit: 60_000, waiting: 120_000 } })(sockets);
  sockets.attach(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    app,
    async stop() {
      await sockets.disconnect();
      sockets.stop();
      await app.close();
      door.stop();
      await cameras.stop();
      await deliveries.stop();
    },
  };
}

const ask = (path: string, cookie?: string, base = hub.address): Promise<Response> =>
  fetch(`${base}${path}`, { headers: cookie ? { cookie } : {} });

async function refusal(path: string, cookie?: string, base?: string): Promise<[number, string | undefined]> {
  const answer = await ask(path, cookie, base);
  const body = (await answer.json()) as { reason?: string };
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  return [answer.status, body.reason];
}

function connect(cookie: string | undefined, url = hub.address, path = '/socket.io'): VideoLine {
  const extraHeaders: Record<string, string> = { origin: url, ...(cookie ? { cookie } : {}) };
  const line: VideoLine = io(`${url}/video`, {
    path,
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    extraHeaders,
  });
  lines.push(line);
  return line;
}

const until = untilWithin(30_000);

/** What one socket client was told of one view; acknowledges unless it is told not to. */
class Viewer {
  readonly line: VideoLine;
  readonly pictures: { at: number; duration: number; key: boolean; bytes: Buffer; init: string }[] = [];
  readonly overs: string[] = [];
  view = '';
  credit = 0;
  bytes = 0;
  acknowledges = true;
  /** Goes on saying what it took, as the page does, where nothing new comes. */
  renews = true;
  #init = '';

  constructor(line: VideoLine) {
    this.line = line;
    line.on('init', ({ codec }, bytes) => {
      this.#init = codec;
      this.#came(bytes as Buffer);
    });
    line.on('pictures', (message, bytes) => {
      this.pictures.push({ ...message, bytes: bytes as Buffer, init: this.#init });
      this.#came(bytes as Buffer);
    });
    line.on('over', ({ view, reason }) => this.overs.push(view === this.view ? reason : `foreign ${view}`));
  }

  async open(camera: string): Promise<this> {
    const reply = await this.line.timeout(10_000).emitWithAck('open', { camera, quality: 'main' });
    if (!reply.ok) throw new Error(reply.reason);
    Object.assign(this, { view: reply.view, credit: reply.credit });
    const timer = setInterval(() => this.renews && this.took(), 300);
    this.line.on('disconnect', () => clearInterval(timer));
    return this;
  }

  took(): void {
    this.line.emit('took', { view: this.view, bytes: this.acknowledges ? this.bytes : 0 });
  }

  #came(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.acknowledges) this.took();
  }
}

const playlistOf = async (path: string, cookie: string, base?: string): Promise<string> => {
  const answer = await ask(path, cookie, base);
  expect(answer.status).toBe(200);
  return answer.text();
};
const initIn = (playlist: string): string => /#EXT-X-MAP:URI="([^"]+)"/.exec(playlist)![1]!;
const partIn = (playlist: string): string => [...playlist.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].at(-1)![1]!;
const segmentIn = (playlist: string): string => /^[^#\n]+\.mp4$/m.exec(playlist)![0];

describe('nothing leaves', () => {
  it('by HTTP without a session, a right and a view of one’s own', async () => {
    const li = await hub.signIn({ name: 'li', role: 'inspector', region });
    const folder = `/live/${ids.one}`;
    const playlist = await playlistOf(`${folder}/index.m3u8`, li);
    const files = [initIn(playlist), partIn(playlist), segmentIn(playlist)];
    for (const file of files) expect((await ask(`${folder}/${file}`, li)).status).toBe(200);
    const [elsewhere, administrator, colleague] = await Promise.all([
      hub.signIn({ name: 'zhao', role: 'inspector', region: '510107' }),
      hub.signIn({ name: 'sun', role: 'administrator', region: '510000' }),
      hub.signIn({ name: 'qian', role: 'inspector', region }),
    ]);
    const lists = ['index.m3u8', 'plain.m3u8', 'sub/index.m3u8', 'sub/plain.m3u8'];
    for (const file of [...lists, ...files, ...files.map((each) => `sub/${each}`)]) {
      expect([file, await refusal(`${folder}/${file}`)]).toEqual([file, [401, undefined]]);
      expect([file, await refusal(`${folder}/${file}`, elsewhere)]).toEqual([file, [403, undefined]]);
      expect([file, await refusal(`${folder}/${file}`, administrator)]).toEqual([file, [403, undefined]]);
    }
    // The same right, and an address that somebody passed on: it is no view of hers.
    for (const file of files) expect(await refusal(`${folder}/${file}`, colleague)).toEqual([403, 'view.expired']);
    for (const file of files) expect(await refusal(`${folder}/sub/${file}`, li)).toEqual([403, 'view.expired']);
    expect(await refusal(`${folder}/huge/index.m3u8`, li)).toEqual([404, undefined]);
    expect(await refusal('/live/nothing/index.m3u8', li)).toEqual([404, undefined]);
    // She opens one, and has them.
    await playlistOf(`${folder}/plain.m3u8`, colleague);
    for (const file of files) expect((await ask(`${folder}/${file}`, colleague)).status).toBe(200);
  }, 180_000);

  it('over the socket without a session, a right and a view of one’s own', async () => {
    const li = await hub.signIn({ name: 'li', role: 'inspector', region });
    const elsewhere = await hub.signIn({ name: 'zhao', role: 'inspector', region: '510107' });
    for (const [base, path] of [
      [hub.address, '/socket.io'],
      [apart.url, '/live/socket.io'],
    ] as const) {
      const stranger = connect(undefined, base, path);
      const refused = await new Promise<Error>((resolve) => stranger.on('connect_error', resolve));
      expect(refused.message).toBe('not signed in');
      const line = connect(elsewhere, base, path);
      expect(await line.emitWithAck('open', { camera: ids.one, quality: 'main' })).toEqual({
        ok: false,
        reason: 'right',
      });
      expect(await line.emitWithAck('open', { camera: 'nothing', quality: 'main' })).toEqual({
        ok: false,
        reason: 'camera',
      });
      for (const garbage of [{ camera: ids.one, quality: 'huge' }, { quality: 'main' }, null, 'x'.repeat(1_000)]) {
        const answer = await line.emitWithAck('open', garbage as never);
        expect(answer).toEqual({ ok: false, reason: 'protocol' });
      }
    }
    const own = await new Viewer(connect(li)).open(ids.one);
    await until('pictures', () => own.pictures.length > 3);
    expect(own.pictures[0]).toMatchObject({ key: true, init: expect.stringMatching(/^avc1\.[0-9A-F]{6}$/) });
    // Who knows the name of a view has nothing of it, not even its end.
    const thief = connect(elsewhere);
    thief.emit('took', { view: own.view, bytes: 0 });
    thief.emit('close', { view: own.view });
    thief.emit('took', { view: 7, bytes: -1 } as never);
    thief.emit('close', null as never);
    let stolen = 0;
    thief.on('pictures', () => (stolen += 1));
    await thief.emitWithAck('open', { camera: 'nothing', quality: 'main' });
    const had = own.pictures.length;
    await until('more pictures', () => own.pictures.length > had + 3);
    expect([stolen, own.overs]).toEqual([0, []]);
    // A view that claims what was never sent is over.
    own.line.emit('took', { view: own.view, bytes: own.bytes + 1_000_000 });
    await until('over', () => own.overs[0] === 'protocol');
    // Each connection has so many views and no more.
    const many = connect(li);
    const answers = [];
    for (let n = 0; n < 9; n++) answers.push(await many.emitWithAck('open', { camera: ids.one, quality: 'main' }));
    expect(answers.map((each) => each.ok || each.reason)).toEqual([...Array<true>(8).fill(true), 'bounds']);
  }, 180_000);

  it('when the view was not renewed, or there are too many', async () => {
    const cookie = await hub.signIn({ name: 'wu', role: 'inspector', region });
    const folder = `/live/${ids.one}`;
    const busy = await new Viewer(connect(cookie, apart.url, '/live/socket.io')).open(ids.one);
    await until('pictures', () => busy.pictures.length > 0);
    const line = connect(cookie, apart.url, '/live/socket.io');
    await until('a line', () => line.connected);
    // All is there that the next three need: they follow each other at once.
    const playlist = await playlistOf(`${folder}/index.m3u8`, cookie, apart.url);
    const idle = await new Viewer(line).open(ids.one);
    idle.acknowledges = idle.renews = false;
    expect(await refusal(`/live/${ids.two}/index.m3u8`, cookie, apart.url)).toEqual([429, 'view.bounds']);
    // Asking would renew it: only the hub's own clock can tell.
    await until('the end of what was not renewed', () => idle.overs[0] === 'expired');
    await until('a bound that is free', async () => (await ask(`/live/${ids.two}/plain.m3u8`, cookie, apart.url)).ok);
    expect(await refusal(`${folder}/${partIn(playlist)}`, cookie, apart.url)).toEqual([403, 'view.expired']);
    expect(busy.overs).toEqual([]);
    busy.line.disconnect();
  }, 180_000);
});

describe('a view ends at once', () => {
  it('with its session, its right and its camera', async () => {
    const { store, bus } = hub.context;
    const watch = async (name: string) => {
      const cookie = await hub.signIn({ name, role: 'inspector', region });
      const playlist = await playlistOf(`/live/${ids.two}/index.m3u8`, cookie);
      const viewer = await new Viewer(connect(cookie)).open(ids.two);
      await until('pictures', () => viewer.pictures.length > 0);
      return { cookie, viewer, file: `/live/${ids.two}/${initIn(playlist)}` };
    };
    const [left, moved, other] = [await watch('sun-li'), await watch('zhou'), await watch('wang')];
    // Time stands still there: it does not look up again by itself what it looked up.
    const standing = Date.now();
    const another = sessions(store, () => standing);
    followEndings(bus, another.forget);
    const leaving = (async () => {
      const elsewhere = () => another.identify({ headers: { cookie: left.cookie } });
      expect(await elsewhere()).toBeDefined();
      const answer = await fetch(`${hub.address}/api/session`, { method: 'DELETE', headers: { cookie: left.cookie } });
      expect(answer.status).toBe(204);
      // Whatever answers in this process knows it with the sign-out's answer, not when the news has gone round.
      expect(await refusal(left.file, left.cookie)).toEqual([401, undefined]);
      await until('cut off', () => left.viewer.line.disconnected);
      // Another process hears of it.
      await until('known elsewhere', async () => (await elsewhere()) === undefined);
      const had = left.viewer.pictures.length;
      await sleep(300);
      expect(left.viewer.pictures.length).toBe(had);
    })();
    await store.query(`update account set region = '510107' where name = 'zhou'`);
    const moving = Promise.all([
      until('over', () => moved.viewer.overs[0] === 'right'),
      until('403', async () => (await ask(moved.file, moved.cookie)).status === 403),
    ]);
    await Promise.all([leaving, moving]);
    expect(other.viewer.overs).toEqual([]);
    expect((await ask(other.file, other.cookie)).status).toBe(200);
    await store.query('update camera set enabled = false where id = $1', [ids.two]);
    bus.connection.publish(worldChanged);
    await until('over', () => other.viewer.overs[0] === 'camera');
    expect(await refusal(other.file, other.cookie)).toEqual([404, undefined]);
    await store.query('update camera set enabled = true where id = $1', [ids.two]);
    bus.connection.publish(worldChanged);
    await until('back', () => hub.context.world().cameras.get(ids.two)!.enabled);
  }, 180_000);
});

describe('a slow client', () => {
  it('is sent no more than its credit, and goes on with the next key picture', async () => {
    const cookie = await hub.signIn({ name: 'he', role: 'inspector', region });
    const slow = new Viewer(connect(cookie, apart.url, '/live/socket.io'));
    slow.acknowledges = false;
    await slow.open(ids.one);
    const quick = await new Viewer(connect(cookie, apart.url, '/live/socket.io')).open(ids.one);
    const shown = (): number => quick.pictures.reduce((sum, { duration }) => sum + duration, 0);
    const before = shown();
    await until('some seconds of pictures', () => shown() > before + 3);
    const largest = Math.max(...[...quick.pictures, ...slow.pictures].map(({ bytes }) => bytes.length));
    expect(quick.bytes).toBeGreaterThan(slow.credit + largest);
    expect(slow.bytes).toBeLessThanOrEqual(slow.credit + largest);
    const last = slow.pictures.at(-1)!;
    const had = slow.pictures.length;
    slow.acknowledges = true;
    slow.took();
    await until('going on', () => slow.pictures.length > had + 5);
    expect(slow.overs).toEqual([]);
    const later = slow.pictures.slice(had);
    const gap = later.findIndex(({ at }, index) => at > (later[index - 1] ?? last).at + 500);
    expect(gap).toBeGreaterThanOrEqual(0);
    expect(later[gap]).toMatchObject({ key: true });
    slow.line.disconnect();
    quick.line.disconnect();
  }, 180_000);
});

describe('what was watched', () => {
  it('is verified alike over both transports, and acknowledging alone earns nothing', async () => {
    const { store } = hub.context;
    const [byHttp, bySocket, cheat] = await Promise.all(
      ['gu', 'ye', 'mo'].map((name) => hub.signIn({ name, role: 'inspector', region })),
    );
    const viewer = await new Viewer(connect(bySocket)).open(ids.one);
    const cheater = await new Viewer(connect(cheat)).open(ids.one);
    const startedAt = Date.now();
    // As a player does: each segment once, as it appears.
    const fetched = new Set<string>();
    const shown = (): number =>
      viewer.pictures.filter(({ at }) => at >= startedAt).reduce((sum, { duration }) => sum + duration, 0);
    const span = { from: startedAt, to: startedAt + 3_000 };
    const sessionOf = async (name: string): Promise<string> =>
      (await store.query<{ id: string }>('select id from session where account = $1', [name])).at(-1)!.id;
    const isWritten = async (name: string): Promise<boolean> => {
      const [row] = await store.query<{ to: number | null }>(
        'select max(media_to) as "to" from delivery where session = $1',
        [await sessionOf(name)],
      );
      return (row?.to ?? 0) >= span.to;
    };
    await until('what is reported below', async () => {
      const playlist = await playlistOf(`/live/${ids.one}/plain.m3u8`, byHttp!);
      for (const [file] of playlist.matchAll(/^[^#\n]+\.mp4$/gm)) {
        if (fetched.has(file)) continue;
        fetched.add(file);
        await (await ask(`/live/${ids.one}/${file}`, byHttp)).arrayBuffer();
      }
      return shown() > 4.5 && (await isWritten('gu'));
    });
    for (const each of [viewer, cheater]) each.line.disconnect();
    const verify = async (name: string, reports: boolean): Promise<[number, Progress['views'][number]['problem']]> => {
      const session = await sessionOf(name);
      const rows = await store.query<{ camera: string; media_from: number; media_to: number }>(
        'select * from delivery where session = $1',
        [session],
      );
      expect(rows.length).toBeGreaterThan(0);
      const { views, problems } = verifySeconds({
        windows: ['w'],
        cameras: [{ id: ids.one, window: 'w' }],
        startedAt,
        asOf: startedAt + 5_000,
        deliveries: rows.map((row) => ({ session, camera: row.camera, from: row.media_from, to: row.media_to })),
        reports: reports
          ? [
              {
                session,
                page: 'page',
                proven: true,
                camera: ids.one,
                ...span,
                at: startedAt + 4_000,
                visible: true,
                width: 640,
                height: 360,
                frames: 60,
              },
            ]
          : [],
        cameraStates: [],
        policy: { secondsPerWindow: 60, share: 1 },
      });
      return [views[0]!.seconds, problems.get('w')];
    };
    for (const name of ['ye', 'mo']) await until('deliveries', () => isWritten(name));
    const [http] = await verify('gu', true);
    const [socket] = await verify('ye', true);
    // All three, unless the machine stood still: then no picture is of that time.
    const sent = viewer.pictures
      .map(({ at, duration }) => Math.min(at + duration * 1000, span.to) - Math.max(at, span.from))
      .reduce((sum, ms) => sum + Math.max(0, ms) / 1000, 0);
    expect(sent).toBeGreaterThan(0.5);
    expect(http).toBeGreaterThan(sent - 0.5);
    expect(Math.abs(http - socket)).toBeLessThanOrEqual(0.2);
    expect(await verify('mo', false)).toEqual([0, 'notReported']);
  }, 180_000);
});

describe('the page’s own player', () => {
  it('plays picture by picture, says how late, that it stands still, and goes on', async () => {
    const cookie = await hub.signIn({ name: 'page', role: 'inspector', region });
    const context = await browser.newContext({ bypassCSP: true });
    const [name, value] = cookie.split('=') as [string, string];
    await context.addCookies([{ name, value, url: hub.address }]);
    const page = await context.newPage();
    await page.goto(`${hub.address}/healthz`);
    await page.addScriptTag({ content: await socketPage() });
    await page.evaluate(`
      document.body.innerHTML = '<video width=640 height=360></video>';
      window.states = [];
      window.lost = 0;
      openSocketPlayer(document.querySelector('video'), ${JSON.stringify(ids.one)}, '/socket.io', (state) => states.push(state), () => lost++)
        .then((player) => (window.player = player));`);
    const said = (state: string): Promise<boolean> => page.evaluate(`states.some((each) => each.state === '${state}')`);
    await until('playing', () => said('playing'));
    const delay = (): Promise<number> => page.evaluate<number>('states.at(-1).delay ?? Infinity');
    await until('hardly any delay', async () => (await delay()) < 1_500);
    const looked = await until('a picture of now', async () => {
      const now = await page.evaluate<{ date: number; frames: number; playing: boolean }>('player.looked');
      return now.playing && Math.abs(Date.now() - now.date) < 3_000 && now;
    });
    await until('more frames', async () => (await page.evaluate<number>('player.looked.frames')) > looked.frames + 10);
    server.misbehave('stall', one);
    await until('stalled', () => said('stalled'));
    await page.evaluate('states.length = 0');
    server.misbehave('none', one);
    await until('playing again', () => said('playing'));
    expect(await page.evaluate('lost')).toBe(0);
    await page.evaluate('player.close()');
    await context.close();
  }, 120_000);
});
