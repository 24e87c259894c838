import type { Statement } from '../../platform/postgres.ts';
import { lineColumns, type LineRow } from './halls.ts';

/** A casefile has a dozen events; a broken source must not make a page of a million. */
const eventsPerCasefile = 500;

export const selectCasefile = (id: string): Statement => ({
  text: 'select body from casefile where id = $1',
  values: [id],
});

export interface CaseLineRow extends LineRow {
  received_at: number;
  handler: string | null;
  note: string | null;
  reason: string | null;
  entered_at: number | null;
}

export const eventsOfCasefile = (id: string): Statement => ({
  text: `select ${lineColumns}, e.received_at, e.body->>'handler' as handler, e.body->>'note' as note, e.body->>'reason' as reason,
      (e.body->>'enteredAt')::int8 as entered_at
    from event e where e.casefile = $1 and e.kind like 'case.%' and e.refused is null order by e.position limit ${eventsPerCasefile}`,
  values: [id],
});

export const signalsOfCasefile = (id: string): Statement => ({
  text: 'select body from signal where casefile = $1 order by issued_at desc, id desc limit 100',
  values: [id],
});
