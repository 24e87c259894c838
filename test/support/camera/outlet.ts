import type { Socket as Udp } from 'node:dgram';
import type { Socket } from 'node:net';
import { datagrams, noise, senderReport, stamp, type Packets } from './rtp.ts';

const REPORT_EVERY = 5000;
/** A camera that loses packets loses each one of so many; one that writes as it likes writes so many bytes at once. */
const LOSES = 150;
const BITE = 977;

/** How packets go on their way: as they should, some of them lost (UDP), or among noise in writes cut anywhere (TCP). */
type Manner = 'well' | 'loss' | 'noise';

/** The way of one track to one client: interleaved on its connection, or UDP. */
export class Outlet {
  readonly #socket: Socket;
  readonly #ports: { rtp: Udp; rtcp: Udp };
  #channel = 0;
  #udp: { address: string; rtp: number; rtcp: number } | undefined;
  #sequence = Math.floor(Math.random() * 0xffff);
  #packets = 0;
  #octets = 0;
  #reportedAt = 0;
  #sent = 0;

  constructor(socket: Socket, ports: { rtp: Udp; rtcp: Udp }) {
    this.#socket = socket;
    this.#ports = ports;
  }

  /** Chooses interleaved TCP or UDP as the client asks; answers the Transport header, nothing when it asks for neither. */
  setUp(asked: string): string | undefined {
    const ports = /client_port=(\d+)-(\d+)/.exec(asked);
    if (/RTP\/AVP\/TCP/.test(asked)) {
      this.#channel = Number(/interleaved=(\d+)/.exec(asked)?.[1] ?? 0);
      this.#udp = undefined;
      return `RTP/AVP/TCP;unicast;interleaved=${this.#channel}-${this.#channel + 1}`;
    }
    const address = this.#socket.remoteAddress;
    if (!ports || /multicast/.test(asked) || !address) return undefined;
    this.#udp = { address, rtp: Number(ports[1]), rtcp: Number(ports[2]) };
    const own = `${this.#ports.rtp.address().port}-${this.#ports.rtcp.address().port}`;
    return `RTP/AVP;unicast;client_port=${ports[1]}-${ports[2]};server_port=${own}`;
  }

  /** Sends packets, and now and then which wall time (epoch ms) belongs to the time they carry. */
  send(packets: Packets, timestamp: number, source: number, manner: Manner): void {
    const bytes = stamp(packets, this.#channel, this.#sequence, timestamp, source);
    this.#sequence = (this.#sequence + packets.starts.length) & 0xffff;
    this.#packets += packets.starts.length;
    this.#octets += bytes.length;
    if (this.#udp) {
      for (const datagram of datagrams(packets, bytes))
        if (manner !== 'loss' || ++this.#sent % LOSES > 0)
          this.#ports.rtp.send(datagram, this.#udp.rtp, this.#udp.address);
    } else if (manner === 'noise') {
      const all = Buffer.concat([noise(700), bytes, noise(3)]);
      for (let at = 0; at < all.length; at += BITE) this.#socket.write(all.subarray(at, at + BITE));
    } else {
      this.#socket.write(bytes);
    }
    this.#report(timestamp, source);
  }

  #report(timestamp: number, source: number): void {
    const now = Date.now();
    if (now - this.#reportedAt < REPORT_EVERY) return;
    this.#reportedAt = now;
    const report = senderReport(source, now, timestamp, this.#packets, this.#octets);
    if (this.#udp) {
      this.#ports.rtcp.send(report, this.#udp.rtcp, this.#udp.address);
    } else {
      const framing = Buffer.from([0x24, this.#channel + 1, 0, report.length]);
      this.#socket.write(Buffer.concat([framing, report]));
    }
  }
}
