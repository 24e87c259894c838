/** 查询: what an applicant who knows the number of a case hears of it, and the guide to the matters of a hall (QT-11). */
import type { MatterRecord } from './matter.ts';
import { dayOf } from './calendar.ts';
import { stoppedAt } from './clock.ts';
import { presenceAt, type Presence } from './presence.ts';
import {
  byNumber,
  maskedName,
  publicMatter,
  publicName,
  publicStep,
  type Complaint,
  type PublicName,
} from './publicBoard.ts';
import type { Casefile } from './state.ts';
import { chainOf, isLive, isOpenOn, type Hall, type Matter, type World } from './world.ts';

export const progressKinds = [
  'received',
  'correctionAsked',
  'corrected',
  'accepted',
  'step',
  'paused',
  'resumed',
  'decided',
  'completed',
  'ended',
] as const;

/** One thing that happened to a case. */
export interface ProgressStep {
  kind: (typeof progressKinds)[number];
  at: number;
  /** The name of a published step. */
  step?: string;
}

/** `POST /api/public/enquiry/:hall` */
export interface CaseProgress {
  number: string;
  matter: PublicName;
  department?: PublicName;
  window?: string;
  status: Casefile['status'];
  outcome?: 'approved' | 'denied';
  /** Oldest first. */
  steps: ProgressStep[];
  /** The last moment of what was promised, and of what the law sets; absent while the clock stands still. */
  promisedDueAt?: number;
  statutoryDueAt?: number;
  /** The calendar of a year that its deadline passes is not published yet. */
  provisional?: true;
  at: number;
}

/**
 * Whether somebody knows who applied: the surname, or the name from its beginning. A case without an applicant's name is told to
 * nobody: a number alone is guessed easily.
 */
export function knowsApplicant(row: Pick<Casefile, 'applicant'>, said: string): boolean {
  const name = plain(row.applicant?.name ?? '');
  const given = plain(said);
  return given !== '' && name.startsWith(given);
}

const plain = (text: string): string => text.normalize('NFKC').replace(/\s+/g, '').toLowerCase();

/** Undefined for a matter that nobody may know of. */
export function progressOf(world: World, row: Casefile, now: number): CaseProgress | undefined {
  const matter = publicMatter(world, row);
  if (!matter) return undefined;
  const steps: ProgressStep[] = [];
  const add = (kind: ProgressStep['kind'], at: number | undefined, step?: string): void => {
    if (at !== undefined) steps.push({ kind, at, ...(step === undefined ? {} : { step }) });
  };
  add('received', row.receivedAt);
  add('correctionAsked', row.correctionAskedAt);
  add('corrected', row.correctedAt);
  add('accepted', row.acceptedAt);
  for (const { step, at } of row.steps ?? []) {
    const name = publicStep(matter, step);
    if (name !== undefined) add('step', at, name);
  }
  for (const { from, to } of row.suspensions) {
    add('paused', from);
    add('resumed', to);
  }
  add('decided', row.decidedAt);
  add('completed', row.completedAt);
  add('ended', row.endedAt);
  const department = row.department === undefined ? undefined : world.departments.get(row.department);
  const window = row.window === undefined ? undefined : world.windows.get(row.window);
  const isRunning = stoppedAt(row) === undefined && row.status !== 'suspended';
  return {
    number: row.number,
    matter: publicName(matter),
    ...(department ? { department: publicName(department) } : {}),
    ...(window ? { window: window.number } : {}),
    status: row.status,
    ...(row.outcome === undefined ? {} : { outcome: row.outcome }),
    steps: steps.sort((one, other) => one.at - other.at),
    ...(isRunning && row.promisedDueAt !== undefined ? { promisedDueAt: row.promisedDueAt } : {}),
    ...(isRunning && row.statutoryDueAt !== undefined ? { statutoryDueAt: row.statutoryDueAt } : {}),
    ...(isRunning && row.provisional ? { provisional: true as const } : {}),
    at: now,
  };
}

/** One line of the guide: `GET /api/public/matters/:hall` */
export interface GuideLine extends PublicName {
  code: string;
  department?: PublicName;
  businessType: Matter['businessType'];
  itemClass: Matter['itemClass'];
  /** In `dayUnit`. */
  promisedDays?: number;
  statutoryDays?: number;
}
export interface GuideList {
  hall: PublicName;
  demo: boolean;
  complaint: Complaint;
  dayUnit: 'working' | 'calendar' | 'workingHours';
  items: GuideLine[];
}

/** What somebody of the office does with a matter. */
export const officeDuties = ['accepts', 'handles', 'reviews', 'approves'] as const;
type OfficeDuty = (typeof officeDuties)[number];

/** A window that serves a matter, and the staff number (工号) of who sits there now. */
export interface GuideWindow extends PublicName {
  number: string;
  staff?: string;
}

/**
 * `GET /api/public/matters/:hall/:code`: the eight published elements (SZ-15), as far as the catalogue has them, and whose business it
 * is (人员职责, QT-11).
 */
