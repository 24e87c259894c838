import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import type { Evidence, EvidenceDetail, Release } from '../../hub/model/evidence.ts';
import type { Camera } from '../../hub/model/world.ts';
import { Boxes, retime } from '../../stream/boxes.ts';
import { evidenceFolder } from '../../stream/evidence/folder.ts';
import { inWords, verifyEvidence } from '../../stream/evidence/verify.ts';
import { rangeOf } from '../../stream/evidence/http.ts';
import { Recording } from '../../stream/recording/recording.ts';
import { Window } from '../../stream/window.ts';
import { openBrowser } from '../support/browser.ts';
import { makeFilm, startCameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { quantile, type Report } from './report.ts';
import { removeFolder } from '../support/folder.ts';

const run = promisify(execFile);
const fps = 15;
/** Recorded: crosses the border of two files. */
const recordedSeconds = 660;
const clips = 200;
/** So many of them one after the other, and timed. */
const timed = 30;
const played = 20;
const copies = 3;
const presses = 10;

/**
 * evidence: clips cut at random times of a recording, each looked at by ffprobe, by its hashes and by its manifest, some of them and some
 * released copies played in Chromium; and how long a press takes on a live picture. Throws where one of them is not as it must be.
 */
export async function evidence(report: Report): Promise<void> {
  const film = await makeFilm({ fps });
  const server = await startCameraServer({ streams: [{ path: 'live', file: film, fps }] });
  const hub = await startTestHub({ settings: { roles: ['record', 'serve', 'stream'], pictureSeconds: 0 } });
  const folder = await mkdtemp(join(tmpdir(), 'hallwatch-bench-'));
  const browser = await openBrowser();
  try {
    const { store, seal, world } = hub.context;
    const [recorded, live] = [...world().cameras.values()].filter(({ hall }) => hall === 'hall-510104-1') as [
      Camera,
      Camera,
    ];
    for (const [camera, url] of [
      [recorded, 'rtsp://127.0.0.1:9/none'],
      [live, server.url('live')],
    ] as const)
      await store.query('update camera set url = $2 where id = $1', [camera.id, seal.seal(url)]);
    const bench = new Bench(hub, folder, {
      li: await hub.signIn({ name: 'li', role: 'inspector', region: '510104' }),
      zhao: await hub.signIn({ name: 'zhao', role: 'inspector', region: '510104' }),
      wang: await hub.signIn({ name: 'wang', role: 'hallManager', region: '510104', hall: 'hall-510104-1' }),
    });
    const whole = await bench.record(film, recorded.id);
    const rows = await bench.cut(report, recorded.id, whole);
    const faults = (await verifyEvidence(store, hub.dataDir)).faults.map(inWords);
    const context = await browser.newContext({ bypassCSP: true });
    await bench.play(report, await context.newPage(), rows);
    const [name, value] = bench.cookies.wang.split('=') as [string, string];
    await context.addCookies([{ name, value, url: hub.address }]);
    await bench.release(report, await context.newPage(), rows);
    await bench.press(report, live.id, film);
    faults.push(...bench.faults);
    if (faults.length > 0) throw new Error(`${faults.length} faults: ${faults.slice(0, 5).join('; ')}`);
  } finally {
    await browser.close();
    await hub.stop();
    await server.stop();
    await removeFolder(folder);
  }
}

class Bench {
  readonly faults: string[] = [];
  readonly cookies: Record<'li' | 'zhao' | 'wang', string>;
  readonly #hub: TestHub;
  readonly #folder: string;
  #began = 0;

  constructor(hub: TestHub, folder: string, cookies: Bench['cookies']) {
    this.#hub = hub;
    this.#folder = folder;
    this.cookies = cookies;
  }

  async #ask<T>(who: keyof Bench['cookies'], path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.#hub.address}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        cookie: this.cookies[who],
        ...(body ? { 'content-type': 'application/json', 'idempotency-key': randomUUID() } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return (text.startsWith('{') ? JSON.parse(text) : text) as T;
  }

  /** Writes film into the recording, as the live path would have; answers the same as one plain file. */
  async record(film: string, camera: string): Promise<string> {
    const args = ['-loglevel', 'error', '-framerate', String(fps), '-i', film, '-c', 'copy', '-f', 'mp4'];
    const flags = ['-movflags', 'frag_every_frame+empty_moov+default_base_moof+skip_trailer', '-'];
    const { stdout } = await run('ffmpeg', [...args, ...flags], { encoding: 'buffer', maxBuffer: 50_000_000 });
    const plain = join(this.#folder, 'plain.mp4');
    const loops = String(Math.ceil(recordedSeconds / 20) - 1);
    const one = join(this.#folder, 'one.mp4');
    await run('ffmpeg', [...args, one]);
    await run('ffmpeg', ['-loglevel', 'error', '-stream_loop', loops, '-i', one, '-c', 'copy', plain]);
    this.#began = Date.now() - recordedSeconds * 1000 - 60_000;
    const recording = new Recording(this.#hub.context);
    const window = new Window({ closed: (segment, init) => recording.take(camera, segment, init) });
    let pictures = 0;
    let time = 0;
    while (pictures < recordedSeconds * fps) {
      for (const each of new Boxes().push(Buffer.from(stdout))) {
        if (each.kind === 'init') {
          if (pictures === 0) window.begin(each.bytes);
          continue;
        }
        retime(each, time, each.duration);
        time += each.duration;
        const at = this.#began + (pictures / fps) * 1000;
        window.add({ bytes: each.bytes, duration: 1 / fps, key: each.key, at, broken: false });
        pictures += 1;
        // The queue of the disk is short.
        if (each.key) while (recording.state().waiting > 1_000_000) await sleep(2);
      }
    }
    await recording.stop();
    return plain;
  }

  async cut(report: Report, camera: string, whole: string): Promise<Evidence[]> {
    const rows: Evidence[] = [];
    const took: number[] = [];
    let good = 0;
    const one = async (): Promise<void> => {
      const began = performance.now();
      const at = Math.round(this.#began + 31_000 + Math.random() * (recordedSeconds - 62) * 1000);
      const row = await this.#taken(camera, at);
      took.push(performance.now() - began);
      rows.push(row);
      const wrong = await this.#check(row);
      if (wrong.length === 0) good++;
      this.faults.push(...wrong.map((each) => `${row.id}: ${each}`));
    };
    for (let n = 0; n < timed; n++) await one();
    const alone = took.slice();
    while (rows.length < clips) await Promise.all(Array.from({ length: Math.min(3, clips - rows.length) }, one));
    report.add({
      ...{ name: 'evidence.clips', value: good, unit: 'clips', goal: String(clips), n: clips },
      against:
        'ffprobe plays them from 0, they begin at or before T−30 s and end at or after T+30 s, every hash is right',
    });
    const bare: number[] = [];
    for (let n = 0; n < 20; n++) {
      const from = Math.random() * (recordedSeconds - 60);
      const began = performance.now();
      const cut = ['-nostdin', '-loglevel', 'error', '-y', '-ss', String(from), '-i', whole, '-t', '60', '-c', 'copy'];
      await run('ffmpeg', [...cut, join(this.#folder, 'cut.mp4')]);
      await run('ffmpeg', [
        '-loglevel',
        'error',
        '-y',
        '-ss',
        String(from),
        '-i',
        whole,
        '-frames:v',
        '1',
        join(this.#folder, 'cut.jpg'),
      ]);
      bare.push(performance.now() - began);
    }
    report.add({
      ...{ name: 'evidence.cut', value: quantile(alone, 0.5) / 1000, unit: 's', goal: '≤ 3' },
      ...{
        floor: quantile(bare, 0.5) / 1000,
        against: 'bare ffmpeg: the same minute copied, and one picture of it',
        n: timed,
      },
    });
    report.add({
      ...{ name: 'evidence.cut.p95', value: quantile(alone, 0.95) / 1000, unit: 's', goal: '≤ 3' },
      ...{ floor: quantile(bare, 0.95) / 1000, against: 'the same', n: timed },
    });
    return rows;
  }

  /** Evidence of a moment, when it is complete. */
  async #taken(camera: string, at: number): Promise<Evidence> {
    let row = await this.#ask<Evidence>('li', '/api/evidence', { camera, at, why: 'bench' });
    for (const until = Date.now() + 60_000; row.state !== 'complete' && Date.now() < until; await sleep(50))
      ({ evidence: row } = await this.#ask<EvidenceDetail>('li', `/api/evidence/${row.id}`));
    return row;
  }

  /** What is wrong with evidence that was taken. */
  async #check(row: Evidence): Promise<string[]> {
    const wrong: string[] = [];
    const { manifest } = await this.#ask<EvidenceDetail>('li', `/api/evidence/${row.id}`);
    if (row.state !== 'complete' || !manifest) return [`it is ${row.state}`];
    const { files, segments, gaps } = manifest;
    const [first, last] = [segments[0], segments.at(-1)];
    // Times of segments are whole milliseconds.
    if (!first || first.at > row.at - 30_000 + 1) wrong.push(`it begins ${first ? first.at - row.at : 'never'}`);
    if (!last || last.at + last.seconds * 1000 < row.at + 30_000 - 1) wrong.push('it ends too early');
    if (gaps.length > 0) wrong.push(`${gaps.length} gaps`);
    for (const { name, sha256, kind } of files) {
      const file = join(evidenceFolder(this.#hub.dataDir, row.id), name);
      if (
        createHash('sha256')
          .update(await readFile(file))
          .digest('hex') !== sha256
      )
        wrong.push(`the hash of ${name}`);
      if (kind !== 'clip') continue;
      const show = ['-show_entries', 'stream=start_time,nb_read_packets:packet=flags', '-of', 'json'];
      const { stdout, stderr } = await run('ffprobe', ['-v', 'error', '-count_packets', ...show, file], {
        maxBuffer: 50_000_000,
      });
      const { streams, packets } = JSON.parse(stdout) as {
        streams: { start_time: string; nb_read_packets: string }[];
        packets: { flags: string }[];
      };
      const seconds = segments.filter((each) => each.file === name).reduce((sum, each) => sum + each.seconds, 0);
      const [stream] = streams;
      if (stderr !== '') wrong.push(`ffprobe says ${stderr.slice(0, 100)}`);
      if (Math.abs(Number(stream?.start_time)) > 0.1) wrong.push(`${name} starts at ${stream?.start_time}`);
      if (!packets[0]?.flags.startsWith('K')) wrong.push(`${name} begins with no key picture`);
      if (Math.abs(Number(stream?.nb_read_packets) - seconds * fps) > 1) wrong.push(`${name} lacks pictures`);
    }
    return wrong;
  }

  /** Some clips in Chromium: the first second, and then their last one to the end. */
  async play(report: Report, page: Page, rows: Evidence[]): Promise<void> {
    const files = new Map<string, string>();
    for (const row of rows.slice(0, played))
      files.set(`/${row.id}.mp4`, join(evidenceFolder(this.#hub.dataDir, row.id), 'clip-1-1.mp4'));
    const server = createServer((request, response) => {
      const file = files.get(request.url ?? '');
      if (!file) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<video muted></video>');
      void readFile(file).then((bytes) => {
        const range = rangeOf(request.headers.range, bytes.length);
        const head = { 'content-type': 'video/mp4', 'accept-ranges': 'bytes' };
        if (!range || range === 'beyond') return response.writeHead(200, head).end(bytes);
        const said = `bytes ${range.from}-${range.to}/${bytes.length}`;
        response.writeHead(206, { ...head, 'content-range': said }).end(bytes.subarray(range.from, range.to + 1));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address!.port : 0}/`);
    const good = await this.#playAll(page, [...files.keys()]);
    server.closeAllConnections();
    server.close();
    const against = 'begin, run for a second, and end when they have lasted what they say';
    report.add({ name: 'evidence.chromium', value: good, unit: 'clips', goal: String(played), against, n: played });
  }

  async #playAll(page: Page, urls: string[]): Promise<number> {
    let good = 0;
    for (const url of urls) {
      const { seconds, pictures, error } = await page.evaluate<{ seconds: number; pictures: number; error?: string }>(
        `(${playing})(${JSON.stringify(url)})`,
      );
      if (error === undefined && seconds >= 60 && pictures > 0) good++;
      else this.faults.push(`${url} in Chromium: ${error ?? 'ok'}, ${seconds} s, ${pictures} pictures`);
    }
    return good;
  }

  /** Released copies in Chromium, as who asked for them opens them. */
  async release(report: Report, page: Page, rows: Evidence[]): Promise<void> {
    const urls: string[] = [];
    const took: number[] = [];
    for (const row of rows.slice(0, copies)) {
      const asked = await this.#ask<Release>('wang', `/api/evidence/${row.id}/requests`, {
        act: 'view',
        purpose: 'bench',
      });
      const began = performance.now();
      await this.#ask('zhao', `/api/releases/${asked.id}/answer`, { outcome: 'approved', reason: 'bench' });
      for (let state = 'approved'; state !== 'released'; await sleep(50)) {
        ({ state } = await this.#ask<Release>('wang', `/api/releases/${asked.id}`));
        if (state === 'failed') throw new Error(`the copy ${asked.id} failed`);
      }
      took.push(performance.now() - began);
      urls.push(`/evidence/released/${asked.id}/copy.mp4`);
    }
    await page.goto(`${this.#hub.address}/healthz`);
    await page.evaluate(`document.body.innerHTML = '<video muted></video>'`);
    const good = await this.#playAll(page, urls);
    report.add({
      name: 'evidence.copies',
      value: good,
      unit: 'copies',
      goal: String(copies),
      against: 'released, and played in Chromium',
      n: copies,
    });
    report.add({
      ...{ name: 'evidence.copy', value: quantile(took, 0.5) / 1000, unit: 's', goal: '', n: copies },
      against: 'from the approval to the copy with its watermark, of a minute',
    });
  }

  /** A press on a live picture: until the picture and the manifest of the moment lie on the disk. */
  async press(report: Report, camera: string, film: string): Promise<void> {
    for (let lists = ''; lists.split('#EXTINF').length < 6; await sleep(200))
      lists = await this.#ask<string>('li', `/live/${camera}/plain.m3u8`);
    const took: number[] = [];
    for (let n = 0; n < presses; n++) {
      const began = performance.now();
      const { id } = await this.#ask<Evidence>('li', '/api/evidence', { camera, why: 'bench' });
      for (;;) {
        const { manifest } = await this.#ask<EvidenceDetail>('li', `/api/evidence/${id}`);
        if (manifest?.picture) break;
        if (performance.now() - began > 30_000) throw new Error('a press brought no picture within 30 s');
        await sleep(20);
      }
      took.push(performance.now() - began);
      await sleep(Math.random() * 1000);
    }
    const one = join(this.#folder, 'key.h264');
    await writeFile(one, (await readFile(film)).subarray(0, 200_000));
    const bare: number[] = [];
    for (let n = 0; n < presses; n++) {
      const began = performance.now();
      await run('ffmpeg', ['-loglevel', 'fatal', '-y', '-i', one, '-frames:v', '1', join(this.#folder, 'key.jpg')]);
      bare.push(performance.now() - began);
    }
    report.add({
      ...{ name: 'evidence.press', value: quantile(took, 0.5) / 1000, unit: 's', goal: '≤ 3' },
      ...{ floor: quantile(bare, 0.5) / 1000, against: 'bare ffmpeg: one picture → JPEG', n: presses },
    });
  }
}

// As text: a function would be rewritten by the compiler with names that the page does not have.
const playing = `(url) => new Promise((resolve) => {
  const video = document.querySelector('video');
  const tell = (error) => {
    clearTimeout(timer);
    const { totalVideoFrames } = video.getVideoPlaybackQuality();
    resolve({ seconds: video.duration, pictures: totalVideoFrames, ...(error ? { error } : {}) });
  };
  const timer = setTimeout(() => tell('not within 30 s, at ' + video.currentTime), 30000);
  video.onerror = () => tell(video.error.message);
  video.onended = () => tell(Math.abs(video.currentTime - video.duration) > 0.2 ? 'it ended at ' + video.currentTime : undefined);
  let hasBegun = false;
  video.ontimeupdate = () => {
    if (hasBegun || video.currentTime < 1) return;
    hasBegun = true;
    video.currentTime = video.duration - 1;
  };
  video.src = url;
  video.play().catch((error) => tell(String(error)));
})`;
