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
