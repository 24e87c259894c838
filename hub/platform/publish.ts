import { JetStreamApiError } from '@nats-io/jetstream';
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';

interface Acknowledgement {
  duplicate?: boolean;
  error?: ConstructorParameters<typeof JetStreamApiError>[0];
}

/** Who hears what became of a message. */
export interface Ended {
  resolve: (answer: { duplicate: boolean }) => void;
  reject: (reason: unknown) => void;
}

interface Waiting {
  ended: Ended;
  until: number;
}

const lookEveryMs = 50;
const stored = { duplicate: false };

/**
 * Publishes to JetStream and hears the acknowledgements on one subscription. The client's own `publish` makes an inbox, a timer
 * and two errors with stacks for every message, which is most of what it costs at ten thousand a second.
 */
export class Publisher {
  readonly #connection: NatsConnection;
  readonly #inbox = createInbox();
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    connection.subscribe(`${this.#inbox}.*`, { callback: (error, message) => void (error ?? this.#hear(message)) });
  }

  /** Resolves when the stream has stored it. Throws when it refuses, when there is none, after `timeoutMs`, and at `lose`. */
  publish(
    subject: string,
    body: Uint8Array,
    id: string | undefined,
    timeoutMs: number,
  ): Promise<{ duplicate: boolean }> {
    return new Promise((resolve, reject) => this.send(subject, body, id, timeoutMs, { resolve, reject }));
  }

  /** The same without a promise; `ended` may hear before this returns. */
  send(subject: string, body: Uint8Array, id: string | undefined, timeoutMs: number, ended: Ended): void {
    const key = (this.#next += 1);
    this.#waiting.set(key, { ended, until: Date.now() + timeoutMs });
    this.#timer ??= setInterval(() => this.#expire(), lookEveryMs).unref();
    try {
      this.#connection.publish(subject, body, {
        reply: `${this.#inbox}.${key}`,
        ...(id === undefined ? {} : { headers: headerOf(id) }),
      });
    } catch (error) {
      this.#waiting.delete(key);
      ended.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** What was under way when the connection broke is never answered; waiting for its timeout would cost seconds. */
  lose(): void {
    for (const [key, { ended }] of this.#waiting) {
      this.#waiting.delete(key);
      ended.reject(new Error('the connection was lost before the answer came'));
    }
  }

  #hear(message: Msg): void {
    const key = Number(message.subject.slice(this.#inbox.length + 1));
    const waiting = this.#waiting.get(key);
    if (!waiting) return;
    this.#waiting.delete(key);
    // Without a body it is the server's word that no stream takes this subject (503).
    if (message.data.length === 0) return waiting.ended.reject(new Error('no stream takes it'));
    const text = message.string();
    // Most say no more than that it is stored: only the others are taken apart.
    if (!text.includes('"duplicate"') && !text.includes('"error"')) return waiting.ended.resolve(stored);
    const { error, duplicate } = JSON.parse(text) as Acknowledgement;
    if (error) waiting.ended.reject(new JetStreamApiError(error));
    else waiting.ended.resolve({ duplicate: duplicate === true });
  }

  #expire(): void {
    const now = Date.now();
    for (const [key, { until, ended }] of this.#waiting) {
      if (until > now) continue;
      this.#waiting.delete(key);
      ended.reject(new Error('no answer in time'));
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Many messages, so many in flight. Nothing new is begun after a failure, and it is told once nothing is in flight any more. */
export class Batch {
  readonly done: Promise<{ stored: number; duplicates: number }>;
  readonly #length: number;
  readonly #mostInFlight: number;
  readonly #begin: (index: number, ended: Ended) => void;
  readonly #ended: Ended;
  #next = 0;
  #inFlight = 0;
  #duplicates = 0;
  #failure: unknown;
  #filling = false;
  #finish: () => void = () => {};

  /** `begin` starts the message of that index and lets `ended` hear once of its end. */
  constructor(length: number, mostInFlight: number, begin: (index: number, ended: Ended) => void) {
    this.#length = length;
    this.#mostInFlight = mostInFlight;
    this.#begin = begin;
    this.#ended = { resolve: ({ duplicate }) => this.#end(duplicate), reject: (reason) => this.#fail(reason) };
    this.done = new Promise((resolve, reject) => {
      this.#finish = () =>
        this.#failure === undefined
          ? resolve({ stored: length - this.#duplicates, duplicates: this.#duplicates })
          : reject(this.#failure as Error);
    });
    this.#fill();
  }

  #fill(): void {
    // What ends at once is heard within this loop, which goes on by itself.
    if (this.#filling) return;
    this.#filling = true;
    while (this.#inFlight < this.#mostInFlight && this.#next < this.#length && this.#failure === undefined) {
      this.#inFlight += 1;
      this.#begin(this.#next++, this.#ended);
    }
    this.#filling = false;
    if (this.#inFlight === 0) this.#finish();
  }

  #end(duplicate: boolean): void {
    this.#inFlight -= 1;
    if (duplicate) this.#duplicates += 1;
    this.#fill();
  }

  #fail(reason: unknown): void {
    this.#inFlight -= 1;
    this.#failure ??= reason ?? new Error('failed');
    this.#fill();
  }
}

/** The one header of an event, in the bytes it travels as: the client's own header object copies and checks at every step. */
function headerOf(id: string): MsgHdrs {
  if (/[\r\n]/.test(id)) throw new Error('an id of more than one line');
  const bytes = Buffer.from(`NATS/1.0\r\nNats-Msg-Id: ${id}\r\n\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}
