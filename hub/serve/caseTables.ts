import type { CaseLine } from '../model/api.ts';
import type { CasefileStatus, Signal } from '../model/state.ts';
import { matterOf, packVersionOf, type World } from '../model/world.ts';
import type { Cell, Table } from './exports.ts';
import { headsIn, nameIn, pick, stateWords, timeOf, type Language, type Pair } from './tableWords.ts';

const caseHeads: readonly Pair[] = [
  ['办件编号', 'Number'],
  ['区划', 'Region'],
  ['事项编码', 'Matter code'],
  ['事项', 'Matter'],
  ['部门', 'Department'],
  ['大厅', 'Hall'],
  ['窗口', 'Window'],
  ['状态', 'Status'],
  ['接件时间', 'Received'],
  ['受理时间', 'Accepted'],
  ['到期时间', 'Due'],
  ['办结时间', 'Completed'],
  ['超期天数', 'Days over'],
  ['待处置信号', 'Open signals'],
];
const statuses: Record<CasefileStatus, Pair> = {
  received: ['已接件', 'Received'],
  correcting: ['待补正', 'Awaiting correction'],
  accepted: ['办理中', 'In progress'],
  suspended: ['停表', 'Suspended'],
  decided: ['已决定', 'Decided'],
  completed: ['已办结', 'Completed'],
  declined: ['不予受理', 'Declined'],
  withdrawn: ['已撤回', 'Withdrawn'],
  returned: ['已退回', 'Returned'],
};
const signalHeads: readonly Pair[] = [
  ['信号编号', 'Signal'],
  ['区划', 'Region'],
  ['级别', 'Level'],
  ['状态', 'State'],
  ['标题', 'Title'],
  ['内容', 'Message'],
  ['依据', 'Article'],
  ['规则', 'Rule'],
  ['办件', 'Case'],
  ['部门', 'Department'],
  ['大厅', 'Hall'],
  ['发出时间', 'Issued'],
  ['签收时间', 'Acknowledged'],
  ['签收人', 'Acknowledged by'],
];
const levelWords: Record<Signal['level'], Pair> = {
  notice: ['提示', 'Notice'],
  warning: ['预警', 'Warning'],
  correction: ['纠错', 'Correction'],
  serious: ['严重', 'Serious'],
};

/** The explorer's rows as a table in one language. */
export function caseTable(world: World, language: Language, chunks: AsyncIterable<CaseLine[]>): Table {
  const row = (line: CaseLine): Cell[] => [
    line.number,
    line.region,
    line.matter,
    nameIn(matterOf(world, line.region, line.matter), language),
    nameIn(world.departments.get(line.department ?? ''), language) ?? line.department,
    nameIn(world.halls.get(line.hall ?? ''), language) ?? line.hall,
    line.windowNumber ?? line.window,
    pick(statuses[line.status], language),
    timeOf(line.openedAt),
    timeOf(line.acceptedAt),
    timeOf(line.dueAt),
    timeOf(line.completedAt),
    line.overDays,
    line.openSignals,
  ];
  return { name: 'cases', heads: headsIn(caseHeads, language), rows: mapped(chunks, row) };
}

/** Signals as a table; levels in the words of the pack that issued each (C-02). */
export function signalTable(world: World, language: Language, chunks: AsyncIterable<Signal[]>): Table {
  const row = (signal: Signal): Cell[] => [
    signal.id,
    signal.region,
    packVersionOf(world, signal.pack, signal.packVersion)?.levels[signal.level].word[language] ??
      pick(levelWords[signal.level], language),
    pick(stateWords[signal.state], language),
    language === 'zh' ? signal.titleZh : signal.titleEn,
    language === 'zh' ? signal.messageZh : signal.messageEn,
    signal.article,
    signal.rule,
    signal.casefile,
    nameIn(world.departments.get(signal.department ?? ''), language) ?? signal.department,
    nameIn(world.halls.get(signal.hall ?? ''), language) ?? signal.hall,
    timeOf(signal.issuedAt),
    timeOf(signal.acknowledgedAt),
    signal.acknowledgedBy,
  ];
  return { name: 'signals', heads: headsIn(signalHeads, language), rows: mapped(chunks, row) };
}

async function* mapped<T>(chunks: AsyncIterable<T[]>, row: (each: T) => Cell[]): AsyncGenerator<Cell[][]> {
  for await (const chunk of chunks) yield chunk.map(row);
}
