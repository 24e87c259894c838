/** Lists that live changes are merged into. Pure: the pages' classes hold the result. */
import type { Level } from '../../hub/model/pack.ts';
import { openStates, type Signal } from '../../hub/model/state.ts';

export interface Placed {
  id: string;
  position: number;
}

/**
 * The list with the changes in it: a later position replaces an earlier one of the same id, an earlier one is dropped
 * (an answer that was on its way while a live change overtook it). Newest first by `order`, at most `bound` kept.
 */
export function merge<T extends Placed>(
  list: readonly T[],
  changes: readonly T[],
  order: (item: T) => number,
  bound: number,
): T[] {
  const byId = new Map(list.map((item) => [item.id, item]));
  for (const change of changes) {
    const known = byId.get(change.id);
    if (!known || change.position >= known.position) byId.set(change.id, change);
  }
  return [...byId.values()].sort((a, b) => order(b) - order(a) || b.position - a.position).slice(0, bound);
}

export const severity: Record<Level, number> = { notice: 0, warning: 1, correction: 2, serious: 3 };

export const isOpen = (signal: Pick<Signal, 'state'>): boolean => openStates.some((state) => state === signal.state);

/** The most serious of some signals; the newest among equals. */
export function worst(signals: readonly Signal[]): Signal | undefined {
  let best: Signal | undefined;
  for (const signal of signals) {
    if (
      !best ||
      severity[signal.level] > severity[best.level] ||
      (severity[signal.level] === severity[best.level] && signal.issuedAt > best.issuedAt)
    )
      best = signal;
  }
  return best;
}

/**
 * What a list shows while the pointer rests on it: the same rows in the same places, each in its newest form.
 * `waiting` counts the rows that will slide in afterwards.
 */
export function held<T extends Placed>(shown: readonly T[], next: readonly T[]): { rows: T[]; waiting: number } {
  const byId = new Map(next.map((item) => [item.id, item]));
  const ids = new Set(shown.map((item) => item.id));
  return {
    rows: shown.map((item) => byId.get(item.id) ?? item),
    waiting: next.reduce((count, item) => count + (ids.has(item.id) ? 0 : 1), 0),
  };
}
