/**
 * From the outbox to the channels: every notice gets a delivery for each channel and recipient, every delivery is tried until it
 * is taken or given up. At least once: a hub that dies between the other side's yes and our note of it sends again under the
 * same key. Nothing here is waited for by the recorder.
 */
import type { Logger } from 'pino';
import { recipientsOf } from '../model/contact.ts';
import type { Notice } from '../model/notice.ts';
import type { World } from '../model/world.ts';
import type { Statement, Store } from '../platform/postgres.ts';
import { Undelivered, type Channel } from './channel.ts';
import { messageOf } from './message.ts';
import {
  claim,
  countRecent,
  forget,
  giveUp,
  insertDeliveries,
  lockProgress,
  moveProgress,
  nextNotices,
  settle,
  type Claimed,
  type Delivery,
} from './outbox.ts';

export interface Pace {
  /** Between two looks into the outbox. */
  everyMs: number;
  /** Before the second attempt; each later one waits twice as long, up to `longestMs`, and a random part more. */
  firstRetryMs: number;
  longestMs: number;
  attempts: number;
}
const usual: Pace = { everyMs: 1_000, firstRetryMs: 5_000, longestMs: 10 * 60_000, attempts: 12 };

const hour = 3_600_000;
/** Older notices are not sent: who finds a new outbox (a rebuild, a channel set today) must not wake everybody. */
const staleAfter = 24 * hour;
const kept = 400 * 24 * hour;
const pageOfNotices = 200;
const atOnce = 20;
/** The longest one attempt takes, and a while. */
const lease = 60_000;
/** To one recipient by one channel within an hour; a storm of signals is seen on the pages. */
const mostAnHour = 60;
const longestStop = 3_000;

interface Parts {
  store: Store;
  world: () => World;
  channels: readonly Channel[];
  log: Logger;
  origin?: string | undefined;
  pace?: Partial<Pace>;
  now?: () => number;
}

export class Sender {
  readonly #store: Store;
  readonly #world: () => World;
  readonly #channels: readonly Channel[];
  readonly #log: Logger;
  readonly #origin: string | undefined;
  readonly #pace: Pace;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  #loops: Promise<void>[] = [];
  #cleanedAt = 0;

  constructor({ store, world, channels, log, origin, pace, now = Date.now }: Parts) {
    this.#store = store;
    this.#world = world;
    this.#channels = channels;
    this.#log = log;
    this.#origin = origin;
    this.#pace = { ...usual, ...pace };
    this.#now = now;
  }

  start(): void {
    if (this.#loops.length > 0 || this.#channels.length === 0) return;
    // A slow channel must not hold up another.
    this.#loops = [
      this.#repeat(() => this.#plan()),
      ...this.#channels.map((each) => this.#repeat(() => this.#send(each))),
    ];
  }

