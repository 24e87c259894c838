import { lookup } from 'node:dns/promises';
import type { Logger } from 'pino';
import type { CameraCheck } from '../hub/model/cameraApi.ts';
import { sourceOf } from '../hub/model/camera.ts';
import { HubError } from '../hub/model/error.ts';
import type { CameraState } from '../hub/model/event.ts';
import { reaching } from '../hub/platform/address.ts';
import { still } from './args.ts';
import { boxesIn, findBox } from './boxes.ts';
import { Camera } from './camera.ts';
import type { Cameras } from './cameras.ts';
import { convert } from './ffmpeg.ts';
import type { Part, Window } from './window.ts';

/** What is checked: an address, or a camera whose pictures an encoder brings. */
export type CheckQuestion = { address: string } | { camera: string };

export interface ChecksOptions {
  log: Logger;
  cameras: Pick<Cameras, 'find'>;
  /** Networks beside the private ones in which cameras may stand. */
  networks?: readonly string[] | undefined;
  /** For all of it. Default 10,000; the picture itself is decoded in the last two seconds of it. */
  patienceMs?: number;
}

const AT_ONCE = 2;
const DECODE_MS = 2_000;
const WIDTH = 480;
/** Enough pictures to tell how many there are in a second. */
const ENOUGH_S = 1.5;

/** Opens an address the way a camera of it would be pulled, and says what comes. Nothing of it is kept. */
export class Checks {
  readonly #options: ChecksOptions;
  readonly #mayReach: (address: string) => boolean;
  readonly #open = new Set<Camera>();

  constructor(options: ChecksOptions) {
    this.#options = options;
    this.#mayReach = reaching(options.networks);
  }

  /** Throws `check.busy`; everything that is wrong with the camera is an answer. */
  async check(question: CheckQuestion): Promise<CameraCheck> {
    if (this.#open.size >= AT_ONCE)
      throw new HubError('check.busy', 'other cameras are being tested; again in a moment');
    const until = Date.now() + (this.#options.patienceMs ?? 10_000);
    let said: string | undefined;
    let camera: Camera | undefined;
    if ('camera' in question) camera = this.#options.cameras.find(question.camera)?.camera;
    else {
      camera = new Camera({
        id: 'a test of an address',
        address: () => Promise.resolve(question.address),
        changed: (_: CameraState, __: number, detail?: string) => (said = detail ?? said),
        log: this.#options.log,
      });
    }
    if (!camera) return { ok: false, reason: 'no such camera, or it is switched off' };
    this.#open.add(camera);
    try {
      const fault = 'address' in question ? await this.#fault(question.address) : undefined;
      return fault === undefined ? await watch(camera, until, () => said) : { ok: false, reason: fault };
    } finally {
      this.#open.delete(camera);
      if ('address' in question) await camera.stop();
    }
  }

  /** Why it is not opened at all: its form, or where it leads. */
  async #fault(address: string): Promise<string | undefined> {
    const kind = sourceOf(address);
    if (typeof kind !== 'string') return kind.reason;
    if (kind === 'file') return undefined;
    const host = URL.canParse(address) ? new URL(address).hostname.replaceAll(/[[\]]/g, '') : '';
    const found = await lookup(host, { all: true }).catch(() => []);
    if (found.length === 0) return 'no address is known for the name of the camera';
    return found.every((each) => this.#mayReach(each.address))
      ? undefined
      : 'the address is not in a private network (CAMERA_NETWORKS names others)';
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#open].map((camera) => camera.stop()));
  }
}

async function watch(camera: Camera, until: number, said: () => string | undefined): Promise<CameraCheck> {
  const began = Date.now();
  const patience = (): number => Math.max(0, until - DECODE_MS - Date.now());
  camera.ask();
  if (!(await camera.first(() => camera.window.newestKey !== undefined, patience())))
    return { ok: false, reason: said() ?? 'no picture came in time' };
  const firstMs = Date.now() - began;
  const parts = (): readonly Part[] => partsOf(camera.window);
  const isEnough = (): boolean =>
    parts().filter(({ independent }) => independent).length > 1 && secondsOf(parts()) >= ENOUGH_S;
  await camera.window.until(() => isEnough() || camera.state === 'offline', patience());
  const newest = camera.window.newestKey;
  const format = newest && formatOf(newest.init);
  if (!newest || !format) return { ok: false, reason: said() ?? 'the pictures stopped' };
  const jpeg = await convert(still(WIDTH), Buffer.concat([newest.init, newest.part.bytes]), DECODE_MS);
  return { ok: true, ...format, ...paceOf(parts()), firstMs, ...(jpeg ? { picture: jpeg.toString('base64') } : {}) };
}

const partsOf = ({ segments }: Window): Part[] => segments.flatMap(({ parts }) => parts);
const secondsOf = (parts: readonly Part[]): number => parts.reduce((sum, { duration }) => sum + duration, 0);

/** Pictures a second, kbit/s, and seconds between key pictures where two came. */
export function paceOf(parts: readonly Part[]): { fps: number; kbps: number; keySeconds?: number } {
  const seconds = Math.max(secondsOf(parts), 0.001);
  let pictures = 0;
  let bytes = 0;
  /** How many pictures stood before each key picture. */
  const keys: number[] = [];
  for (const part of parts) {
    if (part.independent) keys.push(pictures);
    bytes += part.bytes.length;
    for (const { type } of boxesIn(part.bytes, 0, part.bytes.length)) if (type === 'moof') pictures += 1;
  }
  const fps = pictures / seconds;
  const between = keys.slice(1).map((count, index) => count - keys[index]!);
  return {
    fps: Math.round(fps * 10) / 10,
    kbps: Math.round((bytes * 8) / seconds / 1000),
    // Counted in pictures: the first ones arrive faster than they were taken.
    ...(between.length > 0 ? { keySeconds: Math.round((Math.max(...between) / fps) * 10) / 10 } : {}),
  };
}

const pictured: Record<string, string> = { avc1: 'H.264', avc3: 'H.264', hvc1: 'H.265', hev1: 'H.265' };

/** Codec and size of the pictures that an initialization section announces; undefined when it announces none. */
export function formatOf(init: Buffer): { codec: string; width: number; height: number } | undefined {
  const movie = findBox(init, { from: 0, to: init.length }, ['moov']);
  if (!movie) return undefined;
  for (const track of boxesIn(init, movie.from, movie.to)) {
    if (track.type !== 'trak') continue;
    const table = findBox(init, track, ['mdia', 'minf', 'stbl', 'stsd']);
    // The table begins with its version and count; an entry of pictures holds their size 24 bytes in.
    for (const entry of table ? boxesIn(init, table.from + 8, table.to) : []) {
      const codec = pictured[entry.type];
      if (codec === undefined || entry.to - entry.from < 28) continue;
      return { codec, width: init.readUInt16BE(entry.from + 24), height: init.readUInt16BE(entry.from + 26) };
    }
  }
  return undefined;
}
