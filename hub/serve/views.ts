import { dayOf, endOf } from '../model/calendar.ts';
import type { Progress } from '../model/live.ts';
import type { Visit } from '../model/state.ts';
import { verifySeconds, type CameraTurn, type Verified } from '../model/verify.ts';
import type { RefusalCause } from '../model/viewProof.ts';
import { packOf, type Camera } from '../model/world.ts';
import { digestOf } from '../platform/digest.ts';
import type { Context } from '../platform/part.ts';
import { all } from './gate.ts';
import {
  deliveriesTo,
  refusedOf,
  reportsOfVisit,
  turnsOfCameras,
  type RefusedRow,
  type ReportedRow,
  type SpanRow,
  type TurnRow,
} from './queries/views.ts';

/** Parts are delivered ahead of what plays, and a visit's first seconds were delivered before it began. */
const margin = 60_000;

/**
 * How long the stream part is waited for, ms. Where there is none that is known at once; a busy one answers late, and what it has not
 * judged must not count meanwhile.
 */
const judgedWithin = 10_000;

export interface Watching extends Verified {
  /** SHA-256 over the canonical JSON of `{ deliveries, reports }`: the rows of `deliveriesTo` and `reportsOfVisit`. */
  digest: string;
  /** Reports that counted nothing, by cause; undefined when there were none. */
  refused: Partial<Record<RefusalCause, number>> | undefined;
}

/** What was watched on a visit up to a moment of its own day, from the rows of both witnesses. */
export async function watching(
  { store, world, bus }: Pick<Context, 'store' | 'world' | 'bus'>,
  visit: Visit,
  now: number,
): Promise<Watching> {
  const present = world();
  const day = dayOf(visit.startedAt);
  // A visit that is left open over midnight earns nothing of the next day for this one.
  const asOf = Math.min(now, endOf(day) + 1);
  const cameras = [...present.cameras.values()].filter(
    (each) => each.window !== undefined && visit.windows.includes(each.window),
  );
  const ids = cameras.map((each) => each.id);
  const reports = await all<ReportedRow>(store, reportsOfVisit(visit.id));
  const sessions = [...new Set(reports.map((each) => each.session))];
  const [deliveries, cameraStates, refused, judged] = await Promise.all([
    all<SpanRow>(store, deliveriesTo(sessions, ids, visit.startedAt - margin, asOf + margin)),
    all<TurnRow>(store, turnsOfCameras(ids, visit.startedAt - margin)),
    all<RefusedRow>(store, refusedOf(visit.id)),
    // No answer: no stream part runs, so no picture is delivered either.
    bus.ask<Record<string, number>>('stream.judged', { cameras: ids }, judgedWithin).catch(() => ({})),
  ]);
  const quota = packOf(present, visit.region, day)?.patrol;
  const verified = verifySeconds({
    windows: visit.windows,
    cameras: cameras.map((each) => ({ id: each.id, window: each.window! })),
    startedAt: visit.startedAt,
    asOf,
    deliveries,
    reports,
    cameraStates: [...cameraStates, ...switchedOff(cameras, cameraStates)],
    judgedUntil: new Map(Object.entries(judged)),
    // Without a pack nothing can count: the recorder refuses to finish such a visit.
    policy: {
      secondsPerWindow: quota?.secondsPerWindow ?? Infinity,
      share: quota?.share ?? 1,
      smallestTile: quota?.smallestTile,
    },
  });
  return {
    ...verified,
    refused: refused.length === 0 ? undefined : Object.fromEntries(refused.map(({ cause, count }) => [cause, count])),
    digest: digestOf({ deliveries, reports }),
  };
}

/** A camera that was off before there was any event of it shows nothing either. */
const switchedOff = (cameras: readonly Camera[], turns: readonly TurnRow[]): CameraTurn[] =>
  cameras
    .filter(({ id, enabled }) => !enabled && !turns.some((each) => each.camera === id))
    .map(({ id }) => ({ camera: id, state: 'disabled', at: 0 }));

export function progressOf(visit: string, { views, problems, verified, needed }: Verified): Progress {
  return {
    visit,
    verified,
    needed,
    views: views.map(({ window, seconds, verified: done }) => {
      const problem = problems.get(window);
      return { window, seconds, verified: done, ...(problem ? { problem } : {}) };
    }),
  };
}
