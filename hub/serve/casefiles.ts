import { z } from 'zod';
import type { CaseLine, CasePage } from '../model/api.ts';
import { dayOf } from '../model/calendar.ts';
import { clockOf } from '../model/caseClocks.ts';
import { identifier } from '../model/fields.ts';
import { may } from '../model/rights.ts';
import { nearMatters, packOf, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { caseTable, signalTable } from './caseTables.ts';
import { chunkRows, fileWriter, mostRows, type FileKind } from './exports.ts';
import { cursorField, language, momentsOf, nextOf, placeFields, signalFields } from './filters.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { read, Refusal } from './problem.ts';
import {
  countNumbers,
  fewNumbers,
  isNumberNear,
  newestNumber,
  selectCasefiles,
  type CaseFilter,
  type CaseRow,
} from './queries/explorer.ts';
import type { Scope } from './queries/scope.ts';
import { selectSignals, type SignalFilter, type SignalRow } from './queries/signals.ts';
import type { Cursor } from './queries/where.ts';

const caseFields = {
  ...placeFields,
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
  before: cursorField.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
const caseExportQuery = z.object({ ...caseFields, ...language });
const signalExportQuery = z.object({ ...signalFields, ...language, state: signalFields.state.default('all') });

/** A text that names a matter finds its cases too; a wide one is cut. */
const mostCodes = 300;

/** The explorer: casefiles by filter, and casefiles and signals as files. */
export function casefileRoutes({ store, world }: Context): Route[] {
  const write = fileWriter();

  async function filterOf(
    { who, now }: Asking,
    input: z.output<typeof caseExportQuery> | z.output<typeof listQuery>,
    page: { before?: Cursor | undefined; limit: number },
  ): Promise<CaseFilter> {
    const { region, department, hall, matter, status, clock, text } = input;
    const moments = momentsOf(input);
    const wanted = text === undefined ? undefined : await textOf(who.region, text, page.before);
    if (wanted?.latest !== undefined) moments.to = Math.min(moments.to ?? Infinity, wanted.latest);
    return {
      region,
      department,
      hall,
      matter,
      status,
      clock,
      ...moments,
      text: wanted,
      now,
      ...page,
    };
  }

  /** `latest`: numbers that begin so are many and none of them is near, so the way to them begins at the newest of them. */
  async function textOf(
    region: string,
    start: string,
    before: Cursor | undefined,
  ): Promise<{ start: string; codes: string[]; few?: boolean; latest?: number }> {
    const codes = codesOf(world(), region, start);
    if (codes.length > 0) return { start, codes };
    const found = await one<{ count: number }>(store, countNumbers(start));
    const few = (found?.count ?? 0) <= fewNumbers;
    const isNear = few || (await one<{ near: boolean }>(store, isNumberNear(start, before)))?.near !== false;
    const newest = isNear ? undefined : await one<{ at: number | null }>(store, newestNumber(start));
    return { start, codes, few, ...(newest?.at == null ? {} : { latest: newest.at }) };
  }

  async function* casesOf(scope: Scope, filter: CaseFilter): AsyncGenerator<CaseLine[]> {
    let before: Cursor | undefined;
    for (let left = mostRows; left > 0;) {
      const limit = Math.min(chunkRows, left);
      const rows = await all<CaseRow>(store, selectCasefiles(scope, { ...filter, before, limit }));
      if (rows.length > 0) yield rows.map((row) => lineOf(world(), row, filter.now));
      const last = rows.at(-1);
      if (!last || rows.length < limit) return;
      left -= rows.length;
      before = { at: last.opened_at, id: last.id };
    }
  }

  async function* signalsOf(scope: Scope, filter: Omit<SignalFilter, 'limit'>): AsyncGenerator<SignalRow['body'][]> {
    let before: Cursor | undefined;
    for (let left = mostRows; left > 0;) {
      const limit = Math.min(chunkRows, left);
      const rows = await all<SignalRow>(store, selectSignals(scope, { ...filter, before, limit }));
      if (rows.length > 0) yield rows.map(({ body }) => body);
      const last = rows.at(-1)?.body;
      if (!last || rows.length < limit) return;
      left -= rows.length;
      before = { at: last.issuedAt, id: last.id };
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
    handle: async ({ who, scope, query, now }) => {
      const input = read(signalExportQuery, query);
      if (input instanceof Refusal) return input;
      const { lang, ...rest } = input;
      const filter = { ...rest, ...momentsOf(rest), drafts: may(who, 'signal.confirm') };
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
          ...(last && rows.length > input.limit ? { next: nextOf({ at: last.opened_at, id: last.id }) } : {}),
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
