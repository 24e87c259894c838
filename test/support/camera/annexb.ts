export type Codec = 'h264' | 'h265';

/** One picture of a stream: its NAL units without start codes. */
export interface Picture {
  units: Buffer[];
  key: boolean;
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

/**
 * Groups NAL units into pictures. The file must hold no B pictures (decoding order is sending order) and must begin
 * with SPS, PPS and a key picture, so that it can be looped.
 */
export function filmOf(bytes: Buffer, codec: Codec = 'h264'): Film {
  const pictures: Picture[] = [];
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
    else pictures.push({ units: [...head, unit], key: kind === 'key' });
    head = [];
  }
  const { vps, sps, pps } = sets;
  if (!sps || !pps || !pictures[0]?.key) throw new Error('The film must begin with SPS, PPS and a key picture.');
  return { codec, pictures, vps, sps, pps };
}
