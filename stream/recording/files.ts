/** Where recordings lie, and what stands in front of each segment in its file. Nothing here touches the disk. */
import { createHash } from 'node:crypto';
import { dayOf, startOf } from '../../hub/model/calendar.ts';
import { boxesIn, findBox } from '../boxes.ts';

/** A file holds ten minutes of one camera at most. */
export const slotMs = 600_000;

/** The folder of a camera: its id where that is a plain name, else a digest of it. */
export const folderOf = (camera: string): string =>
  /^[A-Za-z0-9][\w.-]{0,79}$/.test(camera)
    ? camera
    : `~${createHash('sha256').update(camera).digest('hex').slice(0, 32)}`;

/** `cam-1/20261122/0910-hq3k….mp4`, by the time in Asia/Shanghai; the file's id, in base 36, tells those of one slot apart. */
export function pathOf(camera: string, at: number, id: number): string {
  const day = dayOf(at);
  const minutes = Math.floor((slotOf(at) - startOf(day)) / 60_000);
  const clock = `${String(Math.floor(minutes / 60)).padStart(2, '0')}${String(minutes % 60).padStart(2, '0')}`;
  return `${folderOf(camera)}/${day.replaceAll('-', '')}/${clock}-${id.toString(36)}.mp4`;
}

/** The id in a file's name; undefined where it is none of ours. */
export function idOf(name: string): number | undefined {
  const found = /^\d{4}-([0-9a-z]{8,11})\.mp4$/.exec(name)?.[1];
  return found === undefined ? undefined : parseInt(found, 36);
}

export const slotOf = (at: number): number => Math.floor(at / slotMs) * slotMs;

/** Seconds from 1900 to 1970, and the length of an NTP era. */
const ntpOffset = 2_208_988_800;
const era = 2 ** 32;
const stampSize = 32;

/** flags of ProducerReferenceTimeBox (ISO/IEC 14496-12 §8.16.5): when the fragment was made, and when it was captured. */
const made = 2;
const captured = 24;

export interface Stamp {
  /** Programme time of the segment that follows, epoch ms. */
  at: number;
  /** The camera's own time, epoch ms, where it tells it. */
  cameraAt?: number;
}

/**
 * What stands in front of a segment: one or two `prft` boxes, so that a file tells its times by itself, to any player and to the repair
 * after a crash.
 */
export function stampOf({ at, cameraAt }: Stamp, media: Buffer): Buffer {
  const stamp = Buffer.alloc(cameraAt === undefined ? stampSize : 2 * stampSize);
  const traf = findBox(media, { from: 0, to: media.length }, ['moof', 'traf']);
  const tfhd = traf && findBox(media, traf, ['tfhd']);
  const tfdt = traf && findBox(media, traf, ['tfdt']);
  const track = tfhd ? media.readUInt32BE(tfhd.from + 4) : 1;
  const wide = tfdt !== undefined && media[tfdt.from] === 1;
  const time = !tfdt ? 0n : wide ? media.readBigUInt64BE(tfdt.from + 4) : BigInt(media.readUInt32BE(tfdt.from + 4));
  writeStamp(stamp, 0, made, at, track, time);
  if (cameraAt !== undefined) writeStamp(stamp, stampSize, captured, cameraAt, track, time);
  return stamp;
}

function writeStamp(into: Buffer, place: number, flags: number, at: number, track: number, time: bigint): void {
  into.writeUInt32BE(stampSize, place);
  into.write('prft', place + 4, 'latin1');
  into.writeUInt32BE((1 << 24) | flags, place + 8);
  into.writeUInt32BE(track, place + 12);
  const seconds = Math.floor(at / 1000);
  into.writeUInt32BE((seconds + ntpOffset) % era, place + 16);
  into.writeUInt32BE(Math.floor(((at - seconds * 1000) / 1000) * era), place + 20);
  into.writeBigUInt64BE(time, place + 24);
}

/** The stamps at the beginning of `bytes`, and how long they are; undefined where none stands there whole. */
export function readStamp(bytes: Buffer): (Stamp & { length: number }) | undefined {
  let found: (Stamp & { length: number }) | undefined;
  for (let place = 0; place + stampSize <= bytes.length; place += stampSize) {
    if (bytes.readUInt32BE(place) !== stampSize || bytes.toString('latin1', place + 4, place + 8) !== 'prft') break;
    const flags = bytes.readUInt32BE(place + 8) & 0xff_ffff;
    const raw = bytes.readUInt32BE(place + 16);
    // The counter of NTP wraps in 2036: what would lie before 1968 lies after that.
    const seconds = raw - ntpOffset + (raw < era / 2 ? era : 0);
    const at = seconds * 1000 + Math.round((bytes.readUInt32BE(place + 20) / era) * 1_000_000) / 1000;
    if (flags === made) {
      // A second one of these belongs to the next segment.
      if (found) break;
      found = { at, length: place + stampSize };
    } else if (found && flags === captured) found = { ...found, cameraAt: at, length: place + stampSize };
    else break;
  }
  return found;
}

/** Bytes of whole boxes at the beginning of `bytes`. */
export function wholeBoxes(bytes: Buffer): number {
  let whole = 0;
  try {
    for (const box of boxesIn(bytes, 0, bytes.length)) whole = box.to;
  } catch {
    // The rest is torn.
  }
  return whole;
}
