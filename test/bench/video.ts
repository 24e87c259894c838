import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { pull } from '../../stream/args.ts';
import { Boxes } from '../../stream/boxes.ts';
import { run } from '../../stream/ffmpeg.ts';
import { makeFilm, startCameraServer, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { fifty } from './fifty.ts';
import { quantile, type Report } from './report.ts';
import { firstPicture, openPage, type Way } from './videoPage.ts';

const fps = 15;
const seconds = 20;
const length = fps * seconds;
const user = 'admin';
const password = 'camera';
/** One camera for each cold start, so that none has to become idle first. */
const cold = ['cold-1', 'cold-2', 'cold-3', 'cold-4', 'cold-5'];
const settle = 8_000;
const span = 15_000;

/**
 * video: glass to glass, and what fifty cameras cost. The film carries its picture number as a strip of bits; the page
 * reads the number of each picture that is presented, and the camera knows when it sent it. Camera, hub and Chromium share one machine and one clock.
 */
export async function video(report: Report): Promise<void> {
  const file = await makeFilm({ fps, seconds });
  const streams = ['live', 'tile', ...cold].map((path) => ({ path, file, fps }));
  const server = await startCameraServer({ streams, user, password });
  const hub = await startTestHub({ settings: { roles: ['record', 'stream'] } });
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
  });
  try {
    const cameras = await point(
      hub,
      server,
      streams.map(({ path }) => path),
    );
    const page = await openPage(hub, browser);
    const piped = await bare(server);
    const first = await Promise.all(cold.map(async () => firstFragment(server)));

    const colds: number[] = [];
    for (const path of cold) colds.push(await firstPicture(page, cameras.get(path)!, 'llhls'));
    const started = quantile(first, 0.5);
    report.add({
      name: 'video.first.cold',
      value: quantile(colds, 0.5) / 1000,
      unit: 's',
      goal: '≤ 1.5',
      floor: started / 1000,
      against: 'bare ffmpeg → its first picture on a pipe',
      n: colds.length,
    });

    for (const [name, path, goal] of [
      ['socket', 'live', '≤ 0.35'],
      ['llhls', 'live', '≤ 0.9'],
      ['tile', 'tile', '≤ 5'],
    ] as const) {
      await warm(hub, page, cameras.get(path)!);
      const delays = await delay(page, cameras.get(path)!, name, (picture) => server.sentAt(path, picture));
      report.add({
        name: `video.delay.${name}`,
        value: quantile(delays, 0.5) / 1000,
        unit: 's',
        goal,
        floor: quantile(piped, 0.5) / 1000,
        against: 'camera → bare ffmpeg → the picture on a pipe',
        n: delays.length,
      });
    }

    const warms: number[] = [];
    const sockets: number[] = [];
    const fetches: number[] = [];
    for (let n = 0; n < 7; n++) {
      fetches.push(await fetchFirst(hub, page, cameras.get('tile')!));
      warms.push(await firstPicture(page, cameras.get('tile')!, 'llhls'));
      sockets.push(await firstPicture(page, cameras.get('tile')!, 'socket'));
    }
    report.add({
      name: 'video.first.warm',
      value: quantile(warms, 0.5) / 1000,
      unit: 's',
      goal: '≤ 0.4',
      floor: quantile(fetches, 0.5) / 1000,
      against: 'playlist, init and one part by three fetches',
      n: warms.length,
    });
    report.add({
      name: 'video.first.socket',
      value: quantile(sockets, 0.5) / 1000,
      unit: 's',
      goal: '≤ 0.4',
      floor: quantile(fetches, 0.5) / 1000,
      against: 'playlist, init and one part by three fetches',
      n: sockets.length,
    });
  } finally {
    await browser.close();
    await hub.stop();
    await server.stop();
  }
  await fifty(report);
}

/** Points cameras of the seed at the streams; answers which. */
async function point(hub: TestHub, server: CameraServer, paths: string[]): Promise<Map<string, string>> {
  const { store, seal, world } = hub.context;
  const known = [...world().cameras.values()].filter(({ hall, enabled }) => hall === 'hall-510104-1' && enabled);
  const cameras = new Map<string, string>();
  for (const [index, path] of paths.entries()) {
    await store.query('update camera set url = $2 where id = $1', [known[index]!.id, seal.seal(server.url(path))]);
    cameras.set(path, known[index]!.id);
  }
  return cameras;
}

/** Milliseconds from camera to glass of the pictures presented while it plays undisturbed. */
async function delay(page: Page, camera: string, way: Way, sentAt: (picture: number) => number): Promise<number[]> {
  await firstPicture(page, camera, way);
  await sleep(settle);
  await page.evaluate('seen.length = 0');
  const delays: number[] = [];
  for (const end = Date.now() + span; Date.now() < end; await sleep(500)) {
    const seen = await page.evaluate<[number, number][]>('seen.splice(0)');
    // A number that no picture carries was read while the picture changed size or was missing.
    for (const [picture, at] of seen) if (picture < length && sentAt(picture) > 0) delays.push(at - sentAt(picture));
  }
  return delays;
}

/** Lets the camera run until its window is full: a player that comes early has nothing to hold back from, and would look better. */
async function warm(hub: TestHub, page: Page, camera: string): Promise<void> {
  const headers = { cookie: await cookieOf(page) };
  for (const end = Date.now() + settle; Date.now() < end; await sleep(1000)) {
    await (await fetch(`${hub.address}/live/${camera}/plain.m3u8`, { headers })).text();
  }
}

async function cookieOf(page: Page): Promise<string> {
  return (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** Milliseconds of what cannot be saved by any player: its three requests, one after the other. */
async function fetchFirst(hub: TestHub, page: Page, camera: string): Promise<number> {
  const headers = { cookie: await cookieOf(page) };
  const text = async (file: string): Promise<string> =>
    (await fetch(`${hub.address}/live/${camera}/${file}`, { headers })).text();
  await text('index.m3u8');
  const began = performance.now();
  const playlist = await text('index.m3u8');
  await text(/#EXT-X-MAP:URI="([^"]+)"/.exec(playlist)![1]!);
  await text([...playlist.matchAll(/#EXT-X-PART:.*URI="([^"]+)",INDEPENDENT/g)].at(-1)![1]!);
  return performance.now() - began;
}

/** Milliseconds from camera to the end of a bare ffmpeg's pipe, picture by picture. */
async function bare(server: CameraServer): Promise<number[]> {
  const boxes = new Boxes();
  const delays: number[] = [];
  let picture: number | undefined;
  const running = run(pull(server.url('live')), undefined, (chunk) => {
    for (const piece of boxes.push(chunk)) {
      if (piece.kind !== 'fragment') continue;
      const now = Date.now();
      // The first is a key picture, one a second: the one sent last.
      const keys = Array.from({ length: seconds }, (_, second) => second * fps);
      picture ??= keys.reduce((best, key) => (server.sentAt('live', key) > server.sentAt('live', best) ? key : best));
      delays.push(now - server.sentAt('live', picture % length));
      picture++;
    }
  });
  await sleep(10_000);
  await running.stop();
  return delays;
}

/** Milliseconds from starting a bare ffmpeg to its first picture on the pipe. */
async function firstFragment(server: CameraServer): Promise<number> {
  // Wherever within the second between key pictures.
  await sleep(Math.random() * 2_000);
  const began = performance.now();
  const boxes = new Boxes();
  return new Promise((resolve) => {
    const running = run(pull(server.url('live')), undefined, (chunk) => {
      if (!boxes.push(chunk).some(({ kind }) => kind === 'fragment')) return;
      resolve(performance.now() - began);
      void running.stop();
    });
  });
}
