import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { HubError } from '../../hub/model/error.ts';
import type { Address } from './address.ts';
import { Credentials } from './auth.ts';
import { Reader, write, type Headers } from './message.ts';

export interface Response {
  status: number;
  headers: Headers;
  body: Buffer;
}

/** A camera that neither answers nor refuses for so long. */
const ANSWER_MS = 5000;
/** It is told goodbye, and has so long to close. */
const GOODBYE_MS = 500;
/** A client that sends this much without being read is not talking to a camera. */
const MOST_UNSENT = 256 * 1024;

const refusal = (message: string): HubError => new HubError('camera.rtsp', message);
const keptOut = (message: string): HubError => new HubError('camera.password', message);

/** Why a connection failed, for people, and without its address. */
function reasonOf(error: NodeJS.ErrnoException, tls: boolean): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'the camera refuses the connection';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'there is no way to the camera';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name of the camera is not known';
    case 'ETIMEDOUT':
      return 'the camera does not answer';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the camera cut the connection';
    default:
      return tls ? 'the camera does not speak TLS as rtsps wants it' : 'the connection to the camera failed';
  }
}

/** What is heard on a connection beside answers. */
export interface Ears {
  packet: (channel: number, bytes: Buffer) => void;
  /** Once, when the socket is closed, with the reason for people. */
  ended: (reason: string) => void;
}

/** One RTSP connection: requests and their answers, passwords, and the packets between them. No error or reason holds the address. */
export class Connection {
  readonly #address: Address;
  readonly #ears: Ears;
  readonly #socket: Socket;
  readonly #reader = new Reader();
  readonly #credentials: Credentials;
  readonly #waiting = new Map<number, { done: (response: Response) => void; failed: (error: HubError) => void }>();
  readonly #closed: Promise<void>;
  #count = 0;
  #reason: string | undefined;

  constructor(address: Address, ears: Ears) {
    this.#address = address;
    this.#ears = ears;
    this.#credentials = new Credentials(address.user, address.password);
    const { host, port, tls } = address;
    // Cameras sign their certificates themselves: TLS keeps out listeners, and proves nothing.
    this.#socket = tls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', (error) => this.end(reasonOf(error, tls)));
    this.#socket.on('end', () => this.end('the camera closed the connection'));
    this.#closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    void this.#closed.then(() => {
      this.end('the camera closed the connection');
      ears.ended(this.#reason!);
    });
  }

  /** This side's address, to which datagrams come; undefined before it is connected. */
  get local(): { host: string; peer: string; version: 4 | 6 } | undefined {
    const { localAddress, remoteAddress } = this.#socket;
    if (!localAddress || !remoteAddress) return undefined;
    return { host: localAddress, peer: remoteAddress, version: localAddress.includes(':') ? 6 : 4 };
  }

  /** Resolves when it is connected; an `HubError('camera.rtsp')` when that fails or takes 5 s. */
  async open(): Promise<void> {
    await this.#within(
      new Promise<void>((resolve, reject) => {
        this.#waiting.set(0, { done: () => resolve(), failed: reject });
        this.#socket.once(this.#address.tls ? 'secureConnect' : 'connect', () => resolve());
      }),
    );
    this.#waiting.delete(0);
  }

  /**
   * Asks, with the password where the camera wants one. Throws `HubError('camera.rtsp')` when there is no answer within 5 s or the
   * connection ends, `camera.password` when the camera does not let this user in.
   */
  async ask(method: string, uri: string, headers: Record<string, string> = {}): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#ask(method, uri, headers);
      if (response.status !== 401) return response;
      const { user, known, stale } = this.#credentials.asked(response.headers.get('www-authenticate') ?? []);
      if (!user) throw keptOut('the camera asks for a user and a password');
      if (!known) throw keptOut('the camera asks for the password in a way that is not known');
      // The first answer may have been to an old question; a second one is refused for what it says, unless the camera says otherwise.
      if (attempt > 2 || (attempt === 2 && !stale)) throw keptOut('the camera refuses the user or the password (401)');
    }
  }

  /** Sends a packet on a channel. */
  send(channel: number, bytes: Buffer): void {
    if (this.#reason !== undefined || this.#socket.writableLength > MOST_UNSENT) return;
    const head = Buffer.from([0x24, channel, 0, 0]);
    head.writeUInt16BE(bytes.length, 2);
    this.#socket.write(Buffer.concat([head, bytes]));
  }

  /** Ends it for a reason, at once; the first reason counts. */
  end(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#abandon(reason);
    this.#socket.destroy();
  }

  /** Says a last word, if there is one and anybody listens, and resolves when the socket is gone. */
  async close(farewell?: { method: string; uri: string; headers: Record<string, string> }): Promise<void> {
    if (farewell && this.#reason === undefined && !this.#socket.connecting) {
      const text = this.#written(farewell.method, farewell.uri, farewell.headers);
      this.#socket.end(text);
      const timer = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
      this.#abandon('stopped');
      await this.#closed;
      clearTimeout(timer);
    } else {
      this.end('stopped');
      await this.#closed;
    }
  }

  /** Nobody waits any more, and nothing is heard. */
  #abandon(reason: string): void {
    this.#reason = reason;
    for (const { failed } of this.#waiting.values()) failed(refusal(reason));
    this.#waiting.clear();
  }

  #written(method: string, uri: string, headers: Record<string, string>): string {
    const authorization = this.#credentials.answer(method, uri);
    return write(`${method} ${uri} RTSP/1.0`, {
      CSeq: ++this.#count,
      'User-Agent': 'Hallwatch',
      ...headers,
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    });
  }

  async #ask(method: string, uri: string, headers: Record<string, string>): Promise<Response> {
    if (this.#reason !== undefined) throw refusal(this.#reason);
    const text = this.#written(method, uri, headers);
    const number = this.#count;
    const answer = new Promise<Response>((done, failed) => this.#waiting.set(number, { done, failed }));
    this.#socket.write(text);
    try {
      return await this.#within(answer);
    } finally {
      this.#waiting.delete(number);
    }
  }

  async #within<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(refusal('the camera does not answer')), ANSWER_MS);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #read(chunk: Buffer): void {
    if (this.#reason !== undefined) return;
    try {
      for (const message of this.#reader.push(chunk)) {
        if (message.kind === 'packet') this.#ears.packet(message.channel, message.bytes);
        else if (message.kind === 'request') this.#answer(message.method, message.headers);
        else {
          const number = Number(message.headers.get('cseq')?.[0]);
          // Some cameras forget the number: there is hardly ever more than one question.
          const waiting =
            this.#waiting.get(number) ?? (Number.isNaN(number) ? [...this.#waiting.values()][0] : undefined);
          waiting?.done(message);
        }
        if (this.#reason !== undefined) return;
      }
    } catch (error) {
      this.end(error instanceof Error ? error.message : String(error));
    }
  }

  /** A camera may ask too: whether one is still there, or that one should go. */
  #answer(method: string, headers: Headers): void {
    const known = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER'].includes(method);
    if (method === 'TEARDOWN' || method === 'REDIRECT') return this.end('the camera ended the session');
    const cseq = headers.get('cseq')?.[0] ?? '0';
    if (this.#socket.writableLength > MOST_UNSENT) return this.end('the camera does not listen');
    this.#socket.write(write(`RTSP/1.0 ${known ? '200 OK' : '405 Method Not Allowed'}`, { CSeq: cseq }));
  }
}
