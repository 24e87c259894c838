import type { Statement } from '../../platform/postgres.ts';

export interface PastRow extends Record<string, unknown> {
  casefile: string;
  position: number;
  received_at: number;
  /** JSON as text: who decides it parses it. */
  body: string;
}

export const countCases = (prefix: string, from: number, to: number): Statement => ({
  text: 'select count(*) as cases from casefile where region like $1 and opened_at between $2 and $3',
  values: [`${prefix}%`, from, to],
});

/** The next cases by the day they came in; the index of the explorer's lists gives them in this order. */
export const selectCases = (
  prefix: string,
  from: number,
  to: number,
  afterAt: number,
  afterId: string,
  limit: number,
): Statement => ({
  text: `select id, opened_at from casefile
    where region like $1 and opened_at between $2 and $3 and (opened_at, id) > ($4, $5) order by opened_at, id limit $6`,
  values: [`${prefix}%`, from, to, afterAt, afterId, limit],
});

export const selectEvents = (casefiles: string[], until: number, limit: number): Statement => ({
  text: `select casefile, position, received_at, body::text as body from event
    where casefile = any($1) and refused is null and occurred_at <= $2 and kind like 'case.%' order by casefile, position limit $3`,
  values: [casefiles, until, limit],
});

/** Measured irregularities: each carries its figures. */
export const selectAlone = (prefix: string, from: number, to: number, limit: number): Statement => ({
  text: `select '' as casefile, position, received_at, body::text as body from event
    where region like $1 and kind = 'irregularity.measured' and refused is null and occurred_at between $2 and $3 order by position limit $4`,
  values: [`${prefix}%`, from, to, limit],
});
