import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Boxes } from '../../stream/boxes.ts';
import { TIMESCALE } from '../../stream/mux.ts';
import { makeFilm } from '../support/camera/index.ts';
import { treeCpu } from './cpu.ts';
import type { FiftyAnswer, FiftyOrder } from './fiftyChild.ts';
import type { Report } from './report.ts';
import { removeFolder } from '../support/folder.ts';

const count = 50;
const fps = 25;
const megabits = 2;
const settle = 12_000;
const span = 20_000;
const ffmpeg = 'ffmpeg';

/** Of one camera: milliseconds of processor a second, and megabytes. */
interface Cost {
  cpu: number;
  memory: number;
}

/**
 * video.cpu, video.memory: fifty cameras of 2 Mbit/s through the whole hub, its database and log included, which judges their
 * pictures, records them and is asked for playlists; against as many ffmpeg that copy to HLS. `.live`: without judging and recording. Cameras, hub and floor are processes of their own.
 */
export async function fifty(report: Report): Promise<void> {
  const file = await makeFilm({ width: 1280, height: 720, fps, seconds: 10, kilobits: megabits * 1000 });
  const { child, answer } = await start({ role: 'cameras', file, fps, count });
  try {
    const { urls } = answer as FiftyAnswer & { role: 'cameras' };
    const floor = await bare(urls);
    for (const all of [false, true]) {
      const cost = await throughHub(urls, all);
      const name = all ? '' : '.live';
      const against = 'a bare ffmpeg -c copy to HLS on disk';
      report.add({
        ...{ name: `video.cpu${name}`, value: cost.cpu, unit: 'ms/s a camera', goal: '≤ 2 × the floor' },
        ...{ floor: floor.cpu, against, n: count },
      });
      report.add({
        ...{ name: `video.memory${name}`, value: cost.memory, unit: 'MB a camera', goal: '≤ 25' },
        ...{ floor: floor.memory, against, n: count },
      });
      report.add({
        ...{ name: `video.lost${name}`, value: cost.lost, unit: 'pictures and breaks', goal: '0' },
        ...{ against: `of ${cost.pictures} pictures of the last seconds`, n: count },
      });
    }
  } finally {
    await end(child);
  }
}

/** Starts one of the bench's other processes and answers it once it is ready. */
export function start(order: FiftyOrder): Promise<{ child: ChildProcess; answer: FiftyAnswer }> {
  const isSource = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(new URL(isSource ? './fiftyChild.ts' : './fiftyChild.js', import.meta.url));
  // As `npm start` runs the hub.
  const execArgv = [
    '--max-semi-space-size=32',
    '--v8-pool-size=1',
    '--heap-growing-percent=200',
    '--expose-gc',
    ...(isSource ? ['--import', 'tsx'] : []),
  ];
  const child = fork(file, { execArgv });
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve({ child, answer: answer as FiftyAnswer }));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`a child ended with ${code}`)));
    child.send(order);
  });
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.disconnect();
  await gone;
}

/** Resident memory of a process, bytes. */
async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

/** Milliseconds of processor that these processes and their children use a second. */
async function cpuOf(pids: number[], idle: () => Promise<void>): Promise<number> {
  const sum = (): number => pids.reduce((all, pid) => all + treeCpu(pid), 0) / 1000;
  const [before, began] = [sum(), performance.now()];
  await idle();
  return ((sum() - before) / (performance.now() - began)) * 1000;
}

async function bare(urls: string[]): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), 'hallwatch-bench-'));
  const children: ChildProcess[] = [];
  try {
    for (const [index, url] of urls.entries()) {
      await mkdir(join(folder, String(index)));
      const input = ['-nostdin', '-loglevel', 'error', '-rtsp_transport', 'tcp', '-i', url, '-c', 'copy', '-an'];
      const hls = ['-f', 'hls', '-hls_time', '1', '-hls_list_size', '20', '-hls_flags', 'delete_segments'];
      const output = ['-hls_segment_type', 'fmp4', join(folder, String(index), 'index.m3u8')];
      children.push(spawn(ffmpeg, [...input, ...hls, ...output], { stdio: 'ignore' }));
      await sleep(50);
    }
    await sleep(settle);
    const pids = children.map(({ pid }) => pid!);
    const cpu = await cpuOf(pids, () => sleep(span));
    const memory = (await Promise.all(pids.map(rssOf))).reduce((sum, each) => sum + each, 0);
    return { cpu: cpu / count, memory: memory / count / 1e6 };
  } finally {
    await Promise.all(
      children.map((child) => {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        return gone;
      }),
    );
    await removeFolder(folder);
  }
}

async function throughHub(urls: string[], all: boolean): Promise<Cost & { lost: number; pictures: number }> {
  const { child, answer } = await start({ role: 'hub', urls, all });
  try {
    const { address, cookies, cameras, rss } = answer as FiftyAnswer & { role: 'hub' };
    const get = async (camera: string, file: string): Promise<Buffer | undefined> => {
      const cookie = cookies[cameras.indexOf(camera) % cookies.length]!;
      const response = await fetch(`${address}/live/${camera}/${file}`, { headers: { cookie } });
      const bytes = Buffer.from(await response.arrayBuffer());
      return response.ok ? bytes : undefined;
    };
    const watch = async (forMs: number): Promise<void> => {
      for (const until = Date.now() + forMs; Date.now() < until; await sleep(4000))
        await Promise.all(cameras.map((camera) => get(camera, 'plain.m3u8')));
    };
    // Until the window of each is full.
    await watch(settle + 14_000);
    const cpu = await cpuOf([child.pid!], () => watch(span));
    const memory = (await rssOf(child.pid!)) - rss;
    const seen = await Promise.all(cameras.map((camera) => look((file) => get(camera, file))));
    const sum = (of: (each: { pictures: number; lost: number }) => number): number =>
      seen.reduce((all, each) => all + of(each), 0);
    return {
      ...{ cpu: cpu / count, memory: memory / count / 1e6 },
      ...{ pictures: sum(({ pictures }) => pictures), lost: sum(({ lost }) => lost) },
    };
  } finally {
    await end(child);
  }
}

/** What is in the window of a camera, and what is missing: pictures that lasted longer than one does, and breaks. */
async function look(get: (file: string) => Promise<Buffer | undefined>): Promise<{ pictures: number; lost: number }> {
  const playlist = (await get('plain.m3u8'))?.toString() ?? '';
  const segments = [...playlist.matchAll(/#EXTINF:[\d.]+,\n(\S+)/g)].slice(-12);
  // Twenty seconds; fewer and longer where the cameras' own process could not keep its rate.
  if (segments.length < 5) throw new Error(`a camera has ${segments.length} segments only`);
  const init = (await get(/#EXT-X-MAP:URI="([^"]+)"/.exec(playlist)![1]!))!;
  let pictures = 0;
  let lost = [...playlist.matchAll(/#EXT-X-DISCONTINUITY\n/g)].length;
  for (const [, name] of segments) {
    // On a slow machine the oldest ones are gone before they are asked for.
    const bytes = (await get(name!)) ?? Buffer.alloc(0);
    for (const piece of new Boxes().push(Buffer.concat([init, bytes]))) {
      if (piece.kind !== 'fragment') continue;
      pictures++;
      lost += Math.max(0, Math.round((piece.duration / TIMESCALE) * fps) - 1);
    }
  }
  return { pictures, lost };
}
