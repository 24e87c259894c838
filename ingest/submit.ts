/** The last step of every door: parsed events onto the log, each id once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseEvent } from '../hub/model/event.ts';
import { encodeArray } from '../hub/platform/arrays.ts';
import { canonical } from '../hub/model/canonical.ts';
import { digestOfText } from '../hub/platform/digest.ts';
import type { Context } from '../hub/platform/part.ts';

export interface Submitted {
  accepted: number;
  duplicates: number;
  /** Indexes of events whose id belongs to another event. */
  clashes: number[];
}

/** Ids published lately by this process, which the recorder may not have committed yet. */
const remembered = 200_000;
const chunkLength = 1_000;
const patienceMs = 10_000;

/** An event that nobody knows of yet, as it will stand in the log. */
interface Fresh {
  event: CaseEvent;
  body: string;
  digest: string;
  index: number;
}

export class Submitter {
  readonly #bus: Context['bus'];
  readonly #store: Context['store'];
  readonly #recent = new Map<string, string>();

  constructor({ bus, store }: Pick<Context, 'bus' | 'store'>) {
    this.#bus = bus;
    this.#store = store;
  }

  /**
   * Resolves when every event is in the log, was there before, or clashes. Throws `HubError('log.away')` or
   * `HubError('store.away')` after its patience; the same call may then be repeated.
   */
  async submit(events: readonly CaseEvent[], options: { patienceMs?: number } = {}): Promise<Submitted> {
    const total: Submitted = { accepted: 0, duplicates: 0, clashes: [] };
    for (let from = 0; from < events.length; from += chunkLength) {
      await this.#chunk(events.slice(from, from + chunkLength), from, total, options.patienceMs ?? patienceMs);
    }
    return total;
  }

  async #chunk(events: readonly CaseEvent[], from: number, total: Submitted, patienceMs: number): Promise<void> {
    const known = await this.#known(events.map(({ id }) => id));
    const fresh: Fresh[] = [];
    events.forEach((event, offset) => {
      const body = canonical(event);
      const digest = digestOfText(body);
      const before = known.get(event.id) ?? this.#recent.get(event.id);
      if (!before) {
        known.set(event.id, digest);
        fresh.push({ event, body, digest, index: from + offset });
      } else if (digest === before) total.duplicates += 1;
      else total.clashes.push(from + offset);
    });
    const { stored, duplicates } = await this.#bus.publishAll(
      fresh.map(({ event }) => event),
      { patienceMs, bodies: fresh.map(({ body }) => body) },
    );
    for (const { event, digest } of duplicates === 0 ? fresh : []) this.#remember(event.id, digest);
    const clashes = duplicates === 0 ? [] : await this.#clashing(fresh);
    total.accepted += stored;
    total.duplicates += duplicates - clashes.length;
    total.clashes.push(...clashes);
  }

  /** The log knew an id that the store did not: somebody else is sending it just now. The recorder's digest tells which content won. */
  async #clashing(fresh: readonly Fresh[]): Promise<number[]> {
    const ids = fresh.map(({ event }) => event.id);
    let known = await this.#known(ids);
    for (let tries = 0; known.size < new Set(ids).size && tries < 20; tries += 1) {
      await sleep(100);
      known = await this.#known(ids);
    }
    return fresh.filter(({ event, digest }) => (known.get(event.id) ?? digest) !== digest).map(({ index }) => index);
  }

  async #known(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#store.query<{ id: string; digest: Uint8Array }>(
      'select id, digest from event_id where id = any($1::text[])',
      [encodeArray('text', ids)],
    );
    return new Map(rows.map(({ id, digest }) => [id, Buffer.from(digest).toString('hex')]));
  }

  #remember(id: string, digest: string): void {
    this.#recent.set(id, digest);
    if (this.#recent.size <= remembered) return;
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest);
      break;
    }
  }
}
