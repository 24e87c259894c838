/** The deadlines of a finding's loop: how they are counted, given again, and which of them comes next. */
import { dayOf } from './calendar.ts';
import { deadlineOf } from './clock.ts';
import { stateOf, type Finding } from './finding.ts';
import type { OfficeHours } from './limits.ts';
import type { RulePack } from './pack.ts';
import { calendarIn, packOf, packVersionOf, type World } from './world.ts';

/** Minutes that a limit is counted in are hours of the clock. */
const perHour = 60;
const perDay = 1440;

/** The hall's hours, less the gaps (a lunch break) of the hours that the pack sets. */
export function hoursOf(pack: RulePack, world: World, hall: string): OfficeHours {
  const own = world.halls.get(hall);
  const set = pack.clock.officeHours;
  if (!own) return set ?? [{ opens: 0, closes: perDay }];
  const both = (set ?? []).flatMap((each) => {
    const opens = Math.max(each.opens, own.opens);
    const closes = Math.min(each.closes, own.closes);
    return closes > opens ? [{ opens, closes }] : [];
  });
  return both.length > 0 ? both : [{ opens: own.opens, closes: own.closes }];
}

/**
 * The deadlines of the pack's loop (1 小时响应, 24 小时整改). With `workingHoursOnly` the response is counted in the hall's hours, and
 * the rectification in whole working days to the minute: 24 hours from Friday 16:50 end on Monday 16:50.
 */
export function timesOf(
  pack: RulePack,
  world: World,
  { region, hall }: Pick<Finding, 'region' | 'hall'>,
  from: number,
): Pick<Finding, 'respondBy' | 'rectifyBy' | 'nextTurn'> {
  const loop = pack.settings?.rectification;
  if (!loop) return {};
  const calendar = calendarIn(world, region);
  const limit = { acceptedAt: from, extensionDays: 0, suspensions: [] };
  const begins = 'sameMoment' as const;
  const plain = { unit: 'calendar' as const, begins };
  const only = loop.workingHoursOnly;
  const respond = deadlineOf(
    only ? { unit: 'workingHours', begins, officeHours: hoursOf(pack, world, hall) } : plain,
    calendar,
    { ...limit, days: loop.respondWithin / (only ? perHour : perDay) },
  );
  const rectify = deadlineOf(only ? { unit: 'working', begins } : plain, calendar, {
    ...limit,
    days: loop.rectifyWithin / perDay,
  });
  if (!respond || !rectify) return {};
  const respondBy = Math.round(respond.dueAt);
  // Nobody has to put right before they have to answer.
  const rectifyBy = Math.max(respondBy, Math.round(rectify.dueAt));
  return { respondBy, rectifyBy, nextTurn: respondBy + 1 };
}

/** The pack whose loop a finding runs through. */
export const packOfFinding = (finding: Finding, world: World): RulePack | undefined =>
  finding.pack === undefined
    ? packOf(world, finding.region, dayOf(finding.at))
    : packVersionOf(world, finding.pack, finding.packVersion ?? 0);

/** The time runs again from a moment on: to answer and to put right, or to put right alone. What was late before stays so. */
export function giveTime(finding: Finding, world: World, from: number, what: 'both' | 'rectification'): void {
  const pack = packOfFinding(finding, world);
  const { respondBy, rectifyBy } = pack ? timesOf(pack, world, finding, from) : {};
  if (rectifyBy !== undefined) finding.rectifyBy = rectifyBy;
  if (respondBy !== undefined && what === 'both') finding.respondBy = respondBy;
}

/** The next deadline that nobody has been told of. */
export function setTurn(finding: Finding): void {
  const state = stateOf(finding);
  const { respondBy, rectifyBy, late } = finding;
  delete finding.nextTurn;
  if (state !== 'recorded' && state !== 'responded') return;
  if (state === 'recorded' && respondBy !== undefined && late?.response !== respondBy) finding.nextTurn = respondBy + 1;
  else if (rectifyBy !== undefined && late?.rectification !== rectifyBy) finding.nextTurn = rectifyBy + 1;
}
