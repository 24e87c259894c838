import { z } from 'zod';
import { addWorkingDays, dayOf, endOf } from '../model/calendar.ts';
import {
  stages,
  type SourceDay,
  type SourceDetail,
  type SourceHealth,
  type SourceLine,
  type Stage,
} from '../model/doors.ts';
import { identifier, reasonText, regionCode, shortText } from '../model/fields.ts';
import { addLags, lagAt } from '../model/lag.ts';
import { may, type Identity } from '../model/rights.ts';
import { calendarIn, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { refusalsSince, type KeptRefusal } from '../platform/refused.ts';
import { all, Download, one, type Asking, type Route } from './gate.ts';
import { conflict, forbidden, read, Refusal, unknown } from './problem.ts';
import {
  countDifferences,
  insertStage,
  selectCounts,
  selectCursors,
  selectDays,
  selectLast,
  selectPulses,
  selectSources,
  selectStages,
  type CountRow,
  type CursorRow,
  type DayRow,
  type DifferenceRow,
  type LastRow,
  type PulseRow,
  type SourceRow,
  type StageRow,
} from './queries/sources.ts';

const day = 86_400_000;
const shownDays = 30;
const comparedDays = 62;
/** An agent that has had something waiting for longer is behind. */
const patienceMs = 3_600_000;
/** What a look at today's reasons reads at most, and what a download holds. */
const readReasons = 5_000;
const shownReasons = 50;
const mostLines = 10_000;
/** How long a page waits for counts as of now; the ones before are good enough. */
const tallyMs = 3_000;

const stageBody = z.strictObject({
  stage: z.enum(stages),
  note: reasonText.max(400),
  name: shortText.optional(),
  region: regionCode.optional(),
});

export function sourceRoutes({ store, bus, world, log }: Context): Route[] {
  const mayLook = (who: Identity): boolean => may(who, 'source.read') || may(who, 'source.manage');

  async function linesOf({ scope, now }: Asking, id?: string): Promise<SourceLine[]> {
    const sources = await all<SourceRow>(store, selectSources(scope.prefix, id));
    const ids = sources.map((each) => each.id);
    const week = dayOf(now - 6 * day);
    const [days, lasts, pulses, cursors, differences] = await Promise.all([
      all<DayRow>(store, selectDays(scope.prefix, ids, week)),
      all<LastRow>(store, selectLast(scope.prefix, ids)),
      all<PulseRow>(store, selectPulses(ids)),
      all<CursorRow>(store, selectCursors(ids)),
      all<DifferenceRow>(store, countDifferences(ids, dayOf(now - comparedDays * day))),
    ]);
    const present = world();
    return sources.map((row) => {
      const own = days.filter(({ source }) => source === row.id);
      const lag = own.reduce<number[]>((sum, each) => addLags(sum, each.lag), []);
      const lastAt = lasts.find(({ source }) => source === row.id)?.last_at ?? undefined;
      const pulse = pulses.find(({ source }) => source === row.id);
      const region = present.regions.get(row.region);
      const difference = differences.find(({ source }) => source === row.id)?.days ?? 0;
      const line: Omit<SourceLine, 'health'> = {
        id: row.id,
        name: nameOf(present, row),
        region: row.region,
        regionName: region?.name ?? row.region,
        ...(region?.nameEn === undefined ? {} : { regionNameEn: region.nameEn }),
        stage: (row.stage as Stage | null) ?? (lastAt === undefined ? 'connecting' : 'live'),
        ...(row.stage_at === null ? {} : { stageAt: row.stage_at }),
        hasToken: row.has_token,
        signs: row.signs,
        ...(lastAt === undefined ? {} : { lastAt }),
        today: daysOf(own).find((each) => each.day === dayOf(now)) ?? {
          day: dayOf(now),
          events: 0,
          refused: 0,
          unread: 0,
        },
        ...lagsOf(lag),
        ...(pulse
          ? {
              backlog: {
                at: pulse.at,
                events: pulse.events,
                bytes: pulse.bytes,
                ...(pulse.oldest === null ? {} : { oldest: pulse.oldest }),
              },
            }
          : {}),
        cursors: cursors
          .filter(({ source }) => source === row.id)
          .map(({ origin, at, rows, after }) => ({ table: origin, at, rows, after })),
        differences: difference,
      };
      return { ...line, health: healthOf(line, present, now) };
    });
  }

  async function find(asking: Asking): Promise<SourceLine | Refusal> {
    const id = read(identifier, asking.params['id']);
    if (id instanceof Refusal) return unknown('source');
    return (await linesOf(asking, id))[0] ?? unknown('source');
  }

  /** Counts as of now where somebody counts; a page is not kept waiting for them. */
  const tally = (): Promise<unknown> =>
    bus.ask('ingest.tally', null, tallyMs).catch((error: unknown) => log.debug({ err: error }, 'counts may be older'));

  return [
    {
      method: 'GET',
      url: '/sources',
      needs: 'signedIn',
      handle: async (asking): Promise<SourceLine[] | Refusal> => {
        if (!mayLook(asking.who)) return forbidden('needs the right source.read');
        await tally();
        return linesOf(asking);
      },
    },
    {
      method: 'GET',
      url: '/sources/:id',
      needs: 'signedIn',
      handle: async (asking): Promise<SourceDetail | Refusal> => {
        if (!mayLook(asking.who)) return forbidden('needs the right source.read');
        await tally();
        const line = await find(asking);
        if (line instanceof Refusal) return line;
        const { scope, now } = asking;
        const from = dayOf(now - (shownDays - 1) * day);
        const [days, counts, history, refused] = await Promise.all([
          all<DayRow>(store, selectDays(scope.prefix, [line.id], from)),
          all<CountRow>(store, selectCounts(line.id, dayOf(now - comparedDays * day))),
          all<StageRow>(store, selectStages(line.id)),
          mayRead(scope.prefix, line) ? refusalsSince(bus, line.id, endOf(dayOf(now - day)) + 1, readReasons) : [],
        ]);
        return {
          line,
          days: daysOf(days),
          // A source of several regions says one number for all of them.
          counts: mayRead(scope.prefix, line) ? counts.map(countOf) : [],
          stages: history.map(({ at, stage, note, by_name: by }) => ({ at, stage: stage as Stage, note, by })),
          reasons: reasonsOf(refused),
        };
      },
    },
    {
      method: 'GET',
      url: '/sources/:id/refused.ndjson',
      // What was refused is business data: administrators see the reasons, not the content (SC-29).
      needs: 'source.read',
      handle: async (asking): Promise<Download | Refusal> => {
        const line = await find(asking);
        if (line instanceof Refusal) return line;
        if (!mayRead(asking.scope.prefix, line)) return forbidden('the source sends for regions outside yours as well');
        const kept = await refusalsSince(bus, line.id, asking.now - shownDays * day, mostLines);
        const text = kept.map(({ bytes, at, ...each }) =>
          JSON.stringify({
            ...each,
            at: new Date(at).toISOString(),
            text: Buffer.from(bytes, 'base64').toString('utf8'),
          }),
        );
        const name = `refused-${line.id.replace(/[^\w.-]/g, '_')}.ndjson`;
        return new Download(
          name,
          'application/x-ndjson; charset=utf-8',
          Buffer.from(text.map((each) => `${each}\n`).join('')),
        );
      },
    },
    {
      method: 'POST',
      url: '/sources/:id/stage',
      needs: 'source.manage',
      handle: async (asking): Promise<SourceLine | Refusal> => {
        const input = read(stageBody, asking.body);
        if (input instanceof Refusal) return input;
        const id = read(identifier, asking.params['id']);
        if (id instanceof Refusal) return unknown('source');
        const { who, now } = asking;
        const { stage, note, name, region } = input;
        const known = await one<SourceRow>(store, selectSources('', id));
        if (known && !may(who, 'source.manage', { region: known.region })) return unknown('source');
        if (known && (name !== undefined || region !== undefined))
          return conflict('name', 'the source is there already: change its stage only');
        if (!known) {
          if (name === undefined || region === undefined)
            return new Refusal(400, {
              field: name === undefined ? 'name' : 'region',
              reason: 'a new source needs a name and a region',
            });
          if (!world().regions.has(region) || !may(who, 'source.manage', { region }))
            return new Refusal(400, { field: 'region', reason: 'expected a region of yours' });
        }
        const row = { source: id, at: now, stage, note, account: who.account, name: who.name };
        const place = { ...(name === undefined ? {} : { name }), ...(region === undefined ? {} : { region }) };
        const { text, values } = insertStage(row, place);
        await store.query(text, values);
        return (await linesOf(asking, id))[0] ?? unknown('source');
      },
    },
  ];
}

/** Whether all that a source sends is of the person's regions: its refusals and counts are not kept by region. */
const mayRead = (prefix: string, line: SourceLine): boolean => line.region.startsWith(prefix);

/** The department of a second entry has a name of its own; a poller is known by its id. */
function nameOf(world: World, { id, name }: SourceRow): string {
  return name ?? world.departments.get(id.replace(/^entry:/, ''))?.name ?? id;
}

function healthOf(line: Omit<SourceLine, 'health'>, world: World, now: number): SourceHealth {
  if (line.differences > 0) return 'differs';
  if (line.backlog && line.backlog.events > 0 && now - (line.backlog.oldest ?? line.backlog.at) > patienceMs)
    return 'behind';
  if (line.lastAt === undefined) return 'never';
  return now > endOf(addWorkingDays(calendarIn(world, line.region), dayOf(line.lastAt), 1)) ? 'quiet' : 'ok';
}

function lagsOf(lag: readonly number[]): Pick<SourceDay, 'lagHalf' | 'lagMost'> {
  const half = lagAt(lag, 0.5);
  const most = lagAt(lag, 0.9);
  return { ...(half === undefined ? {} : { lagHalf: half }), ...(most === undefined ? {} : { lagMost: most }) };
}

function daysOf(rows: readonly DayRow[]): SourceDay[] {
  const days = new Map<string, { events: number; refused: number; unread: number; lag: number[] }>();
  for (const { day, events, refused, unread, lag } of rows) {
    const found = days.get(day);
    days.set(day, {
      events: (found?.events ?? 0) + events,
      refused: (found?.refused ?? 0) + refused,
      unread: (found?.unread ?? 0) + unread,
      lag: addLags(found?.lag ?? [], lag),
    });
  }
  return [...days].map(([day, { lag, ...each }]) => ({ day, ...each, ...lagsOf(lag) }));
}

function countOf({
  day,
  kind,
  expected,
  difference,
  said_at,
  checked_at,
  differed_at,
}: CountRow): SourceDetail['counts'][number] {
  return {
    day,
    kind,
    expected,
    saidAt: said_at,
    ...(difference === null ? {} : { difference }),
    ...(checked_at === null ? {} : { checkedAt: checked_at }),
    ...(differed_at === null ? {} : { differedAt: differed_at }),
  };
}

function reasonsOf(refused: readonly KeptRefusal[]): SourceDetail['reasons'] {
  const reasons = new Map<string, SourceDetail['reasons'][number]>();
  for (const { field, reason, at, place } of refused) {
    // Values differ from row to row; what was expected does not.
    const general = reason.replace(/; got .*$/, '');
    const key = `${field} ${general}`;
    const found = reasons.get(key);
    reasons.set(key, { field, reason: general, count: (found?.count ?? 0) + 1, lastAt: at, place });
  }
  return [...reasons.values()].sort((a, b) => b.count - a.count).slice(0, shownReasons);
}
