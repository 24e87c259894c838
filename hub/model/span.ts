/** Clocks that run to the minute: working hours, and days that are counted from the moment itself. */
import { dayLength, dayOf, isWorkingDay, nextDay, startOf, isProvisional, type WorkCalendar } from './calendar.ts';
import { longestDays, type ClockSetting, type Deadline, type Limit } from './clock.ts';
import type { Rounding } from './limits.ts';
import type { Suspension } from './state.ts';

const minute = 60_000;
const hour = 60 * minute;

/** From when to when, in epoch milliseconds; the end does not belong to it. */
type Stretch = [from: number, to: number];

export const unitLength = (clock: ClockSetting): number => (clock.unit === 'workingHours' ? hour : dayLength);

/** The parts of a day that count. */
function stretchesOf(clock: ClockSetting, calendar: WorkCalendar, day: string): Stretch[] {
  if (clock.unit !== 'calendar' && !isWorkingDay(calendar, day)) return [];
  const start = startOf(day);
  if (clock.unit !== 'workingHours') return [[start, start + dayLength]];
  return (clock.officeHours ?? []).map(({ opens, closes }) => [start + opens * minute, start + closes * minute]);
}

/** What a suspension leaves of them (行政许可法 45), to the minute. */
function without(stretches: Stretch[], suspensions: readonly Suspension[]): Stretch[] {
  let left = stretches;
  for (const { from, to = Infinity } of suspensions)
    left = left.flatMap((each): Stretch[] => {
      if (to <= each[0] || from >= each[1]) return [each];
      return [[each[0], Math.min(from, each[1])] as Stretch, [Math.max(to, each[0]), each[1]] as Stretch].filter(
        ([begin, end]) => end > begin,
      );
    });
  return left;
}

export function beginOf(clock: ClockSetting, from: number): number {
  if (clock.begins === 'sameMoment') return from;
  return startOf(clock.begins === 'nextDay' ? nextDay(dayOf(from)) : dayOf(from));
}

/** Counted time of each day between two moments, in milliseconds; days without any are left out. */
export function countedBetween(
  clock: ClockSetting,
  calendar: WorkCalendar,
  suspensions: readonly Suspension[],
  from: number,
  to: number,
): { day: string; counted: number }[] {
  const found: { day: string; counted: number }[] = [];
  const last = dayOf(to);
  let guard = 0;
  for (let day = dayOf(from); day <= last && guard < 2 * longestDays; day = nextDay(day), guard += 1) {
    const counted = without(stretchesOf(clock, calendar, day), suspensions)
      .map(([begin, end]) => Math.min(end, to) - Math.max(begin, from))
      .reduce((sum, each) => sum + Math.max(0, each), 0);
    if (counted > 0) found.push({ day, counted });
  }
  return found;
}

/** Where parts do not count (`floor`), the limit is over only when a whole further one has gone by. */
export const allowed = (clock: ClockSetting, amount: number): number =>
  (amount + (clock.rounding === 'floor' ? 1 : 0)) * unitLength(clock);

/** The last millisecond within the limit; undefined while a suspension is open, or where no hour ever counts. */
export function momentOf(clock: ClockSetting, calendar: WorkCalendar, limit: Limit): Deadline | undefined {
  if (limit.suspensions.some((each) => each.to === undefined)) return undefined;
  const begin = beginOf(clock, limit.acceptedAt);
  let left = allowed(clock, limit.days + limit.extensionDays);
  let provisional = false;
  let day = dayOf(begin);
  for (let guard = 0; guard < 2 * longestDays; guard += 1, day = nextDay(day)) {
    if (clock.unit !== 'calendar') provisional ||= isProvisional(calendar, day);
    for (const [from, to] of without(stretchesOf(clock, calendar, day), limit.suspensions)) {
      const start = Math.max(from, begin);
      if (to <= start) continue;
      if (to - start >= left) {
        const dueAt = Math.max(begin, start + left - 1);
        return { dueOn: dayOf(dueAt), dueAt, provisional };
      }
      left -= to - start;
    }
  }
  return undefined;
}

export function rounded(amount: number, rounding: Rounding | undefined): number {
  if (rounding === 'floor') return Math.floor(amount);
  if (rounding === 'exact') return Math.round(amount * 100) / 100;
  return Math.ceil(amount);
}
