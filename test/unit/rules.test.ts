/** One table a condition of the rule packs: when it is met, when it is not, and the arithmetic it gives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { rulePack } from '../../hub/model/pack.ts';
import type { Facts } from '../../hub/model/state.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const region = '510104';
const at = (day: string, time = '10:00:00') => {
  const [hours, minutes, seconds = 0] = time.split(':').map(Number);
  return startOf(day) + ((hours! * 60 + minutes!) * 60 + seconds) * 1000;
};

/** Monday, 16 November 2026; no holiday near. A step may say when the log received it. */
type Step = [kind: Event['kind'], day: string, time?: string, more?: Record<string, unknown> & { receivedAt?: number }];

const flow = (strict: boolean, nodes = ['受理', '审核', '决定']) => ({ flow: { article: '第八条', nodes, strict } });

function play(rules: object[], settings: object = {}, steps = ['受理', '审核', '决定', '制证']): Play {
  const text = { zh: '甲', en: 'A' };
  const whole = rules.map((rule, index) => ({
    id: `r${index}`,
    title: text,
    article: '第一条',
    level: 'notice',
    message: text,
    ...rule,
  }));
  const pack = rulePack.parse({ ...packFor(region), rules: whole, settings });
  const matter = {
    code: 'M1',
    region,
    name: '事项',
    businessType: 'approval' as const,
    itemClass: 'promised' as const,
    promisedDays: 5,
    statutoryDays: 10,
    steps,
  };
  return new Play(smallWorld({ pack, matters: [matter] }));
}

function tell(given: Play, steps: readonly Step[]): void {
  for (const [kind, day, time, { receivedAt, ...more } = {}] of steps) {
    given.turnUntil(at(day, '00:00') - 1);
    const opening = kind === 'case.accepted' || kind === 'case.received' ? { matter: 'M1' } : {};
    const event = {
      kind,
      id: 'e',
      region,
      source: 'test',
      casefile: '1',
      occurredAt: at(day, time),
      ...opening,
      ...more,
    };
    expect(given.tell(event as Event, receivedAt ?? at(day, time)).refused).toBeUndefined();
  }
}

const signalsOf = (given: Play) => [...given.signals.values()];
/** The facts of the signals that stand. */
const factsOf = (given: Play): (Facts | undefined)[] =>
  signalsOf(given).flatMap(({ state, explanation }) => (state === 'revoked' ? [] : [explanation?.facts]));

const accepted: Step = ['case.accepted', '2026-11-16'];
const completed: Step = ['case.completed', '2026-11-18'];
const reviewed: Step = ['case.stepped', '2026-11-17', '10:00', { step: '审核' }];

describe('remaining: so many days are left (QT-05)', () => {
  // Five working days from Monday the 16th: due on Monday the 23rd; ten calendar days before the due day it was the 13th.
  it.each<[what: string, rule: object, firesOn: string, time: string, facts: Facts]>([
    ['3 working days', { days: 3 }, '2026-11-18', '00:00', { left: 3, days: 3, unit: 'working' }],
    ['1 working day, over the weekend', { days: 1 }, '2026-11-20', '00:00', { left: 1, days: 1, unit: 'working' }],
    ['3 calendar days', { days: 3, unit: 'calendar' }, '2026-11-20', '00:00', { left: 3, days: 3, unit: 'calendar' }],
    ['0 days: the due day itself', { days: 0 }, '2026-11-23', '00:00', { left: 0, days: 0, unit: 'working' }],
    [
      'as many as the limit has: at the acceptance',
      { days: 5 },
      '2026-11-16',
      '10:00',
      { left: 5, days: 5, unit: 'working' },
    ],
    [
      'more than the limit has: at the acceptance',
      { days: 9 },
      '2026-11-16',
      '10:00',
      { left: 5, days: 9, unit: 'working' },
    ],
  ])('%s', (_, rule, firesOn, time, facts) => {
    const given = play([{ when: 'remaining', deadline: 'promised', ...rule }]);
    tell(given, [accepted]);
    given.turnUntil(at(firesOn, time) - 1);
    if (time === '00:00') expect(signalsOf(given)).toEqual([]);
    given.turnUntil(at(firesOn, time));
    expect(signalsOf(given).map((signal) => signal.at)).toEqual([at(firesOn, time)]);
    expect(signalsOf(given)[0]!.explanation).toMatchObject({ facts, limitDays: 5, dueOn: '2026-11-23' });
    given.turnUntil(at('2026-12-31'));
    expect(signalsOf(given)).toHaveLength(1);
  });

  it('moves with the deadline: a suspension gives the days back', () => {
    const given = play([{ when: 'remaining', deadline: 'promised', days: 1 }]);
    tell(given, [
      accepted,
      ['case.suspended', '2026-11-18', '10:00', { procedure: '听证' }],
      ['case.resumed', '2026-11-20'],
    ]);
    given.turnUntil(at('2026-12-31'));
    expect(signalsOf(given).map((signal) => signal.at)).toEqual([at('2026-11-25', '00:00')]);
  });
});

