import '../support/today.ts';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../hub/model/api.ts';
import type { Event } from '../../hub/model/event.ts';
import type { Casefile } from '../../hub/model/state.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { connectStore, type Store } from '../../hub/platform/postgres.ts';
import { worldChanged } from '../../hub/platform/world.ts';
import { Recorder } from '../../hub/record/batch.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { readSeeds } from '../../seeds/files.ts';
import { calendarOf } from '../../seeds/load.ts';
import { readScenario } from '../../seeds/scenario.ts';
import { Casework } from '../../seeds/casework.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const at = (text: string): number => Date.parse(`${text}:00+08:00`);
const log = pino({ level: 'silent' });
let hub: TestHub;
let cookie: string;
let store: Store;

beforeAll(async () => {
  hub = await startTestHub();
  ({ store } = hub.context);
  cookie = await hub.signIn({ name: 'zhang', role: 'inspector', region: '510104' });
}, 180_000);

afterAll(() => hub.stop(), 180_000);

const row = async (id: string): Promise<Casefile | undefined> =>
  (await store.query<{ body: Casefile }>('select body from casefile where id = $1', [id]))[0]?.body;

const until = untilWithin(20_000);

async function another<T>(name: string, use: (target: Store) => Promise<T>): Promise<T> {
  await store.query(`create database ${name}`);
  const target = await connectStore({ url: hub.backend.databaseUrl.replace(/\/[^/]*$/, `/${name}`), log });
  try {
    await migrate(target, { log });
    return await use(target);
  } finally {
    await target.close();
  }
}

describe('clocks in a running hub', () => {
  it('answers with every clock of a case, and counts it anew when the next year is published', async () => {
    const common = { region: '510104', source: 'test', casefile: 'Y-1', matter: 'JT-01' };
    await hub.backend.bus.publishAll([
      { kind: 'case.accepted', id: 'y-1', ...common, occurredAt: at('2026-11-20T10:00') },
      {
        kind: 'case.extended',
        id: 'y-2',
        region: '510104',
        source: 'test',
        casefile: 'Y-1',
        days: 30,
        approver: '王局长',
        occurredAt: at('2026-11-20T11:00'),
      },
    ]);
    await until('the case is recorded', async () => (await row('510104:Y-1'))?.extensionDays === 30);
    const before = (await row('510104:Y-1'))!;
    // Statutory 20 + 30 days pass the new year, and 12-31 is closed in this district alone (seeds/closures).
    expect(before.provisional).toBe(true);
    const answer = await fetch(`${hub.address}/api/casefiles/510104:Y-1/clock`, { headers: { cookie } });
    expect(answer.status).toBe(200);
    const { clocks } = (await answer.json()) as Clock;
    const promised = clocks.find(({ kind }) => kind === 'promised')!;
    expect(promised).toMatchObject({
      state: 'running',
      explanation: { clock: 'promised', limitDays: 10, extensionDays: 30, provisional: true },
    });
    expect(promised.explanation!.excluded).toContainEqual({
      day: '2026-12-31',
      reason: 'holiday',
      name: '年终系统切换，大厅停办（演示）',
    });
    expect((await fetch(`${hub.address}/api/casefiles/510104:Y-1/clock`)).status).toBe(401);

    await store.query("insert into calendar_day (day, working, name) values ('2027-01-01', false, '元旦')");
    await store.query('update calendar_year set published = true where year = 2027');
    hub.backend.bus.connection.publish(worldChanged);
    await until('the deadlines are counted anew', async () => (await row('510104:Y-1'))?.provisional === false);
    const after = (await row('510104:Y-1'))!;
    // New year's day is a Friday.
    expect(after.promisedDueAt! - before.promisedDueAt!).toBe(86_400_000);
    expect(after.nextTurn).toBeGreaterThan(before.nextTurn!);
  }, 180_000);

  it('counts open cases anew when a region closes a day of a year that was published', async () => {
    const before = (await row('510104:Y-1'))!;
    await store.query(
      "insert into calendar_closure (region, day, working, name) values ('510100', '2026-12-01', false, '停办')",
    );
    hub.backend.bus.connection.publish(worldChanged);
    await until('the closed day counts', async () => (await row('510104:Y-1'))!.promisedDueAt! > before.promisedDueAt!);
    await store.query("delete from calendar_closure where region = '510100' and day = '2026-12-01'");
    hub.backend.bus.connection.publish(worldChanged);
    await until('it is open again', async () => (await row('510104:Y-1'))!.promisedDueAt === before.promisedDueAt);
  }, 180_000);

  it('comes to the same rows from the archive', async () => {
    const result = await another('again', (target) => rebuild(store, target, hub.context.world()));
    expect(result.tables.filter(({ equal }) => !equal)).toEqual([]);
  }, 180_000);

  it('gives the same rows however the events are cut into batches', async () => {
    const [seeds, scenario] = [await readSeeds(), await readScenario()];
    const work = new Casework(seeds, scenario, calendarOf(seeds.calendar));
    const events: Event[] = work
      .casesOf('2026-10-12')
      .sort((a, b) => a.at - b.at)
      .map(({ event }) => event)
      .slice(0, 160);
    expect(new Set(events.map(({ kind }) => kind)).size).toBeGreaterThan(4);
    const rowsBy = (size: number): Promise<unknown[]> =>
      another(`by${size}`, async (target) => {
        const recorder = new Recorder(target, () => hub.context.world());
        for (let from = 0; from < events.length; from += size)
          await recorder.commit(
            await recorder.prepare(
              events
                .slice(from, from + size)
                .map((event, index) => ({ event, receivedAt: event.occurredAt + 1_000, position: from + index + 1 })),
            ),
          );
        return target.query(
          `select id, body from casefile union all select id, body from signal union all select region || sequence, body from ledger order by 1`,
        );
      });
    const whole = await rowsBy(160);
    expect(whole.length).toBeGreaterThan(20);
    for (const size of [1, 23]) expect(await rowsBy(size)).toEqual(whole);
  }, 180_000);
});
