/** A part of a file's events, put into the order of time. */
import type { CaseEvent } from '../hub/model/event.ts';
import { checkTogether, type Fault } from '../hub/model/parse.ts';

export interface Derived {
  event: CaseEvent;
  line: number;
}

/** `at`: when it is played. */
export interface Timed extends Derived {
  at: number;
}

const isEnd = (event: CaseEvent): boolean => event.kind === 'case.decided' || event.kind === 'case.completed';

/**
 * Within one case, nothing is played before its acceptance: sources give dates without a time of day, and a case that ended
 * "at midnight" of the day it was accepted did not end first. An end that lies after everything read so far waits for the
 * next slice, because steps of the same case may still come.
 */
export class Slice {
  #events: Derived[] = [];

  get length(): number {
    return this.#events.length;
  }

  add(derived: Derived): void {
    this.#events.push(derived);
  }

  take(last: boolean): { timed: Timed[]; impossible: (Derived & { fault: Fault })[] } {
    const events = this.#events;
    const faults = checkTogether(events.map(({ event }) => event));
    const impossible = [...faults].map(([index, fault]) => ({ ...events[index]!, fault }));
    const accepted = new Map<string, number>();
    let newest = -Infinity;
    for (const { event } of events) {
      if (event.kind === 'case.accepted')
        accepted.set(event.casefile, Math.min(event.occurredAt, accepted.get(event.casefile) ?? Infinity));
      if (!isEnd(event)) newest = Math.max(newest, event.occurredAt);
    }
    const timed: Timed[] = [];
    this.#events = [];
    events.forEach((derived, index) => {
      if (faults.has(index)) return;
      const at = Math.max(derived.event.occurredAt, accepted.get(derived.event.casefile) ?? -Infinity);
      // Never more than half of a slice waits, or one slice could become the whole file.
      if (!last && isEnd(derived.event) && at > newest && this.#events.length < events.length / 2)
        this.#events.push(derived);
      else timed.push({ ...derived, at });
    });
    const rank = ({ event }: Timed): number =>
      event.kind === 'case.received' ? 0 : event.kind === 'case.accepted' ? 1 : isEnd(event) ? 3 : 2;
    // Array.sort is stable: what the file has at the same moment stays in the file's order.
    timed.sort((a, b) => a.at - b.at || rank(a) - rank(b));
    return { timed, impossible };
  }
}
