import { execFile, type ChildProcess } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addCamera, changeCamera, listCameras, renewKey, type Answer } from '../../hub/platform/camera.ts';
import { spawnLeashed } from '../../hub/platform/children.ts';
import { Push } from '../../stream/push/push.ts';
import { freePort } from '../support/freePort.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const run = promisify(execFile);
const by = { account: 'ops', name: '周运维' };
const hall = 'hall-510104-1';

let hub: TestHub;
let port: number;
let inspector: string;
let key: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  port = await freePort();
  hub = await startTestHub({ settings: { roles: ['record', 'stream'], pushPort: port } });
  inspector = await hub.signIn({ name: 'li', role: 'inspector', region: '510104' });
  const added = { hall, name: '推流', address: 'push:' };
  ({ key } = valueOf(await addCamera(hub.context, { id: 'cam-push', ...added }, by)) as { key: string });
  valueOf(await addCamera(hub.context, { id: 'cam-other', ...added }, by));
  await until('the world knows the cameras', () => hub.context.world().cameras.has('cam-other'));
}, 180_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await hub?.stop();
}, 180_000);

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

function valueOf<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(`${answer.field}: ${answer.reason}`);
  return answer.value;
}

const until = untilWithin(40_000);

/** An encoder that sends a moving picture to this address until it is killed or cut off. */
function encoder(camera: string, withKey: string): ChildProcess & { ended: Promise<number | null> } {
  const picture = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15'];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '15'];
  const address = `rtmp://127.0.0.1:${port}/push/${camera}?key=${withKey}`;
  const child = spawnLeashed(
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'error', ...picture, ...codec, '-f', 'flv', address],
    {
      stdio: ['ignore', 'ignore', 'ignore'],
    },
  );
  children.add(child);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  void ended.then(() => children.delete(child));
  return Object.assign(child, { ended });
}

const ask = (file: string): Promise<Response> =>
  fetch(`${hub.address}/live/cam-push/${file}`, { headers: { cookie: inspector } });

