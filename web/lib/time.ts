/** Times as people read them, always in Asia/Shanghai (UTC+8, no summer time), whatever the browser's own zone. */
import { dayOf } from '../../hub/model/calendar.ts';
import type { Locale } from './words.ts';

const offset = 8 * 3_600_000;
const two = (value: number): string => String(value).padStart(2, '0');
const weekdays: Record<Locale, readonly string[]> = {
  zh: ['星期日', '星期一', '星期二', '星期三', '星期四', '星期五', '星期六'],
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
};
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "10:42:18" */
export const clockTime = (at: number): string => new Date(at + offset).toISOString().slice(11, 19);
/** "10:42" */
export const hourMinute = (at: number): string => clockTime(at).slice(0, 5);
/** "11-20 10:42" */
export const dayTime = (at: number): string => `${dayOf(at).slice(5)} ${hourMinute(at)}`;
/** "2026-11-20 10:42:18" */
export const fullTime = (at: number): string => `${dayOf(at)} ${clockTime(at)}`;
/** Today only the time, other days with the date: the shortest form that is not ambiguous. */
export const briefTime = (at: number, now: number): string =>
  dayOf(at) === dayOf(now)
    ? hourMinute(at)
    : dayOf(at).slice(0, 4) === dayOf(now).slice(0, 4)
      ? dayTime(at)
      : dayOf(at);

export const weekdayOf = (day: string, locale: Locale): string =>
  weekdays[locale][new Date(`${day}T00:00:00Z`).getUTCDay()] ?? '';

/** "11月20日 星期五", "Friday 20 Nov" */
export function dayName(day: string, locale: Locale): string {
  const month = Number(day.slice(5, 7));
  const date = Number(day.slice(8, 10));
  return locale === 'zh'
    ? `${month}月${date}日 ${weekdayOf(day, locale)}`
    : `${weekdayOf(day, locale)} ${date} ${months[month - 1] ?? ''}`;
}

/** Of `2026-11`: "11月", "Nov"; with its year "26年11月", "Nov 26". */
export function monthName(month: string, locale: Locale, year = false): string {
  const number = Number(month.slice(5, 7));
  const short = month.slice(2, 4);
  if (locale === 'zh') return `${year ? `${short}年` : ''}${number}月`;
  return `${months[number - 1] ?? ''}${year ? ` ${short}` : ''}`;
}

/** The month that lies so many months before a day's: `2026-01` is one before any day of `2026-02`. */
export function monthBefore(day: string, back: number): string {
  const index = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 - back;
  return `${Math.floor(index / 12)}-${two((index % 12) + 1)}`;
}

/** Minutes after midnight: 540 → "09:00". */
export const minutesOfDay = (minutes: number): string => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;

/** The two largest units: "4 分 12 秒", "3 小时 5 分", "2 天 4 小时". Never negative. */
export function duration(milliseconds: number, locale: Locale): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const units = locale === 'zh' ? [' 天', ' 小时', ' 分', ' 秒'] : [' d', ' h', ' min', ' s'];
  const values = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const first = values.findIndex((value) => value > 0);
  if (first < 0) return `0${units[3]}`;
  return [first, first + 1]
    .filter((index) => index < 4 && (values[index] ?? 0) > 0)
    .map((index) => `${values[index]}${units[index]}`)
    .join(' ');
}

/** "06:12", "1:04:09": how long something has been running. */
export function stopwatch(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const tail = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${tail}` : tail;
}

/**
 * The server's clock from the Date header of its answers. The header has whole seconds, so one answer only says that
 * the server was somewhere in `[date, date + 1 s)` between sending and receiving; the answers together narrow it down.
 */
export class ServerOffset {
  #low = -Infinity;
  #high = Infinity;

  /** `sent` and `received` in the page's clock, `date` as the server wrote it (whole seconds). */
  observe(date: number, sent: number, received: number): void {
    const low = Math.max(this.#low, date - received);
    const high = Math.min(this.#high, date + 1000 - sent);
    // A clock was set in between: what was known is worth nothing.
    if (low > high) [this.#low, this.#high] = [date - received, date + 1000 - sent];
    else [this.#low, this.#high] = [low, high];
  }

  /** Milliseconds to add to the page's clock. Zero as long as the answers do not contradict it. */
  get value(): number {
    if (this.#low === -Infinity || (this.#low <= 0 && this.#high >= 0)) return 0;
    return (this.#low + this.#high) / 2;
  }
}
