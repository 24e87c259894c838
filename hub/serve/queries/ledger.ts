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

/** The first and the last entry of a region between two moments: what stands between them belongs to it. */
export const selectSpan = (region: string, from: number, to: number): Statement => ({
  text: 'select min(sequence) as first, max(sequence) as last from ledger where region = $1 and at between $2 and $3',
  values: [region, from, to],
});

export const selectHashes = (region: string, sequences: number[]): Statement => ({
  text: 'select sequence, previous, hash from ledger where region = $1 and sequence = any($2::bigint[])',
  values: [region, sequences],
});

export const selectRange = (region: string, after: number, last: number, limit: number): Statement => ({
  text: 'select body from ledger where region = $1 and sequence > $2 and sequence <= $3 order by sequence limit $4',
  values: [region, after, last, limit],
});

/** The newest entry up to a moment. */
export const selectUpTo = (region: string, to: number): Statement => ({
  text: 'select sequence, hash from ledger where region = $1 and at <= $2 order by at desc, sequence desc limit 1',
  values: [region, to],
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
