import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { sessions } from '../../hub/platform/access.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import type { Bus } from '../../hub/platform/nats.ts';
import { connectStore, type Store } from '../../hub/platform/postgres.ts';
import type { Part } from '../../hub/platform/part.ts';
import { Recorder } from '../../hub/record/batch.ts';
import { start } from '../../hub/record/part.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { verifyLedger } from '../../hub/record/verify.ts';
import { startTestBackend, testSettings, type TestBackend } from '../support/hub.ts';
import { smallWorld } from '../support/world.ts';
import { untilWithin } from '../support/until.ts';

const log = pino({ level: 'silent' });
const world = smallWorld();
let backend: TestBackend;
let bus: Bus;
let store: Store;
let part: Part;

const startPart = () =>
  start({
    ...backend,
    world: () => world,
    log,
    sessions: sessions(backend.store),
    settings: testSettings(backend.dataDir),
  });

beforeAll(async () => {
  backend = await startTestBackend({ seed: false });
  ({ bus, store } = backend);
  part = await startPart();
}, 180_000);

afterAll(async () => {
  await part.stop();
  await backend.stop();
}, 180_000);

const count = async (text: string, values: unknown[] = []): Promise<number> =>
  (await store.query<{ n: number }>(`select count(*) as n from ${text}`, values))[0]!.n;

/** Also while the database is away. */
const until = (what: string, isTrue: () => Promise<boolean>, withinMs?: number): Promise<boolean> =>
  untilWithin(30_000)(what, () => isTrue().catch(() => false), withinMs);

/** Cases of the past: accepted, and every second one completed in time. */
function cases(prefix: string, howMany: number): Event[] {
  const day = startOf('2026-03-02') + 36_000_000;
  return Array.from({ length: howMany }, (_, index): Event[] => {
    const common = { region: '510104', source: 'test', casefile: `${prefix}-${index}`, window: 'w1' };
    const accepted: Event = {
      kind: 'case.accepted',
      id: `${prefix}-${index}-a`,
      ...common,
      matter: 'M1',
      occurredAt: day,
    };
    if (index % 2 === 0) return [accepted];
    return [accepted, { kind: 'case.completed', id: `${prefix}-${index}-c`, ...common, occurredAt: day + 86_400_000 }];
  }).flat();
}

