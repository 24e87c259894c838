import type { Codec, Film, Picture } from './annexb.ts';

const HEADER = 12;
const FRAMING = 4;
const PAYLOAD = 1400;

/** A picture cut into RTP packets (RFC 6184, RFC 7798), each with RTSP's interleaved framing before it; numbers are filled in when it is sent. */
export interface Packets {
  bytes: Buffer;
  /** Where each packet's framing begins. */
  starts: number[];
  key: boolean;
  /** As of its picture; 0 for sound. */
  shift: number;
}

/** Cuts a picture once, when the film is loaded, so that sending it costs one copy. */
export function packetsOf(picture: Picture, codec: Codec = 'h264'): Packets {
  const payloads: Buffer[] = [];
  const head = codec === 'h264' ? 1 : 2;
  for (const unit of picture.units) {
    if (unit.length <= PAYLOAD) {
      payloads.push(unit);
      continue;
    }
    // In fragments: FU-A or FU
    const indicator = codec === 'h264' ? [(unit[0]! & 0xe0) | 28] : [(unit[0]! & 0x81) | (49 << 1), unit[1]!];
    const type = codec === 'h264' ? unit[0]! & 0x1f : (unit[0]! >> 1) & 0x3f;
    const step = PAYLOAD - head - 1;
    for (let at = head; at < unit.length; at += step) {
      const piece = unit.subarray(at, at + step);
      const flags = (at === head ? 0x80 : 0) | (at + step >= unit.length ? 0x40 : 0);
      payloads.push(Buffer.concat([Buffer.from([...indicator, flags | type]), piece]));
    }
  }
  const starts: number[] = [];
  const pieces: Buffer[] = [];
  let at = 0;
  payloads.forEach((payload, index) => {
    const head = Buffer.alloc(FRAMING + HEADER);
    head[0] = 0x24;
    head.writeUInt16BE(HEADER + payload.length, 2);
    head[FRAMING] = 0x80;
    head[FRAMING + 1] = 96 | (index === payloads.length - 1 ? 0x80 : 0); // the marker ends the picture
    starts.push(at);
    pieces.push(head, payload);
    at += head.length + payload.length;
  });
  return { bytes: Buffer.concat(pieces), starts, key: picture.key, shift: picture.shift };
}

/** Some G.711 A-law as one packet (RFC 3551, payload type 8). */
export function soundOf(samples: Buffer): Packets {
  const head = Buffer.alloc(FRAMING + HEADER);
  head[0] = 0x24;
  head.writeUInt16BE(HEADER + samples.length, 2);
  head[FRAMING] = 0x80;
  head[FRAMING + 1] = 8;
  return { bytes: Buffer.concat([head, samples]), starts: [0], key: false, shift: 0 };
}

/** A copy of the packets with channel, sequence numbers, timestamp and source filled in. */
export function stamp(packets: Packets, channel: number, sequence: number, timestamp: number, source: number): Buffer {
  const bytes = Buffer.from(packets.bytes);
  packets.starts.forEach((at, index) => {
    bytes[at + 1] = channel;
    bytes.writeUInt16BE((sequence + index) & 0xffff, at + FRAMING + 2);
    bytes.writeUInt32BE(timestamp >>> 0, at + FRAMING + 4);
    bytes.writeUInt32BE(source >>> 0, at + FRAMING + 8);
  });
  return bytes;
}

/** The packets one by one without framing, as UDP wants them. */
export function* datagrams(packets: Packets, bytes: Buffer): Generator<Buffer> {
  for (let i = 0; i < packets.starts.length; i++) {
    yield bytes.subarray(packets.starts[i]! + FRAMING, packets.starts[i + 1] ?? bytes.length);
  }
}

/** An RTCP sender report (RFC 3550 §6.4.1): which wall time belongs to which RTP time. */
export function senderReport(source: number, now: number, timestamp: number, packets: number, octets: number): Buffer {
  const report = Buffer.alloc(28);
  report[0] = 0x80;
  report[1] = 200;
  report.writeUInt16BE(6, 2);
  report.writeUInt32BE(source >>> 0, 4);
  report.writeUInt32BE((Math.floor(now / 1000) + 2_208_988_800) >>> 0, 8);
  report.writeUInt32BE(Math.floor(((now % 1000) / 1000) * 0x1_0000_0000) >>> 0, 12);
  report.writeUInt32BE(timestamp >>> 0, 16);
  report.writeUInt32BE(packets >>> 0, 20);
  report.writeUInt32BE(octets >>> 0, 24);
  return report;
}

/** Data on a channel that nobody asked for. */
export const noise = (length: number): Buffer =>
  Buffer.concat([Buffer.from([0x24, 9, length >> 8, length & 0xff]), Buffer.alloc(length, 0x24)]);

/** The session description with the parameter sets, from which a client learns size and profile without waiting for a picture. */
export function sdpOf(film: Film, host: string, mode: number, sound = false): string {
  const [vps, sps, pps] = [film.vps, film.sps, film.pps].map((set) => set?.toString('base64'));
  const format = {
    h264: `packetization-mode=${mode};profile-level-id=${film.sps.subarray(1, 4).toString('hex')};sprop-parameter-sets=${sps},${pps}`,
    h265: `sprop-vps=${vps}; sprop-sps=${sps}; sprop-pps=${pps}`,
  }[film.codec];
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${host}`,
    's=Test camera',
    `c=IN IP4 ${host}`,
    't=0 0',
    'm=video 0 RTP/AVP 96',
    `a=rtpmap:96 ${film.codec.toUpperCase()}/90000`,
    `a=fmtp:96 ${format}`,
    'a=control:track1',
    ...(sound ? ['m=audio 0 RTP/AVP 8', 'a=rtpmap:8 PCMA/8000', 'a=control:track2'] : []),
    '',
  ].join('\r\n');
}