export interface GuideMatter extends GuideLine {
  dayUnit: GuideList['dayUnit'];
  applicants: ('person' | 'enterprise' | 'other')[];
  bases: string[];
  conditions?: string;
  quantity?: string;
  place?: string;
  materials: string[];
  form?: string;
  steps: string[];
  outputs: string[];
  windows: GuideWindow[];
  /** 审核科室. */
  section?: string;
  /** By staff number or post; a name by its first character. Only what the catalogue says. */
  duties: { duty: OfficeDuty; people: string[] }[];
  /** Absent: the catalogue says nothing; empty: nothing is charged. Yuan. */
  fees?: { name: string; amount?: number; unit?: string; basis?: string }[];
}

/** What a region publishes, its own before what it inherits, that is in force on a day and no secret (JY-02, FS-17). */
export function guideMatters(world: World, region: string, day: string): Matter[] {
  const found = new Map<string, Matter>();
  // The farthest first: the nearest region has the last word.
  for (const each of [...chainOf(region)].reverse())
    for (const matter of world.matters.values()) if (matter.region === each) found.set(matter.code, matter);
  return [...found.values()].filter((each) => isLive(each, day));
}

export function guideLine(world: World, matter: Matter): GuideLine {
  const department = matter.department === undefined ? undefined : world.departments.get(matter.department);
  return {
    code: matter.code,
    ...publicName(matter),
    ...(department ? { department: publicName(department) } : {}),
    businessType: matter.businessType,
    itemClass: matter.itemClass,
    ...(matter.promisedDays === undefined ? {} : { promisedDays: matter.promisedDays }),
    ...(matter.statutoryDays === undefined ? {} : { statutoryDays: matter.statutoryDays }),
  };
}

const staffNumber = /^(?:工号)?[A-Za-z]{0,6}-?\d[\d-]{0,19}$/;
/** A surname at most stands before it. */
const post = /^(?:分管|主管)?\p{Script=Han}?副?(?:局长|处长|科长|所长|股长|主任|书记)$/u;

/** Somebody of the office, as everybody may know them. */
function publicPerson(text: string): string {
  const said = text.normalize('NFKC').trim();
  return staffNumber.test(said) || post.test(said) ? said : maskedName(said);
}

/**
 * The windows of a hall that serve a department, in the order of their numbers; what a region above publishes is served by the
 * department of the same name here. `presences`: who is away, and who stands in.
 */
export function guideWindows(
  world: World,
  hall: Hall,
  department: string | undefined,
  presences: readonly Pick<Presence, 'id' | 'records'>[],
  now: number,
): GuideWindow[] {
  if (department === undefined) return [];
  const name = world.departments.get(department)?.name;
  const isServed = (id: string | undefined): boolean =>
    id !== undefined && (id === department || (name !== undefined && world.departments.get(id)?.name === name));
  const away = new Map(presences.map((each) => [each.id, presenceAt(each, now)]));
  return [...world.windows.values()]
    .filter((each) => each.hall === hall.id && isServed(each.department) && isOpenOn(each, dayOf(now)))
    .sort(byNumber)
    .map((window) => {
      const record = away.get(window.id);
      const staff = record ? record.standIn : window.staff;
      return {
        ...publicName(window),
        number: window.number,
        ...(staff === undefined ? {} : { staff: publicPerson(staff) }),
      };
    });
}

/** `record`: the frozen record of the matter, where there is one; what is in force comes from the matter itself. */
export function guideMatter(
  world: World,
  matter: Matter,
  record: MatterRecord | undefined,
  dayUnit: GuideList['dayUnit'],
  windows: GuideWindow[],
): GuideMatter {
  const people: Record<OfficeDuty, readonly string[] | undefined> = {
    accepts: record?.acceptors,
    handles: record?.handlers ?? matter.handlers,
    reviews: record?.reviewers,
    approves: record?.approvers ?? matter.approvers,
  };
  const fees = record?.fees ?? matter.fees;
  return {
    ...guideLine(world, matter),
    dayUnit,
    applicants: matter.applicants ?? [],
    bases: record?.legalBases ?? (matter.legalBasis === undefined ? [] : [matter.legalBasis]),
    ...someText('conditions', record?.conditions),
    ...someText('quantity', record?.quantity),
    ...someText('place', record?.place),
    materials: record?.materials ?? [],
    ...someText('form', record?.form),
    steps: matter.steps,
    outputs: matter.outputs ?? [],
    windows,
    ...someText('section', record?.section),
    duties: officeDuties.flatMap((duty) => {
      const own = [...new Set((people[duty] ?? []).map(publicPerson).filter(Boolean))];
      return own.length === 0 ? [] : [{ duty, people: own }];
    }),
    ...(fees === undefined
      ? {}
      : {
          fees: fees.map((each) => ({
            name: each.name,
            ...(each.amount == null ? {} : { amount: each.amount }),
            ...('unit' in each ? { ...someText('unit', each.unit), ...someText('basis', each.basis) } : {}),
          })),
        }),
  };
}

const someText = <Key extends string>(key: Key, text: string | null | undefined): { [K in Key]?: string } =>
  (text == null ? {} : { [key]: text }) as { [K in Key]?: string };
