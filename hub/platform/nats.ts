import type { NatsConnection } from '@nats-io/transport-node';
import {
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { canonical } from '../model/canonical.ts';
import { HubError } from '../model/error.ts';
import { subjectOf, type Event } from '../model/event.ts';
import type { LiveMessage } from '../model/live.ts';
import { dial, watchLink, type DialOptions } from './dial.ts';
import { Batch, Publisher, type Ended } from './publish.ts';
import { Room } from './room.ts';
import { ensureStreams, type LogLimits } from './streams.ts';

/** What the recorder said of an event: committed, or refused by the rules of its state (kept in the archive as refused). */
export type Verdict = { ok: true; position: number } | { ok: false; field: string; reason: string };

/** Something that could not become an event: kept under `refused.<source>` with its bytes. */
export interface Refusal {
  source: string;
  /** Line of a file or index in a request, from 1 for lines and 0 for indexes. */
  place: string;
  field: string;
  reason: string;
  /** The input as it came, at most 64 KiB of it. */
  bytes: Uint8Array;
}

/** The log (JetStream stream `EVENTS`, subjects `event.>`), refusals (`REFUSED`, `refused.>`) and live messages. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Resolves once the log has stored it (`Nats-Msg-Id` is the event id). Goes on trying while the server is away, for at most `patienceMs` (default 30,000), then throws `HubError('log.away')`; the caller may repeat safely. */
  publish(event: Event, options?: { patienceMs?: number }): Promise<{ duplicate: boolean }>;
  /** The same for many, at most 256 in flight; resolves when all are stored. `bodies` are the events' canonical JSON, from whoever has it. */
  publishAll(
    events: readonly Event[],
    options?: { patienceMs?: number; bodies?: readonly string[] },
  ): Promise<{ stored: number; duplicates: number }>;
  refuse(refusal: Refusal): Promise<void>;
  /** Publishes a person's command and waits for the recorder's verdict on its id. Throws `HubError('recorder.away')` after `waitMs` (default 5,000); serve answers 503. A repeat of an event that is in the log already asks the recorder at `record.verdict` ({id} → Verdict or null). */
  command(event: Event, options?: { waitMs?: number }): Promise<Verdict>;
  /** Recorder only: announces verdicts (`verdict.<id>`, core NATS) after the commit. */
  announce(id: string, verdict: Verdict): void;
  /** Recorder only: `live.<region>`; core NATS, no history: whoever missed it reads the store by position. */
  publishLive(region: string, message: LiveMessage): void;
  /** Calls back for every live message of every region until the returned function is called. */
  onLive(listen: (region: string, message: LiveMessage) => void): () => void;
  /** Request and reply between parts, for example `stream.snapshot`; JSON in and out. The answer of a handler that throws is a rejected promise here. */
  ask<Answer>(subject: string, question: unknown, timeoutMs: number): Promise<Answer>;
  answer<Question>(subject: string, handle: (question: Question) => Promise<unknown>): () => void;
  close(): Promise<void>;
}

export interface BusOptions extends LogLimits, DialOptions {
  log: Logger;
}

const attemptMs = 2_000;
const inFlight = 256;
const questionsAtOnce = 256;
const refusedBytes = 64 * 1024;

