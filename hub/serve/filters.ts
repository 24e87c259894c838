/** What the lists, their exports and the statistics are asked for, and how a page is followed by the next. */
import { z } from 'zod';
import { dayOf, endOf, startOf } from '../model/calendar.ts';
import { identifier } from '../model/fields.ts';
import { levels } from '../model/pack.ts';
import { may, type Identity } from '../model/rights.ts';
import type { SignalState } from '../model/state.ts';
import type { Cursor } from './queries/where.ts';
import { stateWords } from './tableWords.ts';

const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && dayOf(startOf(text) || 0) === text;
export const dayField = z.string().refine(isDay, 'expected a day, YYYY-MM-DD');
export const monthField = z.string().regex(/^20\d{2}-(?:0[1-9]|1[0-2])$/, 'expected a month, YYYY-MM');
export const regionField = z.string().regex(/^\d{6}$/, 'expected six digits (GB/T 2260)');
export const language = { lang: z.enum(['zh', 'en']).default('zh') };

/** The `next` of the page before. */
export const cursorField = z
  .string()
  .max(400)
  .regex(/^\d{1,15}\..+$/, 'expected the `next` of a page')
  .transform((text): Cursor => {
    const dot = text.indexOf('.');
    return { at: Number(text.slice(0, dot)), id: text.slice(dot + 1) };
  });
export const nextOf = ({ at, id }: Cursor): string => `${at}.${id}`;

export const placeFields = {
  region: regionField.optional(),
  department: identifier.optional(),
  hall: identifier.optional(),
  from: dayField.optional(),
  to: dayField.optional(),
};
export const signalFields = {
  ...placeFields,
  window: identifier.optional(),
  matter: identifier.optional(),
  level: z.enum(levels).optional(),
  rule: identifier.optional(),
  trial: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  state: z.enum(['open', 'all', ...(Object.keys(stateWords) as SignalState[])]),
};

/** The region whose chain is asked for, the person's own where none is named; undefined where that may not be read. */
export function chainAsked(who: Identity, asked: string | undefined): string | undefined {
  const region = asked ?? who.region;
  return may(who, 'ledger.read', { region, hall: who.hall }) ? region : undefined;
}

/** Days as moments: `from` inclusive, `to` the last millisecond. */
export const momentsOf = ({ from, to }: { from?: string | undefined; to?: string | undefined }) => ({
  from: from === undefined ? undefined : startOf(from),
  to: to === undefined ? undefined : endOf(to),
});
