/** A table of a department's PostgreSQL. */
import pg from 'pg';
import { HubError } from '../hub/model/error.ts';
import type { Poll } from './mapping.ts';
import type { Cursor, Page, Table } from './pollTable.ts';

const timestamptz = 1184;
/** Texts as the server writes them; `+08` becomes the offset that ISO 8601 knows. */
const types = {
  getTypeParser: (oid: number) => (text: string) =>
    oid === timestamptz ? text.replace(/([+-]\d{2})$/, '$1:00') : text,
};

export class PostgresTable implements Table {
  readonly #url: string;
  readonly #poll: Poll;
  #client: pg.Client | undefined;

  constructor(url: string, poll: Poll) {
    this.#url = url;
    this.#poll = poll;
  }

  async page(cursor: Cursor | undefined): Promise<Page> {
    try {
      const client = await this.#open();
      const { rows } = await client.query<Record<string, string | null>>(statement(this.#poll, cursor));
      const last = rows.at(-1);
      return {
        rows: rows.map(
          ({ hallwatch_order: _order, hallwatch_key: _key, ...row }) =>
            new Map(Object.entries(row).map(([name, value]) => [name, value ?? ''])),
        ),
        last: last && { order: last.hallwatch_order ?? null, key: last.hallwatch_key ?? '' },
      };
    } catch (error) {
      await this.close();
      throw told(error, this.#poll.table);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #open(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 10_000,
      statement_timeout: 60_000,
      query_timeout: 70_000,
      keepAlive: true,
      application_name: 'hallwatch poll',
      options: '-c default_transaction_read_only=on -c datestyle=ISO -c timezone=Asia/Shanghai',
      types: types as unknown as pg.CustomTypesConfig,
    });
    // A connection that dies between two questions is told here and nowhere else.
    client.on('error', () => (this.#client = undefined));
    await client.connect();
    return (this.#client = client);
  }
}

/** What to ask for the next page. */
export function statement(poll: Poll, cursor: Cursor | undefined): { text: string; values: unknown[] } {
  const table = poll.table.split('.').map(pg.escapeIdentifier).join('.');
  const key = `t.${pg.escapeIdentifier(poll.key)}`;
  const order = poll.order === undefined ? undefined : `t.${pg.escapeIdentifier(poll.order)}`;
  const columns = order === undefined ? key : `${order}, ${key}`;
  const values: unknown[] = [poll.batch];
  const where = [`${key} is not null`];
  // Young rows are left alone: a transaction that took its time earlier than this page's last may still commit.
  if (order !== undefined) where.push(`${order} <= now() - make_interval(secs => $${values.push(poll.lag)})`);
  if (cursor && order !== undefined)
    where.push(`(${columns}) > ($${values.push(cursor.order)}, $${values.push(cursor.key)})`);
  if (cursor && order === undefined) where.push(`${key} > $${values.push(cursor.key)}`);
  const text = `select t.*, ${order ?? 'null'}::text as hallwatch_order, ${key}::text as hallwatch_key from ${table} t where ${where.join(' and ')} order by ${columns} limit $1`;
  return { text, values };
}

/** Class 28 is a wrong name or password, 3D a wrong database, 42 a wrong table or column: all of that stays as it is. */
function told(error: unknown, table: string): HubError {
  const { code, message } = error as { code?: string; message?: string };
  const isWrong = typeof code === 'string' && /^(28|3D|42|22)...$/.test(code);
  // The connection text carries a password; the server's own words do not.
  return isWrong
    ? new HubError('source.refused', `the source's database refused to read ${table}: ${message ?? code}`)
    : new HubError('source.away', `the source's database is not reachable (${code ?? 'no answer'})`);
}
