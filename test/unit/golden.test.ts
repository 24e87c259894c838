/** The regulations' own deadlines, by the working days the State Council published. Each line reads like its article. */
import { beforeAll, describe, expect, it } from 'vitest';
import { addWorkingDays, isWorkingDay, startOf, type WorkCalendar } from '../../hub/model/calendar.ts';
import { deadlineOf, supervisedDue } from '../../hub/model/clock.ts';
import { readSeeds } from '../../seeds/files.ts';
import { calendarOf } from '../../seeds/load.ts';

let calendar: WorkCalendar;
beforeAll(async () => {
  calendar = calendarOf((await readSeeds()).calendar);
});

const table: [article: string, begins: string, days: number, extension: number, due: string][] = [
  ['深圳 14: decide on a complaint within 5 working days, received on a Saturday', '2007-02-10', 5, 0, '2007-02-16'],
  ['深圳 14: 5 working days over Spring Festival, two make-up days', '2007-02-16', 5, 0, '2007-02-28'],
  ['深圳 11: correct within 1 working day; the next day is a make-up Saturday', '2007-02-16', 1, 0, '2007-02-17'],
  ['深圳 11: correct within 1 working day before Labour Day', '2007-04-27', 1, 0, '2007-04-28'],
  ['四川 9: report within 15 working days', '2011-03-28', 15, 0, '2011-04-19'],
  ['四川 9: report within 15 working days, extended by 10', '2011-03-28', 15, 10, '2011-05-04'],
  ['四川 9: 15 working days over National Day', '2011-09-20', 15, 0, '2011-10-14'],
  ['四川 9: 15 working days over National Day, extended by 10', '2011-09-20', 15, 10, '2011-10-28'],
  ['行政许可法 42: decide within 20 working days', '2008-09-16', 20, 0, '2008-10-17'],
  ['行政许可法 42: 20 working days, extended by 10', '2008-09-16', 20, 10, '2008-10-31'],
  ['行政许可法 42: 20 working days over Spring Festival', '2026-02-10', 20, 0, '2026-03-16'],
  ['深圳 11: 1 working day; the next day is a make-up Saturday', '2026-02-13', 1, 0, '2026-02-14'],
];

describe.each(table)('%s, from %s', (_, begins, days, extension, due) => {
  it('is due on that day by the clock of casefiles', () => {
    const limit = {
      acceptedAt: startOf(begins) + 12 * 3_600_000,
      days,
      extensionDays: extension,
      suspensions: [],
    };
    const clock = { unit: 'working', begins: 'nextDay' } as const;
    expect(deadlineOf(clock, calendar, limit)).toMatchObject({ dueOn: due, provisional: false });
  });

  it('is due on that day by the calendar, and that day is worked', () => {
    expect(addWorkingDays(calendar, begins, days + extension)).toBe(due);
    expect(isWorkingDay(calendar, due)).toBe(true);
  });
});

describe('四川 9: a problem that a superior organ supervises', () => {
  const article9 = { days: 15, extensionDays: 10 };

  it.each([
    [0, '2011-04-19'],
    [1, '2011-04-20'],
    [10, '2011-05-04'],
  ])('extended by %i working days is due on %s', (extension, dueOn) => {
    expect(supervisedDue(article9, calendar, '2011-03-28', extension)).toEqual({ ok: true, dueOn, provisional: false });
  });

  it.each([11, 15, -1, 0.5, NaN])('cannot be extended by %d', (extension) => {
    expect(supervisedDue(article9, calendar, '2011-03-28', extension)).toEqual({
      ok: false,
      field: 'days',
      reason: 'expected an extension of 0 to 10 working days',
    });
  });

  it('says that a year without a published calendar makes it provisional', () => {
    expect(supervisedDue(article9, calendar, '2026-12-21')).toMatchObject({ ok: true, provisional: true });
  });
});
