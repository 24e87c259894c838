/** What a sequence parameter set says that a container repeats (ISO/IEC 14496-10 §7.3.2.1, 23008-2 §7.3.2.2). */
export interface Sequence {
  width: number;
  height: number;
  chroma: number;
  /** Bits of a sample. */
  luma: number;
  colour: number;
  /** Pictures may be sent in another order than they are shown in. */
  reorders: boolean;
  /** H.265: the twelve bytes of profile, tier and level; how many layers in time, and whether they are nested. */
  profile: Buffer;
  layers: number;
  nested: boolean;
}

/** Reads the bits of a NAL unit without the bytes that keep start codes out of it. Throws `RangeError` beyond its end. */
class Bits {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(unit: Buffer) {
    const bytes = Buffer.alloc(unit.length);
    let length = 0;
    let zeros = 0;
    for (const byte of unit) {
      if (zeros >= 2 && byte === 3) {
        zeros = 0;
        continue;
      }
      zeros = byte === 0 ? zeros + 1 : 0;
      bytes[length++] = byte;
    }
    this.#bytes = bytes.subarray(0, length);
  }

  /** At most 32. */
  bits(count: number): number {
    if (this.#at + count > this.#bytes.length * 8) throw new RangeError('a parameter set ends too soon');
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++)
      value = value * 2 + ((this.#bytes[this.#at >> 3]! >> (7 - (this.#at & 7))) & 1);
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** ue(v) */
  count(): number {
    let zeros = 0;
    while (!this.flag()) if (++zeros > 31) throw new RangeError('a parameter set is broken');
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v) */
  signed(): number {
    const value = this.count();
    return value % 2 === 1 ? (value + 1) / 2 : -value / 2;
  }

  /** Whole bytes at a byte's beginning. */
  bytes(count: number): Buffer {
    const from = this.#at / 8;
    this.#at += count * 8;
    return Buffer.from(this.#bytes.subarray(from, from + count));
  }
}

/** Profiles that say of which kind their samples are. */
const extended = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

function skipScaling(bits: Bits, chroma: number): void {
  for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) {
    if (!bits.flag()) continue;
    let [last, next] = [8, 8];
    for (let i = 0; i < (list < 6 ? 16 : 64) && next !== 0; i++) {
      next = (last + bits.signed() + 256) % 256;
      last = next || last;
    }
  }
}

function read264(unit: Buffer): Sequence {
  const bits = new Bits(unit);
  bits.bits(8);
  const profile = bits.bits(8);
  bits.bits(16);
  bits.count();
  let [chroma, luma, colour, separate] = [1, 8, 8, false];
  if (extended.has(profile)) {
    chroma = bits.count();
    if (chroma === 3) separate = bits.flag();
    luma = 8 + bits.count();
    colour = 8 + bits.count();
    bits.flag();
    if (bits.flag()) skipScaling(bits, chroma);
  }
  bits.count();
  const order = bits.count();
  if (order === 0) bits.count();
  else if (order === 1) {
    bits.flag();
    bits.signed();
    bits.signed();
    const cycle = bits.count();
    if (cycle > 255) throw new RangeError('a parameter set is broken');
    for (let i = 0; i < cycle; i++) bits.signed();
  }
  bits.count();
  bits.flag();
  const wide = bits.count() + 1;
  const high = bits.count() + 1;
  const frames = bits.flag();
  if (!frames) bits.flag();
  bits.flag();
  const [left, right, top, bottom] = bits.flag()
    ? [bits.count(), bits.count(), bits.count(), bits.count()]
    : [0, 0, 0, 0];
  const across = separate || chroma === 0 || chroma === 3 ? 1 : 2;
  const down = (separate || chroma !== 1 ? 1 : 2) * (frames ? 1 : 2);
  return {
    width: wide * 16 - (left + right) * across,
    height: high * 16 * (frames ? 1 : 2) - (top + bottom) * down,
    ...{ chroma, luma, colour },
    // Baseline has no B pictures, and order of kind 2 is the order of sending.
    reorders: profile !== 66 && order !== 2,
    ...{ profile: Buffer.alloc(0), layers: 1, nested: true },
  };
}

function read265(unit: Buffer): Sequence {
  const bits = new Bits(unit);
  bits.bits(16 + 4);
  const layers = bits.bits(3) + 1;
  const nested = bits.flag();
  const profile = bits.bytes(12);
  const present = Array.from({ length: layers - 1 }, () => [bits.flag(), bits.flag()] as const);
  if (layers > 1) bits.bits((9 - layers) * 2);
  for (const [ofProfile, ofLevel] of present) {
    for (let i = 0; i < (ofProfile ? 11 : 0); i++) bits.bits(8);
    if (ofLevel) bits.bits(8);
  }
  bits.count();
  const chroma = bits.count();
  const separate = chroma === 3 && bits.flag();
  let width = bits.count();
  let height = bits.count();
  if (bits.flag()) {
    const across = chroma === 1 || chroma === 2 ? 2 : 1;
    const down = chroma === 1 ? 2 : 1;
    width -= (bits.count() + bits.count()) * across;
    height -= (bits.count() + bits.count()) * down;
  }
  const luma = 8 + bits.count();
  const colour = 8 + bits.count();
  bits.count();
  let reorder = 0;
  for (let layer = bits.flag() ? 0 : layers - 1; layer < layers; layer++) {
    bits.count();
    reorder = bits.count();
    bits.count();
  }
  return { width, height, chroma: separate ? 0 : chroma, luma, colour, reorders: reorder > 0, profile, layers, nested };
}

/** Reads an SPS, with its header; undefined when it is broken. */
export function readSequence(codec: 'h264' | 'h265', unit: Buffer): Sequence | undefined {
  try {
    const found = codec === 'h264' ? read264(unit) : read265(unit);
    const isSane =
      found.width > 0 && found.height > 0 && found.width <= 16_384 && found.height <= 16_384 && found.chroma <= 3;
    return isSane && found.luma <= 16 && found.colour <= 16 ? found : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Which of its kind a parameter set is; the newer one of an id is in force. Undefined when it is broken. */
export function idOfSet(codec: 'h264' | 'h265', kind: 'vps' | 'sps' | 'pps', unit: Buffer): number | undefined {
  try {
    const bits = new Bits(unit.subarray(0, 64));
    if (codec === 'h264') {
      bits.bits(kind === 'sps' ? 32 : 8);
      return bits.count();
    }
    bits.bits(16);
    if (kind === 'vps') return bits.bits(4);
    // (More than one SPS at a time is nothing that cameras do.)
    return kind === 'sps' ? 0 : bits.count();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
