/** The demonstration's cameras: draws their films once, keeps them under DATA_DIR/demo and serves them over RTSP on loopback. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { HubError } from '../hub/model/error.ts';
import { end, spawnLeashed } from '../hub/platform/children.ts';
import { startCameraServer } from '../test/support/camera/index.ts';
import type { Canvas } from './canvas.ts';
import { drawFrame, drawRoom } from './drawing.ts';
import { fps, scenes, seconds, size, type Scene } from './scenes.ts';

export interface Film {
  /** `window-07` */
  name: string;
  /** Raw H.264 (Annex B), a key picture each second, no B pictures. */
  file: string;
}

export interface DrawOptions {
  ffmpeg?: string;
  /** Films ready so far, of how many; not called when all were there. */
  onProgress?: (done: number, of: number) => void;
  only?: readonly Scene[];
}

const encoder = [
  // One thread: several share their bits as they come, so that the same scene would not be the same film twice.
  ...['-threads', '1'],
  ...['-c:v', 'libx264', '-profile:v', 'main', '-preset', 'superfast', '-tune', 'zerolatency', '-bf', '0'],
  ...['-pix_fmt', 'yuv420p', '-g', String(fps), '-keyint_min', String(fps), '-sc_threshold', '0'],
  ...['-crf', '25', '-maxrate', '500k', '-bufsize', '500k', '-x264-params', 'repeat-headers=1', '-f', 'h264'],
];

/** Two pictures of the loop and the encoder's settings: when the drawing changes, so does the name, and it is drawn again. */
function nameOf(scene: Scene, room: Canvas): string {
  const hash = createHash('sha256')
    .update(encoder.join(' '))
    .update(JSON.stringify([scene, fps, seconds]));
  for (const frame of [0, Math.floor((fps * seconds) / 2)]) hash.update(drawFrame(room, scene, frame).pixels);
  return `${scene.name}-${hash.digest('hex').slice(0, 16)}.h264`;
}

async function drawFilm(scene: Scene, room: Canvas, file: string, ffmpeg: string): Promise<void> {
  // A name of its own until it is whole: a start that was killed leaves no half film behind that would be taken for one.
  const draft = `${file}.${process.pid}`;
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-s',
    `${size.width}x${size.height}`,
    '-r',
    String(fps),
    '-i',
    '-',
  ];
  const child = spawnLeashed(ffmpeg, ['-hide_banner', '-loglevel', 'error', '-y', ...input, ...encoder, draft], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  const gone = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `${signal ?? code}: ${said.trim()}`));
  });
  const stdin = child.stdin!;
  let broken = false;
  stdin.on('error', () => (broken = true)); // ffmpeg is gone; `gone` says why
  try {
    for (let frame = 0; frame < fps * seconds && !broken; frame++) {
      const { pixels } = drawFrame(room, scene, frame);
      if (!stdin.write(pixels)) await Promise.race([once(stdin, 'drain').catch(() => undefined), gone]);
    }
    stdin.end();
    const failed = await gone;
    if (failed !== undefined) throw new HubError('demo.film', `ffmpeg could not make ${scene.name}: ${failed}`);
    await rename(draft, file);
  } finally {
    await end(child, ['SIGKILL'], 0);
    await rm(draft, { force: true });
  }
}

/** The films of all scenes; draws those that are missing (about a second each) and removes those of an earlier drawing. */
export async function drawFilms(dir: string, options: DrawOptions = {}): Promise<Film[]> {
  const { ffmpeg = 'ffmpeg', onProgress, only = scenes } = options;
  await mkdir(dir, { recursive: true });
  const films: Film[] = [];
  const wanted = only.map((scene) => {
    const room = drawRoom(scene);
    return { scene, room, name: nameOf(scene, room) };
  });
  const missing = wanted.some(({ name }) => !existsSync(join(dir, name)));
  for (const { scene, room, name } of wanted) {
    const file = join(dir, name);
    if (!existsSync(file)) await drawFilm(scene, room, file, ffmpeg);
    films.push({ name: scene.name, file });
    if (missing) onProgress?.(films.length, wanted.length);
  }
  const kept = new Set(wanted.map((each) => each.name));
  const drawn = new Set(wanted.map((each) => each.scene.name));
  for (const file of await readdir(dir)) {
    const scene = /^(window-\d\d)-[0-9a-f]{16}\.h264$/.exec(file)?.[1];
    if (scene && drawn.has(scene) && !kept.has(file)) await rm(join(dir, file), { force: true });
  }
  return films;
}

export interface Cameras {
  /** `rtsp://user:password@127.0.0.1:port`; a scene's name is appended. The password is new at every start. */
  base: string;
  stop(): Promise<void>;
}

/** Serves the films on a free loopback port, behind digest. */
export async function serveFilms(films: readonly Film[]): Promise<Cameras> {
  const password = randomBytes(12).toString('hex');
  const streams = films.map(({ name, file }) => ({ path: name, file, fps }));
  const server = await startCameraServer({ host: '127.0.0.1', port: 0, user: 'demo', password, streams });
  return { base: `rtsp://demo:${password}@127.0.0.1:${server.port}`, stop: () => server.stop() };
}
