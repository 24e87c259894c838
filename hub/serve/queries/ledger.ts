import type { LedgerEntry } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';

export interface EntryBody extends Record<string, unknown> {
  body: LedgerEntry;
}

/** One region's chain, newest first. */
export const selectEntries = (region: string, before: number | undefined, limit: number): Statement => ({
  text: 'select body from ledger where region = $1 and ($2::int8 is null or sequence < $2) order by sequence desc limit $3',
  values: [region, before ?? null, limit],
});

/** What the people of these accounts are called; at most as many as a page has entries. */
export const namesOf = (accounts: string[]): Statement => ({
  text: 'select name, display from account where name = any($1)',
  values: [accounts],
});

export const entriesAbout = (subjects: string[], prefix: string): Statement => ({
  text: 'select body from ledger where subject = any($1) and region like $2 order by at desc, sequence desc limit 200',
  values: [subjects, `${prefix}%`],
});
