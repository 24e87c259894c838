import type { Statement } from '../../platform/postgres.ts';

export interface VerdictRow extends Record<string, unknown> {
  position: number;
  refused: string | null;
  refused_field: string | null;
}

/** What became of an event, by its id; no row when it was not recorded (yet). */
export const selectVerdict = (id: string): Statement => ({
  text: 'select e.position, e.refused, e.refused_field from event_id i join event e on e.position = i.position where i.id = $1',
  values: [id],
});