  /** Lets go of what is being sent: it is tried again by whoever starts next. */
  async stop(): Promise<void> {
    this.#stop.abort();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, longestStop)));
    await Promise.race([Promise.all(this.#loops), patience]);
    clearTimeout(timer);
    for (const channel of this.#channels) channel.close?.();
  }

  /** Again at once while there is work, else after a pause. */
  async #repeat(work: () => Promise<number>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let done = 0;
      try {
        done = await work();
      } catch (error) {
        if (!signal.aborted) this.#log.warn({ err: error }, 'the outbox could not be read: trying again');
      }
      if (done === 0 && !signal.aborted) await pause(this.#pace.everyMs, signal);
    }
  }

  /** Gives the next notices their deliveries. One process at a time: the row of progress is locked. */
  async #plan(): Promise<number> {
    const now = this.#now();
    const run = <R extends Record<string, unknown>>(statement: Statement) =>
      this.#store.query<R>(statement.text, statement.values);
    await run(giveUp(now - staleAfter, now));
    if (now - this.#cleanedAt > hour) {
      await run(forget(now - kept));
      this.#cleanedAt = now;
    }
    return this.#store.transaction(async (runner) => {
      const ask = <R extends Record<string, unknown>>(statement: Statement) =>
        runner.query<R>(statement.text, statement.values);
      const [{ position: after } = { position: 0 }] = await ask<{ position: number }>(lockProgress);
      const rows = await ask<{ position: number; body: Notice }>(nextNotices(after, pageOfNotices));
      const last = rows.at(-1);
      if (!last) return 0;
      const recent = new Map(
        (await ask<{ channel: string; contact: string; count: number }>(countRecent(now - hour))).map(
          ({ channel, contact, count }) => [`${channel} ${contact}`, count],
        ),
      );
      const deliveries = rows.flatMap(({ body }) => this.#deliveriesOf(body, now, recent));
      await ask(insertDeliveries(deliveries, now));
      await ask(moveProgress(last.position));
      return rows.length;
    });
  }

  #deliveriesOf(notice: Notice, now: number, recent: Map<string, number>): Delivery[] {
    const nowhere = { notice: notice.id, channel: '', contact: '', recipient: '' };
    if (now - notice.at > staleAfter) return [{ ...nowhere, state: 'stale' }];
    const contacts = recipientsOf(this.#world(), notice);
    const deliveries: Delivery[] = [];
    for (const { name: channel, addressOf, everybody } of this.#channels) {
      if (everybody !== undefined)
        deliveries.push({ notice: notice.id, channel, contact: '', recipient: everybody, state: 'waiting' });
      for (const contact of contacts) {
        const recipient = addressOf(contact);
        if (recipient === undefined) continue;
        const key = `${channel} ${contact.id}`;
        const count = (recent.get(key) ?? 0) + 1;
        recent.set(key, count);
        const state = count > mostAnHour ? ('muted' as const) : ('waiting' as const);
        const why = state === 'muted' ? { error: `more than ${mostAnHour} within an hour` } : {};
        deliveries.push({ notice: notice.id, channel, contact: contact.id, recipient, state, ...why });
      }
    }
    return deliveries.length > 0 ? deliveries : [{ ...nowhere, state: 'nobody' }];
  }

  async #send(channel: Channel): Promise<number> {
    const { text, values } = claim(channel.name, this.#now(), lease, atOnce);
    const claimed = await this.#store.query<Claimed>(text, values);
    await Promise.all(claimed.map((each) => this.#attempt(channel, each)));
    return claimed.length;
  }

  async #attempt(channel: Channel, claimed: Claimed): Promise<void> {
    const { signal } = this.#stop;
    const { notice, contact, recipient, attempts, body } = claimed;
    const write = async (...[state, more]: [Parameters<typeof settle>[2], Parameters<typeof settle>[4]?]) => {
      const { text, values } = settle(claimed, channel.name, state, this.#now(), more);
      await this.#store.query(text, values);
    };
    try {
      const known = this.#world().contacts.get(contact);
      const recipients = known ? [known] : contact === '' ? recipientsOf(this.#world(), body) : [];
      const key = contact === '' ? notice : `${notice}:${contact}`;
      await channel.send(recipient, messageOf(body, this.#world(), { key, origin: this.#origin, recipients }), signal);
    } catch (error) {
      if (signal.aborted) return write('waiting', { isUntried: true });
      const reason = error instanceof Undelivered ? error.message : 'the message could not be made';
      if (!(error instanceof Undelivered)) this.#log.error({ err: error, notice }, 'a notice could not be sent');
      const isFinal = error instanceof Undelivered && error.isFinal;
      if (isFinal || attempts >= this.#pace.attempts) {
        this.#log.warn({ notice, channel: channel.name, reason, attempts }, 'a notice was given up');
        return write('failed', { error: reason });
      }
      const { firstRetryMs, longestMs } = this.#pace;
      const wait = Math.min(longestMs, firstRetryMs * 2 ** (attempts - 1)) * (1 + Math.random() / 4);
      return write('waiting', { nextTry: Math.ceil(this.#now() + wait), error: reason });
    }
    await write('sent');
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
