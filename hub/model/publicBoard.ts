/**
 * 公示: what the public screen of a hall, the touch screen (触摸屏) and an applicant's own enquiry may say (QT-11, QT-12, FS-31).
 * Whoever stands before them is nobody in particular: no name beyond its first character, no whole number of a case, nothing secret
 * (JY-02); of the office nobody but who serves a matter (publicCase.ts), by staff number or post.
 */
import { addDays, dayOf, isWorkingDay, startOf } from './calendar.ts';
import { stoppedAt } from './clock.ts';
import { presenceAt, type Presence } from './presence.ts';
import type { Casefile, CasefileStatus } from './state.ts';
import { calendarIn, isOpenOn, matterOf, packOf, type Hall, type Matter, type World } from './world.ts';

/** Cases on one board. */
export const mostBoardCases = 200;
/** Matters in one guide. */
export const mostGuideMatters = 2_000;
/** 全国统一的政务服务便民热线. */
const usualComplaintPhone = '12345';

export interface PublicName {
  name: string;
  nameEn?: string;
}

/** One case as everybody may see it. */
export interface BoardCase {
  /** The end of its number, for example “…2873”. */
  tail: string;
  matter: PublicName;
  /** 张**; absent where the source names nobody. */
  applicant?: string;
  department?: PublicName;
  /** The number on the counter. */
  window?: string;
  status: CasefileStatus;
  /** The published step it came to last. */
  step?: string;
  /** 即办件: done while one waits. */
  isInstant?: true;
  /** The last moment that was promised; absent while the clock stands still and where nothing was promised. */
  dueAt?: number;
  openedAt: number;
}

export interface BoardWindow extends PublicName {
  number: string;
  department?: PublicName;
  /** 暂停服务 until then. */
  pausedUntil?: number;
}

/** 投诉电话, and what the hall says beside it. */
export interface Complaint {
  phone: string;
  note?: string;
  noteEn?: string;
}

/** `GET /api/public/board/:hall` */
export interface Board {
  hall: PublicName & { id: string; opens: number; closes: number };
  region: PublicName;
  /** Invented data. */
  demo: boolean;
  /** The moment it tells of, epoch ms. */
  at: number;
  isDayOff: boolean;
  today: {
    received: number;
    completed: number;
    open: number;
    /** Share of today's completed ones before the promised day. */ early?: number;
  };
  windows: BoardWindow[];
  cases: BoardCase[];
  /** There are more cases than are listed. */
  more?: true;
  complaint: Complaint;
  /** The touch screen of this hall answers too. */
  enquiry: boolean;
}

/** C-01: which of the two a region has: by its pack's own word, else by its list of functions, else both. */
export function publicityOf(world: World, hall: Hall | undefined, now: number): { board: boolean; enquiry: boolean } {
  const day = dayOf(now);
  if (!hall || !isOpenOn(hall, day)) return { board: false, enquiry: false };
  const settings = packOf(world, hall.region, day)?.settings;
  if (settings?.publicity) return { board: settings.publicity.board, enquiry: settings.publicity.enquiry };
  const has = settings?.functions?.has.includes('publication') ?? true;
  return { board: has, enquiry: has };
}

/** Never more of a name than its first character; how long the name is stays unsaid as well. */
export function maskedName(name: string): string {
  const [first] = name.trim();
  return first === undefined ? '' : `${first}**`;
}

export const complaintOf = ({ complaintPhone, boardNote, boardNoteEn }: Hall): Complaint => ({
  phone: complaintPhone ?? usualComplaintPhone,
  ...(boardNote === undefined ? {} : { note: boardNote }),
  ...(boardNoteEn === undefined ? {} : { noteEn: boardNoteEn }),
});

/** The last four characters of a number, and never more than half of it. */
export function tailOf(number: string): string {
  const characters = [...number.trim()];
  const shown = Math.min(4, Math.floor(characters.length / 2));
  return `…${shown === 0 ? '' : characters.slice(-shown).join('')}`;
}

