/** The clocks of one casefile: what each is counted from, until when, and by which limit. Rules and pages ask here. */
import type { CaseClockLine, Clock } from './api.ts';
import { deadlineOf, explain, explainGiven, stoppedAt, type ClockSetting, type Deadline } from './clock.ts';
import { clockKinds, type ClockKind, type PackLimit } from './limits.ts';
import type { RulePack } from './pack.ts';
import type { WorkCalendar } from './calendar.ts';
import type { Casefile, Explanation, Suspension } from './state.ts';
import { calendarIn, matterOf, type Hall, type Matter, type World } from './world.ts';

export interface CaseClock {
  kind: ClockKind;
  /** Which step or procedure. */
  of?: string;
  from: number;
  /** When it was done with: the step taken, the licence issued, the work over. */
  until?: number;
  /** Given by the source, or counted. */
  given?: number;
  setting: ClockSetting;
  days: number;
  extensionDays: number;
  suspensions: readonly Suspension[];
  basis?: string;
}

/** What the clocks of a casefile are made from. */
export interface ClockScene {
  row: Casefile;
  pack: RulePack;
  matter: Matter | undefined;
  hall: Hall | undefined;
}

const none: readonly Suspension[] = [];

/** Undefined while it is suspended. */
export function dueOf(clock: CaseClock, calendar: WorkCalendar): Pick<Deadline, 'dueAt' | 'provisional'> | undefined {
  if (clock.given !== undefined) return { dueAt: clock.given, provisional: false };
  const { from, days, extensionDays, suspensions } = clock;
  return deadlineOf(clock.setting, calendar, { acceptedAt: from, days, extensionDays, suspensions });
}

export function explainClock(clock: CaseClock, calendar: WorkCalendar, asOf: number): Explanation | undefined {
  const { kind, of, setting, basis } = clock;
  const why =
    clock.given === undefined
      ? explain(setting, calendar, { ...clock, acceptedAt: clock.from }, asOf, basis)
      : explainGiven(clock.given, clock.suspensions, asOf, setting.rounding);
  return why && { ...why, clock: kind, ...(of === undefined ? {} : { of }) };
}

/** Of one kind; empty where it does not run for this casefile. */
export function clocksOf(kind: ClockKind, scene: ClockScene): CaseClock[] {
  switch (kind) {
    case 'statutory':
    case 'promised':
      return mainClock(kind, scene);
    case 'acceptance':
      return acceptance(scene);
    case 'correctionAnswer':
      return correctionAnswer(scene);
    case 'step':
      return steps(scene);
    case 'procedure':
      return procedures(scene);
    case 'forwarding':
      return forwarding(scene);
    case 'forwardAnswer':
      return forwardAnswers(scene);
    case 'licence':
      return licence(scene);
    case 'publication':
      return publication(scene);
    case 'payment':
      return payment(scene);
  }
}

function mainClock(kind: 'statutory' | 'promised', { row, pack, matter }: ClockScene): CaseClock[] {
  const given = kind === 'statutory' ? row.givenStatutoryDueAt : row.givenPromisedDueAt;
  const days = kind === 'statutory' ? matter?.statutoryDays : (row.givenPromisedDays ?? matter?.promisedDays);
  // A unit without days of its own says nothing of the matter's limit.
  const unit = kind === 'promised' && row.givenPromisedDays !== undefined ? row.givenPromisedUnit : undefined;
  if (given === undefined && (days === undefined || row.acceptedAt === undefined)) return [];
  const until = stoppedAt(row);
  const clock: CaseClock = {
    kind,
    from: row.acceptedAt ?? -Infinity,
    setting: unit === undefined ? pack.clock : { ...pack.clock, unit },
    days: days ?? 0,
    extensionDays: row.extensionDays,
    suspensions: row.suspensions,
  };
  if (until !== undefined) clock.until = until;
  if (given !== undefined) clock.given = given;
  if (matter?.legalBasis !== undefined) clock.basis = matter.legalBasis;
  return [clock];
}

/** 行政许可法 32: accepted, declined or asked for corrections; what was corrected is looked at anew. */
function acceptance(scene: ClockScene): CaseClock[] {
  const { row, pack } = scene;
  const asked = row.correctionAskedAt;
  const from = row.correctedAt !== undefined && asked !== undefined ? row.correctedAt : row.receivedAt;
  if (from === undefined) return [];
  const answers = [
    row.acceptedAt,
    row.endedAt,
    stoppedAt(row),
    asked !== undefined && asked >= from ? asked : undefined,
  ];
  return limited(scene, 'acceptance', pack.limits?.acceptance, from, earliestOf(answers));
}

