import { HubError } from '../hub/model/error.ts';

/** What the pictures of a stream are decoded by. */
export interface PictureTrack {
  codec: 'avc1' | 'hvc1';
  /** Content of its avcC or hvcC. */
  config: Buffer;
  width: number;
  height: number;
}

/** What the sound of a stream is decoded by: AAC. */
export interface SoundTrack {
  /** AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). */
  config: Buffer;
  /** Samples a second. */
  rate: number;
  channels: number;
}

/** What stands in front of all frames. */
interface Head {
  kind: 'head';
  picture: PictureTrack;
  sound?: SoundTrack;
}

/** One picture or one piece of sound. */
interface Frame {
  kind: 'picture' | 'sound';
  /** Milliseconds. */
  time: number;
  key: boolean;
  bytes: Buffer;
}

/** An element of more is garbage: a key picture of an 8K camera takes about 3 MB. */
const LIMIT = 16 * 1024 * 1024;

/** Pixels. */
const MOST_ACROSS = 16_384;

const ids = {
  segment: 0x1853_8067,
  cluster: 0x1f43_b675,
  group: 0xa0,
  tracks: 0x1654_ae6b,
  track: 0xae,
  number: 0xd7,
  codec: 0x86,
  config: 0x63a2,
  video: 0xe0,
  width: 0xb0,
  height: 0xba,
  audio: 0xe1,
  rate: 0xb5,
  channels: 0x9f,
  time: 0xe7,
  simple: 0xa3,
  block: 0xa1,
};
/** Read from within as they come: their end is of no interest. */
const open: ReadonlySet<number> = new Set([ids.segment, ids.cluster, ids.group]);

const broken = (message: string): HubError => new HubError('video.broken', message);

/** A number of variable length (RFC 8794 §4); with `marked`, its mark belongs to it. */
function numberAt(bytes: Buffer, at: number, marked: boolean): { value: number; length: number } | undefined {
  if (at >= bytes.length) return undefined;
  const first = bytes[at]!;
  const length = Math.clz32(first) - 23;
  if (first === 0 || (marked && length > 4)) throw broken('This is no Matroska.');
  if (at + length > bytes.length) return undefined;
  let value = marked ? first : first & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + bytes[at + i]!;
  return { value, length };
}

interface Element {
  id: number;
  content: Buffer;
}

function* elementsIn(bytes: Buffer): Generator<Element> {
  for (let at = 0; at < bytes.length;) {
    const id = numberAt(bytes, at, true);
    const size = id && numberAt(bytes, at + id.length, false);
    const from = at + (id?.length ?? 0) + (size?.length ?? 0);
    if (!id || !size || from + size.value > bytes.length) throw broken('An element is cut off.');
    yield { id: id.value, content: bytes.subarray(from, from + size.value) };
    at = from + size.value;
  }
}

const find = (bytes: Buffer, id: number): Buffer | undefined => {
  for (const each of elementsIn(bytes)) if (each.id === id) return each.content;
  return undefined;
};

function whole(bytes: Buffer | undefined): number {
  if (!bytes || bytes.length === 0 || bytes.length > 6) throw broken('A number is missing or too long.');
  return bytes.readUIntBE(0, bytes.length);
}

/** A number that a decoder is set up by: garbage would stand in a section that is written from it. */
function within(value: number, least: number, most: number, name: string): number {
  if (value >= least && value <= most) return value;
  throw broken(`${name} is ${value}: from ${least} to ${most} was expected.`);
}

function fraction(bytes: Buffer | undefined): number {
  if (bytes?.length === 4) return bytes.readFloatBE(0);
  if (bytes?.length === 8) return bytes.readDoubleBE(0);
  throw broken('A number is missing or too long.');
}

/**
 * Reads the Matroska (RFC 9559) that ffmpeg writes on a pipe: the one container of its own in which pictures and sound keep their times
 * when each frame is handed on at once. Holds at most one element of 16 MiB. Throws `HubError('video.broken')` on anything else, and is
 * of no use afterwards.
 */
export class Matroska {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Nothing can be read before so many bytes are there. */
  #needed = 1;
  #kinds: Map<number, Frame['kind']> | undefined;
  #time = 0;

  /** What the chunk completed, in order. */
  push(chunk: Buffer): (Head | Frame)[] {
    const found: (Head | Frame)[] = [];
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return found;
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    this.#needed = 1;
    for (;;) {
      const id = numberAt(bytes, 0, true);
      const size = id && numberAt(bytes, id.length, false);
      if (!id || !size) break;
      const from = id.length + size.length;
      if (open.has(id.value)) {
        bytes = bytes.subarray(from);
        continue;
      }
      if (size.value > LIMIT) throw broken(`An element claims ${size.value} bytes.`);
      if (bytes.length < from + size.value) {
        this.#needed = from + size.value;
        break;
      }
      const read = this.#read(id.value, bytes.subarray(from, from + size.value));
      if (read) found.push(read);
      bytes = bytes.subarray(from + size.value);
    }
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.#length = bytes.length;
    return found;
  }

  #read(id: number, content: Buffer): Head | Frame | undefined {
    if (id === ids.tracks) return this.#tracks(content);
    if (id === ids.time) this.#time = whole(content);
    if (id !== ids.simple && id !== ids.block) return undefined;
    if (!this.#kinds) throw broken('A frame stands before its track.');
    const number = numberAt(content, 0, false);
    if (!number || content.length < number.length + 3) throw broken('A frame is cut off.');
    const kind = this.#kinds.get(number.value);
    const flags = content[number.length + 2]!;
    if (!kind || (flags & 0x06) !== 0) throw broken('A frame belongs to no track, or is laced.');
    return {
      kind,
      time: this.#time + content.readInt16BE(number.length),
      key: id === ids.simple && (flags & 0x80) !== 0,
      bytes: content.subarray(number.length + 3),
    };
  }

  #tracks(content: Buffer): Head {
    let picture: PictureTrack | undefined;
    let sound: SoundTrack | undefined;
    this.#kinds = new Map();
    for (const { id, content: track } of elementsIn(content)) {
      if (id !== ids.track) continue;
      const codec = find(track, ids.codec)?.toString('latin1') ?? '';
      const config = find(track, ids.config);
      const number = whole(find(track, ids.number));
      const [video, audio] = [find(track, ids.video), find(track, ids.audio)];
      if (config && video && !picture && (codec === 'V_MPEG4/ISO/AVC' || codec === 'V_MPEGH/ISO/HEVC')) {
        const width = within(whole(find(video, ids.width)), 1, MOST_ACROSS, 'The width');
        const height = within(whole(find(video, ids.height)), 1, MOST_ACROSS, 'The height');
        picture = { codec: codec.endsWith('AVC') ? 'avc1' : 'hvc1', config: Buffer.from(config), width, height };
        this.#kinds.set(number, 'picture');
      } else if (config && audio && !sound && codec === 'A_AAC') {
        const rate = within(fraction(find(audio, ids.rate)), 7350, 96_000, 'The rate of the sound');
        const channels = within(whole(find(audio, ids.channels)), 1, 8, 'The number of channels');
        sound = { config: Buffer.from(config), rate, channels };
        this.#kinds.set(number, 'sound');
      } else
        throw new HubError(
          'camera.unfit',
          `the camera sends ${codec || 'nothing known'}, which is not carried with sound`,
        );
    }
    if (!picture) throw broken('There is no picture.');
    return { kind: 'head', picture, ...(sound ? { sound } : {}) };
  }
}
