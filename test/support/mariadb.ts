import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { supervise, whichProgram } from '../../hub/platform/children.ts';
import { createLog } from '../../hub/platform/log.ts';
import { projectFolder } from '../../hub/platform/migrate.ts';
import { temporaryFolder } from './hub.ts';
import { removeFolder } from './folder.ts';
import { freePort } from './freePort.ts';

export interface Mariadb {
  /** `mysql://department:…@127.0.0.1:port/office`: may read only. */
  url: string;
  readonly pid: number | undefined;
  readonly restarts: number;
  /** Runs as the owner of the database `office`, also while the server is coming back. */
  run(text: string): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const nobody = 65_534;
export const password = 'p@ss:w/rd 密';

/** A real MariaDB on a free loopback port, in a folder of its own; its child dies with this process. */
export async function startMariadb(): Promise<Mariadb> {
  const folder = await preparedFolder();
  const port = await freePort();
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await run('chown', ['-R', `${nobody}:${nobody}`, folder]);
  const options = [
    '--no-defaults',
    `--datadir=${join(folder, 'data')}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--innodb-buffer-pool-size=16M',
    '--innodb-log-file-size=8M',
    // Written at every commit: what is killed must not lose what it said it has.
    '--innodb-flush-log-at-trx-commit=2',
    '--key-buffer-size=1M',
    '--max-connections=30',
    '--performance-schema=OFF',
    '--character-set-server=utf8mb4',
    // Another clock than the department's: the poller must not lean on it.
    '--default-time-zone=-05:00',
  ];
  const root = { host: '127.0.0.1', port, user: 'root', connectTimeout: 2_000, multipleStatements: true };
  const child = await supervise({
    name: 'mariadbd',
    log: createLog('silent'),
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', TZ: 'UTC' },
    command: () => ({ command: program(), args: options }),
    isReady: async () => {
      const connection = await createConnection(root).catch(() => undefined);
      connection?.destroy();
      return connection !== undefined;
    },
  });
  const mariadb: Mariadb = {
    url: `mysql://department:${encodeURIComponent(password)}@127.0.0.1:${port}/office`,
    get pid() {
      return child.pid;
    },
    get restarts() {
      return child.restarts;
    },
    async run(text) {
      for (let tries = 0; ; tries += 1) {
        const connection = await createConnection({ ...root, charset: 'utf8mb4' }).catch((error: unknown) => {
          if (tries > 100) throw error;
        });
        if (connection) {
          try {
            await connection.query(`create database if not exists office; use office; ${text}`);
            return;
          } finally {
            connection.destroy();
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async stop() {
      await child.stop();
      await removeFolder(folder);
    },
  };
  await mariadb.run(
    `create user department@'127.0.0.1' identified by '${password}'; grant select on office.* to department@'127.0.0.1'`,
  );
  return mariadb;
}

/** What mariadb-install-db does, which asks for programs of a package that nothing else here needs. */
async function bootstrap(folder: string): Promise<void> {
  await mkdir(folder);
  const scripts = ['mysql_system_tables.sql', 'mysql_system_tables_data.sql'];
  const texts = await Promise.all(scripts.map((name) => readFile(join('/usr/share/mysql', name), 'utf8')));
  const isRoot = process.getuid?.() === 0;
  const made = run(
    program(),
    [
      '--no-defaults',
      '--bootstrap',
      `--datadir=${folder}`,
      '--innodb-log-file-size=8M',
      ...(isRoot ? ['--user=root'] : []),
    ],
    { maxBuffer: 2 ** 24 },
  );
  made.child.stdin?.end(['create database mysql;', 'use mysql;', ...texts, ''].join('\n'));
  await made;
}

function program(): string {
  const found = whichProgram('mariadbd');
  if (found === undefined) throw new Error('mariadbd is missing: Debian package mariadb-server-core');
  return found;
}

/** A copy of a folder that is made once on this machine, which takes seconds. */
async function preparedFolder(): Promise<string> {
  const cache = join(projectFolder(), 'node_modules', '.cache', 'hallwatch');
  const template = join(cache, 'mariadb-1');
  if (!existsSync(template)) {
    await mkdir(cache, { recursive: true });
    const made = await mkdtemp(join(cache, 'making-'));
    await bootstrap(join(made, 'data'));
    // Another test may have been faster.
    await rename(made, template).catch(() => rm(made, { recursive: true }));
  }
  const folder = await temporaryFolder();
  await run('cp', ['-a', `${template}/.`, folder]);
  return folder;
}
