/** Legal clocks (时限): how a deadline is computed, and why. Pure; days are days of Asia/Shanghai. */
import {
  addWorkingDays,
  dayNumber,
  dayOf,
  endOf,
  isProvisional,
  isWeekend,
  isWorkingDay,
  nextDay,
  type WorkCalendar,
} from './calendar.ts';
import type { OfficeHours, Rounding } from './limits.ts';
import { allowed, beginOf, countedBetween, momentOf, rounded, unitLength } from './span.ts';
import type { Casefile, Explanation, Suspension } from './state.ts';

/** No limit in the field is longer; a broken one must not count for ever. */
export const longestDays = 3660;

export interface ClockSetting {
  unit: 'working' | 'calendar' | 'workingHours';
  begins: 'nextDay' | 'sameDay' | 'sameMoment';
  rounding?: Rounding | undefined;
  officeHours?: OfficeHours | undefined;
}

export interface Limit {
  /** The acceptance, or what else starts this clock. */
  acceptedAt: number;
  /** In the clock's unit: hours where that is `workingHours`. */
  days: number;
  extensionDays: number;
  suspensions: readonly Suspension[];
}

export interface Deadline {
  dueOn: string;
  /** The last millisecond of the due day, or of the limit where it runs to the minute. */
  dueAt: number;
  provisional: boolean;
}

const isToTheMinute = (clock: ClockSetting): boolean => clock.unit === 'workingHours' || clock.begins === 'sameMoment';

/** A day that a suspension touches is not counted (行政许可法 45); an open suspension goes on for ever. */
function isSuspended(suspensions: readonly Suspension[], day: string): boolean {
  return suspensions.some((each) => dayOf(each.from) <= day && (each.to === undefined || day <= dayOf(each.to)));
}

/** Whether a day counts towards a limit. */
export function isCounted(
  clock: ClockSetting,
  calendar: WorkCalendar,
  suspensions: readonly Suspension[],
  day: string,
): boolean {
  if (isSuspended(suspensions, day)) return false;
  return clock.unit === 'calendar' || isWorkingDay(calendar, day);
}

/** Undefined while a suspension is open: nobody knows yet when it will be due. */
export function deadlineOf(clock: ClockSetting, calendar: WorkCalendar, limit: Limit): Deadline | undefined {
  if (isToTheMinute(clock)) return momentOf(clock, calendar, limit);
  if (limit.suspensions.some((each) => each.to === undefined)) return undefined;
  const left = Math.min(limit.days + limit.extensionDays, longestDays);
  if (limit.suspensions.length > 0) return countDays(clock, calendar, limit.suspensions, dayOf(limit.acceptedAt), left);
  // The same for every casefile of that day and limit: only where the clock never stood still are there few of them.
  let counted = plainDeadlines.get(calendar);
  if (!counted) plainDeadlines.set(calendar, (counted = new Map()));
  const way = clock.unit + clock.begins;
  let ofWay = counted.get(way);
  if (!ofWay) counted.set(way, (ofWay = new Map()));
  const key = dayNumber(limit.acceptedAt) * (longestDays + 1) + left;
  let deadline = ofWay.get(key);
  if (!deadline) {
    if (ofWay.size >= mostPlain) ofWay.clear();
    ofWay.set(key, (deadline = countDays(clock, calendar, [], dayOf(limit.acceptedAt), left)));
  }
  return deadline;
}

/** By how they are counted; then by the day and the limit, as one number. */
const plainDeadlines = new WeakMap<WorkCalendar, Map<string, Map<number, Deadline>>>();
const mostPlain = 20_000;

function countDays(
  clock: ClockSetting,
  calendar: WorkCalendar,
  suspensions: readonly Suspension[],
  from: string,
  count: number,
): Deadline {
  let day = from;
  let left = count;
  let provisional = false;
  if (clock.begins === 'nextDay' || left === 0) day = left === 0 ? day : nextDay(day);
  for (;;) {
    if (clock.unit === 'working') provisional ||= isProvisional(calendar, day);
    if (isCounted(clock, calendar, suspensions, day)) {
      left -= 1;
      if (left <= 0) break;
    }
    day = nextDay(day);
  }
  return { dueOn: day, dueAt: endOf(day), provisional };
}

/**
 * The arithmetic as people read it: every day that was not counted with its reason, make-up days, suspensions, days used
 * and days over. `limit.days + extension = counted days from the start to the due day` holds line by line.
 */
export function explain(
  clock: ClockSetting,
  calendar: WorkCalendar,
  limit: Limit,
  asOf: number,
  basis?: string,
): Explanation | undefined {
  const due = deadlineOf(clock, calendar, limit);
  if (!due) return undefined;
  if (isToTheMinute(clock)) return explainSpan(clock, calendar, limit, due, asOf, basis);
  const first = clock.begins === 'nextDay' ? nextDay(dayOf(limit.acceptedAt)) : dayOf(limit.acceptedAt);
  const until = dayOf(asOf);
  const excluded: Explanation['excluded'] = [];
  const makeUp: string[] = [];
  let used = 0;
  let over = 0;
  const last = until > due.dueOn ? until : due.dueOn;
  for (let day = first, guard = 0; day <= last && guard < 2 * longestDays; day = nextDay(day), guard += 1) {
    const counted = isCounted(clock, calendar, limit.suspensions, day);
    if (counted) {
      if (day <= until) used += 1;
      if (day > due.dueOn && day <= until) over += 1;
      if (clock.unit === 'working' && isWeekend(day)) makeUp.push(day);
    } else excluded.push(excludedDay(calendar, limit.suspensions, day));
  }
  return {
    unit: clock.unit,
    startedOn: first,
    limitDays: limit.days,
    extensionDays: limit.extensionDays,
    dueOn: due.dueOn,
    dueAt: due.dueAt,
    excluded,
    makeUp,
    suspensions: [...limit.suspensions],
    asOf,
    usedDays: used,
    overDays: over,
    provisional: due.provisional,
    ...(basis === undefined ? {} : { basis }),
  };
}

