/** Reads what could not become an event (stream `REFUSED`), within bounds. */
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { subjectToken, type Bus, type Refusal } from './nats.ts';

/** As it was kept: `bytes` in base64, `size` before it was cut to what is kept. */
export type KeptRefusal = Omit<Refusal, 'bytes'> & { at: number; size: number; bytes: string };

export interface Place {
  sequence: number;
  source: string;
  at: number;
}

type Manager = Pick<Bus, 'manager' | 'jetstream'>;
const pageLength = 500;

/** Source and time of the refusals behind `after`, in order, without their content; at most `most`. A stream that was lost begins again. */
export async function placesBehind(bus: Manager, after: number, most: number): Promise<Place[]> {
  const { state } = await bus.manager.streams.info('REFUSED');
  const from = after > state.last_seq ? 0 : after;
  if (state.messages === 0 || from >= state.last_seq) return [];
  const places: Place[] = [];
  const count = Math.min(most, state.last_seq - from);
  await each(
    bus,
    { opt_start_seq: from + 1, deliver_policy: DeliverPolicy.StartSequence, headers_only: true },
    count,
    ({ seq, subject, time }) => places.push({ sequence: seq, source: sourceOf(subject), at: time.getTime() }),
  );
  return places;
}

/** The refusals of a source since a moment (epoch milliseconds), oldest first; at most `most`. */
export async function refusalsSince(bus: Manager, source: string, since: number, most: number): Promise<KeptRefusal[]> {
  const refusals: KeptRefusal[] = [];
  const start = { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(since).toISOString() };
  await each(bus, { ...start, filter_subject: `refused.${subjectToken(source)}` }, most, ({ json }) =>
    refusals.push(json<KeptRefusal>()),
  );
  return refusals;
}

type Start = Parameters<Bus['manager']['consumers']['add']>[1];

async function each(
  { manager, jetstream }: Manager,
  start: Partial<Start>,
  most: number,
  take: (message: { seq: number; subject: string; time: Date; json: <T>() => T }) => void,
): Promise<void> {
  const { name } = await manager.consumers.add('REFUSED', {
    ...start,
    ack_policy: AckPolicy.None,
    inactive_threshold: nanos(30_000),
    mem_storage: true,
  });
  try {
    const consumer = await jetstream.consumers.get('REFUSED', name);
    for (let taken = 0, pending = (await consumer.info()).num_pending; taken < most && pending > 0;) {
      let came = 0;
      const messages = await consumer.fetch({
        max_messages: Math.min(pageLength, most - taken, pending),
        expires: 5_000,
      });
      for await (const message of messages) {
        take({ seq: message.seq, subject: message.subject, time: message.time, json: () => message.json() });
        came += 1;
        pending = message.info.pending;
      }
      taken += came;
      if (came === 0) return;
    }
  } finally {
    await manager.consumers.delete('REFUSED', name).catch(() => false);
  }
}

function sourceOf(subject: string): string {
  const token = subject.slice('refused.'.length);
  return token.startsWith('b64_') ? Buffer.from(token.slice(4), 'base64url').toString() : token;
}
