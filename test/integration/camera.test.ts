import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CameraState } from '../../hub/model/event.ts';
import { drawFilms } from '../../seeds/cameras.ts';
import { scenes } from '../../seeds/scenes.ts';
import { createLog } from '../../hub/platform/log.ts';
import { Boxes } from '../../stream/boxes.ts';
import { Camera, waitForSession } from '../../stream/camera.ts';
import { install } from '../../stream/ffmpeg.ts';
import { Glances } from '../../stream/glance.ts';
import { isDark, Judge, plainShare } from '../../stream/judge.ts';
import { isSame, type KeyPicture } from '../../stream/key.ts';
import { makeFilm, startCamera, startCameraServer, type CameraServer } from '../support/camera/index.ts';
import { removeFolder } from '../support/folder.ts';
import { untilWithin } from '../support/until.ts';

const run = promisify(execFile);
const untilSo = untilWithin(30_000);
const quiet = ['-nostdin', '-hide_banner', '-loglevel', 'error'];
let server: CameraServer;
let folder: string;

beforeAll(async () => {
  server = await startCamera({ paths: ['a', 'b'], user: 'admin', password: 'secret' });
  folder = await mkdtemp(join(tmpdir(), 'hallwatch-camera-'));
}, 180_000);
afterAll(async () => {
  await server.stop();
  await removeFolder(folder);
});

/** What ffmpeg says of each of two seconds of pictures: MD5 and mean brightness. */
async function look(
  url: string,
  transport: 'tcp' | 'udp' = 'tcp',
): Promise<{ hashes: string[]; brightness: number[] }> {
  const input = [...quiet, '-rtsp_transport', transport, '-i', url, '-t', '2'];
  const [hashes, raw] = await Promise.all([
    run('ffmpeg', [...input, '-f', 'framemd5', '-']),
    run('ffmpeg', [...input, '-vf', 'scale=1:1', '-pix_fmt', 'gray', '-f', 'rawvideo', '-'], { encoding: 'buffer' }),
  ]);
  const lines = hashes.stdout.split('\n').filter((line) => line && !line.startsWith('#'));
  return { hashes: lines.map((line) => line.split(',').at(-1)!.trim()), brightness: [...raw.stdout] };
}

describe('the test camera', () => {
  it.each(['tcp', 'udp'] as const)('sends moving pictures over %s to whoever has the password', async (transport) => {
    const { hashes, brightness } = await look(server.url('a'), transport);
    expect(new Set(hashes).size).toBeGreaterThan(15);
    expect(Math.min(...brightness)).toBeGreaterThan(60);
  });

  it('refuses a wrong password, and answers basic where it is told to', async () => {
    await expect(look(server.url('a').replace('secret', 'wrong'))).rejects.toThrow('401');
    const basic = await startCamera({ user: 'admin', password: 'secret', auth: 'basic' });
    expect((await look(basic.url('cam'))).hashes.length).toBeGreaterThan(15);
    await expect(look(basic.url('cam').replace('secret', 'wrong'))).rejects.toThrow('401');
    await basic.stop();
  });

  it('freezes to one picture, and goes on', async () => {
    server.misbehave('freeze', 'a');
    const frozen = await look(server.url('a'));
    server.misbehave('none', 'a');
    expect(frozen.hashes.length).toBeGreaterThan(15);
    expect(new Set(frozen.hashes).size).toBe(1);
    expect(new Set((await look(server.url('a'))).hashes).size).toBeGreaterThan(15);
  });

  it('goes black', async () => {
    server.misbehave('black', 'b');
    // From its next key picture on: until then it goes on sending those of its own film.
    for (let last = -1; ;) {
      const newest = Math.max(...Array.from({ length: 300 }, (_, number) => server.sentAt('b', number)));
      if (newest === last) break;
      last = newest;
      await sleep(300);
    }
    const { brightness } = await look(server.url('b'));
    server.misbehave('none', 'b');
    expect(brightness.length).toBeGreaterThan(15);
    expect(Math.max(...brightness)).toBeLessThan(20);
  });

  it('stamps pictures twice as fast as it sends them', async () => {
    server.misbehave('wrongRate', 'b');
    const began = Date.now();
    const { stdout } = await run('ffmpeg', [
      ...quiet,
      '-rtsp_transport',
      'tcp',
      '-i',
      server.url('b'),
      '-t',
      '2',
      '-c',
      'copy',
      '-f',
      'framecrc',
      '-',
    ]);
    server.misbehave('none', 'b');
    expect(stdout.split('\n').filter((line) => line.startsWith('0,')).length).toBeGreaterThan(40);
    expect(Date.now() - began).toBeGreaterThan(3500);
  });
});

