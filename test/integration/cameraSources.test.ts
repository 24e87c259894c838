import { execFile, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CameraInput } from '../../hub/model/camera.ts';
import type { CameraState } from '../../hub/model/event.ts';
import { seedFrom } from '../../seeds/load.ts';
import { projectFolder } from '../../hub/platform/migrate.ts';
import { spawnLeashed } from '../../hub/platform/children.ts';
import { addCamera, changeCamera, listCameras, switchCamera } from '../../hub/platform/camera.ts';
import { makeFilm, startCamera, startCameraServer, type CameraServer } from '../support/camera/index.ts';
import { open } from '../../stream/source.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';
import { removeFolder } from '../support/folder.ts';

const run = promisify(execFile);
const by = { account: 'ops', name: '周运维' };
const hall = 'hall-510104-1';
const user = 'admin';
const password = 'a+b-Secret9';

let hub: TestHub;
let rtsp: CameraServer;
/** Sends H.265. */
let hevc: CameraServer;
let web: Server;
let folder: string;
let inspector: string;
/** `user:password@127.0.0.1:port` of the web server. */
let host: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hallwatch-sources-'));
  [hub, rtsp] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'stream'], transcodings: 1 } }),
    startCamera({ paths: ['main', 'sub'], user, password, film: { width: 320, height: 180 } }),
    startWeb(),
    makeFilm({ width: 320, height: 180, seconds: 4, codec: 'h265' }).then(async (file) => {
      const streams = ['one', 'two'].map((path) => ({ path, file, fps: 15, codec: 'h265' as const }));
      hevc = await startCameraServer({ user, password, streams });
    }),
  ]);
  inspector = await hub.signIn({ name: 'li', role: 'inspector', region: '510104' });
}, 180_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  web?.closeAllConnections();
  web?.close();
  await Promise.all([hub?.stop(), rtsp?.stop(), hevc?.stop()]);
  await removeFolder(folder);
}, 180_000);

/** A picture with sound that never ends, in this container, to a file or to standard output. */
function film(...output: string[]): ChildProcess {
  const picture = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15'];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100', '-c:a', 'aac'];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '15'];
  const child = spawnLeashed(
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'error', ...picture, ...sound, ...codec, ...output],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** HLS and HTTP-FLV of a real film, behind a password. */
async function startWeb(): Promise<void> {
  const allowed = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url!.split('?')[0]!;
    if (request.headers.authorization !== allowed)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="camera"' }).end();
    if (path === '/live.flv') {
      const child = film('-f', 'flv', '-');
      child.stdout!.pipe(response.writeHead(200, { 'content-type': 'video/x-flv' }));
      return void request.socket.once('close', () => child.kill('SIGKILL'));
    }
    if (path === '/trap.m3u8')
      return void response.end(
        `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://${folder}/live0.ts\n#EXT-X-ENDLIST\n`,
      );
    const found = await readFile(join(folder, path)).catch(() => undefined);
    response.writeHead(found ? 200 : 404).end(found);
  };
  film('-f', 'hls', '-hls_time', '1', '-hls_list_size', '6', join(folder, 'live.m3u8'));
  web = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  host = `${user}:${encodeURIComponent(password)}@127.0.0.1:${(web.address() as AddressInfo).port}`;
}

const until = untilWithin(40_000);

async function add(input: Omit<CameraInput, 'hall' | 'name'>): Promise<void> {
  expect(await addCamera(hub.context, { hall, name: '点位', ...input }, by)).toEqual({ ok: true, value: {} });
  await until('the world knows the camera', () => hub.context.world().cameras.has(input.id));
}

const ask = (path: string): Promise<Response> =>
  fetch(`${hub.address}/live/${path}`, { headers: { cookie: inspector } });

async function playlist(path: string): Promise<string | undefined> {
  const answer = await ask(`${path}/plain.m3u8`);
  const text = await answer.text();
  return answer.status === 200 ? text : undefined;
}

/** Width and codecs of what a camera's newest segment holds, by ffprobe. */
async function probe(path: string): Promise<{ width?: number; codecs: string[] }> {
  const text = await until(`pictures of ${path}`, () => playlist(path));
  const init = /#EXT-X-MAP:URI="([^"]+)"/.exec(text)![1]!;
  const segment = text.split('\n').findLast((line) => line.endsWith('.mp4'))!;
  const bytes = await Promise.all(
    [init, segment].map(async (file) => Buffer.from(await (await ask(`${path}/${file}`)).arrayBuffer())),
  );
  const probing = run('ffprobe', [
    '-loglevel',
    'error',
    '-show_entries',
    'stream=codec_name,codec_tag_string,width',
    '-of',
    'json',
    '-',
  ]);
  probing.child.stdin!.end(Buffer.concat(bytes));
  const { streams } = JSON.parse((await probing).stdout) as {
    streams: { codec_name: string; codec_tag_string: string; width?: number }[];
  };
  const width = streams.find((each) => each.width !== undefined)?.width;
  return { ...(width === undefined ? {} : { width }), codecs: streams.map((each) => each.codec_tag_string) };
}