/** Connects, creates the streams and keeps reconnecting for ever. Throws `HubError('log.away')` when no server answers in time. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const { log } = options;
  const connection = await dial(options);
  const link = watchLink(connection, log);
  const manager = await jetstreamManager(connection, { timeout: 5_000 });
  await ensureStreams(manager, options);
  // A server that lost its store comes back without the streams.
  link.onReconnect(
    () =>
      void ensureStreams(manager, options).catch((error: unknown) =>
        log.error({ err: error }, 'streams could not be checked'),
      ),
  );
  const js = jetstream(connection, { timeout: attemptMs });
  const publisher = new Publisher(connection);
  link.onLost(() => publisher.lose());

  const room = new Room(manager, log);

  async function store(
    subject: string,
    text: string,
    id: string | undefined,
    patienceMs: number,
    rooms?: Room,
  ): Promise<{ duplicate: boolean }> {
    const body = Buffer.from(text);
    const deadline = Date.now() + patienceMs;
    let pause = 20;
    for (;;) {
      let giveBack: (() => void) | undefined;
      try {
        if (!link.isUp()) await link.up(deadline);
        if (rooms) {
          const size = body.length + subject.length;
          await rooms.take(size, deadline);
          giveBack = () => rooms.giveBack(size);
        }
        const timeout = Math.max(50, Math.min(attemptMs, deadline - Date.now()));
        return await publisher.publish(subject, body, id, timeout);
      } catch (error) {
        if (error instanceof HubError && error.code === 'log.full') throw error;
        if (connection.isClosed())
          throw new HubError('log.away', 'the connection to the log was closed', { cause: error });
        refuseForGood(error);
        if (Date.now() + pause >= deadline)
          throw new HubError('log.away', `the log did not answer within ${patienceMs} ms`, { cause: error });
        await sleep(pause * (0.5 + Math.random()));
        pause = Math.min(pause * 2, 500);
      } finally {
        giveBack?.();
      }
    }
  }

  /** The first try of one of many, without a promise for each; `again` is called where it needs more than that. */
  function post(subject: string, text: string, id: string, patienceMs: number, ended: Ended, again: () => void): void {
    const body = Buffer.from(text);
    const size = body.length + subject.length;
    if (!room.takeNow(size)) return again();
    const giveBack = (): void => room.giveBack(size);
    publisher.send(subject, body, id, Math.min(attemptMs, patienceMs), {
      resolve: (answer) => {
        giveBack();
        ended.resolve(answer);
      },
      reject: () => {
        giveBack();
        again();
      },
    });
  }

  const bus: Bus = {
    connection,
    jetstream: js,
    manager,
    publish: (event, { patienceMs = 30_000 } = {}) =>
      // In the form that its digest is taken of, so that the recorder need not arrange it again.
      store(subjectOf(event), canonical(event), event.id, patienceMs, room),

    publishAll(events, { patienceMs = 30_000, bodies } = {}) {
      const batch = new Batch(events.length, inFlight, (index, ended) => {
        const event = events[index]!;
        const text = bodies?.[index] ?? canonical(event);
        const again = (): void =>
          void store(subjectOf(event), text, event.id, patienceMs, room).then(ended.resolve, ended.reject);
        if (link.isUp()) post(subjectOf(event), text, event.id, patienceMs, ended, again);
        else again();
      });
      return batch.done;
    },

    async refuse({ source, place, field, reason, bytes }) {
      const kept = bytes.subarray(0, refusedBytes);
      const body = {
        source,
        place,
        field,
        reason,
        at: Date.now(),
        size: bytes.length,
        bytes: Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('base64'),
      };
      await store(`refused.${subjectToken(source)}`, JSON.stringify(body), undefined, 30_000);
    },

    async command(event, { waitMs = 5_000 } = {}) {
      const deadline = Date.now() + waitMs;
      const verdict = awaitVerdict(connection, event.id, waitMs);
      // Whoever throws below leaves the promise alone; it must not become an unhandled rejection.
      verdict.answer.catch(() => {});
      try {
        // Subscribed on the server before the event is there, or the verdict could be announced to nobody.
        await Promise.race([connection.flush(), sleep(waitMs)]);
        const { duplicate } = await bus.publish(event, { patienceMs: waitMs });
        if (duplicate) {
          const known = await bus
            .ask<Verdict | null>('record.verdict', { id: event.id }, Math.max(50, deadline - Date.now()))
            .catch(() => null);
          if (known) return known;
        }
        return await verdict.answer;
      } finally {
        verdict.cancel();
      }
    },

    announce: (id, verdict) => connection.publish(verdictSubject(id), JSON.stringify(verdict)),
    publishLive: (region, message) => connection.publish(`live.${region}`, JSON.stringify(message)),
    onLive(listen) {
      const subscription = connection.subscribe('live.>', {
        callback: (error, message) => {
          if (!error) listen(message.subject.slice('live.'.length), message.json());
        },
      });
      return () => subscription.unsubscribe();
    },

    async ask<Answer>(subject: string, question: unknown, timeoutMs: number): Promise<Answer> {
      let reply;
      try {
        reply = (
          await connection.request(subject, JSON.stringify(question ?? null), { timeout: timeoutMs })
        ).json<Reply>();
      } catch (error) {
        throw new HubError('part.away', `nobody answered ${subject}`, { cause: error });
      }
      if ('error' in reply) throw new HubError(reply.error.code, reply.error.message);
      return reply.value as Answer;
    },

    answer<Question>(subject: string, handle: (question: Question) => Promise<unknown>) {
      let open = 0;
      const subscription = connection.subscribe(subject, {
        queue: 'answer',
        callback: (error, message) => {
          if (error) return;
          if (open >= questionsAtOnce)
            return void message.respond(failure(new HubError('part.busy', `${subject} has too many questions open`)));
          open += 1;
          void Promise.resolve()
            .then(() => handle(message.json<Question>()))
            .then((value) => message.respond(JSON.stringify({ value: value ?? null })))
            .catch((reason: unknown) => {
              log.debug({ err: reason, subject }, 'a question failed');
              message.respond(failure(reason));
            })
            .finally(() => (open -= 1));
        },
      });
      return () => subscription.unsubscribe();
    },

    async close() {
      if (connection.isClosed()) return;
      // drain() waits for a server that may be gone.
      await Promise.race([connection.drain().catch(() => {}), sleep(1_000)]);
      await connection.close();
    },
  };
  return bus;
}

