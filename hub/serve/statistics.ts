import { z } from 'zod';
import type { Comparison, Figures, Statistics } from '../model/api.ts';
import { addDays, dayOf, daysBetween, endOf, monthsBetween, startOf } from '../model/calendar.ts';
import { identifier } from '../model/fields.ts';
import { matterOf, nearMatters, prefixOf, type Matter, type Named, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import type { Row, Statement } from '../platform/postgres.ts';
import { dayField, regionField } from './filters.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { Kept } from './kept.ts';
import { read, Refusal } from './problem.ts';
import type { Scope } from './queries/scope.ts';
import { compareRegions, monthlyFigures, selectCounting, type CompareRow, type FigureRow } from './queries/counting.ts';
import { mattersUnseen, openLate, type OpenLateRow, type UnseenRow } from './queries/statistics.ts';

const period = { region: regionField.optional(), from: dayField.optional(), to: dayField.optional() };
const statisticsQuery = z.object(period);
const comparisonQuery = z.object({ ...period, matter: identifier });

const keptMs = 30_000;
const mostKept = 50;
/** A longer period is a matter for the archive, not for a page. */
const longestDays = 3 * 366;
/** A list of gaps that nobody reads to its end is cut. */
const mostUncovered = 2_000;

interface Asked {
  scope: Scope;
  region: string;
  from: string;
  to: string;
}

/** Early completion by month (FS-32), one matter across regions (FS-39), and matters that never saw a case (XY-18). */
export function statisticsRoutes({ store, world }: Context): Route[] {
  const kept = new Kept<Statistics>(keptMs, mostKept);

  async function count({ scope, region, from, to }: Asked, now: number): Promise<Statistics> {
    const [start, end] = [startOf(from), endOf(to)];
    const present = world();
    const span = { from: numberOf(from), to: numberOf(to) };
    const months = monthsBetween(from.slice(0, 7), to.slice(0, 7));
    const published = scope.hall === undefined ? nearMatters(present, region).filter((matter) => !matter.secret) : [];
    const codes = published.map(({ code }) => code);
    // A secret matter never counts as a gap (JY-02). A matter published above is covered by a case anywhere in scope; one of a county only by that county's.
    const prefixes = published.map((matter) => longer(prefixOf(matter.region), scope.prefix));
    const [rows, open, unseen] = await Promise.all([
      ask<FigureRow>((position) =>
        monthlyFigures(scope, position, { ...span, months: months.map((month) => numberOf(`${month}-01`)) }),
      ),
      all<OpenLateRow>(store, openLate(scope, now)),
      all<UnseenRow>(store, mattersUnseen(codes, prefixes, start, end)),
    ]);
    const late = new Map(open.map((row) => [row.department ?? '', row.count]));
    const departments = [...new Set([...rows.map((row) => row.department ?? ''), ...late.keys()])].map((id) => ({
      id,
      ...named(present.departments.get(id), id),
      ...sum(rows.filter((row) => (row.department ?? '') === id)),
      openLate: late.get(id) ?? 0,
    }));
    departments.sort((one, other) => other.completed - one.completed || (one.id < other.id ? -1 : 1));
    return {
      region,
      from,
      to,
      total: sum(rows),
      months: months.map((month, index) => ({ month, ...sum(rows.filter((row) => row.month === index + 1)) })),
      departments,
      ...(scope.hall === undefined ? { coverage: coverageOf(published, unseen) } : {}),
    };
  }

  /** Asks in one view of the counts and of what is not counted yet. */
  const ask = async <R extends Row>(statement: (position: number) => Statement): Promise<R[]> =>
    store.transaction(async (view) => {
      await view.query('set transaction isolation level repeatable read, read only');
      const counted = await one<{ position: number }>(view, selectCounting);
      return all<R>(view, statement(counted?.position ?? 0));
    });

  return [
    {
      method: 'GET',
      url: '/statistics',
      needs: 'case.read',
      handle: async (asking): Promise<Statistics | Refusal> => {
        const input = read(statisticsQuery, asking.query);
        const asked = input instanceof Refusal ? input : askedOf(asking, input);
        if (asked instanceof Refusal) return asked;
        const key = [asked.scope.prefix, asked.scope.hall, asked.from, asked.to].join(' ');
        return kept.get(key, asking.now, () => count(asked, asking.now));
      },
    },
    {
      method: 'GET',
      url: '/statistics/comparison',
      needs: 'case.read',
      handle: async (asking): Promise<Comparison | Refusal> => {
        const input = read(comparisonQuery, asking.query);
        const asked = input instanceof Refusal ? input : askedOf(asking, input);
        if (input instanceof Refusal || asked instanceof Refusal) return asked as Refusal;
        const { scope, from, to } = asked;
        const span = { matter: input.matter, from: numberOf(from), to: numberOf(to) };
        const rows = await ask<CompareRow>((position) => compareRegions(scope, position, span));
        return { matter: input.matter, from, to, regions: compare(world(), asked, input.matter, rows) };
      },
    },
  ];
}

/** The region and the days asked for, within what the person may see. */
function askedOf({ who, scope, now }: Asking, input: z.output<typeof statisticsQuery>): Asked | Refusal {
  const region = input.region ?? who.region;
  const prefix = prefixOf(region);
  if (!prefix.startsWith(scope.prefix))
    return new Refusal(403, { field: 'region', reason: `expected a region within ${who.region}` });
  const to = input.to ?? dayOf(now);
  // The first of the month eleven months before: twelve months with the present one.
  const from = input.from ?? `${addDays(`${to.slice(0, 7)}-15`, -334).slice(0, 7)}-01`;
  const days = daysBetween(from, to);
  if (days < 0) return new Refusal(400, { field: 'to', reason: `expected a day not before ${from}` });
  if (days > longestDays) return new Refusal(400, { field: 'from', reason: 'expected at most three years' });
  return { scope: { ...scope, prefix }, region, from, to };
}

/** Days since 1970-01-01, as the counts have them. */
const numberOf = (day: string): number => daysBetween('1970-01-01', day);

function sum(rows: readonly Figures[]): Figures {
  const total: Figures = { received: 0, completed: 0, early: 0, late: 0 };
  for (const row of rows) {
    total.received += row.received;
    total.completed += row.completed;
    total.early += row.early;
    total.late += row.late;
  }
  return total;
}

const named = (thing: Named | undefined, otherwise: string): Named => ({
  name: thing?.name ?? otherwise,
  ...(thing?.nameEn === undefined ? {} : { nameEn: thing.nameEn }),
});

const longer = (one: string, other: string): string => (one.length > other.length ? one : other);

function coverageOf(published: readonly Matter[], unseen: readonly UnseenRow[]): NonNullable<Statistics['coverage']> {
  const uncovered = unseen.slice(0, mostUncovered).flatMap(({ place }) => published[place - 1] ?? []);
  return {
    published: published.length,
    uncovered: uncovered.map((matter) => ({
      code: matter.code,
      region: matter.region,
      ...named(matter, matter.code),
      ...(matter.department === undefined ? {} : { department: matter.department }),
    })),
  };
}

/** Regions that publish the matter or had a case of it. */
function compare(world: World, { scope }: Asked, code: string, rows: readonly CompareRow[]): Comparison['regions'] {
  const found = new Map(rows.map((row) => [row.region, row]));
  const lowest = [...world.regions.values()].filter(
    (each) =>
      each.code.startsWith(scope.prefix) &&
      ![...world.regions.values()].some((below) => below.parent === each.code) &&
      matterOf(world, each.code, code) !== undefined,
  );
  return [...new Set([...lowest.map((each) => each.code), ...found.keys()])].sort().map((region) => {
    const row = found.get(region);
    const matter = matterOf(world, region, code);
    return {
      region,
      ...named(world.regions.get(region), region),
      ...(matter?.statutoryDays === undefined ? {} : { statutoryDays: matter.statutoryDays }),
      ...(matter?.promisedDays === undefined ? {} : { promisedDays: matter.promisedDays }),
      ...(matter ? { steps: matter.steps.length } : {}),
      completed: row?.completed ?? 0,
      late: row?.late ?? 0,
      ...(row?.days == null ? {} : { averageDays: Math.round(row.days * 10) / 10 }),
    };
  });
}
