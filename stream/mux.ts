import { HubError } from '../hub/model/error.ts';
import type { PictureTrack, SoundTrack } from './matroska.ts';
import type { Unit } from './rtsp/depacketize.ts';
import type { Codec } from './rtsp/sdp.ts';
import type { Sequence } from './rtsp/sps.ts';

/** Ticks a second of every section and fragment that is written here. */
export const TIMESCALE = 90_000;

type Part = Buffer | number[];

const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value)];
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

function box(type: string, ...parts: Part[]): Buffer {
  const content = parts.map((part) => Buffer.from(part));
  const size = content.reduce((sum, each) => sum + each.length, 8);
  return Buffer.concat([Buffer.from(u32(size)), Buffer.from(type, 'latin1'), ...content], size);
}

/** What a stream's pictures are decoded by. */
export interface Parameters {
  codec: Codec;
  vps: readonly Buffer[];
  sps: readonly Buffer[];
  pps: readonly Buffer[];
  sequence: Sequence;
}

const behindLength = (units: readonly Buffer[]): Part[] => units.flatMap((unit) => [u16(unit.length), unit]);

/** ISO/IEC 14496-15 §5.3.3.1 */
function avcC({ sps, pps, sequence }: Parameters): Buffer {
  const profile = sps[0]![1]!;
  // These three say nothing of their samples; all others do.
  const samples = [66, 77, 88].includes(profile)
    ? []
    : [0xfc | sequence.chroma, 0xf8 | (sequence.luma - 8), 0xf8 | (sequence.colour - 8), 0];
  return box(
    'avcC',
    [1, ...sps[0]!.subarray(1, 4), 0xff, 0xe0 | sps.length],
    ...behindLength(sps),
    [pps.length],
    ...behindLength(pps),
    samples,
  );
}

/** ISO/IEC 14496-15 §8.3.3.1 */
function hvcC({ vps, sps, pps, sequence }: Parameters): Buffer {
  const { chroma, luma, colour, layers, nested } = sequence;
  const arrays = [
    [32, vps],
    [33, sps],
    [34, pps],
  ] as const;
  return box(
    'hvcC',
    [1],
    sequence.profile,
    [0xf0, 0, 0xfc, 0xfc | chroma, 0xf8 | (luma - 8), 0xf8 | (colour - 8), 0, 0],
    [(layers << 3) | (nested ? 4 : 0) | 3, arrays.length],
    ...arrays.flatMap(([type, units]) => [[0x80 | type], u16(units.length), ...behindLength(units)]),
  );
}

const matrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].flatMap(u32);

interface Track {
  kind: 'vide' | 'soun';
  /** How its samples are encoded: an entry of stsd. */
  entry: Buffer;
  width: number;
  height: number;
}

function track({ kind, entry, width, height }: Track, id: number): Buffer {
  const empty = zeros(8);
  const isSound = kind === 'soun';
  const table = box(
    'stbl',
    box('stsd', u32(0), u32(1), entry),
    box('stts', empty),
    box('stsc', empty),
    box('stsz', zeros(12)),
    box('stco', empty),
  );
  const media = box(
    'minf',
    isSound ? box('smhd', empty) : box('vmhd', u32(1), zeros(8)),
    box('dinf', box('dref', u32(0), u32(1), box('url ', u32(1)))),
    table,
  );
  return box(
    'trak',
    box(
      'tkhd',
      [...u32(3), ...zeros(8), ...u32(id), ...zeros(8), ...zeros(8), ...zeros(4), isSound ? 1 : 0, ...zeros(3)],
      [...matrix, ...u32(width * 0x1_0000), ...u32(height * 0x1_0000)],
    ),
    box(
      'mdia',
      box('mdhd', [...zeros(12), ...u32(TIMESCALE), ...zeros(4), 0x55, 0xc4, 0, 0]),
      box('hdlr', zeros(8), Buffer.from(kind), zeros(12), Buffer.from(isSound ? 'SoundHandler\0' : 'VideoHandler\0')),
      media,
    ),
  );
}

function section(tracks: readonly Track[]): Buffer {
  const movie = box(
    'moov',
    box('mvhd', [
      ...zeros(12),
      ...u32(1000),
      ...zeros(4),
      ...u32(0x1_0000),
      1,
      0,
      ...zeros(10),
      ...matrix,
      ...zeros(24),
      ...u32(tracks.length + 1),
    ]),
    ...tracks.map((each, index) => track(each, index + 1)),
    box('mvex', ...tracks.map((_, index) => box('trex', zeros(4), u32(index + 1), u32(1), zeros(12)))),
  );
  return Buffer.concat([box('ftyp', Buffer.from('iso5\0\0\x02\0iso5iso6mp41', 'latin1')), movie]);
}

const pictures = (codec: PictureTrack['codec'], width: number, height: number, config: Buffer): Track => ({
  kind: 'vide',
  entry: box(
    codec,
    [...zeros(6), ...u16(1), ...zeros(16), ...u16(width), ...u16(height)],
    [...u32(0x48_0000), ...u32(0x48_0000), ...zeros(4), ...u16(1), ...zeros(32), ...u16(0x18), 0xff, 0xff],
    config,
  ),
  width,
  height,
});

