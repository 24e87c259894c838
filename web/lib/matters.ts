/** What the pages of the catalogue ask for, and how they show the fields of a record. */
import type { MatterRecord } from '../../hub/model/matter.ts';
import type { MatterVersion } from '../../hub/model/matterVersion.ts';
import { isWord, t, tData, unitOf } from './locale.svelte.ts';

export const businessTypes = [
  'approval',
  'levy',
  'penalty',
  'service',
] as const satisfies readonly MatterRecord['businessType'][];
export const matterStates = ['draft', 'submitted', 'reviewed', 'frozen', 'none'] as const satisfies readonly (
  MatterVersion['state'] | 'none'
)[];
export const elements = [
  'item',
  'basis',
  'conditions',
  'quantity',
  'procedure',
  'limits',
  'materials',
  'form',
] as const satisfies readonly (keyof MatterRecord['published'])[];

/** Stands in the address; an empty text asks for nothing. */
export const matterFilters = ['text', 'region', 'department', 'businessType', 'state', 'coverage'] as const;
export type MatterQuery = Record<(typeof matterFilters)[number], string>;

export function matterQueryOf(search: string): MatterQuery {
  const given = new URLSearchParams(search);
  return Object.fromEntries(matterFilters.map((name) => [name, (given.get(name) ?? '').slice(0, 120)])) as MatterQuery;
}

export function matterSearchOf(query: MatterQuery, more: Record<string, string> = {}): string {
  const search = new URLSearchParams();
  for (const name of matterFilters) if (query[name].trim() !== '') search.set(name, query[name].trim());
  for (const [name, value] of Object.entries(more)) search.set(name, value);
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

export const matterPath = (region: string, code: string): string =>
  `/matter/${encodeURIComponent(region)}/${encodeURIComponent(code)}`;

/** Names of departments and regions, for the fields that hold their ids. */
interface Names {
  department: (id: string) => string;
  region: (code: string) => string;
}

type Field = keyof MatterRecord;
export const fieldName = (field: Field): string => t(`field.${field}`);

/** A field as lines of text in the present language; a `null` or an empty list is 无 (XY-68). */
export function fieldLines(field: Field, value: unknown, names: Names): string[] {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return [t('none')];
  if (typeof value === 'boolean') return [t(value ? 'yes' : 'no')];
  if (field === 'department') return [names.department(String(value))];
  if (field === 'region' || field === 'delegatedFrom' || field === 'delegatedTo') return [names.region(String(value))];
  if (field === 'businessType') return [tData(`business.${String(value)}`, 'unknown')];
  if (field === 'itemClass') return [tData(`item.${String(value)}`, 'unknown')];
  if (field === 'dayUnit') return [unitOf(value as 'working' | 'calendar', 2)];
  if (field === 'state') return [tData(`matterLive.${String(value)}`, 'unknown')];
  if (field === 'applicants')
    return [(value as string[]).map((each) => tData(`applicant.${each}`, 'unknown')).join(' · ')];
  if (field === 'statutoryDays' || field === 'promisedDays') return [t('matters.limit', { n: Number(value) })];
  if (field === 'fees') return (value as MatterRecord['fees']).map(feeLine);
  if (field === 'steps')
    return (value as MatterRecord['steps']).map((step, index) => `${index + 1}. ${stepLine(step)}`);
  if (field === 'published')
    return elements.map(
      (each) => `${t(`element.${each}`)}: ${t(`element.${(value as MatterRecord['published'])[each]}`)}`,
    );
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

export const feeLine = ({ name, amount, unit, basis }: MatterRecord['fees'][number]): string =>
  [
    name,
    amount === null ? t('fee.caseByCase') : `¥${amount.toFixed(2)}`,
    unit === null ? '' : t('fee.each', { unit }),
    basis ?? '',
  ]
    .filter(Boolean)
    .join(' · ');

const stepLine = ({ name, type, responsible, days }: MatterRecord['steps'][number]): string =>
  [stepName(name), t(`stepType.${type}`), responsible ?? '', days === null ? '' : t('matter.step.days', { n: days })]
    .filter(Boolean)
    .join(' · ');

/** A step as the field calls it; a name of the department's own stands as it was written. */
export function stepName(name: string): string {
  const key = `step.${name}`;
  return isWord(key) ? tData(key, 'unknown') : name;
}
