import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { HubError } from '../model/error.ts';
import type { Runner, Store } from './postgres.ts';

interface Step {
  version: number;
  /** The file's name, which also says the variant that was applied. */
  name: string;
  sql: string;
  checksum: string;
}

export interface MigrateOptions {
  log: Logger;
  /** Folder of the numbered files. Default: `hub/schema` of this project, found from source and from a bundle alike. */
  folder?: string;
}

/** Any number that every hub asks for and nothing else does. */
const lock = 5_101_044_104;

/**
 * Brings the schema to the newest version, each step in a transaction of its own; two hubs that start at once take turns.
 * `NNN_name.sql` runs everywhere; `NNN_name.timescale.sql` and `NNN_name.plain.sql` are twins of which one runs.
 * Throws `schema.changed` when an applied file was edited since, `schema.newer` when a newer hub made this database.
 */
export async function migrate(
  store: Store,
  { log, folder = schemaFolder() }: MigrateOptions,
): Promise<{ version: number; applied: string[] }> {
  const steps = await readSteps(folder, store.tier === 'plain' ? 'plain' : 'timescale');
  const newest = steps.reduce((most, { version }) => Math.max(most, version), 0);
  await store.transaction(async (runner) => {
    await runner.query('select pg_advisory_xact_lock($1)', [lock]);
    await runner.query(
      'create table if not exists migration (version int primary key, name text not null, checksum text not null, applied_at bigint not null)',
    );
    await checkApplied(runner, folder, newest);
  });
  const applied: string[] = [];
  for (const { version, name, sql, checksum } of steps) {
    const done = await store.transaction(async (runner) => {
      await runner.query('select pg_advisory_xact_lock($1)', [lock]);
      if ((await runner.query('select from migration where version = $1', [version])).length > 0) return false;
      await runner.query('set local statement_timeout = 0');
      try {
        await runner.query(sql);
      } catch (error) {
        if (error instanceof HubError) throw error;
        throw new HubError('schema.failed', `${name} failed: ${(error as Error).message}`, { cause: error });
      }
      await runner.query('insert into migration (version, name, checksum, applied_at) values ($1, $2, $3, $4)', [
        version,
        name,
        checksum,
        Date.now(),
      ]);
      return true;
    });
    if (done) applied.push(name);
  }
  if (applied.length > 0) log.info({ version: newest, applied }, 'schema is up to date');
  return { version: newest, applied };
}

async function checkApplied(runner: Runner, folder: string, newest: number): Promise<void> {
  const rows = await runner.query<{ version: number; name: string; checksum: string }>(
    'select version, name, checksum from migration order by version',
  );
  const beyond = rows.find(({ version }) => version > newest);
  if (beyond)
    throw new HubError(
      'schema.newer',
      `the database has schema ${beyond.version} (${beyond.name}); this hub knows ${newest}: start a newer hub`,
    );
  for (const { name, checksum } of rows) {
    const sql = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (sql === undefined || checksumOf(sql) !== checksum) {
      throw new HubError(
        'schema.changed',
        `${name} was ${sql === undefined ? 'removed' : 'edited'} after it had been applied: put it back and add a new file instead, or start with an empty database`,
      );
    }
  }
}

const shape = /^(\d{3})_[a-z0-9_]+(?:\.(timescale|plain))?\.sql$/;

async function readSteps(folder: string, variant: 'timescale' | 'plain'): Promise<Step[]> {
  const steps: Step[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (!name.endsWith('.sql')) continue;
    const match = shape.exec(name);
    if (!match) throw new HubError('schema.name', `${name} is not named NNN_name[.timescale|.plain].sql`);
    if (match[2] !== undefined && match[2] !== variant) continue;
    const version = Number(match[1]);
    const twin = steps.find((each) => each.version === version);
    if (twin) throw new HubError('schema.name', `${name} and ${twin.name} have one number`);
    const sql = await readFile(join(folder, name), 'utf8');
    steps.push({ version, name, sql, checksum: checksumOf(sql) });
  }
  return steps;
}

/** Line ends are no change. */
const checksumOf = (sql: string): string => createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');

/** `hub/schema`, looked for upwards from this file: the source tree and `dist/` stand in the same project. */
export function schemaFolder(): string {
  return join(projectFolder(), 'hub', 'schema');
}

/** The folder that holds `hub/schema`, and `dist/web` once the web is built. */
export function projectFolder(from = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'hub', 'schema'))) return folder;
    if (folder === dirname(folder)) throw new HubError('schema.missing', `hub/schema stands nowhere above ${from}`);
  }
}