/** A descriptor of ISO/IEC 14496-1 §8.3.3, shorter than 128 bytes. */
const descriptor = (tag: number, ...parts: Part[]): Buffer => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
};

function sounds({ config, rate, channels }: SoundTrack): Track {
  if (config.length > 64 || rate >= 0x1_0000) throw new HubError('video.broken', 'The sound cannot be described.');
  const decoder = descriptor(4, [0x40, 0x15, ...zeros(3), ...u32(0), ...u32(0)], descriptor(5, config));
  const entry = box(
    'mp4a',
    [...zeros(6), ...u16(1), ...zeros(8), ...u16(channels), ...u16(16), ...zeros(4), ...u32(rate * 0x1_0000)],
    box('esds', u32(0), descriptor(3, [...u16(2), 0], decoder, descriptor(6, [2]))),
  );
  return { kind: 'soun', entry, width: 0, height: 0 };
}

/** The initialization section (ftyp and moov) of one picture track, as `avc1` or `hvc1`: all parameter sets stand here. */
export function initOf(parameters: Parameters): Buffer {
  const { codec, sequence } = parameters;
  const isAvc = codec === 'h264';
  const config = isAvc ? avcC(parameters) : hvcC(parameters);
  return section([pictures(isAvc ? 'avc1' : 'hvc1', sequence.width, sequence.height, config)]);
}

/** The same of a picture track whose decoder configuration is there, and perhaps a track of sound. Throws `HubError('video.broken')`. */
export function initWithSound({ codec, config, width, height }: PictureTrack, sound: SoundTrack | undefined): Buffer {
  const configured = box(codec === 'avc1' ? 'avcC' : 'hvcC', config);
  return section([pictures(codec, width, height, configured), ...(sound ? [sounds(sound)] : [])]);
}

/** moof of one picture: mfhd, and traf with tfhd, tfdt and trun. */
const HEAD = box(
  'moof',
  box('mfhd', zeros(8)),
  box(
    'traf',
    box('tfhd', u32(0x2_0000), u32(1)),
    box('tfdt', u32(0x100_0000), zeros(8)),
    box('trun', u32(0x701), u32(1), zeros(16)),
  ),
);
/** Where the numbers of a fragment stand. */
const place = { serial: 20, time: 60, offset: 84, duration: 88, size: 92, flags: 96 };

/**
 * One picture as a fragment (moof and mdat): its units, each behind its length of four bytes. `time` and `duration` in ticks; `serial`
 * counts the fragments of a section.
 */
export function fragmentOf(
  units: readonly Unit[],
  time: number,
  duration: number,
  key: boolean,
  serial: number,
): Buffer {
  const size = units.reduce((sum, unit) => sum + 4 + unit.length, 0);
  const bytes = Buffer.allocUnsafe(HEAD.length + 8 + size);
  HEAD.copy(bytes);
  bytes.writeUInt32BE(serial >>> 0, place.serial);
  bytes.writeBigUInt64BE(BigInt(time), place.time);
  bytes.writeUInt32BE(HEAD.length + 8, place.offset);
  bytes.writeUInt32BE(duration, place.duration);
  bytes.writeUInt32BE(size, place.size);
  // Depends on no other, or depends on others and is no place to begin (ISO/IEC 14496-12 §8.8.3.1).
  bytes.writeUInt32BE(key ? 0x200_0000 : 0x101_0000, place.flags);
  let at = bytes.writeUInt32BE(8 + size, HEAD.length);
  at += bytes.write('mdat', at, 'latin1');
  for (const unit of units) {
    at = bytes.writeUInt32BE(unit.length, at);
    for (const piece of unit.pieces) at += piece.copy(bytes, at);
  }
  return bytes;
}

/** Pieces of sound in a row, times in ticks. */
export interface SoundRun {
  time: number;
  pieces: { duration: number; bytes: Buffer }[];
}

/** A fragment of `fragmentOf` with sound: in a traf of its own, behind the picture's, its bytes behind the picture. */
export function withSound(fragment: Buffer, { time, pieces }: SoundRun): Buffer {
  const media = fragment.subarray(HEAD.length + 8);
  const run = Buffer.alloc(8 * pieces.length);
  pieces.forEach(({ duration, bytes }, index) => {
    run.writeUInt32BE(duration, 8 * index);
    run.writeUInt32BE(bytes.length, 8 * index + 4);
  });
  const started = Buffer.alloc(8);
  started.writeBigUInt64BE(BigInt(time));
  const traf = (offset: number): Buffer =>
    box(
      'traf',
      box('tfhd', u32(0x2_0020), u32(2), u32(0x200_0000)),
      box('tfdt', u32(0x100_0000), started),
      box('trun', u32(0x301), u32(pieces.length), u32(offset), run),
    );
  const head = HEAD.length + traf(0).length;
  const picture = Buffer.from(fragment.subarray(0, HEAD.length));
  picture.writeUInt32BE(head, 0);
  picture.writeUInt32BE(head + 8, place.offset);
  const moof = Buffer.concat([picture, traf(head + 8 + media.length)], head);
  return Buffer.concat([moof, box('mdat', media, ...pieces.map(({ bytes }) => bytes))]);
}
