export type Codec = 'h264' | 'h265';

/** One picture of a stream: its NAL units without start codes. */
export interface Picture {
  units: Buffer[];
  key: boolean;
  /** How many pictures later it is shown than sent; less than none where it waited for one that is shown after it. */
  shift: number;
}

export interface Film {
  codec: Codec;
  pictures: Picture[];
  /** Only H.265 has one. */
  vps: Buffer | undefined;
  sps: Buffer;
  pps: Buffer;
}

/** What a unit is, and whether it begins a picture: a leading 1 bit means that its slice begins with the first block. */
function readUnit(
  codec: Codec,
  unit: Buffer,
): { kind: 'vps' | 'sps' | 'pps' | 'key' | 'picture' | 'other'; first: boolean } {
  if (codec === 'h265') {
    const type = (unit[0]! >> 1) & 0x3f;
    const kind =
      type < 32 ? (type >= 16 && type <= 23 ? 'key' : 'picture') : (['vps', 'sps', 'pps'] as const)[type - 32];
    return { kind: kind ?? 'other', first: (unit[2]! & 0x80) !== 0 };
  }
  const kind = ({ 1: 'picture', 5: 'key', 7: 'sps', 8: 'pps' } as const)[unit[0]! & 0x1f];
  return { kind: kind ?? 'other', first: (unit[1]! & 0x80) !== 0 };
}

/** The NAL units of an Annex B byte stream (ISO/IEC 14496-10 annex B), without start codes and trailing zeros. */
export function unitsOf(bytes: Buffer): Buffer[] {
  const units: Buffer[] = [];
  const mark = Buffer.from([0, 0, 1]);
  let from = bytes.indexOf(mark);
  while (from >= 0) {
    const next = bytes.indexOf(mark, from + 3);
    let to = next < 0 ? bytes.length : next;
    while (to > from + 3 && bytes[to - 1] === 0) to--;
    if (to > from + 3) units.push(bytes.subarray(from + 3, to));
    from = next;
  }
  return units;
}

/** Whether an H.264 slice is of a B picture: its type is the second number of its header (§7.3.3), each written as Exp-Golomb. */
function waitsForLater(unit: Buffer): boolean {
  const bits = [...unit.subarray(1, 9)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let at = 0;
  const next = (): number => {
    const zeros = bits.indexOf('1', at) - at;
    const value = Number.parseInt(bits.slice(at + zeros, at + 2 * zeros + 1), 2) - 1;
    at += 2 * zeros + 1;
    return value;
  };
  next();
  return next() % 5 === 1;
}

/** Says of each picture when it is shown: a B picture at once, every other one when the next one comes that is none. */
function order(pictures: readonly (Picture & { waits: boolean })[]): Picture[] {
  const shown: number[] = [];
  let held: number | undefined;
  pictures.forEach(({ waits }, index) => {
    if (!waits && held !== undefined) shown.push(held);
    if (waits) shown.push(index);
    else held = index;
  });
  if (held !== undefined) shown.push(held);
  const at = new Map(shown.map((index, place) => [index, place]));
  return pictures.map(({ units, key }, index) => ({ units, key, shift: at.get(index)! - index }));
}

/**
 * Groups NAL units into pictures, which stand in the order they are sent in; a B picture waits for one other and none for it. The file
 * must begin with SPS, PPS and a key picture, so that it can be looped.
 */
export function filmOf(bytes: Buffer, codec: Codec = 'h264'): Film {
  const pictures: (Picture & { waits: boolean })[] = [];
  let head: Buffer[] = [];
  const sets: { vps?: Buffer; sps?: Buffer; pps?: Buffer } = {};
  for (const unit of unitsOf(bytes)) {
    const { kind, first } = readUnit(codec, unit);
    if (kind === 'vps' || kind === 'sps' || kind === 'pps') sets[kind] ??= unit;
    if (kind !== 'picture' && kind !== 'key') {
      // Delimiters say nothing.
      if (!(codec === 'h264' && (unit[0]! & 0x1f) === 9)) head.push(unit);
      continue;
    }
    const last = pictures.at(-1);
    if (!first && head.length === 0 && last) last.units.push(unit);
    else {
      const waits = codec === 'h264' && waitsForLater(unit);
      pictures.push({ units: [...head, unit], key: kind === 'key', shift: 0, waits });
    }
    head = [];
  }
  const { vps, sps, pps } = sets;
  if (!sps || !pps || !pictures[0]?.key) throw new Error('The film must begin with SPS, PPS and a key picture.');
  return { codec, pictures: order(pictures), vps, sps, pps };
}