/** A hub that only pulls one camera. */
const puller = (address: string): string => `
  import { install, run } from ${JSON.stringify(resolve('stream/ffmpeg.ts'))};
  import { pull } from ${JSON.stringify(resolve('stream/args.ts'))};
  await install(${JSON.stringify(folder)}, 'ffmpeg');
  const running = run(pull(${JSON.stringify(address)}), undefined, () => console.log(running.pid));
`;

/** The key pictures of a film, as they stand in a window, one a second. */
async function keysOf(film: string, encoder: string[] = ['-c', 'copy'], count = 60): Promise<KeyPicture[]> {
  const fragmented = ['-movflags', 'frag_every_frame+empty_moov+default_base_moof', '-f', 'mp4', '-'];
  const { stdout } = await run(
    'ffmpeg',
    [...quiet, '-threads', '1', '-i', film, '-t', String(count), '-threads', '1', ...encoder, ...fragmented],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  const keys: KeyPicture[] = [];
  let init: Buffer | undefined;
  for (const piece of new Boxes().push(stdout)) {
    if (piece.kind === 'init') init = piece.bytes;
    else if (piece.key) keys.push({ init: init!, fragment: piece.bytes, at: keys.length * 1000 });
  }
  return keys;
}

describe('the picture test', () => {
  const glances = new Glances();
  const decode = glances.decode.bind(glances);
  /** Process ids of those that go on. */
  const decoders = async (): Promise<number[]> => {
    const { stdout } = await run('ps', ['-o', 'pid,args', '--no-headers', '--ppid', String(process.pid)]);
    const lines = stdout.split('\n').filter((line) => line.includes('-f mp4') && line.includes('showinfo'));
    return lines.map((line) => Number(line.trim().split(' ')[0]));
  };
  beforeAll(() => install(folder, 'ffmpeg'));
  afterAll(async () => {
    await glances.stop();
    expect(await decoders()).toEqual([]);
  });

  it('decodes key pictures of many cameras in one run, each to its own, whatever is wrong with one of them', async () => {
    const size = { fps: 15 };
    const films = await Promise.all([
      makeFilm(size),
      makeFilm({ ...size, seconds: 2, scene: 'black' }),
      makeFilm({ ...size, seconds: 2, scene: 'covered' }),
      makeFilm({ ...size, seconds: 4, width: 320, height: 180 }),
    ]);
    const [card, black, covered, smaller] = await Promise.all(films.map((film) => keysOf(film)));
    // With pictures that wait for later ones, as a camera of another make sends them.
    const [ordered] = await keysOf(films[0]!, ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2'], 1);
    const [hevc] = await keysOf(
      films[0]!,
      ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error'],
      1,
    );
    const broken: KeyPicture = { ...card![1]!, fragment: Buffer.from(card![1]!.fragment) };
    broken.fragment.fill(0xff, broken.fragment.indexOf('mdat') + 4);
    const pictures = [
      card![0]!,
      black![0]!,
      broken,
      ordered!,
      hevc!,
      smaller![0]!,
      card![2]!,
      covered![0]!,
      black![1]!,
    ];
    const greys = await decode(pictures, 20_000);
    const apart = (one: number, other: number): number =>
      greys[one]!.reduce((sum, level, at) => sum + Math.abs(level - greys[other]![at]!), 0) / greys[one]!.length;
    expect(greys.map((grey) => grey && isDark(grey))).toEqual([
      ...[false, true, undefined, false, false],
      ...[false, false, false, true],
    ]);
    expect(plainShare(greys[7]!)).toBeGreaterThan(0.9);
    // The same first picture, encoded three ways; not the same as that of two seconds later.
    expect([apart(0, 3) < 4, apart(0, 4) < 4, apart(0, 6) < 4]).toEqual([true, true, false]);
    expect(isSame(card![0]!, card![1]!)).toBe(false);
    // By the ffmpegs that were there already, for the four settings that came first.
    await untilSo('four that go on', async () => (await decoders()).length === 4);
    const going = await decoders();
    const samples = (found: typeof greys): unknown[] => found.map((grey) => grey && Buffer.from(grey).toString('hex'));
    expect(samples(await decode(pictures, 20_000))).toEqual(samples(greys));
    expect(await decoders()).toEqual(going);
    // One that dies is replaced, and its pictures are not missing.
    process.kill(going[0]!, 'SIGKILL');
    expect(samples(await decode(pictures, 20_000))).toEqual(samples(greys));
  }, 120_000);

  it('knows a camera that encodes one picture again and again from a still scene', async () => {
    const film = await makeFilm();
    const encoder = [
      '-c:v',
      'libx264',
      '-preset',
      'superfast',
      '-g',
      '15',
      '-bf',
      '0',
      '-pix_fmt',
      'yuv420p',
      '-crf',
      '25',
    ];
    const stopped = 'trim=end_frame=1,setpts=N/15/TB,loop=-1:1:0,trim=duration=6,fps=15';
    const verdict = async (filter: string): Promise<string | undefined> => {
      const judge = new Judge();
      const keys = await keysOf(film, ['-vf', filter, ...encoder], 6);
      const greys = await decode(keys, 20_000);
      keys.slice(1).forEach((key, index) => judge.look(greys[index + 1]!, key.at));
      return judge.judgement.fault;
    };
    expect(await verdict(stopped)).toBe('frozen');
    expect(await verdict(`${stopped},drawtext=text='%{n}':x=500:y=320:fontsize=24:fontcolor=white:box=1`)).toBe(
      'frozen',
    );
    expect(await verdict(`${stopped},noise=alls=2:allf=t`)).toBeUndefined();
  }, 120_000);

  it('says nothing of the quietest scene of the demonstration', async () => {
    const only = scenes.filter(({ name }) => name === 'window-03');
    for (const { name, file } of await drawFilms(folder, { only })) {
      const greys = (await decode(await keysOf(file), 20_000)).map((grey) => grey!);
      // Two rounds of the loop, from wherever it begins, looking every other second and each second in doubt.
      for (const from of [0, 1]) {
        const judge = new Judge();
        for (let second = from; second < 2 * greys.length; second += judge.wantsMore ? 1 : 2) {
          judge.look(greys[second % greys.length]!, second * 1000);
          expect(`${name}, second ${second}: ${judge.judgement.fault}`).toContain('undefined');
        }
      }
    }
  }, 180_000);
});

describe.concurrent('a camera that speaks RTSP', () => {
  const secret = 'a+b@Secret9';
  /** Everything that was said of any camera, to find passwords and addresses in. */
  const said: string[] = [];
  /** States in which nothing comes, told while a segment was not whole, and so not recorded. */
  const unfinished: CameraState[] = [];
  const cameras: Camera[] = [];
  const servers: CameraServer[] = [];
  const stops: (() => void)[] = [];
  let hevc: string;

  interface Watched {
    camera: Camera;
    states: [CameraState, string | undefined][];
    /** The newest segments that are complete, behind their initialization section. */
    media: () => Buffer;
  }

  beforeAll(async () => {
    hevc = await makeFilm({ codec: 'h265', width: 320, height: 180, seconds: 4 });
  }, 180_000);
  afterAll(async () => {
    await Promise.all(cameras.map((camera) => camera.stop()));
    await Promise.all(servers.map((each) => each.stop()));
    for (const stop of stops) stop();
  });

  async function serve(options: Parameters<typeof startCamera>[0] = {}): Promise<CameraServer> {
    const started = await startCamera({ user: 'admin', password: secret, ...options });
    servers.push(started);
    return started;
  }

  function watch(address: string): Watched {
    const states: Watched['states'] = [];
    const sink = { write: (line: string) => void said.push(line) };
    const camera = new Camera({
      id: 'camera',
      address: () => Promise.resolve(address),
      changed: (state, _, detail) => {
        states.push([state, detail]);
        said.push(detail ?? '');
        if (state !== 'live' && camera.window.segments.some(({ closed }) => !closed)) unfinished.push(state);
      },
      log: pino({ level: 'trace' }, sink),
    });
    cameras.push(camera);
    camera.ask();
    const media = (): Buffer => {
      const newest = camera.window.segments.findLast((segment) => segment.closed)!.init;
      const closed = camera.window.segments.filter((segment) => segment.closed && segment.init === newest);
      const init = camera.window.find(newest)!;
      return Buffer.concat([init.bytes, ...closed.map((segment) => segment.bytes)]);
    };
    return { camera, states, media };
  }

  const until = (what: string, look: () => boolean): Promise<boolean> => untilSo(what, look);
  const secondsOf = ({ camera }: Watched): number =>
    camera.window.segments.filter(({ closed }) => closed).reduce((sum, { duration }) => sum + duration, 0);

  /** A port that takes TLS, with a certificate it made for itself as cameras do, and passes on to another. */
  async function behindTls(port: number): Promise<number> {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=camera', '-keyout', key, '-out', cert];
    await run('openssl', made);
    const proxy = createServer({ key: await readFile(key), cert: await readFile(cert) }, (outer) => {
      const inner = connect(port, '127.0.0.1');
      pipeline(outer, inner, outer, () => undefined);
    });
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
    stops.push(() => proxy.close());
    return (proxy.address() as AddressInfo).port;
  }

  /** How many pictures a decoder makes of it, and what it complains of. */
  async function decoded(media: Buffer): Promise<{ pictures: number; complaints: string }> {
    const decoder = run('ffmpeg', [...quiet, '-threads', '1', '-i', '-', '-f', 'framemd5', '-']);
    decoder.child.stdin!.end(media);
    const { stdout, stderr } = await decoder;
    const pictures = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    return { pictures, complaints: stderr.trim() };
  }

  it('is live in every manner of speaking it, and each picture decodes', async () => {
    const film = { fps: 15 };
    const strict = await serve({ auth: 'sha256', timeout: 4, film });
    const open = await startCameraServer({ streams: [{ path: 'hevc', file: hevc, fps: 15 }] });
    servers.push(open);
    const rough = await serve({ paths: ['noise', 'loss', 'tls'] });
    rough.misbehave('noise', 'noise');
    const sealed = await behindTls(rough.port);
    const all = {
      // Has to be kept alive within four seconds, with a nonce that is stale after one and a half.
      strict: watch(strict.url('cam')),
      hevc: watch(open.url('hevc')),
      noise: watch(rough.url('noise')),
      tls: watch(rough.url('tls').replace('rtsp:', 'rtsps:').replace(`:${rough.port}/`, `:${sealed}/`)),
      loss: watch(`${rough.url('loss')}?transport=udp`),
    };
    for (const [name, each] of Object.entries(all)) await until(`${name} live`, () => each.camera.state === 'live');
    rough.misbehave('loss', 'loss');
    for (const [name, each] of Object.entries(all)) await until(`${name} for 5 s`, () => secondsOf(each) > 5);
    await until('a break', () => all.loss.camera.window.segments.some(({ discontinuity }) => discontinuity));
    await until('a loss written down', () => said.join('').includes('lost on the way'));
    for (const [name, { media, camera, states }] of Object.entries(all)) {
      const bytes = media();
      const { pictures, complaints } = await decoded(bytes);
      expect([name, complaints]).toEqual([name, '']);
      const sent = [...new Boxes().push(bytes)].filter(({ kind }) => kind === 'fragment');
      expect([name, pictures]).toEqual([name, sent.length]);
      expect(pictures).toBeGreaterThan(4 * 15);
      expect(states.slice(0, 2).map(([state]) => state)).toEqual(['starting', 'live']);
      // Where the machine stands still for three seconds, so do the pictures.
      expect(states.slice(2).filter(([state, why]) => state !== 'live' && why !== 'no picture for 3 s')).toEqual([]);
      expect(camera.pid).toBeUndefined();
    }
    expect(all.hevc.states[1]).toEqual(['live', 'H.265']);
    // One session each, kept; the camera's own time stands beside the hub's.
    expect([strict.connections, open.connections, rough.connections]).toEqual([1, 1, 3]);
    expect(strict.stale).toBeGreaterThan(0);
    const newest = all.strict.camera.window.segments.findLast(({ closed }) => closed)!;
    expect(Math.abs(newest.cameraAt! - newest.at)).toBeLessThan(2000);
    await Promise.all(Object.values(all).map(({ camera }) => camera.stop()));
    await until('no connection left', () => strict.open + open.open + rough.open === 0);
  }, 180_000);

  it('says in words what is wrong, and nothing of its address', async () => {
    const one = await serve({ paths: ['a'] });
    const [redirecting, deaf, gone] = await Promise.all([
      serve(),
      serve(),
      startCamera({ user: 'admin', password: secret }),
    ]);
    redirecting.misbehave('redirect');
    deaf.misbehave('deaf');
    const address = gone.url('cam');
    await gone.stop();
    const wrong: [string, string][] = [
      [one.url('a').replace(secret, 'other'), 'the camera refuses the user or the password (401)'],
      [one.url('a').replace(/admin.*@/, ''), 'the camera asks for a user and a password'],
      [one.url('nothing'), 'the camera knows no stream of this path (404)'],
      [redirecting.url('cam'), 'the camera sends one to another address (302): enter that one'],
      [deaf.url('cam'), 'the camera does not answer'],
      [address, 'the camera refuses the connection'],
      [`rtsp://admin:${encodeURIComponent(secret)}@camera.invalid/a`, 'the name of the camera is not known'],
    ];
    await Promise.all(
      wrong.map(async ([url, reason]) => {
        const { camera, states } = watch(url);
        await until(reason, () => camera.state === 'offline');
        expect(states.at(-1)).toEqual(['offline', reason]);
        await camera.stop();
      }),
    );
    await until('no connection left', () => one.open + redirecting.open + deaf.open === 0);
    for (const hidden of [secret, encodeURIComponent(secret), '127.0.0.1', 'rtsp:', 'camera.invalid'])
      expect(said.join('')).not.toContain(hidden);
  }, 180_000);

  it('is live again within seconds each time it cuts the connection, and left alone at any moment', async () => {
    const one = await serve({ paths: ['a', 'b'] });
    const { camera, states } = watch(one.url('a'));
    const cuts = (): number => states.filter(([, detail]) => detail === 'the camera cut the connection').length;
    for (let cut = 1; cut <= 3; cut++) {
      await until(`live for the ${cut}. time`, () => camera.state === 'live');
      one.misbehave('reset', 'a');
      await until(`the ${cut}. cut`, () => cuts() === cut);
    }
    await until('live at last', () => camera.state === 'live');
    await Promise.all(
      Array.from({ length: 24 }, async (_, moment) => {
        const { camera: other } = watch(`${one.url('b')}${moment % 2 === 0 ? '?transport=udp' : ''}`);
        await sleep(moment * 4);
        await other.stop();
        expect(other.state).toBe('idle');
      }),
    );
    // What nobody could judge is not judged when it is let go either.
    const picture = camera.unseen!;
    camera.look(picture, undefined, Date.now());
    expect([camera.judgedUntil, camera.judgedBefore]).toEqual([0, undefined]);
    await camera.end(false);
    expect([camera.judgedUntil, camera.judgedBefore]).toEqual([undefined, 0]);
    camera.ask();
    await until('a picture again', () => camera.unseen !== undefined);
    const grey = Uint8Array.from({ length: 160 * 90 }, (_, at) => (((at % 160) >> 3) * 37 + (at >> 9) * 71) % 220);
    const seen = camera.unseen!;
    camera.look(seen, grey, Date.now());
    expect(camera.judgedUntil).toBe(seen.at);
    await camera.stop();
    expect([camera.judgedUntil, camera.judgedBefore]).toEqual([undefined, seen.at]);
    await until('no connection left', () => one.open === 0);
    expect([one.watching('a'), one.watching('b')]).toEqual([0, 0]);
    // What came before a cut is whole by then: it may be the last that the camera ever sends.
    expect(unfinished).toEqual([]);
  }, 180_000);

  it('is let go at once, although its address is still waited for', async () => {
    let camera: Camera | undefined;
    await new Promise<void>((asked) => {
      const address = (): Promise<never> => new Promise(() => asked());
      camera = new Camera({ id: 'late', address, changed: () => undefined, log: createLog('silent') });
      camera.ask();
    });
    await camera!.stop();
    expect(camera!.state).toBe('idle');
  });

  it('gets an ffmpeg where its pictures wait for later ones, and each is shown in its turn', async () => {
    const file = await makeFilm({ width: 320, height: 180, seconds: 4, between: 2 });
    const one = await startCameraServer({
      streams: [{ path: 'waits', file, fps: 15 }],
      user: 'admin',
      password: secret,
    });
    servers.push(one);
    const watched = watch(one.url('waits'));
    // The first ones came before it was known what the camera sends.
    await until('four seconds', () => secondsOf(watched) > 4);
    expect(watched.camera.pid).toBeGreaterThan(0);
    expect(watched.states.map(([state]) => state)).toEqual(['starting', 'live']);
    expect(said.join('')).toContain('pictures in another order than they are shown in');
    // The number of each picture stands in it as bits, white for 1.
    const strip = ['-vf', `crop=iw:8:0:4,scale=16:1:flags=area,format=gray`, '-vsync', 'passthrough', '-f', 'rawvideo'];
    const decoder = run('ffmpeg', [...quiet, '-i', '-', ...strip, '-'], { encoding: 'buffer' });
    decoder.child.stdin!.end(watched.media());
    const { stdout, stderr } = await decoder;
    expect(stderr.toString()).toBe('');
    const numbers = Array.from({ length: stdout.length / 16 }, (_, picture) =>
      [...stdout.subarray(picture * 16, picture * 16 + 16)].reduce(
        (sum, level, bit) => sum + (level > 125 ? 2 ** bit : 0),
        0,
      ),
    );
    expect(numbers.length).toBeGreaterThanOrEqual(2 * 15);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0]! + index) % 60));
    await watched.camera.stop();
  }, 180_000);

  it('gets an ffmpeg where it sends what is not carried here', async () => {
    const one = await serve({ mode: 2 });
    const { camera, states } = watch(one.url('cam'));
    await until('live', () => camera.state === 'live');
    expect(camera.pid).toBeGreaterThan(0);
    expect(states.map(([state]) => state)).toEqual(['starting', 'live']);
    expect(said.join('')).toContain('this camera needs an ffmpeg');
    await camera.stop();
  }, 180_000);
});

