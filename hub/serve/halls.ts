import { z } from 'zod';
import type { HallDetail, HallSummary, Timeline, WindowDetail } from '../model/api.ts';
import { dayOf, endOf, startOf } from '../model/calendar.ts';
import { identifier } from '../model/fields.ts';
import { levels, type Level } from '../model/pack.ts';
import { departmentsOf, may, type Identity } from '../model/rights.ts';
import { isOpenOn, type Hall, type Window, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { all, one, type Route } from './gate.ts';
import { lineOf } from './lines.ts';
import { read, Refusal, unknown } from './problem.ts';
import {
  countOpenSignals,
  eventsOfWindow,
  latestOfWindows,
  marksOfHall,
  openSignalsOfHall,
  statusOfCameras,
  todayOfHall,
  type LineRow,
  type MarkRow,
  type OpenCount,
  type SignalBody,
  type StatusBody,
  type TodayRow,
} from './queries/halls.ts';

const marksPerSort = 2_000;
const timelineQuery = z.object({ minutes: z.coerce.number().int().min(1).max(1440).default(60) });
const eventsQuery = z.object({ limit: z.coerce.number().int().min(1).max(500).default(50) });

/** The hall, when it is in the person's scope; else nothing is said of it. */
function hallFor(world: World, who: Identity, id: string): Hall | undefined {
  const hall = world.halls.get(id);
  return hall && may(who, 'case.read', { region: hall.region, hall: hall.id }) ? hall : undefined;
}

const mayWatch = (who: Identity, { region, id }: Hall, window?: Window): boolean =>
  may(who, 'video.watch', { region, hall: id, department: window?.department });

/** Windows of a hall that a person may watch, in the order of their numbers. `day`: without those that are closed then. */
export function windowsFor(world: World, who: Identity, hall: Hall, day?: string): Window[] {
  return [...world.windows.values()]
    .filter((each) => each.hall === hall.id && (day === undefined || isOpenOn(each, day)) && mayWatch(who, hall, each))
    .sort((a, b) => a.number.localeCompare(b.number, 'en', { numeric: true }));
}

/** The hall, when somebody may watch it, or a window of it (SC-15). */
export function watchedHall(world: World, who: Identity, id: string, day: string): Hall | undefined {
  const hall = world.halls.get(id);
  if (!hall) return undefined;
  const isSeen = departmentsOf(who) ? windowsFor(world, who, hall, day).length > 0 : mayWatch(who, hall);
  return isSeen ? hall : undefined;
}

export function hallRoutes({ store, world }: Context): Route[] {
  return [
    {
      method: 'GET',
      url: '/halls',
      needs: 'video.watch',
      line: true,
      handle: async ({ who, scope, now: at }): Promise<HallSummary[]> => {
        const now = world();
        const today = dayOf(at);
        const counts = new Map<string, Record<Level, number>>();
        for (const row of await all<OpenCount>(store, countOpenSignals(scope))) {
          const levelled = counts.get(row.hall) ?? zero();
          levelled[row.level as Level] = row.count;
          counts.set(row.hall, levelled);
        }
        const windows = new Map<string, number>();
        for (const each of now.windows.values()) {
          const hall = now.halls.get(each.hall);
          if (hall && isOpenOn(each, today) && mayWatch(who, hall, each))
            windows.set(hall.id, (windows.get(hall.id) ?? 0) + 1);
        }
        const isSeen = (hall: Hall): boolean => (departmentsOf(who) ? windows.has(hall.id) : mayWatch(who, hall));
        return [...now.halls.values()]
          .filter((hall) => isOpenOn(hall, today) && isSeen(hall))
          .sort((a, b) => (a.region === b.region ? a.id.localeCompare(b.id) : a.region < b.region ? -1 : 1))
          .map((hall) => ({
            ...hall,
            windows: windows.get(hall.id) ?? 0,
            openSignals: counts.get(hall.id) ?? zero(),
            ...regionName(now, hall.region),
          }));
      },
    },
    {
      method: 'GET',
      url: '/halls/:hall',
      needs: 'video.watch',
      line: true,
      handle: async ({ who, scope, params, now }): Promise<HallDetail | Refusal> => {
        const present = world();
        const today = dayOf(now);
        const hall = watchedHall(present, who, params['hall'] ?? '', today);
        if (!hall) return unknown('hall');
        const windows = windowsFor(present, who, hall, today);
        const cameras = [...present.cameras.values()].filter((each) => each.hall === hall.id);
        const [signals, statuses, latest, counts] = await Promise.all([
          all<SignalBody>(store, openSignalsOfHall(scope, hall.id)),
          all<StatusBody>(store, statusOfCameras(cameras.map((each) => each.id))),
          all<LineRow>(
            store,
            latestOfWindows(
              scope,
              windows.map((each) => each.id),
            ),
          ),
          one<TodayRow>(store, todayOfHall(scope, hall.id, startOf(today), endOf(today), now)),
        ]);
        const status = new Map(statuses.map(({ body }) => [body.camera, body]));
        const line = new Map(latest.map((row) => [row.hall_window, lineOf(row)]));
        return {
          hall,
          regionName: regionName(present, hall.region).regionName,
          windows: windows.map((window): WindowDetail => {
            const department = window.department === undefined ? undefined : present.departments.get(window.department);
            const newest = line.get(window.id);
            return {
              ...window,
              ...(department ? { departmentName: department.name } : {}),
              ...(department?.nameEn === undefined ? {} : { departmentNameEn: department.nameEn }),
              cameras: cameras
                .filter((each) => each.window === window.id)
                .map((each) => ({ ...each, ...(status.has(each.id) ? { status: status.get(each.id)! } : {}) })),
              openSignals: signals.filter(({ body }) => body.window === window.id).map(({ body }) => body),
              ...(newest ? { latest: newest } : {}),
            };
          }),
          today: counts ?? { received: 0, completed: 0, overdue: 0 },
        };
      },
    },
    {
      method: 'GET',
      url: '/halls/:hall/timeline',
      needs: 'case.read',
      handle: async ({ who, scope, params, query, now }): Promise<Timeline | Refusal> => {
        const hall = hallFor(world(), who, params['hall'] ?? '');
        if (!hall) return unknown('hall');
        const input = read(timelineQuery, query);
        if (input instanceof Refusal) return input;
        const from = now - input.minutes * 60_000;
        const windows = windowsFor(world(), who, hall).map((each) => each.id);
        const marks = await all<MarkRow>(store, marksOfHall(scope, windows, hall.id, from, marksPerSort));
        const lanes = new Map<string, Timeline['lanes'][number]['marks']>(windows.map((id) => [id, []]));
        for (const { hall_window: window, at, kind, id } of marks)
          lanes.get(window)?.push({ at, kind: kind as 'event' | Level, id });
        return {
          from,
          to: now,
          lanes: [...lanes].map(([window, list]) => ({ window, marks: list.sort((a, b) => a.at - b.at) })),
        };
      },
    },
    {
      method: 'GET',
      url: '/windows/:window/events',
      needs: 'case.read',
      handle: async ({ who, scope, params, query }) => {
        const id = read(identifier, params['window']);
        const window = id instanceof Refusal ? undefined : world().windows.get(id);
        if (!window || !hallFor(world(), who, window.hall)) return unknown('window');
        const input = read(eventsQuery, query);
        if (input instanceof Refusal) return input;
        return (await all<LineRow>(store, eventsOfWindow(scope, window.id, input.limit))).map(lineOf);
      },
    },
  ];
}

function zero(): Record<Level, number> {
  return Object.fromEntries(levels.map((level) => [level, 0])) as Record<Level, number>;
}

function regionName(world: World, code: string): { regionName: string; regionNameEn?: string } {
  const region = world.regions.get(code);
  return { regionName: region?.name ?? code, ...(region?.nameEn === undefined ? {} : { regionNameEn: region.nameEn }) };
}
