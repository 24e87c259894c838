/** 观看记录: deliveries, which are written every second, condensed into stays at windows (SC-29, SC-30). */
import { lengthOf, limitsOf, offSeconds, sharedOf, type Seconds } from '../model/attention.ts';
import { dayLength, dayOf, endOf, startOf } from '../model/calendar.ts';
import { calendarIn, packOf, type World } from '../model/world.ts';
import type { Context, Part } from '../platform/part.ts';
import type { Runner, Store } from '../platform/postgres.ts';
import { all, one } from './gate.ts';
import {
  dutyHalls,
  evidenceOpened,
  forget,
  insertViewings,
  lockViewing,
  moveViewing,
  nextDelivery,
  takeStays,
  visitsBetween,
  type DutyHallRow,
  type OpenedRow,
  type OwnVisitRow,
  type StayRow,
  type Viewing,
} from './queries/viewings.ts';
import { startRounds } from './rounds.ts';

const idleMs = 10_000;
/** Deliveries are written within a second; one that comes later than this is not counted here. */
const lagMs = 15_000;
/** So much is condensed in one transaction. */
const chunkMs = 300_000;
const mostOpened = 1_000;
/** A shorter pause does not end a stay: a tile that was reconnected, a wall that was laid out anew. */
const gapSeconds = 120;

const sweepEveryMs = 3_600_000;
const sweptAtOnce = 10_000;
/** Deliveries of recordings are telemetry that nothing else is read from. */
const playbackDays = 30;
const usualDays = 400;

/** Condenses the next deliveries; returns whether more may wait. One process at a time. */
export async function condenseViewings(store: Store, world: World, now: number): Promise<boolean> {
  return store.transaction(async (runner) => {
    const held = await one<{ at: number; position: number }>(runner, lockViewing);
    if (!held) return false;
    const latest = now - lagMs;
    const first = held.at >= latest ? null : (await one<{ at: number | null }>(runner, nextDelivery(held.at)))?.at;
    const from = first ?? latest;
    const until = Math.max(held.at, Math.min(latest, from + chunkMs));
    if (until > from) {
      const stays = await all<StayRow>(runner, takeStays(from, until, gapSeconds));
      if (stays.length > 0) await insertViewings(runner, await placed(runner, world, stays));
    }
    const opened = await all<OpenedRow>(runner, evidenceOpened(held.position, mostOpened));
    if (opened.length > 0)
      await insertViewings(
        runner,
        opened.map((each) => openedAs(world, each)),
      );
    const position = opened.at(-1)?.position ?? held.position;
    if (until !== held.at || position !== held.position) await all(runner, moveViewing(until, position));
    return until < latest || opened.length === mostOpened;
  });
}

/** Stays with what they are judged by: own visits, duties of the organ, the hall's hours. */
async function placed(runner: Runner, world: World, stays: readonly StayRow[]): Promise<Viewing[]> {
  const from = Math.min(...stays.map(({ spans }) => spans[0]![0])) * 1000;
  const until = Math.max(...stays.map(({ spans }) => spans.at(-1)![1])) * 1000;
  const accounts = [...new Set(stays.map(({ account }) => account))];
  const days = new Set<string>();
  for (const { spans } of stays) days.add(dayOf(spans[0]![0] * 1000));
  const organs = [...new Set(stays.flatMap(({ organ }) => organ ?? []))];
  const visits = await all<OwnVisitRow>(runner, visitsBetween(accounts, startOf(dayOf(from)), until));
  const duties = await all<DutyHallRow>(runner, dutyHalls(organs, [...days]));
  const planned = new Set(duties.map(({ organ, hall, day }) => `${organ} ${hall} ${day}`));
  return stays.map((stay): Viewing => {
    const { spans, session, camera: id, kind, account, name, role, region, organ } = stay;
    const camera = world.cameras.get(id);
    const hall = world.halls.get(camera?.hall ?? '');
    const day = dayOf(spans[0]![0] * 1000);
    const own = visits.filter((visit) => visit.account === account && visit.hall === hall?.id);
    const times = own.map((visit): Seconds => [
      Math.floor(visit.from / 1000),
      Math.ceil((visit.until ?? endOf(dayOf(visit.from))) / 1000),
    ]);
    const inVisit = times.map((time) => sharedOf(spans, [time]));
    const most = Math.max(0, ...inVisit);
    const isPlanned = hall !== undefined && (own.length > 0 || planned.has(`${organ ?? ''} ${hall.id} ${day}`));
    const limits = limitsOf(packOf(world, region, day)?.settings);
    const seconds = lengthOf(spans);
    return {
      session,
      camera: id,
      kind,
      from: spans[0]![0] * 1000,
      until: spans.at(-1)![1] * 1000,
      day,
      account,
      name,
      role,
      region,
      hall: hall?.id,
      window: camera?.window,
      seconds,
      // Two visits to one hall follow each other.
      outside: Math.max(0, seconds - inVisit.reduce((sum, each) => sum + each, 0)),
      off: hall ? offSeconds(spans, hall, calendarIn(world, hall.region), limits.graceMinutes, isPlanned) : 0,
      planned: isPlanned,
      visit: most > 0 ? own[inVisit.indexOf(most)]!.id : undefined,
      spans: `{${spans.map(([begin, end]) => `[${begin},${end})`).join(',')}}`,
    };
  });
}

function openedAs(world: World, { id, at, account, name, role, region, camera: seen, finding }: OpenedRow): Viewing {
  const camera = world.cameras.get(seen);
  const hall = world.halls.get(camera?.hall ?? '');
  return {
    session: id,
    camera: seen,
    kind: 'evidence',
    from: at,
    until: at,
    day: dayOf(at),
    account,
    name,
    role: role ?? '',
    region: region ?? hall?.region ?? '',
    hall: hall?.id,
    window: camera?.window,
    seconds: 0,
    outside: 0,
    off: 0,
    planned: false,
    finding: finding ?? undefined,
  };
}

/** Removes what is older than `days`; returns whether more may be there. */
export async function forgetViewings(store: Store, now: number, days: number): Promise<boolean> {
  const kept = { viewing: days, viewer: days, playback: playbackDays };
  let isMore = false;
  for (const table of ['viewing', 'viewer', 'playback'] as const) {
    const gone = await one<{ count: number }>(store, forget(table, now - kept[table] * dayLength, sweptAtOnce));
    if (gone?.count === sweptAtOnce) isMore = true;
  }
  return isMore;
}

/** Condenses what was delivered, and forgets what nobody needs any more. */
export function startViewings({ store, world, log, settings }: Context): Pick<Part, 'stop'> {
  let sweptAt = 0;
  return startRounds(log, {
    idleMs,
    failed: 'what was watched could not be counted',
    round: async () => {
      const now = Date.now();
      if (await condenseViewings(store, world(), now)) return true;
      if (now - sweptAt >= sweepEveryMs && !(await forgetViewings(store, now, settings.viewingDays ?? usualDays)))
        sweptAt = now;
      return false;
    },
  });
}
