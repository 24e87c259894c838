/** One table of a department's database, read in the order of its key. Nothing is ever written there. */
import type { Poll } from './mapping.ts';
import { MysqlTable } from './pollMysql.ts';
import { PostgresTable } from './pollPostgres.ts';

/** The last row that was taken, as the other database writes it. */
export interface Cursor {
  order: string | null;
  key: string;
}

export interface Page {
  rows: Map<string, string>[];
  /** Undefined when there was nothing. */
  last: Cursor | undefined;
}

export interface Table {
  /** The next rows after `cursor`. Throws `HubError('source.away')` to be asked again, `source.refused` when asking again is no use. */
  page(cursor: Cursor | undefined): Promise<Page>;
  close(): Promise<void>;
}

export const schemes = 'postgres://user:password@host:port/database or mysql://user:password@host:port/database';
const makers: Record<string, (url: string, poll: Poll, offset: number) => Table> = {
  'postgres:': (url, poll) => new PostgresTable(url, poll),
  'postgresql:': (url, poll) => new PostgresTable(url, poll),
  'mysql:': (url, poll, offset) => new MysqlTable(url, poll, offset),
  'mariadb:': (url, poll, offset) => new MysqlTable(url, poll, offset),
};

export const isTableUrl = (url: string): boolean => URL.canParse(url) && new URL(url).protocol in makers;

/** `offset` in milliseconds: the clock on which columns without a zone stand. */
export function openTable(url: string, poll: Poll, offset: number): Table {
  return makers[new URL(url).protocol]!(url, poll, offset);
}
