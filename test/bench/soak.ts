import { setTimeout as sleep } from 'node:timers/promises';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import type { VideoDown, VideoUp } from '../../hub/model/video.ts';
import { folderOf } from '../../stream/recording/files.ts';
import { makeFilm } from '../support/camera/index.ts';
import { treeOf } from './cpu.ts';
import { end, start } from './fifty.ts';
import type { FiftyAnswer, FiftySample } from './fiftyChild.ts';
import { quantile, type Report } from './report.ts';

const fps = 15;
const sampleEvery = 5_000;
const pollEvery = 4_000;
/** Servers of cameras: a device that refuses takes all of its streams with it. */
const servers = 5;
/** Cameras that are pulled by an ffmpeg, which can be killed. */
const piped = 3;
/** A camera that nobody asks for is let go after 30 s. */
const goneMs = 45_000;

interface Sample extends FiftySample {
  at: number;
  files: number;
  processes: number;
}

/**
 * soak: a random fault each second against fifty cameras that are live, judged and recorded; the oldest recordings go all the time, because
 * there is little room. What the hub holds is read every five seconds. Throws when it grew, when a camera does not come back, or when anything is left behind.
 */
export async function soak(report: Report, { minutes = 20, cameras: count = 50 } = {}): Promise<void> {
  // Windows and caches are filled by then: what grows afterwards grows for ever.
  if (minutes < 5) throw new Error(`--minutes ${minutes}: expected 5 or more`);
  const film = { fps };
  const [file, black, smaller] = await Promise.all([
    makeFilm(film),
    makeFilm({ ...film, seconds: 2, scene: 'black' }),
    makeFilm({ ...film, seconds: 4, width: 320, height: 180 }),
  ]);
  const devices = await start({ role: 'cameras', file, fps, count, servers, films: { black, smaller } });
  try {
    const { urls } = devices.answer as FiftyAnswer & { role: 'cameras' };
    const sources = urls.map((url, index) => (index < count - piped ? url : `${url}?via=ffmpeg`));
    const hub = await start({ role: 'hub', urls: sources, all: true, bytes: 300e6 });
    try {
      const bench = new Soak(hub, devices, count);
      await bench.run(minutes);
      bench.tell(report);
    } finally {
      await end(hub.child);
    }
  } finally {
    await end(devices.child);
  }
}

type Started = Awaited<ReturnType<typeof start>>;

class Soak {
  readonly #hub: Started;
  readonly #devices: Started;
  readonly #count: number;
  readonly #answer: FiftyAnswer & { role: 'hub' };
  readonly #samples: Sample[] = [];
  readonly #faults = new Map<string, number>();
  /** Until when (epoch ms) nobody asks for a camera. */
  readonly #away = new Map<string, number>();
  readonly #lasting = new Set<Promise<void>>();
  #failed = 0;
  /** Taken by viewers at the socket. */
  #bytes = 0;
  #over = false;
  #idle: { before: Sample; after: Sample } | undefined;
  #lost: string[] = [];

  constructor(hub: Started, devices: Started, count: number) {
    this.#hub = hub;
    this.#devices = devices;
    this.#count = count;
    this.#answer = hub.answer as FiftyAnswer & { role: 'hub' };
  }

