import type { Socket as Udp } from 'node:dgram';
import type { Socket } from 'node:net';
import { datagrams, noise, sdpOf, senderReport, stamp } from './rtp.ts';
import type { Frame } from './reel.ts';
import { Requests, type Guard, type Request } from './rtsp.ts';
import type { Stream } from './server.ts';

/** What a connection needs of its server. */
export interface Surroundings {
  streams: ReadonlyMap<string, Stream>;
  host: string;
  rtp: Udp;
  rtcp: Udp;
  guard: () => Guard | undefined;
  deaf: () => boolean;
  /** DESCRIBE is answered with another address. */
  redirects: () => boolean;
  /** What the description says of how packets are made. */
  mode: number;
  /** Seconds after which a client that asks nothing is let go. */
  timeout: number;
  gone: () => void;
}

/** More than this waiting for a slow client: skip to the next key picture. */
const BACKLOG = 2 * 1024 * 1024;
const REPORT_EVERY = 5000;
/** A camera that loses packets loses each one of so many; one that writes as it likes writes so many bytes at once. */
const LOSES = 150;
const BITE = 977;
let sessions = 0;

/** One RTSP connection: answers requests and, once playing, is sent pictures. */
export class Client {
  readonly #socket: Socket;
  readonly #around: Surroundings;
  readonly #requests = new Requests();
  readonly #session = `${process.pid}${++sessions}`;
  #stream: Stream | undefined;
  #channel = 0;
  #udp: { address: string; rtp: number; rtcp: number } | undefined;
  #sequence = Math.floor(Math.random() * 0xffff);
  #packets = 0;
  #octets = 0;
  #reportedAt = 0;
  #behind = false;
  #sent = 0;
  #heardAt = Date.now();

  constructor(socket: Socket, around: Surroundings) {
    this.#socket = socket;
    this.#around = around;
    socket.on('error', () => undefined); // a client that cuts the connection is expected
    socket.on('close', () => this.#leave());
    socket.on('data', (chunk: Buffer) => {
      if (around.deaf()) return;
      try {
        for (const request of this.#requests.push(chunk)) {
          this.#heardAt = Date.now();
          this.#answer(request);
        }
      } catch {
        socket.destroy();
      }
    });
  }

  reset(): void {
    this.#leave();
    this.#socket.resetAndDestroy();
  }

  send(frame: Frame): void {
    const { packets, timestamp } = frame;
    if (this.#behind && !(packets.key && this.#socket.writableLength < BACKLOG / 2)) return;
    this.#behind = this.#socket.writableLength > BACKLOG;
    if (this.#behind || !this.#stream) return;
    if (Date.now() - this.#heardAt > this.#around.timeout * 1000) return this.reset();
    const { kind } = this.#stream.loop;
    const bytes = stamp(packets, this.#channel, this.#sequence, timestamp, this.#stream.source);
    this.#sequence = (this.#sequence + packets.starts.length) & 0xffff;
    this.#packets += packets.starts.length;
    this.#octets += bytes.length;
    if (this.#udp) {
      for (const datagram of datagrams(packets, bytes))
        if (kind !== 'loss' || ++this.#sent % LOSES > 0)
          this.#around.rtp.send(datagram, this.#udp.rtp, this.#udp.address);
    } else if (kind === 'noise') {
      const all = Buffer.concat([noise(700), bytes, noise(3)]);
      for (let at = 0; at < all.length; at += BITE) this.#socket.write(all.subarray(at, at + BITE));
    } else {
      this.#socket.write(bytes);
    }
    this.#report(timestamp);
  }

  #report(timestamp: number): void {
    const now = Date.now();
    if (now - this.#reportedAt < REPORT_EVERY || !this.#stream) return;
    this.#reportedAt = now;
    const report = senderReport(this.#stream.source, now, timestamp, this.#packets, this.#octets);
    if (this.#udp) {
      this.#around.rtcp.send(report, this.#udp.rtcp, this.#udp.address);
    } else {
      const framing = Buffer.from([0x24, this.#channel + 1, 0, report.length]);
      this.#socket.write(Buffer.concat([framing, report]));
    }
  }

  #leave(): void {
    this.#stream?.clients.delete(this);
    this.#around.gone();
  }

  #reply(request: Request, status: string, headers: Record<string, string> = {}, body = ''): void {
    const lines = [`RTSP/1.0 ${status}`, `CSeq: ${request.headers['cseq'] ?? '0'}`];
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    if (body) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  #answer(request: Request): void {
    if (request.method === 'OPTIONS') {
      this.#reply(request, '200 OK', { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN' });
      return;
    }
    const guard = this.#around.guard();
    const admitted = guard?.admits(request) ?? true;
    if (admitted !== true) {
      this.#reply(request, '401 Unauthorized', { 'WWW-Authenticate': guard!.challenge(admitted === 'stale') });
      return;
    }
    const path = /^rtsps?:\/\/[^/]+\/([^/?]*)/.exec(request.uri)?.[1] ?? '';
    const stream = this.#around.streams.get(path);
    const session = { Session: `${this.#session};timeout=${this.#around.timeout}` };
    switch (request.method) {
      case 'DESCRIBE': {
        if (this.#around.redirects()) return this.#reply(request, '302 Moved', { Location: request.uri });
        if (!stream) return this.#reply(request, '404 Not Found');
        const base = request.uri.replace(/\/?(\?.*)?$/, '/');
        const headers = { 'Content-Type': 'application/sdp', 'Content-Base': base };
        return this.#reply(request, '200 OK', headers, sdpOf(stream.loop.film, this.#around.host, this.#around.mode));
      }
      case 'SETUP': {
        if (!stream) return this.#reply(request, '404 Not Found');
        const transport = this.#setUp(request.headers['transport'] ?? '');
        if (!transport) return this.#reply(request, '461 Unsupported Transport');
        return this.#reply(request, '200 OK', { ...session, Transport: transport });
      }
      case 'PLAY': {
        if (!stream) return this.#reply(request, '404 Not Found');
        this.#reply(request, '200 OK', { ...session, Range: 'npt=0.000-' });
        this.#stream = stream;
        stream.clients.add(this);
        return;
      }
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return this.#reply(request, '200 OK', session);
      case 'TEARDOWN':
        this.#reply(request, '200 OK', session);
        this.#socket.end();
        return;
      default:
        this.#reply(request, '405 Method Not Allowed');
    }
  }

  /** Chooses interleaved TCP or UDP as the client asks; answers the Transport header, nothing when it asks for neither. */
  #setUp(asked: string): string | undefined {
    const ports = /client_port=(\d+)-(\d+)/.exec(asked);
    if (/RTP\/AVP\/TCP/.test(asked)) {
      this.#channel = Number(/interleaved=(\d+)/.exec(asked)?.[1] ?? 0);
      this.#udp = undefined;
      return `RTP/AVP/TCP;unicast;interleaved=${this.#channel}-${this.#channel + 1}`;
    }
    if (!ports || /multicast/.test(asked)) return undefined;
    const address = this.#socket.remoteAddress ?? this.#around.host;
    this.#udp = { address, rtp: Number(ports[1]), rtcp: Number(ports[2]) };
    const own = `${this.#around.rtp.address().port}-${this.#around.rtcp.address().port}`;
    return `RTP/AVP;unicast;client_port=${ports[1]}-${ports[2]};server_port=${own}`;
  }
}
