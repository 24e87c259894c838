/** Measured irregularities: each threshold at its boundary, what decide makes of the figures, and the running numbers (P1…P5, P8). */
import { describe, expect, it } from 'vitest';
import { startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { rulePack, type RulePack } from '../../hub/model/pack.ts';
import type { Measure } from '../../hub/model/rules/shape.ts';
import type { Matter } from '../../hub/model/world.ts';
import { gapsOf, type Numbered } from '../../hub/record/numbers.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const region = '510104';
const day = '2026-11-15';
const text = { zh: '{subject}', en: '{subject}' };
const rule = (more: object) => ({ id: 'r', title: text, article: '第一条', level: 'warning', message: text, ...more });

function play(rules: object[], matter: Partial<Matter> = {}, pack: Partial<RulePack> = {}): Play {
  const parsed = rulePack.parse({
    ...packFor(region),
    rules: rules.map((each, index) => rule({ id: `r${index}`, ...each })),
    ...pack,
  });
  const whole: Matter = {
    code: 'M1',
    region,
    name: '事项',
    nameEn: 'Matter',
    businessType: 'approval',
    itemClass: 'promised',
    steps: [],
    department: 'd1',
    ...matter,
  };
  return new Play(smallWorld({ pack: parsed, matters: [whole] }));
}

function measured(
  given: Play,
  measure: Measure,
  figures: Record<string, number | string>,
  subject: object = { matter: 'M1' },
) {
  const event = {
    kind: 'irregularity.measured',
    id: 'i',
    region,
    source: 'sweep',
    occurredAt: startOf(day),
    day,
    measure,
    figures,
    ...subject,
  };
  expect(given.tell(event as Event).refused).toBeUndefined();
  return [...given.signals.values()];
}

describe('each measure: met, not met, at its boundary', () => {
  it.each<[Measure, object, met: Record<string, number | string>, not: Record<string, number | string>[]]>([
    [
      'noCases',
      { days: 20 },
      { idle: 20, previous: 19 },
      [{ idle: 19, previous: 18 }, { idle: 21, previous: 20 }, { previous: 0 }],
    ],
    [
      'suddenDrop',
      { share: 0.5, minimum: 10 },
      { cases: 5, median: 10 },
      [
        { cases: 6, median: 10 },
        { cases: 0, median: 9.9 },
      ],
    ],
    ['numberGap', { missing: 3 }, { missing: 3 }, [{ missing: 2 }, {}]],
    ['impossibleThroughput', { perHour: 30 }, { cases: 31 }, [{ cases: 30 }]],
    [
      'batchEntry',
      { cases: 5, minutes: 30 },
      { cases: 5, minutes: 30 },
      [
        { cases: 4, minutes: 30 },
        { cases: 9, minutes: 31 },
      ],
    ],
    [
      'entryLagShare',
      { percentile: 'p90', minutes: 60, minimum: 10 },
      { steps: 10, p50: 0, p90: 61 },
      [
        { steps: 10, p50: 61, p90: 60 },
        { steps: 9, p90: 99 },
      ],
    ],
    [
      'coverage',
      { share: 0.6, minimum: 5 },
      { live: 5, covered: 3 },
      [
        { live: 5, covered: 4 },
        { live: 4, covered: 0 },
      ],
    ],
  ])('%s', (when, setting, met, not) => {
    for (const figures of not) expect(measured(play([{ when, ...setting }]), when, figures)).toEqual([]);
    const [signal, ...more] = measured(play([{ when, ...setting }]), when, met);
    expect(more).toEqual([]);
    expect(signal).toMatchObject({
      rule: 'r0',
      state: 'issued',
      matter: 'M1',
      department: 'd1',
      day,
      explanation: { dueOn: day, facts: met },
    });
    expect(signal!.explanation!.facts).toHaveProperty('limit');
    expect(signal!.casefile).toBeUndefined();
  });

  it('another measure’s figures say nothing', () => {
    expect(
      measured(play([{ when: 'numberGap', missing: 1 }]), 'noCases', { idle: 99, previous: 0, missing: 9 }),
    ).toEqual([]);
  });
});

describe('the signal of a measured irregularity', () => {
  const idle = { when: 'noCases', days: 20 };
  const figures = { idle: 60, previous: 0 };

  it('has the highest level that is reached, once', () => {
    const given = play([idle, { ...idle, days: 60, level: 'serious' }, { ...idle, days: 250, level: 'serious' }]);
    expect(measured(given, 'noCases', figures).map(({ rule: id, level }) => [id, level])).toEqual([['r1', 'serious']]);
    expect(given.ledger).toMatchObject([{ act: 'signal.issued', facts: { day, idle: 60, limit: 60 } }]);
  });
  it.each<[string, Partial<Matter>]>([
    ['secret', { secret: true }],
    ['cancelled by that day', { state: 'cancelled', since: day }],
    ['of a kind that is not supervised', { businessType: 'levy' }],
  ])('is none for a matter that is %s', (_, matter) => {
    const settings = { scope: { article: '第一条', kinds: ['审批'], businessTypes: ['approval' as const] } };
    expect(measured(play([idle], matter, { settings }), 'noCases', figures)).toEqual([]);
  });
  it('waits for a person, and says that it is of a trial, where the pack says so', () => {
    const given = play([{ ...idle, issue: 'confirm' }], {}, { trial: true });
    expect(measured(given, 'noCases', figures)).toMatchObject([{ state: 'draft', trial: true }]);
    expect(given.ledger).toEqual([]);
  });
  it.each([
    [{ matter: 'M1' }, '事项', 'Matter'],
    [{ department: 'd1' }, '市场监管局', '市场监管局'],
    [{ department: 'd1', handler: '1024' }, '工号 1024', 'staff no. 1024'],
    [{ origin: 'paper', name: '纸质补录' }, '纸质补录', '纸质补录'],
    [{ origin: 'paper' }, 'paper', 'paper'],
  ])('names its subject: %o', (subject, zh, en) => {
    expect(measured(play([idle]), 'noCases', figures, subject)).toMatchObject([{ messageZh: zh, messageEn: en }]);
  });
});

describe('running numbers', () => {
  const row = (number: string, department: string | null = 'd1'): Numbered => ({ region, department, number });
  const ask = (rows: Numbered[], there: string[] = [], below: { place: number; number: string }[] = []) =>
    gapsOf(rows, {
      below: () => Promise.resolve(below),
      present: (ids) => Promise.resolve(ids.filter((id) => there.includes(id)).map((id) => ({ id }))),
    });

  it('are missing between two of one series, unless they are there on another day', async () => {
    const gap = { region, department: 'd1', missing: 2, first: 'A0002', last: 'A0005', numbers: 2 };
    expect(await ask([row('A0001'), row('A0006')], [`${region}:A0003`, `${region}:A0004`])).toEqual([gap]);
    expect(await ask([row('A0001'), row('A0002')])).toEqual([]);
  });
  it('begin behind the nearest number of the days before', async () => {
    expect(await ask([row('A0006')], [], [{ place: 1, number: 'A0004' }])).toMatchObject([
      { missing: 1, first: 'A0005' },
    ]);
    expect(await ask([row('A0006')], [], [{ place: 1, number: 'A00045' }])).toEqual([]);
  });
  it('of another prefix, another length or a far jump are another series', async () => {
    expect(await ask([row('A0001'), row('B0009'), row('A009')])).toEqual([]);
    expect(await ask([row('A0001'), row('A1003')])).toEqual([]);
    expect(await ask([row('无号')])).toEqual([]);
  });
  it('are counted by department', async () => {
    expect(await ask([row('A0001'), row('A0003'), row('B0001', null), row('B0003', null)])).toMatchObject([
      { department: 'd1', missing: 1 },
      { department: null, missing: 1 },
    ]);
  });
});
