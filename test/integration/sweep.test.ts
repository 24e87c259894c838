/** Irregularities across cases on a real store: what the sweep measures of a generated history, and the signals that follow (P1…P5, P8). */
import pino from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, isWorkingDay, startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { rulePack } from '../../hub/model/pack.ts';
import type { Signal } from '../../hub/model/state.ts';
import type { Matter, World } from '../../hub/model/world.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { Recorder, type Incoming } from '../../hub/record/batch.ts';
import { Follower } from '../../hub/record/log.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { Sweep } from '../../hub/record/sweep.ts';
import { startTestBackend, type TestBackend } from '../support/hub.ts';
import { packFor, smallWorld } from '../support/world.ts';

const log = pino({ level: 'silent' });
const region = '510104';
/** A Sunday; the nine weeks up to it begin on Monday, 14 September. */
const day = '2026-11-15';
const begins = '2026-09-14';
const monday = startOf('2026-11-16') + 9 * 3_600_000;

const rule = (id: string, more: object) => ({
  id,
  title: { zh: id, en: id },
  article: '第一条',
  level: 'warning',
  message: { zh: '{subject} {day}', en: '{subject} {day}' },
  ...more,
});
const pack = rulePack.parse({
  ...packFor(region),
  rules: [
    rule('idle', { when: 'noCases', days: 20 }),
    rule('idle-long', { when: 'noCases', days: 40, level: 'serious' }),
    rule('idle-too-long', { when: 'noCases', days: 60, level: 'serious' }),
    rule('drop', { when: 'suddenDrop', share: 0.3, minimum: 10 }),
    rule('gap', { when: 'numberGap', missing: 2 }),
    rule('fast', {
      when: 'impossibleThroughput',
      perHour: 10,
      message: { zh: '{subject} {hour} {cases}', en: '{subject}' },
    }),
    rule('batch', { when: 'batchEntry', cases: 5, minutes: 15 }),
    rule('lag', { when: 'entryLagShare', percentile: 'p90', minutes: 1440, minimum: 5 }),
    rule('selective', { when: 'coverage', share: 0.5 }),
  ],
});
const matter = (code: string, more: Partial<Matter> = {}): Matter => ({
  code,
  region,
  name: `事项${code}`,
  businessType: 'approval',
  itemClass: 'promised',
  steps: [],
  department: 'd1',
  ...more,
});
const world: World = smallWorld({
  pack,
  matters: [
    matter('M1'),
    matter('M2'),
    matter('M3', { secret: true }),
    matter('M4', { state: 'cancelled', since: '2026-01-01' }),
  ],
});

let backend: TestBackend;
let recorder: Recorder;
let follower: Follower;

const number = (index: number): string => `2026-${String(index).padStart(4, '0')}`;
const event = (kind: Event['kind'], casefile: string, occurredAt: number, more: object = {}): Event =>
  ({ kind, id: `${kind}:${casefile}`, region, source: 'office', casefile, occurredAt, ...more }) as Event;

/** Two cases each working day for eight weeks, and three in the ninth. */
function history(): Incoming[] {
  const openings: [number: number, at: number][] = [];
  for (let at = begins, index = 1; at < '2026-11-09'; at = addDays(at, 1))
    if (isWorkingDay(world.calendar, at))
      for (let each = 0; each < 2; each += 1) openings.push([index++, startOf(at) + (10 + each) * 3_600_000]);
  const thursday = startOf('2026-11-12') + 10 * 3_600_000;
  // 81, 82, 84 and 86 are nowhere; 85 was opened on the day after.
  openings.push([83, thursday], [87, thursday + 60_000], [85, thursday + 86_400_000]);
  const opened = openings.map(([index, at]) => ({
    event: event('case.accepted', number(index), at, { matter: 'M1' }),
    receivedAt: at,
  }));
  const done: Incoming[] = [];
  const finish = (index: number, occurredAt: number, handler: string, more: object = {}, receivedAt = occurredAt) =>
    done.push({ event: event('case.completed', number(index), occurredAt, { handler, ...more }), receivedAt });
  const ten = startOf(day) + 10 * 3_600_000;
  for (let index = 1; index <= 12; index += 1) finish(index, ten + index * 240_000, '7');
  for (let index = 13; index <= 22; index += 1) finish(index, ten + index * 60_000, '8');
  const friday = startOf('2026-11-13') + 10 * 3_600_000;
  const entered = startOf(day) + 15 * 3_600_000;
  for (let index = 31; index <= 37; index += 1) {
    // The seventh only half an hour later.
    const enteredAt = entered + (index === 37 ? 1_800_000 : (index - 31) * 120_000);
    finish(index, friday, '9', { source: 'paper', enteredAt }, enteredAt);
  }
  return [...opened, ...done];
}

const signals = async (): Promise<Signal[]> =>
  (await backend.store.query<{ body: Signal }>('select body from signal order by position')).map(({ body }) => body);
