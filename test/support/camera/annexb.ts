/** One picture of an H.264 stream: its NAL units without start codes. */
export interface Picture {
  units: Buffer[];
  key: boolean;
}

export interface Film {
  pictures: Picture[];
  sps: Buffer;
  pps: Buffer;
}

const typeOf = (unit: Buffer): number => unit[0]! & 0x1f;

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
export function filmOf(bytes: Buffer): Film {
  const pictures: Picture[] = [];
  let head: Buffer[] = [];
  let sps: Buffer | undefined;
  let pps: Buffer | undefined;
  for (const unit of unitsOf(bytes)) {
    const type = typeOf(unit);
    if (type === 7) sps ??= unit;
    if (type === 8) pps ??= unit;
    if (type !== 1 && type !== 5) {
      if (type !== 9) head.push(unit);
      continue;
    }
    // first_mb_in_slice is the first ue(v) of the slice header: a leading 1 bit means 0, the first slice of a picture.
    const first = (unit[1]! & 0x80) !== 0;
    const last = pictures.at(-1);
    if (!first && head.length === 0 && last) last.units.push(unit);
    else pictures.push({ units: [...head, unit], key: type === 5 });
    head = [];
  }
  if (!sps || !pps || !pictures[0]?.key) throw new Error('The film must begin with SPS, PPS and a key picture.');
  return { pictures, sps, pps };
}
