import { describe, expect, it } from 'vitest';
import type { CaseEvent } from '../../hub/model/event.ts';
import { clockOf } from '../../hub/model/caseClocks.ts';
import type { WorkCalendar } from '../../hub/model/calendar.ts';
import type { ClockKind } from '../../hub/model/limits.ts';
import { rulePack, type RulePack } from '../../hub/model/pack.ts';
import type { Casefile } from '../../hub/model/state.ts';
import type { Matter, World } from '../../hub/model/world.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const at = (text: string): number => Date.parse(`${text}:00+08:00`);
const both = (text: string) => ({ zh: text, en: text });
type Told = CaseEvent extends infer E
  ? E extends CaseEvent
    ? Omit<E, 'id' | 'region' | 'source' | 'casefile'>
    : never
  : never;

/** One case of 510104, told step by step; 2026-11-02 is a Monday. */
function caseIn(world: World) {
  const play = new Play(world);
  let n = 0;
  const tell = (event: Told) =>
    play.tell({ id: `e${(n += 1)}`, region: '510104', source: 'test', casefile: 'C1', ...event } as CaseEvent);
  return {
    play,
    tell,
    row: (): Casefile => play.casefile('510104:C1')!,
    signals: () =>
      [...play.signals.values()].map(({ rule, state, at: when, explanation }) => ({
        rule,
        state,
        at: when,
        of: explanation?.of,
      })),
    clock: (kind: ClockKind, now: string) =>
      clockOf(world, [...world.packs.values()][0], play.casefile('510104:C1')!, at(now)).clocks.filter(
        (each) => each.kind === kind,
      ),
  };
}

const matter: Matter = {
  code: 'M1',
  region: '510104',
  name: '食品经营许可',
  businessType: 'approval',
  itemClass: 'promised',
  promisedDays: 5,
  statutoryDays: 10,
  steps: ['受理', '审核', '上报', '决定', '发证'],
  stepDetails: [{ name: '审核', days: 2, responsible: '李科长' }],
  outputs: ['食品经营许可证'],
  department: 'd1',
};

const limits: RulePack['limits'] = {
  acceptance: { article: '行政许可法 32', days: 5 },
  correctionAnswer: { article: '规则 1', days: 10, unit: 'calendar' },
  procedures: { hearing: { article: '行政许可法 47', days: 20 }, other: { article: '规则 2', days: 3 } },
  forwarding: { article: '行政许可法 43', days: 4 },
  forwardAnswer: { article: '规则 3', hours: 8, unit: 'workingHours', begins: 'sameMoment' },
  licence: { article: '行政许可法 44', days: 10 },
  publication: { article: '行政许可法 40', days: 7 },
};

const overdue = (deadline: ClockKind) => ({
  id: `over-${deadline}`,
  title: both('over'),
  article: 'art. 1',
  level: 'warning',
  when: 'overdue',
  deadline,
  message: both('{matter} {casefile} {due}'),
});

const packWith = (...kinds: ClockKind[]): RulePack =>
  rulePack.parse({
    ...packFor('510104'),
    clock: { unit: 'working', begins: 'nextDay', officeHours: [{ opens: 540, closes: 1020 }] },
    limits,
    rules: kinds.map(overdue),
  });

const worldWith = (...kinds: ClockKind[]): World => smallWorld({ pack: packWith(...kinds), matters: [matter] });
const received = { kind: 'case.received', matter: 'M1', occurredAt: at('2026-11-02T10:00') } as const;
const accepted = { kind: 'case.accepted', matter: 'M1', occurredAt: at('2026-11-02T10:30') } as const;

