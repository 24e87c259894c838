/** Clock rules: the moment at which each is met if nothing happens before it. */
import { addDays, dayOf, nextDay, previousDay, startOf, type WorkCalendar } from '../calendar.ts';
import { isCounted, longestDays, type ClockSetting } from '../clock.ts';
import type { ClockRule } from '../pack.ts';
import type { Facts, Suspension } from '../state.ts';

export interface Turning {
  clock: ClockSetting;
  calendar: WorkCalendar;
  suspensions: readonly Suspension[];
}

/** May lie before the acceptance: a limit of no more days than `remaining` asks for is met as soon as the case is accepted. */
export function turnOf(rule: ClockRule, dueAt: number, turning: Turning): number {
  switch (rule.when) {
    case 'dueToday':
      return startOf(dayOf(dueAt));
    case 'overdue':
      return dueAt + 1;
    case 'remaining': {
      const clock = rule.unit === undefined ? turning.clock : { ...turning.clock, unit: rule.unit };
      return startOf(remainingFrom(rule.days, dayOf(dueAt), clock, turning));
    }
  }
}

/** The first day after which no more than `days` counted days are left up to the due day (QT-05). */
function remainingFrom(days: number, dueOn: string, clock: ClockSetting, turning: Turning): string {
  // A suspension may be long; a broken one must not count for ever.
  const earliest = addDays(dueOn, -longestDays);
  let day = dueOn;
  let left = 0;
  while (day > earliest) {
    if (isCounted(clock, turning.calendar, turning.suspensions, day)) left += 1;
    if (left > days) break;
    day = previousDay(day);
  }
  return day;
}

/** The arithmetic of a rule beyond its deadline's. */
export function turnFacts(rule: ClockRule, at: number, dueAt: number, turning: Turning): Facts | undefined {
  if (rule.when !== 'remaining') return undefined;
  const own = turning.clock.unit === 'calendar' ? 'calendar' : 'working';
  const unit = rule.unit ?? own;
  const dueOn = dayOf(dueAt);
  let left = 0;
  for (let day = nextDay(dayOf(at)); day <= dueOn && left < rule.days; day = nextDay(day)) {
    if (isCounted({ ...turning.clock, unit }, turning.calendar, turning.suspensions, day)) left += 1;
  }
  return { left, days: rule.days, unit };
}
