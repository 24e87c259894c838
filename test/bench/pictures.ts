import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createLog } from '../../hub/platform/log.ts';
import { Boxes } from '../../stream/boxes.ts';
import { Camera } from '../../stream/camera.ts';
import { install } from '../../stream/ffmpeg.ts';
import { Glances } from '../../stream/glance.ts';
import { HEIGHT, Judge, WIDTH } from '../../stream/judge.ts';
import type { KeyPicture } from '../../stream/key.ts';
import { makeFilm, startCameraServer } from '../support/camera/index.ts';
import type { Report } from './report.ts';
import { removeFolder } from '../support/folder.ts';

const run = promisify(execFile);
const fps = 15;
/** Seconds between two looks at a camera that is well (PICTURE_SECONDS). */
const every = 2;

/** CPU of this process and of its children that have ended, ms. */
function spent(): number {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  // cutime and cstime, in ticks of 10 ms; the name of the process before them may hold spaces.
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (userCPUTime + systemCPUTime) / 1000 + (Number(fields[13]) + Number(fields[14])) * 10;
}

async function keysOf(film: string): Promise<KeyPicture[]> {
  const args = ['-nostdin', '-loglevel', 'error', '-i', film, '-c', 'copy', '-f', 'mp4'];
  const { stdout } = await run('ffmpeg', [...args, '-movflags', 'frag_every_frame+empty_moov+default_base_moof', '-'], {
    encoding: 'buffer',
    maxBuffer: 256 * 1024 * 1024,
  });
  const keys: KeyPicture[] = [];
  let init: Buffer | undefined;
  for (const piece of new Boxes().push(stdout)) {
    if (piece.kind === 'init') init = piece.bytes;
    else if (piece.key) keys.push({ init: init!, fragment: piece.bytes, at: keys.length * every * 1000 });
  }
  return keys;
}

/** What the picture test costs: fifty cameras decoded and judged in one run, as in the hub, again and again. */
export async function pictures(report: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hallwatch-bench-'));
  await install(folder, 'ffmpeg');
  const cameras = 50;
  const rounds = 10;
  for (const [name, width, height] of [
    ['360', 640, 360],
    ['1080', 1920, 1080],
  ] as const) {
    const film = await makeFilm({ fps, seconds: 10, width, height });
    const keys = await keysOf(film);
    const judges = Array.from({ length: cameras }, () => new Judge());
    const glances = new Glances();
    const before = spent();
    for (let round = 0; round < rounds; round++) {
      const due = judges.map((_, index) => keys[(index + round) % keys.length]!);
      const greys = await glances.decode(due, 60_000);
      judges.forEach((judge, index) => judge.look(greys[index]!, round * every * 1000));
    }
    // What its decoder has spent counts once that has ended.
    await glances.stop();
    const each = (spent() - before) / (rounds * cameras);
    const bareBefore = spent();
    const small = ['-vf', `scale=${WIDTH}:${HEIGHT}:flags=neighbor,format=gray`, '-f', 'null', '-'];
    for (let round = 0; round < rounds; round++)
      await run('ffmpeg', [
        '-nostdin',
        '-loglevel',
        'error',
        '-threads',
        '1',
        '-skip_frame',
        'nokey',
        '-stream_loop',
        '4',
        '-i',
        film,
        ...small,
      ]);
    const floor = (spent() - bareBefore) / (rounds * 5 * keys.length);
    report.add({
      name: `video.picture.${name}`,
      value: each,
      unit: 'ms CPU',
      goal: `${cameras} cameras, one look in ${every} s`,
      floor,
      against: 'bare ffmpeg: the key pictures of one film, decoded as small',
      n: rounds * cameras,
    });
    report.add({
      name: `video.picture.${name}.camera`,
      value: (each * 1000) / every,
      unit: 'µs/s',
      goal: '',
      against: 'CPU of a watched camera, each second',
      n: cameras,
    });
  }
  await removeFolder(folder);
}

/** A thousand forced deaths: what is left of them. */
export async function deaths(report: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hallwatch-bench-'));
  await install(folder, 'ffmpeg');
  const paths = Array.from({ length: 10 }, (_, index) => `camera-${index}`);
  const file = await makeFilm({ fps });
  const server = await startCameraServer({ streams: paths.map((path) => ({ path, file, fps })) });
  const dead = new Set<number>();
  const back: number[] = [];
  const cameras = paths.map(
    (path) =>
      new Camera({
        id: path,
        address: () => Promise.resolve(`${server.url(path)}?via=ffmpeg`),
        changed: () => undefined,
        log: createLog('silent'),
        sessions: Infinity,
      }),
  );
  await Promise.all(
    cameras.map(async (camera) => {
      for (let death = 0; death < 100; death++) {
        const began = Date.now();
        while (camera.state !== 'live' || camera.pid === undefined || dead.has(camera.pid)) {
          camera.ask();
          await sleep(20);
        }
        if (death > 0) back.push(Date.now() - began);
        dead.add(camera.pid);
        process.kill(camera.pid, 'SIGKILL');
      }
    }),
  );
  await Promise.all(cameras.map((camera) => camera.stop()));
  const { stdout } = await run('ps', ['-eo', 'pid=']);
  const left = stdout.split('\n').filter((pid) => dead.has(Number(pid)));
  const sessions = paths.reduce((sum, path) => sum + server.watching(path), 0);
  report.add({
    name: 'video.deaths.left',
    value: left.length + sessions,
    unit: 'processes and sessions',
    goal: '0',
    n: dead.size,
  });
  report.add({
    name: 'video.deaths.back',
    value: Math.max(...back) / 1000,
    unit: 's',
    goal: '≤ 5',
    against: 'live again at the latest',
    n: back.length,
  });
  await server.stop();
  await removeFolder(folder);
}
