/** Time as events: `clock.turned` when a casefile's colour changes, `signal.turned` when a correction is due, `finding.turned` when a deadline of a finding is over, and the plan of each day (`planner.ts`). */
import type { Logger } from 'pino';
import type { EventOf } from '../model/event.ts';
import type { World } from '../model/world.ts';
import type { Bus } from '../platform/nats.ts';
import type { Statement, Store } from '../platform/postgres.ts';
import type { Seal } from '../platform/seal.ts';
import { Planner } from './planner.ts';
import { Replan } from './replan.ts';
import { selectFindingTurns, selectSignalTurns, selectTurns, type TurnRow } from './statements.ts';
import { Sweep } from './sweep.ts';
import { run } from './write.ts';

const every = 250;
const mostTurns = 1_000;

type Turned =
  | Pick<EventOf<'clock.turned'>, 'kind' | 'id' | 'casefile'>
  | Pick<EventOf<'signal.turned'>, 'kind' | 'id' | 'signal'>
  | Pick<EventOf<'finding.turned'>, 'kind' | 'id' | 'finding'>;

/** The same turn asked for twice is one event; after any further change of the row it is another. */
const turns: readonly { select: (now: number, limit: number) => Statement; eventOf: (row: TurnRow) => Turned }[] = [
  {
    select: selectTurns,
    eventOf: ({ id, position, next_turn }) => ({
      kind: 'clock.turned',
      id: `turn:${position}:${next_turn}`,
      casefile: id,
    }),
  },
  {
    select: selectSignalTurns,
    eventOf: ({ id, position, next_turn }) => ({
      kind: 'signal.turned',
      id: `due:${position}:${next_turn}:${id}`,
      signal: id,
    }),
  },
  {
    select: selectFindingTurns,
    eventOf: ({ id, position, next_turn }) => ({
      kind: 'finding.turned',
      id: `late:${position}:${next_turn}`,
      finding: id,
    }),
  },
];

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
      for (const { select, eventOf } of turns) await this.#turn(select(now, mostTurns), eventOf);
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

  async #turn(statement: Statement, eventOf: (row: TurnRow) => Turned): Promise<void> {
    const due = await run<TurnRow>(this.#store, statement);
    if (due.length === 0) return;
    const events = due.map((row) => ({
      ...eventOf(row),
      region: row.region,
      source: 'ticker',
      occurredAt: row.next_turn,
    }));
    await this.#bus.publishAll(events, { patienceMs: 5_000 });
  }
}
