import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { HubError } from '../../hub/model/error.ts';
import { Boxes, retime, type Fragment, type Init } from '../../stream/boxes.ts';
import { makeFilm } from '../support/camera/index.ts';

const run = promisify(execFile);
const fps = 10;
const pictures = 40;
let film: Buffer;

/** Three seconds of real fragmented MP4, one picture a fragment, key pictures every second. */
beforeAll(async () => {
  const raw = await makeFilm({ width: 320, height: 180, fps, seconds: 4 });
  const movflags = 'frag_every_frame+empty_moov+default_base_moof+skip_trailer';
  const args = [
    '-hide_banner',
    '-loglevel',
    'error',
    '-framerate',
    String(fps),
    '-i',
    raw,
    '-c',
    'copy',
    '-movflags',
    movflags,
    '-f',
    'mp4',
    'pipe:1',
  ];
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
  film = stdout;
}, 60_000);

function cut(bytes: Buffer, sizes: Iterable<number>): (Init | Fragment)[] {
  const boxes = new Boxes();
  const found: (Init | Fragment)[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    found.push(...boxes.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return found;
}

const whole = (bytes: Buffer): (Init | Fragment)[] => cut(bytes, [bytes.length]);
const fragmentsOf = (found: (Init | Fragment)[]): Fragment[] => found.filter((each) => each.kind === 'fragment');

describe('boxes', () => {
  it('cuts what ffmpeg writes into the initialization section and one fragment a picture', () => {
    const [init, ...rest] = whole(film);
    expect(init).toMatchObject({ kind: 'init' });
    const fragments = fragmentsOf(rest);
    expect(fragments).toHaveLength(pictures);
    expect(fragments.map((each, index) => (each.key ? index : -1)).filter((index) => index >= 0)).toEqual([
      0, 10, 20, 30,
    ]);
    const { timescale } = init as Init;
    expect(fragments.map((each) => Math.round((each.time / timescale) * fps))).toEqual([...Array(pictures).keys()]);
    for (const each of fragments) expect(each.duration / timescale).toBeCloseTo(1 / fps, 5);
  });

  it('loses no byte', () => {
    const again = Buffer.concat(whole(film).map((each) => each.bytes));
    expect(again.equals(film)).toBe(true);
  });

  it('finds the same however the pipe cuts it', () => {
    const expected = whole(film);
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70_000 }))),
        (sizes) => {
          const found = cut(film, sizes);
          expect(found).toHaveLength(expected.length);
          // `toEqual` walks a buffer byte by byte.
          expect(
            found.every(
              (each, index) => each.kind === expected[index]!.kind && each.bytes.equals(expected[index]!.bytes),
            ),
          ).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('writes other times into a fragment, which a reader then finds', () => {
    const [init, ...rest] = whole(film);
    fc.assert(
      fc.property(
        fc.nat({ max: pictures - 1 }),
        fc.nat({ max: 2 ** 40 }),
        fc.integer({ min: 1, max: 2 ** 30 }),
        (index, time, duration) => {
          const bytes = Buffer.concat([init!.bytes, rest[index]!.bytes]);
          const fragment = fragmentsOf(whole(bytes))[0]!;
          retime(fragment, time, duration);
          const [read] = fragmentsOf(whole(Buffer.concat([init!.bytes, fragment.bytes])));
          expect(read).toMatchObject({ time, duration, key: fragment.key });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('answers garbage with an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 3000 }), (noise) => {
        try {
          expect(fragmentsOf(whole(Buffer.from(noise)))).toEqual([]);
        } catch (error) {
          expect(error).toBeInstanceOf(HubError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('survives any bytes changed within a real film: an error or fragments, nothing else', () => {
    const change = fc.tuple(fc.nat({ max: 20_000 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const bytes = Buffer.from(film.subarray(0, 40_000));
        for (const [at, value] of changes) bytes[at] = value;
        try {
          for (const each of fragmentsOf(whole(bytes))) {
            retime(each, 0, 1000);
            expect(each.bytes.length).toBeLessThanOrEqual(bytes.length);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(HubError);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('survives a film whose boxes are cut, doubled, exchanged, resized and sent in any pieces, in time and within its memory', () => {
    const boxes: Buffer<ArrayBufferLike>[] = [];
    for (let at = 0; at < film.length; at += film.readUInt32BE(at))
      boxes.push(film.subarray(at, at + film.readUInt32BE(at)));
    const place = fc.nat({ max: 30 });
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('drop' as const), at: place }),
      fc.record({ kind: fc.constant('double' as const), at: place }),
      fc.record({ kind: fc.constant('exchange' as const), at: place }),
      fc.record({ kind: fc.constant('cut' as const), at: place, by: fc.integer({ min: 1, max: 400 }) }),
      // A size field anywhere in the head of a box: that of the box itself, or of one within.
      fc.record({
        kind: fc.constant('resize' as const),
        at: place,
        field: fc.nat({ max: 60 }),
        size: fc.constantFrom(0, 1, 7, 8, 9, 16, 100, 2 ** 24, 2 ** 31, 2 ** 32 - 1),
      }),
    );
    const pieces = fc.infiniteStream(fc.integer({ min: 1, max: 9000 }));
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 6 }), pieces, (damages, sizes) => {
        const list = boxes.slice(0, 32).map((box): Buffer<ArrayBufferLike> => Buffer.from(box));
        for (const each of damages) {
          const at = each.at % list.length;
          if (each.kind === 'drop') list.splice(at, 1);
          else if (each.kind === 'double') list.splice(at, 0, list[at]!);
          else if (each.kind === 'exchange') list.push(...list.splice(at, 1));
          else if (each.kind === 'cut') list[at] = list[at]!.subarray(0, Math.max(0, list[at]!.length - each.by));
          else if (each.field + 4 <= list[at]!.length) list[at]!.writeUInt32BE(each.size, each.field);
          if (list.length === 0) list.push(boxes[0]!);
        }
        const bytes = Buffer.concat(list);
        const began = performance.now();
        let held = 0;
        try {
          for (const each of fragmentsOf(cut(bytes, sizes))) {
            held += each.bytes.length;
            retime(each, 0, 1000);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(HubError);
        }
        expect(held).toBeLessThanOrEqual(bytes.length);
        expect(performance.now() - began).toBeLessThan(8000);
      }),
      { numRuns: 300 },
    );
  });

  it('does not count the pictures of a fragment that claims more than any has, whatever it spreads them over', () => {
    const box = (type: string, ...content: Buffer[]): Buffer => {
      const head = Buffer.alloc(8, type.padStart(8), 'latin1');
      const bytes = Buffer.concat([head, ...content]);
      bytes.writeUInt32BE(bytes.length, 0);
      return bytes;
    };
    const run = Buffer.alloc(8);
    run.writeUInt32BE(10_000, 4);
    const one = box('trun', run);
    const runs = Buffer.alloc(200_000 * one.length, one);
    const bytes = Buffer.concat([
      whole(film)[0]!.bytes,
      box('moof', box('traf', box('tfdt', Buffer.alloc(8)), runs)),
      box('mdat'),
    ]);
    const began = performance.now();
    expect(() => whole(bytes)).toThrowError('A fragment claims 20000 pictures.');
    expect(performance.now() - began).toBeLessThan(8000);
  });

  it('does not wait for a box that claims to be larger than any picture', () => {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(0x7fff_ffff, 0);
    header.write('mdat', 4);
    expect(() => new Boxes().push(header)).toThrowError(expect.objectContaining({ code: 'video.broken' }));
  });

  it.each([
    ['mdat', 'mdat stands without moof.'],
    ['moof', 'moof stands before moov.'],
    ['moov', 'moov stands before ftyp.'],
  ])('refuses %s where it may not stand', (type, message) => {
    const box = Buffer.alloc(16);
    box.writeUInt32BE(16, 0);
    box.write(type, 4);
    expect(() => new Boxes().push(box)).toThrowError(message);
  });
});
