import { execFile, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnLeashed } from '../../hub/platform/children.ts';
import { addCamera, changeCamera } from '../../hub/platform/camera.ts';
import { openBrowser } from '../support/browser.ts';
import { makeFilm, startCameraServer, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';
import { removeFolder } from '../support/folder.ts';

const run = promisify(execFile);
const by = { account: 'ops', name: '周运维' };
const hall = 'hall-510104-1';

let hub: TestHub;
let web: Server;
let rtsp: CameraServer;
let folder: string;
let inspector: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hallwatch-sound-'));
  web = createServer((request, response) => {
    const child = film();
    child.stdout!.pipe(response.writeHead(200, { 'content-type': 'video/x-flv' }));
    request.socket.once('close', () => child.kill('SIGKILL'));
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  [hub, rtsp] = await Promise.all([startTestHub({ settings: { roles: ['record', 'stream'] } }), startRtsp()]);
  inspector = await hub.signIn({ name: 'li', role: 'inspector', region: '510104' });
  const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}/live.flv`;
  const each = { hall, name: '点位', address };
  expect(
    await addCamera(hub.context, { ...each, id: 'heard', audio: true, audioReason: '投诉取证' }, by),
  ).toMatchObject({
    ok: true,
  });
  expect(await addCamera(hub.context, { ...each, id: 'unheard' }, by)).toMatchObject({ ok: true });
  const speaking = { ...each, address: rtsp.url('speaking') };
  for (const input of [
    { ...speaking, id: 'rtsp-heard', audio: true, audioReason: '投诉取证' },
    { ...speaking, id: 'rtsp-unheard' },
  ])
    expect(await addCamera(hub.context, input, by)).toMatchObject({ ok: true });
  await until('the world knows the cameras', () => hub.context.world().cameras.has('rtsp-unheard'));
}, 180_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  web?.closeAllConnections();
  web?.close();
  await Promise.all([hub?.stop(), rtsp?.stop()]);
  await removeFolder(folder);
}, 180_000);

/** HTTP-FLV of a flash and a beep at the beginning of every second, the sound as G.711, which no browser plays. */
function film(): ChildProcess {
  const picture = `color=black:size=320x180:rate=20,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.2)'`;
  const sound = `aevalsrc='if(lt(mod(t,1),0.2),sin(2*PI*880*t),0)':s=8000`;
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '20'];
  const child = spawnLeashed(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound],
      ...[...codec, '-c:a', 'pcm_alaw', '-f', 'flv', '-'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** A camera that speaks RTSP and sends H.264 and G.711, as most do that have a microphone: a beep each second. */
async function startRtsp(): Promise<CameraServer> {
  const sound = join(folder, 'beeps.alaw');
  const beeps = `aevalsrc='if(lt(mod(t,1),0.2),sin(2*PI*880*t),0)':s=8000`;
  const [file] = await Promise.all([
    makeFilm({ width: 320, height: 180, seconds: 4 }),
    run('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', beeps, '-t', '4', '-f', 'alaw', sound]),
  ]);
  const streams = [{ path: 'speaking', file, fps: 15, sound }];
  return startCameraServer({ user: 'admin', password: 'a+b@Secret9', streams });
}

const until = untilWithin(40_000);

const ask = (path: string): Promise<Response> =>
  fetch(`${hub.address}/live/${path}`, { headers: { cookie: inspector } });

/** Initialization section and all segments of a camera, as soon as so many are listed, as one file. */
async function record(camera: string, segments: number): Promise<string> {
  const list = await until(`${segments} segments of ${camera}`, async () => {
    const answer = await ask(`${camera}/plain.m3u8`);
    const text = await answer.text();
    return answer.status === 200 && text.split('\n').filter((line) => line.endsWith('.mp4')).length >= segments && text;
  });
  const names = [
    /#EXT-X-MAP:URI="([^"]+)"/.exec(list)![1]!,
    ...list.split('\n').filter((line) => line.endsWith('.mp4')),
  ];
  const bytes = await Promise.all(names.map(async (name) => (await ask(`${camera}/${name}`)).arrayBuffer()));
  const file = join(folder, `${camera}.mp4`);
  await writeFile(file, Buffer.concat(bytes.map((each) => Buffer.from(each))));
  return file;
}

async function codecsOf(file: string): Promise<string[]> {
  const entries = 'stream=codec_type,codec_name,profile,sample_rate,channels';
  const { stdout } = await run('ffprobe', ['-loglevel', 'error', '-show_entries', entries, '-of', 'json', file]);
  const { streams } = JSON.parse(stdout) as { streams: Record<string, string | number>[] };
  return streams.map(({ codec_name, profile, sample_rate, channels }) =>
    codec_name === 'aac' ? `${codec_name} ${profile} ${sample_rate} ${channels}` : String(codec_name),
  );
}

