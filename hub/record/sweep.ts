/**
 * Looks at each day once it is over, across cases, and publishes what exceeds a threshold as `irregularity.measured` (P1…P5, P8).
 * `decide` makes signals of it.
 */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { addDays, dayOf, endOf, nextDay, previousDay } from '../model/calendar.ts';
import type { EventOf } from '../model/event.ts';
import type { World } from '../model/world.ts';
import type { Bus } from '../platform/nats.ts';
import type { Store } from '../platform/postgres.ts';
import { measure, type Found } from './irregularities.ts';
import { insertSwept, selectKnownIds, selectSourceNames, selectSwept } from './measures.ts';

const hour = 3_600_000;
/** Days that were missed are made up for, so far back. */
const mostDays = 31;
/** Irregularities of one day; more of them are no list that anybody reads. */
const mostFound = 1_000;

export class Sweep {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #world: () => World;
  readonly #log: Logger;
  #next = 0;
  #stopping = false;

  constructor(parts: { store: Store; bus: Bus; world: () => World; log: Logger }) {
    this.#store = parts.store;
    this.#bus = parts.bus;
    this.#world = parts.world;
    this.#log = parts.log;
  }

  /** At the start and on every full hour: measures the days that are over and were not measured. Returns how many events it published. */
  async run(now: number): Promise<number> {
    if (now < this.#next) return 0;
    const days = await this.#due(now);
    let published = 0;
    let before = days.before;
    for (const day of days.due) {
      if (this.#stopping) return published;
      const events = await this.#measure(day, before, now);
      if (events.length > 0) {
        await this.#bus.publishAll(events, { patienceMs: 5_000 });
        this.#log.info({ day, irregularities: events.length }, 'irregularities across cases were measured');
      }
      const { text, values } = insertSwept(day, now, events.length);
      await this.#store.query(text, values);
      before = day;
      published += events.length;
    }
    // Only now: a round that failed is tried again at once.
    this.#next = (Math.floor(now / hour) + 1) * hour;
    return published;
  }

  /** Days that are not measured yet wait for the next start. */
  stop(): void {
    this.#stopping = true;
  }

  /** The days to be measured, oldest first, and the latest one measured before them. A new hub begins with yesterday. */
  async #due(now: number): Promise<{ due: string[]; before: string | undefined }> {
    const yesterday = previousDay(dayOf(now));
    const earliest = addDays(yesterday, 1 - mostDays);
    const [last] = await this.#store.query<{ day: string | null }>(selectSwept.text);
    const before = last?.day ?? undefined;
    if (before === undefined) return { due: [yesterday], before };
    const due: string[] = [];
    for (let day = before < earliest ? earliest : nextDay(before); day <= yesterday; day = nextDay(day)) due.push(day);
    return { due, before };
  }

  async #measure(day: string, before: string | undefined, now: number): Promise<EventOf<'irregularity.measured'>[]> {
    const found = await measure({ store: this.#store, world: this.#world(), day, before });
    if (found.length > mostFound) this.#log.warn({ day, found: found.length }, 'only the first 1,000 are published');
    const named = await this.#named(found.slice(0, mostFound));
    const events = named.map((each) => eventOf(each, day, Math.min(endOf(day), now)));
    // A day that is measured again, after a fault or in a rebuilt store, gives other figures where cases came late.
    const { text, values } = selectKnownIds(events.map(({ id }) => id));
    const known = new Set((await this.#store.query<{ id: string }>(text, values)).map(({ id }) => id));
    return events.filter(({ id }) => !known.has(id));
  }

  async #named(found: Found[]): Promise<Found[]> {
    const { text, values } = selectSourceNames([...new Set(found.flatMap(({ origin }) => origin ?? []))]);
    const names = new Map(
      (await this.#store.query<{ id: string; name: string }>(text, values)).map(({ id, name }) => [id, name]),
    );
    return found.map((each) => {
      const name = each.origin === undefined ? undefined : names.get(each.origin);
      return name === undefined ? each : { ...each, name };
    });
  }
}

/** One event for each subject, measure and day: the id says so. */
function eventOf(found: Found, day: string, at: number): EventOf<'irregularity.measured'> {
  const { region, measure: what, matter, department, handler, origin } = found;
  const subject = JSON.stringify([region, matter, department, handler, origin]);
  const digest = createHash('sha256').update(subject).digest('hex').slice(0, 24);
  return {
    kind: 'irregularity.measured',
    id: `sweep:${day}:${what}:${digest}`,
    source: 'sweep',
    occurredAt: at,
    day,
    ...found,
  };
}
