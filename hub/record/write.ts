/** The one transaction of a batch. */
import type { Put } from '../model/decide.ts';
import { HubError } from '../model/error.ts';
import type { LedgerEntry } from '../model/state.ts';
import type { Runner, Statement } from '../platform/postgres.ts';
import {
  insertEvents,
  insertLedger,
  insertPacks,
  notMoved,
  putTables,
  switchCameras,
  upsertRows,
  type Archived,
} from './statements.ts';

/** All statements are sent before the first is answered: while the store works through them, the next batch is decided. */
export async function writeAll(
  runner: Runner,
  move: Statement,
  events: Archived[],
  puts: Map<string, Put>,
  entries: LedgerEntry[],
): Promise<void> {
  const statements = [...insertEvents(events), ...insertPacks(events), ...switchCameras(events)];
  for (const table of putTables) {
    const rows = [...puts.values()].filter((put) => put.table === table).map((put) => put.row);
    if (rows.length > 0) statements.push(upsertRows(table, rows as never));
  }
  if (entries.length > 0) statements.push(insertLedger(entries));
  const answers = await Promise.allSettled([move, ...statements].map((statement) => run(runner, statement)));
  // What stands behind the first failure fails because of it.
  const failed = answers.findIndex(({ status }) => status === 'rejected');
  if (failed === -1) return;
  const { reason } = answers[failed] as PromiseRejectedResult;
  if (failed === 0 && (reason as { code?: unknown }).code === notMoved)
    throw new HubError('recorder.second', 'another recorder is writing to this database: one writer only');
  throw reason;
}

export async function run<R extends Record<string, unknown>>(runner: Runner, statement: Statement): Promise<R[]> {
  return runner.query<R>(statement.text, statement.values);
}
