/** Records of the spool as bytes: mark (4), length of the payload (4), when it was spooled (8), digest (16), payload. Pure. */
import { createHash } from 'node:crypto';

/** 0xff never stands in UTF-8: where a record is damaged, the next one is found by its mark. */
const mark = Buffer.from([0xff, 0x48, 0x57, 0x31]);
export const headLength = 32;
/** A longer event is refused before it is spooled, and a longer length is damage. */
export const longestPayload = 256 * 1024;

export interface Whole {
  kind: 'record';
  from: number;
  to: number;
  /** Epoch milliseconds by the agent's clock: how long it waits, and nothing else. */
  at: number;
  payload: Buffer;
}
export interface Damage {
  kind: 'damage';
  from: number;
  to: number;
  reason: string;
}

export function frame(payload: Uint8Array, at: number): Buffer {
  const bytes = Buffer.alloc(headLength + payload.length);
  mark.copy(bytes, 0);
  bytes.writeUInt32BE(payload.length, 4);
  bytes.writeDoubleBE(at, 8);
  bytes.set(payload, headLength);
  digestOf(bytes).copy(bytes, 16);
  return bytes;
}

/**
 * Whole records and the damage between them. `isEnd`: nothing follows these bytes, so a record that is cut off is damage;
 * otherwise it begins at `rest` and waits for more. Give at least one longest record, or nothing may come out.
 */
export function scan(bytes: Buffer, isEnd: boolean): { pieces: (Whole | Damage)[]; rest: number } {
  const pieces: (Whole | Damage)[] = [];
  const damaged = (from: number, to: number, reason: string): void => {
    const last = pieces.at(-1);
    if (last?.kind === 'damage') last.to = to;
    else pieces.push({ kind: 'damage', from, to, reason });
  };
  let at = 0;
  while (at < bytes.length) {
    const found = recordAt(bytes, at);
    if (typeof found !== 'string') {
      pieces.push(found);
      at = found.to;
      continue;
    }
    if (found === cutOff && !isEnd) break;
    const next = bytes.indexOf(mark, at + 1);
    // The last three bytes may be the beginning of a mark.
    const to = next >= 0 ? next : isEnd ? bytes.length : Math.max(at + 1, bytes.length - 3);
    damaged(at, to, found);
    at = to;
    if (next < 0) break;
  }
  return { pieces, rest: at };
}

const cutOff = 'the record is cut off';

function recordAt(bytes: Buffer, from: number): Whole | string {
  const left = bytes.length - from;
  if (bytes.compare(mark, 0, Math.min(4, left), from, from + Math.min(4, left)) !== 0) return 'no record begins here';
  if (left < headLength) return cutOff;
  const length = bytes.readUInt32BE(from + 4);
  if (length > longestPayload) return `the record says that it has ${length} bytes; expected at most ${longestPayload}`;
  const to = from + headLength + length;
  if (to > bytes.length) return cutOff;
  const record = bytes.subarray(from, to);
  if (!digestOf(record).equals(record.subarray(16, headLength))) return 'the record does not have its digest';
  return { kind: 'record', from, to, at: record.readDoubleBE(8), payload: record.subarray(headLength) };
}

/** Over length, time and payload; half of a SHA-256. */
function digestOf(record: Buffer): Buffer {
  return createHash('sha256')
    .update(record.subarray(4, 16))
    .update(record.subarray(headLength))
    .digest()
    .subarray(0, 16);
}
