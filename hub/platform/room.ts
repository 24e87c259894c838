import type { JetStreamManager } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
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

  /** Reserves room for a message of so many bytes, to be given back once it is stored; false when the log has to be looked at first. */
  takeNow(bytes: number): boolean {
    if (!this.#fits(bytes + overhead) || Date.now() - this.#lookedAt >= lookEveryMs) return false;
    this.#sent += bytes + overhead;
    this.#inFlight += bytes + overhead;
    return true;
  }

  /** The same after a look at the log; throws `log.full`, and what the look throws when the server does not answer by the deadline. */
  async take(bytes: number, deadline: number): Promise<void> {
    if (this.takeNow(bytes)) return;
    const patience = new AbortController();
    const late = sleep(Math.max(0, deadline - Date.now()), undefined, { signal: patience.signal }).then(() => {
      throw new Error('the log did not say in time how full it is');
    });
    // Nobody hears of it when the look was faster.
    late.catch(() => {});
    await Promise.race([this.#look(), late]).finally(() => patience.abort());
    if (!this.takeNow(bytes)) throw new HubError('log.full', 'the log is full and refuses new events');
  }

  giveBack(bytes: number): void {
    this.#inFlight -= bytes + overhead;
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
