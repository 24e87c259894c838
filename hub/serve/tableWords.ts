/** What the tables that are given out as files have in common: words, names and times in one language. */
import { dayOf } from '../model/calendar.ts';
import type { SignalState } from '../model/state.ts';
import type { Cell } from './exports.ts';

export type Language = 'zh' | 'en';
export type Pair = readonly [zh: string, en: string];

export const stateWords: Record<SignalState, Pair> = {
  draft: ['待确认', 'Draft'],
  issued: ['已发出', 'Issued'],
  acknowledged: ['已签收', 'Acknowledged'],
  claimed: ['已整改，待核验', 'Corrected, to verify'],
  verified: ['核验通过', 'Verified'],
  appealed: ['申诉中', 'Appealed'],
  escalated: ['已升级', 'Escalated'],
  dropped: ['不予发出', 'Not issued'],
  revoked: ['已撤销', 'Revoked'],
  closed: ['已销号', 'Closed'],
};

export const pick = (pair: Pair, language: Language): string => pair[language === 'zh' ? 0 : 1];
/** Undefined where there is no word for it. */
export const wordIn = (pair: Pair | undefined, language: Language): string | undefined => pair && pick(pair, language);
export const headsIn = (heads: readonly Pair[], language: Language): string[] =>
  heads.map((head) => pick(head, language));

/** The Chinese name where there is no English one. */
export const nameIn = (
  thing: { name?: string | undefined; nameEn?: string | undefined } | undefined,
  language: Language,
): string | undefined => (language === 'en' ? thing?.nameEn : undefined) ?? thing?.name;

/** "2026-11-20 10:42:18" in Asia/Shanghai: a spreadsheet reads it as a time in every language. */
export const timeOf = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : `${dayOf(at)} ${new Date(at + 8 * 3_600_000).toISOString().slice(11, 19)}`;

/** Rows that are all there already. */
export async function* once(rows: Cell[][]): AsyncGenerator<Cell[][]> {
  yield await Promise.resolve(rows);
}
