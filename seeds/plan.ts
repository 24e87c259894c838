/** Pieces of a plan: a casefile's events in order, and the slots in which customers come. */
import { addDays, dayOf, startOf } from '../hub/model/calendar.ts';
import type { CaseEvent } from '../hub/model/event.ts';
import type { Window } from '../hub/model/world.ts';
import { random } from './random.ts';

/** The order in which things happen is the order of `at`; an event that was typed in afterwards happened before it. */
export interface Planned {
  at: number;
  event: CaseEvent;
}

type Part<T> = T extends unknown
  ? Omit<T, 'id' | 'region' | 'source' | 'occurredAt' | 'casefile' | 'window' | 'handler'>
  : never;
export type Step = Part<CaseEvent>;

/** One casefile while its events are planned. */
export class Draft {
  readonly #common;
  readonly #stem: string;
  readonly #steps: { at: number; occurredAt: number | undefined; step: Step }[] = [];

  constructor(region: string, number: string, window: Window, stem: string) {
    const handler = window.staff === undefined ? {} : { handler: window.staff };
    this.#common = { region, source: 'demo', casefile: number, window: window.id, ...handler };
    this.#stem = stem;
  }

  /** `at` is when the hub hears of it; `occurredAt`, where given, is when it is said to have happened. */
  add(at: number, step: Step, occurredAt?: number): this {
    this.#steps.push({ at, occurredAt, step });
    return this;
  }

  /** In the order of time, at least a second apart, numbered. */
  get planned(): Planned[] {
    let last = 0;
    return this.#steps
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, occurredAt, step }, index) => {
        last = Math.max(Math.floor(at), last + 1000);
        const id = `${this.#stem}-${index + 1}`;
        return { at: last, event: { id, ...this.#common, occurredAt: occurredAt ?? last, ...step } as CaseEvent };
      });
  }
}

export interface Slot {
  day: string;
  index: number;
  at: number;
  /** Milliseconds. */
  length: number;
}

/** The slots of `seconds` that begin in `from` ≤ time < `to`; each place has its own phase, so that not all begin at once. */
export function slots(from: number, to: number, seconds: number, place: string): Slot[] {
  const length = seconds * 1000;
  const phase = Math.floor(random('phase', place).next() * length);
  const found: Slot[] = [];
  for (let day = dayOf(from); startOf(day) < to; day = addDays(day, 1)) {
    const first = startOf(day) + phase;
    const most = Math.floor((86_400_000 - 1 - phase) / length);
    for (let index = Math.max(0, Math.ceil((from - first) / length)); index <= most; index++) {
      const at = first + index * length;
      if (at >= to) break;
      found.push({ day, index, at, length });
    }
  }
  return found;
}
