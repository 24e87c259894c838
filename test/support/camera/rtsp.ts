import { createHash, randomBytes } from 'node:crypto';

/** One RTSP request (RFC 2326); header names in lower case. */
export interface Request {
  method: string;
  uri: string;
  headers: Record<string, string>;
}

const LIMIT = 64 * 1024;

/** Cuts what a client sends into requests; interleaved frames (the client's RTCP) are skipped. Throws when nothing fits in 64 KiB. */
export class Requests {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Request[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const found: Request[] = [];
    for (;;) {
      if (this.#rest[0] === 0x24) {
        if (this.#rest.length < 4) break;
        const length = 4 + this.#rest.readUInt16BE(2);
        if (this.#rest.length < length) break;
        this.#rest = this.#rest.subarray(length);
        continue;
      }
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) break;
      const [line = '', ...lines] = this.#rest.subarray(0, end).toString('latin1').split('\r\n');
      const headers: Record<string, string> = {};
      for (const each of lines) {
        const colon = each.indexOf(':');
        if (colon > 0) headers[each.slice(0, colon).toLowerCase()] = each.slice(colon + 1).trim();
      }
      const length = end + 4 + (Number(headers['content-length']) || 0);
      if (this.#rest.length < length) break;
      this.#rest = this.#rest.subarray(length);
      const [method = '', uri = ''] = line.split(' ');
      found.push({ method, uri, headers });
    }
    if (this.#rest.length > LIMIT) throw new Error('request too long');
    return found;
  }
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** Asks for a password, by digest (RFC 2617, MD5, as cameras do it) or basic. */
export class Guard {
  readonly #kind: 'digest' | 'basic';
  readonly #user: string;
  readonly #password: string;
  readonly #realm = 'test camera';
  readonly #nonce = randomBytes(16).toString('hex');

  constructor(kind: 'digest' | 'basic', user: string, password: string) {
    this.#kind = kind;
    this.#user = user;
    this.#password = password;
  }

  get challenge(): string {
    return this.#kind === 'basic'
      ? `Basic realm="${this.#realm}"`
      : `Digest realm="${this.#realm}", nonce="${this.#nonce}"`;
  }

  admits(request: Request): boolean {
    const given = request.headers['authorization'] ?? '';
    if (this.#kind === 'basic') {
      return given === `Basic ${Buffer.from(`${this.#user}:${this.#password}`).toString('base64')}`;
    }
    if (!given.startsWith('Digest ')) return false;
    const field = (name: string): string => new RegExp(`[ ,]${name}="([^"]*)"`).exec(given)?.[1] ?? '';
    const secret = md5(`${this.#user}:${this.#realm}:${this.#password}`);
    const expected = md5(`${secret}:${this.#nonce}:${md5(`${request.method}:${field('uri')}`)}`);
    return field('username') === this.#user && field('nonce') === this.#nonce && field('response') === expected;
  }
}
