/** Watching the watchers (SC-29, SC-30): who watched which window for how long, and what of it asks for an explanation. */
import { dayNumber, dayLength, dayOf, isWorkingDay, startOf, type WorkCalendar } from './calendar.ts';
import type { PackSettings } from './settings.ts';

/** `evidence`: a released copy was opened; `finding`: the picture of a finding. Both are moments. */
export type ViewingKind = 'live' | 'playback' | 'evidence' | 'finding';

/** From, until, in epoch seconds; the second `until` is no longer part of it. */
export type Seconds = readonly [from: number, until: number];

/** What one person watched of one window on one day. */
export interface WatchedDay {
  account: string;
  day: string;
  hall?: string;
  /** The window, or the camera where it shows none. */
  place: string;
  window?: string;
  /** Delivered live and from recordings, each second of a session and camera once. */
  seconds: number;
  /** Of these, those in none of the person's own visits to the hall. */
  outside: number;
  /** Of these, those out of the hall's hours. */
  off: number;
  /** How often the window was opened anew outside visits. */
  returns: number;
  /** The organ had a duty for the hall on that day, or somebody of it was on a visit there. */
  planned: boolean;
  /** Released evidence of the window that was opened. */
  evidence: number;
}

export type AttentionReason = 'offHours' | 'long' | 'returns' | 'unplanned' | 'evidence';

/** 异常关注: something that asks for an explanation, and the figures it was judged by. It says of nobody that they did wrong. */
export interface Attention {
  /** `reason:day:account[:place]`: the same however often it is computed. */
  id: string;
  reason: AttentionReason;
  account: string;
  day: string;
  hall?: string;
  window?: string;
  /** Seconds watched; for `long` and `returns` of this window, else of the window watched longest. */
  seconds?: number;
  /** Openings. */
  count?: number;
  /** The person's own median that it is compared with: seconds for `long`, openings for `returns`. */
  median?: number;
  /** The limit that was reached: seconds or openings. */
  limit: number;
}

/** From when on something asks for an explanation; a pack may say otherwise (`settings.attention`). */
export interface AttentionLimits {
  /** Minutes before the hall opens and after it closes that still count as its hours. */
  graceMinutes: number;
  offMinutes: number;
  /** Times the person's own median, and minutes: both must be passed. */
  longFactor: number;
  longMinutes: number;
  returns: number;
  unplannedMinutes: number;
  evidence: number;
}

export const usualLimits: AttentionLimits = {
  graceMinutes: 30,
  offMinutes: 2,
  longFactor: 6,
  longMinutes: 15,
  returns: 8,
  unplannedMinutes: 10,
  evidence: 10,
};

/** The limits in force: the pack's own, where it sets them. */
export function limitsOf(settings: PackSettings | undefined): AttentionLimits {
  const { article: _article, ...own } = settings?.attention ?? { article: '' };
  return { ...usualLimits, ...own };
}

/** A person's median is compared with once so many other windows and days are known. */
const leastKnown = 8;
/** The median is taken over so many days up to the one that is judged. */
export const knownDays = 60;
/** So many other windows of the same day are compared with as well. */
const leastAlike = 3;
/** So many times the person's other windows of the same day. */
const returnsFactor = 3;

