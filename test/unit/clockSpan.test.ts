import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, emptyCalendar, startOf, type WorkCalendar } from '../../hub/model/calendar.ts';
import { deadlineOf, explain, type ClockSetting, type Limit } from '../../hub/model/clock.ts';
import { beginOf, countedBetween } from '../../hub/model/span.ts';
import type { Suspension } from '../../hub/model/state.ts';

const hour = 3_600_000;
const at = (text: string): number => Date.parse(`${text}:00+08:00`);
const office = [
  { opens: 540, closes: 720 },
  { opens: 810, closes: 1020 },
];
const hours: ClockSetting = { unit: 'workingHours', begins: 'sameMoment', officeHours: office };
const limit = (from: string, days: number, suspensions: Suspension[] = []): Limit => ({
  acceptedAt: at(from),
  days,
  extensionDays: 0,
  suspensions,
});

describe('limits that run to the minute', () => {
  // 2026-11-20 is a Friday. The office is open 9:00-12:00 and 13:30-17:00.
  it.each<[string, ClockSetting, Limit, string]>([
    ['working hours over the lunch break', hours, limit('2026-11-20T11:00', 2), '2026-11-20T14:30'],
    ['over the weekend', hours, limit('2026-11-20T16:00', 2), '2026-11-23T10:00'],
    ['from before the office opens', hours, limit('2026-11-20T07:00', 1), '2026-11-20T10:00'],
    ['from the next day on', { ...hours, begins: 'nextDay' }, limit('2026-11-20T11:00', 1), '2026-11-23T10:00'],
    ['half an hour', hours, limit('2026-11-20T11:45', 0.5), '2026-11-20T13:45'],
    [
      'only whole hours (floor): one more',
      { ...hours, rounding: 'floor' },
      limit('2026-11-20T09:00', 2),
      '2026-11-20T12:00',
    ],
    [
      'without what was suspended',
      hours,
      limit('2026-11-20T09:00', 2, [{ from: at('2026-11-20T10:00'), to: at('2026-11-20T14:00'), procedure: 'x' }]),
      '2026-11-20T15:00',
    ],
    [
      'working days from the moment',
      { unit: 'working', begins: 'sameMoment' },
      limit('2026-11-20T15:00', 1),
      '2026-11-23T15:00',
    ],
    [
      'calendar days from the moment',
      { unit: 'calendar', begins: 'sameMoment' },
      limit('2026-11-20T15:00', 1),
      '2026-11-21T15:00',
    ],
  ])('%s', (_name, setting, given, due) => {
    expect(new Date(deadlineOf(setting, emptyCalendar, given)!.dueAt + 1).toISOString()).toBe(
      new Date(at(due)).toISOString(),
    );
  });

  it.each<['ceil' | 'floor' | 'exact', number, number]>([
    ['ceil', 2, 1],
    ['exact', 1.5, 0.5],
    ['floor', 1, 0],
  ])('counts a part of an hour by its rounding: %s', (rounding, used, over) => {
    const why = explain({ ...hours, rounding }, emptyCalendar, limit('2026-11-20T09:00', 1), at('2026-11-20T10:30'))!;
    expect([why.usedDays, why.overDays]).toEqual([used, over]);
  });

  it('is not known while it is suspended, nor where no hour ever counts', () => {
    const stopped = limit('2026-11-20T09:00', 1, [{ from: at('2026-11-20T10:00'), procedure: 'x' }]);
    expect(deadlineOf(hours, emptyCalendar, stopped)).toBeUndefined();
    expect(deadlineOf({ ...hours, officeHours: [] }, emptyCalendar, limit('2026-11-20T09:00', 1))).toBeUndefined();
  });
});

const someDay = fc.integer({ min: 0, max: 4_000 }).map((days) => addDays('2016-01-01', days));
const someMoment = fc
  .tuple(someDay, fc.integer({ min: 0, max: 1439 }))
  .map(([day, minute]) => startOf(day) + minute * 60_000);
