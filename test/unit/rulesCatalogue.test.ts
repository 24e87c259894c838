/** Step rules that look at the catalogue and at the pace, and what every signal carries: addressee, trial mark, scope (C-08, C-13, C-16, XY-09). */
import { describe, expect, it } from 'vitest';
import { startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { rulePack, type RulePack } from '../../hub/model/pack.ts';
import type { Facts } from '../../hub/model/state.ts';
import type { Matter } from '../../hub/model/world.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const region = '510104';
const at = (day: string, time = '10:00:00'): number => {
  const [hours, minutes, seconds = 0] = time.split(':').map(Number);
  return startOf(day) + ((hours! * 60 + minutes!) * 60 + seconds) * 1000;
};
const [monday, tuesday, wednesday] = ['2026-11-16', '2026-11-17', '2026-11-18'] as const;

type Step = [kind: Event['kind'], day: string, time?: string, more?: Record<string, unknown>];

const base: Matter = {
  code: 'M1',
  region,
  name: '事项',
  businessType: 'approval',
  itemClass: 'promised',
  statutoryDays: 100,
  steps: ['审核'],
  department: 'd1',
};

function play(rule: object, matter: Partial<Matter> = {}, pack: Partial<RulePack> = {}): Play {
  const text = { zh: '甲', en: 'A' };
  const whole = { id: 'r', title: text, article: '第一条', level: 'notice', message: text, ...rule };
  const parsed = rulePack.parse({ ...packFor(region), rules: [whole], ...pack });
  return new Play(smallWorld({ pack: parsed, matters: [{ ...base, ...matter }] }));
}

const opens: readonly string[] = ['case.accepted', 'case.received', 'case.filed'];

function tell(given: Play, steps: readonly Step[]) {
  return steps.map(([kind, day, time, more], index) => {
    const occurredAt = at(day, time);
    const opening = opens.includes(kind) ? { matter: 'M1' } : {};
    const event = { kind, id: `e${index}`, region, source: 'test', casefile: '1', occurredAt, ...opening, ...more };
    return given.tell(event as Event).refused;
  });
}

const accepted: Step = ['case.accepted', monday];
const completed: Step = ['case.completed', wednesday];
const decided = (more: Record<string, unknown> = {}, day: string = tuesday): Step => [
  'case.decided',
  day,
  '10:00',
  { outcome: 'approved', ...more },
];
const fee = (name: string, amount: number): Step => ['case.feeCharged', tuesday, '10:00', { name, amount }];

/** The facts of the signals that stand after the steps. */
function factsAfter(given: Play, steps: readonly Step[]): (Facts | undefined)[] {
  expect(tell(given, steps).filter(Boolean)).toEqual([]);
  return [...given.signals.values()].flatMap((each) => (each.state === 'revoked' ? [] : [each.explanation?.facts]));
}

type Row = [what: string, rule: object, matter: Partial<Matter>, steps: Step[], facts: Facts | undefined];

const rows: Row[] = [
  // SZ-20…SZ-24
  [
    'declined',
    { when: 'happened', what: ['declined'] },
    {},
    [
      ['case.received', monday],
      ['case.declined', tuesday],
    ],
    { what: 'declined' },
  ],
  [
    'denied',
    { when: 'happened', what: ['denied'] },
    {},
    [accepted, decided({ outcome: 'denied' })],
    { what: 'denied' },
  ],
  ['approved is not denied', { when: 'happened', what: ['denied'] }, {}, [accepted, decided()], undefined],
  [
    'sent back',
    { when: 'happened', what: ['correctionRequested'] },
    {},
    [
      ['case.received', monday],
      ['case.correctionRequested', monday, '11:00'],
    ],
    { what: 'correctionRequested' },
  ],
  [
    'appealed',
    { when: 'happened', what: ['resultRevoked', 'appealed'] },
    {},
    [accepted, decided(), ['case.appealed', wednesday, '10:00', { by: 'litigation' }]],
    { what: 'appealed' },
  ],
  [
    'revoked',
    { when: 'happened', what: ['resultRevoked', 'appealed'] },
    {},
    [accepted, decided(), ['case.resultRevoked', wednesday, '10:00', { approver: '张', reason: '条件不符' }]],
    { what: 'resultRevoked' },
  ],
  // SZ-43, XY-56
  [
    'another approver',
    { when: 'approverNotEntitled' },
    { approvers: ['王局长'] },
    [accepted, decided({ approver: '李科长' })],
    { approver: '李科长', entitled: '王局长' },
  ],
  [
    'the handler where no approver is named',
    { when: 'approverNotEntitled' },
    { approvers: ['王局长', '赵局长'] },
    [accepted, decided({ handler: '1024' })],
    { approver: '1024', entitled: '王局长、赵局长' },
  ],
  [
    'an approver of the list',
    { when: 'approverNotEntitled' },
    { approvers: ['王局长'] },
    [accepted, decided({ approver: '王局长', handler: '1024' })],
    undefined,
  ],
  ['nobody is named', { when: 'approverNotEntitled' }, { approvers: ['王局长'] }, [accepted, decided()], undefined],
  [
    'the catalogue names nobody',
    { when: 'approverNotEntitled' },
    {},
    [accepted, decided({ approver: '李科长' })],
    undefined,
  ],
  // SZ-48
  [
    'a fee that is not listed',
    { when: 'feeNotInCatalogue' },
    { fees: [{ name: '工本费', amount: 10 }] },
    [accepted, fee('评审费', 10)],
    { fee: '评审费', charged: 10, fault: 'notListed', listed: '工本费' },
  ],
  [
    'another amount',
    { when: 'feeNotInCatalogue' },
    { fees: [{ name: '工本费', amount: 10 }] },
    [accepted, fee('工本费', 10.01)],
    { fee: '工本费', charged: 10.01, fault: 'amount', listed: '10' },
  ],
  [
    'a deposit',
    { when: 'feeNotInCatalogue' },
    { fees: [] },
    [accepted, fee('履约保证金', 500)],
    { fee: '履约保证金', charged: 500, fault: 'deposit', listed: '' },
  ],
  [
    'the listed amount',
    { when: 'feeNotInCatalogue' },
    { fees: [{ name: '工本费', amount: 0.3 }] },
    [accepted, fee('工本费', 0.3)],
    undefined,
  ],
  [
    'one of several rates',
    { when: 'feeNotInCatalogue' },
    {
      fees: [
        { name: '费', amount: 5 },
        { name: '费', amount: 8 },
      ],
    },
    [accepted, fee('费', 8)],
    undefined,
  ],
  [
    'an amount set case by case',
    { when: 'feeNotInCatalogue' },
    { fees: [{ name: '费' }] },
    [accepted, fee('费', 77)],
    undefined,
  ],
  ['the catalogue says nothing of fees', { when: 'feeNotInCatalogue' }, {}, [accepted, fee('费', 77)], undefined],
  // SZ-39
  [
    'cancelled since that day',
    { when: 'matterNotLive' },
    { state: 'cancelled', since: monday },
    [accepted],
    { state: 'cancelled', since: monday, day: monday },
  ],
  [
    'suspended before',
    { when: 'matterNotLive' },
    { state: 'suspended', since: '2026-01-01' },
    [accepted],
    { state: 'suspended', since: '2026-01-01', day: monday },
  ],
  [
    'cancelled from the next day on',
    { when: 'matterNotLive' },
    { state: 'cancelled', since: tuesday },
    [accepted, completed],
    undefined,
  ],
  // SZ-44, SZ-45, SZ-46
  [
    'no hearing',
    { when: 'missingProcedure' },
    { procedures: ['hearing', 'publicity'] },
    [accepted, decided()],
    { procedures: 'hearing、publicity', decidedOn: tuesday },
  ],
  [
    'only those asked for',
    { when: 'missingProcedure', procedures: ['inspection'] },
    { procedures: ['hearing', 'inspection'] },
    [accepted, decided()],
    { procedures: 'inspection', decidedOn: tuesday },
  ],
  [
    'as a suspension',
    { when: 'missingProcedure' },
    { procedures: ['hearing'] },
    [
      accepted,
      ['case.suspended', monday, '11:00', { procedure: '组织听证会' }],
      ['case.resumed', monday, '12:00'],
      decided(),
    ],
    undefined,
  ],
  [
    'as a step',
    { when: 'missingProcedure' },
    { procedures: ['hearing'] },
    [accepted, ['case.stepped', monday, '11:00', { step: '听证' }], decided()],
    undefined,
  ],
  [
    'after the decision',
    { when: 'missingProcedure' },
    { procedures: ['hearing'] },
    [accepted, decided(), ['case.stepped', wednesday, '11:00', { step: '听证' }]],
    { procedures: 'hearing', decidedOn: tuesday },
  ],
  [
    'entered later, held before',
    { when: 'missingProcedure' },
    { procedures: ['hearing'] },
    [accepted, decided(), ['case.stepped', monday, '11:00', { step: '听证' }]],
    undefined,
  ],
  // XY-19, KF-06
  ['no window', { when: 'offWindow' }, { atWindow: true }, [accepted], { day: monday }],
  [
    'at a window',
    { when: 'offWindow' },
    { atWindow: true },
    [['case.accepted', monday, '10:00', { window: 'w1' }]],
    undefined,
  ],
  [
    'received at a window before',
    { when: 'offWindow' },
    { atWindow: true },
    [['case.received', monday, '09:30', { window: 'w1' }], accepted],
    undefined,
  ],
  ['a matter without windows', { when: 'offWindow' }, {}, [accepted], undefined],
  // P2
  [
    'one account for everything',
    { when: 'oneAccount', steps: 3 },
    {},
    [
      ['case.accepted', monday, '10:00', { handler: '7' }],
      decided({ handler: '7' }),
      ['case.completed', wednesday, '10:00', { handler: '7' }],
    ],
    { handler: '7', steps: 3, limit: 3 },
  ],
  [
    'too few steps',
    { when: 'oneAccount', steps: 4 },
    {},
    [
      ['case.accepted', monday, '10:00', { handler: '7' }],
      decided({ handler: '7' }),
      ['case.completed', wednesday, '10:00', { handler: '7' }],
    ],
    undefined,
  ],
  [
    'another person decided',
    { when: 'oneAccount', steps: 3 },
    {},
    [
      ['case.accepted', monday, '10:00', { handler: '7' }],
      decided({ handler: '8' }),
      ['case.completed', wednesday, '10:00', { handler: '7' }],
    ],
    undefined,
  ],
  [
    'a step by nobody known',
    { when: 'oneAccount', steps: 3 },
    {},
    [
      ['case.accepted', monday, '10:00', { handler: '7' }],
      decided(),
      ['case.completed', wednesday, '10:00', { handler: '7' }],
    ],
    undefined,
  ],
  [
    'three steps in one second',
    { when: 'sameSecond', steps: 3 },
    {},
    [
      ['case.received', monday, '10:00:07'],
      ['case.accepted', monday, '10:00:07'],
      decided({}, monday),
      ['case.stepped', monday, '10:00:07', { step: '审核' }],
      completed,
    ],
    { steps: 3, limit: 3, time: `${monday} 10:00:07` },
  ],
  [
    'in neighbouring seconds',
    { when: 'sameSecond', steps: 3 },
    {},
    [
      ['case.received', monday, '10:00:06'],
      ['case.accepted', monday, '10:00:07'],
      ['case.stepped', monday, '10:00:08', { step: '审核' }],
      completed,
    ],
    undefined,
  ],
  [
    'midnight is no time of day',
    { when: 'sameSecond', steps: 3 },
    {},
    [
      ['case.received', monday, '00:00'],
      ['case.accepted', monday, '00:00'],
      ['case.stepped', monday, '00:00', { step: '审核' }],
      completed,
    ],
    undefined,
  ],
  // FS-17
  [
    'a matter that is not published',
    { when: 'acceptedOutsideScope' },
    { code: 'M2' },
    [accepted],
    { fault: 'unknownMatter' },
  ],
  [
    'another department',
    { when: 'acceptedOutsideScope' },
    {},
    [['case.accepted', monday, '10:00', { department: 'd9' }]],
    { fault: 'otherDepartment', department: 'd9' },
  ],
  [
    "the matter's own department",
    { when: 'acceptedOutsideScope' },
    {},
    [['case.accepted', monday, '10:00', { department: 'd1' }]],
    undefined,
  ],
  // C-16
  [
    'filled in a minute too late',
    { when: 'backfilled', minutes: 60 },
    {},
    [['case.accepted', monday, '10:00', { enteredAt: at(monday, '11:01') }]],
    { lag: 61, limit: 60, enteredAt: at(monday, '11:01'), occurredAt: at(monday) },
  ],
  [
    'filled in at the last minute',
    { when: 'backfilled', minutes: 60 },
    {},
    [['case.accepted', monday, '10:00', { enteredAt: at(monday, '11:00') }]],
    undefined,
  ],
];

describe('each condition: met, not met, and at its boundary', () => {
  it.each(rows)('%s: %o', (_, rule, matter, steps, facts) => {
    expect(factsAfter(play(rule, matter), steps)).toEqual(facts === undefined ? [] : [facts]);
  });

  it('says in both languages what the codes of its facts mean', () => {
    const message = { zh: '{matter}：{fee} {fault}', en: '{fee}: {fault}' };
    const given = play({ when: 'feeNotInCatalogue', message }, { fees: [] });
    tell(given, [accepted, fee('押金', 5)]);
    const [signal] = [...given.signals.values()];
    expect(signal).toMatchObject({ messageZh: '事项：押金 收取押金、保证金', messageEn: '押金: a deposit' });
  });
});

describe('C-16: what is filled in afterwards', () => {
  const late: Step = ['case.accepted', monday, '10:00', { enteredAt: at(wednesday) }];
  const settings = (backfill: string): Partial<RulePack> => ({
    settings: {
      dataChange: { article: '第十八条', approval: 'none', backfill: backfill as 'allowed', afterMinutes: 1440 },
    },
  });
  const lag = { when: 'entryLag', minutes: 60 };

  it('refused: with the field, the minutes and the article', () => {
    const [refused] = tell(play(lag, {}, settings('refused')), [late]);
    expect(refused).toMatchObject({ field: 'enteredAt' });
    expect(refused?.reason).toMatch(/2880 minutes.*1440.*第十八条/);
  });
  it('refused: not what is entered in time, and not what was only long on its way', () => {
    const given = play(lag, {}, settings('refused'));
    const event = {
      kind: 'case.accepted',
      id: 'e',
      region,
      source: 't',
      casefile: '1',
      matter: 'M1',
      occurredAt: at(monday),
    };
    expect(given.tell(event as Event, at(wednesday)).refused).toBeUndefined();
    expect(
      tell(play(lag, {}, settings('refused')), [['case.accepted', monday, '10:00', { enteredAt: at(tuesday) }]]),
    ).toEqual([undefined]);
  });
  it('flagged: the signal of the rule about late entry; without such a rule the pack is a mistake', () => {
    expect(factsAfter(play(lag, {}, settings('flagged')), [late])).toHaveLength(1);
    expect(() => play({ when: 'offWindow' }, {}, settings('flagged'))).toThrow(/entryLag or backfilled/);
  });
});

describe('C-08: whom a signal is addressed to', () => {
  const responsible = (addressee: string): Partial<RulePack> => ({
    settings: { responsible: { article: '第七条', addressee: addressee as 'contact', scored: 'department' } },
  });
  const addressee = (given: Play) => [...given.signals.values()][0]!.addressee;
  const steps: Step[] = [accepted, decided({ handler: '1024' })];
  const rule = { when: 'happened', what: ['denied'] };
  const denied: Step[] = [accepted, decided({ outcome: 'denied', handler: '1024' })];

  it.each([
    ['contact', { kind: 'contact', department: 'd1' }],
    ['department', { kind: 'department', department: 'd1' }],
    ['person', { kind: 'person', department: 'd1', person: '1024' }],
    ['departmentAndPerson', { kind: 'departmentAndPerson', department: 'd1', person: '1024' }],
  ])('%s', (kind, expected) => {
    const given = play(rule, {}, responsible(kind));
    tell(given, denied);
    expect(addressee(given)).toEqual(expected);
  });
  it('the department where the pack says nothing', () => {
    const given = play(rule);
    tell(given, denied);
    expect(addressee(given)).toEqual({ kind: 'department', department: 'd1' });
  });
  it('a clock: who answers for the step that is awaited (JY-21), else who took the latest one', () => {
    const overdue = { when: 'overdue', deadline: 'statutory' };
    const stepDetails = [{ name: '审核', responsible: '赵' }];
    const awaited = play(overdue, { statutoryDays: 1, stepDetails }, responsible('person'));
    tell(awaited, [accepted]);
    awaited.turnUntil(at('2026-12-01'));
    expect(addressee(awaited)).toMatchObject({ person: '赵' });
    const taken = play(overdue, { statutoryDays: 1, stepDetails }, responsible('person'));
    tell(taken, [accepted, ['case.stepped', monday, '11:00', { step: '审核', handler: '1024' }]]);
    taken.turnUntil(at('2026-12-01'));
    expect(addressee(taken)).toMatchObject({ person: '1024' });
  });
  it('has nothing to do with who decided in time', () => {
    const given = play(rule, {}, responsible('person'));
    tell(given, steps);
    expect(given.signals.size).toBe(0);
  });
});

describe('C-13, XY-09', () => {
  const scope = { scope: { article: '第一条', kinds: ['行政审批'], businessTypes: ['approval' as const] } };
  const overdue = { when: 'overdue', deadline: 'statutory' };

  it.each([
    ['approval', 1],
    ['levy', 0],
  ] as const)('a matter of %s raises %i signals where only approvals are supervised', (businessType, count) => {
    for (const rule of [overdue, { when: 'happened', what: ['extended'] }]) {
      const given = play(rule, { statutoryDays: 1, businessType }, { settings: scope });
      tell(given, [accepted, ['case.extended', monday, '11:00', { days: 1, approver: '王' }]]);
      given.turnUntil(at('2026-12-01'));
      expect(given.signals.size).toBe(count);
    }
  });
  it('signals of a pack in trial operation say so, others do not', () => {
    for (const trial of [true, undefined]) {
      const given = play(overdue, { statutoryDays: 1 }, trial ? { trial } : {});
      tell(given, [accepted]);
      given.turnUntil(at('2026-12-01'));
      expect([...given.signals.values()].map((each) => each.trial)).toEqual([trial]);
    }
  });
});
