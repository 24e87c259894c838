/** What one day looks like across cases: a draft of an event for each subject that a rule pack would say something about. */
import { medianOf } from '../model/attention.ts';
import {
  addDays,
  daysBetween,
  dayOf,
  endOf,
  isWorkingDay,
  nextDay,
  startOf,
  type WorkCalendar,
} from '../model/calendar.ts';
import type { EventOf } from '../model/event.ts';
import { rulesOf } from '../model/rules/compiled.ts';
import { isExceeded } from '../model/rules/measured.ts';
import type { Measure, MeasuredRule } from '../model/rules/shape.ts';
import { calendarIn, isLive, packOf, prefixOf, type World } from '../model/world.ts';
import type { Row, Statement, Store } from '../platform/postgres.ts';
import * as sql from './measures.ts';
import { gapsOf, type Numbered } from './numbers.ts';

export type Found = Pick<
  EventOf<'irregularity.measured'>,
  'region' | 'measure' | 'matter' | 'department' | 'handler' | 'window' | 'origin' | 'name' | 'figures'
>;

interface Day {
  store: Store;
  world: World;
  day: string;
  /** The latest day before it that was measured; undefined when there is none. */
  before: string | undefined;
}

/** Days after which a number that is missing will not come any more. */
const settleDays = 3;
const week = 7 * 86_400_000;
const weeks = 8;

/** Everything that exceeds the lowest threshold of the pack in force where it happened. */
export async function measure(day: Day): Promise<Found[]> {
  const found: Found[] = [];
  for (const each of [matters, drops, numbers, throughput, batches, lags]) found.push(...(await each(day)));
  return found;
}

const ask = <R extends Row>({ store }: Day, { text, values }: Statement): Promise<R[]> => store.query<R>(text, values);

/** The rules of one measure in any pack: nothing is counted that nobody asks for. */
const rulesFor = <M extends Measure>({ world }: Day, measure: M): Extract<MeasuredRule, { when: M }>[] =>
  [...world.packs.values()].flatMap((pack) => rulesOf(pack).measured(measure)) as Extract<MeasuredRule, { when: M }>[];

const least = (numbers: readonly number[]): number => Math.min(...numbers);

/** Only what the region's own pack would say something about. */
function isFound({ world, day }: Day, each: Found): boolean {
  const pack = packOf(world, each.region, day);
  return (
    pack !== undefined &&
    rulesOf(pack)
      .measured(each.measure)
      .some((rule) => isExceeded(rule, each.figures))
  );
}

/** Working days after one day, up to and with another. */
function workingDaysAfter(calendar: WorkCalendar, after: string, until: string): number {
  let count = 0;
  for (let day = nextDay(after); day <= until; day = nextDay(day)) if (isWorkingDay(calendar, day)) count += 1;
  return count;
}

/** P1: matters without a case. P3: the share of a department's matters that had one, at the end of a month. */
async function matters(at: Day): Promise<Found[]> {
  const { world, day, before } = at;
  const asksNone = rulesFor(at, 'noCases').length > 0;
  const asksCoverage = rulesFor(at, 'coverage').length > 0 && nextDay(day).endsWith('-01');
  const live = [...world.matters.values()].filter((each) => isLive(each, day));
  if (live.length === 0 || (!asksNone && !asksCoverage)) return [];
  const prefixes = live.map(({ region }) => prefixOf(region));
  const last = new Map(
    (
      await ask<{ place: number; opened_at: number }>(
        at,
        sql.selectLastOpened(
          live.map(({ code }) => code),
          prefixes,
          endOf(day),
        ),
      )
    ).map((row) => [row.place - 1, dayOf(row.opened_at)]),
  );
  const begins = new Map(
    (
      await ask<{ prefix: string; opened_at: number }>(
        at,
        sql.selectFirstOpened([...new Set(prefixes)], [...world.regions.keys()]),
      )
    ).map((row) => [row.prefix, dayOf(row.opened_at)]),
  );
  const found: Found[] = [];
  const covered = new Map<string, { region: string; department: string; live: number; covered: number }>();
  live.forEach((matter, index) => {
    const { region, code, department } = matter;
    const began = begins.get(prefixes[index]!);
    // A region without any data is not connected, which is no irregularity of its matters.
    if (began === undefined || began > day) return;
    const lastDay = last.get(index);
    const since = lastDay ?? addDays(began, -1);
    if (asksNone && daysBetween(since, day) < 3660) {
      const calendar = calendarIn(world, region);
      const previous = before === undefined || before <= since ? 0 : workingDaysAfter(calendar, since, before);
      const idle = workingDaysAfter(calendar, since, day);
      found.push({
        region,
        measure: 'noCases',
        matter: code,
        ...(department === undefined ? {} : { department }),
        figures: { idle, previous, ...(lastDay === undefined ? {} : { last: lastDay }) },
      });
    }
    if (!asksCoverage || department === undefined) return;
    const key = `${region} ${department}`;
    const row = covered.get(key) ?? { region, department, live: 0, covered: 0 };
    covered.set(key, row);
    row.live += 1;
    if (lastDay !== undefined && lastDay.slice(0, 7) === day.slice(0, 7)) row.covered += 1;
  });
  for (const { region, department, ...each } of covered.values()) {
    const percent = Math.round((each.covered / each.live) * 1000) / 10;
    found.push({ region, measure: 'coverage', department, figures: { ...each, percent } });
  }
  return found.filter((each) => isFound(at, each));
}

