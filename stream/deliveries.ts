import type { Logger } from 'pino';
import type { Store } from '../hub/platform/postgres.ts';

/** Media that reached a session: programme time from, to (epoch ms) of one camera. */
export interface Delivery {
  session: string;
  camera: string;
  from: number;
  to: number;
  at: number;
}

const EVERY_MS = 1000;
const BATCH = 1000;
/** About a quarter of an hour of a hundred walls; beyond that the oldest go, and a visit counts fewer seconds. */
const MOST = 100_000;

const insertInto = (table: string): string => `insert into ${table} (session, camera, media_from, media_to, at)
  select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])`;

/** What was delivered to whom: telemetry, written in batches every second, kept while the store is away. */
export class Deliveries {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #insert: string;
  readonly #timer: NodeJS.Timeout;
  #queue: Delivery[] = [];
  #lost = 0;
  #writing: Promise<void> = Promise.resolve();
  #busy = false;

  /** `playback`: of recordings, which no visit is verified by. */
  constructor(store: Store, log: Logger, table: 'delivery' | 'playback' = 'delivery') {
    this.#store = store;
    this.#log = log;
    this.#insert = insertInto(table);
    this.#timer = setInterval(() => this.#flush(), EVERY_MS);
  }

  add(delivery: Delivery): void {
    if (this.#queue.length >= MOST) {
      this.#queue.splice(0, BATCH);
      this.#lost += BATCH;
    }
    this.#queue.push(delivery);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    if (this.#busy || this.#queue.length === 0) return;
    this.#busy = true;
    this.#writing = this.#write().finally(() => (this.#busy = false));
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, BATCH);
      try {
        await this.#store.query(this.#insert, [
          batch.map((each) => each.session),
          batch.map((each) => each.camera),
          batch.map((each) => Math.round(each.from)),
          batch.map((each) => Math.round(each.to)),
          batch.map((each) => each.at),
        ]);
      } catch (error) {
        // Kept for the next second.
        this.#log.warn({ err: error, waiting: this.#queue.length, lost: this.#lost }, 'deliveries were not written');
        return;
      }
      // The oldest may have been dropped meanwhile: remove exactly what was written.
      const written = new Set(batch);
      this.#queue = this.#queue.filter((each) => !written.has(each));
    }
  }
}
