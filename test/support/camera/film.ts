import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface FilmOptions {
  width?: number;
  height?: number;
  fps?: number;
  seconds?: number;
  /** Seconds between key pictures. */
  keyEvery?: number;
  /** What it shows: the test card (default), nothing, or a hand over the lens: blurred colour under the sensor's noise. */
  scene?: 'card' | 'black' | 'covered';
  /** Default h264. */
  codec?: 'h264' | 'h265';
  /** B pictures between two others, H.264 only: such a film is sent in another order than it is shown in. Default 0. */
  between?: number;
  /** What H.264 comes to, kbit/s; default 600, and up to half as much more. Where it is given, to the bit: the sensor makes noise. */
  kilobits?: number;
}

/** Height in lines of the strip at the top that carries the picture's number, one bit per `width / 16` columns, white is 1. */
export const STRIP = 32;

const avc = (keys: number, between: number, rate?: number): string[] => [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'main', '-bf', String(between)],
  ...['-g', String(keys), '-keyint_min', String(keys), '-sc_threshold', '0'],
  ...(rate ? ['-b:v', `${rate}k`, '-maxrate', `${rate}k`] : ['-b:v', '600k', '-maxrate', '900k']),
  ...['-bufsize', `${rate ?? 600}k`, '-x264-params', `repeat-headers=1:scenecut=0${between ? ':b-pyramid=none' : ''}`],
];
const hevc = (keys: number): string[] => [
  ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params'],
  `keyint=${keys}:min-keyint=${keys}:bframes=0:repeat-headers=1:scenecut=0:open-gop=0:log-level=error`,
];

/** Draws, once, a film with its picture number burned in as text and as a strip of 16 bits; kept under the OS temp folder. */
export async function makeFilm(options: FilmOptions = {}): Promise<string> {
  const {
    width = 640,
    height = 360,
    fps = 15,
    seconds = 20,
    keyEvery = 1,
    scene = 'card',
    codec = 'h264',
    between = 0,
    kilobits,
  } = options;
  const dir = join(tmpdir(), 'hallwatch-films');
  const file = join(
    dir,
    `${scene}-${width}x${height}-${fps}-${seconds}-${keyEvery}${between ? `-b${between}` : ''}${kilobits ? `-${kilobits}k` : ''}.${codec}`,
  );
  if (existsSync(file)) return file;
  await mkdir(dir, { recursive: true });
  const size = `${width}x${height}`;
  const source = { card: 'testsrc2', black: 'color=black', covered: 'color=0x6a4a3c' }[scene];
  const bits = `geq=lum='if(lt(Y,${STRIP}),if(mod(floor(N/pow(2,floor(X*16/W))),2),235,16),lum(X,Y))':cb='if(lt(Y,${STRIP / 2}),128,cb(X,Y))':cr='if(lt(Y,${STRIP / 2}),128,cr(X,Y))'`;
  const look = {
    card: `format=yuv420p,${kilobits ? 'noise=alls=6:allf=t,' : ''}${bits},drawtext=text='%{n}':fontsize=40:x=20:y=60:box=1`,
    black: 'format=yuv420p',
    covered: 'vignette=PI/7,noise=alls=8:allf=t,format=yuv420p',
  }[scene];
  // A name of its own until it is whole: several test files may draw it at once.
  const draft = `${file}.${process.pid}`;
  await run('ffmpeg', [
    ...[
      '-hide_banner',
      '-loglevel',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      `${source}${source.includes('=') ? ':' : '='}size=${size}:rate=${fps}`,
      '-t',
      String(seconds),
    ],
    ...['-vf', look],
    ...(codec === 'h265' ? hevc(fps * keyEvery) : avc(fps * keyEvery, between, kilobits)),
    ...['-threads', '1', '-f', codec === 'h265' ? 'hevc' : 'h264', draft],
  ]);
  await rename(draft, file);
  return file;
}
