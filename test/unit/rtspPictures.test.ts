import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Boxes } from '../../stream/boxes.ts';
import { bringsOthers, configOf, mediaOf, oddCodec } from '../../stream/key.ts';
import { fragmentOf, initOf, TIMESCALE } from '../../stream/mux.ts';
import { Depacketizer, type AccessUnit, type Unit } from '../../stream/rtsp/depacketize.ts';
import { Pictures, type CameraPicture } from '../../stream/rtsp/pictures.ts';
import { Reorder } from '../../stream/rtsp/reorder.ts';
import { readPacket, type Packet } from '../../stream/rtsp/rtp.ts';
import type { Codec, Described } from '../../stream/rtsp/sdp.ts';
import { readSequence } from '../../stream/rtsp/sps.ts';
import { Track, type TimedPicture } from '../../stream/rtsp/track.ts';
import { filmOf, type Film, type Picture } from '../support/camera/annexb.ts';
import { makeFilm } from '../support/camera/index.ts';
import { datagrams, packetsOf, senderReport, stamp } from '../support/camera/rtp.ts';

const fps = 15;
const films = {} as Record<Codec, Film>;

beforeAll(async () => {
  const [avc, hevc] = await Promise.all([
    makeFilm({ fps, seconds: 4, width: 320, height: 180 }),
    makeFilm({ fps, seconds: 4, width: 320, height: 180, codec: 'h265' }),
  ]);
  films.h264 = filmOf(await readFile(avc));
  films.h265 = filmOf(await readFile(hevc), 'h265');
}, 60_000);

const described = (codec: Codec, sets: Buffer[] = []): Described => ({
  ...{ codec, payloadType: 96, clockRate: 90_000, uri: '', base: '', sets },
});

/** The packets of a film, a picture each 6000 ticks, beginning near the end of every count. */
function packetsOfFilm(film: Film, pictures: readonly Picture[] = film.pictures): Buffer[] {
  let sequence = 65_500;
  return pictures.flatMap((picture, index) => {
    const packets = packetsOf(picture, film.codec);
    const bytes = stamp(packets, 0, sequence, 0xffff_0000 + index * 6000, 7);
    sequence += packets.starts.length;
    return [...datagrams(packets, bytes)];
  });
}

const joined = (units: readonly Unit[]): string =>
  units.map((unit) => Buffer.concat(unit.pieces).toString('hex')).join(' ');
const typeOf = (codec: Codec, unit: Buffer): number => (codec === 'h264' ? unit[0]! & 0x1f : (unit[0]! >> 1) & 0x3f);
const sets: Record<Codec, number[]> = { h264: [7, 8], h265: [32, 33, 34] };
const wanted = (film: Film, picture: Picture): string =>
  picture.units
    .filter((unit) => !sets[film.codec].includes(typeOf(film.codec, unit)))
    .map((unit) => unit.toString('hex'))
    .join(' ');

function pull(film: Film, packets: readonly Buffer[], patienceMs = 0): CameraPicture[] {
  const reorder = new Reorder(patienceMs);
  const pictures = new Pictures(described(film.codec));
  return packets.flatMap((bytes, at) =>
    reorder.push(readPacket(bytes)!, at * 5).flatMap((turn) => pictures.push(turn)),
  );
}

