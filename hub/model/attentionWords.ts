/** Unusual attention in words, Chinese and English. Runs in Node and in the browser. */
import type { Attention, AttentionReason } from './attention.ts';

export const reasonWords: Record<AttentionReason, readonly [zh: string, en: string]> = {
  offHours: ['非服务时间观看', 'Out of hours'],
  long: ['同一窗口观看过长', 'Long at one window'],
  returns: ['反复打开同一窗口', 'One window again and again'],
  unplanned: ['无任务无巡查的观看', 'Without duty or visit'],
  evidence: ['频繁调阅证据', 'Evidence opened often'],
};

/** "18 分钟", "18 min"; below a minute in seconds. */
export function spanOf(seconds: number, isChinese: boolean): string {
  const whole = Math.round(seconds);
  if (whole < 60) return isChinese ? `${whole} 秒` : `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return isChinese ? `${minutes} 分钟` : `${minutes} min`;
  const rest = minutes % 60;
  const hours = Math.floor(minutes / 60);
  if (isChinese) return rest === 0 ? `${hours} 小时` : `${hours} 小时 ${rest} 分钟`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** Why it asks for an explanation, with its figures. */
export function whyUnusual(
  {
    reason,
    seconds = 0,
    count = 0,
    median = 0,
    limit,
  }: Pick<Attention, 'reason' | 'seconds' | 'count' | 'median' | 'limit'>,
  isChinese: boolean,
): string {
  const span = (value: number): string => spanOf(value, isChinese);
  switch (reason) {
    case 'offHours':
      return isChinese
        ? `大厅不办公时观看 ${span(seconds)}，达到 ${span(limit)}即须说明。`
        : `Watched for ${span(seconds)} while the hall was closed; ${span(limit)} ask for an explanation.`;
    case 'long':
      return isChinese
        ? `当日观看这个窗口 ${span(seconds)}；本人平常每窗口 ${span(median)}（中位数），超过 ${span(limit)}即须说明。`
        : `Watched this window for ${span(seconds)} on the day; usual for the person is ${span(median)} a window (median), and more than ${span(limit)} asks for an explanation.`;
    case 'returns':
      return isChinese
        ? `当日在巡查之外打开这个窗口 ${count} 次，其他窗口的中位数为 ${median} 次，达到 ${limit} 次即须说明。`
        : `Opened this window ${count} times outside visits on the day, other windows ${median} times (median); ${limit} times ask for an explanation.`;
    case 'unplanned':
      return isChinese
        ? `当日对该大厅既无任务也无巡查，观看 ${span(seconds)}，达到 ${span(limit)}即须说明。`
        : `Watched for ${span(seconds)} with neither a duty nor a visit to the hall on the day; ${span(limit)} ask for an explanation.`;
    case 'evidence':
      return isChinese
        ? `当日打开调阅的证据 ${count} 次，达到 ${limit} 次即须说明。`
        : `Opened released evidence ${count} times on the day; ${limit} times ask for an explanation.`;
  }
}
