import { z } from 'zod';
import type { CaseLine, CasePage } from '../model/api.ts';
import { dayOf, endOf, startOf } from '../model/calendar.ts';
import { clockOf } from '../model/clock.ts';
import { identifier } from '../model/fields.ts';
import { levels } from '../model/pack.ts';
import { nearMatters, packOf, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { caseTable, signalStates, signalTable } from './caseTables.ts';
import { chunkRows, fileWriter, mostRows, type FileKind } from './exports.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { read, Refusal } from './problem.ts';
import {
  countNumbers,
  fewNumbers,
  selectCasefiles,
  selectSignalExport,
  type CaseCursor,
  type CaseFilter,
  type CaseRow,
  type SignalExportFilter,
  type SignalExportRow,
} from './queries/explorer.ts';
import type { Scope } from './queries/scope.ts';

const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && dayOf(startOf(text) || 0) === text;
export const dayField = z.string().refine(isDay, 'expected a day, YYYY-MM-DD');
export const regionField = z.string().regex(/^\d{6}$/, 'expected six digits (GB/T 2260)');

const cursor = z
  .string()
  .max(400)
  .regex(/^\d{1,15}\..+$/, 'expected the `next` of a page')
  .transform((text): CaseCursor => {
    const dot = text.indexOf('.');
    return { openedAt: Number(text.slice(0, dot)), id: text.slice(dot + 1) };
  });
const place = {
  region: regionField.optional(),
  department: identifier.optional(),
  hall: identifier.optional(),
  from: dayField.optional(),
  to: dayField.optional(),
};
const caseFields = {
  ...place,
  matter: identifier.optional(),
  status: z
    .enum([
      'received',
      'correcting',
      'accepted',
      'suspended',
      'decided',
      'completed',
      'declined',
      'withdrawn',
      'returned',
    ])
    .optional(),
  clock: z.enum(['onTime', 'dueSoon', 'late', 'open']).optional(),
  text: z.string().trim().min(1).max(60).optional(),
};
const listQuery = z.object({
  ...caseFields,
  before: cursor.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
const language = { lang: z.enum(['zh', 'en']).default('zh') };
const caseExportQuery = z.object({ ...caseFields, ...language });
const signalExportQuery = z.object({
  ...place,
  ...language,
  state: z.enum(['open', ...signalStates]).optional(),
  level: z.enum(levels).optional(),
});

/** A text that names a matter finds its cases too; a wide one is cut. */
const mostCodes = 300;

/** The explorer: casefiles by filter, and casefiles and signals as files. */
export function casefileRoutes({ store, world }: Context): Route[] {
  const write = fileWriter();

  async function filterOf(
    { who, now }: Asking,
    input: z.output<typeof caseExportQuery> | z.output<typeof listQuery>,
    page: { before?: CaseCursor | undefined; limit: number },
  ): Promise<CaseFilter> {
    const { region, department, hall, matter, status, clock, text, from, to } = input;
    return {
      region,
      department,
      hall,
      matter,
      status,
      clock,
      from: from === undefined ? undefined : startOf(from),
      to: to === undefined ? undefined : endOf(to),
      text: text === undefined ? undefined : await textOf(who.region, text),
      now,
      ...page,
    };
  }

  async function textOf(region: string, start: string): Promise<CaseFilter['text']> {
    const codes = codesOf(world(), region, start);
    if (codes.length > 0) return { start, codes };
    const found = await one<{ count: number }>(store, countNumbers(start));
    return { start, codes, few: (found?.count ?? 0) <= fewNumbers };
  }

  async function* casesOf(scope: Scope, filter: CaseFilter): AsyncGenerator<CaseLine[]> {
    let before: CaseCursor | undefined;
    for (let left = mostRows; left > 0;) {
      const limit = Math.min(chunkRows, left);
      const rows = await all<CaseRow>(store, selectCasefiles(scope, { ...filter, before, limit }));
      if (rows.length > 0) yield rows.map((row) => lineOf(world(), row, filter.now));
      const last = rows.at(-1);
      if (!last || rows.length < limit) return;
      left -= rows.length;
      before = { openedAt: last.opened_at, id: last.id };
    }
  }

  async function* signalsOf(
    scope: Scope,
    filter: Omit<SignalExportFilter, 'limit'>,
  ): AsyncGenerator<SignalExportRow['body'][]> {
    let before: SignalExportFilter['before'];
    for (let left = mostRows; left > 0;) {
      const limit = Math.min(chunkRows, left);
      const rows = await all<SignalExportRow>(store, selectSignalExport(scope, { ...filter, before, limit }));
      if (rows.length > 0) yield rows.map(({ body }) => body);
      const last = rows.at(-1)?.body;
      if (!last || rows.length < limit) return;
      left -= rows.length;
      before = { issuedAt: last.issuedAt, id: last.id };
    }
  }

  const caseExport = (kind: FileKind): Route => ({
    method: 'GET',
    url: `/casefiles.${kind}`,
    needs: 'case.read',
    handle: async (asking) => {
      const input = read(caseExportQuery, asking.query);
      if (input instanceof Refusal) return input;
      const filter = await filterOf(asking, input, { limit: chunkRows });
      return write(kind, caseTable(world(), input.lang, casesOf(asking.scope, filter)), asking.now);
    },
  });
  const signalExport = (kind: FileKind): Route => ({
    method: 'GET',
    url: `/signals.${kind}`,
    needs: 'signal.read',
    handle: async ({ scope, query, now }) => {
      const input = read(signalExportQuery, query);
      if (input instanceof Refusal) return input;
      const { lang, from, to, ...rest } = input;
      const filter = {
        ...rest,
        from: from === undefined ? undefined : startOf(from),
        to: to === undefined ? undefined : endOf(to),
      };
      return write(kind, signalTable(world(), lang, signalsOf(scope, filter)), now);
    },
  });

  return [
    {
      method: 'GET',
      url: '/casefiles',
      needs: 'case.read',
      handle: async (asking): Promise<CasePage | Refusal> => {
        const input = read(listQuery, asking.query);
        if (input instanceof Refusal) return input;
        // One row more says whether there is another page.
        const filter = await filterOf(asking, input, { before: input.before, limit: input.limit + 1 });
        const rows = await all<CaseRow>(store, selectCasefiles(asking.scope, filter));
        const shown = rows.slice(0, input.limit);
        const last = shown.at(-1);
        return {
          items: shown.map((row) => lineOf(world(), row, asking.now)),
          ...(last && rows.length > input.limit ? { next: `${last.opened_at}.${last.id}` } : {}),
        };
      },
    },
    caseExport('csv'),
    caseExport('xlsx'),
    signalExport('csv'),
    signalExport('xlsx'),
  ];
}

function codesOf(world: World, region: string, text: string): string[] {
  const wanted = text.toLowerCase();
  const found = nearMatters(world, region).filter((each) =>
    [each.code, each.name, each.nameEn].some((name) => name?.toLowerCase().includes(wanted)),
  );
  return [...new Set(found.map(({ code }) => code))].slice(0, mostCodes);
}

function lineOf(world: World, { body, opened_at, due_at, ended_at, open_signals }: CaseRow, now: number): CaseLine {
  const { id, number, region, matter, department, hall, window, status, acceptedAt, completedAt } = body;
  const windowNumber = window === undefined ? undefined : world.windows.get(window)?.number;
  return {
    id,
    number,
    region,
    matter,
    ...(department === undefined ? {} : { department }),
    ...(hall === undefined ? {} : { hall }),
    ...(window === undefined ? {} : { window }),
    ...(windowNumber === undefined ? {} : { windowNumber }),
    status,
    openedAt: opened_at,
    ...(acceptedAt === undefined ? {} : { acceptedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
    ...(ended_at === null ? {} : { endedAt: ended_at }),
    ...(due_at === null ? {} : { dueAt: due_at }),
    overDays: due_at === null ? 0 : overDays(world, body, due_at, ended_at ?? now, now),
    openSignals: open_signals,
  };
}

/** Days over the nearer deadline as the clock on the case page counts them; only a late case is worth the counting. */
function overDays(world: World, casefile: CaseRow['body'], dueAt: number, endedAt: number, now: number): number {
  if (endedAt <= dueAt) return 0;
  const clock = clockOf(world, packOf(world, casefile.region, dayOf(casefile.acceptedAt ?? now)), casefile, now);
  const which = casefile.promisedDueAt === dueAt ? clock.promised : clock.statutory;
  return which?.overDays ?? 0;
}