describe('stepMissing: a completed case lacks a step (C-03, C-04)', () => {
  it.each<[what: string, settings: object, steps: Step[], facts: Facts[]]>([
    [
      'strict: every step the matter publishes',
      flow(true),
      [accepted, completed],
      [{ missing: '审核', expected: 4, done: 3 }],
    ],
    ['strict: none is missing', flow(true), [accepted, reviewed, completed], []],
    ['strict: an open case may still take it', flow(true), [accepted], []],
    ['not strict: only monitored nodes', flow(false, ['受理', '决定']), [accepted, completed], []],
    [
      'not strict: a monitored node',
      flow(false, ['审核']),
      [accepted, completed],
      [{ missing: '审核', expected: 1, done: 0 }],
    ],
    [
      'a synonym is the step (C-22)',
      { ...flow(true), synonyms: { 审核: ['复核'] } },
      [accepted, ['case.stepped', '2026-11-17', '10:00', { step: '复核' }], completed],
      [],
    ],
    [
      'what is denied is not printed',
      flow(true),
      [
        accepted,
        reviewed,
        ['case.decided', '2026-11-18', '09:00', { outcome: 'denied', reason: '材料不实' }],
        completed,
      ],
      [],
    ],
    ['a withdrawn case need not go on', flow(true), [accepted, ['case.withdrawn', '2026-11-17']], []],
  ])('%s', (_, settings, steps, facts) => {
    const given = play([{ when: 'stepMissing' }], settings);
    tell(given, steps);
    expect(factsOf(given)).toEqual(facts);
  });

  it('is revoked when the step is entered late (KF-04), and stays when nothing came', () => {
    const given = play([{ when: 'stepMissing' }], flow(true));
    tell(given, [accepted, completed]);
    expect(signalsOf(given).map(({ state }) => state)).toEqual(['issued']);
    tell(given, [reviewed]);
    expect(signalsOf(given).map(({ state }) => state)).toEqual(['revoked']);
    expect(signalsOf(given)[0]!.revokedReason).toContain('case.stepped');
    expect(given.ledger.map(({ act }) => act)).toEqual(['signal.issued', 'signal.revoked']);
  });
});

describe('stepOrder: two steps in the wrong order', () => {
  const steps = ['受理', '初审', '复审', '决定'];
  const taken = (first: string, second: string): Step[] => [
    accepted,
    ['case.stepped', '2026-11-17', '09:00', { step: first }],
    ['case.stepped', '2026-11-17', '11:00', { step: second }],
    completed,
  ];
  it.each<[what: string, given: Step[], facts: Facts[]]>([
    ['in order', taken('初审', '复审'), []],
    [
      'the other way round',
      taken('复审', '初审'),
      [{ first: '复审', second: '初审', firstAt: at('2026-11-17', '09:00'), secondAt: at('2026-11-17', '11:00') }],
    ],
    ['one of them is missing, which is another rule’s matter', [accepted, taken('复审', '初审')[1]!, completed], []],
    [
      'both at the same time, as sources without a time of day send them',
      [
        accepted,
        ['case.stepped', '2026-11-17', '00:00', { step: '复审' }],
        ['case.stepped', '2026-11-17', '00:00', { step: '初审' }],
        completed,
      ],
      [],
    ],
  ])('%s', (_, given, facts) => {
    const played = play([{ when: 'stepOrder' }], flow(true), steps);
    tell(played, given);
    expect(factsOf(played)).toEqual(facts);
  });
});

