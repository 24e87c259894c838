import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startHub, type Hub } from '../../hub/main.ts';
import { sessions } from '../../hub/platform/access.ts';
import { openBackend, type Backend } from '../../hub/platform/backend.ts';
import { startPostgres } from '../../hub/platform/embedded.ts';
import { createLog } from '../../hub/platform/log.ts';
import { projectFolder } from '../../hub/platform/migrate.ts';
import { hashPassword } from '../../hub/platform/password.ts';
import type { Settings } from '../../hub/platform/part.ts';
import type { Store } from '../../hub/platform/postgres.ts';
import type { Seal } from '../../hub/platform/seal.ts';
import type { Role } from '../../hub/model/rights.ts';
import { seenOf } from '../../hub/record/replan.ts';
import { seedFrom } from '../../seeds/load.ts';
import { removeFolder } from './folder.ts';
import { untilWithin } from './until.ts';

const until = untilWithin(60_000);

/** Every part, loopback, any free port, embedded servers under a folder of its own, nothing logged, no demonstration. */
export function testSettings(dataDir: string, change: Partial<Settings> = {}): Settings {
  return {
    roles: ['ingest', 'record', 'serve', 'stream'],
    host: '127.0.0.1',
    port: 0,
    dataDir,
    logLevel: 'silent',
    demo: false,
    demoSpeed: 1,
    ffmpeg: 'ffmpeg',
    ...change,
  };
}

export interface TestOptions {
  settings?: Partial<Settings>;
  /** Write the seed files (regions, halls, matters, packs, calendar) first. Default true. */
  seed?: boolean;
  /** A folder that is used and kept, for example of a hub that ran before; without it a new one is made and removed. */
  dataDir?: string;
}

export interface TestBackend extends Backend {
  dataDir: string;
  /** Closes everything and removes the folder, unless it was given. */
  stop(): Promise<void>;
}

/** NATS, PostgreSQL, schema and world, without any part. About 1.5 s. */
export async function startTestBackend(options: TestOptions = {}): Promise<TestBackend> {
  const dataDir = options.dataDir ?? (await preparedFolder());
  const log = createLog(options.settings?.logLevel ?? 'silent');
  const backend = await openBackend(testSettings(dataDir, options.settings), { log, join: false });
  try {
    if (options.seed !== false) await seed(backend.store, backend.seal, backend.reload);
  } catch (error) {
    await backend.close();
    throw error;
  }
  return {
    ...backend,
    dataDir,
    async stop() {
      await backend.close();
      if (options.dataDir === undefined) await removeFolder(dataDir);
    },
  };
}

export interface TestHub extends Hub {
  dataDir: string;
  /** Makes an account and signs it in: the value for a request's Cookie header. */
  signIn(account: TestAccount): Promise<string>;
}

export interface TestAccount {
  name: string;
  role: Role;
  region: string;
  hall?: string;
  organ?: string;
  /** Without one the account has a session only, and hashing is saved. */
  password?: string;
}

/** A whole hub, or the parts in `settings.roles`, in this process. */
export async function startTestHub(options: TestOptions = {}): Promise<TestHub> {
  const dataDir = options.dataDir ?? (await preparedFolder());
  const settings = testSettings(dataDir, options.settings);
  const log = createLog(settings.logLevel);
  const hub = await startHub(settings, { log });
  const { store, seal } = hub.context;
  try {
    if (options.seed !== false && !settings.demo) {
      await seed(store, seal, hub.backend.reload);
      // The calendar came after the hub: once it was seen, no clock of a later case is counted anew because of it.
      const body = JSON.stringify(seenOf(hub.context.world().calendar));
      if (settings.roles.includes('record'))
        await until(
          'the calendar',
          async () => (await store.query('select 1 from calendar_seen where body = $1', [body]))[0],
        );
    }
  } catch (error) {
    await hub.stop();
    throw error;
  }
  return {
    ...hub,
    dataDir,
    async signIn({ name, role, region, hall, organ, password }) {
      await store.query(
        `insert into account (name, display, password, role, region, hall, organ, created_at) values ($1, $1, $2, $3, $4, $5, $6, $7) on conflict (name) do nothing`,
        [
          name,
          password === undefined ? '-' : await hashPassword(password),
          role,
          region,
          hall ?? null,
          organ ?? null,
          Date.now(),
        ],
      );
      const { token } = await sessions(store).create(name);
      return `hallwatch=${token}`;
    },
    async stop() {
      await hub.stop();
      if (options.dataDir === undefined) await removeFolder(dataDir);
    },
  };
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'hallwatch-'));

/** A new folder with an empty database cluster in it, copied from one that is made once on this machine: initdb syncs for seconds on a busy disk. */
async function preparedFolder(): Promise<string> {
  const cache = join(projectFolder(), 'node_modules', '.cache', 'hallwatch');
  const template = join(cache, 'postgres-1');
  if (!existsSync(template)) {
    await mkdir(cache, { recursive: true });
    const made = await mkdtemp(join(cache, 'making-'));
    const server = await startPostgres({ dataDir: made, log: createLog('silent') });
    await server.stop();
    // Another test may have been faster.
    await rename(made, template).catch(() => rm(made, { recursive: true }));
  }
  const folder = await temporaryFolder();
  // cp keeps the owner, who is not root.
  await promisify(execFile)('cp', ['-a', `${template}/.`, folder]);
  return folder;
}

async function seed(store: Store, seal: Seal, reload: () => Promise<void>): Promise<void> {
  await seedFrom(join(projectFolder(), 'seeds'), store, seal.seal);
  await reload();
}
