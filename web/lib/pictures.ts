/** Where a picture of fragmented MP4 stands in time: just enough of ISO/IEC 14496-12 for what the hub itself cut. */

interface Box {
  from: number;
  to: number;
}

function find(view: DataView, within: Box, [wanted, ...rest]: readonly string[]): Box | undefined {
  for (let at = within.from; at + 8 <= within.to;) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > within.to) return undefined;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((each) => view.getUint8(at + each)));
    const inner = { from: at + 8, to: at + size };
    if (type === wanted) return rest.length === 0 ? inner : find(view, inner, rest);
    at += size;
  }
  return undefined;
}

const whole = (bytes: ArrayBuffer): [DataView, Box] => [new DataView(bytes), { from: 0, to: bytes.byteLength }];

/** Ticks a second, of an initialization section; undefined where it says none. */
export function timescaleOf(init: ArrayBuffer): number | undefined {
  const [view, all] = whole(init);
  const box = find(view, all, ['moov', 'trak', 'mdia', 'mdhd']);
  // Behind version and flags stand two times, of 64 bits each in version 1.
  const at = box && box.from + (view.getUint8(box.from) === 1 ? 20 : 12);
  return at !== undefined && box && at + 4 <= box.to ? view.getUint32(at) || undefined : undefined;
}

/** Ticks of the timeline at which the first picture begins; undefined where it says none. */
export function timeOf(pictures: ArrayBuffer): number | undefined {
  const [view, all] = whole(pictures);
  const box = find(view, all, ['moof', 'traf', 'tfdt']);
  if (!box || box.from + 8 > box.to) return undefined;
  if (view.getUint8(box.from) === 0) return view.getUint32(box.from + 4);
  return box.from + 12 > box.to ? undefined : Number(view.getBigUint64(box.from + 4));
}
