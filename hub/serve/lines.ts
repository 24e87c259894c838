import type { EventKind } from '../model/event.ts';
import type { EventLine } from '../model/live.ts';
import type { LineRow } from './queries/halls.ts';

/** A row of the archive as a line of an event list. */
export function lineOf(row: LineRow): EventLine {
  return {
    id: row.id,
    position: row.position,
    region: row.region,
    kind: row.kind as EventKind,
    casefile: row.casefile,
    ...(row.matter === null ? {} : { matter: row.matter }),
    ...(row.hall === null ? {} : { hall: row.hall }),
    ...(row.hall_window === null ? {} : { window: row.hall_window }),
    ...(row.step === null ? {} : { step: row.step }),
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    occurredAt: row.occurred_at,
  };
}
