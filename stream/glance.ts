import { glance, shown } from './args.ts';
import { convert } from './ffmpeg.ts';
import { HEIGHT, WIDTH } from './judge.ts';
import { configOf, flvOf, mediaOf, type KeyPicture } from './key.ts';

const SIZE = WIDTH * HEIGHT;

/** Decodes one of any codec; undefined when it cannot. */
async function one({ init, fragment }: KeyPicture, patienceMs: number): Promise<Uint8Array | undefined> {
  const bytes = await convert(glance('mp4', WIDTH, HEIGHT), Buffer.concat([init, fragment]), patienceMs);
  return bytes?.length === SIZE ? bytes : undefined;
}

/**
 * Decodes key pictures of many cameras to small grey ones, in their order; undefined where one cannot be decoded. Starting ffmpeg
 * costs as much as decoding a dozen pictures, and keeping one running would hold pictures back and mix them up as soon as cameras
 * of different settings follow each other: so all H.264 pictures together are one run, which ends.
 */
export async function decode(pictures: readonly KeyPicture[], patienceMs: number): Promise<(Uint8Array | undefined)[]> {
  const found: (Uint8Array | undefined)[] = pictures.map(() => undefined);
  const known = pictures
    .map((picture, index) => ({ index, config: configOf(picture.init), media: mediaOf(picture.fragment) }))
    .filter((each): each is typeof each & { config: Buffer } => each.config !== undefined)
    // A change of settings costs the decoder time: the same ones stand together.
    .sort((a, b) => a.config.compare(b.config));
  if (known.length > 0) {
    const times: number[] = [];
    const tell = (line: string): void => {
      const time = shown.exec(line)?.[1];
      if (time !== undefined) times.push(Number(time) / 1000);
    };
    const bytes = await convert(glance('flv', WIDTH, HEIGHT), flvOf(known), patienceMs, tell);
    times.forEach((time, n) => {
      const from = known[time];
      const grey = bytes?.subarray(n * SIZE, (n + 1) * SIZE);
      if (from && grey?.length === SIZE) found[from.index] = grey;
    });
  }
  // Other codecs, and what a change of settings made the decoder drop.
  for (const [index, picture] of pictures.entries()) found[index] ??= await one(picture, patienceMs);
  return found;
}
