import { describe, expect, it } from 'vitest';
import {
  addWorkingDays,
  dayOf,
  endOf,
  lastDayOf,
  monthsBetween,
  startOf,
  type WorkCalendar,
} from '../../hub/model/calendar.ts';

describe('days in Asia/Shanghai', () => {
  it('counts months to their last day, over the end of a year', () => {
    expect(['2024-02', '2026-02', '2026-11', '2026-12'].map(lastDayOf)).toEqual([
      '2024-02-29',
      '2026-02-28',
      '2026-11-30',
      '2026-12-31',
    ]);
    expect(monthsBetween('2025-11', '2026-02')).toEqual(['2025-11', '2025-12', '2026-01', '2026-02']);
    expect(monthsBetween('2026-02', '2026-01')).toEqual([]);
  });

  it('changes the day at midnight in Shanghai, not in Greenwich', () => {
    expect(dayOf(Date.parse('2026-11-20T15:59:59.999Z'))).toBe('2026-11-20');
    expect(dayOf(Date.parse('2026-11-20T16:00:00Z'))).toBe('2026-11-21');
  });
  it('begins and ends a day', () => {
    expect(new Date(startOf('2026-11-20')).toISOString()).toBe('2026-11-19T16:00:00.000Z');
    expect(endOf('2026-11-20') + 1).toBe(startOf('2026-11-21'));
  });
  it('counts a make-up Saturday and leaves a holiday out', () => {
    const calendar: WorkCalendar = {
      days: new Map([
        ['2026-02-14', { working: true, name: '春节' }],
        ['2026-02-16', { working: false, name: '春节' }],
      ]),
      years: new Set([2026]),
    };
    expect(addWorkingDays(calendar, '2026-02-13', 1)).toBe('2026-02-14');
    expect(addWorkingDays(calendar, '2026-02-13', 2)).toBe('2026-02-17');
    expect(addWorkingDays(calendar, '2026-02-16', 0)).toBe('2026-02-17');
  });
});
