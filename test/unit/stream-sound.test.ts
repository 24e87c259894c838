import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { HubError } from '../../hub/model/error.ts';
import { pull } from '../../stream/args.ts';
import { Boxes, retime, type Fragment } from '../../stream/boxes.ts';
import { hasSound, mediaOf } from '../../stream/key.ts';
import { TIMESCALE } from '../../stream/mux.ts';
import { Sound } from '../../stream/sound.ts';
import { Sounding } from '../../stream/sounding.ts';

const run = promisify(execFile);

/** What ffmpeg hands over of a test picture, as it does of a camera whose sound is carried. */
async function made(seconds: number, sound: string[], ...codec: string[]): Promise<Buffer> {
  const picture = ['-f', 'lavfi', '-t', String(seconds), '-i', 'testsrc2=size=320x180:rate=10'];
  const encoded = ['-f', 'nut', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', '-c:a', 'pcm_alaw', '-pix_fmt'];
  const quiet = ['-hide_banner', '-loglevel', 'error'];
  const source = run('ffmpeg', [...quiet, ...picture, ...sound, ...encoded, 'yuv420p', ...codec, 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  const pulled = run('ffmpeg', [...quiet, '-i', 'pipe:0', ...pull('file:/film', true).outputOptions, 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  pulled.child.stdin!.end((await source).stdout);
  return (await pulled).stdout;
}
const beep = (seconds: number): string[] => ['-f', 'lavfi', '-t', String(seconds), '-i', 'sine=440:r=8000'];

interface Heard {
  init: Buffer;
  fragments: Buffer[];
}

/** Pictures on a timeline that says what the camera says. */
function hear(film: Buffer, sizes: Iterable<number> = [film.length]): Heard {
  const heard: Heard = { init: Buffer.alloc(0), fragments: [] };
  let time = 0;
  const sounding = new Sounding({
    init: (bytes) => (heard.init = bytes),
    picture: (picture) => {
      const lasts = picture.lasts > 0 ? picture.lasts : 0.1;
      heard.fragments.push(picture.fragment(time, lasts));
      time += lasts;
    },
  });
  let at = 0;
  for (const size of sizes) {
    if (at >= film.length) break;
    sounding.push(film.subarray(at, at + size));
    at += size;
  }
  return heard;
}

const read = ({ init, fragments }: Heard): Fragment[] =>
  new Boxes().push(Buffer.concat([init, ...fragments])).filter((each) => each.kind === 'fragment');

let film: Buffer;
let silent: Buffer;
let ending: Buffer;
let reordered: Buffer;

beforeAll(async () => {
  [film, silent, ending, reordered] = await Promise.all([
    made(3, beep(3), '-tune', 'zerolatency'),
    made(1, [], '-tune', 'zerolatency'),
    made(8, beep(1), '-tune', 'zerolatency'),
    made(3, beep(3), '-bf', '2'),
  ]);
}, 60_000);

describe('pictures with sound', () => {
  it('become fragments of both, each picture with the sound before it', () => {
    const heard = hear(film);
    expect(hasSound(heard.init)).toBe(true);
    const fragments = read(heard);
    expect(fragments).toHaveLength(30);
    expect(fragments.filter(({ key }) => key)).toHaveLength(3);
    expect(fragments.filter(({ places }) => places.others.length === 1).length).toBeGreaterThan(25);
    for (const { duration } of fragments) expect(duration / TIMESCALE).toBeCloseTo(0.1, 2);
  });

  it('are the same however the pipe cuts them', () => {
    const expected = Buffer.concat(hear(film).fragments);
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9000 }))),
        (sizes) => {
          expect(Buffer.concat(hear(film, sizes).fragments).equals(expected)).toBe(true);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('need no sound', () => {
    const heard = hear(silent);
    expect(hasSound(heard.init)).toBe(false);
    expect(read(heard)).toHaveLength(10);
  });

  it('move together when they are given other times', () => {
    const heard = hear(film);
    const fragment = read(heard)[5]!;
    const sound = (): number => Number(fragment.bytes.readBigUInt64BE(fragment.places.others[0]!.at));
    const before = sound();
    retime(fragment, fragment.time + 12_345, fragment.duration);
    expect(sound()).toBe(before + 12_345);
  });

  it('are told apart: what a picture looks like is not in its sound', () => {
    const heard = hear(film);
    for (const bytes of heard.fragments) {
      const media = mediaOf(bytes);
      let at = 0;
      while (at < media.length) at += 4 + media.readUInt32BE(at);
      expect(at).toBe(media.length);
    }
  });

  it('go on without once the sound has ended, because a player would wait for it', () => {
    expect(() => hear(ending)).toThrowError(expect.objectContaining({ code: 'camera.unfit' }));
  });

  it('are not carried with sound in another order than they are shown in', () => {
    expect(() => hear(reordered)).toThrowError(expect.objectContaining({ code: 'camera.unfit' }));
  });

  it('survive any bytes changed within them: an error or pictures, nothing else', () => {
    const change = fc.tuple(fc.nat({ max: 20_000 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const bytes = Buffer.from(film.subarray(0, 40_000));
        for (const [at, value] of changes) bytes[at] = value;
        try {
          expect(hear(bytes).fragments.length).toBeLessThan(100);
        } catch (error) {
          expect(error).toBeInstanceOf(HubError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('sound on the server’s clock', () => {
  /** Ten pictures a second that the server stretches by `rate`, with sound of 32 ms a piece; answers where each piece was put. */
  function* put(rate: number, seconds: number): Generator<{ wanted: number; time: number }> {
    const sound = new Sound(32_000);
    let piece = 0;
    for (let picture = 0; picture < seconds * 10; picture++) {
      for (; piece * 0.032 < picture / 10; piece++) sound.push(piece * 0.032, Buffer.from([piece & 0xff]));
      const said: number[] = [];
      const run = sound.take(picture / 10, (picture / 10) * rate, rate);
      let time = (run?.time ?? 0) / TIMESCALE;
      const count = run?.pieces.length ?? 0;
      for (let i = 0; i < count; i++) said.push((piece - count + i) * 0.032);
      for (const [index, each] of (run?.pieces ?? []).entries()) {
        yield { wanted: said[index]! * rate, time };
        time += each.duration / TIMESCALE;
      }
    }
  }

  it.each([1, 1.0005, 0.9995, 1.05, 0.95, 2, 0.5])(
    'stays with its pictures when their rate is %d times what was said',
    (rate) => {
      const all = [...put(rate, 60)];
      expect(all.length).toBeGreaterThan(60 * 10);
      for (const { wanted, time } of all) expect(Math.abs(wanted - time)).toBeLessThan(0.1);
    },
  );

  it('of another time than the pictures is left out', () => {
    const sound = new Sound(32_000);
    sound.take(0, 0, 1);
    sound.push(700, Buffer.from([1]));
    expect(sound.take(0.1, 0.1, 1)).toBeUndefined();
  });

  it('is held within bounds while no picture comes', () => {
    const sound = new Sound(32_000);
    sound.take(0, 0, 1);
    for (let piece = 0; piece < 5000; piece++) sound.push(piece / 100_000, Buffer.from([1]));
    expect(sound.take(0.1, 0.1, 1)!.pieces.length).toBeLessThanOrEqual(512);
  });
});
