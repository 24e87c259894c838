import { HubError } from '../hub/model/error.ts';
import { still } from './args.ts';
import type { Cameras } from './cameras.ts';
import type { Evidence } from './evidence.ts';
import { convert } from './ffmpeg.ts';
import { Turns } from './turns.ts';

/** The answer to `stream.snapshot` {camera}. */
export interface Snapshot {
  sha256: string;
  /** Programme time of the picture, epoch ms. */
  at: number;
  /** Size of the JPEG. */
  bytes: number;
}

const WIDTH = 1280;
/** Together less than the six seconds that `serve` waits. */
const PICTURE_MS = 3500;
const DECODE_MS = 2000;
/** Decoding takes a core for some ten milliseconds: two at once, a short queue, and no more. */
const AT_ONCE = 2;
const WAITING = 20;

/** Takes snapshots: decodes the newest key picture of a camera and keeps it as evidence. */
export class Snapshots {
  readonly #cameras: Cameras;
  readonly #evidence: Evidence;
  readonly #turns = new Turns(AT_ONCE, WAITING, new HubError('snapshot.busy', 'Too many snapshots at once.'));

  constructor(cameras: Cameras, evidence: Evidence) {
    this.#cameras = cameras;
    this.#evidence = evidence;
  }

  /** Throws `camera.unknown`, `camera.away` (no picture), `snapshot.busy` or `snapshot.failed`. */
  async take(id: string): Promise<Snapshot> {
    const camera = this.#cameras.find(id)?.camera;
    if (!camera) throw new HubError('camera.unknown', 'There is no such camera.');
    camera.ask();
    await camera.first(() => camera.window.newestKey !== undefined, PICTURE_MS);
    const newest = camera.window.newestKey;
    if (!newest) throw new HubError('camera.away', `No picture from the camera (${camera.state}).`);
    const jpeg = await this.#turns.take(() =>
      convert(still(WIDTH), Buffer.concat([newest.init, newest.part.bytes]), DECODE_MS),
    );
    if (!jpeg) throw new HubError('snapshot.failed', 'The picture could not be decoded.');
    return { sha256: await this.#evidence.keep(jpeg), at: Math.round(newest.part.at), bytes: jpeg.length };
  }
}
