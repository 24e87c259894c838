/** The recorder's end of the log: reads in batches, writes, announces, acknowledges, in this order. */
import { AckPolicy, DeliverPolicy, type Consumer, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { anyEvent, type Event } from '../model/event.ts';
import type { LiveItem } from '../model/live.ts';
import { takeQuickly } from '../model/quick.ts';
import type { Bus, Refusal } from '../platform/nats.ts';
import { worldChanged } from '../platform/world.ts';
import type { Incoming, Recorder, Written } from './batch.ts';

const durable = 'recorder';
const largestBatch = 1_000;
/** Messages asked for ahead of the batch being written. */
const ahead = 2_000;

interface InHand {
  messages: readonly JsMsg[];
  incoming: readonly Incoming[];
  /** Absent when it could not be decided yet. */
  written?: Promise<Written>;
}

/** A follower of the log: reads until `stop` is called, through restarts of the server and of the database. */
export class Follower {
  readonly #bus: Bus;
  readonly #recorder: Recorder;
  readonly #log: Logger;
  readonly #buffer: JsMsg[] = [];
  #messages: ConsumerMessages | undefined;
  /** Taken from the buffer and not acknowledged yet. */
  #inHand = 0;
  #wake: () => void = () => {};
  #stopping = false;
  #done: Promise<unknown> = Promise.resolve();
  /** The position announced last; unknown after a start and after a fault, when a commit may have gone unannounced. */
  #announced: number | undefined;
  /** The sequence of the newest message in hand or written; unknown before the first look at the store. */
  #reached: number | undefined;
  /** Messages of the log that were not given to us yet, as of the newest message; something, before the first look. */
  #pending = 1;

  constructor(bus: Bus, recorder: Recorder, log: Logger) {
    this.#bus = bus;
    this.#recorder = recorder;
    this.#log = log;
  }

  /** Whether everything in the log has been written: the ticker judges no clock before that. */
  get hasCaughtUp(): boolean {
    return this.#buffer.length === 0 && this.#inHand === 0 && this.#pending === 0;
  }

  start(): void {
    this.#done = Promise.all([this.#read(), this.#work()]);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#messages?.stop();
    this.#wake();
    await this.#done;
  }

  /**
   * The consumer begins anew behind what is written, or behind what is in hand: what its server remembers as delivered may
   * never have arrived, and acknowledging what comes after it would lose it.
   */
  async #consumer(): Promise<Consumer> {
    const { consumers, streams } = this.#bus.manager;
    const { state } = await streams.info('EVENTS');
    this.#reached ??= await this.#recorder.sequence();
    // A log that was lost begins again; what it holds twice is known by its id.
    if (this.#reached > state.last_seq) this.#reached = 0;
    this.#pending = state.messages === 0 ? 0 : state.last_seq - this.#reached;
    await consumers.delete('EVENTS', durable).catch(() => {});
    await consumers.add('EVENTS', {
      durable_name: durable,
      ack_policy: AckPolicy.All,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#reached + 1,
      // Longer than a database takes to come back; a message that is given twice is a no-op by its id.
      ack_wait: 60_000_000_000,
      max_ack_pending: 4 * ahead,
    });
    return this.#bus.jetstream.consumers.get('EVENTS', durable);
  }

  async #read(): Promise<void> {
    while (!this.#stopping) {
      try {
        const consumer = await this.#consumer();
        this.#messages = await consumer.consume({
          max_messages: ahead,
          idle_heartbeat: 2_000,
          abort_on_missing_resource: true,
        });
        // Told to stop while it was being opened: nobody else would end it.
        if (this.#stopping) this.#messages.stop();
        await this.#take(this.#messages);
      } catch (error) {
        if (!this.#stopping) this.#log.warn({ err: error }, 'the log is away: trying again');
      }
      if (!this.#stopping) await sleep(250);
    }
  }

  /** Returns when the messages end, and when one of them is missing. */
  async #take(messages: ConsumerMessages): Promise<void> {
    let isFirst = true;
    for await (const message of messages) {
      const expected = (this.#reached ?? 0) + 1;
      if (message.seq < expected) continue;
      if (message.seq > expected && !isFirst) {
        this.#log.warn({ expected, came: message.seq }, 'messages of the log did not arrive: reading on from the gap');
        return;
      }
      isFirst = false;
      this.#reached = message.seq;
      this.#buffer.push(message);
      this.#pending = message.info.pending;
      this.#wake();
      while (this.#buffer.length > 2 * ahead && !this.#stopping) await sleep(5);
    }
  }

  /** One batch is decided while the one before it is being written; they are written in their order. */
  async #work(): Promise<void> {
    let before: InHand | undefined;
    while (!this.#stopping) {
      if (this.#buffer.length === 0) {
        if (!before) await new Promise<void>((resolve) => (this.#wake = resolve));
        else if (!(await this.#settle(before))) return;
        before = undefined;
        continue;
      }
      const messages = this.#buffer.splice(0, largestBatch);
      this.#inHand += messages.length;
      const incoming = await this.#parse(messages);
      const prepared = await this.#recorder.prepare(incoming).catch(() => undefined);
      if (before && !(await this.#settle(before))) return;
      before = undefined;
      if (prepared && this.#recorder.holds(prepared)) {
        const written = this.#recorder.commit(prepared);
        // `settle` hears of a failure; until then it must not count as unheard.
        written.catch(() => {});
        before = { messages, incoming, written };
      } else if (!(await this.#settle({ messages, incoming }))) return;
    }
    if (before) await this.#settle(before);
  }

  /**
   * Waits until a batch is written, repeating it while the database is away, and acknowledges it. False when told to stop before
   * that: nothing after it may be written then, because acknowledging a later batch acknowledges this one too.
   */
  async #settle({ messages, incoming, written }: InHand): Promise<boolean> {
    const done = await written?.catch(() => undefined);
    if (done) await this.#tell(done);
    else if (!(await this.#write(incoming))) return false;
    messages.at(-1)!.ack();
    this.#inHand -= messages.length;
    return true;
  }

  async #parse(messages: readonly JsMsg[]): Promise<Incoming[]> {
    const incoming: Incoming[] = [];
    for (const message of messages) {
      const event = parse(message);
      if (!('kind' in event)) {
        const place = String(message.seq);
        await this.#refuse({ source: 'log', place, field: event.field, reason: event.reason, bytes: message.data });
        this.#log.warn({ sequence: message.seq, reason: event.reason }, 'a message of the log is no event: refused');
      } else incoming.push({ event, receivedAt: Math.floor(message.info.timestampNanos / 1e6), sequence: message.seq });
    }
    return incoming;
  }

  /** Repeats until it is written; false when told to stop meanwhile. */
  async #write(incoming: readonly Incoming[]): Promise<boolean> {
    for (let wait = 50; ; wait = Math.min(2_000, wait * 2)) {
      try {
        await this.#tell(await this.#recorder.write(incoming));
        return true;
      } catch (error) {
        this.#announced = undefined;
        if (this.#stopping) return false;
        if (isOfData(error)) {
          if (incoming.length > 1)
            return (
              (await this.#write(incoming.slice(0, incoming.length >> 1))) &&
              this.#write(incoming.slice(incoming.length >> 1))
            );
          await this.#giveUp(incoming[0]!, error);
          return true;
        }
        this.#log.warn({ err: error }, 'the database is away: the batch is kept and tried again');
        await sleep(wait);
      }
    }
  }

  /** One event that the database will never take: it goes to the refused with its reason, and the log goes on. */
  async #giveUp({ event }: Incoming, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.error({ err: error, id: event.id }, 'an event cannot be stored: refused');
    await this.#putAside(event, { field: 'event', reason });
    this.#bus.announce(event.id, { ok: false, field: 'event', reason: 'it cannot be stored' });
  }

  async #putAside(event: Event, { field, reason }: { field: string; reason: string }): Promise<void> {
    await this.#refuse({
      source: event.source,
      place: event.id,
      field,
      reason,
      bytes: Buffer.from(JSON.stringify(event)),
    });
  }

  /** What cannot be recorded is not acknowledged before it is kept: it is repeated for as long as the log is away. */
  async #refuse(refusal: Refusal): Promise<void> {
    while (!this.#stopping) {
      try {
        return await this.#bus.refuse(refusal);
      } catch (error) {
        this.#log.warn({ err: error }, 'the log is away: a refusal waits');
      }
    }
  }

  async #tell({ outcomes, live, after, position }: Written): Promise<void> {
    const messages = [...live].flatMap(([region, items]) => slices(items).map((slice) => ({ region, items: slice })));
    const before = this.#announced ?? after;
    messages.forEach(({ region, items }, index) => {
      const more = index < messages.length - 1;
      this.#bus.publishLive(region, { position, items, after: before, ...(more ? { more } : {}) });
      this.#announced = position;
    });
    // Written: every part reads packs and cameras again, also when the command's caller has gone away.
    if (outcomes.some(({ event, verdict }) => verdict.ok && isReferenceData(event)))
      this.#bus.connection.publish(worldChanged);
    for (const { event, verdict, isConflict } of outcomes) {
      // The archive holds the first event of this id, so the second is kept with the refused.
      if (isConflict && !verdict.ok) await this.#putAside(event, verdict);
      if (isCommand(event)) this.#bus.announce(event.id, verdict);
      if (!verdict.ok) this.#log.debug({ id: event.id, ...verdict }, 'refused');
    }
  }
}

/** A NATS message holds 1 MiB; a signal with its explanation may take 4 KiB of it. */
function slices(items: readonly LiveItem[]): LiveItem[][] {
  const largest = 200;
  return Array.from({ length: Math.ceil(items.length / largest) }, (_, index) =>
    items.slice(index * largest, (index + 1) * largest),
  );
}

/** People wait for a verdict, also of the duty of a patrol as needed (SC-15), which names none of them; and the part that keeps evidence. */
const isCommand = (event: Event): boolean =>
  'account' in event || 'evidence' in event || (event.kind === 'patrol.planned' && event.of === 'asNeeded');
const isReferenceData = (event: Event): boolean =>
  event.kind === 'pack.activated' || (event.kind === 'camera.changed' && event.account !== undefined);

function parse(message: JsMsg): Event | { field: string; reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(textOf(message.data));
  } catch {
    return { field: '', reason: 'not JSON' };
  }
  const plain = takeQuickly(json);
  if (plain) return plain;
  const result = anyEvent.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return { field: issue?.path.join('.') ?? '', reason: issue?.message ?? 'not an event' };
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

/** SQLSTATE classes of data that will never fit (22, 23), as against a server that is away or busy. */
function isOfData(error: unknown): boolean {
  const codes = [error, (error as { cause?: unknown }).cause].map(
    (each) => (each as { code?: unknown } | undefined)?.code,
  );
  return codes.some((code) => typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code));
}
