/** The day of everybody below an organ: how far its cities and counties are, who is behind, which cameras show nothing. */
import { dayOf } from '../model/calendar.ts';
import type { BehindOrgan, BoardRegion, DrawBoard, OutHall } from '../model/drawApi.ts';
import type { Duty } from '../model/duty.ts';
import type { Identity } from '../model/rights.ts';
import type { CameraStatus } from '../model/state.ts';
import { isOpenOn, prefixOf, type Camera, type Hall, type Named, type World } from '../model/world.ts';
import type { Store } from '../platform/postgres.ts';
import { all } from './gate.ts';
import {
  camerasOut,
  dutiesBehind,
  owedByOrgan,
  progressOfDay,
  type OutRow,
  type OwedRow,
  type ProgressRow,
} from './queries/draw.ts';
import type { DutyBody } from './queries/patrol.ts';

const most = { organs: 200, duties: 2_000, ofOrgan: 50, cameras: 5_000 };

export async function boardOf(store: Store, world: World, who: Identity, day: string, now: number): Promise<DrawBoard> {
  const prefix = prefixOf(who.region);
  const first = `${day.slice(0, 7)}-01`;
  const [progress, owed, duties, out] = await Promise.all([
    all<ProgressRow>(store, progressOfDay(prefix, day)),
    all<OwedRow>(store, owedByOrgan(prefix, first, day)),
    all<DutyBody>(store, dutiesBehind(prefix, first, day, now, most.duties)),
    all<OutRow>(store, camerasOut(prefix, most.cameras)),
  ]);
  const below = [...world.halls.values()].filter((hall) => hall.region.startsWith(prefix) && isOpenOn(hall, day));
  const behind = behindOf(
    world,
    owed,
    duties.map(({ body }) => body),
    (duty) => duty.of === 'drawn' && duty.organ !== who.organ && duty.day >= dayOf(now),
  );
  const halls: DrawBoard['halls'] = {};
  for (const { hall } of behind.flatMap((organ) => organ.duties)) if (hall) halls[hall] = named(world.halls.get(hall));
  const cameras = new Map<string, number>();
  for (const { hall, enabled } of world.cameras.values()) if (enabled) cameras.set(hall, (cameras.get(hall) ?? 0) + 1);
  return {
    day,
    regions: regionsOf(world, prefix, progress, below, cameras),
    behind,
    out: outOf(
      world,
      new Map(below.map((hall) => [hall.id, hall])),
      out.map(({ body }) => body),
      cameras,
    ),
    halls,
  };
}

const named = (thing: Named | undefined): Named => ({
  name: thing?.name ?? '',
  ...(thing?.nameEn === undefined ? {} : { nameEn: thing.nameEn }),
});

function regionsOf(
  world: World,
  prefix: string,
  rows: readonly ProgressRow[],
  below: readonly Hall[],
  cameras: ReadonlyMap<string, number>,
): BoardRegion[] {
  const progress = new Map(rows.map((row) => [row.region, row]));
  return [...world.regions.values()]
    .filter(({ code, level }) => code.startsWith(prefix) && level !== 'province')
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .map((region) => {
      const {
        required = 0,
        done = 0,
        running = 0,
        missed = 0,
        could_not: couldNot = 0,
      } = progress.get(region.code) ?? {};
      const { code, level, parent } = region;
      return {
        ...{ code, level, ...named(region), required, done, running, missed, couldNot },
        ...(parent === undefined ? {} : { parent }),
        places: below
          .filter((hall) => hall.region === code)
          .map((hall) => ({ id: hall.id, ...named(hall), cameras: cameras.get(hall.id) ?? 0 })),
      };
    });
}

/** `isSecret`: where another organ goes on a day that is not over is not told (SC-12). */
function behindOf(
  world: World,
  rows: readonly OwedRow[],
  duties: readonly Duty[],
  isSecret: (duty: Duty) => boolean,
): BehindOrgan[] {
  const byOrgan = new Map<string, BehindOrgan['duties']>();
  for (const duty of duties) {
    const list = byOrgan.get(duty.organ) ?? [];
    byOrgan.set(duty.organ, list);
    if (list.length >= most.ofOrgan) continue;
    const { id, day, state, required, done, dueAt, of, cause, hall } = duty;
    list.push({
      // The id of a drawn duty names its hall.
      ...{ id: isSecret(duty) ? `${duty.organ}:${list.length}` : id, day, state, required, done, dueAt },
      ...(of === undefined ? {} : { of }),
      ...(cause === undefined ? {} : { cause }),
      ...(isSecret(duty) ? {} : { hall }),
    });
  }
  return rows
    .filter(({ organ, owed }) => owed > 0 || byOrgan.has(organ))
    .map(({ organ, required, done, owed }) => {
      const known = world.organs.get(organ);
      const own = byOrgan.get(organ) ?? [];
      return { organ, region: known?.region ?? '', ...named(known), required, done, owed, duties: own };
    })
    .sort((a, b) => b.owed - a.owed || b.duties.length - a.duties.length || (a.organ < b.organ ? -1 : 1))
    .slice(0, most.organs);
}

function outOf(
  world: World,
  halls: ReadonlyMap<string, Hall>,
  statuses: readonly CameraStatus[],
  cameras: ReadonlyMap<string, number>,
): OutHall[] {
  const byHall = new Map<string, OutHall>();
  for (const { camera, state, since } of statuses) {
    const known: Camera | undefined = world.cameras.get(camera);
    const hall = known?.enabled ? halls.get(known.hall) : undefined;
    if (!known || !hall) continue;
    const line = byHall.get(hall.id) ?? {
      ...{ hall: hall.id, region: hall.region, ...named(hall), cameras: cameras.get(hall.id) ?? 0, out: [] },
    };
    const window = known.window === undefined ? undefined : world.windows.get(known.window)?.number;
    line.out.push({ state, since, ...(window === undefined ? {} : { window }) });
    byHall.set(hall.id, line);
  }
  const shown = ({ cameras: on, out }: OutHall): number => on - out.length;
  return [...byHall.values()].sort(
    (a, b) => Number(shown(a) > 0) - Number(shown(b) > 0) || b.out.length - a.out.length || (a.hall < b.hall ? -1 : 1),
  );
}
