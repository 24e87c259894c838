/** The overseer's month as files, in one language. */
import type { Named } from '../model/world.ts';
import { reasonWords, whyUnusual } from '../model/attentionWords.ts';
import type { WatchersReport } from '../model/attentionApi.ts';
import type { Cell, Table } from './exports.ts';

type Language = 'zh' | 'en';
type Pair = readonly [zh: string, en: string];

const totals: readonly Pair[] = [
  ['实时观看（分钟）', 'Live (min)'],
  ['回看（分钟）', 'Recordings (min)'],
  ['巡查内（分钟）', 'In visits (min)'],
  ['巡查外（分钟）', 'Outside visits (min)'],
  ['调阅证据（次）', 'Evidence opened'],
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
  hallManager: ['大厅负责人', 'Hall manager'],
};

const pick = (pair: Pair, language: Language): string => pair[language === 'zh' ? 0 : 1];
const heads = (list: readonly Pair[], language: Language): string[] => list.map((each) => pick(each, language));
const minutes = (seconds: number): number => Math.round(seconds / 6) / 10;
const nameIn = (thing: Partial<Named>, language: Language): string | undefined =>
  (language === 'en' ? thing.nameEn : undefined) ?? thing.name;

async function* once(rows: Cell[][]): AsyncGenerator<Cell[][]> {
  yield await Promise.resolve(rows);
}

const sums = (each: {
  live: number;
  playback: number;
  inVisits: number;
  outside: number;
  evidence: number;
}): Cell[] => [
  minutes(each.live),
  minutes(each.playback),
  minutes(each.inVisits),
  minutes(each.outside),
  each.evidence,
];
const hallIn = (each: { hallName?: string; hallNameEn?: string }, language: Language): string | undefined =>
  (language === 'en' ? each.hallNameEn : undefined) ?? each.hallName;

export function watcherTable(report: WatchersReport, language: Language): Table {
  const rows = report.people.map((each): Cell[] => [
    each.name,
    each.account,
    roles[each.role] ? pick(roles[each.role]!, language) : undefined,
    each.days,
    each.windows,
    ...sums(each),
    each.unusual,
    each.open,
  ]);
  return { name: `watchers-${report.month}`, heads: heads(people, language), rows: once(rows) };
}

export function placeTable(report: WatchersReport, language: Language): Table {
  const rows = report.places.map((each): Cell[] => [
    hallIn(each, language),
    each.windowNumber,
    nameIn({ name: each.placeName, nameEn: each.placeNameEn } as Partial<Named>, language),
    each.people,
    ...sums(each),
    each.unusual,
  ]);
  return { name: `watched-windows-${report.month}`, heads: heads(places, language), rows: once(rows) };
}

export function attentionTable(report: WatchersReport, language: Language): Table {
  const rows = report.unusual.map((each): Cell[] => [
    each.day,
    each.name,
    each.account,
    pick(reasonWords[each.reason], language),
    hallIn(each, language),
    each.windowNumber,
    whyUnusual(each, language === 'zh'),
    each.explained?.note,
    each.explained?.name,
  ]);
  return { name: `unusual-attention-${report.month}`, heads: heads(attention, language), rows: once(rows) };
}
