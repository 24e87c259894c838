/** A rule pack in words (both languages stand in the dictionary). */
import type { Rule, RulePack } from '../../hub/model/pack.ts';
import { factIn } from '../../hub/model/rules/words.ts';
import { inLocale, isWord, locale, t, tData } from './locale.svelte.ts';
import { minutesOfDay } from './time.ts';

const fields = (rule: Rule): Record<string, unknown> => rule;
const percent = (value: unknown): string => `${Math.round(Number(value) * 100)}%`;

/** The condition as a sentence: "剩余 3 工作日"; the pack's own unit where the rule has none (C-06). */
export function conditionOf(rule: Rule, pack: Pick<RulePack, 'clock'>): string {
  const key = `when.${rule.when}`;
  if (!isWord(key)) return t('when.other');
  const given = fields(rule);
  const values: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(given))
    if (typeof value === 'number') values[name] = name === 'share' ? percent(value) : value;
    else if (typeof value === 'string') values[name] = value;
  if (typeof given['deadline'] === 'string')
    values['deadline'] = tData(`limit.${given['deadline']}`, 'limit.statutory');
  if (typeof given['percentile'] === 'string') values['percentile'] = tData(`value.${given['percentile']}`, 'unknown');
  const unit = given['unit'] ?? pack.clock.unit;
  values['unit'] = unit === 'calendar' ? t('value.calendar') : t('value.working');
  for (const [list, fact] of [
    ['what', 'what'],
    ['procedures', 'procedures'],
  ] as const)
    if (Array.isArray(given[list])) values[list] = factIn(locale.current, fact, given[list].join('、'));
  const sentence = tData(key, 'when.other', values);
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

export interface SettingRow {
  /** C-01 … C-22. */
  code: string;
  name: string;
  /** Empty where the source says nothing. */
  value: string;
  article: string;
}

const joined = (parts: (string | undefined | false)[]): string =>
  parts.filter(Boolean).join(locale.current === 'zh' ? '；' : '; ');
const listed = (values: readonly string[]): string =>
  values.map((each) => tData(`value.${each}`, 'unknown')).join(locale.current === 'zh' ? '、' : ', ');
/** SC-12, SC-13: what an organ of one level owes the halls below it. */
const visitsOf = ({ by, level, halls, times }: NonNullable<RulePack['patrol']['others']>[number]): string =>
  t(by === 'city' ? 'value.others.city.county' : `value.others.province.${level}`, {
    n: times,
    how: typeof halls === 'number' ? t('value.how.drawn', { count: halls }) : t(`value.how.${halls}`),
  });
const wordOf = (value: string): string => tData(`value.${value}`, 'unknown');

/** What regions contradict each other in, as this one has it. */
export function settingRows(pack: RulePack): SettingRow[] {
  const s = pack.settings ?? {};
  const row = (code: string, value: string | undefined, article = ''): SettingRow => ({
    code,
    name: tData(`set.${code.split('、')[0] ?? code}`, 'packs.setting'),
    value: value ?? '',
    article,
  });
  const levels = Object.values(pack.levels)
    .map((each) => `${inLocale(each.word)} ${t(`colour.${each.colour}`)}`)
    .join(locale.current === 'zh' ? '、' : ', ');
  const issues = (['auto', 'confirm'] as const).map((how): string | false => {
    const n = pack.rules.filter(({ issue }) => issue === how).length;
    return n > 0 && `${t(`packs.issue.${how}`)} ${n}`;
  });
  return [
    row('C-01', s.functions && listed(s.functions.has), s.functions?.article),
    row('C-02', levels),
    row('C-03、C-04', s.flow && joined([s.flow.nodes.join('、'), s.flow.strict && t('value.strict')]), s.flow?.article),
    row('C-05', pack.matters && t(`value.${pack.matters.promised}`)),
    row('C-06', joined([t(`value.${pack.clock.unit}`), t(`value.${pack.clock.begins}`)])),
    row('C-07', joined(issues)),
    row(
      'C-08',
      s.responsible &&
        joined([wordOf(s.responsible.addressee), t('value.scored', { who: wordOf(s.responsible.scored) })]),
      s.responsible?.article,
    ),
    row('C-09', s.deduction && wordOf(s.deduction.on), s.deduction?.article),
    row(
      'C-10、C-11',
      s.evaluation && joined([listed(s.evaluation.periods), listed(s.evaluation.marks), s.evaluation.standard]),
      s.evaluation?.article,
    ),
    row('C-12', s.publication?.audiences.join('、'), s.publication?.article),
    row('C-13', s.scope?.kinds.join('、'), s.scope?.article),
    row('C-14', s.network && t('value.levels', { n: s.network.levels }), s.network?.article),
    row('C-15', s.connectors && listed(s.connectors.kinds), s.connectors?.article),
    row(
      'C-16',
      s.dataChange &&
        joined([t(`value.approval.${s.dataChange.approval}`), t(`value.backfill.${s.dataChange.backfill}`)]),
      s.dataChange?.article,
    ),
    row(
      'C-17',
      s.evidence &&
        joined([t(`value.approval.${s.evidence.approval}`), s.evidence.openScores && t('value.openScores')]),
      s.evidence?.article,
    ),
    row(
      'C-18',
      s.complaints &&
        joined([
          s.complaints.acceptWithin !== undefined && t('value.accept', { days: s.complaints.acceptWithin }),
          s.complaints.writtenToRealName && t('value.written'),
        ]),
      s.complaints?.article,
    ),
    row(
      'C-19',
      s.supervised && t('value.supervised', { days: s.supervised.days, more: s.supervised.extensionDays }),
      s.supervised?.article,
    ),
    row(
      'C-20',
      s.reports && joined(s.reports.map((each) => `${each.title} ${wordOf(each.every)}`)),
      s.reports && [...new Set(s.reports.map((each) => each.article))].join('；'),
    ),
    row(
      'C-21',
      pack.patrol.own > 0
        ? joined([
            t('value.patrol', { n: pack.patrol.own }),
            ...(pack.patrol.others ?? []).map(visitsOf),
            minutesOfDay(pack.patrol.dueBy),
          ])
        : t('value.noPatrol'),
      pack.patrol.article,
    ),
    row(
      'C-22',
      s.synonyms &&
        joined(Object.entries(s.synonyms).map(([preferred, others]) => `${preferred} = ${others.join('、')}`)),
    ),
  ];
}

/** Days into weeks or months, so that a chart of a year can be read. `day` is the first of each. */
export function binned(
  days: readonly { day: string; before: number; after: number }[],
  from: string,
  to: string,
): { unit: 'days' | 'weeks' | 'months'; bins: { day: string; before: number; after: number }[] } {
  const length = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
  const unit = length <= 45 ? 'days' : length <= 200 ? 'weeks' : 'months';
  const startOf = (day: string): string => {
    if (unit === 'days') return day;
    if (unit === 'months') return `${day.slice(0, 7)}-01`;
    const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
    return new Date(Date.parse(day) - weekday * 86_400_000).toISOString().slice(0, 10);
  };
  const bins = new Map<string, { day: string; before: number; after: number }>();
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) {
    const day = startOf(new Date(at).toISOString().slice(0, 10));
    if (!bins.has(day)) bins.set(day, { day, before: 0, after: 0 });
  }
  for (const each of days) {
    const bin = bins.get(startOf(each.day));
    if (!bin) continue;
    bin.before += each.before;
    bin.after += each.after;
  }
  return { unit, bins: [...bins.values()] };
}
