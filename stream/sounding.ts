import { HubError } from '../hub/model/error.ts';
import { Matroska } from './matroska.ts';
import { fragmentOf, initWithSound, TIMESCALE, withSound } from './mux.ts';
import type { Unit } from './rtsp/depacketize.ts';
import { Sound } from './sound.ts';
import type { Ears } from './source.ts';

interface Picture {
  /** Milliseconds. */
  time: number;
  key: boolean;
  bytes: Buffer;
}

/** Seconds of pictures without sound after which they go on without: a player would wait for it. */
const SILENT = 3;
/** So many steps back in time within so many pictures are pictures that wait for later ones. */
const STEPS_BACK = 3;
const OF_PICTURES = 100;

/** NAL units that stand behind lengths of four bytes each. */
function unitsIn(bytes: Buffer): Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : Infinity;
    if (at + 4 + length > bytes.length) throw new HubError('video.broken', 'A picture is cut off.');
    units.push({ pieces: [bytes.subarray(at + 4, at + 4 + length)], length });
    at += 4 + length;
  }
  return units;
}

/**
 * Pictures and sound of a pipe → pictures that carry their sound. The first picture waits for the second, which says how long it lasts;
 * each later one lasts as long as the one before it. Throws `HubError('camera.unfit')` when the sound cannot be carried.
 */
export class Sounding {
  readonly #ears: Ears;
  readonly #matroska = new Matroska();
  #sound: Sound | undefined;
  #serial = 0;
  #first: Picture | undefined;
  #previous: number | undefined;
  #quiet = 0;
  #counted = 0;
  #stepsBack = 0;
  /** A picture was handed on. */
  begun = false;

  constructor(ears: Ears) {
    this.#ears = ears;
  }

  push(chunk: Buffer): void {
    for (const piece of this.#matroska.push(chunk)) {
      if (piece.kind === 'head') {
        const { config, codec } = piece.picture;
        if ((config[codec === 'avc1' ? 4 : 21]! & 3) !== 3)
          throw new HubError('camera.unfit', 'the camera packs its pictures in a way that is not carried with sound');
        this.#sound = piece.sound && new Sound(piece.sound.rate);
        this.#ears.init(initWithSound(piece.picture, piece.sound));
      } else if (piece.kind === 'sound') {
        this.#quiet = 0;
        this.#sound?.push(piece.time / 1000, piece.bytes);
      } else this.#picture(piece);
    }
  }

  #picture(picture: Picture): void {
    const before = this.#previous;
    this.#previous = picture.time;
    if (before === undefined) {
      this.#first = picture;
      return;
    }
    const lasts = (picture.time - before) / 1000;
    this.#judge(lasts);
    if (this.#first) this.#show(this.#first, lasts);
    this.#first = undefined;
    this.#show(picture, lasts);
  }

  #judge(lasts: number): void {
    if (++this.#counted % OF_PICTURES === 0) this.#stepsBack = 0;
    if (lasts < 0 && ++this.#stepsBack >= STEPS_BACK)
      throw new HubError('camera.unfit', 'pictures in another order than they are shown in are not carried with sound');
    // A jump of the camera's clock is no silence.
    this.#quiet += Math.min(1, Math.max(0, lasts));
    if (this.#sound && this.#quiet > SILENT) throw new HubError('camera.unfit', 'the sound of the camera ended');
  }

  #show({ time: said, key, bytes }: Picture, lasts: number): void {
    this.begun = true;
    this.#ears.picture({
      ...{ key, lasts, gap: 0, cameraAt: undefined },
      fragment: (time, duration) => {
        const from = Math.round(time * TIMESCALE);
        const to = Math.round((time + duration) * TIMESCALE);
        const picture = fragmentOf(unitsIn(bytes), from, to - from, key, ++this.#serial);
        const run = this.#sound?.take(said / 1000, time, lasts > 0.001 && lasts < 5 ? duration / lasts : 1);
        return run ? withSound(picture, run) : picture;
      },
    });
  }
}