const isAlive = async (pid: number): Promise<boolean> => {
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.trim() !== '' && !stdout.startsWith('Z');
};

describe('a camera whose ffmpeg is killed again and again', () => {
  it('is live each time within seconds, and leaves neither a process nor a session behind', async () => {
    const states: string[] = [];
    const make = (path: string): Camera =>
      new Camera({
        id: path,
        address: () => Promise.resolve(`${server.url(path)}?via=ffmpeg`),
        changed: (state) => void states.push(state),
        log: createLog('silent'),
      });
    const cameras = ['a', 'b', 'a', 'b'].map(make);
    const dead: number[] = [];
    await Promise.all(
      cameras.map(async (camera, index) => {
        camera.ask();
        for (let death = 0; death < 5; death++) {
          // Now and then before its first picture.
          const early = (death + index) % 3 === 2;
          await untilSo('running', () => camera.pid !== undefined && !dead.includes(camera.pid));
          if (!early) await untilSo('live', () => camera.state === 'live' && !dead.includes(camera.pid ?? 0));
          dead.push(camera.pid!);
          process.kill(camera.pid!, 'SIGKILL');
          camera.ask();
        }
        await untilSo('live at last', () => camera.state === 'live' && !dead.includes(camera.pid ?? 0));
      }),
    );
    expect(new Set(dead).size).toBe(20);
    await Promise.all(cameras.map((camera) => camera.stop()));
    const { stdout } = await run('ps', ['-eo', 'pid=']);
    const running = new Set(stdout.split('\n').map(Number));
    // Not even as zombies.
    expect(dead.filter((pid) => running.has(pid))).toEqual([]);
    expect(cameras.map((camera) => [camera.state, camera.pid])).toEqual(cameras.map(() => ['idle', undefined]));
    await untilSo('no session left', () => server.watching('a') + server.watching('b') === 0);
  }, 120_000);

  it('opens few sessions a minute, whatever happens', () => {
    const opened = [0, 1000, 2000, 3000];
    expect(waitForSession(opened, 4, 3500)).toBe(56_500);
    expect(waitForSession(opened, 4, 60_000)).toBe(0);
    expect(waitForSession(opened, 5, 3500)).toBe(0);
    // The clock was set back an hour.
    expect(waitForSession(opened, 4, -3_600_000)).toBe(60_000);
  });
});

describe('ffmpeg', () => {
  it('stands in a process group of its own, and dies with a hub that is killed with -9', async () => {
    const hub = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', puller(server.url('a'))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((found) =>
      hub.stdout.once('data', (line: Buffer) => found(Number.parseInt(line.toString(), 10))),
    );
    // What asks the kernel for the signal becomes ffmpeg when it has done so.
    await untilSo('an ffmpeg', async () => (await readFile(`/proc/${pid}/comm`, 'utf8')).trim() === 'ffmpeg');
    const { stdout } = await run('ps', ['-o', 'pgid=', '-p', String(pid)]);
    expect(stdout.trim()).toBe(String(pid));
    hub.kill('SIGKILL');
    await untilSo('it is gone', async () => !(await isAlive(pid)));
  });
});
