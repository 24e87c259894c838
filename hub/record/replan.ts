/**
 * Deadlines whose calendar changed are counted anew, each by an event of its own: a year that was not published when they were
 * counted, and single days of a published year or of a region (a closure, a day moved later).
 */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { dayOf, endOf, type WorkCalendar } from '../model/calendar.ts';
import type { EventOf } from '../model/event.ts';
import { prefixOf, type World } from '../model/world.ts';
import type { Bus } from '../platform/nats.ts';
import type { Statement, Store } from '../platform/postgres.ts';
import { selectPlanned, selectProvisional, selectSeen, upsertSeen } from './statements.ts';

const page = 1_000;

interface Waiting extends Record<string, unknown> {
  id: string;
  region: string;
  number: string;
  from_at: number;
  until_at: number | null;
}

/** A calendar as it is kept between two runs of the hub: days that are not like the plain week, by region, `''` for all. */
export interface SeenCalendar {
  years: number[];
  days: Record<string, Record<string, boolean>>;
}

/** Days of one region, or of all (`''`), that are worked otherwise than before. */
export interface ChangedDays {
  region: string;
  last: string;
}

export class Replan {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #world: () => World;
  readonly #log: Logger;
  #done: WorkCalendar | undefined;

  constructor(parts: { store: Store; bus: Bus; world: () => World; log: Logger }) {
    this.#store = parts.store;
    this.#bus = parts.bus;
    this.#world = parts.world;
    this.#log = parts.log;
  }

  /** Does nothing until the world has been read again. */
  async run(now: number): Promise<void> {
    const { calendar } = this.#world();
    if (calendar === this.#done) return;
    const years = [...calendar.years].sort((a, b) => a - b).join(',');
    // The same years ask once, however often the hub is started.
    let replanned = await this.#each(
      now,
      years,
      (after) => selectProvisional(after, page),
      (each) => isPublished(calendar.years, each),
    );
    const { text, values } = selectSeen();
    const [seen] = await this.#store.query<{ at: number; body: string }>(text, values);
    const present = seenOf(calendar);
    const body = JSON.stringify(present);
    const changed = seen ? changedDays(JSON.parse(seen.body) as SeenCalendar, present) : [];
    for (const { region, last } of changed) {
      const prefix = region === '' ? '' : prefixOf(region);
      // What was replanned for a calendar that was undone later may be replanned for it once more.
      const key = JSON.stringify([seen!.at, region, present.days[region] ?? {}]);
      replanned += await this.#each(now, key, (after) => selectPlanned(prefix, endOf(last), after, page));
    }
    // Only now: a round that failed is tried again, and its events have the ids they had.
    if (seen?.body !== body) {
      const write = upsertSeen(now, body);
      await this.#store.query(write.text, write.values);
    }
    this.#done = calendar;
    if (replanned > 0)
      this.#log.info({ casefiles: replanned }, 'deadlines are counted anew: their calendar has changed');
  }

  /** Publishes for the casefiles of a list, a page at a time. */
  async #each(
    now: number,
    key: string,
    select: (after: string) => Statement,
    isMeant: (each: Waiting) => boolean = () => true,
  ): Promise<number> {
    let replanned = 0;
    for (let after = ''; ;) {
      const { text, values } = select(after);
      const waiting = await this.#store.query<Waiting>(text, values);
      const events = waiting.filter(isMeant).map((each): EventOf<'clock.replanned'> => ({
        kind: 'clock.replanned',
        id: `replan:${createHash('sha256').update(`${key} ${each.id}`).digest('hex').slice(0, 40)}`,
        region: each.region,
        source: 'ticker',
        occurredAt: now,
        casefile: each.number,
      }));
      if (events.length > 0) await this.#bus.publishAll(events, { patienceMs: 5_000 });
      replanned += events.length;
      const last = waiting.at(-1);
      if (!last || waiting.length < page) return replanned;
      after = last.id;
    }
  }
}

const yearOf = (at: number): number => Number(dayOf(at).slice(0, 4));

/** Whether the calendar is known from the casefile's first day to its last deadline. */
function isPublished(years: ReadonlySet<number>, { from_at: from, until_at: until }: Waiting): boolean {
  for (let year = yearOf(from); year <= yearOf(until ?? from); year += 1) if (!years.has(year)) return false;
  return true;
}

/** Keys in order, so that equal calendars are equal texts. */
export function seenOf({ days, years, closures }: WorkCalendar): SeenCalendar {
  const workedOf = (list: WorkCalendar['days']): Record<string, boolean> =>
    Object.fromEntries(
      [...list].map(([day, { working }]) => [day, working] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  const regions = [...(closures ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    years: [...years].sort((a, b) => a - b),
    days: { '': workedOf(days), ...Object.fromEntries(regions.map(([region, list]) => [region, workedOf(list)])) },
  };
}

/** Days of a year that was not published then are left out: what was counted over them is provisional, and found as such. */
export function changedDays(before: SeenCalendar, now: SeenCalendar): ChangedDays[] {
  const known = new Set(before.years);
  const found: ChangedDays[] = [];
  for (const region of new Set([...Object.keys(before.days), ...Object.keys(now.days)])) {
    const [then, present] = [before.days[region] ?? {}, now.days[region] ?? {}];
    const days = [...new Set([...Object.keys(then), ...Object.keys(present)])].filter(
      (day) => then[day] !== present[day] && (region !== '' || known.has(Number(day.slice(0, 4)))),
    );
    if (days.length > 0) found.push({ region, last: days.sort().at(-1)! });
  }
  return found;
}