/** Programme time of the newest picture (epoch ms), when there is one. */
async function newest(): Promise<number | undefined> {
  const answer = await ask('index.m3u8');
  const text = await answer.text();
  const at = [...text.matchAll(/#EXT-X-PROGRAM-DATE-TIME:(\S+)/g)].at(-1)?.[1];
  return answer.status === 200 && at !== undefined ? Date.parse(at) : undefined;
}

/** The push door of this hub. */
async function door(): Promise<number | undefined> {
  const { stdout } = await run('ps', ['-eo', 'pid,ppid,args', '--no-headers']);
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const mine = lines.find(
    ([, parent, ...args]) => parent === String(process.pid) && /push\/server\.ts$/.test(args.join(' ')),
  );
  return mine && Number(mine[0]);
}

/** Sends these bytes to the push door and waits until it hangs up. */
async function garbage(bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.resume().write(bytes);
  await closed;
}

/** The TCP ports at which a process listens. */
async function listening(pid: number): Promise<number[]> {
  const open = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const table = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return table
    .filter((cells) => cells[3] === '0A' && links.includes(`socket:[${cells[9]}]`))
    .map((cells) => parseInt(cells[1]!.split(':')[1]!, 16));
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('an encoder that pushes', () => {
  it('is shown like any other camera, is told from one that is not there, and its key is in no address that people read', async () => {
    const away = await ask('index.m3u8');
    expect([away.status, ((await away.json()) as { detail: string }).detail]).toEqual([503, expect.any(String)]);
    encoder('cam-push', key);
    await until('a picture', newest);
    const playlist = await (await ask('plain.m3u8')).text();
    const segment = await ask(playlist.split('\n').findLast((line) => line.endsWith('.mp4'))!);
    expect([segment.status, segment.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    const [row] = await until('the state', async () => {
      const rows = await hub.context.store.query<{ body: { state: string; codec: string } }>(
        `select body from camera_status where camera = 'cam-push' and state = 'live'`,
      );
      return rows.length > 0 && rows;
    });
    expect(row!.body.codec).toBe('H.264');
    const [record] = await listCameras(hub.context, { id: 'cam-push' });
    expect(record).toMatchObject({ kind: 'push', address: 'push:', hasKey: true, changedBy: 'ops' });
    expect(JSON.stringify(record)).not.toContain(key);
    const { stdout } = await run('ps', ['-eo', 'args']);
    expect(stdout.split('\n').filter((line) => line.includes(key) && !line.includes('testsrc2'))).toEqual([]);
  });

  it('is refused without the key of that camera, and nobody plays by RTMP', async () => {
    const codes = await Promise.all([
      encoder('cam-push', 'wrong').ended,
      encoder('cam-push', '').ended,
      encoder('cam-other', key).ended,
      encoder('cam-none', key).ended,
    ]);
    expect(codes.map((code) => code === 0)).toEqual([false, false, false, false]);
    encoder('cam-push', key);
    await until('a picture', newest);
    const play = [
      '-loglevel',
      'error',
      '-i',
      `rtmp://127.0.0.1:${port}/push/cam-push?key=${key}`,
      '-t',
      '1',
      '-f',
      'null',
      '-',
    ];
    await expect(run('ffmpeg', play, { timeout: 15_000 })).rejects.toThrow();
  });

  it('is read by the hub alone, with a secret of this run', async () => {
    const other = await Push.start(hub.context, await freePort());
    try {
      await expect(other.address('cam-push')).rejects.toMatchObject({ code: 'camera.push' });
    } finally {
      await other.stop();
    }
    encoder('cam-push', key);
    await until('a picture', newest);
    const [flv] = (await listening((await until('the push door', door))!)).filter((each) => each !== port);
    const answers = ['', '?secret=', '?secret=guess'].map((query) =>
      fetch(`http://127.0.0.1:${flv}/push/cam-push.flv${query}`).then((answer) => answer.status),
    );
    expect(await Promise.all(answers)).toEqual([403, 403, 403]);
  });

  it('is back within seconds after the push door was killed, and garbage kills nothing', async () => {
    const first = encoder('cam-push', key);
    await until('a picture', newest);
    const pid = (await until('the push door', door))!;
    const handshake = Buffer.alloc(3073, 3);
    // A message of 300 bytes of which 128 came becomes one of 10; chunks of no size; nonsense without end.
    const shrinking = [Buffer.from('03000000' + '00012c14' + '00000000', 'hex'), Buffer.alloc(128)];
    const shorter = Buffer.from('43000000' + '00000a14', 'hex');
    const noSize = Buffer.from('02000000' + '00000401' + '00000000' + '00000000', 'hex');
    await garbage(Buffer.concat([handshake, ...shrinking, shorter, Buffer.alloc(1_000)]));
    await garbage(Buffer.concat([handshake, noSize, ...shrinking]));
    await garbage(Buffer.concat([handshake, Buffer.alloc(70_000, 0xff)]));
    expect(await door()).toBe(pid);
    expect(await newest()).toBeDefined();
    process.kill(pid, 'SIGKILL');
    const killedAt = Date.now();
    await first.ended;
    // An encoder tries again and again.
    let again = encoder('cam-push', key);
    await until('pictures that were taken afterwards', async () => {
      if (again.exitCode !== null) again = encoder('cam-push', key);
      const at = await newest();
      return at !== undefined && at > killedAt;
    });
    expect(await door()).not.toBe(pid);
  });

  it('is cut off when its key is renewed, or the camera is one of another kind', async () => {
    const first = encoder('cam-push', key);
    await until('a picture', newest);
    const { key: renewed } = valueOf(await renewKey(hub.context, 'cam-push', by));
    await first.ended;
    expect(await encoder('cam-push', key).ended).not.toBe(0);
    encoder('cam-push', renewed);
    await until('a picture', newest);
    expect(await changeCamera(hub.context, 'cam-push', { subAddress: 'push:' }, by)).toMatchObject({
      ok: false,
      field: 'subAddress',
    });
    expect(await renewKey(hub.context, 'cam-510104-1-01', by)).toMatchObject({ ok: false, field: 'address' });
  });

  it('leaves no process when the hub ends', async () => {
    const pid = (await until('the push door', door))!;
    await hub.stop();
    expect(isAlive(pid)).toBe(false);
  });
});