describe('conditions on one step', () => {
  const asked = (day: string): Step => ['case.correctionRequested', day];
  const denied = (reason?: string): Step => [
    'case.decided',
    '2026-11-18',
    '10:00',
    { outcome: 'denied', ...(reason === undefined ? {} : { reason }) },
  ];
  it.each<[what: string, rule: object, steps: Step[], facts: Facts[]]>([
    ['repeatedCorrection: once is right', { when: 'repeatedCorrection' }, [asked('2026-11-16')], []],
    [
      'repeatedCorrection: twice is not (SZ-32)',
      { when: 'repeatedCorrection' },
      [asked('2026-11-16'), asked('2026-11-17'), asked('2026-11-18')],
      [{ notices: 2, limit: 2 }],
    ],
    [
      'repeatedCorrection: as often as the pack says',
      { when: 'repeatedCorrection', times: 3 },
      [asked('2026-11-16'), asked('2026-11-17')],
      [],
    ],
    [
      'refusalWithoutReason: denied with a reason',
      { when: 'refusalWithoutReason' },
      [accepted, denied('材料不实')],
      [],
    ],
    [
      'refusalWithoutReason: approved needs none',
      { when: 'refusalWithoutReason' },
      [accepted, ['case.decided', '2026-11-18', '10:00', { outcome: 'approved' }]],
      [],
    ],
    [
      'refusalWithoutReason: denied without (SZ-33)',
      { when: 'refusalWithoutReason' },
      [accepted, denied()],
      [{ refusal: 'denied', reason: '' }],
    ],
    [
      'refusalWithoutReason: 无 is no reason',
      { when: 'refusalWithoutReason' },
      [accepted, denied('无。')],
      [{ refusal: 'denied', reason: '无。' }],
    ],
    [
      'refusalWithoutReason: not accepted',
      { when: 'refusalWithoutReason' },
      [['case.declined', '2026-11-16', '10:00', { reason: ' — ' }]],
      [{ refusal: 'declined', reason: ' — ' }],
    ],
    [
      'refusalWithoutReason: a reason that begins with 无',
      { when: 'refusalWithoutReason' },
      [accepted, denied('无证明材料')],
      [],
    ],
    [
      'entryLag: entered within the hour',
      { when: 'entryLag', minutes: 60 },
      [['case.accepted', '2026-11-16', '10:00', { enteredAt: at('2026-11-16', '11:00') }]],
      [],
    ],
    [
      'entryLag: entered later (KF-04)',
      { when: 'entryLag', minutes: 60 },
      [['case.accepted', '2026-11-16', '10:00', { enteredAt: at('2026-11-16', '11:01') }]],
      [{ lag: 61, limit: 60, enteredAt: at('2026-11-16', '11:01'), occurredAt: at('2026-11-16', '10:00') }],
    ],
    [
      'entryLag: received later, where the source does not say when it was entered (KF-06)',
      { when: 'entryLag', minutes: 60 },
      [['case.accepted', '2026-11-16', '10:00', { receivedAt: at('2026-11-17', '10:00') }]],
      [{ lag: 1440, limit: 60, enteredAt: at('2026-11-17', '10:00'), occurredAt: at('2026-11-16', '10:00') }],
    ],
    [
      'zeroDuration: five seconds',
      { when: 'zeroDuration', seconds: 60 },
      [accepted, ['case.decided', '2026-11-16', '10:00:05', { outcome: 'approved' }]],
      [{ took: 5, limit: 60 }],
    ],
    [
      'zeroDuration: two minutes',
      { when: 'zeroDuration', seconds: 60 },
      [accepted, ['case.completed', '2026-11-16', '10:02']],
      [],
    ],
    [
      'zeroDuration: a source without a time of day says nothing',
      { when: 'zeroDuration', seconds: 60 },
      [
        ['case.accepted', '2026-11-16', '00:00'],
        ['case.completed', '2026-11-16', '00:00'],
      ],
      [],
    ],
    [
      'zeroDuration: the applicant may withdraw at once',
      { when: 'zeroDuration', seconds: 60 },
      [accepted, ['case.withdrawn', '2026-11-16', '10:00:05']],
      [],
    ],
    [
      'offHours: at the window at ten',
      { when: 'offHours' },
      [['case.accepted', '2026-11-16', '10:00', { window: 'w1' }]],
      [],
    ],
    [
      'offHours: at the window in the evening',
      { when: 'offHours' },
      [['case.accepted', '2026-11-16', '17:00', { window: 'w1' }]],
      [{ time: '2026-11-16 17:00', opens: '09:00', closes: '17:00', workingDay: 1 }],
    ],
    [
      'offHours: within the grace',
      { when: 'offHours', graceMinutes: 30 },
      [['case.accepted', '2026-11-16', '17:29', { window: 'w1' }]],
      [],
    ],
    [
      'offHours: on a Saturday',
      { when: 'offHours' },
      [['case.accepted', '2026-11-21', '10:00', { window: 'w1' }]],
      [{ time: '2026-11-21 10:00', opens: '09:00', closes: '17:00', workingDay: 0 }],
    ],
    ['offHours: at no window, by the internet', { when: 'offHours' }, [['case.accepted', '2026-11-21', '22:00']], []],
  ])('%s', (_, rule, steps, facts) => {
    const given = play([rule]);
    tell(given, steps);
    expect(factsOf(given)).toEqual(facts);
  });

  it('is a draft where the pack holds it for a person (C-07), and stays open when the case is over', () => {
    const given = play([
      { when: 'zeroDuration', seconds: 60, issue: 'confirm' },
      { when: 'offHours', level: 'warning' },
    ]);
    tell(given, [
      ['case.accepted', '2026-11-16', '20:00', { window: 'w1' }],
      ['case.completed', '2026-11-16', '20:00:30'],
    ]);
    expect(signalsOf(given).map(({ rule, state }) => `${rule} ${state}`)).toEqual(['r1 issued', 'r0 draft']);
    expect(given.ledger.map(({ act }) => act)).toEqual(['signal.issued']);
  });

  it('fills its facts into the message', () => {
    const given = play([
      { when: 'repeatedCorrection', message: { zh: '{matter}第 {notices} 次', en: '{casefile}: {notices}' } },
    ]);
    tell(given, [asked('2026-11-16'), asked('2026-11-17')]);
    expect(signalsOf(given).map(({ messageEn }) => messageEn)).toEqual(['1: 2']);
  });
});

