import { glance, glances, shown } from './args.ts';
import { Decoder } from './decoder.ts';
import { convert } from './ffmpeg.ts';
import { HEIGHT, WIDTH } from './judge.ts';
import { configOf, flvOf, mediaOf, type KeyPicture } from './key.ts';

type Greys = (Uint8Array | undefined)[];

const SIZE = WIDTH * HEIGHT;
/** Decoders that go on at once, of some 40 MB each. Cameras of one make and setting share one. */
const MOST_DECODERS = 4;
/** Pictures that a decoder did not take are decoded apart for so long. */
const APART_MS = 60_000;

/** Decodes one of any codec; undefined when it cannot. */
async function one({ init, fragment }: KeyPicture, patienceMs: number): Promise<Uint8Array | undefined> {
  const bytes = await convert(glance(WIDTH, HEIGHT), Buffer.concat([init, fragment]), patienceMs);
  return bytes?.length === SIZE ? bytes : undefined;
}

/** All H.264 pictures by one ffmpeg that ends: to start one costs as much as to decode twenty pictures. */
async function together(pictures: readonly KeyPicture[], patienceMs: number): Promise<Greys> {
  const found: Greys = pictures.map(() => undefined);
  const known = pictures
    .map((picture, index) => ({ index, config: configOf(picture.init), media: mediaOf(picture.fragment) }))
    .filter((each): each is typeof each & { config: Buffer } => each.config !== undefined)
    // A change of settings costs the decoder time: the same ones stand together.
    .sort((a, b) => a.config.compare(b.config));
  if (known.length === 0) return found;
  const times: number[] = [];
  const tell = (line: string): void => {
    const time = shown.exec(line)?.[1];
    if (time !== undefined) times.push(Number(time) / 1000);
  };
  const bytes = await convert(glances('flv', WIDTH, HEIGHT), flvOf(known), patienceMs, tell);
  times.forEach((time, n) => {
    const from = known[time];
    const grey = bytes?.subarray(n * SIZE, (n + 1) * SIZE);
    if (from && grey?.length === SIZE) found[from.index] = grey;
  });
  return found;
}

/** Key pictures of many cameras → small grey ones. */
export class Glances {
  #decoders: Decoder[] = [];
  /** Initialization sections of which a decoder made nothing, newest last. */
  #apart: { init: Buffer; at: number }[] = [];
  #stopped = false;

  /**
   * Decodes key pictures, in their order; undefined where one cannot be decoded. Those of cameras that are set alike go to a decoder
   * that goes on, as long as there are few settings; one for all would hold pictures back and mix them up where settings change. The
   * others are decoded together by an ffmpeg that ends, what is left one by one. No more is begun after so many ms.
   */
  async decode(pictures: readonly KeyPicture[], patienceMs: number): Promise<Greys> {
    const until = Date.now() + patienceMs;
    const found: Greys = pictures.map(() => undefined);
    const groups: { init: Buffer; at: number[] }[] = [];
    for (const [index, { init }] of pictures.entries()) {
      const group = groups.find((each) => each.init.equals(init));
      if (group) group.at.push(index);
      else groups.push({ init, at: [index] });
    }
    const left: number[] = [];
    await Promise.all(
      groups.map(async ({ init, at }) => {
        const decoder = this.#decoderOf(init);
        const media = at.map((index) => mediaOf(pictures[index]!.fragment));
        const greys = await decoder?.decode(media, patienceMs);
        if (decoder && !greys) this.#apart = [...this.#apart, { init, at: Date.now() }].slice(-MOST_DECODERS);
        at.forEach((index, n) => {
          found[index] = greys?.[n];
          if (!found[index]) left.push(index);
        });
      }),
    );
    if (left.length === 0 || Date.now() >= until || this.#stopped) return found;
    const greys = await together(
      left.map((index) => pictures[index]!),
      until - Date.now(),
    );
    // Other codecs, and what a change of settings made the decoder drop.
    for (const [n, index] of left.entries()) {
      found[index] = greys[n];
      if (!greys[n] && Date.now() < until) found[index] = await one(pictures[index]!, until - Date.now());
    }
    return found;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#decoders.map((decoder) => decoder.stop()));
  }

  #decoderOf(init: Buffer): Decoder | undefined {
    this.#decoders = this.#decoders.filter(({ isOver }) => !isOver);
    const known = this.#decoders.find((decoder) => decoder.init.equals(init));
    if (known || this.#stopped || this.#decoders.length >= MOST_DECODERS) return known;
    if (this.#apart.some((each) => Date.now() - each.at < APART_MS && each.init.equals(init))) return undefined;
    const decoder = new Decoder(init);
    this.#decoders.push(decoder);
    return decoder;
  }
}
