import { HubError } from '../../hub/model/error.ts';

/** Header names in lower case; those that stand there more than once keep every value. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** What a camera sends on its connection. */
export type Message =
  | { kind: 'response'; status: number; headers: Headers; body: Buffer }
  | { kind: 'request'; method: string; headers: Headers }
  /** Interleaved binary data (RFC 2326 §10.12). */
  | { kind: 'packet'; channel: number; bytes: Buffer };

/** Bounds of what a camera may send before it makes sense, bytes. */
const MOST_HEAD = 16 * 1024;
const MOST_BODY = 64 * 1024;

const DOLLAR = 0x24;
const broken = (message: string): HubError => new HubError('camera.rtsp', message);

function headersOf(lines: readonly string[]): Headers {
  const headers = new Map<string, string[]>();
  let last: string[] | undefined;
  for (const line of lines) {
    // A line that begins with a space goes on with the one before it.
    if (/^[ \t]/.test(line) && last) {
      last.push(`${last.pop()!} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    last = headers.get(name) ?? [];
    last.push(line.slice(colon + 1).trim());
    headers.set(name, last);
  }
  return headers;
}

/**
 * Cuts what comes from a camera into responses, requests and packets, however the network cut it. Holds at most one of them.
 * Throws `HubError('camera.rtsp')` on anything else, and is of no use afterwards.
 */
export class Reader {
  #rest: Buffer = Buffer.alloc(0);
  /** Nothing can be cut before so many bytes are there. */
  #needed = 1;

  /** What the chunk completed, in order; packets are views of it. */
  push(chunk: Buffer): Message[] {
    const found: Message[] = [];
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    this.#needed = Math.max(1, this.#needed);
    while (bytes.length - at >= this.#needed) {
      this.#needed = 1;
      if (bytes[at] === DOLLAR) {
        const length = bytes.length - at < 4 ? 4 : 4 + bytes.readUInt16BE(at + 2);
        if (bytes.length - at < length) {
          this.#needed = length;
          break;
        }
        found.push({ kind: 'packet', channel: bytes[at + 1]!, bytes: bytes.subarray(at + 4, at + length) });
        at += length;
        continue;
      }
      // Some cameras put empty lines between messages.
      if (bytes[at] === 0x0d || bytes[at] === 0x0a) {
        at++;
        continue;
      }
      const length = this.#text(bytes.subarray(at), found);
      if (length === undefined) break;
      at += length;
    }
    this.#rest = bytes.subarray(at);
    return found;
  }

  /** Reads a response or request; how long it is, or nothing when it is not there as a whole. */
  #text(bytes: Buffer, found: Message[]): number | undefined {
    // RTSP/1.0 200 OK, or a method and an address: nothing else begins with a letter.
    if (!/^[A-Z]/.test(bytes.toString('latin1', 0, 1))) throw broken('it does not answer as a camera');
    const end = bytes.subarray(0, MOST_HEAD).indexOf('\r\n\r\n');
    if (end < 0) {
      if (bytes.length >= MOST_HEAD) throw broken('it does not answer as a camera');
      this.#needed = bytes.length + 1;
      return undefined;
    }
    const [first = '', ...lines] = bytes.toString('utf8', 0, end).split('\r\n');
    const headers = headersOf(lines);
    const length = Number(headers.get('content-length')?.[0] ?? 0);
    if (!Number.isSafeInteger(length) || length < 0 || length > MOST_BODY)
      throw broken('the camera announces too long an answer');
    const whole = end + 4 + length;
    if (bytes.length < whole) {
      this.#needed = whole;
      return undefined;
    }
    const status = /^RTSP\/\d\.\d (\d{3})(?: |$)/.exec(first);
    const method = /^([A-Z_]+) \S+ RTSP\/\d\.\d$/.exec(first);
    if (status) {
      const body = Buffer.from(bytes.subarray(end + 4, whole));
      found.push({ kind: 'response', status: Number(status[1]), headers, body });
    } else if (method) {
      found.push({ kind: 'request', method: method[1]!, headers });
    } else {
      throw broken('it does not answer as a camera');
    }
    return whole;
  }
}

/** A request or response as it is sent. Values must hold no line ends. */
export function write(first: string, headers: Record<string, string | number>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${first}\r\n${lines.join('')}\r\n`;
}
