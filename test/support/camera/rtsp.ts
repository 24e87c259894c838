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

/** How a camera asks for a password: `sha256` as RFC 7616 has it, with `qop=auth`, and a nonce that is stale soon. */
export type Auth = 'digest' | 'basic' | 'sha256';

const STALE_MS = 1500;

/** Asks for a password, by digest (RFC 2617, MD5, as cameras do it), SHA-256 or basic. */
export class Guard {
  readonly #kind: Auth;
  readonly #user: string;
  readonly #password: string;
  readonly #realm = 'test camera';
  #nonce = randomBytes(16).toString('hex');
  #nonceAt = Date.now();
  #counts = new Set<string>();
  /** How often a right answer came to a nonce that was too old. */
  stale = 0;

  constructor(kind: Auth, user: string, password: string) {
    this.#kind = kind;
    this.#user = user;
    this.#password = password;
  }

  /** The header that asks; `stale` when only the nonce was wrong. */
  challenge(stale: boolean): string {
    if (this.#kind === 'basic') return `Basic realm="${this.#realm}"`;
    const digest = `Digest realm="${this.#realm}", nonce="${this.#nonce}"`;
    return this.#kind === 'digest'
      ? digest
      : `${digest}, algorithm=SHA-256, qop="auth-int,auth"${stale ? ', stale=true' : ''}`;
  }

  admits(request: Request): boolean | 'stale' {
    const given = request.headers['authorization'] ?? '';
    if (this.#kind === 'basic') {
      return given === `Basic ${Buffer.from(`${this.#user}:${this.#password}`).toString('base64')}`;
    }
    if (!given.startsWith('Digest ')) return false;
    const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)`).exec(given)?.[1] ?? '';
    const hash = (text: string): string =>
      createHash(this.#kind === 'sha256' ? 'sha256' : 'md5')
        .update(text)
        .digest('hex');
    const secret = hash(`${this.#user}:${this.#realm}:${this.#password}`);
    const asked = hash(`${request.method}:${field('uri')}`);
    const once = `${field('nonce')}:${field('nc')}:${field('cnonce')}`;
    const middle = this.#kind === 'sha256' ? `${once}:auth` : field('nonce');
    const isRight = field('username') === this.#user && field('response') === hash(`${secret}:${middle}:${asked}`);
    if (!isRight || field('uri') !== request.uri) return false;
    if (this.#kind === 'digest') return field('nonce') === this.#nonce;
    if (Date.now() - this.#nonceAt > STALE_MS) {
      this.#nonce = randomBytes(16).toString('hex');
      this.#nonceAt = Date.now();
      this.#counts.clear();
    }
    const isNew = field('nonce') === this.#nonce && !this.#counts.has(once);
    this.#counts.add(once);
    if (!isNew) this.stale++;
    return isNew || 'stale';
  }
}
