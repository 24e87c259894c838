import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { addDays, startOf } from '../../hub/model/calendar.ts';
import type { CaseEvent, Event } from '../../hub/model/event.ts';
import { Play } from '../support/play.ts';
import { smallWorld } from '../support/world.ts';

const at = (day: string, hour = 10) => startOf(day) + hour * 3_600_000;
let count = 0;
function step<K extends CaseEvent['kind']>(kind: K, occurredAt: number, more: object = {}): Event {
  count += 1;
  const opening = kind === 'case.received' || kind === 'case.accepted' ? { matter: 'M1' } : {};
  return {
    kind,
    id: `e${count}`,
    region: '510104',
    source: 'test',
    casefile: '1',
    occurredAt,
    ...opening,
    ...more,
  } as Event;
}

let play: Play;
beforeEach(() => {
  play = new Play(smallWorld());
});
const row = () => play.casefile('510104:1')!;
const levelsOf = () => [...play.signals.values()].map((signal) => `${signal.rule} ${signal.state}`);

describe('a casefile and its clock', () => {
  it('gets its deadlines and the moment its colour changes when it is accepted', () => {
    play.tell(step('case.accepted', at('2026-11-16'), { window: 'w1' }));
    expect(row()).toMatchObject({ status: 'accepted', hall: 'hall-1', department: 'd1' });
    expect(row().promisedDueAt! + 1).toBe(startOf('2026-11-24'));
    expect(row().statutoryDueAt! + 1).toBe(startOf('2026-12-01'));
    expect(row().nextTurn).toBe(startOf('2026-11-23'));
  });

  it('is told on its due day, then corrected, then serious, each with its arithmetic', () => {
    play.tell(step('case.accepted', at('2026-11-16')));
    play.turnUntil(at('2026-11-23'));
    expect(levelsOf()).toEqual(['due-today issued']);
    play.turnUntil(at('2026-11-24'));
    expect(levelsOf()).toEqual(['due-today closed', 'over-promised issued']);
    play.turnUntil(at('2026-12-02'));
    expect(levelsOf()).toEqual(['due-today closed', 'over-promised issued', 'over-statutory issued']);
    const [, over] = [...play.signals.values()];
    expect(over!.explanation).toMatchObject({
      unit: 'working',
      startedOn: '2026-11-17',
      limitDays: 5,
      dueOn: '2026-11-23',
      overDays: 1,
    });
    expect(over!.messageZh).toContain('2026-11-23');
    expect(play.ledger.map((entry) => entry.act)).toEqual(['signal.issued', 'signal.issued', 'signal.issued']);
    expect(row().nextTurn).toBeUndefined();
  });

  it('says the same when nobody ticked and the completion comes late', () => {
    play.tell(step('case.accepted', at('2026-11-16')));
    play.tell(step('case.completed', at('2026-11-25')));
    expect(levelsOf()).toEqual(['due-today closed', 'over-promised issued']);
    expect(row().status).toBe('completed');
  });

  it('stays silent when it is completed in time, and the turn that was on its way does nothing', () => {
    play.tell(step('case.accepted', at('2026-11-16')));
    play.tell(step('case.completed', at('2026-11-18')));
    play.tell({
      kind: 'clock.turned',
      id: 't',
      region: '510104',
      source: 'ticker',
      occurredAt: startOf('2026-11-23'),
      casefile: '1',
    });
    expect(levelsOf()).toEqual([]);
  });

  it('revokes a signal that a late entry shows to have no ground (KF-04)', () => {
    play.tell(step('case.accepted', at('2026-11-16')));
    play.turnUntil(at('2026-11-24'));
    play.tell(step('case.completed', at('2026-11-18')), at('2026-11-24', 11));
    expect(levelsOf()).toEqual(['due-today closed', 'over-promised revoked']);
    expect(play.ledger.at(-1)).toMatchObject({ act: 'signal.revoked' });
  });

  it('stops while suspended and goes on later', () => {
    play.tell(step('case.accepted', at('2026-11-16')));
    play.tell(step('case.suspended', at('2026-11-18'), { procedure: '听证' }));
    expect(row()).toMatchObject({ status: 'suspended' });
    expect(row().nextTurn).toBeUndefined();
    play.tell(step('case.resumed', at('2026-11-20')));
    expect(row().promisedDueAt! + 1).toBe(startOf('2026-11-27'));
  });

  it('fires a rule again for a new deadline after its signal was revoked', () => {
    play.tell(step('case.accepted', at('2026-11-16')));
    play.turnUntil(at('2026-11-23'));
    play.tell(step('case.extended', at('2026-11-23', 11), { days: 2, approver: '局长' }));
    expect(levelsOf()).toEqual(['due-today revoked']);
    play.turnUntil(at('2026-11-25'));
    expect(levelsOf()).toEqual(['due-today revoked', 'due-today issued']);
  });

  it('takes the deadline that the source gives', () => {
    play.tell(step('case.accepted', at('2026-11-16'), { promisedDueAt: at('2026-11-19', 15) }));
    play.turnUntil(at('2026-11-19', 16));
    expect(levelsOf()).toEqual(['due-today closed', 'over-promised issued']);
    expect([...play.signals.values()].at(-1)!.explanation?.unit).toBe('given');
  });

  it('takes steps that come before the opening', () => {
    play.tell(step('case.stepped', at('2026-11-16'), { step: '初审' }));
    expect(row()).toMatchObject({ matter: '', status: 'received' });
    play.tell(step('case.accepted', at('2026-11-16', 9)));
    expect(row()).toMatchObject({ matter: 'M1', status: 'accepted' });
  });
});

