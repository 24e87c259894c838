import { HubError } from '../hub/model/error.ts';

/** The initialization section (ftyp and moov) of a fragmented MP4. */
export interface Init {
  kind: 'init';
  bytes: Buffer;
  /** Ticks a second of the picture track. */
  timescale: number;
}

/** One moof and its mdat: pictures, and perhaps the sound that goes with them. Times in ticks of the picture track. */
export interface Fragment {
  kind: 'fragment';
  bytes: Buffer;
  /** baseMediaDecodeTime of tfdt. */
  time: number;
  duration: number;
  /** The first picture can be decoded without any before it. */
  key: boolean;
  /** Where in `bytes` its times stand, so that `retime` can write others. */
  places: Places;
}

interface Clock {
  at: number;
  /** tfdt version 1 holds 64 bits. */
  wide: boolean;
}

interface Places {
  time: Clock;
  /** Of the sound, which moves with the pictures. */
  others: Clock[];
  /** Each stands for `count` pictures. */
  durations: { at: number; count: number }[];
}

/** A box of more is garbage: a key picture of an 8K camera takes about 3 MB. */
const LIMIT = 16 * 1024 * 1024;
const SAMPLES = 10_000;
/** Picture and sound. */
const MOST_TRACKS = 2;

const broken = (message: string): HubError => new HubError('video.broken', message);

interface Box {
  type: string;
  /** Where its content begins and ends. */
  from: number;
  to: number;
}

/** The boxes that stand one after the other in `bytes` between `from` and `to`. */
export function* boxesIn(bytes: Buffer, from: number, to: number): Generator<Box> {
  let at = from;
  while (at < to) {
    if (to - at < 8) throw broken('A box is cut off.');
    const size = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (size < 8 || size > to - at) throw broken(`Box ${JSON.stringify(type)} claims ${size} bytes.`);
    yield { type, from: at + 8, to: at + size };
    at += size;
  }
}

export function findBox(bytes: Buffer, within: Pick<Box, 'from' | 'to'>, path: string[]): Box | undefined {
  const [wanted, ...rest] = path;
  for (const box of boxesIn(bytes, within.from, within.to)) {
    if (box.type !== wanted) continue;
    if (rest.length === 0) return box;
    const inner = findBox(bytes, box, rest);
    if (inner) return inner;
  }
  return undefined;
}

/** Reads the fields of one box in order; refuses to read beyond its end. */
class Reader {
  readonly #bytes: Buffer;
  readonly #to: number;
  at: number;

  constructor(bytes: Buffer, box: Box) {
    this.#bytes = bytes;
    this.at = box.from;
    this.#to = box.to;
  }

  skip(count: number): void {
    this.at += count;
  }

