import { boxesIn, findBox } from './boxes.ts';
import type { Unit } from './rtsp/depacketize.ts';

/** A key picture as it stands in the window: it can be decoded without any other. */
export interface KeyPicture {
  init: Buffer;
  /** One moof and its mdat. */
  fragment: Buffer;
  /** Programme time, epoch ms. */
  at: number;
}

/** Bytes in which the same picture may differ, because a slice header counts its key pictures (idr_pic_id). */
const HEAD = 96;
/** What is left must be enough to be worth comparing. */
const LEAST = 200;

/** The entries of the tables that say how things are encoded, pictures first: `avc1`, `hvc1` and the like, and `mp4a`. */
function* entriesOf(init: Buffer): Generator<{ type: string; from: number; to: number }> {
  const movie = findBox(init, { from: 0, to: init.length }, ['moov']);
  for (const track of movie ? boxesIn(init, movie.from, movie.to) : []) {
    if (track.type !== 'trak') continue;
    const table = findBox(init, track, ['mdia', 'minf', 'stbl', 'stsd']);
    // It begins with its version and count.
    if (table) yield* boxesIn(init, table.from + 8, table.to);
  }
}

const isHevc = (type: string): boolean => type === 'hev1' || type === 'hvc1';

/** What not every browser plays, for people; undefined for H.264, which all do. */
export function oddCodec(init: Buffer): string | undefined {
  const [entry] = entriesOf(init);
  if (!entry || entry.type.startsWith('avc')) return undefined;
  return isHevc(entry.type) ? 'H.265' : entry.type.trim();
}

/** H.265 is announced as `hvc1`, in place: Apple's players accept nothing else, and the parameter sets stand where that promises them. */
export function announce(init: Buffer): void {
  for (const entry of entriesOf(init)) if (entry.type === 'hev1') init.write('hvc1', entry.from - 4, 'latin1');
}

/** The decoder configuration (avcC) of an initialization section; undefined when its pictures are not H.264. */
export function configOf(init: Buffer): Buffer | undefined {
  for (const entry of entriesOf(init)) {
    if (entry.type !== 'avc1' && entry.type !== 'avc3') continue;
    // A picture's entry begins with 78 bytes of which none is needed here.
    const config = findBox(init, { from: entry.from + 78, to: entry.to }, ['avcC']);
    if (config) return init.subarray(config.from, config.to);
  }
  return undefined;
}

/**
 * Whether an H.264 key picture brings parameters (SPS) of its own that are not those of its initialization section: players would
 * go on with the old size.
 */
export function bringsOthers({ init, fragment }: KeyPicture): boolean {
  const config = configOf(init);
  // avcC: four bytes, the size of lengths, the count of SPS, each behind its length of two bytes.
  if (!config || config.length < 8 || (config[4]! & 3) !== 3 || (config[5]! & 0x1f) === 0) return false;
  const known = config.subarray(8, 8 + config.readUInt16BE(6));
  const media = mediaOf(fragment);
  for (let at = 0; at + 5 <= media.length;) {
    const length = media.readUInt32BE(at);
    const type = media[at + 4]! & 0x1f;
    if (type === 7) return !media.subarray(at + 4, at + 4 + length).equals(known);
    // Parameters stand before the picture.
    if (type === 5 || type === 1) return false;
    at += 4 + length;
  }
  return false;
}

/** Whether an initialization section announces sound: AAC, as everything of the kind is here. */
export function hasSound(init: Buffer): boolean {
  for (const { type } of entriesOf(init)) if (type === 'mp4a') return true;
  return false;
}

/** The picture itself: its NAL units, each behind its length. Sound stands behind it, where a second traf says. */
export function mediaOf(fragment: Buffer): Buffer {
  const all = { from: 0, to: fragment.length };
  const [head, media] = [findBox(fragment, all, ['moof']), findBox(fragment, all, ['mdat'])];
  if (!head || !media) return Buffer.alloc(0);
  const [, sound] = [...boxesIn(fragment, head.from, head.to)].filter(({ type }) => type === 'traf');
  const run = sound && findBox(fragment, sound, ['trun']);
  // Version and flags, a count, and where its bytes begin, counted from the moof.
  const end = run ? head.from - 8 + fragment.readInt32BE(run.from + 8) : media.to;
  return fragment.subarray(media.from, Math.min(media.to, Math.max(media.from, end)));
}

/** What `mediaOf` cuts out, unit by unit; a broken length ends it. */
export function unitsOf(media: Buffer): Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at + 4 <= media.length;) {
    const end = Math.min(media.length, at + 4 + media.readUInt32BE(at));
    units.push({ length: end - at - 4, pieces: [media.subarray(at + 4, end)] });
    at = end;
  }
  return units;
}

/** Whether two key pictures are the same to the byte but for their heads: no lens and no sensor does that twice. */
export function isSame(one: KeyPicture, other: KeyPicture): boolean {
  const [a, b] = [mediaOf(one.fragment), mediaOf(other.fragment)];
  const length = Math.min(a.length, b.length) - HEAD;
  if (length < LEAST || Math.abs(a.length - b.length) > 2) return false;
  return a.subarray(a.length - length).equals(b.subarray(b.length - length));
}

/**
 * Whether the sizes of two key pictures that follow each other are nearly the same, as those of a still scene are, or one is twice the
 * other, as when a scene is hidden: worth a look at once, no more.
 */
export function isTelling(one: KeyPicture, other: KeyPicture): boolean {
  const [a, b] = [mediaOf(one.fragment).length, mediaOf(other.fragment).length];
  return Math.abs(a - b) * 200 <= Math.max(a, b) || Math.min(a, b) * 2 <= Math.max(a, b);
}

function tag(time: number, kind: number, content: Buffer): Buffer {
  const bytes = Buffer.alloc(11 + 5 + content.length + 4);
  bytes[0] = 9; // video
  bytes.writeUIntBE(5 + content.length, 1, 3);
  bytes.writeUIntBE(time & 0xff_ffff, 4, 3);
  bytes[7] = (time >>> 24) & 0xff;
  bytes[11] = 0x17; // a key picture of H.264
  bytes[12] = kind;
  content.copy(bytes, 16);
  bytes.writeUInt32BE(11 + 5 + content.length, 16 + content.length);
  return bytes;
}

/**
 * Key pictures of different cameras one after the other as FLV, which can say before each picture how it is to be decoded, and
 * gives it a time: the picture of index n is shown at n seconds, so that what the decoder makes of it can be told apart.
 */
export function flvOf(pictures: readonly { config: Buffer; media: Buffer }[]): Buffer {
  const pieces: Buffer[] = [Buffer.from('FLV\x01\x01\0\0\0\x09\0\0\0\0', 'latin1')];
  let config: Buffer | undefined;
  pictures.forEach((picture, index) => {
    if (!config?.equals(picture.config)) pieces.push(tag(index * 1000, 0, picture.config));
    pieces.push(tag(index * 1000, 1, picture.media));
    config = picture.config;
  });
  return Buffer.concat(pieces);
}