function excludedDay(
  calendar: WorkCalendar,
  suspensions: readonly Suspension[],
  day: string,
): Explanation['excluded'][number] {
  if (isSuspended(suspensions, day)) return { day, reason: 'suspended' };
  const named = calendar.days.get(day)?.name;
  return named === undefined || isWeekend(day) ? { day, reason: 'weekend' } : { day, reason: 'holiday', name: named };
}

/** The same for a limit that runs to the minute: `counted` holds the time of each day, and sums up to the limit. */
function explainSpan(
  clock: ClockSetting,
  calendar: WorkCalendar,
  limit: Limit,
  due: Deadline,
  asOf: number,
  basis: string | undefined,
): Explanation {
  const begin = beginOf(clock, limit.acceptedAt);
  const unit = unitLength(clock);
  const amount = limit.days + limit.extensionDays;
  const between = (from: number, to: number): { day: string; counted: number }[] =>
    countedBetween(clock, calendar, limit.suspensions, from, to);
  const sum = (list: { counted: number }[]): number => list.reduce((total, each) => total + each.counted, 0);
  const lines = amount === 0 ? [] : between(begin, due.dueAt + 1);
  const counted = new Set(lines.map(({ day }) => day));
  const excluded: Explanation['excluded'] = [];
  for (let day = dayOf(begin); day <= due.dueOn; day = nextDay(day))
    if (
      !counted.has(day) &&
      (clock.unit === 'calendar' || !isWorkingDay(calendar, day) || isSuspended(limit.suspensions, day))
    )
      excluded.push(excludedDay(calendar, limit.suspensions, day));
  const used = asOf < begin ? 0 : sum(between(begin, asOf)) / unit;
  const over =
    asOf <= due.dueAt
      ? 0
      : rounded(sum(between(due.dueAt + 1, asOf)) / unit + (allowed(clock, amount) / unit - amount), clock.rounding);
  return {
    unit: clock.unit,
    startedOn: dayOf(begin),
    startedAt: begin,
    limitDays: limit.days,
    extensionDays: limit.extensionDays,
    dueOn: due.dueOn,
    dueAt: due.dueAt,
    excluded,
    makeUp: clock.unit === 'calendar' ? [] : [...counted].filter(isWeekend),
    suspensions: [...limit.suspensions],
    counted: lines,
    asOf,
    usedDays: rounded(used, clock.rounding),
    overDays: over,
    provisional: due.provisional,
    ...(basis === undefined ? {} : { basis }),
  };
}

/** A deadline that the source itself gave is not computed: there is only the time over it, in days begun. */
export function explainGiven(
  dueAt: number,
  suspensions: readonly Suspension[],
  asOf: number,
  rounding?: Rounding,
): Explanation {
  return {
    unit: 'given',
    dueOn: dayOf(dueAt),
    dueAt,
    excluded: [],
    makeUp: [],
    suspensions: [...suspensions],
    asOf,
    overDays: asOf > dueAt ? rounded((asOf - dueAt) / 86_400_000, rounding) : 0,
    provisional: false,
  };
}

/** When the work was over: the decision, or the completion where no decision came as an event. */
export function stoppedAt(casefile: Casefile): number | undefined {
  const { decidedAt, completedAt } = casefile;
  if (decidedAt !== undefined) return completedAt === undefined ? decidedAt : Math.min(decidedAt, completedAt);
  if (completedAt !== undefined) return completedAt;
  if (casefile.endedAt !== undefined) return casefile.endedAt;
  // Rows that were written before the end had a field of its own.
  return casefile.status === 'withdrawn' || casefile.status === 'declined' ? casefile.lastEventAt : undefined;
}

export type Due = { ok: true; dueOn: string; provisional: boolean } | { ok: false; field: 'days'; reason: string };

/**
 * 督查: when a problem that a superior organ supervises must be reported to it (SC-22), in working days after the day it was
 * received, with an extension (SC-23) that the regulation bounds.
 */
export function supervisedDue(
  setting: { days: number; extensionDays: number },
  calendar: WorkCalendar,
  receivedOn: string,
  extension = 0,
): Due {
  if (!Number.isInteger(extension) || extension < 0 || extension > setting.extensionDays)
    return { ok: false, field: 'days', reason: `expected an extension of 0 to ${setting.extensionDays} working days` };
  const dueOn = addWorkingDays(calendar, receivedOn, setting.days + extension);
  return { ok: true, dueOn, provisional: isProvisional(calendar, dueOn) };
}
