/** Legal clocks (时限): how a deadline is computed, and why. Pure; days are days of Asia/Shanghai. */
import type { Clock } from './api.ts';
import {
  addWorkingDays,
  dayOf,
  endOf,
  isProvisional,
  isWeekend,
  isWorkingDay,
  nextDay,
  type WorkCalendar,
} from './calendar.ts';
import type { ClockRule, RulePack } from './pack.ts';
import type { Casefile, Explanation, Suspension } from './state.ts';
import { matterOf, type Matter, type World } from './world.ts';

/** No limit in the field is longer; a broken one must not count for ever. */
export const longestDays = 3660;

export interface Limit {
  acceptedAt: number;
  /** In the pack's day unit. */
  days: number;
  extensionDays: number;
  suspensions: readonly Suspension[];
}

export interface Deadline {
  dueOn: string;
  /** The last millisecond of the due day. */
  dueAt: number;
  provisional: boolean;
}

/** A day that a suspension touches is not counted (行政许可法 45); an open suspension goes on for ever. */
function isSuspended(suspensions: readonly Suspension[], day: string): boolean {
  return suspensions.some((each) => dayOf(each.from) <= day && (each.to === undefined || day <= dayOf(each.to)));
}

/** Whether a day counts towards a limit. */
export function isCounted(
  clock: RulePack['clock'],
  calendar: WorkCalendar,
  suspensions: readonly Suspension[],
  day: string,
): boolean {
  if (isSuspended(suspensions, day)) return false;
  return clock.unit === 'calendar' || isWorkingDay(calendar, day);
}

/** Undefined while a suspension is open: nobody knows yet when it will be due. */
export function deadlineOf(clock: RulePack['clock'], calendar: WorkCalendar, limit: Limit): Deadline | undefined {
  if (limit.suspensions.some((each) => each.to === undefined)) return undefined;
  let day = dayOf(limit.acceptedAt);
  let left = Math.min(limit.days + limit.extensionDays, longestDays);
  let provisional = false;
  if (clock.begins === 'nextDay' || left === 0) day = left === 0 ? day : nextDay(day);
  for (;;) {
    if (clock.unit === 'working') provisional ||= isProvisional(calendar, day);
    if (isCounted(clock, calendar, limit.suspensions, day)) {
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
  clock: RulePack['clock'],
  calendar: WorkCalendar,
  limit: Limit,
  asOf: number,
  basis?: string,
): Explanation | undefined {
  const due = deadlineOf(clock, calendar, limit);
  if (!due) return undefined;
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
    } else if (isSuspended(limit.suspensions, day)) excluded.push({ day, reason: 'suspended' });
    else {
      const named = calendar.days.get(day)?.name;
      excluded.push(
        named === undefined || isWeekend(day) ? { day, reason: 'weekend' } : { day, reason: 'holiday', name: named },
      );
    }
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

/** A deadline that the source itself gave is not computed: there is only the time over it, in days begun. */
function explainGiven(dueAt: number, suspensions: readonly Suspension[], asOf: number): Explanation {
  return {
    unit: 'given',
    dueOn: dayOf(dueAt),
    dueAt,
    excluded: [],
    makeUp: [],
    suspensions: [...suspensions],
    asOf,
    overDays: asOf > dueAt ? Math.ceil((asOf - dueAt) / 86_400_000) : 0,
    provisional: false,
  };
}

export type DeadlineKind = ClockRule['deadline'];

/** The explanation of one deadline of a casefile; undefined when it has no such limit or its clock is stopped. */
export function explainCasefile(
  pack: RulePack,
  calendar: WorkCalendar,
  matter: Matter | undefined,
  casefile: Casefile,
  kind: DeadlineKind,
  asOf: number,
): Explanation | undefined {
  const given = kind === 'statutory' ? casefile.givenStatutoryDueAt : casefile.givenPromisedDueAt;
  if (given !== undefined) return explainGiven(given, casefile.suspensions, asOf);
  const days = kind === 'statutory' ? matter?.statutoryDays : matter?.promisedDays;
  if (days === undefined || casefile.acceptedAt === undefined) return undefined;
  const { acceptedAt, extensionDays, suspensions } = casefile;
  return explain(pack.clock, calendar, { acceptedAt, days, extensionDays, suspensions }, asOf, matter?.legalBasis);
}

/** When the work was over: the decision, or the completion where no decision came as an event. */
export function stoppedAt(casefile: Casefile): number | undefined {
  const times = [casefile.decidedAt, casefile.completedAt].filter((each) => each !== undefined);
  if (times.length > 0) return Math.min(...times);
  if (casefile.endedAt !== undefined) return casefile.endedAt;
  // Rows that were written before the end had a field of its own.
  return casefile.status === 'withdrawn' || casefile.status === 'declined' ? casefile.lastEventAt : undefined;
}

/** The clock of a casefile as of a moment, or as of the moment its work was over (`GET /api/casefiles/ID/clock`). */
export function clockOf(world: World, pack: RulePack | undefined, casefile: Casefile, now: number): Clock {
  const asOf = Math.min(stoppedAt(casefile) ?? now, now);
  if (!pack) return { asOf };
  const matter = matterOf(world, casefile.region, casefile.matter);
  const statutory = explainCasefile(pack, world.calendar, matter, casefile, 'statutory', asOf);
  const promised = explainCasefile(pack, world.calendar, matter, casefile, 'promised', asOf);
  return {
    asOf,
    ...(statutory ? { statutory } : {}),
    ...(promised ? { promised } : {}),
    pack: pack.id,
    packTitle: pack.title,
  };
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
