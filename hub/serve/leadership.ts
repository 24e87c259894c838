/** 数据看板: patrols required and done, findings, times to put right, and what could not be inspected. */
import { z } from 'zod';
import { addDays, daysBetween, dayOf, endOf, lastDayOf, monthsBetween, startOf } from '../model/calendar.ts';
import type {
  CouldNotCause,
  LeadershipNumbers,
  OrganFigures,
  PatrolFigures,
  RectificationFigures,
  RegionLevel,
} from '../model/leadershipApi.ts';
import { prefixOf, type Named, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { fileWriter, type FileKind } from './exports.ts';
import { language, monthField, regionField } from './filters.ts';
import { all, type Asking, type Route } from './gate.ts';
import { Kept } from './kept.ts';
import { numbersTable } from './leadershipTables.ts';
import { read, Refusal } from './problem.ts';
import {
  dutyFigures,
  findingFigures,
  findingsByHall,
  type DutyFiguresRow,
  type FindingFiguresRow,
  type HallFindingsRow,
} from './queries/leadership.ts';

const levels = ['province', 'city', 'county'] as const satisfies readonly RegionLevel[];
const asked = {
  region: regionField.optional(),
  from: monthField.optional(),
  to: monthField.optional(),
  level: z.enum(levels).optional(),
};
const numbersQuery = z.object(asked);
const fileQuery = z.object({
  ...asked,
  part: z.enum(['months', 'organs', 'halls', 'groups', 'causes']).default('organs'),
  ...language,
});

const most = { months: 36, organs: 2_000, halls: 500 };
const keptMs = 30_000;
const mostKept = 50;

export function leadershipRoutes({ store, world }: Pick<Context, 'store' | 'world'>): Route[] {
  const kept = new Kept<LeadershipNumbers>(keptMs, mostKept);
  const write = fileWriter();

  async function count(
    region: string,
    from: string,
    to: string,
    level: RegionLevel | undefined,
  ): Promise<LeadershipNumbers> {
    const present = world();
    const months = monthsBetween(from, to);
    const [first, last] = [`${from}-01`, lastDayOf(to)];
    const [start, end] = [startOf(first), endOf(last)];
    const regions = level && [...present.regions.values()].flatMap((each) => (each.level === level ? each.code : []));
    const whose = { prefix: prefixOf(region), regions };
    const [duties, found, byHall] = await Promise.all([
      all<DutyFiguresRow>(
        store,
        dutyFigures(
          whose,
          first,
          last,
          months.map((month) => `${month}-01`),
        ),
      ),
      all<FindingFiguresRow>(store, findingFigures(whose, start, end)),
      all<HallFindingsRow>(
        store,
        findingsByHall(
          whose,
          start,
          end,
          months.map((month) => startOf(`${month}-01`)),
        ),
      ),
    ]);
    const organs = organsOf(present, duties);
    return {
      region,
      from,
      to,
      ...(level === undefined ? {} : { level }),
      total: sum(duties),
      months: months.map((month, index) => ({
        month,
        ...sum(duties.filter((row) => row.month === index + 1)),
        found: byHall.reduce((total, row) => total + (row.month === index + 1 ? row.found : 0), 0),
      })),
      levels: levels.flatMap((each) => {
        const own = organs.filter((organ) => organ.level === each);
        return own.length === 0 ? [] : { level: each, ...add(own) };
      }),
      organs: organs.slice(0, most.organs),
      couldNot: causesOf(duties),
      groups: found
        .flatMap((row) => (row.group === null ? [] : { group: row.group, ...timesOf(row) }))
        .sort((one, other) => (one.group < other.group ? -1 : 1)),
      halls: hallsOf(present, byHall).slice(0, most.halls),
      rectification: timesOf(found.find(({ group }) => group === null)),
    };
  }

  function numbers(
    { who, scope, now }: Asking,
    input: z.output<typeof numbersQuery>,
  ): Promise<LeadershipNumbers> | Refusal {
    const region = input.region ?? who.region;
    if (!prefixOf(region).startsWith(scope.prefix))
      return new Refusal(403, { field: 'region', reason: `expected a region within ${who.region}` });
    const to = input.to ?? dayOf(now).slice(0, 7);
    const from = input.from ?? addDays(`${to}-15`, -334).slice(0, 7);
    if (from > to) return new Refusal(400, { field: 'to', reason: `expected a month not before ${from}` });
    if (daysBetween(`${from}-01`, `${to}-28`) > most.months * 31)
      return new Refusal(400, { field: 'from', reason: `expected at most ${most.months} months` });
    const key = [region, from, to, input.level ?? ''].join(' ');
    return kept.get(key, now, () => count(region, from, to, input.level));
  }

  const file = (kind: FileKind): Route => ({
    method: 'GET',
    url: `/numbers.${kind}`,
    needs: 'numbers.read',
    handle: async (asking) => {
      const input = read(fileQuery, asking.query);
      if (input instanceof Refusal) return input;
      const found = await numbers(asking, input);
      return found instanceof Refusal ? found : write(kind, numbersTable(found, input.part, input.lang), asking.now);
    },
  });

  return [
    {
      method: 'GET',
      url: '/numbers',
      needs: 'numbers.read',
      handle: async (asking): Promise<LeadershipNumbers | Refusal> => {
        const input = read(numbersQuery, asking.query);
        return input instanceof Refusal ? input : numbers(asking, input);
      },
    },
    file('csv'),
    file('xlsx'),
  ];
}

const none: PatrolFigures = { required: 0, done: 0, duties: 0, couldNot: 0, missed: 0 };
const add = (list: readonly PatrolFigures[]): PatrolFigures =>
  list.reduce(
    (total, each) => ({
      required: total.required + each.required,
      done: total.done + each.done,
      duties: total.duties + each.duties,
      couldNot: total.couldNot + each.couldNot,
      missed: total.missed + each.missed,
    }),
    none,
  );
const sum = (rows: readonly DutyFiguresRow[]): PatrolFigures =>
  add(rows.map(({ could_not, ...row }) => ({ ...row, couldNot: could_not })));

const named = (thing: Named | undefined, otherwise: string): Named => ({
  name: thing?.name ?? otherwise,
  ...(thing?.nameEn === undefined ? {} : { nameEn: thing.nameEn }),
});

/** How much of what was owed was done; nothing owed is all done. */
const share = ({ required, done }: PatrolFigures): number => (required === 0 ? 1 : done / required);

function organsOf(world: World, rows: readonly DutyFiguresRow[]): OrganFigures[] {
  const byOrgan = new Map<string, DutyFiguresRow[]>();
  for (const row of rows) {
    const own = byOrgan.get(row.organ);
    if (own) own.push(row);
    else byOrgan.set(row.organ, [row]);
  }
  return [...byOrgan]
    .map(([id, own]): OrganFigures => {
      const organ = world.organs.get(id);
      const level = world.regions.get(organ?.region ?? '')?.level;
      return { organ: id, ...named(organ, id), ...(level === undefined ? {} : { level }), ...sum(own) };
    })
    .sort(
      (one, other) => share(one) - share(other) || other.required - one.required || (one.organ < other.organ ? -1 : 1),
    );
}

function causesOf(rows: readonly DutyFiguresRow[]): LeadershipNumbers['couldNot'] {
  const known = ['offline', 'frozen', 'black', 'covered'] as const;
  const counts = known.map((cause) => ({
    cause: cause as CouldNotCause,
    count: rows.reduce((total, row) => total + row[cause], 0),
  }));
  const all = rows.reduce((total, row) => total + row.could_not, 0);
  const other = all - counts.reduce((total, each) => total + each.count, 0);
  return [...counts, ...(other > 0 ? [{ cause: 'other' as const, count: other }] : [])];
}

function hallsOf(world: World, rows: readonly HallFindingsRow[]): LeadershipNumbers['halls'] {
  const halls = new Map<string, LeadershipNumbers['halls'][number]>();
  for (const { hall, group, found } of rows) {
    const line = halls.get(hall) ?? { hall, ...named(world.halls.get(hall), hall), total: 0, groups: {} };
    line.total += found;
    line.groups[group] = (line.groups[group] ?? 0) + found;
    halls.set(hall, line);
  }
  return [...halls.values()].sort((one, other) => other.total - one.total || (one.hall < other.hall ? -1 : 1));
}

function timesOf(row: FindingFiguresRow | undefined): RectificationFigures {
  const { found = 0, rectified = 0, late = 0, median = null, ninth = null } = row ?? {};
  return {
    found,
    rectified,
    late,
    ...(median === null ? {} : { median: Math.round(median) }),
    ...(ninth === null ? {} : { ninth: Math.round(ninth) }),
  };
}