describe('the life of a case', () => {
  it('keeps what rules look at: people, fee, licence, publication, forwarding, inspection, appeal, revocation', () => {
    const { tell, row } = caseIn(worldWith());
    tell({ ...received, handler: '0701' });
    tell({ ...accepted, handler: '0702' });
    tell({ kind: 'case.forwarded', to: '市局', occurredAt: at('2026-11-03T09:00') });
    tell({ kind: 'case.forwardAnswered', result: '同意', occurredAt: at('2026-11-04T09:00') });
    tell({ kind: 'case.suspended', procedure: '听证会', occurredAt: at('2026-11-05T09:00') });
    tell({ kind: 'case.resumed', result: '无异议', occurredAt: at('2026-11-06T09:00') });
    tell({
      kind: 'case.feeCharged',
      name: '工本费',
      amount: 12.5,
      reference: 'R1',
      occurredAt: at('2026-11-09T09:00'),
    });
    tell({
      kind: 'case.decided',
      outcome: 'approved',
      handler: '0703',
      approver: '王局长',
      document: '川食许〔2026〕1号',
      occurredAt: at('2026-11-09T10:00'),
    });
    tell({ kind: 'case.licenceIssued', name: '食品经营许可证', number: 'JY1', occurredAt: at('2026-11-10T09:00') });
    tell({ kind: 'case.published', occurredAt: at('2026-11-11T09:00') });
    tell({ kind: 'case.completed', handler: '0701', occurredAt: at('2026-11-11T10:00') });
    tell({ kind: 'case.inspected', result: '合格', occurredAt: at('2026-12-11T10:00') });
    tell({ kind: 'case.appealed', by: 'reconsideration', reference: 'F1', occurredAt: at('2026-12-12T10:00') });
    expect(
      tell({ kind: 'case.resultRevoked', approver: '王局长', reason: '材料虚假', occurredAt: at('2026-12-20T10:00') })
        .refused,
    ).toBeUndefined();
    expect(row()).toMatchObject({
      receivedBy: '0701',
      acceptedBy: '0702',
      decidedBy: '0703',
      completedBy: '0701',
      approver: '王局长',
      document: '川食许〔2026〕1号',
      suspensions: [{ procedure: '听证会', kind: 'hearing', result: '无异议' }],
      forwards: [{ to: '市局', result: '同意' }],
      fees: [{ name: '工本费', amount: 12.5, reference: 'R1' }],
      licences: [{ name: '食品经营许可证', number: 'JY1' }],
      publishedAt: at('2026-11-11T09:00'),
      inspections: [{ result: '合格' }],
      appeals: [{ by: 'reconsideration', reference: 'F1' }],
      revoked: { approver: '王局长' },
      status: 'completed',
    });
  });

  it.each<[string, Told[], string]>([
    [
      'a licence of what was denied',
      [
        accepted,
        { kind: 'case.decided', outcome: 'denied', occurredAt: at('2026-11-03T09:00') },
        { kind: 'case.licenceIssued', name: 'x', occurredAt: at('2026-11-04T09:00') },
      ],
      'kind',
    ],
    [
      'a licence from before the decision',
      [
        accepted,
        { kind: 'case.decided', outcome: 'approved', occurredAt: at('2026-11-04T09:00') },
        { kind: 'case.licenceIssued', name: 'x', occurredAt: at('2026-11-03T09:00') },
      ],
      'occurredAt',
    ],
    [
      'an answer to what was not forwarded',
      [accepted, { kind: 'case.forwardAnswered', occurredAt: at('2026-11-03T09:00') }],
      'kind',
    ],
    [
      'a case forwarded twice',
      [
        accepted,
        { kind: 'case.forwarded', to: 'A', occurredAt: at('2026-11-03T09:00') },
        { kind: 'case.forwarded', to: 'B', occurredAt: at('2026-11-03T10:00') },
      ],
      'kind',
    ],
    [
      'a return after the decision',
      [
        accepted,
        { kind: 'case.decided', outcome: 'approved', occurredAt: at('2026-11-03T09:00') },
        { kind: 'case.returned', occurredAt: at('2026-11-04T09:00') },
      ],
      'kind',
    ],
    [
      'a revocation of nothing',
      [accepted, { kind: 'case.resultRevoked', approver: 'x', reason: 'y', occurredAt: at('2026-11-03T09:00') }],
      'kind',
    ],
    [
      'a penalty filed twice',
      [
        { ...accepted, kind: 'case.filed' },
        { ...accepted, kind: 'case.filed' },
      ],
      'kind',
    ],
    [
      'a penalty decided before it was filed',
      [
        { ...accepted, kind: 'case.filed' },
        { kind: 'case.penaltyDecided', penalty: '罚款', occurredAt: at('2026-10-30T09:00') },
      ],
      'occurredAt',
    ],
    [
      'an execution before the decision',
      [
        { ...accepted, kind: 'case.filed' },
        { kind: 'case.penaltyDecided', penalty: '罚款', occurredAt: at('2026-11-05T09:00') },
        { kind: 'case.executed', occurredAt: at('2026-11-04T09:00') },
      ],
      'occurredAt',
    ],
  ])('refuses %s', (_name, events, field) => {
    const { tell } = caseIn(worldWith());
    expect(events.map((event) => tell(event).refused).at(-1)).toMatchObject({ field });
  });

  it('ends with a return, and what comes later does not move the end', () => {
    const { tell, row } = caseIn(worldWith());
    tell(received);
    tell({ kind: 'case.returned', reason: '不属本级', occurredAt: at('2026-11-03T09:00') });
    tell({ kind: 'case.appealed', by: 'litigation', occurredAt: at('2026-11-20T09:00') });
    expect(row()).toMatchObject({ status: 'returned', endedAt: at('2026-11-03T09:00') });
    expect(row().nextTurn).toBeUndefined();
  });

  it('takes a levy in either order: notice and payment', () => {
    const { tell, row } = caseIn(worldWith('payment'));
    tell(accepted);
    tell({ kind: 'case.levyPaid', amount: 60, occurredAt: at('2026-11-04T09:00') });
    tell({ kind: 'case.levyNotified', amount: 100, dueAt: at('2026-11-10T17:00'), occurredAt: at('2026-11-03T09:00') });
    expect(row().levy).toMatchObject({ amount: 100, paid: 60 });
    expect(row().levy!.paidAt).toBeUndefined();
    tell({ kind: 'case.levyPaid', amount: 40, occurredAt: at('2026-11-09T09:00') });
    expect(row().levy).toMatchObject({ paid: 100, paidAt: at('2026-11-09T09:00') });
  });

  it('counts a penalty from its filing to its decision', () => {
    const { tell, row, clock } = caseIn(worldWith());
    tell({ ...accepted, kind: 'case.filed' });
    tell({ kind: 'case.investigated', occurredAt: at('2026-11-04T09:00') });
    tell({ kind: 'case.noticeServed', occurredAt: at('2026-11-05T09:00') });
    tell({
      kind: 'case.penaltyDecided',
      penalty: '罚款',
      amount: 500,
      approver: '王局长',
      occurredAt: at('2026-11-06T09:00'),
    });
    tell({ kind: 'case.executed', occurredAt: at('2026-11-12T09:00') });
    expect(row()).toMatchObject({
      status: 'decided',
      approver: '王局长',
      penalty: { decision: '罚款', amount: 500, executedAt: at('2026-11-12T09:00') },
    });
    expect(clock('promised', '2026-11-20T09:00')).toMatchObject([{ state: 'met', until: at('2026-11-06T09:00') }]);
  });
});

