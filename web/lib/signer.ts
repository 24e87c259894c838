import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { ReportBody, SignedReport, ViewReport } from '../../hub/model/viewProof.ts';
import { held } from './held.ts';
import { live } from './socket.svelte.ts';

/** How long the hub may take to answer, milliseconds. */
const patience = 3_000;
const kept = 'hallwatch.page';

/** The name of this tab: it outlives a reload, so that the key of the page before it is dead. */
function pageName(isNew: boolean): string {
  try {
    const known = sessionStorage.getItem(kept);
    if (known && !isNew) return known;
  } catch {
    // Without storage the page has a new name each time.
  }
  const name = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
  try {
    sessionStorage.setItem(kept, name);
  } catch {
    // As above.
  }
  return name;
}

const printOf = (sample: Uint8Array): string => bytesToHex(sha256(sample)).slice(0, 32);

/**
 * Signs and sends the reports of one visit, loaded with it. Over plain HTTP in an intranet a browser has no `crypto.subtle`, so
 * that the digests come from a library. What cannot be sent now is dropped: it would be worthless later.
 */
export class Signer {
  readonly #visit: string;
  #key: { id: string; secret: Uint8Array } | undefined;
  #number = 0;
  #isAsking = false;

  constructor(visit: string) {
    this.#visit = visit;
    void this.#ask(false);
  }

  /** Resolves when the hub has taken it, or will not. */
  async send(reports: readonly Omit<ViewReport, 'parts'>[]): Promise<void> {
    const line = live.connection;
    if (!line?.connected) return;
    if (!this.#key) return this.#ask(false);
    const body: ReportBody = {
      number: (this.#number += 1),
      clock: performance.now(),
      reports: reports.map((each) => ({ ...each, parts: held.samples(each.camera, each.from, each.to).map(printOf) })),
    };
    const text = JSON.stringify(body);
    const { id, secret } = this.#key;
    const signed: SignedReport = { key: id, text, mac: bytesToHex(hmac(sha256, secret, utf8ToBytes(text))) };
    try {
      const reply = await line.timeout(patience).volatile.emitWithAck('watched', signed);
      if (reply.ok || reply.reason !== 'key' || this.#key?.id !== id) return;
      // Another tab goes by this name, or the hub was started anew.
      this.#key = undefined;
      await this.#ask(true);
    } catch {
      // It did not arrive; the next one will.
    }
  }

  async #ask(isNew: boolean): Promise<void> {
    const line = live.connection;
    if (this.#isAsking || !line?.connected) return;
    this.#isAsking = true;
    try {
      const message = { visit: this.#visit, page: pageName(isNew) };
      const reply = await line.timeout(patience).emitWithAck('follow', message);
      if (!reply.ok) return;
      this.#number = 0;
      this.#key = { id: reply.key, secret: hexToBytes(reply.secret) };
    } catch {
      // With the next report.
    } finally {
      this.#isAsking = false;
    }
  }
}
