import { ApiError } from './api.ts';
import { isWord, locale, t, tData } from './locale.svelte.ts';
import { inChinese } from './reasons.ts';

/** What the hub gave as a reason, in the page's language. */
export const reasonWords = (reason: string): string => (locale.current === 'zh' ? inChinese(reason) : reason);

/** An error in words a person can act on. A refusal (409, 422) carries the hub's own reason. */
export function inWords(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const said = error.problem.reason ?? error.problem.detail;
  switch (error.status) {
    case 0:
      return t('error.network');
    case 401:
      return t('signIn.expired');
    case 403:
      return t('error.forbidden');
    case 404:
      return t('error.notFound');
    case 429:
      return t('signIn.tooMany');
    case 502:
    case 503:
    case 504:
      return t('error.away');
    default:
      if (said !== undefined) return reasonWords(said);
      return error.status >= 500 ? t('error.server', { status: error.status }) : error.message;
  }
}

/** Why a field of second entry is wrong: in the page's language where the dictionary has it, else as the hub said it. */
export function faultWords(reason: string): string {
  const key = `entry.fault.${reason}`;
  return isWord(key) ? tData(key, 'unknown') : reasonWords(reason);
}
