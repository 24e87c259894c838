/** The other end of the latency bench: sends at a steady rate and hears on a socket. Its own process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { io } from 'socket.io-client';
import { casework } from './work.ts';
import type { CaseEvent } from '../../hub/model/event.ts';

export interface Order {
  door: 'http' | 'nats';
  address: string;
  natsUrl: string;
  cookie: string;
  token?: string;
  rate: number;
  seconds: number;
  matters: string[];
  windows: string[];
}

const tick = 20;

async function run(order: Order): Promise<number[]> {
  const socket = io(order.address, {
    transports: ['websocket'],
    extraHeaders: { cookie: order.cookie, origin: order.address },
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  if (order.door === 'http') await socket.emitWithAck('hello', { cursor: null });
  const sentAt = new Map<string, number>();
  const took: number[] = [];
  socket.on('live', ({ items }: { items: { topic: string; body: { id: string } }[] }) => {
    const now = performance.now();
    for (const { topic, body } of items) {
      const sent = topic === 'event' ? sentAt.get(body.id) : undefined;
      if (sent !== undefined) took.push(now - sent);
    }
  });
  const send = order.door === 'http' ? byHttp(order) : await byNats(order);
  const events = casework(`latency-${order.door}`, order.rate * order.seconds, order.matters, order.windows);
  const perTick = (order.rate * tick) / 1_000;
  const started = performance.now();
  const sending: Promise<void>[] = [];
  for (let from = 0; from < events.length; from += perTick) {
    const wait = started + (from / order.rate) * 1_000 - performance.now();
    if (wait > 0) await sleep(wait);
    const some = events.slice(from, from + perTick);
    const now = performance.now();
    for (const event of some) sentAt.set(event.id, now);
    sending.push(send(some));
  }
  await Promise.all(sending);
  for (let waited = 0; took.length < events.length && waited < 10_000; waited += 50) await sleep(50);
  if (took.length < events.length) throw new Error(`${events.length - took.length} events were not heard`);
  socket.close();
  // The first second warms caches and compilers up on both sides alike.
  return took.slice(order.rate);
}

const byHttp =
  ({ address, token }: Order) =>
  async (events: CaseEvent[]): Promise<void> => {
    const answer = await fetch(`${address}/api/ingest/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(events),
    });
    if (answer.status !== 200) throw new Error(`the door answered ${answer.status}`);
    await answer.arrayBuffer();
  };

async function byNats({ natsUrl }: Order): Promise<(events: CaseEvent[]) => Promise<void>> {
  const { host, username, password } = new URL(natsUrl);
  const log = jetstream(await connect({ servers: host, user: username, pass: password }));
  return async (events) => {
    await Promise.all(
      events.map((event) => log.publish(`floor.${event.region}`, JSON.stringify(event), { msgID: event.id })),
    );
  };
}

process.once('message', (order: Order) => {
  void run(order).then(
    (took) => process.send!(took, () => process.exit(0)),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
