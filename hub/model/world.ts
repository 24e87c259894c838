/**
 * The reference data every part reads and no event changes: who and what there is. Loaded from the store by
 * `hub/platform/world.ts`; written by `hallwatch seed`.
 */
import type { WorkCalendar } from './calendar.ts';
import type { Contact } from './contact.ts';
import type { RulePack } from './pack.ts';
import type { ProcedureKind } from './procedure.ts';
import type { RecordingMode } from './recording.ts';

/** A text in Chinese and, where there is one, in English. */
export interface Named {
  name: string;
  nameEn?: string;
}

/** 区划: an administrative division by its GB/T 2260 code. */
export interface Region extends Named {
  code: string;
  parent?: string;
  level: 'province' | 'city' | 'county';
  /** Invented data for demonstration or trial; said on every page that shows it. */
  demo: boolean;
}

/** What may close: from this day on (`YYYY-MM-DD`) it is no longer there; what happened there before stays. */
interface Closing {
  closedFrom?: string;
}

/** 机构: the supervision organ (监察机关) of a region, or the supervision body of departments (部门监察机构). */
export interface Organ extends Named, Closing {
  id: string;
  region: string;
  /** SC-15: the line of a department's supervision body: the departments, its own and subordinate ones, whose windows it may patrol. */
  departments?: readonly string[];
}

/** 部门: an agency that handles matters. */
export interface Department extends Named, Closing {
  id: string;
  region: string;
}

/** 政务服务大厅. */
export interface Hall extends Named, Closing {
  id: string;
  region: string;
  /** Local opening hours in minutes after midnight, Asia/Shanghai. */
  opens: number;
  closes: number;
  /** 投诉电话 and a line of its own for the public board; absent: the region's usual ones. */
  complaintPhone?: string;
  boardNote?: string;
  boardNoteEn?: string;
}

/** 窗口: a counter of a hall. */
export interface Window extends Named, Closing {
  id: string;
  hall: string;
  /** The number on the counter, for example "07". */
  number: string;
  department?: string;
  /** Staff number of the clerk on duty (工号). */
  staff?: string;
}

/** 点位. The address with its password never leaves the stream part. */
export interface Camera extends Named {
  id: string;
  hall: string;
  window?: string;
  enabled: boolean;
  /** It has a smaller stream of its own for small tiles. */
  sub?: true;
  /** Its sound is carried: never without a reason in its record (privacy). */
  audio?: true;
  /** When a person changed its record last, epoch ms. */
  changedAt?: number;
  /** Absent: while somebody watches. */
  recording?: RecordingMode;
}

/** 事项: one thing that can be applied for, as published. */
export interface Matter extends Named {
  code: string;
  region: string;
  department?: string;
  businessType: 'approval' | 'levy' | 'penalty' | 'service';
  /** 即办件 or 承诺件. */
  itemClass: 'instant' | 'promised';
  /** 法定时限 and 承诺时限 in the pack's day unit; absent where the source gives each case its own deadline. */
  statutoryDays?: number;
  promisedDays?: number;
  legalBasis?: string;
  steps: string[];
  /** What a step has of its own: a limit in the pack's day unit, and who answers for it (JY-21, C-08). */
  stepDetails?: { name: string; days?: number; responsible?: string }[];
  /** XY-56: who may grant it. XY-57, XY-58, JY-21: who reviews, handles and accepts it. */
  approvers?: string[];
  reviewers?: string[];
  handlers?: string[];
  acceptors?: string[];
  /** JY-14: the steps that supervision watches; all where it is absent. */
  monitored?: string[];
  /** XY-67: an absent list says nothing, an empty one that nothing may be charged. No amount: set case by case. Yuan. */
  fees?: { name: string; amount?: number }[];
  /** FS-17: absent while it is live. `since`: the first day (`YYYY-MM-DD`) on which it no longer is. */
  state?: 'suspended' | 'cancelled';
  since?: string;
  /** XY-60: procedures that one of its steps is. */
  procedures?: ProcedureKind[];
  /** XY-64: what the applicant gets; absent: nothing is known of it, empty: there is nothing to deliver. */
  outputs?: string[];
  /** XY-54: who may apply. */
  applicants?: ('person' | 'enterprise' | 'other')[];
  /** XY-19, XY-59: material is handed in at a place, so that its steps of acceptance are taken at a window. */
  atWindow?: true;
  /** JY-02: 涉密. Its events are refused at the door and no list counts or names it. */
  secret?: true;
}

export interface World {
  regions: ReadonlyMap<string, Region>;
  organs: ReadonlyMap<string, Organ>;
  departments: ReadonlyMap<string, Department>;
  halls: ReadonlyMap<string, Hall>;
  windows: ReadonlyMap<string, Window>;
  cameras: ReadonlyMap<string, Camera>;
  /** Keyed by `matterKey(region, code)`. */
  matters: ReadonlyMap<string, Matter>;
  /** The newest version of each by its id; the earlier ones, which older cases keep, by `id@version`. */
  packs: ReadonlyMap<string, RulePack>;
  contacts: ReadonlyMap<string, Contact>;
  calendar: WorkCalendar;
}