const someCalendar = fc.array(fc.tuple(someDay, fc.boolean()), { maxLength: 200 }).map((days): WorkCalendar => ({
  days: new Map(days.map(([day, working]) => [day, { working, name: '调休' }])),
  years: new Set(),
}));
const someSetting = fc.record({
  unit: fc.constantFrom<ClockSetting['unit']>('working', 'calendar', 'workingHours'),
  begins: fc.constantFrom<ClockSetting['begins']>('nextDay', 'sameDay', 'sameMoment'),
  rounding: fc.constantFrom<ClockSetting['rounding']>('ceil', 'floor', 'exact', undefined),
  officeHours: fc.constant(office),
});
const toTheMinute = someSetting.filter(({ unit, begins }) => unit === 'workingHours' || begins === 'sameMoment');
const unitOf = ({ unit }: ClockSetting): number => (unit === 'workingHours' ? hour : 24 * hour);
const amount = fc.integer({ min: 1, max: 40 });
const from = (acceptedAt: number, days: number, suspensions: Suspension[] = []): Limit => ({
  acceptedAt,
  days,
  extensionDays: 0,
  suspensions,
});

describe('properties of every unit, beginning and rounding', () => {
  it('is never earlier with one more day or hour, nor when it begins later', () => {
    fc.assert(
      fc.property(
        someSetting,
        someCalendar,
        someMoment,
        amount,
        fc.integer({ min: 0, max: 10_000 }),
        (setting, calendar, start, days, later) => {
          const due = (begin: number, count: number): number =>
            deadlineOf(setting, calendar, from(begin, count))!.dueAt;
          expect(due(start, days + 1)).toBeGreaterThan(due(start, days));
          expect(due(start + later * 60_000, days)).toBeGreaterThanOrEqual(due(start, days));
        },
      ),
    );
  });

  it('is shifted by exactly the counted time that was suspended', () => {
    fc.assert(
      fc.property(
        toTheMinute,
        someCalendar,
        someMoment,
        amount,
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 0, max: 20_000 }),
        (setting, calendar, start, days, after, length) => {
          const begin = start + after * 60_000;
          const end = begin + length * 60_000;
          const plain = deadlineOf(setting, calendar, from(start, days))!;
          const shifted = deadlineOf(setting, calendar, from(start, days, [{ from: begin, to: end, procedure: 'x' }]))!;
          const counted = (one: number, other: number): number =>
            one >= other
              ? 0
              : countedBetween(setting, calendar, [], one, other).reduce((sum, each) => sum + each.counted, 0);
          const lost = counted(Math.max(begin, beginOf(setting, start)), Math.min(end, shifted.dueAt + 1));
          expect(counted(plain.dueAt + 1, shifted.dueAt + 1)).toBe(begin > plain.dueAt ? 0 : lost);
        },
      ),
    );
  });

  it('explains itself: the lines of its days sum up to the limit, and no other day within counts', () => {
    fc.assert(
      fc.property(
        toTheMinute,
        someCalendar,
        someMoment,
        amount,
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        (setting, calendar, start, days, after, length) => {
          const begin = start + after * 60_000;
          const suspensions = [{ from: begin, to: begin + length * 60_000, procedure: 'x' }];
          const why = explain(setting, calendar, from(start, days, suspensions), start)!;
          const whole = (days + (setting.rounding === 'floor' ? 1 : 0)) * unitOf(setting);
          expect(why.counted!.reduce((sum, each) => sum + each.counted, 0)).toBe(whole);
          const out = new Set(why.excluded.map(({ day }) => day));
          expect(why.counted!.filter(({ day }) => out.has(day))).toEqual([]);
          const atDue = explain(setting, calendar, from(start, days, suspensions), why.dueAt + 1)!;
          expect(atDue.usedDays).toBe(whole / unitOf(setting));
          expect(explain(setting, calendar, from(start, days, suspensions), why.dueAt)!.overDays).toBe(0);
        },
      ),
    );
  });
});
