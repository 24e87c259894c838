/**
 * Step rules: what a step shows about a casefile. Each condition is a small pure function that answers with its arithmetic when
 * it is met, and with nothing when it is not.
 */
import { dayOf, type WorkCalendar } from '../calendar.ts';
import type { CaseEvent, Recorded } from '../event.ts';
import type { RulePack } from '../pack.ts';
import type { Casefile, Explanation, Facts } from '../state.ts';
import type { Hall, Matter } from '../world.ts';
import {
  acceptedOutsideScope,
  approverNotEntitled,
  feeNotInCatalogue,
  matterNotLive,
  missingProcedure,
  offWindow,
} from './entitled.ts';
import { firstOutOfOrder, missingSteps } from './flow.ts';
import { backfilled, entryLag, offHours, oneAccount, sameSecond, zeroDuration } from './pace.ts';
import type { happenings, StepRule } from './shape.ts';

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
    case 'backfilled':
      return backfilled(rule.minutes, scene);
    case 'zeroDuration':
      return zeroDuration(rule.seconds, scene);
    case 'offHours':
      return offHours(rule.graceMinutes, scene);
    case 'happened':
      return happened(rule.what, scene);
    case 'approverNotEntitled':
      return approverNotEntitled(scene);
    case 'feeNotInCatalogue':
      return feeNotInCatalogue(scene);
    case 'matterNotLive':
      return matterNotLive(scene);
    case 'missingProcedure':
      return missingProcedure(rule.procedures, scene);
    case 'offWindow':
      return offWindow(scene);
    case 'oneAccount':
      return oneAccount(rule.steps, scene);
    case 'sameSecond':
      return sameSecond(rule.steps, scene);
    case 'acceptedOutsideScope':
      return acceptedOutsideScope(scene);
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

const aboutCasefile: ReadonlySet<StepRule['when']> = new Set([
  'stepMissing',
  'stepOrder',
  'zeroDuration',
  'missingProcedure',
  'oneAccount',
  'sameSecond',
]);

/** A condition on the whole casefile, which a later entry may show to have no ground; the others are about one step for good. */
export const isAboutCasefile = ({ when }: StepRule): boolean => aboutCasefile.has(when);

/** The kinds of steps that can meet a rule; undefined: all of them. */
export function kindsOf(rule: StepRule): readonly CaseEvent['kind'][] | undefined {
  switch (rule.when) {
    case 'repeatedCorrection':
      return ['case.correctionRequested'];
    case 'refusalWithoutReason':
      return ['case.declined', 'case.decided', 'case.returned'];
    case 'happened':
      return rule.what.map((each) => kindOf[each]);
    case 'approverNotEntitled':
      return ['case.decided', 'case.penaltyDecided'];
    case 'feeNotInCatalogue':
      return ['case.feeCharged'];
    case 'matterNotLive':
    case 'offWindow':
      return ['case.received', 'case.accepted', 'case.filed'];
    case 'backfilled':
      return ['case.received', 'case.accepted', 'case.filed'];
    case 'acceptedOutsideScope':
      return ['case.accepted', 'case.filed'];
    default:
      return undefined;
  }
}

const kindOf: Record<(typeof happenings)[number], CaseEvent['kind']> = {
  declined: 'case.declined',
  denied: 'case.decided',
  correctionRequested: 'case.correctionRequested',
  appealed: 'case.appealed',
  resultRevoked: 'case.resultRevoked',
  returned: 'case.returned',
  extended: 'case.extended',
  suspended: 'case.suspended',
  withdrawn: 'case.withdrawn',
};

function happened(what: readonly (typeof happenings)[number][], { event }: Scene): Facts | undefined {
  const found = what.find((each) => kindOf[each] === event.kind);
  if (found === undefined || (event.kind === 'case.decided' && event.outcome !== 'denied')) return undefined;
  return { what: found };
}

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

function refusalOf(event: CaseEvent): 'declined' | 'returned' | 'denied' | undefined {
  if (event.kind === 'case.declined') return 'declined';
  if (event.kind === 'case.returned') return 'returned';
  return event.kind === 'case.decided' && event.outcome === 'denied' ? 'denied' : undefined;
}

function refusalWithoutReason({ event }: Scene): Facts | undefined {
  const refusal = refusalOf(event);
  const reason = 'reason' in event ? (event.reason ?? '') : '';
  return refusal && nothingSaid.test(reason) ? { refusal, reason } : undefined;
}