export const matterKey = (region: string, code: string): string => `${region}/${code}`;

/** The region and those above it, nearest first: 510104 → 510104, 510100, 510000. */
export function chainOf(region: string): readonly string[] {
  let found = chains.get(region);
  if (!found) {
    if (chains.size >= remembered) chains.clear();
    const city = `${region.slice(0, 4)}00`;
    const province = `${region.slice(0, 2)}0000`;
    chains.set(region, (found = [...new Set([region, city, province])]));
  }
  return found;
}

const chains = new Map<string, readonly string[]>();
/** More than the country has divisions; every event asks. */
const remembered = 10_000;

/** 监察机关: the organ that supervises a whole region; the bodies of departments do not. */
export const supervisorOf = ({ organs }: Pick<World, 'organs'>, region: string): Organ | undefined =>
  [...organs.values()].find((each) => each.region === region && each.departments === undefined);

/** Whether an organ, a department, a hall or a window is there on a day (`YYYY-MM-DD`). */
export const isOpenOn = ({ closedFrom }: Closing, day: string): boolean => closedFrom === undefined || day < closedFrom;

/** The digits that all regions below share: 510000 → "51", 510100 → "5101", 510104 → "510104". */
export function prefixOf(region: string): string {
  if (region.endsWith('0000')) return region.slice(0, 2);
  if (region.endsWith('00')) return region.slice(0, 4);
  return region;
}

const local = new WeakMap<WorkCalendar, Map<string, WorkCalendar>>();

/** The calendar as a region keeps it: its own closed days and those of the regions above count before the country's. */
export function calendarIn({ calendar }: Pick<World, 'calendar'>, region: string): WorkCalendar {
  const { closures } = calendar;
  if (!closures || closures.size === 0) return calendar;
  let known = local.get(calendar);
  if (!known) local.set(calendar, (known = new Map()));
  let found = known.get(region);
  if (!found) {
    const own = chainOf(region).flatMap((each) => closures.get(each) ?? []);
    const days = new Map(calendar.days);
    // The nearest region last: it has the last word.
    for (const each of own.reverse()) for (const [day, what] of each) days.set(day, what);
    known.set(region, (found = own.length === 0 ? calendar : { days, years: calendar.years }));
  }
  return found;
}

/** The matter a region publishes, its own or one inherited from above. */
export function matterOf(world: World, region: string, code: string): Matter | undefined {
  for (const each of chainOf(region)) {
    const matter = world.matters.get(matterKey(each, code));
    if (matter) return matter;
  }
  return undefined;
}

/** Whether a matter is published and in force on a day; a secret one never counts (JY-02, FS-17). */
export const isLive = ({ secret, state, since }: Matter, day: string): boolean =>
  !secret && (state === undefined || (since !== undefined && day < since));

/** The matters of a region: its own, those it inherits, and those of the regions below. */
export function nearMatters(world: World, region: string): Matter[] {
  const above = new Set(chainOf(region));
  return [...world.matters.values()].filter(
    (each) => above.has(each.region) || each.region.startsWith(prefixOf(region)),
  );
}

/** A version of a pack, for a signal that it issued; the newest where the store no longer has that one. */
export const packVersionOf = (world: World, id: string, version: number): RulePack | undefined =>
  world.packs.get(`${id}@${version}`) ?? world.packs.get(id);

/** The rule pack in force for a region on a day (`YYYY-MM-DD`): the nearest one up the chain. */
export function packOf(world: World, region: string, day: string): RulePack | undefined {
  let known = inForce.get(world);
  if (!known) inForce.set(world, (known = new Map()));
  const key = region + day;
  if (known.has(key)) return known.get(key);
  const found = findPack(world, region, day);
  if (known.size >= remembered) known.clear();
  known.set(key, found);
  return found;
}

/** A world is read anew as a whole, never changed: what is in force in it on a day is looked up once. */
const inForce = new WeakMap<World, Map<string, RulePack | undefined>>();

function findPack(world: World, region: string, day: string): RulePack | undefined {
  for (const each of chainOf(region)) {
    let best: RulePack | undefined;
    for (const pack of world.packs.values()) {
      if (pack.region !== each || pack.effectiveFrom > day || (pack.effectiveTo && pack.effectiveTo < day)) continue;
      const isNewer = pack.effectiveFrom === best?.effectiveFrom && pack.id === best.id && pack.version > best.version;
      if (!best || pack.effectiveFrom > best.effectiveFrom || isNewer) best = pack;
    }
    if (best) return best;
  }
  return undefined;
}