/** Not the department's time: a rule about it is a reminder that the case may lapse. */
function correctionAnswer(scene: ClockScene): CaseClock[] {
  const { row, pack } = scene;
  const from = row.correctionAskedAt;
  if (from === undefined) return [];
  const answered = row.correctedAt !== undefined && row.correctedAt >= from ? row.correctedAt : undefined;
  const until = earliestOf([answered, row.acceptedAt, stoppedAt(row)]);
  return limited(scene, 'correctionAnswer', pack.limits?.correctionAnswer, from, until);
}

/** A step's own days are counted from the step before it, the first one's from the acceptance. */
function steps({ row, pack, matter }: ClockScene): CaseClock[] {
  const details = matter?.stepDetails;
  if (row.acceptedAt === undefined || !details) return [];
  const limit = pack.limits?.step;
  const found: CaseClock[] = [];
  let from: number | undefined = row.acceptedAt;
  for (const name of matter.steps) {
    const taken = row.steps?.find(({ step }) => step === name)?.at;
    const days = details.find((each) => each.name === name)?.days;
    if (days !== undefined && from !== undefined) {
      const until = earliestOf([taken, stoppedAt(row)]);
      found.push({
        kind: 'step',
        of: name,
        from,
        ...(until === undefined ? {} : { until }),
        setting: { ...pack.clock, ...stated(limit) },
        days,
        extensionDays: 0,
        suspensions: row.suspensions,
        ...(limit === undefined ? {} : { basis: limit.article }),
      });
    }
    // 受理 is no event of its own kind: it was taken with the acceptance. What comes after a step not yet taken has not begun.
    if (taken !== undefined) from = taken;
    else if (name !== '受理' && name !== '接件') from = undefined;
  }
  return found;
}

function procedures(scene: ClockScene): CaseClock[] {
  const limits = scene.pack.limits?.procedures;
  if (!limits) return [];
  const names = scene.row.suspensions.map(({ procedure }) => procedure);
  return scene.row.suspensions.flatMap(({ from, to, kind }, index) =>
    limited(scene, 'procedure', limits[kind ?? 'other'], from, to ?? stoppedAt(scene.row), nameOf(names, index)),
  );
}

function forwardAnswers(scene: ClockScene): CaseClock[] {
  const { forwards = [] } = scene.row;
  const names = forwards.map(({ to }) => to);
  return forwards.flatMap(({ at, answeredAt }, index) =>
    limited(scene, 'forwardAnswer', scene.pack.limits?.forwardAnswer, at, answeredAt, nameOf(names, index)),
  );
}

/** Its own name among those of the same name, so that each is told apart: 听证, 听证（2）. */
function nameOf(names: readonly string[], index: number): string {
  const before = names.slice(0, index).filter((each) => each === names[index]).length;
  return before === 0 ? names[index]! : `${names[index]}（${before + 1}）`;
}

const forwardingSteps = /上报|转报|报送/;

/** SZ-30: only where the matter's own flow goes through a superior organ. */
function forwarding(scene: ClockScene): CaseClock[] {
  const { row, pack, matter } = scene;
  if (row.acceptedAt === undefined || !matter?.steps.some((step) => forwardingSteps.test(step))) return [];
  const taken = row.steps?.find(({ step }) => forwardingSteps.test(step))?.at;
  const until = earliestOf([row.forwards?.[0]?.at, taken, stoppedAt(row)]);
  return limited(scene, 'forwarding', pack.limits?.forwarding, row.acceptedAt, until, undefined, row.suspensions);
}

const deliverySteps = /发证|发照|送达|领取|制证/;

/** SZ-36, 行政许可法 44: where the matter gives the applicant something, from the decision on. */
function licence(scene: ClockScene): CaseClock[] {
  const { row, pack, matter } = scene;
  const granted = row.outcome === 'approved' ? row.decidedAt : undefined;
  const delivers = matter?.outputs ? matter.outputs.length > 0 : matter?.steps.some((step) => deliverySteps.test(step));
  if (granted === undefined || !delivers) return [];
  const taken = row.steps?.find(({ step, at }) => at >= granted && deliverySteps.test(step))?.at;
  const until = earliestOf([row.licences?.[0]?.at, taken, row.revoked?.at]);
  return limited(scene, 'licence', pack.limits?.licence, granted, until);
}