/** Undefined of nothing. */
export function medianOf(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * What asks for an explanation, of the days from `from` on; `days` also holds the days before, for the medians. `roleOf` by
 * account: a hall's own manager watches without duties.
 */
export function unusual(
  days: readonly WatchedDay[],
  from: string,
  limitsFor: (day: WatchedDay) => AttentionLimits,
  roleOf: (account: string) => string | undefined,
): Attention[] {
  const found: Attention[] = [];
  for (const own of grouped(days, ({ account }) => account)) {
    const judged = grouped(
      own.filter(({ day }) => day >= from),
      ({ day }) => day,
    );
    for (const day of judged) {
      const known = recent(own, day[0]!.day);
      for (const each of day) found.push(...ofWindow(each, day, known, limitsFor(each)));
      for (const hall of grouped(day, (each) => each.hall ?? '')) found.push(...ofHall(hall, limitsFor, roleOf));
      const opened = day.reduce((sum, each) => sum + each.evidence, 0);
      const limit = limitsFor(day[0]!).evidence;
      if (opened >= limit) found.push(attention('evidence', day[0]!, { count: opened, limit }));
    }
  }
  return found.sort((one, other) => (one.day === other.day ? order(one.id, other.id) : order(other.day, one.day)));
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

function ofWindow(
  each: WatchedDay,
  day: readonly WatchedDay[],
  known: readonly WatchedDay[],
  { longFactor, longMinutes, returns }: AttentionLimits,
): Attention[] {
  const found: Attention[] = [];
  const others = known.filter((other) => other !== each && other.seconds > 0);
  const alike = day.filter((other) => other !== each && other.seconds > 0).map(({ seconds }) => seconds);
  // A wall that is open for the whole morning shows all its windows as long: that is no attention to one.
  const ofDay = alike.length >= leastAlike ? medianOf(alike)! : 0;
  const usual = Math.max(ofDay, medianOf(others.map(({ seconds }) => seconds)) ?? 0);
  // Too little is known of a new colleague to call anything unusual.
  if (others.length >= leastKnown) {
    const limit = Math.max(longFactor * usual, longMinutes * 60);
    if (each.seconds > limit)
      found.push(attention('long', each, { seconds: each.seconds, median: Math.round(usual), limit }, true));
  }
  // Whoever lets the wall go round returns to every window alike.
  const elsewhere = medianOf(day.filter((other) => other !== each).map((other) => other.returns)) ?? 0;
  if (each.returns >= returns && each.returns > returnsFactor * elsewhere) {
    const figures = { count: each.returns, median: elsewhere, seconds: each.seconds, limit: returns };
    found.push(attention('returns', each, figures, true));
  }
  return found;
}

/** A wall shows a hall's windows side by side: the longest of them says how long somebody watched the hall. */
function ofHall(
  hall: readonly WatchedDay[],
  limitsFor: (day: WatchedDay) => AttentionLimits,
  roleOf: (account: string) => string | undefined,
): Attention[] {
  const found: Attention[] = [];
  const first = hall[0]!;
  const { offMinutes, unplannedMinutes } = limitsFor(first);
  const off = Math.max(...hall.map((each) => each.off));
  if (off >= offMinutes * 60) found.push(attention('offHours', first, { seconds: off, limit: offMinutes * 60 }));
  const outside = Math.max(...hall.map((each) => each.outside));
  const isPlanned = hall.some((each) => each.planned);
  if (!isPlanned && roleOf(first.account) !== 'hallManager' && outside >= unplannedMinutes * 60)
    found.push(attention('unplanned', first, { seconds: outside, limit: unplannedMinutes * 60 }));
  return found;
}

function attention(
  reason: AttentionReason,
  { account, day, hall, place, window }: WatchedDay,
  figures: Pick<Attention, 'seconds' | 'count' | 'median' | 'limit'>,
  ofPlace = false,
): Attention {
  const where = ofPlace ? place : reason === 'evidence' ? undefined : hall;
  return {
    id: [reason, day, account, ...(where === undefined ? [] : [where])].join(':'),
    reason,
    account,
    day,
    ...(hall === undefined || reason === 'evidence' ? {} : { hall }),
    ...(ofPlace && window !== undefined ? { window } : {}),
    ...figures,
  };
}

function recent(own: readonly WatchedDay[], day: string): WatchedDay[] {
  const first = dayOf(startOf(day) - (knownDays - 1) * dayLength);
  return own.filter((each) => each.day >= first && each.day <= day);
}

function grouped<T>(list: readonly T[], keyOf: (each: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const each of list) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return [...groups.values()];
}

export const lengthOf = (spans: readonly Seconds[]): number =>
  spans.reduce((sum, [from, until]) => sum + until - from, 0);

/** The seconds that two lists share; neither overlaps itself. */
export function sharedOf(spans: readonly Seconds[], others: readonly Seconds[]): number {
  let shared = 0;
  for (const [from, until] of spans)
    for (const [begin, end] of others) shared += Math.max(0, Math.min(until, end) - Math.max(from, begin));
  return shared;
}

/** The seconds out of a hall's hours. On a day off all are, unless the day `isWorked` all the same because a duty is planned on it. */
export function offSeconds(
  spans: readonly Seconds[],
  hours: { opens: number; closes: number },
  calendar: WorkCalendar,
  graceMinutes: number,
  isWorked = false,
): number {
  const open: Seconds[] = [];
  const first = Math.min(...spans.map(([from]) => from));
  const last = Math.max(...spans.map(([, until]) => until));
  for (let at = first * 1000; dayNumber(at) <= dayNumber(last * 1000); at += dayLength) {
    const day = dayOf(at);
    if (!isWorked && !isWorkingDay(calendar, day)) continue;
    const begin = startOf(day) / 1000;
    open.push([begin + (hours.opens - graceMinutes) * 60, begin + (hours.closes + graceMinutes) * 60]);
  }
  return lengthOf(spans) - sharedOf(spans, open);
}
