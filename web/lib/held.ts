import { mostParts, sampleOf } from '../../hub/model/viewProof.ts';

/** Programme time behind the newest part, milliseconds: what is older has been played and reported. */
const keptFor = 30_000;
const mostCameras = 64;
/** Of one camera: single pictures over the socket. */
const most = 1_000;
/** Players and hub tell programme time a little differently, milliseconds. */
const slack = 250;

interface Part {
  from: number;
  to: number;
  sample: Uint8Array;
}

/** Samples of the parts that this page was sent, by camera: with them its reports prove what it has (SC-11). */
class Held {
  readonly #parts = new Map<string, Part[]>();

  /** A part came; `from`, `to`: programme time, epoch ms. The bytes are not kept. */
  add(camera: string, bytes: ArrayBuffer, from: number, to: number): void {
    let parts = this.#parts.get(camera);
    if (!parts) {
      if (this.#parts.size >= mostCameras) this.#parts.delete(this.#parts.keys().next().value!);
      this.#parts.set(camera, (parts = []));
    }
    parts.push({ from, to, sample: sampleOf(new Uint8Array(bytes)) });
    const old = parts.findIndex((each) => each.to > to - keptFor);
    parts.splice(0, Math.max(old, parts.length - most));
  }

  /** Samples of the parts that hold the span; the newest where they are too many. */
  samples(camera: string, from: number, to: number): Uint8Array[] {
    if (to <= from) return [];
    return (this.#parts.get(camera) ?? [])
      .filter((each) => each.to > from - slack && each.from < to + slack)
      .slice(-mostParts)
      .map((each) => each.sample);
  }
}

export const held = new Held();
