/** The numbers for leaders as files, in one language. */
import type { LeadershipNumbers, PatrolFigures, RectificationFigures } from '../model/leadershipApi.ts';
import { causeWords, groupWords, levelWords } from '../model/leadershipWords.ts';
import type { Cell, Table } from './exports.ts';
import { headsIn, nameIn, once, pick, wordIn, type Language, type Pair } from './tableWords.ts';

const patrol: readonly Pair[] = [
  ['应巡查（次）', 'Required'],
  ['已完成（次）', 'Done'],
  ['完成率（%）', 'Completion (%)'],
  ['任务数', 'Duties'],
  ['无法巡查', 'Could not inspect'],
  ['未完成任务', 'Missed'],
];
const loop: readonly Pair[] = [
  ['发现（件）', 'Found'],
  ['已整改（件）', 'Put right'],
  ['超时（件）', 'Late'],
  ['整改时长中位数（小时）', 'Median to put right (h)'],
  ['整改时长 90 分位（小时）', '90th percentile (h)'],
];
const hours = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : Math.round(milliseconds / 360_000) / 10;

const figures = ({ required, done, duties, couldNot, missed }: PatrolFigures): Cell[] => [
  required,
  done,
  required === 0 ? undefined : Math.round((done / required) * 1000) / 10,
  duties,
  couldNot,
  missed,
];
const times = ({ found, rectified, late, median, ninth }: RectificationFigures): Cell[] => [
  found,
  rectified,
  late,
  hours(median),
  hours(ninth),
];

export function numbersTable(
  numbers: LeadershipNumbers,
  part: 'months' | 'organs' | 'halls' | 'groups' | 'causes',
  language: Language,
): Table {
  const heads = (list: readonly Pair[]): string[] => headsIn(list, language);
  const name = `numbers-${part}-${numbers.from}-${numbers.to}`;
  const total = pick(['合计', 'Total'], language);
  switch (part) {
    case 'months':
      return {
        name,
        heads: heads([['月份', 'Month'], ...patrol, ['发现（件）', 'Found']]),
        rows: once(numbers.months.map((each) => [each.month, ...figures(each), each.found])),
      };
    case 'organs':
      return {
        name,
        heads: heads([['机构', 'Organ'], ['层级', 'Level'], ...patrol]),
        rows: once([
          ...numbers.organs.map((each): Cell[] => [
            nameIn(each, language),
            each.level === undefined ? undefined : pick(levelWords[each.level], language),
            ...figures(each),
          ]),
          [total, undefined, ...figures(numbers.total)],
        ]),
      };
    case 'groups':
      return {
        name,
        heads: heads([['类别', 'Kind'], ['含义', 'Meaning'], ...loop]),
        rows: once([
          ...numbers.groups.map((each): Cell[] => [
            each.group,
            wordIn(groupWords[each.group], language),
            ...times(each),
          ]),
          [total, undefined, ...times(numbers.rectification)],
        ]),
      };
    case 'causes':
      return {
        name,
        heads: heads([
          ['无法巡查的原因', 'Why it could not be inspected'],
          ['任务数', 'Duties'],
        ]),
        rows: once([
          ...numbers.couldNot.map(({ cause, count }): Cell[] => [pick(causeWords[cause], language), count]),
          [total, numbers.total.couldNot],
        ]),
      };
    case 'halls': {
      const kinds = Object.keys(groupWords);
      return {
        name,
        heads: [...heads([['大厅', 'Hall']]), ...kinds, total],
        rows: once(
          numbers.halls.map((each): Cell[] => [
            nameIn(each, language),
            ...kinds.map((kind) => each.groups[kind] ?? 0),
            each.total,
          ]),
        ),
      };
    }
  }
}
