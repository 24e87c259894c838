/** Pure: pieces of sound on their way to the pictures that they are sent with. */
import { TIMESCALE, type SoundRun } from './mux.ts';

/** Where a picture stands: seconds as the camera says, seconds on the server's timeline, and how fast the one runs by the other. */
interface Anchor {
  said: number;
  time: number;
  rate: number;
}

/** Samples of one piece of AAC. */
const SAMPLES = 1024;
/** More than come between two pictures of any camera; what comes beyond belongs to no picture. */
const MOST_HELD = 512;
/** Sound this far from any picture (seconds) belongs to none. */
const FAR = 1.5;
/** Beyond this (seconds) sound is put where it belongs; below, it is moved there little by little, which nobody hears. */
const JUMP = 0.08;
const SHARE = 8;
const MOST_STRETCHED = 0.02;

/**
 * Sound follows the pictures: whatever the server's clock makes of their times, it makes of the sound's. Pieces follow each other
 * without a gap, as decoders want it, and stay within 80 ms of the picture they were taken with.
 */
export class Sound {
  readonly #ticks: number;
  #held: { said: number; bytes: Buffer }[] = [];
  #anchor: Anchor | undefined;
  /** Ticks of the timeline up to which there is sound. */
  #end: number | undefined;

  /** `rate`: samples a second. */
  constructor(rate: number) {
    this.#ticks = Math.round((SAMPLES / rate) * TIMESCALE);
  }

  /** A piece that begins at `said`, seconds as the camera says. */
  push(said: number, bytes: Buffer): void {
    this.#held.push({ said, bytes });
    if (this.#held.length > MOST_HELD) this.#held.shift();
  }

  /** What is sent with the picture that begins at `said` and is shown at `time`, for so many times as long as was said. */
  take(said: number, time: number, rate: number): SoundRun | undefined {
    const before = this.#anchor;
    this.#anchor = { said, time, rate };
    let run: SoundRun | undefined;
    for (const piece of this.#held.splice(0)) {
      const anchor = before && piece.said < said ? before : this.#anchor;
      const after = piece.said - anchor.said;
      if (Math.abs(after) > FAR) continue;
      const wanted = Math.round((anchor.time + after * anchor.rate) * TIMESCALE);
      // Before the very first picture.
      if (wanted < 0 || (!before && piece.said < said)) continue;
      const end = this.#end ?? wanted;
      const off = wanted - end;
      if (off < -JUMP * TIMESCALE) continue;
      const from = off > JUMP * TIMESCALE ? wanted : end;
      const most = Math.round(this.#ticks * MOST_STRETCHED);
      const stretch = Math.min(most, Math.max(-most, Math.round((wanted - from) / SHARE)));
      const duration = this.#ticks + stretch;
      this.#end = from + duration;
      const last = run?.pieces.at(-1);
      // Within one run a gap is told as a longer piece.
      if (last) last.duration += from - end;
      run ??= { time: from, pieces: [] };
      run.pieces.push({ duration, bytes: piece.bytes });
    }
    return run;
  }
}