/** P1: a week against the eight before it, by working day, so that a week with a holiday is no drop. */
async function drops(at: Day): Promise<Found[]> {
  const { world, day } = at;
  // A week is measured on its Sunday.
  if (rulesFor(at, 'suddenDrop').length === 0 || new Date(`${day}T00:00:00Z`).getUTCDay() !== 0) return [];
  const first = addDays(day, -7 * (weeks + 1) + 1);
  const workedIn = (calendar: WorkCalendar): number[] =>
    Array.from({ length: weeks + 1 }, (_, index) => {
      const monday = addDays(first, 7 * index);
      return workingDaysAfter(calendar, addDays(monday, -1), addDays(monday, 6));
    });
  // A region's own closed days are no drop either; most regions share one calendar.
  const worked = new Map<WorkCalendar, number[]>();
  const counts = new Map<string, { region: string; matter: string; cases: number[] }>();
  for (const row of await ask<{ region: string; matter: string; week: number; cases: number }>(
    at,
    sql.selectWeeks(startOf(first), endOf(day), week),
  )) {
    const key = `${row.region} ${row.matter}`;
    const entry = counts.get(key) ?? {
      region: row.region,
      matter: row.matter,
      cases: Array<number>(weeks + 1).fill(0),
    };
    counts.set(key, entry);
    entry.cases[row.week] = row.cases;
  }
  const found = [...counts.values()].flatMap(({ region, matter, cases }): Found[] => {
    const calendar = calendarIn(world, region);
    const each = worked.get(calendar) ?? workedIn(calendar);
    worked.set(calendar, each);
    const days = each[weeks]!;
    if (days === 0) return [];
    const daily = each.slice(0, weeks).flatMap((count, index) => (count === 0 ? [] : [cases[index]! / count]));
    const median = Math.round((medianOf(daily) ?? 0) * days * 10) / 10;
    const now = cases[weeks]!;
    const percent = median === 0 ? 100 : Math.round((now / median) * 1000) / 10;
    return [{ region, measure: 'suddenDrop', matter, figures: { cases: now, median, percent, workingDays: days } }];
  });
  return found.filter((each) => isFound(at, each));
}

/** P1: numbers that were given and never came. Measured some days later, when what is under way has arrived. */
async function numbers(at: Day): Promise<Found[]> {
  if (rulesFor(at, 'numberGap').length === 0) return [];
  const opened = addDays(at.day, -settleDays);
  const rows = await ask<Numbered>(at, sql.selectNumbers(startOf(opened), endOf(opened)));
  const gaps = await gapsOf(rows, {
    below: (regions, prefixes, firsts) => ask(at, sql.selectBelow(regions, prefixes, firsts)),
    present: (ids) => ask(at, sql.selectPresent(ids)),
  });
  return gaps
    .map(({ region, department, ...figures }): Found => {
      const about = department === null ? {} : { department };
      return { region, measure: 'numberGap', ...about, figures: { ...figures, opened } };
    })
    .filter((each) => isFound(at, each));
}

type Person = { hall_window: string | null; department: string | null; handler: string; region: string };

const personOf = ({
  region,
  handler,
  department,
  hall_window: window,
}: Person): Omit<Found, 'measure' | 'figures'> => ({
  region,
  ...(handler === '' ? {} : { handler }),
  ...(department === null ? {} : { department }),
  ...(window === null ? {} : { window }),
});

/** P2: more than anybody can finish in an hour. */
async function throughput(at: Day): Promise<Found[]> {
  const rules = rulesFor(at, 'impossibleThroughput');
  if (rules.length === 0) return [];
  const rows = await ask<Person & { hour: number; cases: number }>(
    at,
    sql.selectThroughput(startOf(at.day), endOf(at.day), least(rules.map(({ perHour }) => perHour))),
  );
  return rows
    .map((row): Found => ({
      ...personOf(row),
      measure: 'impossibleThroughput',
      figures: { cases: row.cases, hour: minuteOf(row.hour * 3_600_000) },
    }))
    .filter((each) => isFound(at, each));
}

/** P4, KF-04: several finished cases entered in one go. */
async function batches(at: Day): Promise<Found[]> {
  const rules = rulesFor(at, 'batchEntry');
  const found = new Map<string, Found>();
  // The shortest span first: what is met within fewer minutes is met within more.
  for (const minutes of [...new Set(rules.map((each) => each.minutes))].sort((a, b) => a - b).slice(0, 5)) {
    const cases = least(rules.filter((each) => each.minutes === minutes).map((each) => each.cases));
    const rows = await ask<Person & { source: string; entered: number; cases: number }>(
      at,
      sql.selectBatches(startOf(at.day), endOf(at.day), minutes * 60_000, cases),
    );
    for (const row of rows) {
      const figures = { cases: row.cases, minutes, time: minuteOf(row.entered) };
      const each: Found = { ...personOf(row), measure: 'batchEntry', origin: row.source, figures };
      const key = `${row.region} ${row.source} ${row.handler}`;
      if (!found.has(key) && isFound(at, each)) found.set(key, each);
    }
  }
  return [...found.values()];
}

/** P5, P8: how long after the fact a source's steps are entered. */
async function lags(at: Day): Promise<Found[]> {
  const rules = rulesFor(at, 'entryLagShare');
  if (rules.length === 0) return [];
  const rows = await ask<{ region: string; source: string; steps: number; p50: number; p90: number }>(
    at,
    sql.selectLags(startOf(at.day), endOf(at.day), least(rules.map(({ minimum }) => minimum))),
  );
  return rows
    .map(({ region, source: origin, ...figures }): Found => ({ region, measure: 'entryLagShare', origin, figures }))
    .filter((each) => isFound(at, each));
}

/** `2026-11-20 09:40`, in Asia/Shanghai. */
function minuteOf(at: number): string {
  const minutes = Math.floor((at - startOf(dayOf(at))) / 60_000);
  const two = (each: number): string => String(each).padStart(2, '0');
  return `${dayOf(at)} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
