/** A year without a published calendar makes deadlines provisional: when it arrives, each is counted anew by an event of its own. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { dayOf } from '../model/calendar.ts';
import type { EventOf } from '../model/event.ts';
import type { World } from '../model/world.ts';
import type { Bus } from '../platform/nats.ts';
import type { Store } from '../platform/postgres.ts';
import { selectProvisional } from './statements.ts';

const page = 1_000;

interface Waiting extends Record<string, unknown> {
  id: string;
  region: string;
  number: string;
  from_at: number;
  until_at: number | null;
}

export class Replan {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #world: () => World;
  readonly #log: Logger;
  #years = '';

  constructor(parts: { store: Store; bus: Bus; world: () => World; log: Logger }) {
    this.#store = parts.store;
    this.#bus = parts.bus;
    this.#world = parts.world;
    this.#log = parts.log;
  }

  /** Does nothing until the published years are others than the last time. */
  async run(now: number): Promise<void> {
    const { years } = this.#world().calendar;
    const key = [...years].sort((a, b) => a - b).join(',');
    if (key === this.#years) return;
    let replanned = 0;
    for (let after = ''; ;) {
      const { text, values } = selectProvisional(after, page);
      const waiting = await this.#store.query<Waiting>(text, values);
      const events = waiting
        .filter((each) => isPublished(years, each))
        .map((each): EventOf<'clock.replanned'> => ({
          kind: 'clock.replanned',
          // The same calendar asks once, however often the hub is started.
          id: `replan:${createHash('sha256').update(`${key} ${each.id}`).digest('hex').slice(0, 40)}`,
          region: each.region,
          source: 'ticker',
          occurredAt: now,
          casefile: each.number,
        }));
      if (events.length > 0) await this.#bus.publishAll(events, { patienceMs: 5_000 });
      replanned += events.length;
      const last = waiting.at(-1);
      if (!last || waiting.length < page) break;
      after = last.id;
    }
    this.#years = key;
    if (replanned > 0)
      this.#log.info({ casefiles: replanned }, 'deadlines are counted anew: their calendar was published');
  }
}

const yearOf = (at: number): number => Number(dayOf(at).slice(0, 4));

/** Whether the calendar is known from the casefile's first day to its last deadline. */
function isPublished(years: ReadonlySet<number>, { from_at: from, until_at: until }: Waiting): boolean {
  for (let year = yearOf(from); year <= yearOf(until ?? from); year += 1) if (!years.has(year)) return false;
  return true;
}
