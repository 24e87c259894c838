/** Time as events: `clock.turned` when a casefile's colour changes, `signal.turned` when a correction is due, and the duties of each working day. */
import type { Logger } from 'pino';
import { dayOf, isWorkingDay, startOf } from '../model/calendar.ts';
import type { Event, EventOf } from '../model/event.ts';
import { calendarIn, packOf, type World } from '../model/world.ts';
import type { Bus } from '../platform/nats.ts';
import type { Store } from '../platform/postgres.ts';
import { Replan } from './replan.ts';
import { selectFindingTurns, selectSignalTurns, selectTurns } from './statements.ts';
import { Sweep } from './sweep.ts';

const every = 250;
const mostTurns = 1_000;

export class Ticker {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #world: () => World;
  readonly #log: Logger;
  readonly #isReady: () => boolean;
  readonly #demo: boolean;
  readonly #sweep: Sweep;
  readonly #replan: Replan;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #measuring: Promise<void> | undefined;
  #planned = '';

  /** `isReady` says that the log has been read to its end: no clock is judged on a log that is not yet read. */
  constructor(parts: {
    store: Store;
    bus: Bus;
    world: () => World;
    log: Logger;
    demo: boolean;
    isReady: () => boolean;
  }) {
    this.#store = parts.store;
    this.#bus = parts.bus;
    this.#world = parts.world;
    this.#log = parts.log;
    this.#isReady = parts.isReady;
    this.#demo = parts.demo;
    this.#sweep = new Sweep(parts);
    this.#replan = new Replan(parts);
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#tick().finally(() => {
        if (this.#timer) this.start();
      });
    }, every);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sweep.stop();
    await this.#running;
    await this.#measuring;
  }

  async #tick(): Promise<void> {
    if (!this.#isReady()) return;
    try {
      const now = Date.now();
      await this.#replan.run(now);
      await this.#turn(now);
      await this.#turnSignals(now);
      await this.#turnFindings(now);
      await this.#plan(now);
      this.#measure(now);
    } catch (error) {
      this.#log.warn({ err: error }, 'the ticker could not do its round: trying again');
    }
  }

  /** Beside the rounds: measuring days takes seconds each, and no clock may wait for it. */
  #measure(now: number): void {
    this.#measuring ??= this.#sweep
      .run(now)
      .then(
        () => {},
        (error: unknown) => this.#log.warn({ err: error }, 'a day could not be measured: trying again'),
      )
      .finally(() => (this.#measuring = undefined));
  }

  async #turn(now: number): Promise<void> {
    const { text, values } = selectTurns(now, mostTurns);
    const due = await this.#store.query<{ region: string; number: string; next_turn: number; position: number }>(
      text,
      values,
    );
    if (due.length === 0) return;
    const events: EventOf<'clock.turned'>[] = due.map((row) => ({
      kind: 'clock.turned',
      // The same turn asked for twice is one event; after any further step of the casefile it is another.
      id: `turn:${row.position}:${row.next_turn}`,
      region: row.region,
      source: 'ticker',
      occurredAt: row.next_turn,
      casefile: row.number,
    }));
    await this.#bus.publishAll(events, { patienceMs: 5_000 });
  }

  async #turnSignals(now: number): Promise<void> {
    const { text, values } = selectSignalTurns(now, mostTurns);
    const due = await this.#store.query<{ region: string; id: string; next_turn: number; position: number }>(
      text,
      values,
    );
    if (due.length === 0) return;
    const events: EventOf<'signal.turned'>[] = due.map((row) => ({
      kind: 'signal.turned',
      id: `due:${row.position}:${row.next_turn}:${row.id}`,
      region: row.region,
      source: 'ticker',
      occurredAt: row.next_turn,
      signal: row.id,
    }));
    await this.#bus.publishAll(events, { patienceMs: 5_000 });
  }

  /** The times of the loop of a finding. */
  async #turnFindings(now: number): Promise<void> {
    const { text, values } = selectFindingTurns(now, mostTurns);
    const due = await this.#store.query<{ region: string; id: string; next_turn: number; position: number }>(
      text,
      values,
    );
    if (due.length === 0) return;
    const events: Event[] = due.map((row) => ({
      kind: 'finding.turned',
      id: `late:${row.position}:${row.next_turn}`,
      region: row.region,
      source: 'ticker',
      occurredAt: row.next_turn,
      finding: row.id,
    }));
    await this.#bus.publishAll(events, { patienceMs: 5_000 });
  }

  /** SC-11, SC-13, SC-14: every organ visits its own halls so many times on each working day. */
  async #plan(now: number): Promise<void> {
    const day = dayOf(now);
    const world = this.#world();
    const key = `${day} ${world.organs.size} ${world.halls.size} ${world.packs.size}`;
    if (this.#planned === key) return;
    const known = new Set(
      (await this.#store.query<{ id: string }>('select id from duty where day = $1', [day])).map(({ id }) => id),
    );
    const duties = dutiesOf(world, day, this.#demo ? '（演示：今日非工作日，照常排任务）' : undefined).filter(
      ({ duty }) => !known.has(duty),
    );
    if (duties.length > 0) {
      await this.#bus.publishAll(duties, { patienceMs: 5_000 });
      this.#log.info({ day, duties: duties.length }, 'the duties of the day are planned');
    }
    this.#planned = key;
  }
}

/**
 * The duties of a working day, one for each own hall of each organ; the same day always gives the same events. A demo plans
 * every day, so that there is something to do on a Sunday; `remark` then says so behind the article.
 */
export function dutiesOf(world: World, day: string, remark?: string): (Event & EventOf<'patrol.planned'>)[] {
  const events: EventOf<'patrol.planned'>[] = [];
  for (const organ of world.organs.values()) {
    // A day on which the organ's own region is closed is no working day of its halls.
    const isWorked = isWorkingDay(calendarIn(world, organ.region), day);
    if (!isWorked && remark === undefined) continue;
    const quota = packOf(world, organ.region, day)?.patrol;
    if (!quota || quota.own === 0) continue;
    for (const hall of world.halls.values()) {
      if (hall.region !== organ.region) continue;
      events.push({
        kind: 'patrol.planned',
        id: `duty:${day}:${organ.id}:${hall.id}`,
        region: organ.region,
        source: 'planner',
        occurredAt: startOf(day),
        duty: `${day}:${organ.id}:${hall.id}`,
        organ: organ.id,
        hall: hall.id,
        day,
        required: quota.own,
        dueAt: startOf(day) + quota.dueBy * 60_000,
        article: isWorked ? quota.article : `${quota.article}${remark}`,
      });
    }
  }
  return events;
}