/** Windows in the order of the numbers on their counters. */
export const byNumber = (one: { number: string }, other: { number: string }): number =>
  one.number.localeCompare(other.number, 'en', { numeric: true });

export const publicName = ({ name, nameEn }: PublicName): PublicName => ({
  name,
  ...(nameEn === undefined ? {} : { nameEn }),
});

/** The matter of a case, where everybody may know it. */
export function publicMatter(
  world: World,
  { region, matter }: Pick<Casefile, 'region' | 'matter'>,
): Matter | undefined {
  const found = matterOf(world, region, matter);
  return found?.secret ? undefined : found;
}

/** A step's name is shown where the matter publishes it: what a source writes else may name people. */
export const publicStep = (matter: Matter, step: string | undefined): string | undefined =>
  step !== undefined && matter.steps.includes(step) ? step : undefined;

/** Undefined for what nobody may see. */
export function boardCase(world: World, row: Casefile): BoardCase | undefined {
  const matter = publicMatter(world, row);
  if (!matter) return undefined;
  const department = row.department === undefined ? undefined : world.departments.get(row.department);
  const window = row.window === undefined ? undefined : world.windows.get(row.window);
  const applicant = maskedName(row.applicant?.name ?? '');
  const step = row.status === 'accepted' ? publicStep(matter, row.steps?.at(-1)?.step) : undefined;
  const dueAt = row.status === 'suspended' ? undefined : (row.promisedDueAt ?? row.statutoryDueAt);
  return {
    tail: tailOf(row.number),
    matter: publicName(matter),
    ...(applicant === '' ? {} : { applicant }),
    ...(department ? { department: publicName(department) } : {}),
    ...(window ? { window: window.number } : {}),
    status: row.status,
    ...(step === undefined ? {} : { step }),
    ...(matter.itemClass === 'instant' ? { isInstant: true as const } : {}),
    ...(dueAt === undefined || stoppedAt(row) !== undefined ? {} : { dueAt }),
    openedAt: row.receivedAt ?? row.acceptedAt ?? row.lastEventAt,
  };
}

export interface BoardCounts {
  received: number;
  completed: number;
  open: number;
  /** Of `completed`: those with a promised day, and those before it. */
  promised: number;
  early: number;
}

/** The whole board; `rows` newest first, one more than are shown. */
export function boardOf(
  world: World,
  hall: Hall,
  rows: readonly Casefile[],
  presences: readonly Pick<Presence, 'id' | 'records'>[],
  counts: BoardCounts,
  now: number,
): Board {
  const day = dayOf(now);
  const region = world.regions.get(hall.region);
  const away = new Map(presences.map((each) => [each.id, presenceAt(each, now)]));
  const windows = [...world.windows.values()]
    .filter((each) => each.hall === hall.id && isOpenOn(each, day))
    .sort(byNumber);
  const { received, completed, open, promised, early } = counts;
  return {
    hall: { id: hall.id, ...publicName(hall), opens: hall.opens, closes: hall.closes },
    region: publicName(region ?? { name: hall.region }),
    demo: region?.demo ?? false,
    at: now,
    isDayOff: !isWorkingDay(calendarIn(world, hall.region), day),
    today: { received, completed, open, ...(promised === 0 ? {} : { early: early / promised }) },
    windows: windows.map((window): BoardWindow => {
      const department = window.department === undefined ? undefined : world.departments.get(window.department);
      const pause = away.get(window.id);
      // Somebody stands in: the window serves.
      const isPaused = pause !== undefined && (pause.kind === 'paused' || pause.standIn === undefined);
      return {
        ...publicName(window),
        number: window.number,
        ...(department ? { department: publicName(department) } : {}),
        ...(isPaused ? { pausedUntil: Math.min(pause.until, startOf(addDays(day, 1))) } : {}),
      };
    }),
    cases: rows.slice(0, mostBoardCases).flatMap((row) => boardCase(world, row) ?? []),
    ...(rows.length > mostBoardCases ? { more: true as const } : {}),
    complaint: complaintOf(hall),
    enquiry: publicityOf(world, hall, now).enquiry,
  };
}
