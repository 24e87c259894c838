import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  daysBetween,
  emptyCalendar,
  isWorkingDay,
  startOf,
  type WorkCalendar,
} from '../../hub/model/calendar.ts';
import { deadlineOf, explain } from '../../hub/model/clock.ts';
import type { RulePack } from '../../hub/model/pack.ts';

const working: RulePack['clock'] = { unit: 'working', begins: 'nextDay' };
const calendarDays: RulePack['clock'] = { unit: 'calendar', begins: 'nextDay' };
const noon = (day: string) => startOf(day) + 12 * 3_600_000;
const limit = (day: string, days: number, more: object = {}) => ({
  acceptedAt: noon(day),
  days,
  extensionDays: 0,
  suspensions: [],
  ...more,
});

describe('deadlines', () => {
  it.each([
    ['begins on the next working day', working, limit('2026-11-20', 1), '2026-11-23'],
    ['counts five working days over a weekend', working, limit('2026-11-18', 5), '2026-11-25'],
    ['counts calendar days', calendarDays, limit('2026-11-20', 3), '2026-11-23'],
    [
      'begins on the same day where the pack says so',
      { ...calendarDays, begins: 'sameDay' as const },
      limit('2026-11-20', 3),
      '2026-11-22',
    ],
    ['adds an extension', working, limit('2026-11-20', 1, { extensionDays: 2 }), '2026-11-25'],
    [
      'leaves suspended days out, both ends among them',
      working,
      limit('2026-10-20', 15, { suspensions: [{ from: noon('2026-10-29'), to: noon('2026-11-05'), procedure: 'x' }] }),
      '2026-11-18',
    ],
    ['is due on the day itself when the limit is 0', working, limit('2026-11-20', 0), '2026-11-20'],
  ])('%s', (_, clock, given, due) => {
    expect(deadlineOf(clock, emptyCalendar, given)?.dueOn).toBe(due);
  });

  it('is not known while the clock is suspended', () => {
    expect(
      deadlineOf(
        working,
        emptyCalendar,
        limit('2026-11-20', 5, { suspensions: [{ from: noon('2026-11-21'), procedure: 'x' }] }),
      ),
    ).toBeUndefined();
  });

  it('is provisional when it passes a year without a published calendar', () => {
    const published: WorkCalendar = { days: new Map(), years: new Set([2026]) };
    expect(deadlineOf(working, published, limit('2026-12-01', 5))?.provisional).toBe(false);
    expect(deadlineOf(working, published, limit('2026-12-30', 5))?.provisional).toBe(true);
  });
});

const someDay = fc.integer({ min: 0, max: 4_000 }).map((days) => addDays('2016-01-01', days));
const someCalendar = fc.array(fc.tuple(someDay, fc.boolean()), { maxLength: 400 }).map((days): WorkCalendar => ({
  days: new Map(days.map(([day, isWorked]) => [day, { working: isWorked, name: '调休' }])),
  years: new Set(),
}));
const someClock = fc.constantFrom(working, calendarDays);

describe('properties of the clock', () => {
  it('never becomes earlier when a day is added', () => {
    fc.assert(
      fc.property(someClock, someCalendar, someDay, fc.integer({ min: 0, max: 60 }), (clock, calendar, day, days) => {
        expect(deadlineOf(clock, calendar, limit(day, days + 1))!.dueAt).toBeGreaterThan(
          deadlineOf(clock, calendar, limit(day, days))!.dueAt - 1,
        );
      }),
    );
  });

  it('is shifted by exactly the counted days suspended', () => {
    fc.assert(
      fc.property(
        someClock,
        someCalendar,
        someDay,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 20 }),
        (clock, calendar, day, days, after, length) => {
          const plain = deadlineOf(clock, calendar, limit(day, days))!;
          const from = addDays(day, after);
          const to = addDays(from, length);
          const shifted = deadlineOf(
            clock,
            calendar,
            limit(day, days, { suspensions: [{ from: noon(from), to: noon(to), procedure: 'x' }] }),
          )!;
          const isCounted = (each: string) => clock.unit === 'calendar' || isWorkingDay(calendar, each);
          const count = (start: string, end: string) =>
            Array.from({ length: Math.max(0, daysBetween(start, end) + 1) }, (_, index) =>
              addDays(start, index),
            ).filter(isCounted).length;
          const lost = from > plain.dueOn ? 0 : count(from, to);
          expect(count(addDays(day, 1), shifted.dueOn)).toBe(days + lost);
        },
      ),
    );
  });

  it('explains itself: counted days and days left out add up to the span', () => {
    fc.assert(
      fc.property(
        someClock,
        someCalendar,
        someDay,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 90 }),
        (clock, calendar, day, days, later) => {
          const asOf = noon(addDays(day, later));
          const why = explain(clock, calendar, limit(day, days), asOf)!;
          const last = why.dueOn > addDays(day, later) ? why.dueOn : addDays(day, later);
          const span = daysBetween(why.startedOn!, last) + 1;
          const countedAfterAsOf = why.dueOn > addDays(day, later) ? days - why.usedDays! : 0;
          expect(why.usedDays! + countedAfterAsOf + why.excluded.length).toBe(span);
          expect(why.overDays).toBe(Math.max(0, why.usedDays! - days));
        },
      ),
    );
  });
});