describe('what cannot be is refused, and changes nothing', () => {
  it.each<[string, Event[], string]>([
    [
      'a decision on a day before the acceptance',
      [step('case.accepted', at('2026-11-16')), step('case.decided', at('2026-11-13'), { outcome: 'approved' })],
      'occurredAt',
    ],
    [
      'an acceptance on a day after the completion',
      [step('case.completed', at('2026-11-13')), step('case.accepted', at('2026-11-16'))],
      'occurredAt',
    ],
    ['a second acceptance', [step('case.accepted', at('2026-11-16')), step('case.accepted', at('2026-11-17'))], 'kind'],
    [
      'resuming what is not suspended',
      [step('case.accepted', at('2026-11-16')), step('case.resumed', at('2026-11-17'))],
      'kind',
    ],
    [
      'suspending twice',
      [
        step('case.suspended', at('2026-11-16'), { procedure: 'a' }),
        step('case.suspended', at('2026-11-17'), { procedure: 'a' }),
      ],
      'kind',
    ],
  ])('%s', (_, events, field) => {
    const last = events.pop()!;
    for (const event of events) expect(play.tell(event).refused).toBeUndefined();
    const before = structuredClone(row());
    expect(play.tell(last).refused?.field).toBe(field);
    expect(row()).toEqual(before);
  });

  it('takes a completion on the same day though its time of day is earlier', () => {
    play.tell(step('case.accepted', at('2026-11-16', 10)));
    expect(play.tell(step('case.completed', at('2026-11-16', 0))).refused).toBeUndefined();
  });
});