describe('the clocks of a case', () => {
  it('asks for a decision on the acceptance within five working days, and again after a correction', () => {
    const { tell, clock } = caseIn(worldWith('acceptance'));
    tell(received);
    expect(clock('acceptance', '2026-11-03T09:00')).toMatchObject([
      { state: 'running', explanation: { dueOn: '2026-11-09', basis: '行政许可法 32' } },
    ]);
    tell({ kind: 'case.correctionRequested', occurredAt: at('2026-11-04T09:00') });
    expect(clock('acceptance', '2026-11-05T09:00')).toMatchObject([{ state: 'met' }]);
    expect(clock('correctionAnswer', '2026-11-05T09:00')).toMatchObject([
      { state: 'running', explanation: { dueOn: '2026-11-14', unit: 'calendar' } },
    ]);
    tell({ kind: 'case.corrected', occurredAt: at('2026-11-12T09:00') });
    expect(clock('acceptance', '2026-11-12T09:00')).toMatchObject([
      { state: 'running', explanation: { dueOn: '2026-11-19' } },
    ]);
    expect(clock('correctionAnswer', '2026-11-13T09:00')).toMatchObject([{ state: 'met' }]);
  });

  it('gives a late acceptance its signal, and ends it when the case is accepted', () => {
    const { play, tell, signals } = caseIn(worldWith('acceptance'));
    tell(received);
    play.turnUntil(at('2026-11-10T08:00'));
    expect(signals()).toMatchObject([{ rule: 'over-acceptance', state: 'issued', at: at('2026-11-10T00:00') }]);
    tell({ ...accepted, occurredAt: at('2026-11-10T09:00') });
    expect(signals()).toMatchObject([{ state: 'closed' }]);
  });

  it('counts a step from the one before it, and each special procedure by its own limit', () => {
    const { play, tell, signals, clock } = caseIn(worldWith('step', 'procedure'));
    tell(accepted);
    expect(clock('step', '2026-11-03T09:00')).toMatchObject([
      { of: '审核', state: 'running', explanation: { dueOn: '2026-11-04' } },
    ]);
    tell({ kind: 'case.suspended', procedure: '现场勘查', occurredAt: at('2026-11-04T09:00') });
    tell({ kind: 'case.resumed', occurredAt: at('2026-11-05T09:00') });
    // Two of the days were suspended (行政许可法 45).
    expect(clock('step', '2026-11-05T09:00')).toMatchObject([{ of: '审核', explanation: { dueOn: '2026-11-06' } }]);
    tell({ kind: 'case.suspended', procedure: '技术论证', occurredAt: at('2026-11-05T10:00') });
    play.turnUntil(at('2026-11-12T00:00'));
    expect(signals()).toMatchObject([{ rule: 'over-procedure', of: '技术论证', at: at('2026-11-11T00:00') }]);
    tell({ kind: 'case.resumed', occurredAt: at('2026-11-12T09:00') });
    play.turnUntil(at('2026-11-20T00:00'));
    expect(signals()).toMatchObject([
      { rule: 'over-procedure', state: 'closed' },
      { rule: 'over-step', of: '审核', state: 'issued' },
    ]);
    tell({ kind: 'case.stepped', step: '审核', occurredAt: at('2026-11-20T09:00') });
    expect(signals().map(({ state }) => state)).toEqual(['closed', 'closed']);
  });

  it('tells two procedures of one name apart', () => {
    const { play, tell, signals } = caseIn(worldWith('procedure'));
    tell(accepted);
    for (const day of ['03', '16']) {
      tell({ kind: 'case.suspended', procedure: '技术论证', occurredAt: at(`2026-11-${day}T09:00`) });
      play.turnUntil(at(`2026-11-${Number(day) + 9}T00:00`));
      tell({ kind: 'case.resumed', occurredAt: at(`2026-11-${Number(day) + 9}T09:00`) });
    }
    expect(signals().map(({ of }) => of)).toEqual(['技术论证', '技术论证（2）']);
  });

  it('asks that the opinion goes up in time where the flow goes through a superior organ (SZ-30)', () => {
    const { play, tell, signals, clock } = caseIn(worldWith('forwarding', 'forwardAnswer'));
    tell(accepted);
    play.turnUntil(at('2026-11-07T00:00'));
    expect(signals()).toMatchObject([{ rule: 'over-forwarding', at: at('2026-11-07T00:00') }]);
    tell({ kind: 'case.forwarded', to: '市局', occurredAt: at('2026-11-09T16:00') });
    expect(signals()).toMatchObject([{ state: 'closed' }]);
    // Eight office hours from 16:00: one today, seven tomorrow.
    expect(clock('forwardAnswer', '2026-11-10T12:00')).toMatchObject([
      {
        of: '市局',
        state: 'running',
        explanation: { unit: 'workingHours', limitDays: 8, usedDays: 4, dueAt: at('2026-11-10T16:00') - 1 },
      },
    ]);
  });

  it('asks for the licence and the publication after the decision, which ends the other clocks (SZ-35, SZ-36)', () => {
    const { play, tell, row, signals } = caseIn(worldWith('promised', 'licence', 'publication'));
    tell(accepted);
    tell({ kind: 'case.decided', outcome: 'approved', occurredAt: at('2026-11-04T09:00') });
    // Seven working days from 11-05 on end with 11-13, ten with 11-18.
    expect(row().nextTurn).toBe(at('2026-11-14T00:00'));
    tell({ kind: 'case.completed', occurredAt: at('2026-11-04T09:30') });
    play.turnUntil(at('2026-11-25T00:00'));
    expect(signals()).toMatchObject([
      { rule: 'over-publication', at: at('2026-11-14T00:00') },
      { rule: 'over-licence', at: at('2026-11-19T00:00') },
    ]);
    // KF-04: it was issued in time and entered late.
    tell({ kind: 'case.licenceIssued', name: '证', occurredAt: at('2026-11-06T09:00') });
    expect(signals()).toMatchObject([{ state: 'issued' }, { state: 'revoked' }]);
    expect(row().nextTurn).toBeUndefined();
  });

  it('asks nothing of what was denied', () => {
    const { tell, row } = caseIn(worldWith('licence', 'publication'));
    tell(accepted);
    tell({ kind: 'case.decided', outcome: 'denied', occurredAt: at('2026-11-04T09:00') });
    expect(row().nextTurn).toBeUndefined();
  });

  it("keeps a region's own closed days", () => {
    const calendar: WorkCalendar = {
      days: new Map(),
      years: new Set([2026]),
      closures: new Map([
        ['510104', new Map([['2026-11-05', { working: false, name: '停办' }]])],
        ['510105', new Map([['2026-11-06', { working: false, name: '别处' }]])],
      ]),
    };
    const { tell, clock } = caseIn({ ...worldWith(), calendar });
    tell(accepted);
    expect(clock('promised', '2026-11-03T09:00')).toMatchObject([
      {
        explanation: {
          dueOn: '2026-11-10',
          excluded: [
            { day: '2026-11-05', reason: 'holiday', name: '停办' },
            { day: '2026-11-07' },
            { day: '2026-11-08' },
          ],
        },
      },
    ]);
  });

  it('counts anew when the calendar that was waited for arrives', () => {
    const calendar: WorkCalendar = { days: new Map(), years: new Set([2026]) };
    const world = { ...worldWith('promised'), calendar };
    const { play, tell, row } = caseIn(world);
    tell({ ...accepted, occurredAt: at('2026-12-28T10:00') });
    expect(row()).toMatchObject({ provisional: true, promisedDueAt: at('2027-01-05T00:00') - 1 });
    world.calendar = {
      days: new Map([['2027-01-01', { working: false, name: '元旦' }]]),
      years: new Set([2026, 2027]),
    };
    play.tell({
      kind: 'clock.replanned',
      id: 'r',
      region: '510104',
      source: 'ticker',
      occurredAt: at('2026-12-29T10:00'),
      casefile: 'C1',
    });
    expect(row()).toMatchObject({
      provisional: false,
      promisedDueAt: at('2027-01-06T00:00') - 1,
      nextTurn: at('2027-01-06T00:00'),
    });
  });
});

describe('limits of a pack', () => {
  it.each<[string, object, string]>([
    [
      'hours without office hours',
      { limits: { licence: { article: 'a', hours: 8, unit: 'workingHours' } } },
      'workingHours needs clock.officeHours',
    ],
    [
      'hours of a unit of days',
      { limits: { licence: { article: 'a', hours: 8 } } },
      'expected hours with the unit workingHours',
    ],
    [
      'days and hours',
      { limits: { licence: { article: 'a', hours: 8, days: 1, unit: 'workingHours' } } },
      'expected either days or hours',
    ],
    ['a rule about a limit that is not there', { rules: [overdue('licence')] }, 'needs limits.licence'],
    [
      'office hours that overlap',
      {
        clock: {
          unit: 'working',
          officeHours: [
            { opens: 540, closes: 720 },
            { opens: 700, closes: 1020 },
          ],
        },
      },
      'do not overlap',
    ],
  ])('names %s', (_name, change, message) => {
    const result = rulePack.safeParse({ ...packFor('510104'), ...change });
    expect(JSON.stringify(result.error?.issues)).toContain(message);
  });
});
