/** Time as events: `clock.turned` when a casefile's colour changes, `signal.turned` when a correction is due, and the plan of each day (`planner.ts`). */
import type { Logger } from 'pino';
import type { EventOf } from '../model/event.ts';
import type { World } from '../model/world.ts';
import type { Bus } from '../platform/nats.ts';
import type { Store } from '../platform/postgres.ts';
import type { Seal } from '../platform/seal.ts';
import { Planner } from './planner.ts';
import { Replan } from './replan.ts';
import { selectFindingTurns, selectSignalTurns, selectTurns } from './statements.ts';
import { Sweep } from './sweep.ts';

const every = 250;
const mostTurns = 1_000;

export class Ticker {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #log: Logger;
  readonly #isReady: () => boolean;
  readonly #sweep: Sweep;
  readonly #replan: Replan;
  readonly #planner: Planner;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #measuring: Promise<void> | undefined;

  /** `isReady` says that the log has been read to its end: no clock is judged on a log that is not yet read. */
  constructor(parts: {
    store: Store;
    bus: Bus;
    world: () => World;
    seal: Seal;
    log: Logger;
    demo: boolean;
    isReady: () => boolean;
  }) {
    this.#store = parts.store;
    this.#bus = parts.bus;
    this.#log = parts.log;
    this.#isReady = parts.isReady;
    this.#planner = new Planner(parts);
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
      await this.#planner.run(now);
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
    const events: EventOf<'finding.turned'>[] = due.map((row) => ({
      kind: 'finding.turned',
      id: `late:${row.position}:${row.next_turn}`,
      region: row.region,
      source: 'ticker',
      occurredAt: row.next_turn,
      finding: row.id,
    }));
    await this.#bus.publishAll(events, { patienceMs: 5_000 });
  }
}
