import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Server } from 'socket.io';
import { AckPolicy } from '@nats-io/jetstream';
import { startTestHub, type TestHub } from '../support/hub.ts';
import type { Order } from './latencyClient.ts';
import { quantile, type Report } from './report.ts';
import { places, region, sourceToken } from './work.ts';

const rate = 1_000;
const seconds = 15;

/** latency: posted event → inspector's socket at 1,000 events/s; its floor is a bare JetStream consumer that emits to socket.io. */
export async function latency(report: Report): Promise<void> {
  const hub = await startTestHub({ settings: { roles: ['ingest', 'record', 'serve'] } });
  try {
    const { matters, windows } = await places(hub);
    const cookie = await hub.signIn({ name: 'bench', role: 'inspector', region, organ: 'organ-510104' });
    const common = { rate, seconds, matters, windows, cookie, natsUrl: hub.backend.natsUrl };
    const floor = await bare(hub, (address) => measure({ ...common, door: 'nats', address }));
    const took = await measure({ ...common, door: 'http', address: hub.address, token: await sourceToken(hub) });
    const against = 'bare JetStream → socket.io';
    const n = took.length;
    report.add({
      name: 'latency.p50',
      value: quantile(took, 0.5),
      unit: 'ms',
      goal: '',
      floor: quantile(floor, 0.5),
      against,
      n,
    });
    report.add({
      name: 'latency.p99',
      value: quantile(took, 0.99),
      unit: 'ms',
      goal: '≤ 50, ratio ≤ 4',
      floor: quantile(floor, 0.99),
      against,
      n,
    });
  } finally {
    await hub.stop();
  }
}

/** A client in a process of its own, so that it does not wait for the hub's turn; milliseconds of each event. */
function measure(order: Order): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const isSource = import.meta.url.endsWith('.ts');
    const file = new URL(isSource ? './latencyClient.ts' : './latencyClient.js', import.meta.url);
    const child = fork(fileURLToPath(file), { execArgv: isSource ? ['--import', 'tsx'] : [] });
    child.once('message', (took) => resolve(took as number[]));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the client ended with ${code}`)));
    child.send(order);
  });
}

async function bare<T>(hub: TestHub, work: (address: string) => Promise<T>): Promise<T> {
  const { manager, jetstream } = hub.context.bus;
  await manager.streams.add({ name: 'FLOOR', subjects: ['floor.>'] });
  await manager.consumers.add('FLOOR', { durable_name: 'floor', ack_policy: AckPolicy.None });
  const http = createServer();
  const io = new Server(http, { transports: ['websocket'] });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const consumer = await jetstream.consumers.get('FLOOR', 'floor');
  const messages = await consumer.consume({ max_messages: 2_000 });
  const pump = (async () => {
    for await (const message of messages) io.emit('live', { items: [{ topic: 'event', body: message.json() }] });
  })();
  try {
    return await work(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  } finally {
    messages.stop();
    await pump;
    await io.close();
    await manager.streams.delete('FLOOR');
  }
}