  u32(): number {
    if (this.at + 4 > this.#to) throw broken('A box is shorter than its fields.');
    this.at += 4;
    return this.#bytes.readUInt32BE(this.at - 4);
  }

  u64(): number {
    return this.u32() * 0x1_0000_0000 + this.u32();
  }
}

/** Default duration and flags of a picture, from trex and tfhd. */
interface Defaults {
  duration: number;
  flags: number;
}

// sample_is_non_sync_sample (ISO/IEC 14496-12 §8.8.3.1).
const isKey = (flags: number): boolean => (flags & 0x1_0000) === 0;

function readInit(bytes: Buffer): { init: Init; defaults: Defaults } {
  const all = { from: 0, to: bytes.length };
  const mdhd = findBox(bytes, all, ['moov', 'trak', 'mdia', 'mdhd']);
  if (!mdhd) throw broken('The initialization section has no track.');
  const media = new Reader(bytes, mdhd);
  media.skip((media.u32() >>> 24 === 1 ? 8 : 4) * 2);
  const timescale = media.u32();
  if (timescale === 0) throw broken('The track has no timescale.');
  const defaults: Defaults = { duration: 0, flags: 0 };
  const trex = findBox(bytes, all, ['moov', 'mvex', 'trex']);
  if (trex) {
    const reader = new Reader(bytes, trex);
    reader.skip(12);
    defaults.duration = reader.u32();
    reader.skip(4);
    defaults.flags = reader.u32();
  }
  return { init: { kind: 'init', bytes, timescale }, defaults };
}

interface Run {
  time: number | undefined;
  clock: Clock;
  key: boolean | undefined;
  duration: number;
  samples: number;
  durations: Places['durations'];
}

/** One traf: the samples of one track. */
function readRun(bytes: Buffer, traf: Box, inherited: Defaults): Run {
  const defaults = { ...inherited };
  const run: Run = {
    ...{ time: undefined, clock: { at: 0, wide: false }, key: undefined },
    ...{ duration: 0, samples: 0, durations: [] },
  };
  let inHeader: number | undefined;
  for (const box of boxesIn(bytes, traf.from, traf.to)) {
    const reader = new Reader(bytes, box);
    if (box.type === 'tfhd') {
      const has = reader.u32();
      reader.skip(4 + (has & 0x1 ? 8 : 0) + (has & 0x2 ? 4 : 0));
      if (has & 0x8) {
        inHeader = reader.at;
        defaults.duration = reader.u32();
      }
      if (has & 0x10) reader.skip(4);
      if (has & 0x20) defaults.flags = reader.u32();
    } else if (box.type === 'tfdt') {
      const wide = reader.u32() >>> 24 === 1;
      run.clock = { at: reader.at, wide };
      run.time = wide ? reader.u64() : reader.u32();
    } else if (box.type === 'trun') {
      const has = reader.u32();
      const count = reader.u32();
      run.samples += count;
      if (run.samples > SAMPLES) throw broken(`A fragment claims ${run.samples} pictures.`);
      if (has & 0x1) reader.skip(4);
      const first = has & 0x4 ? reader.u32() : undefined;
      for (let i = 0; i < count; i++) {
        if (has & 0x100) {
          run.durations.push({ at: reader.at, count: 1 });
          run.duration += reader.u32();
        } else {
          run.duration += defaults.duration;
        }
        if (has & 0x200) reader.skip(4);
        const flags = has & 0x400 ? reader.u32() : undefined;
        if (has & 0x800) reader.skip(4);
        if (i === 0) run.key ??= isKey(first ?? flags ?? defaults.flags);
      }
      if (!(has & 0x100) && inHeader !== undefined) run.durations.push({ at: inHeader, count });
    }
  }
  return run;
}

function readFragment(bytes: Buffer, head: number, defaults: Defaults): Fragment {
  const moof = findBox(bytes, { from: 0, to: head }, ['moof']);
  const runs: Run[] = [];
  for (const box of moof ? boxesIn(bytes, moof.from, moof.to) : []) {
    if (box.type !== 'traf') continue;
    if (runs.length >= MOST_TRACKS) throw broken('A fragment has more tracks than picture and sound.');
    runs.push(readRun(bytes, box, defaults));
  }
  const [pictures, ...others] = runs;
  if (!pictures) throw broken('A fragment has no track.');
  const { time, key, duration, clock, durations } = pictures;
  if (time === undefined || key === undefined) throw broken('A fragment has no time or no picture.');
  const clocks = others.filter((each) => each.time !== undefined).map((each) => each.clock);
  return { kind: 'fragment', bytes, time, duration, key, places: { time: clock, others: clocks, durations } };
}

function readClock(bytes: Buffer, { at, wide }: Clock): number {
  return wide ? Number(bytes.readBigUInt64BE(at)) : bytes.readUInt32BE(at);
}

function writeClock(bytes: Buffer, { at, wide }: Clock, time: number): void {
  if (wide) bytes.writeBigUInt64BE(BigInt(time), at);
  else bytes.writeUInt32BE(time % 0x1_0000_0000, at);
}

/**
 * Writes another time and duration (both in ticks) into a fragment, in place. A camera's own clock jumps and lies
 * about its rate; the players get the server's. Sound moves with the pictures, as long as it was.
 */
export function retime(fragment: Fragment, time: number, duration: number): void {
  const { bytes, places } = fragment;
  writeClock(bytes, places.time, time);
  for (const each of places.others) writeClock(bytes, each, Math.max(0, readClock(bytes, each) + time - fragment.time));
  const pictures = places.durations.reduce((sum, each) => sum + each.count, 0);
  let left = duration;
  let rest = pictures;
  for (const { at, count } of places.durations) {
    const each = Math.round(left / rest);
    bytes.writeUInt32BE(each, at);
    left -= each * count;
    rest -= count;
  }
  fragment.time = time;
  fragment.duration = duration;
}

/**
 * Cuts a fragmented MP4, as it comes from a pipe, into its initialization section and fragments. Holds at most one
 * box of 16 MiB. Throws `HubError('video.broken')` on anything else, and is of no use afterwards.
 */
export class Boxes {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Nothing can be cut before so many bytes are there. */
  #needed = 8;
  #ftyp: Buffer | undefined;
  #moof: Buffer | undefined;
  #defaults: Defaults | undefined;

  /** What the chunk completed, in order. */
  push(chunk: Buffer): (Init | Fragment)[] {
    const found: (Init | Fragment)[] = [];
    if (chunk.length === 0) return found;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#needed) {
      const head = this.#join(8);
      const size = head.readUInt32BE(0);
      const type = head.toString('latin1', 4, 8);
      if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) throw broken('This is no MP4.');
      if (size < 8 || size > LIMIT) throw broken(`Box ${type} claims ${size} bytes.`);
      if (this.#length < size) {
        this.#needed = size;
        break;
      }
      this.#needed = 8;
      const piece = this.#take(type, this.#cut(size));
      if (piece) found.push(piece);
    }
    return found;
  }

  /** The chunks joined so that the first one holds at least `count` bytes. */
  #join(count: number): Buffer {
    if (this.#chunks[0]!.length < count) this.#chunks = [Buffer.concat(this.#chunks, this.#length)];
    return this.#chunks[0]!;
  }

  #cut(size: number): Buffer {
    const whole = this.#join(size);
    const rest = whole.subarray(size);
    if (rest.length > 0) this.#chunks[0] = rest;
    else this.#chunks.shift();
    this.#length -= size;
    return whole.subarray(0, size);
  }

  #take(type: string, bytes: Buffer): Init | Fragment | undefined {
    switch (type) {
      case 'ftyp':
        this.#ftyp = bytes;
        return undefined;
      case 'moov': {
        if (!this.#ftyp) throw broken('moov stands before ftyp.');
        const { init, defaults } = readInit(Buffer.concat([this.#ftyp, bytes]));
        this.#defaults = defaults;
        return init;
      }
      case 'moof':
        if (!this.#defaults) throw broken('moof stands before moov.');
        this.#moof = bytes;
        return undefined;
      case 'mdat': {
        if (!this.#moof || !this.#defaults) throw broken('mdat stands without moof.');
        const fragment = readFragment(Buffer.concat([this.#moof, bytes]), this.#moof.length, this.#defaults);
        this.#moof = undefined;
        return fragment;
      }
      default:
        return undefined; // styp, sidx, free and the like carry nothing that is needed here
    }
  }
}
