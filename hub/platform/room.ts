import type { JetStreamManager } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import { HubError } from '../model/error.ts';

/** Above this share of the log's size the recorded events are let go, above the second nothing new is taken. */
const trimAt = 0.7;
const fullAt = 0.9;
const lookEveryMs = 5_000;
/** What the server adds to a message: record header, checksum, the names of our headers. */
const overhead = 128;

/**
 * Keeps the log from its own limit. nats-server 2.9 with `discard: new` refuses at the limit, but reckons without the record's
 * overhead and then drops the oldest events, recorded or not, to hold it. So nothing is sent above 90 % of it; and what every
 * consumer has acknowledged (the recorder: committed to the `event` table) is purged above 70 %, oldest half first.
 */
export class Room {
  readonly #manager: JetStreamManager;
  readonly #log: Logger;
  #limit = 0;
  #stored = 0;
  #sent = 0;
  #inFlight = 0;
  #lookedAt = -Infinity;
  #looking: Promise<void> | undefined;

  constructor(manager: JetStreamManager, log: Logger) {
    this.#manager = manager;
    this.#log = log;
  }

  /** Reserves room for a message of so many bytes; throws `log.full`. The returned function gives the reservation back once it is stored. */
  take(bytes: number): (() => void) | Promise<() => void> {
    const size = bytes + overhead;
    return this.#fits(size) && Date.now() - this.#lookedAt < lookEveryMs
      ? this.#reserve(size)
      : this.#lookAndReserve(size);
  }

  async #lookAndReserve(size: number): Promise<() => void> {
    await this.#look();
    if (!this.#fits(size)) throw new HubError('log.full', 'the log is full and refuses new events');
    return this.#reserve(size);
  }

  #reserve(size: number): () => void {
    this.#sent += size;
    this.#inFlight += size;
    return () => void (this.#inFlight -= size);
  }

  #fits(size: number): boolean {
    return this.#stored + this.#sent + size <= this.#limit * fullAt;
  }

  #look(): Promise<void> {
    return (this.#looking ??= this.#measure().finally(() => (this.#looking = undefined)));
  }

  async #measure(): Promise<void> {
    // What is under way may or may not be in the answer: counted twice rather than not at all.
    const underWay = this.#inFlight;
    const sentBefore = this.#sent;
    let { state, config } = await this.#manager.streams.info('EVENTS');
    if (config.max_bytes > 0 && state.bytes + underWay > config.max_bytes * trimAt) {
      await this.#trim(state.first_seq, state.last_seq);
      ({ state, config } = await this.#manager.streams.info('EVENTS'));
    }
    this.#limit = config.max_bytes > 0 ? config.max_bytes : Infinity;
    this.#stored = state.bytes;
    this.#sent = this.#sent - sentBefore + underWay;
    this.#lookedAt = Date.now();
  }

  async #trim(first: number, last: number): Promise<void> {
    let recorded = Infinity;
    for await (const { config, ack_floor } of this.#manager.consumers.list('EVENTS')) {
      if (config.durable_name !== undefined) recorded = Math.min(recorded, ack_floor.stream_seq);
    }
    if (recorded === Infinity) return;
    const upTo = Math.min(recorded, first + Math.floor((last - first) / 2));
    if (upTo < first) return;
    const { purged } = await this.#manager.streams.purge('EVENTS', { seq: upTo + 1 });
    this.#log.info({ purged }, 'recorded events left the log; the archive has them');
  }
}
