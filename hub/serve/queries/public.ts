/** What stands on public screens (QT-11, QT-12). Each question is about one hall and bounded. */
import type { MatterRecord } from '../../model/matter.ts';
import type { BoardCounts } from '../../model/publicBoard.ts';
import type { Casefile } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';

export interface CaseBody extends Record<string, unknown> {
  body: Casefile;
}
export interface RecordBody extends Record<string, unknown> {
  record: MatterRecord;
}
export interface CountRow extends BoardCounts, Record<string, unknown> {}

/** Open ones and those that ended since, newest first. */
export const boardCases = (hall: string, since: number, limit: number): Statement => ({
  text: `select body from (
      select body, opened_at, id from casefile where hall = $1 and completed_at is null and (ended_at is null or ended_at >= $2)
      union all
      select body, opened_at, id from casefile where hall = $1 and completed_at >= $2) c
    order by opened_at desc, id desc limit $3`,
  values: [hall, since, limit],
});

export const boardCounts = (hall: string, from: number, to: number): Statement => ({
  text: `select
      (select count(*) from casefile where hall = $1 and opened_at between $2 and $3)::int as received,
      (select count(*) from casefile where hall = $1 and completed_at is null and ended_at is null)::int as open,
      count(*)::int as completed, count(promised_due_at)::int as promised,
      -- Before the day it was promised for.
      count(*) filter (where completed_at <= promised_due_at - 86400000)::int as early
    from casefile where hall = $1 and completed_at between $2 and $3`,
  values: [hall, from, to],
});

export const presencesOf = (hall: string): Statement => ({
  text: 'select body from presence where hall = $1 limit 500',
  values: [hall],
});

/** Cases of that number at the hall, or of the hall's region: a hall takes in cases of others, and others those of its region. */
export const casesByNumber = (number: string, hall: string, region: string): Statement => ({
  text: 'select body from casefile where number = $1 and (hall = $2 or region = $3) order by opened_at desc limit 5',
  values: [number, hall, region],
});

/** The newest frozen version of a matter's record. */
export const frozenRecord = (region: string, code: string): Statement => ({
  text: `select record from matter_version where region = $1 and code = $2 and state = 'frozen' order by version desc limit 1`,
  values: [region, code],
});
