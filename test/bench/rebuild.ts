import { connectStore } from '../../hub/platform/postgres.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { Recorder } from '../../hub/record/batch.ts';
import { rebuild as replay } from '../../hub/record/rebuild.ts';
import { startTestHub } from '../support/hub.ts';
import { addCpu, usedCpu } from './cpu.ts';
import type { Report } from './report.ts';
import { casework, places } from './work.ts';

const batch = 1_000;

/** rebuild.rate: the archive replayed into an empty database; its floor is copying the bare event rows from one to the other. */
export async function rebuild(report: Report, { events: howMany = 200_000 }: { events?: number }): Promise<void> {
  const hub = await startTestHub({ settings: { roles: ['ingest'] } });
  const { store, world, log } = hub.context;
  try {
    const { matters, windows } = await places(hub);
    const events = casework('rebuild', howMany, matters, windows);
    const recorder = new Recorder(store, world);
    for (let from = 0; from < events.length; from += batch) {
      await recorder.write(events.slice(from, from + batch).map((event) => ({ event, receivedAt: event.occurredAt })));
    }
    await store.query('create database again');
    const target = await connectStore({ url: hub.backend.databaseUrl.replace(/\/[^/]*$/, '/again'), log });
    try {
      await migrate(target, { log });
      await target.query('create table floor (position int8, received_at int8, body jsonb)');
      const started = performance.now();
      for (let from = 0; from < events.length; from += batch) {
        const rows = await store.query<{ position: number; received_at: number; body: unknown }>(
          'select position, received_at, body from event where position > $1 order by position limit $2',
          [from, batch],
        );
        await target.query(
          'insert into floor select a, b, c::jsonb from unnest($1::int8[], $2::int8[], $3::text[]) as t(a, b, c)',
          [
            rows.map((row) => row.position),
            rows.map((row) => row.received_at),
            rows.map((row) => JSON.stringify(row.body)),
          ],
        );
      }
      const floor = (events.length / (performance.now() - started)) * 1_000;
      const before = usedCpu();
      const { events: done, seconds, equal } = await replay(store, target, world());
      if (!equal) throw new Error('the rebuilt rows differ');
      report.add({
        name: 'rebuild.rate',
        value: done / seconds,
        unit: 'events/s',
        goal: '≥ 20000',
        floor,
        against: 'the event rows copied bare',
        n: done,
      });
      addCpu(report, 'rebuild', before, done);
    } finally {
      await target.close();
    }
  } finally {
    await hub.stop();
  }
}
