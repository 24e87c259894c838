import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { HubError } from '../model/error.ts';

/** What a running hub tells the command line on the same machine: `DATA_DIR/hub.json`, mode 600. */
export interface RunningHub {
  pid: number;
  natsUrl: string;
  databaseUrl: string;
  /** `http://host:port`; absent until it listens. */
  address?: string;
}

export interface Lock {
  /** Writes hub.json, for the time of the lock. */
  tell(hub: RunningHub): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes DATA_DIR for this process; throws `HubError('data.taken')` when another one has it. The lock is a name that the kernel
 * frees however the process ends (an abstract socket, Linux only): no stale file, no guessing from process ids.
 */
export async function takeLock(dataDir: string): Promise<Lock> {
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const name = await lockName(dataDir);
  const server = name === undefined ? undefined : await hold(name, dataDir);
  const file = join(dataDir, 'hub.json');
  await rm(file, { force: true });
  return {
    async tell(hub) {
      await writeFile(`${file}.new`, `${JSON.stringify(hub)}\n`, { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
    async release() {
      await rm(file, { force: true });
      await new Promise<void>((done) => (server ? server.close(() => done()) : done()));
    },
  };
}

/** The hub that holds DATA_DIR now, once it has told its addresses. */
export async function runningHub(dataDir: string): Promise<RunningHub | undefined> {
  const name = await lockName(dataDir).catch(() => undefined);
  if (name === undefined || !(await isHeld(name))) return undefined;
  try {
    return JSON.parse(await readFile(join(dataDir, 'hub.json'), 'utf8')) as RunningHub;
  } catch {
    return undefined;
  }
}

async function lockName(dataDir: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  return `\0hallwatch:${createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex')}`;
}

function hold(name: string, dataDir: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new HubError('data.taken', `another hub runs on ${dataDir}: stop it, or set DATA_DIR to another folder`)
          : error,
      );
    });
    server.listen(name, () => resolve(server));
  });
}

function isHeld(name: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(name);
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('close', () => socket.destroy());
  });
}
