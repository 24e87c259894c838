/** 数据看板: its routes (shapes: hub/model/leadershipApi.ts) and its texts, which are loaded with its page. */
import type { LeadershipNumbers, RegionLevel } from '../../hub/model/leadershipApi.ts';
import { call, query } from './api.ts';
import { locale, textsOf } from './locale.svelte.ts';
import { monthBefore } from './time.ts';

/** Chinese and English, as in `dictionary.ts`. */
const numberWords = {
  title: ['数据看板', 'Numbers'],
  hint: [
    '按巡查任务所属机构统计；问题按发现时间计入月份，撤回的不计；整改时长为自然时间。',
    'By the organ that owed the patrol. Findings count in the month they were found, withdrawn ones not; times run day and night.',
  ],
  period: ['时段', 'Period'],
  month: ['本月', 'This month'],
  lastMonth: ['上月', 'Last month'],
  year: ['今年', 'This year'],
  lastYear: ['去年', 'Last year'],
  twelve: ['近 12 个月', 'Twelve months'],
  level: ['层级', 'Level'],
  everyLevel: ['全部层级', 'All levels'],
  region: ['区划', 'Region'],
  print: ['打印', 'Print'],
  xlsx: ['导出 XLSX', 'XLSX'],
  completion: ['完成率', 'Completion'],
  completionOf: ['应 {required} 次，已 {done} 次', '{done} of {required} visits'],
  missed: ['未完成任务', 'Missed duties'],
  ofFindings: ['共 {n} 件问题', 'of {n|finding|findings}'],
  ofDuties: ['共 {n} 项任务', 'of {n|duty|duties}'],
  couldNot: ['无法巡查', 'Could not inspect'],
  couldNotTitle: ['无法巡查的原因', 'Why it could not be inspected'],
  couldNotHint: ['任务因点位没有画面而无法完成', 'Duties that failed because cameras had no picture'],
  found: ['发现问题', 'Findings'],
  rectified: ['已整改', 'Put right'],
  rectifiedOf: ['其中已整改 {n} 件', '{n} put right'],
  late: ['超时', 'Late'],
  time: ['整改时长', 'Time to put right'],
  ninth: ['90% 不超过 {time}', '90% within {time}'],
  median: ['中位数', 'Median'],
  ninthHead: ['90 分位', '90%'],
  byMonth: ['按月巡查', 'Patrols by month'],
  byMonthHint: ['斜线为应巡查次数，实心为已完成次数', 'Hatched: visits owed. Solid: visits done'],
  byOrgan: ['按机构', 'By organ'],
  byKind: ['问题类别', 'Findings by kind'],
  byKindHint: ['斜线部分为超时', 'Hatched: late'],
  byHall: ['按大厅', 'Findings by hall'],
  required: ['应巡查', 'Required'],
  done: ['已完成', 'Done'],
  organ: ['机构', 'Organ'],
  kind: ['类别', 'Kind'],
  cause: ['原因', 'Cause'],
  hall: ['大厅', 'Hall'],
  monthHead: ['月份', 'Month'],
  count: ['任务数', 'Duties'],
  total: ['合计', 'Total'],
  calmKinds: ['这一时段没有发现问题', 'No findings in this period'],
  calmCouldNot: ['这一时段没有无法巡查的任务', 'Every duty of this period could be inspected'],
  ninthNone: ['还没有已整改的问题', 'Nothing put right yet'],
  empty: ['这一时段没有巡查任务', 'No duties in this period'],
  emptyText: [
    '每个工作日开始时按规则包排任务，之后这里会有数据。',
    'Duties are planned at the start of each working day; then there are numbers here.',
  ],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
/** A text of this page in the current language; reactive in templates. */
export const n = textsOf(numberWords);

/** The one of a pair that the reader reads. */
export const told = (pair: readonly [zh: string, en: string] | undefined): string =>
  pair?.[locale.current === 'zh' ? 0 : 1] ?? '';

export const periods = ['twelve', 'month', 'lastMonth', 'year', 'lastYear'] as const;
export type Period = (typeof periods)[number];

/** First and last month of a period, seen from a day. */
export function spanOf(period: Period, today: string): { from: string; to: string } {
  const year = Number(today.slice(0, 4));
  const back = (months: number): string => monthBefore(today, months);
  switch (period) {
    case 'month':
      return { from: back(0), to: back(0) };
    case 'lastMonth':
      return { from: back(1), to: back(1) };
    case 'year':
      return { from: `${year}-01`, to: back(0) };
    case 'lastYear':
      return { from: `${year - 1}-01`, to: `${year - 1}-12` };
    case 'twelve':
      return { from: back(11), to: back(0) };
  }
}

/** Whole per cent, rounded down so that 100 means all; undefined where nothing was owed. */
export const percentOf = ({ required, done }: { required: number; done: number }): number | undefined =>
  required === 0 ? undefined : Math.floor((done / required) * 100);

export interface NumbersQuery {
  from: string;
  to: string;
  level?: RegionLevel | undefined;
  region?: string | undefined;
}

export const numbers = {
  of: (asked: NumbersQuery) => call<LeadershipNumbers>('GET', `/api/numbers${query({ ...asked })}`),
  file: (asked: NumbersQuery, part: 'months' | 'organs' | 'halls' | 'groups' | 'causes') =>
    `/api/numbers.xlsx${query({ ...asked, part, lang: locale.current })}`,
};
