import { readFile } from 'node:fs/promises';
import { filmOf, type Film } from './annexb.ts';
import { packetsOf, soundOf, type Packets } from './rtp.ts';

/** A film ready to be sent in a loop. */
export interface Reel {
  film: Film;
  pictures: Packets[];
}

/** Reads a raw H.264 file (Annex B), or H.265 (no B pictures) when its name ends so. */
export async function loadReel(file: string): Promise<Reel> {
  const film = filmOf(await readFile(file), file.endsWith('.h265') ? 'h265' : 'h264');
  return { film, pictures: film.pictures.map((picture) => packetsOf(picture, film.codec)) };
}

/** Other films a stream can show: two faults, a picture of other size and parameters, and another codec. */
export type Other = 'black' | 'covered' | 'smaller' | 'h265';
/** What a stream can do wrong; `none` is good behaviour again. */
export type Misbehaviour = 'none' | 'stall' | 'freeze' | 'wrongRate' | 'clockJump' | 'loss' | 'noise' | Other;

/** One picture due now. `stepBy` is how far the camera's own clock moves to the next one, in 90-kHz ticks. */
export interface Frame {
  packets: Packets;
  timestamp: number;
  /** What is heard until the next one. */
  sound?: { packets: Packets; timestamp: number };
}

/** Samples a second of the sound of a camera. */
const HERTZ = 8000;

/** One stream's place in its loop: which picture is next and what the camera's clock says. */
export class Loop {
  readonly fps: number;
  readonly #reel: Reel;
  readonly #others: ReadonlyMap<string, Reel>;
  #index = 0;
  #clock = Math.floor(Math.random() * 0xffff_ffff);
  #kind: Misbehaviour = 'none';
  #frozen: Packets;
  #playing: Reel;
  readonly #sound: Buffer | undefined;
  #heard = 0;
  /** Wall time (epoch ms) at which each picture of the loop was last sent: what a picture on the glass is compared with. */
  readonly sentAt: Float64Array;

  /** `sound`: G.711 A-law of 8 kHz, which is looped too. */
  constructor(reel: Reel, fps: number, others: ReadonlyMap<string, Reel> = new Map(), sound?: Buffer) {
    this.fps = fps;
    this.#reel = reel;
    this.#others = others;
    this.#sound = sound;
    this.#playing = reel;
    this.#frozen = reel.pictures[0]!;
    this.sentAt = new Float64Array(reel.pictures.length);
  }

  misbehave(kind: Misbehaviour): void {
    if (['black', 'covered', 'smaller', 'h265'].includes(kind) && !this.#others.has(kind))
      throw new Error(`this stream was given no film for ${kind}`);
    // An hour ahead, as a camera does that has just heard of NTP.
    if (kind === 'clockJump') this.#clock += 3600 * 90_000;
    else this.#kind = kind;
  }

  /** What it does wrong now. */
  get kind(): Misbehaviour {
    return this.#kind;
  }

  get hasSound(): boolean {
    return this.#sound !== undefined;
  }

  /** The film that is shown now, whose parameters the session description tells. */
  get film(): Film {
    return this.#playing.film;
  }

  /** The next picture, or nothing while it stalls. */
  next(now: number): Frame | undefined {
    const wanted = this.#others.get(this.#kind) ?? this.#reel;
    let picture = this.#playing.pictures[this.#index % this.#playing.pictures.length]!;
    // Another film may only begin with a key picture; for another codec a camera begins anew.
    if (wanted !== this.#playing && (picture.key || wanted.film.codec !== this.#playing.film.codec)) {
      this.#playing = wanted;
      this.#index = 0;
      picture = wanted.pictures[0]!;
    }
    if (picture.key && this.#kind !== 'freeze') this.#frozen = picture;
    if (this.#playing === this.#reel) this.sentAt[this.#index % this.sentAt.length] = now;
    this.#index++;
    const step = Math.round(90_000 / this.fps);
    const timestamp = (this.#clock + picture.shift * step) >>> 0;
    // A camera set to 25 that delivers 12.5 stamps its pictures as if they came twice as fast.
    this.#clock += step * (this.#kind === 'wrongRate' ? 0.5 : 1);
    if (this.#kind === 'stall') return undefined;
    // The same key picture again and again: what a hung encoder sends.
    const sound = this.#sound && this.#listen(this.#sound);
    return { packets: this.#kind === 'freeze' ? this.#frozen : picture, timestamp, ...(sound ? { sound } : {}) };
  }

  #listen(all: Buffer): Frame['sound'] {
    const from = Math.round((this.#heard * HERTZ) / this.fps);
    const to = Math.round((++this.#heard * HERTZ) / this.fps);
    const samples = Buffer.from(Array.from({ length: to - from }, (_, index) => all[(from + index) % all.length]!));
    return { packets: soundOf(samples), timestamp: from };
  }
}
