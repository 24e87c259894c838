/** What an organ owes on a day (SC-11…SC-14, 1.X.6), from the rule pack and the calendar of its region. Pure. */
import { dayLength, isWorkingDay, startOf } from './calendar.ts';
import type { DrawLot } from './draw.ts';
import type { DutyReason } from './duty.ts';
import type { EventOf } from './event.ts';
import type { Level, PackPatrol } from './quotaShape.ts';
import { calendarIn, isOpenOn, packOf, prefixOf, type Hall, type Organ, type World } from './world.ts';

const minute = 60_000;
/** Of an event's short text. */
export const longestArticle = 200;

/** `draws`: of so many halls, `count` are to be drawn. */
export interface Quota {
  patrol: PackPatrol;
  owed: { hall: Hall; times: number; of: Exclude<DutyReason, 'drawn' | 'asNeeded'> }[];
  draws: { level: Level; count: number; times: number; halls: Hall[] }[];
}

/** A demonstration plans on days off as well, and leaves until midnight what is begun late; `remark` says so behind the article. */
export interface Demonstration {
  now: number;
  remark: string;
}

/**
 * The quota of an organ on a day; undefined on a day off (SC-11: every *working* day), where its pack sets none, and for the
 * supervision bodies of departments, who patrol as they need to (SC-15).
 */
export function quotaOf(world: World, organ: Organ, day: string, demo?: Demonstration): Quota | undefined {
  const patrol = packOf(world, organ.region, day)?.patrol;
  if (!patrol || organ.departments || !isOpenOn(organ, day)) return undefined;
  const isWorked = (region: string): boolean => demo !== undefined || isWorkingDay(calendarIn(world, region), day);
  if (!isWorked(organ.region)) return undefined;
  const halls = [...world.halls.values()].filter((each) => isOpenOn(each, day));
  const owed: Quota['owed'] = [];
  const draws: Quota['draws'] = [];
  if (patrol.own > 0)
    for (const hall of halls) if (hall.region === organ.region) owed.push({ hall, times: patrol.own, of: 'own' });
  const own = world.regions.get(organ.region)?.level;
  for (const { by, level, halls: which, times } of patrol.others ?? []) {
    if (by !== own) continue;
    // A hall whose own region has a day off is closed: nobody is behind its windows.
    const below = halls.filter(
      ({ region }) =>
        region !== organ.region &&
        region.startsWith(prefixOf(organ.region)) &&
        world.regions.get(region)?.level === level &&
        isWorked(region),
    );
    if (which === 'each') for (const hall of below) owed.push({ hall, times, of: 'each' });
    else if (below.length > 0) draws.push({ level, count: which === 'any' ? 1 : which, times, halls: below });
  }
  return { patrol, owed, draws };
}

/** Shares of a hall's cases by the hour of the day, 24 of them; any numbers in proportion. */
export type Load = readonly number[];

/** When a day is planned, and what was owed in the month before it: ids of organs, and `<organ> <hall>`. */
interface Beginning {
  now: number;
  owedBefore: ReadonlySet<string>;
}

/**
 * The duties of a day; the same quota, lots and loads always give the same events. `lots`: what was drawn for `quota.draws`. With a
 * `beginning`, a hall or an organ that is new, and comes so late that its first duty would be at risk at once, owes from the next day on;
 * a demonstration, all of which is new, has its duties at any hour.
 */