describe('the recorder', () => {
  it('records each event once, however often it is published', async () => {
    const events = cases('once', 40);
    await bus.publishAll(events);
    await bus.publishAll(events);
    await until('60 events', async () => (await count("event where id like 'once-%'")) === 60);
    expect(await count("casefile where id like '510104:once-%'")).toBe(40);
  });

  it('writes nothing when another recorder has written meanwhile', async () => {
    const second = new Recorder(store, () => world);
    await second.write([]);
    const mine = cases('second', 2).map((event) => ({ event, receivedAt: event.occurredAt }));
    const prepared = await second.prepare(mine);
    await bus.publishAll(cases('first', 2));
    await until('the first one', async () => (await count("event where id like 'first-%'")) === 3);
    await expect(second.commit(prepared)).rejects.toMatchObject({ code: 'recorder.second' });
    expect(await count("event where id like 'second-%'")).toBe(0);
    expect(await count("casefile where id like '510104:second-%'")).toBe(0);
  });

  it('turns the clock of what is open and overdue, by itself', async () => {
    await until(
      'signals',
      async () =>
        (await count("signal where casefile like '510104:once-%' and state = 'issued' and rule = 'over-statutory'")) ===
        20,
    );
    expect(await count("signal where casefile = '510104:once-1'")).toBe(0);
  });

  it('refuses a second event under a known id, and keeps the first', async () => {
    const [first] = cases('twice', 1);
    await bus.publish(first!);
    const other = { ...first!, occurredAt: first!.occurredAt + 1 };
    // Without a message id, as it comes when the log's own window for repeats is over.
    await bus.jetstream.publish('event.510104.case.accepted', JSON.stringify(other));
    await until('the second among the refused', async () => {
      const last = await bus.manager.streams.getMessage('REFUSED', { last_by_subj: 'refused.test' });
      return last?.json<{ reason: string }>().reason === 'another event was recorded under this id';
    });
    expect(await count("event where id = 'twice-0-a' and occurred_at = $1", [first!.occurredAt])).toBe(1);
    await until('the first', async () => (await count("event where id = 'twice-0-a'")) === 1);
    const command: Event = {
      kind: 'signal.acknowledged',
      id: 'twice-command',
      region: '510104',
      source: 'serve',
      occurredAt: Date.now(),
      account: 'li',
      name: '李',
      signal: 'nothing',
    };
    expect(await bus.command(command)).toEqual({ ok: false, field: 'signal', reason: 'no such signal' });
    expect(await bus.command(command)).toEqual({ ok: false, field: 'signal', reason: 'no such signal' });
    expect(await count("event where id = 'twice-command' and refused is not null")).toBe(1);
  });

  it('puts a message that is no event aside, with its bytes, and goes on', async () => {
    await bus.jetstream.publish(
      'event.510104.case.accepted',
      new TextEncoder().encode('{"kind":"case.accepted","id":'),
    );
    await bus.publishAll(cases('after', 1));
    await until('the event after it', async () => (await count("event where id = 'after-0-a'")) === 1);
    const last = await bus.manager.streams.getMessage('REFUSED', { last_by_subj: 'refused.log' });
    expect(last?.json<{ reason: string }>().reason).toBe('not JSON');
  });

  it('loses and doubles nothing when nats-server and PostgreSQL are killed in the middle', async () => {
    const events = cases('kill', 6_000);
    const published = bus.publishAll(events, { patienceMs: 60_000 });
    await until('some of them', async () => (await count("event where id like 'kill-%'")) > 500);
    const before = backend.servers();
    process.kill(before.nats!, 'SIGKILL');
    await sleep(700);
    process.kill(before.postgres!, 'SIGKILL');
    await published;
    await until('all of them', async () => (await count("event where id like 'kill-%'")) === events.length, 60_000);
    await until(
      'signals of all',
      async () => (await count("signal where casefile like '510104:kill-%' and rule = 'over-statutory'")) === 3_000,
      60_000,
    );
    expect(await count("event_id where id like 'kill-%'")).toBe(events.length);
    const after = backend.servers();
    expect(after.nats).not.toBe(before.nats);
    expect(after.postgres).not.toBe(before.postgres);
  }, 120_000);

  it('goes on where it stopped after a restart', async () => {
    await part.stop();
    await bus.publishAll(cases('later', 10));
    part = await startPart();
    await until('the later ones', async () => (await count("event where id like 'later-%'")) === 15);
  });

  it('loses nothing when it is stopped in the middle, again and again', async () => {
    const rounds = 6;
    for (let round = 0; round < rounds; round += 1) {
      const published = bus.publishAll(cases(`stop${round}`, 1_000));
      await sleep(40 * round);
      await part.stop();
      await published;
      part = await startPart();
    }
    await until('all of them', async () => (await count("event where id like 'stop%'")) === rounds * 1_500, 60_000);
  }, 180_000);

  it('stops at once when it has only just begun', async () => {
    const early = await startPart();
    const from = Date.now();
    await early.stop();
    expect(Date.now() - from).toBeLessThan(20_000);
  });

  it('has a whole ledger, and rebuilds the same rows from the archive', async () => {
    const verified = await verifyLedger(store);
    expect(verified.ok).toBe(true);
    expect(verified.regions[0]!.entries).toBeGreaterThan(6_000);
    await store.query('drop database if exists again');
    await store.query('create database again');
    const target = await connectStore({ url: backend.databaseUrl.replace(/\/[^/]*$/, '/again'), log });
    try {
      await migrate(target, { log });
      const result = await rebuild(store, target, world);
      expect(result.tables.filter((each) => !each.equal)).toEqual([]);
      expect(result.equal).toBe(true);
      expect(result.tables.find((each) => each.table === 'signal')!.rows).toBeGreaterThan(3_000);
    } finally {
      await target.close();
    }
  }, 180_000);

  it('shows where the ledger was changed by hand', async () => {
    await store.query(
      "update ledger set body = jsonb_set(body, '{facts,level}', '\"none\"') where region = '510104' and sequence = 7",
    );
    expect((await verifyLedger(store)).regions[0]).toMatchObject({ ok: false, brokenAt: 7, entries: 6 });
  });
});
