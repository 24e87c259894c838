/** The signature of a batch: who has only the token, on a wire or in a backup, can send nothing for a source that signs. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Seal } from '../hub/platform/seal.ts';
import type { Source } from './door.ts';
import { backlogHeader } from './pulse.ts';

export const timeHeader = 'x-hallwatch-time';
export const signatureHeader = 'x-hallwatch-signature';

/** A signed batch is taken so long before and after its time: one that was written down cannot be sent again later. */
const window = 5 * 60_000;

interface Signed {
  /** Epoch milliseconds, by the hub's clock as the sender knows it. */
  time: number;
  /** Of the door: a batch goes to no other. */
  path: string;
  backlog: string;
  /** As it is before gzip. */
  body: Uint8Array;
}

/** HMAC-SHA256, hex. */
export function sign(key: Uint8Array, { time, path, backlog, body }: Signed): string {
  return createHmac('sha256', key).update(`${time}\n${path}\n${backlog}\n`).update(body).digest('hex');
}

/** `stale`: signed, but too long ago or ahead; the sender corrects its clock by the answer's `Date` and signs anew. */
type Judgement = 'good' | 'missing' | 'stale' | 'bad';

function judge(key: Uint8Array, headers: IncomingHttpHeaders, path: string, body: Uint8Array, now: number): Judgement {
  const text = headers[timeHeader];
  const given = headers[signatureHeader];
  if (typeof text !== 'string' || typeof given !== 'string' || !/^\d{13}$/.test(text)) return 'missing';
  if (!/^[0-9a-f]{64}$/.test(given)) return 'bad';
  const time = Number(text);
  const backlog = String(headers[backlogHeader] ?? '');
  const expected = Buffer.from(sign(key, { time, path, backlog, body }), 'hex');
  if (!timingSafeEqual(expected, Buffer.from(given, 'hex'))) return 'bad';
  return Math.abs(now - time) > window ? 'stale' : 'good';
}

const details: Record<Exclude<Judgement, 'good' | 'stale'>, string> = {
  missing: `Expected ${timeHeader} and ${signatureHeader}: this source signs what it sends.`,
  bad: 'Expected HMAC-SHA256 with the key of this source: see ingest/agent/README.md.',
};

/** Why a batch of a source that signs is not taken; undefined when it is, or when the source does not sign. */
export function signatureFault(
  source: Source,
  seal: Pick<Seal, 'open'>,
  headers: IncomingHttpHeaders,
  path: string,
  body: Uint8Array,
  now: number,
): { status: 400 | 401; title: string; detail: string } | undefined {
  if (source.signingKey === undefined) return undefined;
  const key = Buffer.from(seal.open(source.signingKey), 'hex');
  const judgement = judge(key, headers, path, body, now);
  if (judgement === 'good') return undefined;
  // Nothing is wrong with the key: the same batch, signed again by the clock of this answer, is taken.
  if (judgement === 'stale')
    return {
      status: 400,
      title: 'the signature is too old or too new',
      detail: `${timeHeader} is more than ${window / 60_000} minutes from the hub's clock: correct it by the Date of this answer.`,
    };
  return { status: 401, title: 'the signature is not good', detail: details[judgement] };
}
