import crypto, { createHash } from 'node:crypto';
import { canonical } from '../model/canonical.ts';

/** SHA-256, in hexadecimal, of the canonical JSON: tells a repeated event from a different one under the same id. */
export function digestOf(value: unknown): string {
  return digestOfText(canonical(value));
}

/** SHA-256, in hexadecimal, of bytes, or of what stands in canonical JSON already. */
export const digestOfText: (text: string | Uint8Array) => string =
  // The one-shot came with Node 20.12 and takes a third of the time.
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text)
    : (text) => createHash('sha256').update(text).digest('hex');