/** SZ-35: what was granted is published (行政许可法 40). */
function publication(scene: ClockScene): CaseClock[] {
  const { row, pack } = scene;
  if (row.outcome !== 'approved' || row.decidedAt === undefined) return [];
  return limited(
    scene,
    'publication',
    pack.limits?.publication,
    row.decidedAt,
    earliestOf([row.publishedAt, row.revoked?.at]),
  );
}

function payment({ row, pack }: ClockScene): CaseClock[] {
  const { at, dueAt, paidAt } = row.levy ?? {};
  if (at === undefined || dueAt === undefined) return [];
  const until = earliestOf([paidAt, row.endedAt]);
  return [
    {
      kind: 'payment',
      from: at,
      ...(until === undefined ? {} : { until }),
      given: dueAt,
      setting: pack.clock,
      days: 0,
      extensionDays: 0,
      suspensions: none,
    },
  ];
}

function limited(
  { pack, hall }: ClockScene,
  kind: ClockKind,
  limit: PackLimit | undefined,
  from: number,
  until: number | undefined,
  of?: string,
  suspensions: readonly Suspension[] = none,
): CaseClock[] {
  if (!limit) return [];
  const setting: ClockSetting = { ...pack.clock, ...stated(limit) };
  if (hall) setting.officeHours = [{ opens: hall.opens, closes: hall.closes }];
  return [
    {
      kind,
      ...(of === undefined ? {} : { of }),
      from,
      ...(until === undefined ? {} : { until }),
      setting,
      days: limit.days ?? limit.hours ?? 0,
      extensionDays: 0,
      suspensions,
      basis: limit.article,
    },
  ];
}

/** What a limit says of its own counting. */
const stated = (limit: Pick<PackLimit, 'unit' | 'begins' | 'rounding'> | undefined): Partial<ClockSetting> => ({
  ...(limit?.unit === undefined ? {} : { unit: limit.unit }),
  ...(limit?.begins === undefined ? {} : { begins: limit.begins }),
  ...(limit?.rounding === undefined ? {} : { rounding: limit.rounding }),
});

function earliestOf(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Longer than any list of clocks a page draws. */
const mostClocks = 100;

/** Every clock of a casefile as of a moment, each as of the moment it was done with (`GET /api/casefiles/ID/clock`). */
export function clockOf(world: World, pack: RulePack | undefined, row: Casefile, now: number): Clock {
  const asOf = Math.min(stoppedAt(row) ?? now, now);
  if (!pack) return { asOf, clocks: [] };
  const calendar = calendarIn(world, row.region);
  const hall = row.hall === undefined ? undefined : world.halls.get(row.hall);
  const scene = { row, pack, matter: matterOf(world, row.region, row.matter), hall };
  const clocks = clockKinds
    .flatMap((kind) => clocksOf(kind, scene))
    .slice(0, mostClocks)
    .map((clock): CaseClockLine => {
      const { kind, of, from, until } = clock;
      const explanation = explainClock(clock, calendar, Math.min(until ?? now, now));
      return {
        kind,
        ...(of === undefined ? {} : { of }),
        ...(Number.isFinite(from) ? { from } : {}),
        ...(until === undefined ? {} : { until }),
        state: stateOf(explanation, until, now),
        ...(explanation ? { explanation } : {}),
      };
    });
  const main = (kind: ClockKind): Explanation | undefined => clocks.find((each) => each.kind === kind)?.explanation;
  const [statutory, promised] = [main('statutory'), main('promised')];
  return {
    asOf,
    ...(statutory ? { statutory } : {}),
    ...(promised ? { promised } : {}),
    clocks,
    pack: pack.id,
    packTitle: pack.title,
  };
}

function stateOf(why: Explanation | undefined, until: number | undefined, now: number): CaseClockLine['state'] {
  if (!why) return 'suspended';
  const isOver = (until ?? now) > why.dueAt;
  if (until !== undefined) return isOver ? 'late' : 'met';
  return isOver ? 'over' : 'running';
}
