import type { Film, Picture } from './annexb.ts';

const HEADER = 12;
const FRAMING = 4;
const PAYLOAD = 1400;

/** A picture cut into RTP packets (RFC 6184), each with RTSP's interleaved framing before it; numbers are filled in when it is sent. */
export interface Packets {
  bytes: Buffer;
  /** Where each packet's framing begins. */
  starts: number[];
  key: boolean;
}

/** Cuts a picture once, when the film is loaded, so that sending it costs one copy. */
export function packetsOf(picture: Picture): Packets {
  const payloads: Buffer[] = [];
  for (const unit of picture.units) {
    if (unit.length <= PAYLOAD) {
      payloads.push(unit);
      continue;
    }
    const indicator = (unit[0]! & 0xe0) | 28; // FU-A
    const type = unit[0]! & 0x1f;
    for (let at = 1; at < unit.length; at += PAYLOAD - 2) {
      const piece = unit.subarray(at, at + PAYLOAD - 2);
      const flags = (at === 1 ? 0x80 : 0) | (at + PAYLOAD - 2 >= unit.length ? 0x40 : 0);
      payloads.push(Buffer.concat([Buffer.from([indicator, flags | type]), piece]));
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
  return { bytes: Buffer.concat(pieces), starts, key: picture.key };
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

/** The session description with SPS and PPS, from which ffmpeg learns size and profile without waiting for a picture. */
export function sdpOf(film: Film, host: string): string {
  const level = film.sps.subarray(1, 4).toString('hex');
  const sets = `${film.sps.toString('base64')},${film.pps.toString('base64')}`;
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${host}`,
    's=Test camera',
    `c=IN IP4 ${host}`,
    't=0 0',
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1;profile-level-id=${level};sprop-parameter-sets=${sets}`,
    'a=control:track1',
    '',
  ].join('\r\n');
}
