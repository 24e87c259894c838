import type { CaseClock, Figures } from '../../hub/model/api.ts';
import { dayOf, startOf } from '../../hub/model/calendar.ts';
import type { CasefileStatus } from '../../hub/model/state.ts';

/** What the cases page asks for; an empty text asks for nothing. Stands in the address, so that it can be sent and kept. */
export interface CaseQuery {
  text: string;
  region: string;
  department: string;
  hall: string;
  matter: string;
  status: CasefileStatus | '';
  clock: CaseClock | '';
  from: string;
  to: string;
}

export const statuses = [
  'received',
  'correcting',
  'accepted',
  'suspended',
  'decided',
  'completed',
  'declined',
  'withdrawn',
  'returned',
] as const satisfies readonly CasefileStatus[];
export const clocks = ['late', 'dueSoon', 'onTime', 'open'] as const satisfies readonly CaseClock[];

const names = ['text', 'region', 'department', 'hall', 'matter', 'status', 'clock', 'from', 'to'] as const;
const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && dayOf(startOf(text) || 0) === text;
const oneOf = <T extends string>(list: readonly T[], value: string): T | '' =>
  list.find((each) => each === value) ?? '';

/** Reads an address; what it cannot mean is left out. */
export function queryOf(search: string): CaseQuery {
  const given = new URLSearchParams(search);
  const text = (name: (typeof names)[number], most: number): string => (given.get(name) ?? '').trim().slice(0, most);
  const day = (name: 'from' | 'to'): string => (isDay(text(name, 10)) ? text(name, 10) : '');
  const region = text('region', 6);
  return {
    text: text('text', 60),
    region: /^\d{6}$/.test(region) ? region : '',
    department: text('department', 120),
    hall: text('hall', 120),
    matter: text('matter', 120),
    status: oneOf(statuses, text('status', 20)),
    clock: oneOf(clocks, text('clock', 20)),
    from: day('from'),
    to: day('to'),
  };
}

/** `''`, or `?name=value…` of what is asked for, always in one order. */
export function searchOf(query: CaseQuery, more: Record<string, string> = {}): string {
  const search = new URLSearchParams();
  for (const name of names) if (query[name].trim() !== '') search.set(name, query[name].trim());
  for (const [name, value] of Object.entries(more)) search.set(name, value);
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** A named filter, kept in this browser. */
export interface SavedView {
  name: string;
  search: string;
}

const mostViews = 20;
export const longestName = 40;

/** What was kept, or nothing when it cannot be read: somebody else may have written there. */
export function readViews(text: string | null): SavedView[] {
  let found: unknown;
  try {
    found = JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(found)) return [];
  return found
    .filter(
      (each: unknown): each is SavedView =>
        typeof each === 'object' &&
        each !== null &&
        typeof (each as SavedView).name === 'string' &&
        typeof (each as SavedView).search === 'string',
    )
    .slice(0, mostViews)
    .map(({ name, search }) => ({ name: name.slice(0, longestName), search: searchOf(queryOf(search)) }));
}

/** The newest first; the same name again replaces. */
export function keepView(views: readonly SavedView[], view: SavedView): SavedView[] {
  const name = view.name.trim().slice(0, longestName);
  if (name === '') return [...views];
  return [{ name, search: view.search }, ...views.filter((each) => each.name !== name)].slice(0, mostViews);
}

/** 提前办结率 in percent with one decimal (FS-32); undefined where nothing was completed. */
export const earlyRate = ({ early, completed }: Pick<Figures, 'early' | 'completed'>): number | undefined =>
  completed === 0 ? undefined : Math.round((early / completed) * 1000) / 10;

/** Round marks of an axis from zero to at least `most`, about four of them. */
export function marksOf(most: number): number[] {
  const raw = Math.max(most, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(1, [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw) ?? raw);
  const count = Math.max(1, Math.ceil(most / step));
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** Whether every how many months a label stands, so that they do not touch: `room` is the width of one month. */
export const labelEvery = (room: number, width: number): number => Math.max(1, Math.ceil(width / Math.max(room, 1)));
