/**
 * Step rules: what a step shows about a casefile. Each condition is a small pure function that answers with its arithmetic when
 * it is met, and with nothing when it is not.
 */
import { dayOf, isWorkingDay, startOf, type WorkCalendar } from '../calendar.ts';
import { stoppedAt } from '../clock.ts';
import type { CaseEvent, Recorded } from '../event.ts';
import type { RulePack, StepRule } from '../pack.ts';
import type { Casefile, Explanation, Facts } from '../state.ts';
import type { Hall, Matter } from '../world.ts';
import { firstOutOfOrder, missingSteps } from './flow.ts';

export interface Scene {
  event: Recorded<CaseEvent>;
  /** As it stands after the step. */
  casefile: Casefile;
  matter: Matter | undefined;
  /** The hall of the window the step was done at. */
  hall: Hall | undefined;
  pack: RulePack;
  calendar: WorkCalendar;
}

const minute = 60_000;

export function isMet(rule: StepRule, scene: Scene): Facts | undefined {
  switch (rule.when) {
    case 'stepMissing':
      return stepMissing(scene);
    case 'stepOrder':
      return stepOrder(scene);
    case 'repeatedCorrection':
      return repeatedCorrection(rule.times, scene);
    case 'refusalWithoutReason':
      return refusalWithoutReason(scene);
    case 'entryLag':
      return entryLag(rule.minutes, scene);
    case 'zeroDuration':
      return zeroDuration(rule.seconds, scene);
    case 'offHours':
      return offHours(rule.graceMinutes, scene);
  }
}

/** A step has no limit: its moment stands where a deadline would, and the facts say the rest. */
export function explainStep(at: number, facts: Facts): Explanation {
  return {
    unit: 'given',
    dueOn: dayOf(at),
    dueAt: at,
    excluded: [],
    makeUp: [],
    suspensions: [],
    asOf: at,
    overDays: 0,
    provisional: false,
    facts,
  };
}

/** A condition on the whole casefile, which a later entry may show to have no ground; the others are about one step for good. */
export const isAboutCasefile = ({ when }: StepRule): boolean =>
  when === 'stepMissing' || when === 'stepOrder' || when === 'zeroDuration';

function stepMissing({ casefile, matter, pack }: Scene): Facts | undefined {
  if (casefile.completedAt === undefined) return undefined;
  const { expected, missing } = missingSteps(casefile, matter, pack.settings);
  if (missing.length === 0) return undefined;
  return { missing: missing.join('、'), expected: expected.length, done: expected.length - missing.length };
}

function stepOrder({ casefile, matter, pack }: Scene): Facts | undefined {
  if (casefile.completedAt === undefined) return undefined;
  const pair = firstOutOfOrder(casefile, matter, pack.settings);
  return pair && { first: pair.later, second: pair.earlier, firstAt: pair.laterAt, secondAt: pair.earlierAt };
}

function repeatedCorrection(times: number, { event, casefile }: Scene): Facts | undefined {
  if (event.kind !== 'case.correctionRequested' || casefile.corrections < times) return undefined;
  return { notices: casefile.corrections, limit: times };
}

/** XY-68: 无 is written where a field has nothing in it. */
const nothingSaid = /^[\s\p{P}]*(无|無|没有|none|n\/a|null)?[\s\p{P}]*$/iu;

function refusalWithoutReason({ event }: Scene): Facts | undefined {
  const refused = event.kind === 'case.declined' || (event.kind === 'case.decided' && event.outcome === 'denied');
  if (!refused || !nothingSaid.test(event.reason ?? '')) return undefined;
  return { refusal: event.kind === 'case.declined' ? 'declined' : 'denied', reason: event.reason ?? '' };
}

function entryLag(limit: number, { event }: Scene): Facts | undefined {
  const enteredAt = event.enteredAt ?? event.receivedAt;
  const lag = Math.floor((enteredAt - event.occurredAt) / minute);
  return lag > limit ? { lag, limit, enteredAt, occurredAt: event.occurredAt } : undefined;
}

/** Sources that know no time of day send midnight: two such times say nothing about how long it took. */
const hasTime = (at: number): boolean => at !== startOf(dayOf(at));

function zeroDuration(seconds: number, { casefile }: Scene): Facts | undefined {
  const stopped = stoppedAt(casefile);
  if (stopped === undefined || casefile.acceptedAt === undefined || !hasTime(casefile.acceptedAt) || !hasTime(stopped))
    return undefined;
  // A withdrawal is the applicant's, who may be as quick as they like.
  if (casefile.status === 'withdrawn') return undefined;
  const took = Math.round((stopped - casefile.acceptedAt) / 1000);
  return took <= seconds ? { took: Math.max(0, took), limit: seconds } : undefined;
}

function offHours(grace: number, { event, hall, calendar }: Scene): Facts | undefined {
  if (!hall || event.window === undefined || !hasTime(event.occurredAt)) return undefined;
  const day = dayOf(event.occurredAt);
  const at = Math.floor((event.occurredAt - startOf(day)) / minute);
  const isOpen = at >= hall.opens - grace && at < hall.closes + grace;
  if (isOpen && isWorkingDay(calendar, day)) return undefined;
  return {
    time: `${day} ${clock(at)}`,
    opens: clock(hall.opens),
    closes: clock(hall.closes),
    workingDay: isWorkingDay(calendar, day) ? 1 : 0,
  };
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
