/** A region's own closed days (XY-53) hold for everything that counts days, not for deadlines alone. */
import { describe, expect, it } from 'vitest';
import { dayOf, startOf, type WorkCalendar } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { changedDays, seenOf } from '../../hub/record/replan.ts';
import { dutiesOf } from '../../hub/model/quota.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const closed = { working: false, name: '停办' };
const calendar = (...days: string[]): WorkCalendar => ({
  days: new Map(),
  years: new Set([2026]),
  closures: new Map([['510100', new Map(days.map((day) => [day, closed]))]]),
});
const pack = packFor('510104', {
  escalation: [{ fromLevel: 'correction', withinWorkingDays: 2, toLevel: 'serious' }] as never,
  settings: { supervised: { days: 3, extensionDays: 2, article: 'art. 9' } } as never,
});
const at = (day: string) => startOf(day) + 36_000_000;
const common = { region: '510104', source: 'test' };

/** A signal by hand on Monday 2026-11-16, urged by nobody, investigated on the same day. */
function play(days: WorkCalendar): Play {
  const done = new Play(smallWorld({ pack, calendar: days }));
  const who = { account: 'zhang', name: '张' };
  const tell = (event: object): void => {
    const { refused } = done.tell({ ...common, ...who, occurredAt: at('2026-11-16'), ...event } as Event);
    expect(refused).toBeUndefined();
  };
  tell({
    kind: 'signal.issuedByHand',
    id: 'e1',
    signal: 'h1',
    window: 'w1',
    level: 'correction',
    article: '1',
    text: 'x',
  });
  tell({ kind: 'inquiry.opened', id: 'e2', signal: 'h1', inquiry: 'i1', text: 'x' });
  return done;
}

describe('a day that the city closes', () => {
  it('is no day to correct a signal in, and none of an investigation', () => {
    const [usual, late] = [play(calendar()), play(calendar('2026-11-17'))];
    expect(dayOf(usual.signal('h1')!.correctBy!)).toBe('2026-11-18');
    expect(dayOf(late.signal('h1')!.correctBy!)).toBe('2026-11-19');
    expect(dayOf(usual.inquiry('i1')!.dueAt!)).toBe('2026-11-19');
    expect(dayOf(late.inquiry('i1')!.dueAt!)).toBe('2026-11-20');
    late.tell({
      kind: 'inquiry.extended',
      id: 'e3',
      ...common,
      occurredAt: at('2026-11-17'),
      signal: 'h1',
      inquiry: 'i1',
      account: 'zhang',
      name: '张',
      days: 1,
      approver: '局长',
      reason: 'x',
    } as Event);
    expect(dayOf(late.inquiry('i1')!.dueAt!)).toBe('2026-11-23');
  });

  it('has no patrol duties, except in a demonstration, which says so', () => {
    const world = smallWorld({ pack, calendar: calendar('2026-11-17') });
    const organ = world.organs.get('organ-1')!;
    const demo = { now: at('2026-11-17'), remark: '（演示）' };
    expect(dutiesOf(world, organ, '2026-11-16')).toHaveLength(1);
    expect(dutiesOf(world, organ, '2026-11-17')).toEqual([]);
    expect(dutiesOf(world, organ, '2026-11-17', { demo })[0]).toMatchObject({ article: 'art. 6（演示）' });
  });
});

describe('the days on which two calendars differ', () => {
  it('are found by region, but not in a year that was not published before', () => {
    const before = seenOf(calendar('2026-11-17'));
    expect(changedDays(before, seenOf(calendar('2026-11-17')))).toEqual([]);
    expect(changedDays(before, seenOf(calendar()))).toEqual([{ region: '510100', last: '2026-11-17' }]);
    const next: WorkCalendar = {
      ...calendar('2026-11-17'),
      days: new Map([
        ['2026-12-31', closed],
        ['2027-01-01', closed],
      ]),
      years: new Set([2026, 2027]),
    };
    expect(changedDays(before, seenOf(next))).toEqual([{ region: '', last: '2026-12-31' }]);
  });
});