  async run(minutes: number): Promise<void> {
    const before = await this.#sample();
    const polling = this.#poll();
    await this.#allLive(120_000);
    const until = Date.now() + minutes * 60_000;
    const sampling = this.#sampleUntil(until);
    for (let next = Date.now(); Date.now() < until;) {
      this.#fault();
      next += 1000;
      await sleep(Math.max(0, next - Date.now()));
    }
    await sampling;
    await Promise.all(this.#lasting);
    // A camera that was asked for too often waits up to a minute.
    this.#lost = await this.#allLive(90_000);
    this.#over = true;
    await polling;
    // Thirty seconds until cameras are let go, thirty until files are closed and helpers are gone.
    await sleep(90_000);
    this.#idle = { before, after: await this.#sample() };
  }

  tell(report: Report): void {
    const n = this.#samples.length;
    const faults: string[] = [];
    const figure = (name: string, unit: string, of: (sample: Sample) => number, most: number): void => {
      // What is filled once (windows, caches, compiled code) is filled by then.
      const settled = this.#samples.slice(Math.floor(n / 5));
      const quarter = Math.ceil(settled.length / 4);
      const first = quantile(settled.slice(0, quarter).map(of), 0.5);
      const last = quantile(settled.slice(-quarter).map(of), 0.5);
      const grew = last - first;
      if (grew > most) faults.push(`${name} grew from ${first.toFixed(0)} to ${last.toFixed(0)} ${unit}`);
      const against = `the first quarter, the value the last; ${slope(settled, of).toFixed(1)} ${unit} an hour`;
      report.add({ name, value: last, unit, goal: `≤ floor + ${most.toFixed(0)}`, floor: first, against, n });
    };
    const megabytes =
      quantile(
        this.#samples.map(({ rss }) => rss),
        0.5,
      ) / 1e6;
    figure('soak.memory', 'MB', ({ rss }) => rss / 1e6, megabytes / 10);
    figure('soak.heap', 'MB', ({ heap }) => heap / 1e6, 15);
    figure('soak.buffers', 'MB', ({ buffers }) => buffers / 1e6, 30);
    figure('soak.files', 'descriptors', ({ files }) => files, 15);
    figure('soak.processes', 'processes', ({ processes }) => processes, 4);
    const sum = [...this.#faults].map(([name, times]) => `${times} × ${name}`).join(', ');
    const made = [...this.#faults.values()].reduce((all, times) => all + times, 0);
    const viewers = { unit: 'MB', goal: 'some', against: 'taken by those who came to the socket and went', n: made };
    report.add({ name: 'soak.viewers', value: this.#bytes / 1e6, ...viewers });
    if (this.#bytes === 0) faults.push('nobody at the socket saw anything');
    const beside = {
      unit: 'viewers and disks',
      goal: 'few',
      against: 'that did not come about, the hub or a folder being away',
    };
    report.add({ name: 'soak.failed', value: this.#failed, ...beside, n: made });
    report.add({ name: 'soak.faults', value: made, unit: 'faults', goal: 'one a second', against: sum, n: made });
    if (this.#lost.length > 0) faults.push(`not live again: ${this.#lost.join(', ')}`);
    const back = { unit: 'cameras', goal: String(this.#count), against: 'live again at the end', n: this.#count };
    report.add({ name: 'soak.back', value: this.#count - this.#lost.length, ...back });
    const { before, after } = this.#idle!;
    const left = [after.files - before.files, after.processes - before.processes] as const;
    // Connections to the database come and go.
    if (left[0] > 15 || left[1] > 6) faults.push(`${left[0]} descriptors and ${left[1]} processes are left behind`);
    for (const [index, unit] of ['descriptors', 'processes'].entries())
      report.add({
        ...{ name: `soak.left.${unit}`, value: left[index]!, unit, goal: 'none but of the database' },
        ...{ against: 'more than before the first viewer, after the last one', n: 1 },
      });
    if (faults.length > 0) throw new Error(`the soak is not flat: ${faults.join('; ')}`);
  }

  #fault(): void {
    const index = Math.floor(Math.random() * this.#count);
    const [name, , make] = pick<[string, number, () => void]>(
      [
        ['reset', 10, () => this.#misbehave('reset', index)],
        ['stall', 10, () => this.#misbehave('stall', index, 6_000)],
        ['freeze', 10, () => this.#misbehave('freeze', index, 6_000)],
        ['black', 10, () => this.#misbehave('black', index, 6_000)],
        ['parameters', 10, () => this.#misbehave('smaller', index, 8_000)],
        ['clockJump', 10, () => this.#misbehave('clockJump', index)],
        ['wrongRate', 5, () => this.#misbehave('wrongRate', index, 10_000)],
        ['noise', 5, () => this.#misbehave('noise', index, 6_000)],
        ['refuse', 2, () => this.#misbehave('refuse', index, 8_000)],
        ['kill ffmpeg', 8, () => this.#kill('ffmpeg')],
        ['kill nats', 0.5, () => this.#kill('nats-server')],
        ['kill postgres', 0.5, () => this.#kill('postgres')],
        ['leave', 5, () => void this.#away.set(this.#answer.cameras[index]!, Date.now() + goneMs)],
        ['socket viewer', 10, () => this.#lasts(this.#socketViewer(index))],
        ['aborted reload', 5, () => this.#lasts(this.#abortedReload(index))],
        ['disk', 4, () => this.#lasts(this.#disk(index))],
      ],
      ([, weight]) => weight,
    );
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
    make();
  }

  #lasts(work: Promise<void>): void {
    // A hub without its database lets nobody in; who was in sees the pictures go on.
    const quiet = work.catch(() => void this.#failed++).finally(() => this.#lasting.delete(quiet));
    this.#lasting.add(quiet);
  }

  #misbehave(kind: string, index: number, forMs = 0): void {
    this.#devices.child.send({ misbehave: kind, index });
    if (forMs > 0)
      this.#lasts(
        sleep(forMs).then(
          () => void this.#devices.child.send({ misbehave: kind === 'refuse' ? 'accept' : 'none', index }),
        ),
      );
  }

  /** Kills one of the hub's children of this name, as a system that is out of memory does. */
  #kill(name: string): void {
    const all = treeOf(this.#hub.child.pid!).filter((each) => each.name.startsWith(name));
    const found = all[Math.floor(Math.random() * all.length)];
    try {
      if (found) process.kill(found.pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }

  /** Comes, takes pictures and acknowledges most of them, and goes with or without a word. */
  async #socketViewer(index: number): Promise<void> {
    const socket: Socket<VideoDown, VideoUp> = io(`${this.#answer.address}/video`, {
      path: '/live/socket.io',
      ...{ transports: ['websocket'], forceNew: true, reconnection: false },
      extraHeaders: { cookie: this.#cookie(index), origin: this.#answer.address },
    });
    try {
      const camera = this.#answer.cameras[index]!;
      let bytes = 0;
      const acknowledges = Math.random() < 0.7;
      const take = ({ view }: { view: string }, some: ArrayBuffer | Uint8Array): void => {
        bytes += some.byteLength;
        this.#bytes += some.byteLength;
        if (acknowledges) socket.emit('took', { view, bytes });
      };
      socket.on('init', take);
      socket.on('pictures', take);
      const answer = await socket.timeout(10_000).emitWithAck('open', { camera, quality: 'main' });
      await sleep(Math.random() * 15_000);
      if (answer.ok && Math.random() < 0.5) socket.emit('close', { view: answer.view });
    } finally {
      socket.disconnect();
    }
  }

  /** Waits for a part that is to come, and is gone before it comes. */
  async #abortedReload(index: number): Promise<void> {
    const text = await (await this.#get(index, 'index.m3u8')).text();
    const sequence = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]) + [...text.matchAll(/#EXTINF/g)].length;
    if (!Number.isFinite(sequence)) return;
    await this.#get(index, `index.m3u8?_HLS_msn=${sequence + 1}`, 300).catch(() => undefined);
  }

  /** The folder of a camera's recordings cannot be written to for a while: a file stands in its place. */
  async #disk(index: number): Promise<void> {
    const folder = join(this.#answer.dataDir, 'recording', folderOf(this.#answer.cameras[index]!));
    const aside = `${folder}.aside`;
    await rename(folder, aside);
    await writeFile(folder, '');
    // Another section needs a new file.
    this.#misbehave('smaller', index, 8_000);
    await sleep(8_000);
    await rm(folder, { force: true });
    await rename(aside, folder);
  }

  #cookie(index: number): string {
    return this.#answer.cookies[index % this.#answer.cookies.length]!;
  }

  #get(index: number, file: string, forMs = 20_000): Promise<Response> {
    const { address, cameras } = this.#answer;
    return fetch(`${address}/live/${cameras[index]}/${file}`, {
      headers: { cookie: this.#cookie(index) },
      signal: AbortSignal.timeout(forMs),
    });
  }

  async #poll(): Promise<void> {
    while (!this.#over) {
      const now = Date.now();
      const asked = this.#answer.cameras.map(async (camera, index) => {
        if ((this.#away.get(camera) ?? 0) > now) return;
        await (await this.#get(index, 'plain.m3u8')).arrayBuffer();
      });
      await Promise.allSettled([...asked, sleep(pollEvery)]);
    }
  }

  /** Waits until every camera is live; answers those that are not. */
  async #allLive(patienceMs: number): Promise<string[]> {
    for (const until = Date.now() + patienceMs; ; await sleep(1000)) {
      const { states } = await this.#ask();
      const lost = this.#answer.cameras.filter((camera) => states[camera] !== 'live');
      if (lost.length === 0 || Date.now() > until) return lost.map((camera) => `${camera} ${states[camera]}`);
    }
  }

  #ask(): Promise<FiftySample> {
    const { child } = this.#hub;
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the hub is gone'));
      child.once('exit', gone);
      child.once('message', (sample) => {
        child.off('exit', gone);
        resolve(sample as FiftySample);
      });
      child.send({ sample: true });
    });
  }

  async #sample(): Promise<Sample> {
    const pid = this.#hub.child.pid!;
    const said = await this.#ask();
    const [files, processes] = [(await readdir(`/proc/${pid}/fd`)).length, treeOf(pid).length];
    return { ...said, at: Date.now(), files, processes };
  }

  async #sampleUntil(until: number): Promise<void> {
    for (let n = 0; Date.now() < until; n++) {
      const sample = await this.#sample();
      this.#samples.push(sample);
      const { rss, heap, buffers, files, processes, states } = sample;
      const live = Object.values(states).filter((state) => state === 'live').length;
      const said = `${(rss / 1e6).toFixed(0)} MB, heap ${(heap / 1e6).toFixed(0)}, buffers ${(buffers / 1e6).toFixed(0)}`;
      if (n % 6 === 0)
        process.stderr.write(
          `  ${new Date().toISOString()} ${said}, ${files} files, ${processes} processes, ${live} live\n`,
        );
      await sleep(sampleEvery);
    }
  }
}

function pick<T>(all: readonly T[], weightOf: (each: T) => number): T {
  let left = Math.random() * all.reduce((sum, each) => sum + weightOf(each), 0);
  return all.find((each) => (left -= weightOf(each)) < 0) ?? all.at(-1)!;
}

/** Least squares, units an hour. */
function slope(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [time, value] = [mean(samples.map(({ at }) => at)), mean(samples.map(of))];
  const over = samples.reduce((sum, each) => sum + (each.at - time) * (of(each) - value), 0);
  const under = samples.reduce((sum, { at }) => sum + (at - time) ** 2, 0);
  return (over / under) * 3_600_000;
}
