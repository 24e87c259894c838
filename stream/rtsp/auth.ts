import { createHash, randomBytes } from 'node:crypto';

/** One way in which a camera asks who is there. */
interface Challenge {
  scheme: string;
  fields: ReadonlyMap<string, string>;
}

/** `Digest realm="a", nonce="b", Basic realm="a"` → its challenges. Values are bounded by the message they came in. */
export function readChallenges(text: string): Challenge[] {
  const found: { scheme: string; fields: Map<string, string> }[] = [];
  const token = /([A-Za-z0-9_-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g;
  for (const [, name, quoted, bare] of text.matchAll(token)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? bare;
    if (value === undefined) found.push({ scheme: name!.toLowerCase(), fields: new Map() });
    else found.at(-1)?.fields.set(name!.toLowerCase(), value);
  }
  return found;
}

const hashes: Record<string, string> = { md5: 'md5', 'sha-256': 'sha256' };
const algorithmOf = ({ fields }: Challenge): string => (fields.get('algorithm') ?? 'MD5').toLowerCase();

/** How good a way it is; 0 for one that is not known. */
function worth(challenge: Challenge): number {
  if (challenge.scheme === 'basic') return 1;
  const qop = challenge.fields
    .get('qop')
    ?.toLowerCase()
    .split(/[\s,]+/);
  const known = algorithmOf(challenge).replace(/-sess$/, '') in hashes && (!qop || qop.includes('auth'));
  if (challenge.scheme !== 'digest' || !challenge.fields.get('nonce') || !known) return 0;
  return algorithmOf(challenge).startsWith('sha') ? 3 : 2;
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&').replace(/[\r\n]/g, '')}"`;

/** Says who asks: basic (RFC 7617) and digest (RFC 7616: MD5, SHA-256, also `-sess`, with and without `qop=auth`). */
export class Credentials {
  readonly #user: string | undefined;
  readonly #password: string;
  readonly #cnonce: () => string;
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(user: string | undefined, password: string, cnonce = () => randomBytes(8).toString('hex')) {
    this.#user = user;
    this.#password = password;
    this.#cnonce = cnonce;
  }

  /** The camera asked. Whether there is a user, a way that is known, and only the nonce of the last answer was too old. */
  asked(headers: readonly string[]): { user: boolean; known: boolean; stale: boolean } {
    const [best] = headers.flatMap(readChallenges).sort((a, b) => worth(b) - worth(a));
    const known = best !== undefined && worth(best) > 0;
    if (known) {
      this.#challenge = best;
      this.#count = 0;
    }
    const stale = best?.fields.get('stale')?.toLowerCase() === 'true';
    return { user: this.#user !== undefined, known, stale };
  }

  /** The value of `Authorization` for a request; nothing while the camera did not ask. */
  answer(method: string, uri: string): string | undefined {
    const challenge = this.#challenge;
    if (!challenge || this.#user === undefined) return undefined;
    if (challenge.scheme === 'basic')
      return `Basic ${Buffer.from(`${this.#user}:${this.#password}`).toString('base64')}`;
    const { fields } = challenge;
    const algorithm = algorithmOf(challenge);
    const hash = (text: string): string =>
      createHash(hashes[algorithm.replace(/-sess$/, '')]!)
        .update(text)
        .digest('hex');
    const [realm, nonce] = [fields.get('realm') ?? '', fields.get('nonce')!];
    const cnonce = this.#cnonce();
    const count = (++this.#count).toString(16).padStart(8, '0');
    let secret = hash(`${this.#user}:${realm}:${this.#password}`);
    if (algorithm.endsWith('-sess')) secret = hash(`${secret}:${nonce}:${cnonce}`);
    const asked = hash(`${method}:${uri}`);
    const qop = fields.has('qop');
    const response = hash(qop ? `${secret}:${nonce}:${count}:${cnonce}:auth:${asked}` : `${secret}:${nonce}:${asked}`);
    const said = [
      `username=${quoted(this.#user)}, realm=${quoted(realm)}, nonce=${quoted(nonce)}, uri=${quoted(uri)}`,
      `response="${response}"`,
    ];
    if (fields.has('algorithm')) said.push(`algorithm=${fields.get('algorithm')!.replace(/[^\w-]/g, '')}`);
    if (fields.has('opaque')) said.push(`opaque=${quoted(fields.get('opaque')!)}`);
    if (qop) said.push(`qop=auth, nc=${count}`);
    if (qop || algorithm.endsWith('-sess')) said.push(`cnonce="${cnonce}"`);
    return `Digest ${said.join(', ')}`;
  }
}