describe.each(['h264', 'h265'] as const)('packets of %s', (codec) => {
  it('become the pictures they were cut from, with one initialization section', () => {
    const film = films[codec];
    const found = pull(film, packetsOfFilm(film));
    expect(found.map(({ units }) => joined(units))).toEqual(film.pictures.map((picture) => wanted(film, picture)));
    expect(found.map(({ key }) => key)).toEqual(film.pictures.map(({ key }) => key));
    expect(found.flatMap(({ init }, index) => (init ? [index] : []))).toEqual([0]);
  });

  it('that are lost cost the pictures up to the next key picture, and never give a broken one', () => {
    const film = films[codec];
    const all = packetsOfFilm(film);
    const whole = new Map(
      film.pictures.map((picture, index) => [(0xffff_0000 + index * 6000) >>> 0, { picture, index }]),
    );
    fc.assert(
      fc.property(fc.array(fc.nat(all.length - 1), { minLength: 1, maxLength: 12 }), fc.boolean(), (gone, swap) => {
        const packets = all.filter((_, index) => !gone.includes(index));
        // Over UDP some come one too late as well.
        if (swap)
          for (let i = 1; i + 1 < packets.length; i += 7) [packets[i], packets[i + 1]] = [packets[i + 1]!, packets[i]!];
        let before = -1;
        for (const { units, key, timestamp, afterLoss } of pull(film, packets, swap ? 200 : 0)) {
          const { picture, index } = whole.get(timestamp)!;
          if (joined(units) !== wanted(film, picture)) throw new Error(`picture ${index} is not whole`);
          if (index !== before + 1 && !key) throw new Error(`picture ${index} lacks those it is made of`);
          if (index !== before + 1 && before >= 0 && !afterLoss)
            throw new Error(`picture ${index} does not tell of a loss`);
          before = index;
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are pictures or nothing, whatever the bytes', () => {
    const film = films[codec];
    const some = packetsOfFilm(film, film.pictures.slice(0, 3));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(some.length - 1), fc.nat(80), fc.nat(255)), { maxLength: 40 }),
        (changes) => {
          const packets = some.map((bytes) => Buffer.from(bytes));
          for (const [which, at, value] of changes) packets[which]![at % packets[which]!.length] = value;
          const track = new Track(described(codec), 0, ({ units, init }) => {
            if (init) new Boxes().push(init);
            fragmentOf(units, 0, 1, true, 1);
          });
          try {
            packets.forEach((bytes, index) => track.rtp(bytes, index));
          } catch (error) {
            expect(error).toMatchObject({ code: 'camera.unfit' });
          }
        },
      ),
    );
  });

  it('with several units in one are taken apart', () => {
    const film = films[codec];
    const [first] = film.pictures;
    const small = first!.units.filter((unit) => unit.length < 200);
    const head = codec === 'h264' ? Buffer.from([24]) : Buffer.from([48 << 1, 1]);
    const together = Buffer.concat([
      head,
      ...small.flatMap((unit) => [Buffer.from([unit.length >> 8, unit.length & 0xff]), unit]),
    ]);
    const packet: Packet = { payloadType: 96, marker: true, sequence: 1, timestamp: 5, source: 7, payload: together };
    const found = new Depacketizer(codec).push({ packet, lost: false });
    expect(found.map(({ units }) => joined(units))).toEqual([small.map((unit) => unit.toString('hex')).join(' ')]);
    // A length that points beyond the packet: nothing of it is believed.
    const cut = new Depacketizer(codec);
    expect(cut.push({ packet: { ...packet, payload: together.subarray(0, -1) }, lost: false })).toEqual([]);
    expect(cut.lost).toBe(true);
  });

  it('without marker end when time goes on', () => {
    const film = films[codec];
    const packets = packetsOfFilm(film, film.pictures.slice(0, 3)).map((bytes) => {
      const copy = Buffer.from(bytes);
      copy[1]! &= 0x7f;
      return copy;
    });
    const found = pull(film, packets);
    expect(found.map(({ units }) => joined(units))).toEqual(
      film.pictures.slice(0, 2).map((each) => wanted(film, each)),
    );
  });

  it('are written as a section and fragments that say what was put in', () => {
    const film = films[codec];
    const [picture] = pull(film, packetsOfFilm(film));
    const bytes = Buffer.concat([
      picture!.init!,
      fragmentOf(picture!.units, 2 ** 33, 6000, true, 7),
      fragmentOf(picture!.units, 1, 2, false, 8),
    ]);
    const [init, key, other] = new Boxes().push(bytes);
    expect(init).toMatchObject({ kind: 'init', timescale: TIMESCALE });
    expect(key).toMatchObject({ kind: 'fragment', time: 2 ** 33, duration: 6000, key: true });
    expect(other).toMatchObject({ kind: 'fragment', time: 1, duration: 2, key: false });
    const expected = picture!.units.map((unit) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(unit.length);
      return Buffer.concat([length, ...unit.pieces]);
    });
    expect(mediaOf(key!.bytes).equals(Buffer.concat(expected))).toBe(true);
    expect(oddCodec(init!.bytes)).toBe(codec === 'h265' ? 'H.265' : undefined);
    expect(configOf(init!.bytes) === undefined).toBe(codec === 'h265');
    expect(bringsOthers({ init: init!.bytes, fragment: key!.bytes, at: 0 })).toBe(false);
  });
});