interface Status {
  state: CameraState;
  detail?: string;
  name?: string;
  codec?: string;
}
async function status(camera: string): Promise<Status | undefined> {
  const [row] = await hub.context.store.query<{ body: Status }>('select body from camera_status where camera = $1', [
    camera,
  ]);
  return row?.body;
}

describe('a camera that serves', () => {
  it.each(['live.m3u8', 'live.flv'])('%s, with its password, plays without its sound', async (path) => {
    const id = `cam-${path.replace('.', '-')}`;
    await add({ id, address: `http://${host}/${path}?channel=1` });
    expect(await probe(id)).toEqual({ width: 320, codecs: ['avc1'] });
    const [record] = await listCameras(hub.context, { id });
    expect(record).toMatchObject({ kind: path.split('.')[1] === 'flv' ? 'flv' : 'hls', audio: false });
    expect(record!.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/live\.(m3u8|flv)$/);
    const { stdout } = await run('ps', ['-eo', 'args']);
    expect(stdout).not.toContain(encodeURIComponent(password));
  });

  it('is told from one that refuses the password, without saying it', async () => {
    await add({ id: 'cam-wrong', address: `http://${host.replace('Secret9', 'wrong')}/live.flv` });
    await ask('cam-wrong/plain.m3u8');
    const { detail } = await until('the reason', async () => {
      const now = await status('cam-wrong');
      return now?.state === 'offline' && now;
    });
    expect(detail).toContain('401');
    expect(detail).not.toMatch(/wrong|:\/\//);
  });

  it('is asked soon again, but where the password was wrong', async () => {
    const ears = { init: () => undefined, picture: () => undefined };
    const end = (address: string): ReturnType<typeof open>['ended'] => open(address, false, false, ears).ended;
    const ended = await Promise.all([
      end(`http://${host}/gone.m3u8`),
      end('http://127.0.0.1:1/away.flv'),
      end(`http://${host.replace('Secret9', 'wrong')}/live.m3u8`),
    ]);
    expect(ended).toMatchObject(
      (['process', 'process', 'password'] as const).map((cost) => ({ cost, unopened: true, unfit: false })),
    );
  });

  it('is not followed into this machine', async () => {
    await until('a segment of the film', () => readFile(join(folder, 'live0.ts')).catch(() => undefined));
    await add({ id: 'cam-trap', address: `http://${host}/trap.m3u8` });
    expect((await ask('cam-trap/plain.m3u8')).status).toBe(503);
    expect((await until('the state', () => status('cam-trap'))).state).not.toBe('live');
  });
});

describe('a sub-stream', () => {
  it('is a stream of its own under the same right; without one, sub is the main stream', async () => {
    await add({ id: 'cam-two', address: rtsp.url('main'), subAddress: `http://${host}/live.flv` });
    const sub = await until('the sub-stream', () => playlist('cam-two/sub'));
    // Only what is asked for is pulled.
    expect(rtsp.watching('main')).toBe(0);
    expect(await until('its state', async () => (await status('cam-two'))?.state === 'live')).toBe(true);
    const main = await until('the main stream', () => playlist('cam-two/main'));
    expect(sub.match(/#EXT-X-MAP:URI="([^"]+)"/)![1]).not.toBe(main.match(/#EXT-X-MAP:URI="([^"]+)"/)![1]);
    await changeCamera(hub.context, 'cam-two', { subAddress: null }, by);
    await until('the world knows', () => hub.context.world().cameras.get('cam-two')?.sub === undefined);
    const same = await Promise.all(['cam-two/sub', 'cam-two/main'].map((path) => until(path, () => playlist(path))));
    const prefixes = same.map((text) => /#EXT-X-MAP:URI="([^-]+)-/.exec(text)![1]);
    expect(prefixes[0]).toBe(prefixes[1]);
  });

  it('moves to another address within seconds of being told', async () => {
    await add({ id: 'cam-move', address: rtsp.url('main') });
    await until('a picture', () => playlist('cam-move'));
    expect(rtsp.watching('sub')).toBe(0);
    expect(await changeCamera(hub.context, 'cam-move', { address: rtsp.url('sub') }, by)).toMatchObject({ ok: true });
    await until('the other path is pulled', async () => {
      await playlist('cam-move');
      return rtsp.watching('sub') > 0;
    });
  });
});

describe('a camera that is switched off', () => {
  it('is let go within a second, says who did it and why, and is there again when it is switched on', async () => {
    const { bus, world, store } = hub.context;
    const off = (reason: string): ReturnType<typeof switchCamera> =>
      switchCamera({ bus, world }, 'cam-move', { enabled: false, reason }, by);
    await until('a picture', () => playlist('cam-move'));
    const segment = (await playlist('cam-move'))!.split('\n').findLast((line) => line.endsWith('.mp4'))!;
    expect(await off(' ')).toEqual({ ok: false, field: 'reason', reason: 'expected a reason in words' });
    expect(await off('窗口装修')).toEqual({ ok: true, value: undefined });
    await until('it is let go', () => rtsp.watching('sub') === 0);
    for (const file of ['index.m3u8', 'plain.m3u8', segment]) {
      const answer = await ask(`cam-move/${file}`);
      expect([answer.status, await answer.json()]).toEqual([
        404,
        expect.objectContaining({ detail: expect.stringMatching(/switched off/) }),
      ]);
    }
    expect(await off('again')).toMatchObject({ ok: false, field: 'enabled' });
    // What ended with it says nothing over it.
    await sleep(500);
    expect(await status('cam-move')).toMatchObject({ state: 'disabled', detail: '窗口装修', name: '周运维' });
    const [entry] = await store.query<{ body: object }>(`select body from ledger where act = 'camera.disabled'`);
    expect(entry!.body).toMatchObject({ subject: 'cam-move', account: 'ops', facts: { reason: '窗口装修' } });
    expect(await switchCamera({ bus, world }, 'cam-move', { enabled: true, reason: '' }, by)).toMatchObject({
      ok: true,
    });
    await until('a picture again', () => playlist('cam-move'));
    await until('it is live again', async () => (await status('cam-move'))?.state === 'live');
  });

  it('stays off when the seeds are read again, and its own address stays too', async () => {
    const { bus, world, store, seal } = hub.context;
    const id = 'cam-510104-1-01';
    await switchCamera({ bus, world }, id, { enabled: false, reason: '检修' }, by);
    await changeCamera(hub.context, 'cam-510104-1-02', { address: 'rtsp://10.0.0.9/own' }, by);
    await seedFrom(join(projectFolder(), 'seeds'), store, seal.seal);
    await hub.backend.reload();
    expect(world().cameras.get(id)?.enabled).toBe(false);
    expect((await listCameras(hub.context, { id: 'cam-510104-1-02' }))[0]!.address).toBe('rtsp://10.0.0.9/own');
  });
});

describe('a camera that sends H.265', () => {
  const transcoders = async (): Promise<number> => {
    const { stdout } = await run('ps', ['-eo', 'ppid,args', '--no-headers']);
    const mine = stdout.split('\n').filter((line) => line.trim().startsWith(`${process.pid} `));
    return mine.filter((line) => line.includes('libx264') && line.includes('force_key_frames')).length;
  };

  it('is copied as it is and says so; H.264 is made of it once for all who ask, and for no more cameras than set', async () => {
    await add({ id: 'cam-265', address: hevc.url('one') });
    await add({ id: 'cam-266', address: hevc.url('two') });
    expect(await probe('cam-265')).toEqual({ width: 320, codecs: ['hvc1'] });
    await until('its codec', async () => (await status('cam-265'))?.codec === 'H.265');
    expect(await probe('cam-265/h264')).toEqual({ width: 320, codecs: ['avc1'] });
    expect(await playlist('cam-265/h264')).toBeDefined();
    expect(await transcoders()).toBe(1);
    // One session at the camera for both.
    expect(hevc.watching('one')).toBe(1);
    const refused = await ask('cam-266/h264/plain.m3u8');
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
      503,
      expect.stringContaining('no more than 1 cameras are transcoded at once'),
    ]);
    // What every browser plays is not transcoded.
    const [init, same] = await Promise.all(
      ['cam-two', 'cam-two/h264'].map((path) => until(path, () => playlist(path))),
    );
    expect(/#EXT-X-MAP:URI="([^"]+)"/.exec(same!)![1]).toBe(/#EXT-X-MAP:URI="([^"]+)"/.exec(init!)![1]);
  });

  it('is transcoded no more when it is switched off, and then another one may be', async () => {
    const { bus, world } = hub.context;
    await switchCamera({ bus, world }, 'cam-265', { enabled: false, reason: '检修' }, by);
    await until('the transcoding ends', async () => (await transcoders()) === 0);
    await until('the other one is transcoded', () => playlist('cam-266/h264'));
  });
});

describe('a record of a camera', () => {
  it.each<[string, Partial<CameraInput>]>([
    ['id', { id: 'a b' }],
    ['id', { id: 'cam-510104-1-01' }],
    ['hall', { hall: 'nowhere' }],
    ['window', { window: 'win-510107-1-01' }],
    ['address', { address: 'http://10.0.0.7/live.mp4' }],
    ['address', { address: 'file:/etc/passwd' }],
    ['address', { address: `rtsp://10.0.0.7/${'a'.repeat(2_000)}` }],
    ['subAddress', { subAddress: 'push:' }],
    ['transport', { transport: 'sctp' as 'tcp' }],
    ['audioReason', { audio: true }],
    ['audioReason', { audio: true, audioReason: ' ' }],
    ['colour', { colour: 'red' } as Partial<CameraInput>],
  ])('is refused by its %s: %j', async (field, change) => {
    const input = { id: 'cam-new', hall, name: '新点位', address: 'rtsp://10.0.0.7/a', ...change };
    const answer = await addCamera(hub.context, input, by);
    expect(answer).toMatchObject({ ok: false, field });
    expect(JSON.stringify(answer)).not.toMatch(/10\.0\.0\.7|passwd/);
  });
});