type Reply = { value: unknown } | { error: { code: string; message: string } };

/** `respond` on a closed connection answers false, which is as good as a lost reply. */
function failure(reason: unknown): string {
  const error = reason instanceof Error ? reason : new Error(String(reason));
  return JSON.stringify({
    error: { code: reason instanceof HubError ? reason.code : 'part.failed', message: error.message },
  } satisfies Reply);
}

/** Throws what repeating cannot mend. */
function refuseForGood(error: unknown): void {
  if (error instanceof JetStreamApiError && error.message.includes('maximum bytes exceeded'))
    throw new HubError('log.full', 'the log is full and refuses new events', { cause: error });
  if (error instanceof JetStreamApiError && error.status === 400)
    throw new HubError('log.refused', error.message, { cause: error });
  if (error instanceof Error && /payload/i.test(error.message) && !(error instanceof HubError))
    throw new HubError('log.refused', 'the event is larger than the log takes', { cause: error });
}

/** Ids may hold dots at their ends and letters of any script, which a subject may not. */
export const subjectToken = (text: string): string =>
  /^[A-Za-z0-9_-]+$/.test(text) ? text : `b64_${Buffer.from(text).toString('base64url')}`;
const verdictSubject = (id: string): string => `verdict.${Buffer.from(id).toString('base64url')}`;

function awaitVerdict(
  connection: NatsConnection,
  id: string,
  waitMs: number,
): { answer: Promise<Verdict>; cancel: () => void } {
  let cancel = (): void => {};
  const answer = new Promise<Verdict>((resolve, reject) => {
    const subscription = connection.subscribe(verdictSubject(id), {
      max: 1,
      callback: (error, message) => {
        if (!error) resolve(message.json<Verdict>());
      },
    });
    const timer = setTimeout(
      () =>
        reject(
          new HubError(
            'recorder.away',
            `the recorder gave no verdict within ${waitMs} ms; the command may be repeated`,
          ),
        ),
      waitMs,
    );
    cancel = () => {
      clearTimeout(timer);
      subscription.unsubscribe();
    };
  });
  return { answer, cancel };
}
