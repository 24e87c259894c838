/** 工作日历: which days are worked, with make-up days (调休). A day is `YYYY-MM-DD` in Asia/Shanghai. */

const hour = 3_600_000;
export const dayLength = 24 * hour;
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
  /** Days on which single regions differ from the country, by region. */
  closures?: ReadonlyMap<string, ReadonlyMap<string, CalendarDay>>;
}

export const emptyCalendar: WorkCalendar = { days: new Map(), years: new Set() };

/** By the count of days since 1970. */
const names = new Map<number, string>();
const starts = new Map<string, number>();
const next = new Map<string, string>();
const weekends = new Map<string, boolean>();
/** Two lifetimes of days: clocks walk day by day, and making a `Date` for each step is most of their cost. */
const remembered = 80_000;

/** The day in Asia/Shanghai that a moment lies in, counted from 1970-01-01. */
export const dayNumber = (at: number): number => Math.floor((at + offset) / dayLength);

/** The day in Asia/Shanghai that a moment lies in. */
export function dayOf(at: number): string {
  const count = dayNumber(at);
  let found = names.get(count);
  if (found === undefined) {
    if (names.size >= remembered) names.clear();
    names.set(count, (found = new Date(at + offset).toISOString().slice(0, 10)));
  }
  return found;
}

/** The first moment of a day in Asia/Shanghai. */
export function startOf(day: string): number {
  let found = starts.get(day);
  if (found === undefined) {
    if (starts.size >= remembered) starts.clear();
    starts.set(day, (found = Date.parse(`${day}T00:00:00Z`) - offset));
  }
  return found;
}

/** The last millisecond of a day. */
export function endOf(day: string): number {
  return startOf(day) + dayLength - 1;
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * dayLength).toISOString().slice(0, 10);
}

/** The day after. */
export function nextDay(day: string): string {
  let found = next.get(day);
  if (found === undefined) {
    if (next.size >= remembered) next.clear();
    next.set(day, (found = addDays(day, 1)));
  }
  return found;
}

/** The day before. */
export function previousDay(day: string): string {
  return addDays(day, -1);
}

/** Whole days from one day to another; negative when `to` is earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / dayLength);
}

/** The last day of a month, `YYYY-MM`. */
export function lastDayOf(month: string): string {
  return previousDay(`${nextMonth(month)}-01`);
}

const nextMonth = (month: string): string => addDays(`${month}-28`, 7).slice(0, 7);

/** Every month from one to another. */
export function monthsBetween(from: string, to: string): string[] {
  const months: string[] = [];
  for (let month = from; month <= to; month = nextMonth(month)) months.push(month);
  return months;
}

export function isWeekend(day: string): boolean {
  let found = weekends.get(day);
  if (found === undefined) {
    if (weekends.size >= remembered) weekends.clear();
    weekends.set(day, (found = new Date(`${day}T00:00:00Z`).getUTCDay() % 6 === 0));
  }
  return found;
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
  if (left === 0) while (!isWorkingDay(calendar, at)) at = nextDay(at);
  while (left > 0) {
    at = nextDay(at);
    if (isWorkingDay(calendar, at)) left -= 1;
  }
  return at;
}
