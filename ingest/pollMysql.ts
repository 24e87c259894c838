/** A table of a department's MySQL or MariaDB. */
import { createConnection, type Connection, type FieldPacket, type RowDataPacket } from 'mysql2/promise';
import { HubError } from '../hub/model/error.ts';
import type { Poll } from './mapping.ts';
import type { Cursor, Page, Table } from './pollTable.ts';

/** Codes of the protocol (`COM_QUERY` answer). */
const times = new Set([7, 10, 12, 14]);
const numbers = new Set([0, 1, 2, 3, 4, 5, 8, 9, 13, 246]);
const blobs = new Set([249, 250, 251, 252]);
const binary = 63;

/** How key and order are compared: a text with a column of numbers would be compared as floating point, where large keys are equal. */
interface Shape {
  keyIsNumber: boolean;
}

export class MysqlTable implements Table {
  readonly #url: string;
  readonly #poll: Poll;
  readonly #zone: string;
  #open: { connection: Connection; shape: Shape } | undefined;

  /** `offset` in milliseconds: columns of type TIMESTAMP are shown on this clock, so that they read like DATETIME beside them. */
  constructor(url: string, poll: Poll, offset: number) {
    this.#url = url;
    this.#poll = poll;
    this.#zone = zoneOf(offset);
  }

  async page(cursor: Cursor | undefined): Promise<Page> {
    try {
      const { connection, shape } = (this.#open ??= await this.#connect());
      const { text, values } = statement(this.#poll, cursor, shape.keyIsNumber);
      const [rows, fields] = await connection.query<RowDataPacket[]>({ sql: text, values, timeout: 70_000 });
      const pictures = new Set(fields.filter(isPicture).map(({ name }) => name));
      const last = rows.at(-1) as Record<string, string | null> | undefined;
      return {
        rows: rows.map((row) => valuesOf(row as Record<string, string | null>, pictures)),
        last: last && { order: last['hallwatch_order'] ?? null, key: last['hallwatch_key'] ?? '' },
      };
    } catch (error) {
      await this.close();
      throw error instanceof HubError ? error : told(error, this.#poll.table);
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    // A polite end waits for a server that may be gone.
    open?.connection.destroy();
  }

  async #connect(): Promise<{ connection: Connection; shape: Shape }> {
    const url = new URL(this.#url);
    const connection = await createConnection({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 3306 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      ...(url.searchParams.get('ssl') === 'true' ? { ssl: {} } : {}),
      // The server converts what a table keeps as GBK or GB18030.
      charset: 'utf8mb4',
      connectTimeout: 10_000,
      enableKeepAlive: true,
      // A strange server must not ask for files of this machine.
      flags: ['-LOCAL_FILES'],
      // Texts as the server writes them: no number loses digits, no time its zone.
      typeCast: (field) => field.string(),
    });
    // A connection that dies between two questions is told here and nowhere else.
    connection.on('error', () => (this.#open = undefined));
    try {
      await connection.query('set session transaction read only');
      await connection.query({ sql: 'set session time_zone = ?', values: [this.#zone] });
      // Without the strict modes a zero date may stand in a comparison.
      await connection.query("set session sql_mode = ''");
      const [[about]] = await connection.query<RowDataPacket[]>('select version() as version');
      // MariaDB counts in seconds, MySQL from 5.7.8 on in milliseconds, and an older one not at all.
      const limit = /maria/i.test(String(about?.['version']))
        ? 'max_statement_time = 60'
        : 'max_execution_time = 60000';
      await connection.query(`set session ${limit}`).catch(() => {});
      return { connection, shape: await this.#shapeOf(connection) };
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  async #shapeOf(connection: Connection): Promise<Shape> {
    const { table, key, order } = this.#poll;
    const wanted = [key, ...(order === undefined ? [] : [order])].map((name) => `t.${quote(name)}`).join(', ');
    const [, fields] = await connection.query(`select ${wanted} from ${tableOf(table)} t limit 0`);
    if (order !== undefined && !times.has(fields[1]?.columnType ?? -1))
      throw new HubError(
        'source.refused',
        `poll.order: expected a column of type DATETIME, TIMESTAMP or DATE in ${table}; ${order} is none`,
      );
    return { keyIsNumber: numbers.has(fields[0]?.columnType ?? -1) };
  }
}

/** What to ask for the next page. */
export function statement(
  poll: Poll,
  cursor: Cursor | undefined,
  keyIsNumber: boolean,
): { text: string; values: (string | number)[] } {
  const key = `t.${quote(poll.key)}`;
  const order = poll.order === undefined ? undefined : `t.${quote(poll.order)}`;
  const values: (string | number)[] = [];
  const where = [`${key} is not null`];
  // Young rows are left alone: a transaction that took its time earlier than this page's last may still commit.
  if (order !== undefined) {
    where.push(`${order} <= now(6) - interval ? second`);
    values.push(poll.lag);
  }
  if (cursor) {
    const isNumber = keyIsNumber && /^-?\d{1,65}(\.\d{1,30})?$/.test(cursor.key);
    const after = `${key} > ${isNumber ? cursor.key : '?'}`;
    const keyValues = isNumber ? [] : [cursor.key];
    if (order === undefined) {
      where.push(after);
      values.push(...keyValues);
    } else {
      // MySQL walks no index for (a, b) > (x, y): the first bound gives it the place to begin.
      where.push(`${order} >= ?`, `(${order} > ? or ${after})`);
      values.push(cursor.order ?? '', cursor.order ?? '', ...keyValues);
    }
  }
  const columns = order === undefined ? key : `${order}, ${key}`;
  const text = `select t.*, ${order === undefined ? 'null' : `cast(${order} as char)`} as hallwatch_order, cast(${key} as char) as hallwatch_key from ${tableOf(poll.table)} t where ${where.join(' and ')} order by ${columns} limit ${poll.batch}`;
  return { text, values };
}

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const tableOf = (table: string): string => table.split('.').map(quote).join('.');

function zoneOf(offset: number): string {
  const minutes = Math.abs(offset) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** A BLOB of bytes is no text; nothing that a mapping names stands in one. */
const isPicture = ({ columnType, characterSet }: FieldPacket): boolean =>
  blobs.has(columnType ?? -1) && (characterSet as unknown) === binary;

/** `0000-00-00` is how MySQL writes that there is no date: it reads as empty. */
const zeroDate = /^0000-00-00( 00:00:00(\.0+)?)?$/;

function valuesOf(row: Record<string, string | null>, pictures: ReadonlySet<string>): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(row)) {
    if (name === 'hallwatch_order' || name === 'hallwatch_key') continue;
    values.set(name, value === null || pictures.has(name) || zeroDate.test(value) ? '' : value);
  }
  return values;
}

/** Too many connections of this account pass; every other 42, like a wrong name or password (28), stays as it is. */
const passing = new Set([1203, 1226]);

function told(error: unknown, table: string): HubError {
  const { code, errno, sqlState, message } = error as {
    code?: string;
    errno?: number;
    sqlState?: string;
    message?: string;
  };
  const isWrong = /^(28|42|22|3D)/.test(sqlState ?? '') && !passing.has(errno ?? 0);
  // The address carries a password; the server's own words do not.
  return isWrong
    ? new HubError('source.refused', `the source's database refused to read ${table}: ${message ?? code}`)
    : new HubError('source.away', `the source's database is not reachable (${code ?? 'no answer'})`);
}
