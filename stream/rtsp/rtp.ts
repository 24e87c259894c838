/** One RTP packet (RFC 3550 §5.1), its payload without padding. */
export interface Packet {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  source: number;
  payload: Buffer;
}

/** Undefined when it is no RTP packet, or holds nothing. */
export function readPacket(bytes: Buffer): Packet | undefined {
  if (bytes.length < 12 || bytes[0]! >> 6 !== 2) return undefined;
  let from = 12 + (bytes[0]! & 0x0f) * 4;
  let to = bytes.length;
  if (bytes[0]! & 0x10) {
    if (to < from + 4) return undefined;
    from += 4 + bytes.readUInt16BE(from + 2) * 4;
  }
  if (bytes[0]! & 0x20) to -= bytes[bytes.length - 1]!;
  if (from >= to) return undefined;
  return {
    payloadType: bytes[1]! & 0x7f,
    marker: (bytes[1]! & 0x80) !== 0,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    source: bytes.readUInt32BE(8),
    payload: bytes.subarray(from, to),
  };
}

/** What a camera says of its clock: which wall time (epoch ms) belongs to which RTP time. */
export interface SenderReport {
  source: number;
  wallAt: number;
  timestamp: number;
  /** The middle 32 bits of its time, which the answer repeats. */
  middle: number;
}

/** Seconds from 1900 (NTP) to 1970. */
const TO_1970 = 2_208_988_800;

/** Reads an RTCP packet and what stands behind it (RFC 3550 §6). Stops at what makes no sense. */
export function readReports(bytes: Buffer): { report: SenderReport | undefined; goodbye: boolean } {
  let report: SenderReport | undefined;
  let goodbye = false;
  for (let at = 0; at + 8 <= bytes.length && bytes[at]! >> 6 === 2;) {
    const type = bytes[at + 1]!;
    const to = at + 4 + bytes.readUInt16BE(at + 2) * 4;
    if (to > bytes.length) break;
    if (type === 200 && to - at >= 28) {
      const [seconds, fraction] = [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)];
      // A camera that does not know the time sends 0.
      if (seconds !== 0)
        report = {
          source: bytes.readUInt32BE(at + 4),
          // The count of seconds begins anew in 2036 (RFC 2030 §3).
          wallAt:
            (seconds - TO_1970 + (seconds < 0x8000_0000 ? 0x1_0000_0000 : 0)) * 1000 +
            (fraction / 0x1_0000_0000) * 1000,
          timestamp: bytes.readUInt32BE(at + 16),
          middle: bytes.readUInt32BE(at + 10),
        };
    }
    if (type === 203) goodbye = true;
    at = to;
  }
  return { report, goodbye };
}

/** What a receiver report tells (RFC 3550 §6.4.2). */
export interface Reception {
  own: number;
  source: number;
  /** Of 256, since the last report. */
  lostShare: number;
  lost: number;
  highest: number;
  /** Ticks. */
  jitter: number;
  /** The last sender report and how long it is ago, in 1/65536 s; 0 when there was none. */
  middle: number;
  since: number;
}

/** A receiver report with the name that must stand beside it. */
export function writeReport(reception: Reception): Buffer {
  const bytes = Buffer.alloc(32 + 20);
  bytes.writeUInt32BE(0x81c9_0007, 0); // version 2, one block, receiver report, 8 words
  bytes.writeUInt32BE(reception.own >>> 0, 4);
  bytes.writeUInt32BE(reception.source >>> 0, 8);
  bytes[12] = Math.min(255, reception.lostShare);
  bytes.writeUIntBE(Math.min(0x7f_ffff, reception.lost), 13, 3);
  bytes.writeUInt32BE(reception.highest >>> 0, 16);
  bytes.writeUInt32BE(reception.jitter >>> 0, 20);
  bytes.writeUInt32BE(reception.middle >>> 0, 24);
  bytes.writeUInt32BE(reception.since >>> 0, 28);
  bytes.writeUInt32BE(0x81ca_0004, 32); // SDES, one chunk, 5 words: CNAME `hallwatch`
  bytes.writeUInt32BE(reception.own >>> 0, 36);
  bytes[40] = 1;
  bytes[41] = bytes.write('hallwatch', 42, 'latin1');
  return bytes;
}