describe('a patrol visit', () => {
  const who = { region: '510104', source: 'serve', account: 'li', name: '李' };
  const digest = '0'.repeat(64);
  beforeEach(() => {
    play.tell({
      kind: 'patrol.planned',
      id: 'd',
      region: '510104',
      source: 'planner',
      occurredAt: at('2026-11-20', 0),
      duty: 'd1',
      organ: 'organ-1',
      hall: 'hall-1',
      day: '2026-11-20',
      required: 2,
      dueAt: at('2026-11-20', 17),
      article: 'art. 6',
    });
    play.tell({
      kind: 'patrol.visitStarted',
      id: 'v',
      ...who,
      occurredAt: at('2026-11-20'),
      visit: 'v1',
      duty: 'd1',
      hall: 'hall-1',
      windows: ['w1', 'w2'],
    });
  });
  const finish = (seconds: number) =>
    play.tell({
      kind: 'patrol.visitFinished',
      id: 'f',
      ...who,
      occurredAt: at('2026-11-20', 11),
      visit: 'v1',
      digest,
      views: [{ window: 'w1', camera: 'c1', seconds, verified: true }],
    });

  it('counts when enough windows were verified for long enough', () => {
    expect(finish(12).refused).toBeUndefined();
    expect(play.visit('v1')).toMatchObject({ state: 'finished', counts: true, verified: 1, needed: 1 });
    expect(play.duty('d1')).toMatchObject({ done: 1, state: 'planned' });
  });

  it('is kept but does not count when it falls short, whatever the sender claims', () => {
    finish(9.9);
    expect(play.visit('v1')).toMatchObject({ state: 'finished', counts: false, verified: 0 });
    expect(play.duty('d1')).toMatchObject({ done: 0, state: 'planned' });
  });

  it('is finished once, and by the person who started it', () => {
    expect(
      play.tell({
        kind: 'patrol.visitFinished',
        id: 'x',
        ...who,
        account: 'wang',
        occurredAt: at('2026-11-20', 11),
        visit: 'v1',
        digest,
        views: [],
      }).refused?.field,
    ).toBe('account');
    finish(12);
    expect(finish(12).refused?.field).toBe('visit');
  });

  it('takes a finding of the vocabulary only', () => {
    const finding = (code: string) =>
      play.tell({
        kind: 'patrol.findingRecorded',
        id: code,
        ...who,
        occurredAt: at('2026-11-20', 11),
        finding: `f-${code}`,
        visit: 'v1',
        window: 'w1',
        code,
      });
    expect(finding('Z9').refused?.field).toBe('code');
    expect(finding('B1').refused).toBeUndefined();
    expect(play.visit('v1')?.findings).toBe(1);
    expect(play.ledger.at(-1)).toMatchObject({ act: 'finding.recorded', account: 'li' });
  });
});

describe('signals and people', () => {
  it('is acknowledged once, and closed when its casefile is over', () => {
    play.tell(step('case.accepted', at('2026-11-16')));
    play.turnUntil(at('2026-11-24'));
    const signal = [...play.signals.values()].at(-1)!.id;
    const acknowledge = () =>
      play.tell({
        kind: 'signal.acknowledged',
        id: `a${count++}`,
        region: '510104',
        source: 'serve',
        account: 'li',
        name: '李',
        occurredAt: at('2026-11-24', 12),
        signal,
      });
    expect(acknowledge().refused).toBeUndefined();
    expect(play.signal(signal)).toMatchObject({ state: 'acknowledged', acknowledgedBy: '李' });
    expect(acknowledge().refused?.field).toBe('signal');
    play.tell(step('case.completed', at('2026-11-25')));
    expect(play.signal(signal)?.state).toBe('closed');
  });
});

describe('properties', () => {
  it('gives the same open signals however often the clock is turned between the steps', () => {
    const days = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 40 }), (ticks, completedAfter) => {
        const run = (turns: number[]) => {
          const each = new Play(smallWorld());
          const accepted = at('2026-03-02');
          const completed = at(addDays('2026-03-02', completedAfter));
          each.tell(step('case.accepted', accepted));
          for (const turn of [...turns].sort((a, b) => a - b)) {
            const now = at(addDays('2026-03-02', turn));
            if (now < completed) each.turnUntil(now);
          }
          each.tell(step('case.completed', completed));
          return [...each.signals.values()].map(({ rule, state, at: when, explanation }) => ({
            rule,
            state,
            when,
            explanation,
          }));
        };
        expect(run(ticks)).toEqual(run([]));
      }),
    );
  });
});
