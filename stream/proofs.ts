import { createHash } from 'node:crypto';
import { union, type Span } from '../hub/model/verify.ts';
import { sampleOf } from '../hub/model/viewProof.ts';

/** What a page says it has of one camera. */
export interface Claim {
  camera: string;
  /** Fingerprints of parts. */
  parts: string[];
}

/** A page plays what it was sent within seconds: what is older proves nothing any more. */
const keptMs = 60_000;
/** Of one session and camera: pictures over the socket come one by one. */
const mostParts = 4_000;
const mostViews = 20_000;

interface Sent extends Span {
  at: number;
}

/**
 * Fingerprints of what was sent to each session, so that a page can show that it has the bytes (SC-11): a report names parts by
 * them, and whoever never fetched a part cannot. Memory only: what is forgotten costs seconds of a visit and never adds any.
 */
export class Proofs {
  /** By session and camera, the oldest first. */
  readonly #sent = new Map<string, Map<string, Sent>>();
  /** Many are sent the same part. */
  readonly #known = new WeakMap<Uint8Array, string>();

  get size(): number {
    return this.#sent.size;
  }

  /** `bytes` of programme time `span` (epoch ms) are on their way to the session. */
  note(session: string, camera: string, bytes: Uint8Array, { from, to }: Span, now: number): void {
    const key = keyOf(session, camera);
    let sent = this.#sent.get(key);
    if (!sent) {
      if (this.#sent.size >= mostViews) this.#sent.delete(this.#sent.keys().next().value!);
      this.#sent.set(key, (sent = new Map()));
    }
    const print = this.#printOf(bytes);
    sent.delete(print);
    // Whole milliseconds, as in the rows of deliveries and reports.
    sent.set(print, { from: Math.round(from), to: Math.round(to), at: now });
    drop(sent, now);
  }

  /** Programme time of the parts that were claimed and had been sent to the session, by camera. */
  spans(session: string, claims: readonly Claim[]): Record<string, Span[]> {
    const proven: Record<string, Span[]> = {};
    for (const { camera, parts } of claims) {
      const sent = this.#sent.get(keyOf(session, camera));
      const spans = parts.flatMap((part) => sent?.get(part) ?? []).map(({ from, to }) => ({ from, to }));
      proven[camera] = union([...(proven[camera] ?? []), ...spans]);
    }
    return proven;
  }

  sweep(now: number): void {
    for (const [key, sent] of this.#sent) {
      drop(sent, now);
      if (sent.size === 0) this.#sent.delete(key);
    }
  }

  #printOf(bytes: Uint8Array): string {
    const known = this.#known.get(bytes);
    if (known !== undefined) return known;
    const print = createHash('sha256').update(sampleOf(bytes)).digest('hex').slice(0, 32);
    this.#known.set(bytes, print);
    return print;
  }
}

const keyOf = (session: string, camera: string): string => `${session} ${camera}`;

function drop(sent: Map<string, Sent>, now: number): void {
  for (const [print, { at }] of sent) {
    if (now - at <= keptMs && sent.size <= mostParts) return;
    sent.delete(print);
  }
}
