/** The demonstration: seeds, accounts, twelve live cameras and a working day that goes on. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../hub/model/error.ts';
import type { Context } from '../hub/platform/part.ts';
import type { Store } from '../hub/platform/postgres.ts';
import { worldChanged } from '../hub/platform/world.ts';
import { demoAccounts, demoHall, demoSource, demoToken, type DemoAccount } from './accounts.ts';
import { drawFilms, serveFilms, type Cameras } from './cameras.ts';
import { seedsDir } from './files.ts';
import { seedFrom } from './load.ts';
import { simulate, type SimulateOptions, type Totals } from './simulate.ts';

export interface Demo {
  accounts: DemoAccount[];
  /** What the simulated day has sent so far. */
  totals: () => Totals;
  /** Ends the simulated day and the cameras; may be called twice. */
  stop(): Promise<void>;
}

export interface DemoOptions {
  onProgress?: (text: string) => void;
  /** Where the hub listens; default: host and port of the settings. */
  address?: string;
  /** How the hub's door is asked; default: fetch. */
  ask?: SimulateOptions['ask'];
}

/**
 * Starts the demonstration on a hub that listens already. What is there is left alone, so a second start takes a second or
 * two. Cameras are drawn and served where this process runs the `stream` part, the day is simulated where it runs `ingest`.
 */
export async function startDemo(
  context: Context,
  { onProgress = () => {}, address, ask }: DemoOptions = {},
): Promise<Demo> {
  const { settings, store, bus, seal, log } = context;
  const ending = new AbortController();
  let cameras: Cameras | undefined;
  let day: Promise<unknown> = Promise.resolve();
  let totals: Totals = { sent: 0, accepted: 0, duplicates: 0, refused: 0 };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      ending.abort();
      await Promise.all([day, cameras?.stop()]);
    })());
  try {
    // The hub seeds an empty database only; one that holds somebody's own regions gets the demonstration's beside them.
    if (!context.world().halls.has(demoHall)) {
      await seedFrom(seedsDir(), store, seal.seal);
      bus.connection.publish(worldChanged);
      for (let left = 500; !context.world().halls.has(demoHall); left--) {
        if (left === 0) throw new HubError('demo.world', 'the hub did not read its reference data again within 10 s');
        await sleep(20);
      }
    }
    onProgress('creating the demonstration accounts');
    const accounts = await demoAccounts(store);
    if (settings.roles.includes('ingest')) {
      const token = await demoToken(store);
      const known = await knownOf(store);
      const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
      onProgress(known ? 'going on with the simulated working day' : 'simulating twenty working days');
      day = simulate(address ?? `http://${host}:${settings.port}`, token, {
        speed: settings.demoSpeed,
        signal: ending.signal,
        ...(known ? { known } : {}),
        ...(ask ? { ask } : {}),
        onProgress: (now) => {
          if (now.refused > totals.refused)
            log.warn({ refused: now.refused, first: now.reason }, 'the hub refused simulated events');
          totals = { ...now };
        },
      }).catch((error: unknown) => log.error({ err: error }, 'the simulated working day ended'));
    }
    if (settings.roles.includes('stream')) {
      const films = await drawFilms(join(settings.dataDir, 'demo'), {
        ffmpeg: settings.ffmpeg,
        onProgress: (done, of) => onProgress(`drawing the cameras: ${done} of ${of}`),
      });
      cameras = await serveFilms(films);
      await seedFrom(seedsDir(), store, seal.seal, { cameraBase: cameras.base });
      await recordDemo(store);
      bus.connection.publish(worldChanged);
    }
    return { accounts, totals: () => totals, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Enough for some hours of the main hall: a demonstration must not fill anybody's disk. */
const mostRecorded = 2_000_000_000;
const mostElsewhere = 200_000_000;

/** The main hall is recorded always, so that its time line shows something after minutes; what somebody set stays. */
async function recordDemo(store: Store): Promise<void> {
  await store.query(
    `with fresh as (
       update hall set recording_days = 1, recording_bytes = case when id = $1 then $2::bigint else $3::bigint end
       where recording_bytes is null and region in (select code from region where demo) returning id)
     update camera set recording = 'always' where hall = $1 and hall in (select id from fresh)`,
    [demoHall, mostRecorded, mostElsewhere],
  );
}

/** What an earlier run left in the hub; undefined before the first. */
async function knownOf(store: Store): Promise<{ from: number; to: number } | undefined> {
  const [row] = await store.query<{ first: number | null; last: number | null }>(
    `select min(occurred_at) filter (where id like 'demo-h-%') as first, max(occurred_at) as last from event where source = $1`,
    [demoSource.id],
  );
  return row?.first == null || row.last === null ? undefined : { from: row.first, to: row.last };
}
