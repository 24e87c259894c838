import type { Socket as Udp } from 'node:dgram';
import type { Socket } from 'node:net';
import { Outlet } from './outlet.ts';
import type { Frame } from './reel.ts';
import { sdpOf } from './rtp.ts';
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
let sessions = 0;

/** One RTSP connection: answers requests and, once playing, is sent pictures. */
export class Client {
  readonly #socket: Socket;
  readonly #around: Surroundings;
  readonly #requests = new Requests();
  readonly #session = `${process.pid}${++sessions}`;
  #stream: Stream | undefined;
  readonly #pictures: Outlet;
  /** Set up only by who wants it. */
  #sound: Outlet | undefined;
  #behind = false;
  #heardAt = Date.now();

  constructor(socket: Socket, around: Surroundings) {
    this.#socket = socket;
    this.#around = around;
    this.#pictures = new Outlet(socket, around);
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

  /** It asked for the sound too. */
  get listens(): boolean {
    return this.#sound !== undefined;
  }

  reset(): void {
    this.#leave();
    this.#socket.resetAndDestroy();
  }

  send(frame: Frame): void {
    const { packets, timestamp, sound } = frame;
    if (this.#behind && !(packets.key && this.#socket.writableLength < BACKLOG / 2)) return;
    this.#behind = this.#socket.writableLength > BACKLOG;
    if (this.#behind || !this.#stream) return;
    if (Date.now() - this.#heardAt > this.#around.timeout * 1000) return this.reset();
    const { loop, source } = this.#stream;
    const manner = loop.kind === 'loss' || loop.kind === 'noise' ? loop.kind : 'well';
    this.#pictures.send(packets, timestamp, source, manner);
    if (sound) this.#sound?.send(sound.packets, sound.timestamp, source + 1, manner);
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
        const { film, hasSound } = stream.loop;
        const description = sdpOf(film, this.#around.host, this.#around.mode, hasSound);
        return this.#reply(request, '200 OK', headers, description);
      }
      case 'SETUP': {
        if (!stream) return this.#reply(request, '404 Not Found');
        const isSound = /\/track2$/.test(request.uri);
        if (isSound) this.#sound = new Outlet(this.#socket, this.#around);
        const transport = (isSound ? this.#sound! : this.#pictures).setUp(request.headers['transport'] ?? '');
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
}
