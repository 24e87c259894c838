/** Watching the watchers (SC-29): the overseer's month, its explanations and files; and everybody's own. */
import { z } from 'zod';
import { knownDays, limitsOf, unusual, type Attention, type WatchedDay } from '../model/attention.ts';
import type {
  AttentionLine,
  MyMonth,
  StayPage,
  WatchedPlace,
  WatcherLine,
  WatchersReport,
} from '../model/attentionApi.ts';
import { addDays, dayOf, endOf, lastDayOf, startOf } from '../model/calendar.ts';
import { reasonText, shortText } from '../model/fields.ts';
import { packOf, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { attentionTable, placeTable, watcherTable } from './attentionTables.ts';
import { byPerson, commandId, type Command } from './commands.ts';
import { fileWriter, type FileKind } from './exports.ts';
import { cursorField, language, monthField, nextOf } from './filters.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { Kept } from './kept.ts';
import { read, Refusal, unknown } from './problem.ts';
import {
  asWatchedDay,
  explanationsOf,
  mostDays,
  staysOf,
  watchedDays,
  workOf,
  type ExplainedRow,
  type StayLineRow,
  type WatchedRow,
  type WorkRow,
} from './queries/attention.ts';

const monthQuery = z.object({ month: monthField.optional() });
const staysQuery = z.object({
  month: monthField.optional(),
  before: cursorField.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const fileQuery = z.object({
  month: monthField.optional(),
  part: z.enum(['people', 'windows', 'unusual']).default('unusual'),
  ...language,
});
const explanationBody = z.strictObject({ month: monthField, attention: shortText, note: reasonText });

/** Nobody reads on beyond these. */
const most = { people: 1_000, places: 2_000, unusual: 1_000 };
/** Counted every ten seconds. */
const keptMs = 10_000;
/** A province's month is a hundred thousand rows. */
const mostKept = 8;

interface Month {
  rows: WatchedRow[];
  found: Attention[];
  names: Map<string, string>;
  isCut: boolean;
}

export function attentionRoutes({ store, world }: Pick<Context, 'store' | 'world'>, command: Command): Route[] {
  const kept = new Kept<Month>(keptMs, mostKept);
  const write = fileWriter();

  /** What was watched in a month by the people of a region, or by one account, and what of it asks for an explanation. */
  async function monthOf(who: { prefix: string; account?: string }, month: string): Promise<Month> {
    const present = world();
    const from = `${month}-01`;
    const days = await all<WatchedRow>(store, watchedDays(who, addDays(from, 1 - knownDays), lastDayOf(month)));
    const isCut = days.length > mostDays;
    const rows = days.filter(({ day }) => day >= from);
    const roles = new Map(days.map(({ account, role }) => [account, role]));
    const regions = new Map(days.map(({ account, region }) => [account, region]));
    const limitsFor = ({ account, day }: WatchedDay) =>
      limitsOf(packOf(present, regions.get(account) ?? '', day)?.settings);
    const found = unusual(days.filter(isJudged).map(asWatchedDay), from, limitsFor, (account) => roles.get(account));
    return { rows, found, names: new Map(days.map(({ account, name }) => [account, name])), isCut };
  }

  const cached = (who: { prefix: string; account?: string }, month: string, now: number): Promise<Month> =>
    kept.get(`${who.prefix} ${who.account ?? ''} ${month}`, now, () => monthOf(who, month));

  async function linesOf({ found, names }: Month): Promise<AttentionLine[]> {
    const shown = found.slice(0, most.unusual);
    const explained = new Map(
      (await all<ExplainedRow>(store, explanationsOf(shown.map(({ id }) => id)))).map(({ body }) => [
        body.subject,
        body,
      ]),
    );
    const present = world();
    return shown.map((each) => {
      const entry = explained.get(each.id);
      return {
        ...each,
        ...placeOf(present, each.hall, each.window),
        name: names.get(each.account) ?? each.account,
        ...(entry
          ? { explained: { name: String(entry.facts.name), at: entry.at, note: String(entry.facts.note) } }
          : {}),
      };
    });
  }

  async function report(asking: Asking, month: string): Promise<WatchersReport> {
    const found = await cached({ prefix: asking.scope.prefix }, month, asking.now);
    const lines = await linesOf(found);
    return {
      month,
      people: peopleOf(found, lines).slice(0, most.people),
      places: placesOf(world(), found.rows, lines).slice(0, most.places),
      unusual: lines,
      isCut: found.isCut || found.found.length > most.unusual,
    };
  }

  async function stays(
    who: { prefix: string; account: string },
    { month, before, limit }: z.output<typeof staysQuery>,
    now: number,
  ): Promise<StayPage> {
    const span = month ?? dayOf(now).slice(0, 7);
    const filter = { from: `${span}-01`, to: lastDayOf(span), before, limit: limit + 1 };
    const rows = await all<StayLineRow>(store, staysOf(who, filter));
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const present = world();
    return {
      items: shown.map(({ session: _session, hall, hall_window, visit, finding, ...each }) => ({
        ...each,
        ...placeOf(present, hall ?? undefined, hall_window ?? undefined, each.camera),
        ...(visit === null ? {} : { visit }),
        ...(finding === null ? {} : { finding }),
      })),
      ...(last && rows.length > limit ? { next: nextOf({ at: last.from, id: `${last.camera} ${last.session}` }) } : {}),
    };
  }

  const file = (kind: FileKind): Route => ({
    method: 'GET',
    url: `/watchers.${kind}`,
    needs: 'watchers.oversee',
    handle: async (asking) => {
      const input = read(fileQuery, asking.query);
      if (input instanceof Refusal) return input;
      const { part, lang } = input;
      const found = await report(asking, input.month ?? thisMonth(asking.now));
      const table =
        part === 'people'
          ? watcherTable(found, lang)
          : part === 'windows'
            ? placeTable(found, lang)
            : attentionTable(found, lang);
      return write(kind, table, asking.now);
    },
  });

  return [
    {
      method: 'GET',
      url: '/watchers',
      needs: 'watchers.oversee',
      handle: async (asking): Promise<WatchersReport | Refusal> => {
        const input = read(monthQuery, asking.query);
        return input instanceof Refusal ? input : report(asking, input.month ?? thisMonth(asking.now));
      },
    },
    file('csv'),
    file('xlsx'),
    {
      method: 'GET',
      url: '/watchers/people/:account',
      needs: 'watchers.oversee',
      handle: async ({ scope, params, query, now }): Promise<StayPage | Refusal> => {
        const input = read(staysQuery, query);
        if (input instanceof Refusal) return input;
        return stays({ prefix: scope.prefix, account: params['account'] ?? '' }, input, now);
      },
    },
    {
      method: 'POST',
      url: '/watchers/explanations',
      needs: 'watchers.oversee',
      handle: async (asking): Promise<AttentionLine | Refusal> => {
        const input = read(explanationBody, asking.body);
        if (input instanceof Refusal) return input;
        const month = await cached({ prefix: asking.scope.prefix }, input.month, asking.now);
        const about = month.found.find(({ id }) => id === input.attention);
        if (!about) return unknown('attention');
        const { id: attention, reason, account: watcher, day, hall, window } = about;
        const id = commandId(asking, `explain ${attention}`, input.note);
        const refused = await command(
          {
            ...byPerson(asking, id),
            kind: 'attention.explained',
            region: month.rows.find(({ account }) => account === watcher)?.region ?? asking.who.region,
            attention,
            reason,
            watcher,
            watcherName: month.names.get(watcher) ?? watcher,
            day,
            ...(hall === undefined ? {} : { hall }),
            ...(window === undefined ? {} : { window }),
            note: input.note,
          },
          asking.key !== undefined,
        );
        if (refused) return refused;
        const [line] = await linesOf({ ...month, found: [about] });
        return line ?? unknown('attention');
      },
    },
    {
      method: 'GET',
      url: '/mine',
      needs: 'video.watch',
      line: true,
      handle: async ({ who, query, now }): Promise<MyMonth | Refusal> => {
        const input = read(monthQuery, query);
        if (input instanceof Refusal) return input;
        const month = input.month ?? thisMonth(now);
        // One's own, wherever one worked then.
        const found = await cached({ prefix: '', account: who.account }, month, now);
        const lines = await linesOf(found);
        const work = await one<WorkRow>(store, workOf(who.account, startOf(`${month}-01`), endOf(lastDayOf(month))));
        const [own] = peopleOf(found, lines);
        const {
          live = 0,
          playback = 0,
          evidence = 0,
          findings = 0,
          inVisits = 0,
          outside = 0,
          stays = 0,
          windows = 0,
          days = 0,
        } = own ?? {};
        return {
          month,
          total: { live, playback, evidence, findings, inVisits, outside, stays, windows, days },
          places: placesOf(world(), found.rows, lines).slice(0, most.places),
          unusual: lines,
          work: {
            visits: work?.visits ?? 0,
            counted: work?.counted ?? 0,
            verifiedSeconds: work?.verified_seconds ?? 0,
            findings: work?.findings ?? 0,
          },
        };
      },
    },
    {
      method: 'GET',
      url: '/mine/stays',
      needs: 'video.watch',
      line: true,
      handle: async ({ who, query, now }): Promise<StayPage | Refusal> => {
        const input = read(staysQuery, query);
        return input instanceof Refusal ? input : stays({ prefix: '', account: who.account }, input, now);
      },
    },
  ];
}

/** The picture of a finding belongs to the work on it: counted and shown, and compared with nothing. */
const isJudged = ({ seconds, evidence }: WatchedRow): boolean => seconds > 0 || evidence > 0;

const thisMonth = (now: number): string => dayOf(now).slice(0, 7);

function totalsOf(rows: readonly WatchedRow[]) {
  const sum = (of: (row: WatchedRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const [seconds, playback, outside] = [
    sum((row) => row.seconds),
    sum((row) => row.playback),
    sum((row) => row.outside),
  ];
  return {
    live: seconds - playback,
    playback,
    evidence: sum((row) => row.evidence),
    findings: sum((row) => row.findings),
    inVisits: seconds - outside,
    outside,
    stays: sum((row) => row.stays),
  };
}

function groupsOf(rows: readonly WatchedRow[], keyOf: (row: WatchedRow) => string): [string, WatchedRow[]][] {
  const groups = new Map<string, WatchedRow[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return [...groups];
}

const watched = (each: { live: number; playback: number }): number => each.live + each.playback;

function peopleOf({ rows, names }: Month, lines: readonly AttentionLine[]): WatcherLine[] {
  return groupsOf(rows, ({ account }) => account)
    .map(([account, own]): WatcherLine => {
      const mine = lines.filter((line) => line.account === account);
      return {
        account,
        name: names.get(account) ?? account,
        role: own[0]!.role,
        ...totalsOf(own),
        windows: new Set(own.map(({ place }) => place)).size,
        days: new Set(own.map(({ day }) => day)).size,
        unusual: mine.length,
        open: mine.filter(({ explained }) => !explained).length,
      };
    })
    .sort((one, other) => other.open - one.open || watched(other) - watched(one));
}

function placesOf(world: World, rows: readonly WatchedRow[], lines: readonly AttentionLine[]): WatchedPlace[] {
  return groupsOf(rows, ({ place }) => place)
    .map(([place, own]): WatchedPlace => {
      const { hall, hall_window } = own[0]!;
      return {
        place,
        ...placeOf(world, hall ?? undefined, hall_window ?? undefined, place),
        ...totalsOf(own),
        people: new Set(own.map(({ account }) => account)).size,
        unusual: lines.filter((line) => line.window === place).length,
      };
    })
    .sort((one, other) => watched(other) - watched(one));
}

/** A hall and a window by name; of a camera without a window its own. */
function placeOf(world: World, hallId: string | undefined, windowId: string | undefined, cameraId?: string) {
  const hall = world.halls.get(hallId ?? '');
  const window = world.windows.get(windowId ?? '');
  const named = window ?? world.cameras.get(cameraId ?? '');
  return {
    ...(hallId === undefined ? {} : { hall: hallId }),
    ...(hall ? { hallName: hall.name, ...(hall.nameEn === undefined ? {} : { hallNameEn: hall.nameEn }) } : {}),
    ...(window ? { windowNumber: window.number } : {}),
    ...(named ? { placeName: named.name, ...(named.nameEn === undefined ? {} : { placeNameEn: named.nameEn }) } : {}),
  };
}