describe('properties', () => {
  const rules = [
    { when: 'remaining', deadline: 'promised', days: 3 },
    { when: 'overdue', deadline: 'statutory', level: 'serious' },
    { when: 'stepMissing' },
    { when: 'stepOrder' },
    { when: 'repeatedCorrection' },
    { when: 'refusalWithoutReason' },
    { when: 'entryLag', minutes: 60 },
    { when: 'zeroDuration', seconds: 60 },
    { when: 'offHours' },
  ];
  const kinds = [
    'case.accepted',
    'case.stepped',
    'case.correctionRequested',
    'case.decided',
    'case.completed',
  ] as const;
  const someStep = fc.record({
    kind: fc.constantFrom(...kinds),
    day: fc.integer({ min: 0, max: 30 }),
    hour: fc.integer({ min: 0, max: 23 }),
    step: fc.constantFrom('审核', '制证', '受理'),
    lag: fc.integer({ min: 0, max: 3 }),
    window: fc.boolean(),
  });

  it('gives every signal an explanation with finite facts, fires each rule once, and the same again', () => {
    fc.assert(
      fc.property(fc.array(someStep, { maxLength: 12 }), (steps) => {
        const run = () => {
          const given = play(rules, flow(true));
          steps.forEach(({ kind, day, hour, step, lag, window }, index) => {
            const occurredAt = at(addDays('2026-11-02', day), `${hour}:00`);
            const event = {
              kind,
              id: `e${index}`,
              region,
              source: 'test',
              casefile: '1',
              occurredAt,
              ...(kind === 'case.accepted' ? { matter: 'M1' } : {}),
              ...(kind === 'case.stepped' ? { step } : {}),
              ...(kind === 'case.decided' ? { outcome: 'denied' } : {}),
              ...(window ? { window: 'w1' } : {}),
            };
            given.tell(event as Event, occurredAt + lag * 3_600_000);
          });
          given.turnUntil(at('2027-02-01'));
          return given;
        };
        const given = run();
        const standing = signalsOf(given).filter(({ state }) => state !== 'revoked');
        expect(new Set(standing.map(({ rule }) => rule)).size).toBe(standing.length);
        for (const { explanation } of standing)
          for (const fact of Object.values(explanation?.facts ?? {}))
            expect(typeof fact === 'string' || Number.isSafeInteger(fact)).toBe(true);
        expect(signalsOf(run())).toEqual(signalsOf(given));
      }),
    );
  });
});
