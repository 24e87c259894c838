import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { HubError } from '../model/error.ts';

export type Row = Record<string, unknown>;

/** One statement: text with $1… and values. */
export interface Statement {
  text: string;
  values?: unknown[];
}

/** Something that runs SQL: the store or an open transaction. */
export interface Runner {
  /** The rows of the answer. Big integers (int8) come back as numbers; dates (`date`) as `YYYY-MM-DD` text; jsonb parsed. */
  query<R extends Row = Row>(text: string, values?: unknown[]): Promise<R[]>;
}

/** PostgreSQL behind one small port, so that the same contract suite runs on embedded PostgreSQL and on TimescaleDB in PGlite. */
export interface Store extends Runner {
  /** What the server can do: TimescaleDB community, Apache edition, or plain PostgreSQL. */
  readonly tier: 'community' | 'apache' | 'plain';
  /** Runs `work` in one transaction; rolls back when it throws. */
  transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** `postgres://user:password@host:port/database`. */
  url: string;
  log: Logger;
  /** Default 12. */
  connections?: number;
  /** How long the first connection may take. Default 30 s. */
  connectWithinMs?: number;
  /** How long one statement may run, and how long a transaction may idle. Default 60 s; `set local statement_timeout` raises it. */
  statementMs?: number;
}

/** Opens the pool and learns the tier. Throws `HubError('store.away')` when no server answers in time, `store.refused` when it answers with a refusal (password, database). */
export async function connectStore({
  url,
  log,
  connections = 12,
  connectWithinMs = 30_000,
  statementMs = 60_000,
}: StoreOptions): Promise<Store> {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'hallwatch',
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    // Sessions compute days themselves; a server in another zone must not change what a cast means.
    options: '-c timezone=UTC -c client_min_messages=warning',
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
    // Statements of a transaction that do not wait for each other's answer travel together.
    pipeline: true,
  });
  // An idle connection that dies (the server was killed) is reported here and nowhere else; unheard it would end the process.
  pool.on('error', (error) => log.debug({ err: error }, 'idle database connection lost'));

  const run = async <R extends Row>(
    client: Pick<pg.PoolClient, 'query'>,
    text: string,
    values?: unknown[],
  ): Promise<R[]> => {
    const answer: unknown = await client.query(values ? { text, values } : text);
    // Several statements in one text are answered by a list; the last one counts.
    const last = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryResult<R>;
    return last.rows;
  };

  await reach(pool, connectWithinMs);
  const runner: Runner = {
    async query<R extends Row>(text: string, values?: unknown[]) {
      try {
        return await run<R>(pool, text, values);
      } catch (error) {
        throw broken(error);
      }
    },
  };
  const tier = await learnTier(runner, log);
  log.info({ tier }, 'store is open');
  let ended: Promise<void> | undefined;
  return {
    tier,
    query: runner.query,
    async transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw broken(error);
      }
      let spoiled: Error | undefined;
      const onError = (error: Error): void => void (spoiled = error);
      client.on('error', onError);
      try {
        // If it fails, so does what comes after it.
        client.query('begin').catch(() => {});
        const result = await work({
          query: <R extends Row>(text: string, values?: unknown[]) =>
            run<R>(client, text, values).catch((error: unknown) => Promise.reject(broken(error))),
        });
        await client.query('commit');
        return result;
      } catch (error) {
        // A connection that cannot even roll back is thrown away.
        await client.query('rollback').catch((reason: Error) => (spoiled = reason));
        throw broken(error);
      } finally {
        client.off('error', onError);
        client.release(spoiled);
      }
    },
    // Whoever still holds a connection is a part that did not stop; the process does not wait for it.
    close: () => (ended ??= Promise.race([pool.end(), sleep(1_500, undefined, { ref: false })])),
  };
}

/** Class 08, 57P01..57P03 (the server shuts down, crashed, or starts) and 53300 (no connection free), and what the socket says. */
const awayCodes = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && (awayCodes.has(code) || /^08...$/.test(code))) return true;
  if (error instanceof AggregateError) return error.errors.some(isAway);
  return /connection terminated|timeout exceeded when trying to connect|connection timeout|not queryable/i.test(
    error.message,
  );
}

/** An error of the connection becomes `store.away`; an error of SQL stays what it is, because it is a bug. */
function broken(error: unknown): unknown {
  if (error instanceof Error && error.message.includes('after calling end on the pool'))
    return new HubError('store.closed', 'the store was closed', { cause: error });
  if (error instanceof HubError || !isAway(error)) return error;
  return new HubError('store.away', 'the database is not reachable', { cause: error });
}

async function reach(pool: pg.Pool, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      await pool.query('select 1');
      return;
    } catch (error) {
      if (isAway(error) && Date.now() < deadline) {
        await sleep(100);
        continue;
      }
      await pool.end();
      if (isAway(error))
        throw new HubError('store.away', `no database answered within ${withinMs} ms`, { cause: error });
      throw new HubError('store.refused', `the database refused the connection: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** Turns TimescaleDB on where the server has it, and says what it can do. */
export async function learnTier(runner: Runner, log: Logger): Promise<Store['tier']> {
  const [found] = await runner.query<{ installed: string | null }>(
    `select installed_version as installed from pg_available_extensions where name = 'timescaledb'`,
  );
  if (!found) return 'plain';
  if (found.installed === null) {
    try {
      await runner.query('create extension if not exists timescaledb');
    } catch (error) {
      log.warn({ err: error }, 'TimescaleDB is on the server but cannot be turned on: the plain tier is used');
      return 'plain';
    }
  }
  const [license] = await runner.query<{ license: string | null }>(
    `select current_setting('timescaledb.license', true) as license`,
  );
  return license?.license === 'timescale' ? 'community' : 'apache';
}

const int8 = 20;
// Parsed like their narrower twins: numbers by parseInt, days as text.
const int4Array: number = 1007;
const textArray: number = 1009;
const int8Array = 1016;
const date = 1082;
const dateArray = 1182;

function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (format !== 'binary') {
    if (oid === int8) return Number;
    if (oid === date) return String;
    if (oid === int8Array) return pg.types.getTypeParser(int4Array as number, 'text');
    if (oid === dateArray) return pg.types.getTypeParser(textArray as number, 'text');
  }
  return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown;
}
