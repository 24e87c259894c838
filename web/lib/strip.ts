/** The days of "how the deadline was computed" (KF-06): one cell a day, from the first day that counts. */
import { addDays, dayOf, daysBetween } from '../../hub/model/calendar.ts';
import type { Clock } from '../../hub/model/api.ts';
import type { Explanation } from '../../hub/model/state.ts';

export type CellKind = 'counted' | 'weekend' | 'holiday' | 'suspended' | 'over' | 'ahead';

export interface Cell {
  day: string;
  kind: CellKind;
  /** Name of the holiday, or of the make-up day. */
  name?: string;
  makeUp: boolean;
  promised: boolean;
  statutory: boolean;
  /** The day the reckoning stands at: today, or the day the case was closed. */
  asOf: boolean;
}

export interface Strip {
  cells: Cell[];
  /** Days left out before the last part, when there are too many to draw. */
  cut: number;
}

type Deadlines = Pick<Clock, 'asOf' | 'statutory' | 'promised'>;

export const counted = (clock: Partial<Deadlines> | undefined): Explanation | undefined => {
  const both = [clock?.statutory, clock?.promised].filter(
    (each) => each !== undefined && each.unit !== 'given' && each.startedOn !== undefined,
  );
  return both.sort((a, b) => (a && b ? b.dueAt - a.dueAt : 0))[0];
};

/** Nothing when neither deadline was counted by the hub (given by the source, or not accepted yet). */
export function stripOf(clock: Deadlines, bound = 62): Strip | undefined {
  const main = counted(clock);
  if (!main?.startedOn) return undefined;
  const { promised, statutory } = clock;
  const today = dayOf(main.asOf);
  const last = [main.dueOn, promised?.dueOn, statutory?.dueOn, today].reduce<string>(
    (a, b) => (b !== undefined && b > a ? b : a),
    main.startedOn,
  );
  const excluded = new Map(
    [...(promised?.excluded ?? []), ...(statutory?.excluded ?? [])].map((each) => [each.day, each]),
  );
  const makeUp = new Set([...(promised?.makeUp ?? []), ...(statutory?.makeUp ?? [])]);
  const limit = statutory?.dueOn ?? main.dueOn;

  const length = daysBetween(main.startedOn, last) + 1;
  const cut = Math.max(0, length - bound);
  const cells: Cell[] = [];
  for (let index = 0; index < length; index += 1) {
    // The head and the tail tell the story: the middle of a very long case is left out.
    if (cut > 0 && index >= bound / 2 && index < bound / 2 + cut) continue;
    const day = addDays(main.startedOn, index);
    const out = excluded.get(day);
    const kind: CellKind = out ? out.reason : day > today ? 'ahead' : day > limit ? 'over' : 'counted';
    cells.push({
      day,
      kind,
      ...(out?.name ? { name: out.name } : {}),
      makeUp: makeUp.has(day),
      promised: day === promised?.dueOn,
      statutory: day === statutory?.dueOn,
      asOf: day === today,
    });
  }
  return { cells, cut };
}
