import type { InTurn } from './reorder.ts';
import { unfit, type Codec } from './sdp.ts';

/** A NAL unit in the pieces it came in, which are views of what was received: the first begins with its header. */
export interface Unit {
  pieces: Buffer[];
  length: number;
}

/** What belongs to one moment: a picture, or only what describes it. */
export interface AccessUnit {
  units: Unit[];
  timestamp: number;
}

/** Bounds of one access unit. */
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_PIECES = 16_384;

/** Whether a picture can begin with a unit that begins so: in front of it nothing of the picture is missing. */
function begins(codec: Codec, head: Buffer): boolean {
  if (codec === 'h264') {
    const type = head[0]! & 0x1f;
    // The first macroblock of a slice is 0 when its first bit is set.
    return type >= 6 || (head[1]! & 0x80) !== 0;
  }
  const type = (head[0]! >> 1) & 0x3f;
  return type >= 32 || (head[2]! & 0x80) !== 0;
}

/**
 * Puts the packets of H.264 (RFC 6184: single units, STAP-A, FU-A) or H.265 (RFC 7798: single units, AP, FU) together into access
 * units. One of which anything is missing is not handed on, and `lost` says so. Throws `HubError('camera.unfit')` on kinds of packets
 * that reorder units.
 */
export class Depacketizer {
  readonly #codec: Codec;
  #timestamp: number | undefined;
  #units: Unit[] = [];
  #bytes = 0;
  #pieces = 0;
  #damaged = false;
  /** The unit that is coming in fragments. */
  #open: Unit | undefined;
  /** An access unit was let go since this was last set to false. */
  lost = false;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** What the packet completed: nothing, one, or two when the one before it had no marker. */
  push({ packet, lost }: InTurn): AccessUnit[] {
    const found: AccessUnit[] = [];
    const { payload, timestamp } = packet;
    if (this.#timestamp !== undefined && timestamp !== this.#timestamp) {
      // Its end may be what was lost.
      if (lost) this.#damaged = true;
      this.#finish(found);
    }
    const first = this.#timestamp === undefined;
    this.#timestamp = timestamp;
    if (lost) {
      this.lost = true;
      if (!first) this.#damaged = true;
    }
    if (!this.#damaged && !this.#take(payload, lost && first)) this.#damage();
    if (packet.marker) this.#finish(found);
    return found;
  }

  #finish(found: AccessUnit[]): void {
    if (this.#open) this.#damage();
    if (this.#damaged) this.lost = true;
    else if (this.#units.length > 0) found.push({ units: this.#units, timestamp: this.#timestamp! });
    this.#units = [];
    this.#bytes = this.#pieces = 0;
    this.#open = this.#timestamp = undefined;
    this.#damaged = false;
  }

  #damage(): void {
    this.#damaged = true;
    this.#units = [];
    this.#open = undefined;
  }

  /** False when the packet makes no sense here; `behindLoss`: the access unit begins with it, as far as one can see. */
  #take(payload: Buffer, behindLoss: boolean): boolean {
    const least = this.#codec === 'h264' ? 1 : 2;
    if (payload.length <= least) return false;
    const type = this.#codec === 'h264' ? payload[0]! & 0x1f : (payload[0]! >> 1) & 0x3f;
    if (this.#codec === 'h264') {
      if (type === 24) return this.#aggregate(payload, 1, behindLoss);
      if (type === 28) return this.#fragment(payload, 1, behindLoss);
      if (type > 24) throw unfit('the camera sends its packets out of order');
      if (type === 0) return true;
    } else {
      if (type === 48) return this.#aggregate(payload, 2, behindLoss);
      if (type === 49) return this.#fragment(payload, 2, behindLoss);
      if (type > 49) return true; // PACI and what is not specified carry no picture
    }
    return this.#add([payload], behindLoss);
  }

  #add(pieces: Buffer[], behindLoss: boolean): boolean {
    if (this.#open) return false;
    if (behindLoss && !begins(this.#codec, pieces.length > 1 ? Buffer.concat(pieces) : pieces[0]!)) return false;
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#units.push({ pieces, length });
    return this.#count(length, pieces.length);
  }

  #count(bytes: number, pieces: number): boolean {
    this.#bytes += bytes;
    this.#pieces += pieces;
    return this.#bytes <= MOST_BYTES && this.#pieces <= MOST_PIECES;
  }

  /** Several units in one packet, each behind its length. */
  #aggregate(payload: Buffer, head: number, behindLoss: boolean): boolean {
    for (let at = head; at < payload.length;) {
      const to = at + 2 <= payload.length ? at + 2 + payload.readUInt16BE(at) : Infinity;
      if (to > payload.length || to - at - 2 <= head - 1) return false;
      if (!this.#add([payload.subarray(at + 2, to)], behindLoss && at === head)) return false;
      at = to;
    }
    return true;
  }

  /** One unit in several packets. */
  #fragment(payload: Buffer, head: number, behindLoss: boolean): boolean {
    const flags = payload[head]!;
    const piece = payload.subarray(head + 1);
    // An FU-A may be empty (RFC 6184 §5.8), and the last one of some encoders is; an FU may not.
    if (piece.length === 0 && this.#codec === 'h265') return false;
    if (flags & 0x80) {
      const header =
        head === 1
          ? Buffer.from([(payload[0]! & 0xe0) | (flags & 0x1f)])
          : Buffer.from([(payload[0]! & 0x81) | ((flags & 0x3f) << 1), payload[1]!]);
      if (!this.#add([header, piece], behindLoss)) return false;
      this.#open = this.#units.at(-1);
    } else {
      if (!this.#open) return false;
      this.#open.pieces.push(piece);
      this.#open.length += piece.length;
      if (!this.#count(piece.length, 1)) return false;
    }
    if (flags & 0x40) this.#open = undefined;
    return true;
  }
}