export function dutiesOf(
  world: World,
  organ: Organ,
  day: string,
  {
    lots = [],
    draw,
    loads = new Map(),
    demo,
    beginning,
  }: {
    lots?: readonly DrawLot[];
    draw?: string;
    loads?: ReadonlyMap<string, Load>;
    demo?: Demonstration;
    beginning?: Beginning;
  } = {},
): EventOf<'patrol.planned'>[] {
  const quota = quotaOf(world, organ, day, demo);
  if (!quota) return [];
  const { patrol } = quota;
  const isDayOff = !isWorkingDay(calendarIn(world, organ.region), day);
  const planned = (hall: Hall, times: number, of: DutyReason, note = ''): EventOf<'patrol.planned'> => {
    const duty = dutyId(day, organ.id, hall.id);
    const { dueAt, riskAt, opensAt } = timesOf(patrol, hall, day, demo);
    const suggestedAt = suggestedTimes(loads.get(hall.id), hall, times).map((at) => startOf(day) + at * minute);
    return {
      kind: 'patrol.planned',
      id: `duty:${duty}`,
      region: organ.region,
      source: 'planner',
      occurredAt: startOf(day),
      duty,
      organ: organ.id,
      hall: hall.id,
      day,
      required: times,
      dueAt,
      article: `${patrol.article}${note}${demo && isDayOff ? demo.remark : ''}`.slice(0, longestArticle),
      of,
      ...(of === 'drawn' && draw !== undefined ? { draw } : {}),
      ...(opensAt === undefined ? {} : { opensAt }),
      ...(riskAt === undefined ? {} : { riskAt }),
      ...(suggestedAt.length > 0 ? { suggestedAt } : {}),
    };
  };
  const isLate = ({ hall, of, riskAt, dueAt }: EventOf<'patrol.planned'>): boolean =>
    beginning !== undefined &&
    demo === undefined &&
    beginning.now >= (riskAt ?? dueAt) &&
    !beginning.owedBefore.has(of === 'drawn' ? organ.id : `${organ.id} ${hall}`);
  const duties = [
    ...quota.owed.map(({ hall, times, of }) => planned(hall, times, of)),
    ...quota.draws.flatMap(({ level, count, times }) => {
      const lot = lots.find((each) => each.level === level);
      if (!lot) return [];
      const { candidates, chosen } = lot;
      const note = candidates.length > count ? '' : `（共 ${candidates.length} 个可选，全部巡查）`;
      return chosen.map((hall) => planned(world.halls.get(hall)!, times, 'drawn', note));
    }),
  ];
  return duties.filter((duty) => !isLate(duty));
}

export const dutyId = (day: string, organ: string, hall: string): string => `${day}:${organ}:${hall}`;

/** Longer than anybody needs for the visits of a day that are still owed. */
const enough = 2 * 3_600_000;

/** From when a duty may be done, by when it must be, and when it is at risk. */
export function timesOf(
  { dueBy, alert }: PackPatrol,
  { opens, closes }: Hall,
  day: string,
  demo?: Demonstration,
): { dueAt: number; riskAt?: number; opensAt?: number } {
  const start = startOf(day);
  const due = start + Math.min(dueBy, closes) * minute;
  const before = (alert?.minutes ?? 0) * minute;
  const isLate = demo !== undefined && demo.now > due - before - enough;
  const dueAt = isLate ? start + dayLength - 1 : due;
  return {
    dueAt,
    ...(demo ? {} : { opensAt: start + opens * minute }),
    ...(alert ? { riskAt: Math.max(start, dueAt - before) } : {}),
  };
}

/** A visit in the first or last minutes sees a hall that opens or closes. */
const edge = 15;

/**
 * When to visit, in minutes after midnight: the busiest hours of the hall, one a visit, as far apart as the day allows, each
 * at its half. Where nothing is known of its cases, evenly over the opening hours.
 */
export function suggestedTimes(
  load: Load | undefined,
  { opens, closes }: Pick<Hall, 'opens' | 'closes'>,
  times: number,
): number[] {
  const span = closes - opens;
  if (span <= 0 || times < 1) return [];
  const within = (at: number): number => Math.round(Math.min(closes - edge, Math.max(opens + edge, at)));
  const middle = (index: number): number => within(opens + (span * (index + 0.5)) / times);
  return Array.from({ length: times }, (_, index) => {
    // One visit in each part of the day: two of the same busy hour would say less than one of each half.
    const [from, to] = [opens + (span * index) / times, opens + (span * (index + 1)) / times];
    let best: { at: number; cases: number } | undefined;
    for (let hour = Math.ceil((from - 30) / 60); hour * 60 + 30 < to; hour += 1) {
      const cases = load?.[hour] ?? 0;
      if (cases > (best?.cases ?? 0)) best = { at: hour * 60 + 30, cases };
    }
    return best ? within(best.at) : middle(index);
  });
}
