/** The overseer's month as files, in one language. */
import { reasonWords, whyUnusual } from '../model/attentionWords.ts';
import type { WatchersReport } from '../model/attentionApi.ts';
import type { Cell, Table } from './exports.ts';
import { headsIn, nameIn, once, pick, wordIn, type Language, type Pair } from './tableWords.ts';

const totals: readonly Pair[] = [
  ['实时观看（分钟）', 'Live (min)'],
  ['回看（分钟）', 'Recordings (min)'],
  ['巡查内（分钟）', 'In visits (min)'],
  ['巡查外（分钟）', 'Outside visits (min)'],
  ['调阅证据（次）', 'Evidence opened'],
  ['查看问题画面（次）', 'Finding pictures opened'],
];
const people: readonly Pair[] = [
  ['姓名', 'Name'],
  ['账号', 'Account'],
  ['角色', 'Role'],
  ['天数', 'Days'],
  ['窗口数', 'Windows'],
  ...totals,
  ['异常关注', 'Unusual'],
  ['待说明', 'Not explained'],
];
const places: readonly Pair[] = [
  ['大厅', 'Hall'],
  ['窗口号', 'Window'],
  ['窗口', 'Name'],
  ['人数', 'People'],
  ...totals,
  ['异常关注', 'Unusual'],
];
const attention: readonly Pair[] = [
  ['日期', 'Day'],
  ['姓名', 'Name'],
  ['账号', 'Account'],
  ['事由', 'What'],
  ['大厅', 'Hall'],
  ['窗口号', 'Window'],
  ['依据', 'Why'],
  ['说明', 'Explanation'],
  ['说明人', 'Explained by'],
];
const roles: Record<string, Pair> = {
  inspector: ['电子监察员', 'Inspector'],
  lineInspector: ['部门监察员', 'Department inspector'],
  hallManager: ['大厅负责人', 'Hall manager'],
};

const minutes = (seconds: number): number => Math.round(seconds / 6) / 10;

const sums = (each: {
  live: number;
  playback: number;
  inVisits: number;
  outside: number;
  evidence: number;
  findings: number;
}): Cell[] => [
  minutes(each.live),
  minutes(each.playback),
  minutes(each.inVisits),
  minutes(each.outside),
  each.evidence,
  each.findings,
];

export function watcherTable(report: WatchersReport, language: Language): Table {
  const rows = report.people.map((each): Cell[] => [
    each.name,
    each.account,
    wordIn(roles[each.role], language),
    each.days,
    each.windows,
    ...sums(each),
    each.unusual,
    each.open,
  ]);
  return { name: `watchers-${report.month}`, heads: headsIn(people, language), rows: once(rows) };
}

export function placeTable(report: WatchersReport, language: Language): Table {
  const rows = report.places.map((each): Cell[] => [
    nameIn({ name: each.hallName, nameEn: each.hallNameEn }, language),
    each.windowNumber,
    nameIn({ name: each.placeName, nameEn: each.placeNameEn }, language),
    each.people,
    ...sums(each),
    each.unusual,
  ]);
  return { name: `watched-windows-${report.month}`, heads: headsIn(places, language), rows: once(rows) };
}

export function attentionTable(report: WatchersReport, language: Language): Table {
  const rows = report.unusual.map((each): Cell[] => [
    each.day,
    each.name,
    each.account,
    pick(reasonWords[each.reason], language),
    nameIn({ name: each.hallName, nameEn: each.hallNameEn }, language),
    each.windowNumber,
    whyUnusual(each, language === 'zh'),
    each.explained?.note,
    each.explained?.name,
  ]);
  return { name: `unusual-attention-${report.month}`, heads: headsIn(attention, language), rows: once(rows) };
}
