import { JetStreamApiError } from '@nats-io/jetstream';
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';

interface Acknowledgement {
  duplicate?: boolean;
  error?: ConstructorParameters<typeof JetStreamApiError>[0];
}

interface Waiting {
  resolve: (answer: { duplicate: boolean }) => void;
  reject: (reason: Error) => void;
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
    return new Promise((resolve, reject) => {
      const key = (this.#next += 1);
      this.#waiting.set(key, { resolve, reject, until: Date.now() + timeoutMs });
      this.#timer ??= setInterval(() => this.#expire(), lookEveryMs).unref();
      try {
        this.#connection.publish(subject, body, {
          reply: `${this.#inbox}.${key}`,
          ...(id === undefined ? {} : { headers: headerOf(id) }),
        });
      } catch (error) {
        this.#waiting.delete(key);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** What was under way when the connection broke is never answered; waiting for its timeout would cost seconds. */
  lose(): void {
    for (const [key, { reject }] of this.#waiting) {
      this.#waiting.delete(key);
      reject(new Error('the connection was lost before the answer came'));
    }
  }

  #hear(message: Msg): void {
    const key = Number(message.subject.slice(this.#inbox.length + 1));
    const waiting = this.#waiting.get(key);
    if (!waiting) return;
    this.#waiting.delete(key);
    // Without a body it is the server's word that no stream takes this subject (503).
    if (message.data.length === 0) return waiting.reject(new Error('no stream takes it'));
    const text = message.string();
    // Most say no more than that it is stored: only the others are taken apart.
    if (!text.includes('"duplicate"') && !text.includes('"error"')) return waiting.resolve(stored);
    const { error, duplicate } = JSON.parse(text) as Acknowledgement;
    if (error) waiting.reject(new JetStreamApiError(error));
    else waiting.resolve({ duplicate: duplicate === true });
  }

  #expire(): void {
    const now = Date.now();
    for (const [key, { until, reject }] of this.#waiting) {
      if (until > now) continue;
      this.#waiting.delete(key);
      reject(new Error('no answer in time'));
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The one header of an event, in the bytes it travels as: the client's own header object copies and checks at every step. */
function headerOf(id: string): MsgHdrs {
  if (/[\r\n]/.test(id)) throw new Error('an id of more than one line');
  const bytes = Buffer.from(`NATS/1.0\r\nNats-Msg-Id: ${id}\r\n\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}
