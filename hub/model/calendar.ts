/** 工作日历: which days are worked, with make-up days (调休). A day is `YYYY-MM-DD` in Asia/Shanghai. */

const hour = 3_600_000;
const dayLength = 24 * hour;
/** Asia/Shanghai has been UTC+8 without summer time since 1992; earlier years are before every source document. */
const offset = 8 * hour;

export interface CalendarDay {
  working: boolean;
  name: string;
}

/** Days that differ from the plain week, and the years for which the State Council's notice is known. */
export interface WorkCalendar {
  days: ReadonlyMap<string, CalendarDay>;
  years: ReadonlySet<number>;
}

export const emptyCalendar: WorkCalendar = { days: new Map(), years: new Set() };

/** The day in Asia/Shanghai that a moment lies in. */
export function dayOf(at: number): string {
  return new Date(at + offset).toISOString().slice(0, 10);
}

/** The first moment of a day in Asia/Shanghai. */
export function startOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) - offset;
}

/** The last millisecond of a day. */
export function endOf(day: string): number {
  return startOf(day) + dayLength - 1;
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * dayLength).toISOString().slice(0, 10);
}

/** Whole days from one day to another; negative when `to` is earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / dayLength);
}

export function isWeekend(day: string): boolean {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

export function isWorkingDay(calendar: WorkCalendar, day: string): boolean {
  return calendar.days.get(day)?.working ?? !isWeekend(day);
}

/** A year without a published notice counts plain weekends only: whatever is computed from it is provisional. */
export function isProvisional(calendar: WorkCalendar, day: string): boolean {
  return !calendar.years.has(Number(day.slice(0, 4)));
}

/** The `count`th working day after `day`; `count` 0 is the day itself, or the next working day when it is not one. */
export function addWorkingDays(calendar: WorkCalendar, day: string, count: number): string {
  let at = day;
  let left = count;
  if (left === 0) while (!isWorkingDay(calendar, at)) at = addDays(at, 1);
  while (left > 0) {
    at = addDays(at, 1);
    if (isWorkingDay(calendar, at)) left -= 1;
  }
  return at;
}
