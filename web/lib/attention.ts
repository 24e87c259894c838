/** 巡查监督, 本人记录: their routes (shapes: hub/model/attentionApi.ts) and their texts, which are loaded with their pages. */
import type { AttentionLine, Explanation, MyMonth, StayPage, WatchersReport } from '../../hub/model/attentionApi.ts';
import { spanOf } from '../../hub/model/attentionWords.ts';
import { call, query } from './api.ts';
import { locale, nameOf, textsOf } from './locale.svelte.ts';
import { monthBefore } from './time.ts';

/** Chinese and English, as in `dictionary.ts`. */
const attentionWords = {
  title: ['巡查监督', 'Oversight'],
  hint: [
    '按服务器送达的画面统计，同时观看多个窗口时各窗口分别计时；异常关注只提示需要说明，不等于违规。',
    'Counted from what the server delivered, each window of a wall by itself. Unusual attention asks for an explanation; it is no accusation.',
  ],
  mineTitle: ['本人记录', 'My record'],
  mineHint: [
    '系统对您本人观看行为的全部记录，监管员看到的与此相同。',
    'Everything recorded about your own watching; overseers see the same.',
  ],
  month: ['月份', 'Month'],
  print: ['打印', 'Print'],
  xlsx: ['导出 XLSX', 'XLSX'],
  people: ['人员', 'People'],
  byPerson: ['按人员', 'By person'],
  places: ['按窗口', 'By window'],
  unusual: ['异常关注', 'Unusual attention'],
  openCount: ['{n} 项待说明', '{n} not explained'],
  name: ['姓名', 'Name'],
  days: ['天数', 'Days'],
  windows: ['窗口', 'Windows'],
  live: ['实时', 'Live'],
  playback: ['回看', 'Recordings'],
  inVisits: ['巡查内', 'In visits'],
  outside: ['巡查外', 'Outside visits'],
  evidence: ['调阅证据', 'Evidence'],
  pictures: ['问题画面', 'Finding pictures'],
  times: ['{n} 次', '{n}'],
  explain: ['说明', 'Explain'],
  explainAgain: ['补充说明', 'Add to it'],
  explainTitle: ['说明异常关注', 'Explain unusual attention'],
  explainText: [
    '写明核实的情况，例如培训、投诉核查或设备检查。本人可以看到这条说明。',
    'Say what you found, such as a training, a complaint or a check of devices. The person can read it.',
  ],
  explainedBy: ['{name} 于 {time}：{note}', '{name} on {time}: {note}'],
  note: ['说明内容', 'Explanation'],
  save: ['记入台账', 'Into the ledger'],
  window: ['{number}号窗口', 'Window {number}'],
  stays: ['观看明细', 'Each viewing'],
  staysOf: ['{name} 的观看明细', 'What {name} watched'],
  visit: ['巡查中', 'In a visit'],
  planned: ['当日有任务', 'Duty that day'],
  unplannedStay: ['无任务', 'No duty'],
  off: ['非服务时间 {time}', '{time} out of hours'],
  opened: ['打开证据', 'Evidence opened'],
  openedFinding: ['查看问题画面', 'Finding picture'],
  foundAt: ['发现于 {at}', 'Found {at}'],
  total: ['本月观看', 'Watched this month'],
  work: ['本月巡查', 'Visits this month'],
  counted: ['其中有效 {n} 次', '{n} of them count'],
  verified: ['已核验观看', 'Verified'],
  findings: ['发现问题', 'Findings'],
  calm: ['本月没有异常关注', 'Nothing unusual this month'],
  empty: ['本月没有观看记录', 'Nothing was watched this month'],
  emptyText: [
    '有人打开实时画面或回看录像后，这里会按人员和窗口统计。',
    'Once somebody opens a picture or a recording it is counted here.',
  ],
  mineEmptyText: [
    '打开巡查台观看窗口后，这里会列出记录。',
    'Once you watch windows on the patrol desk they are listed here.',
  ],
  cut: ['数据过多，只显示一部分。', 'There is too much to show; this is a part of it.'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
/** A text of these pages in the current language; reactive in templates. */
export const w = textsOf(attentionWords);

export const isChinese = (): boolean => locale.current === 'zh';
/** Seconds as "18 分钟", "18 min"; a dash for none. */
export const spent = (seconds: number): string => (seconds === 0 ? '–' : spanOf(seconds, isChinese()));

interface Placed {
  hallName?: string;
  hallNameEn?: string;
  windowNumber?: string;
  placeName?: string;
  placeNameEn?: string;
}
export const hallOf = ({ hallName, hallNameEn }: Placed): string => nameOf({ name: hallName, nameEn: hallNameEn });
/** "07 号窗口 社保"; the camera where it shows no window. */
export const placeOf = ({ windowNumber, placeName, placeNameEn }: Placed): string =>
  windowNumber === undefined ? nameOf({ name: placeName, nameEn: placeNameEn }) : w('window', { number: windowNumber });

/** The months that may be asked for, the newest first: a year and the present one. */
export function monthsBack(today: string): string[] {
  return Array.from({ length: 13 }, (_, back) => monthBefore(today, back));
}

export const watchers = {
  report: (month: string) => call<WatchersReport>('GET', `/api/watchers${query({ month })}`),
  stays: (account: string, month: string, before?: string) =>
    call<StayPage>('GET', `/api/watchers/people/${encodeURIComponent(account)}${query({ month, before })}`),
  explain: (body: Explanation) => call<AttentionLine>('POST', '/api/watchers/explanations', body),
  file: (month: string, part: 'people' | 'windows' | 'unusual') =>
    `/api/watchers.xlsx${query({ month, part, lang: locale.current })}`,
  mine: (month: string) => call<MyMonth>('GET', `/api/mine${query({ month })}`),
  myStays: (month: string, before?: string) => call<StayPage>('GET', `/api/mine/stays${query({ month, before })}`),
};