describe('sound', () => {
  it('is carried of a camera where it is allowed, as AAC, in step with the picture; of another camera nothing', async () => {
    const [heard, unheard] = await Promise.all([record('heard', 4), record('unheard', 2)]);
    expect(await codecsOf(heard)).toEqual(['h264', 'aac LC 32000 1']);
    expect(await codecsOf(unheard)).toEqual(['h264']);

    const { stderr } = await run('ffmpeg', [
      ...['-hide_banner', '-nostats', '-copyts', '-i', heard, '-vf', 'scale=2:2:flags=area,format=gray,showinfo'],
      ...['-af', 'silencedetect=n=-30dB:d=0.3', '-f', 'null', '-'],
    ]);
    expect(stderr).not.toMatch(/Non-monotonous|Invalid|error/i);
    const shown = [...stderr.matchAll(/pts_time:([\d.]+) .* mean:\[(\d+)/g)].map(([, time, mean]) => ({
      time: Number(time),
      bright: Number(mean) > 128,
    }));
    const flashes = shown.filter((each, index) => each.bright && shown[index - 1]?.bright === false);
    const beeps = [...stderr.matchAll(/silence_end: ([\d.]+)/g)].map(([, time]) => Number(time));
    expect(flashes.length).toBeGreaterThanOrEqual(2);
    for (const { time } of flashes) expect(Math.min(...beeps.map((beep) => Math.abs(time - beep)))).toBeLessThan(0.1);
  }, 180_000);

  it('is carried of a camera that speaks RTSP where its record allows it; without that it is not even asked for', async () => {
    const [heard, unheard] = await Promise.all([record('rtsp-heard', 4), record('rtsp-unheard', 2)]);
    expect(await codecsOf(heard)).toEqual(['h264', 'aac LC 32000 1']);
    expect(await codecsOf(unheard)).toEqual(['h264']);
    // Two sessions at the camera, of which one has its sound.
    expect([rtsp.watching('speaking'), rtsp.listening('speaking')]).toEqual([2, 1]);
    const { stderr } = await run('ffmpeg', [
      ...['-hide_banner', '-nostats', '-i', heard, '-af', 'silencedetect=n=-30dB:d=0.3', '-f', 'null', '-'],
    ]);
    expect(stderr).not.toMatch(/Non-monotonous|Invalid|error/i);
    const beeps = [...stderr.matchAll(/silence_end: ([\d.]+)/g)].map(([, time]) => Number(time));
    expect(beeps.length).toBeGreaterThanOrEqual(2);
    beeps.slice(1).forEach((beep, index) => expect(Math.abs(beep - beeps[index]! - 1)).toBeLessThan(0.15));
  }, 180_000);

  it('plays in Chromium as LL-HLS with its picture, by the player of the page', async () => {
    const browser = await openBrowser();
    try {
      const context = await browser.newContext();
      const [name, value] = inspector.split(/=(.*)/s) as [string, string];
      await context.addCookies([{ name, value, url: hub.address }]);
      const page = await context.newPage();
      await page.goto(`${hub.address}/nothing`);
      await page.evaluate(await readFile('node_modules/hls.js/dist/hls.light.min.js', 'utf8'));
      await page.evaluate(`{
        const video = document.createElement('video');
        video.muted = true;
        document.body.append(video);
        const hls = new Hls({ lowLatencyMode: true, enableWorker: false });
        hls.attachMedia(video);
        hls.loadSource('/live/heard/index.m3u8');
        window.faults = [];
        hls.on(Hls.Events.ERROR, (_, data) => data.fatal && window.faults.push(data.details));
        void video.play();
      }`);
      const look = (): Promise<{ time: number; sound: number; pictures: number; faults: string[] }> =>
        page.evaluate(`(() => {
          const video = document.querySelector('video');
          const { currentTime: time, webkitAudioDecodedByteCount: sound, webkitDecodedFrameCount: pictures } = video;
          return { time, sound, pictures, faults: window.faults };
        })()`);
      const begun = await until('it plays', async () => {
        const seen = await look();
        return seen.pictures > 0 && seen.sound > 0 && seen;
      });
      const later = await until('it plays on', async () => {
        const seen = await look();
        return seen.time > begun.time + 2 && seen;
      });
      expect(later.sound).toBeGreaterThan(begun.sound);
      expect(later.pictures).toBeGreaterThan(begun.pictures);
      expect(later.faults).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 180_000);

  it('is gone, what was kept of it for players as well, as soon as it is allowed no more', async () => {
    const listed = async (): Promise<string | undefined> =>
      /#EXT-X-MAP:URI="([^"]+)"/.exec(await (await ask('heard/plain.m3u8')).text())?.[1];
    const before = await until('a list with sound', listed);
    expect((await ask(`heard/${before}`)).status).toBe(200);
    expect(await changeCamera(hub.context, 'heard', { audio: false }, by)).toMatchObject({ ok: true });
    await until('another list', async () => {
      const now = await listed();
      return now !== undefined && now !== before;
    });
    expect(await codecsOf(await record('heard', 1))).toEqual(['h264']);
    expect((await ask(`heard/${before}`)).status).toBe(404);
  }, 180_000);
});