describe('an access unit', () => {
  const packet = (payload: number[], sequence: number, more: Partial<Packet> = {}): Packet => ({
    ...{ payloadType: 96, marker: false, sequence, timestamp: 1, source: 7, payload: Buffer.from(payload) },
    ...more,
  });
  const push = (depacketizer: Depacketizer, each: Packet, lost = false): AccessUnit[] =>
    depacketizer.push({ packet: each, lost });

  it('is bounded', () => {
    const depacketizer = new Depacketizer('h264');
    let units = 0;
    for (let i = 0; i < 20_000; i++) units += push(depacketizer, packet([0x41, 0x80], i)).length;
    units += push(depacketizer, packet([0x41, 0x80], 20_000, { marker: true })).length;
    expect([units, depacketizer.lost]).toEqual([0, true]);
    const large = new Depacketizer('h264');
    const piece = Buffer.alloc(60_000, 1);
    for (let i = 0; i < 150; i++) push(large, packet([], i, { payload: piece }));
    expect([push(large, packet([0x41, 0x80], 150, { marker: true })).length, large.lost]).toEqual([0, true]);
  });

  it('of which a fragment is missing is nothing, and the next one is itself again', () => {
    const depacketizer = new Depacketizer('h264');
    push(depacketizer, packet([0x7c, 0x85, 0x88], 1));
    expect(push(depacketizer, packet([0x7c, 0x45, 2], 3, { marker: true }), true)).toEqual([]);
    expect(push(depacketizer, packet([0x65, 0x88, 3], 4, { marker: true, timestamp: 2 }))).toHaveLength(1);
    // A fragment that nobody began, and a unit in the middle of another.
    expect(push(depacketizer, packet([0x7c, 0x45, 2], 5, { marker: true, timestamp: 3 }))).toEqual([]);
    push(depacketizer, packet([0x7c, 0x85, 0x88], 6, { timestamp: 4 }));
    expect(push(depacketizer, packet([0x65, 0x88, 3], 7, { marker: true, timestamp: 4 }))).toEqual([]);
  });

  it('is whole although its last fragment is empty, which an FU-A may be (RFC 6184 §5.8)', () => {
    const depacketizer = new Depacketizer('h264');
    push(depacketizer, packet([0x7c, 0x85, 0x88, 1], 1));
    push(depacketizer, packet([0x7c, 0x05, 2], 2));
    const [unit] = push(depacketizer, packet([0x7c, 0x45], 3, { marker: true }));
    expect([joined(unit?.units ?? []), depacketizer.lost]).toEqual(['65880102', false]);
  });

  it.each([25, 26, 27, 29])('in packets of kind %i is for ffmpeg', (kind) => {
    expect(() => push(new Depacketizer('h264'), packet([kind, 1, 2], 1))).toThrowError(
      expect.objectContaining({ code: 'camera.unfit' }),
    );
  });
});

describe('parameters', () => {
  it.each([
    // Written by other hands: x264 high 1920 × 1080, x265 main 1920 × 1080, a camera's baseline 640 × 480.
    ['h264', '67640028acd940780227e5c05a808080a0000003002000000781e30632c0', 1920, 1080, true],
    ['h264', '6742c01e95a0280f64', 640, 480, false],
    [
      'h265',
      '420101016000000300900000030000030078a003c08010e4d96566924caf016a02020208000003000800000300c840',
      1920,
      1080,
      true,
    ],
  ] as const)('of %s say the size: %s', (codec, hex, width, height, reorders) => {
    expect(readSequence(codec, Buffer.from(hex, 'hex'))).toMatchObject({ width, height, reorders });
  });

  it('are read or not, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('h264' as const, 'h265' as const),
        fc.uint8Array({ maxLength: 60 }),
        (codec, bytes) => {
          const unit = Buffer.from([codec === 'h264' ? 0x67 : 0x42, 1, ...bytes]);
          const sequence = readSequence(codec, unit);
          if (sequence)
            initOf({ codec, vps: [unit], sps: [Buffer.concat([unit, Buffer.alloc(4)])], pps: [unit], sequence });
        },
      ),
    );
  });

  it('that change begin a new section at the next key picture, and only then', async () => {
    const other = filmOf(await readFile(await makeFilm({ fps, seconds: 2, width: 640, height: 360, scene: 'black' })));
    const film = { ...films.h264, pictures: [...films.h264.pictures.slice(0, 20), ...other.pictures] };
    const found = pull(film, packetsOfFilm(film));
    expect(found.flatMap(({ init }, index) => (init ? [index] : []))).toEqual([0, 20]);
    expect(found[20]!.init!.readUInt16BE(found[20]!.init!.indexOf('avc1') + 28)).toBe(640);
  });

  it('in the description are enough where the pictures bring none', () => {
    const film = films.h264;
    const bare = film.pictures.map((picture) => ({
      ...picture,
      units: picture.units.filter((unit) => ![7, 8].includes(unit[0]! & 0x1f)),
    }));
    const pictures = new Pictures(described('h264', [film.sps, film.pps]));
    const reorder = new Reorder(0);
    const found = packetsOfFilm(film, bare).flatMap((bytes) =>
      reorder.push(readPacket(bytes)!, 0).flatMap((turn) => pictures.push(turn)),
    );
    expect(found).toHaveLength(bare.length);
    expect(found[0]!.init).toBeDefined();
  });
});

