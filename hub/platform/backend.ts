import { mkdir } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { World } from '../model/world.ts';
import { startPostgres } from './embedded.ts';
import { runningHub, takeLock, type Lock } from './lock.ts';
import { migrate } from './migrate.ts';
import { connectBus, type Bus } from './nats.ts';
import { startNatsServer } from './natsServer.ts';
import type { Settings } from './part.ts';
import { connectStore, type Store } from './postgres.ts';
import { openSeal, type Seal } from './seal.ts';
import { watchWorld } from './world.ts';

/** The log, the database and the reference data: what a part or a command works on. */
export interface Backend {
  bus: Bus;
  store: Store;
  seal: Seal;
  world: () => World;
  /** Reads the reference data again now. */
  reload: () => Promise<void>;
  natsUrl: string;
  databaseUrl: string;
  /** Present while this process has DATA_DIR for itself. */
  lock?: Lock;
  /** Process ids of the servers this process started. */
  servers: () => { nats?: number; postgres?: number };
  /** Closes all of it, in reverse; may be called twice. */
  close(): Promise<void>;
}

export interface BackendOptions {
  log: Logger;
  onProgress?: (text: string) => void;
  /** Use the servers of a hub that already runs on DATA_DIR (the command line), rather than be refused. */
  join?: boolean;
}

type Stop = () => Promise<void>;

/** Opens the backend by the settings: servers by URL, else of the running hub (`join`), else embedded ones under DATA_DIR. */
export async function openBackend(
  settings: Settings,
  { log, onProgress = () => {}, join = true }: BackendOptions,
): Promise<Backend> {
  const stops: Stop[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= stopAll(stops, log));
  try {
    const { dataDir } = settings;
    await mkdir(dataDir, { recursive: true, mode: 0o711 });
    let { natsUrl, databaseUrl } = settings;
    let lock: Lock | undefined;
    if (natsUrl === undefined || databaseUrl === undefined) {
      const running = join ? await runningHub(dataDir) : undefined;
      natsUrl ??= running?.natsUrl;
      databaseUrl ??= running?.databaseUrl;
    }
    const pids: { nats?: () => number | undefined; postgres?: () => number | undefined } = {};
    if (natsUrl === undefined || databaseUrl === undefined) {
      // Several roles with servers of their own may share a folder (containers on one volume); embedded servers may not.
      const mine = (lock = await takeLock(dataDir));
      stops.push(() => mine.release());
      onProgress('starting the log and the database');
      const starts = await Promise.allSettled([
        natsUrl === undefined ? startNatsServer({ dataDir, log }) : undefined,
        databaseUrl === undefined ? startPostgres({ dataDir, log }) : undefined,
      ]);
      const [nats, postgres] = starts.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
      for (const server of [nats, postgres]) if (server) stops.push(() => server.stop());
      for (const each of starts) if (each.status === 'rejected') throw each.reason;
      natsUrl ??= nats!.url;
      databaseUrl ??= postgres!.url;
      if (nats) pids.nats = () => nats.pid;
      if (postgres) pids.postgres = () => postgres.pid;
    }
    const seal = await openSeal(dataDir, settings.key);
    const store = await connectStore({ url: databaseUrl, log });
    stops.push(() => store.close());
    onProgress('checking the schema');
    await migrate(store, { log });
    const bus = await connectBus({ url: natsUrl, log });
    stops.push(() => bus.close());
    const watch = await watchWorld(store, bus, log);
    stops.push(() => watch.stop());
    return {
      bus,
      store,
      seal,
      world: watch.world,
      reload: watch.reload,
      natsUrl,
      databaseUrl,
      ...(lock ? { lock } : {}),
      servers: () => {
        const nats = pids.nats?.();
        const postgres = pids.postgres?.();
        return { ...(nats === undefined ? {} : { nats }), ...(postgres === undefined ? {} : { postgres }) };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The last started stops first; one that fails does not keep the others running. */
export async function stopAll(stops: Stop[], log: Logger): Promise<void> {
  for (const stop of stops.splice(0).reverse()) {
    await stop().catch((error: unknown) => log.error({ err: error }, 'a part did not stop cleanly'));
  }
}
