import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { CaseEvent } from '../../hub/model/event.ts';
import { startTestHub } from '../support/hub.ts';
import { addCpu, usedCpu } from './cpu.ts';
import type { Report } from './report.ts';
import { casework, places, sourceToken } from './work.ts';

const perRequest = 2_000;
const requestsAtOnce = 4;
const inFlight = 256;

/** ingest.rate: HTTP batch → log → decide → committed; its floor is publishing the same events to a bare JetStream stream. */
export async function ingest(report: Report, { events: howMany = 200_000 }: { events?: number }): Promise<void> {
  const hub = await startTestHub({ settings: { roles: ['ingest', 'record'] } });
  try {
    const { matters, windows } = await places(hub);
    const token = await sourceToken(hub);
    const events = casework('ingest', howMany, matters, windows);
    const bodies: Buffer[] = [];
    for (let from = 0; from < events.length; from += perRequest) {
      bodies.push(
        gzipSync(
          events
            .slice(from, from + perRequest)
            .map((event) => JSON.stringify(event))
            .join('\n'),
          { level: 1 },
        ),
      );
    }

    const floor = await publishBare(hub.context.bus, events);

    // Asked for by one row: counting the events while they are written would be work of its own.
    const written = async (): Promise<number> => {
      const [row] = await hub.context.store.query<{ position: number }>('select position from recorder');
      return row!.position;
    };
    const first = await written();
    const before = usedCpu();
    const started = performance.now();
    let next = 0;
    const sender = async (): Promise<void> => {
      while (next < bodies.length) {
        const body = bodies[next++]!;
        const answer = await fetch(`${hub.address}/api/ingest/events`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/x-ndjson',
            'content-encoding': 'gzip',
          },
          body: new Uint8Array(body),
        });
        const { accepted, refusedCount } = (await answer.json()) as { accepted: number; refusedCount: number };
        if (answer.status !== 200 || refusedCount > 0 || accepted === 0)
          throw new Error(`the door answered ${answer.status}, refused ${refusedCount}`);
      }
    };
    await Promise.all(Array.from({ length: requestsAtOnce }, sender));
    // Nothing else is written by this hub but the ticker's turns, which come on top.
    while ((await written()) - first < events.length) await sleep(20);
    const rate = (events.length / (performance.now() - started)) * 1_000;
    addCpu(report, 'ingest', before, events.length);
    const [row] = await hub.context.store.query<{ n: number }>(
      "select count(*) as n from event_id where id like 'ingest-%'",
    );
    if (row!.n !== events.length) throw new Error(`${row!.n} of ${events.length} events were written`);
    report.add({
      name: 'ingest.rate',
      value: rate,
      unit: 'events/s',
      goal: '≥ 10000, ratio ≥ 0.35',
      floor,
      against: 'bare JetStream publish',
      n: events.length,
    });
  } finally {
    await hub.stop();
  }
}

/** Events a second into a file stream of the same server, with nothing behind it. */
async function publishBare(
  {
    manager,
    jetstream,
  }: {
    manager: import('@nats-io/jetstream').JetStreamManager;
    jetstream: import('@nats-io/jetstream').JetStreamClient;
  },
  events: readonly CaseEvent[],
): Promise<number> {
  await manager.streams.add({ name: 'FLOOR', subjects: ['floor.>'] });
  const started = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < events.length) {
      const event = events[next++]!;
      await jetstream.publish(`floor.${event.region}`, JSON.stringify(event), { msgID: event.id });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const rate = (events.length / (performance.now() - started)) * 1_000;
  await manager.streams.delete('FLOOR');
  return rate;
}