const sweep = (): Sweep => new Sweep({ store: backend.store, bus: backend.bus, world: () => world, log });

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(30)) if (await isTrue()) return;
  throw new Error('not within 60 s');
}

beforeAll(async () => {
  backend = await startTestBackend({ seed: false });
  recorder = new Recorder(backend.store, () => world);
  await recorder.write(history());
  await backend.store.query(
    `insert into source (id, name, token_hash, region, created_at) values ('paper', '纸质补录', '\\x00', '${region}', 0)`,
  );
  follower = new Follower(backend.bus, recorder, log);
  follower.start();
}, 180_000);

afterAll(async () => {
  await follower.stop();
  await backend.stop();
}, 180_000);

describe('the sweep of a Sunday', () => {
  it('publishes each irregularity once, and decide makes a signal of it', async () => {
    const first = sweep();
    expect(await first.run(monday)).toBe(6);
    expect(await first.run(monday + 60_000)).toBe(0);
    await until(async () => (await signals()).length === 6);
    const found = (await signals()).map(
      ({ rule: id, level, matter: of, department, handler, source, explanation }) => ({
        id,
        level,
        of,
        department,
        handler,
        source,
        ...explanation!.facts,
      }),
    );
    const by = (id: string) => found.find((each) => each.id === id);
    // Working days since the first case of the region: M2 never had one. The highest level that is reached counts.
    expect(by('idle-long')).toMatchObject({
      of: 'M2',
      department: 'd1',
      idle: 45,
      previous: 0,
      limit: 40,
      level: 'serious',
    });
    expect(by('drop')).toMatchObject({ of: 'M1', cases: 3, median: 10, percent: 30, workingDays: 5, limit: 30 });
    expect(by('gap')).toMatchObject({
      department: 'd1',
      missing: 4,
      first: number(81),
      last: number(86),
      opened: '2026-11-12',
    });
    expect(by('fast')).toMatchObject({ handler: '7', department: 'd1', cases: 12, hour: `${day} 10:00`, limit: 10 });
    expect(by('batch')).toMatchObject({
      handler: '9',
      source: 'paper',
      cases: 6,
      minutes: 15,
      time: `${day} 15:10`,
      limit: 5,
    });
    expect(by('lag')).toMatchObject({ source: 'paper', steps: 7, limit: 1440 });
    expect(Number(by('lag')!['p90' as keyof object])).toBeGreaterThanOrEqual(2 * 1440 + 300);
  });

  it('says whom it is about in words, without a casefile', async () => {
    const all = await signals();
    expect(
      all.every(({ casefile, day: of, region: where }) => casefile === undefined && of === day && where === region),
    ).toBe(true);
    expect(Object.fromEntries(all.map((each) => [each.rule, each.messageZh]))).toEqual({
      'idle-long': `事项M2 ${day}`,
      drop: `事项M1 ${day}`,
      gap: `市场监管局 ${day}`,
      fast: `工号 7 ${day} 10:00 12`,
      batch: `工号 9 ${day}`,
      lag: `纸质补录 ${day}`,
    });
    expect(all.find((each) => each.rule === 'fast')).toMatchObject({
      messageEn: 'staff no. 7',
      addressee: { kind: 'department', department: 'd1' },
    });
  });

  it('a second sweep, and one that forgot what it measured, publish nothing twice', async () => {
    expect(await sweep().run(monday)).toBe(0);
    await backend.store.query('delete from sweep_day');
    expect(await sweep().run(monday)).toBe(0);
    expect(await signals()).toHaveLength(6);
  });

  it('makes up for missed days: what is idle is not said again, a month ends with the coverage', async () => {
    // Fifteen days to the first of December: 45 + 11 working days do not reach 60.
    expect(await sweep().run(startOf('2026-12-01') + 3_600_000)).toBe(3);
    await until(async () => (await signals()).length === 9);
    const added = (await signals()).slice(6);
    expect(added.find(({ rule: id }) => id === 'selective')).toMatchObject({
      day: '2026-11-30',
      department: 'd1',
      messageZh: '市场监管局 2026-11-30',
      explanation: { facts: { live: 2, covered: 1, percent: 50 } },
    });
    // Two whole weeks without a case.
    const drops = added.filter(({ rule: id }) => id === 'drop');
    expect(drops.map(({ day: of, explanation }) => [of, explanation!.facts!['cases']])).toEqual([
      ['2026-11-22', 0],
      ['2026-11-29', 0],
    ]);
  });

  it('rebuilds the same rows', async () => {
    await backend.store.query('create database again');
    const target = await connectStore({ url: backend.databaseUrl.replace(/\/[^/]*$/, '/again'), log });
    try {
      await migrate(target, { log });
      const result = await rebuild(backend.store, target, world);
      expect(result.tables.filter(({ equal }) => !equal)).toEqual([]);
    } finally {
      await target.close();
    }
  });
});