describe('the times of pictures', () => {
  /** Sends pictures of a film at these RTP times and answers what becomes of them. */
  function timed(times: readonly number[], film = films.h264): TimedPicture[] {
    const found: TimedPicture[] = [];
    const track = new Track(described(film.codec), 0, (picture) => found.push(picture));
    let sequence = 0;
    times.forEach((time, index) => {
      const packets = packetsOf(film.pictures[index]!, film.codec);
      const bytes = stamp(packets, 0, sequence, time, 7);
      sequence += packets.starts.length;
      for (const each of datagrams(packets, bytes)) track.rtp(each, index);
      // The camera tells its time once, at the third picture.
      if (index === 2) track.rtcp(senderReport(7, 1_800_000_000_000, time, 1, 1), index);
    });
    return found;
  }

  it('are handed on with their picture, by the camera’s own clock from when it tells it', () => {
    const found = timed([0, 6000, 12_000, 18_000, 21_000]);
    expect(found.map(({ lasts }) => Math.round(lasts * 90_000))).toEqual([6000, 6000, 6000, 6000, 3000]);
    expect(found.map(({ cameraAt }) => cameraAt && Math.round(cameraAt - 1_800_000_000_000))).toEqual([
      ...[undefined, undefined, undefined],
      ...[67, 100],
    ]);
  });

  it('are known when the camera tells its time before its first packet, and no more when it has not told it for long', () => {
    const at: (number | undefined)[] = [];
    const track = new Track(described('h264'), 0, ({ cameraAt }) => at.push(cameraAt));
    track.rtcp(senderReport(7, 1_800_000_000_000, 0, 1, 1), 0);
    let sequence = 0;
    [0, 67, 133, 700_000].forEach((now, index) => {
      const packets = packetsOf(films.h264.pictures[index]!);
      const bytes = stamp(packets, 0, sequence, 6000 * index, 7);
      sequence += packets.starts.length;
      for (const each of datagrams(packets, bytes)) track.rtp(each, now);
    });
    expect(at.map((each) => each && Math.round(each - 1_800_000_000_000))).toEqual([0, 67, 133, undefined]);
  });

  it('jump: nothing lasts longer for it, and what the camera told of its time is forgotten', () => {
    const found = timed([0, 6000, 12_000, 18_000, 18_000 + 3600 * 90_000, 24_000 + 3600 * 90_000]);
    expect(found.map(({ lasts }) => Math.round(lasts * 90_000))).toEqual([6000, 6000, 6000, 6000, 6000, 6000]);
    expect(found.map(({ cameraAt }) => cameraAt !== undefined)).toEqual([false, false, false, true, false, false]);
  });

  it('go back and forth where pictures wait for later ones: that is for ffmpeg', () => {
    const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11].map((each) => each * 6000);
    const reorders = Buffer.from('67640028acd940780227e5c05a808080a0000003002000000781e30632c0', 'hex');
    const pictures = films.h264.pictures.map((picture) => ({
      ...picture,
      units: picture.units.map((unit) => ((unit[0]! & 0x1f) === 7 ? reorders : unit)),
    }));
    const film = { ...films.h264, pictures };
    expect(() => timed(order, film)).toThrowError(expect.objectContaining({ code: 'camera.unfit' }));
    // Where parameters promise that no picture waits, it is the clock that is wrong; and once is a clock that was set.
    expect(timed(order)).toHaveLength(order.length);
    expect(timed([0, 6000, 12_000, 8000, 14_000, 20_000], film)).toHaveLength(6);
  });
});
