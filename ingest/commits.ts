/** What a replay must know of the store and of the log, asked again while one of them is away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../hub/model/error.ts';
import type { CaseEvent } from '../hub/model/event.ts';
import type { Context } from '../hub/platform/part.ts';

export interface NotRecorded {
  event: CaseEvent;
  field: string;
  reason: string;
}

export interface Counts {
  cases: number;
  late: number;
  onTime: number;
  open: number;
}

export class Commits {
  readonly #context: Pick<Context, 'bus' | 'store' | 'log'>;
  readonly #patienceMs: number;

  constructor(context: Pick<Context, 'bus' | 'store' | 'log'>, patienceMs: number) {
    this.#context = context;
    this.#patienceMs = patienceMs;
  }

  /** Repeats `work` while the log or the store is away. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + this.#patienceMs;
    for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof HubError) || !/\.away$/.test(error.code) || Date.now() > deadline) throw error;
        this.#context.log.warn({ code: error.code }, 'waiting for a server to come back');
        await sleep(pause);
      }
    }
  }

  /** The ids that are in the store. */
  async known(events: readonly CaseEvent[]): Promise<Set<string>> {
    const ids = events.map(({ id }) => id);
    const rows = await this.patiently(() =>
      this.#context.store.query<{ id: string }>('select id from event_id where id = any($1)', [ids]),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Waits until the recorder has everything that is in the log now; what others send meanwhile is not waited for. */
  async caughtUp(): Promise<void> {
    const last = await this.patiently(() => this.#lastSequence());
    let seen = -1;
    for (let quiet = Date.now(); ; await sleep(50)) {
      const passed = await this.#passed();
      if (passed >= last) return;
      if (passed !== seen) quiet = Date.now();
      seen = passed;
      this.#checkQuiet(quiet);
    }
  }

  /** Waits until the recorder has committed all of them; answers those it refused. */
  async committed(events: readonly CaseEvent[]): Promise<NotRecorded[]> {
    if (events.length === 0) return [];
    const byId = new Map(events.map((event) => [event.id, event]));
    const ids = [...byId.keys()];
    let seen = -1;
    let last: number | undefined;
    let isPast = 0;
    for (let quiet = Date.now(), pause = 5; ; pause = Math.min(pause * 2, 250), await sleep(pause)) {
      const [row] = await this.patiently(() =>
        this.#context.store.query<{ known: number }>('select count(*) as known from event_id where id = any($1)', [
          ids,
        ]),
      );
      const known = row?.known ?? 0;
      if (known === ids.length) break;
      if (known !== seen) quiet = Date.now();
      seen = known;
      this.#checkQuiet(quiet);
      if (pause < 250) continue;
      // The recorder is past all of them, and yet some are missing: it could not store them (it says so in `refused.>`).
      last ??= await this.patiently(() => this.#lastSequence());
      if ((await this.#passed()) >= last) isPast += 1;
      if (isPast >= 4) break;
    }
    const rows = await this.patiently(() =>
      this.#context.store.query<{ id: string; refused: string | null; refused_field: string | null }>(
        'select e.id, e.refused, e.refused_field from event e join event_id i on i.id = e.id and i.position = e.position where i.id = any($1)',
        [ids],
      ),
    );
    const stored = new Set(rows.map(({ id }) => id));
    const refused = rows.flatMap(({ id, refused, refused_field }) =>
      refused === null ? [] : [{ event: byId.get(id)!, field: refused_field ?? '', reason: refused }],
    );
    const lost = events
      .filter(({ id }) => !stored.has(id))
      .map((event) => ({ event, field: '', reason: 'the recorder could not store it' }));
    return [...refused, ...lost];
  }

  /** Counted from the store: every case of this source and region. */
  async counts(source: string, region: string): Promise<Counts> {
    const [row] = await this.patiently(() =>
      this.#context.store.query<{ cases: number; late: number; on_time: number; open: number }>(
        `select count(*) as cases, count(*) filter (where completed_at > promised_due_at) as late,
           count(*) filter (where completed_at <= promised_due_at) as on_time, count(*) filter (where completed_at is null) as open
         from casefile where source = $1 and region = $2`,
        [source, region],
      ),
    );
    return { cases: row?.cases ?? 0, late: row?.late ?? 0, onTime: row?.on_time ?? 0, open: row?.open ?? 0 };
  }

  async #lastSequence(): Promise<number> {
    try {
      return (await this.#context.bus.manager.streams.info('EVENTS')).state.last_seq;
    } catch (error) {
      throw new HubError('log.away', 'the log does not say how long it is', { cause: error });
    }
  }

  /** The sequence up to which the recorder has acknowledged the log; 0 while nobody can tell. */
  async #passed(): Promise<number> {
    try {
      const { num_pending, num_ack_pending, ack_floor } = await this.#context.bus.manager.consumers.info(
        'EVENTS',
        'recorder',
      );
      return num_pending + num_ack_pending === 0 ? Infinity : ack_floor.stream_seq;
    } catch {
      return 0;
    }
  }

  #checkQuiet(since: number): void {
    if (Date.now() - since < this.#patienceMs) return;
    throw new HubError(
      'recorder.away',
      `the recorder has committed nothing for ${Math.round(this.#patienceMs / 1_000)} s; what was sent is in the log, and the same replay may be repeated`,
    );
  }
}
