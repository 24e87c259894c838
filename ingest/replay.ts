/** `hallwatch replay`: a file of somebody's cases, through a mapping, onto the log and into the store. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../hub/model/error.ts';
import type { CaseEvent } from '../hub/model/event.ts';
import { checkAgainst } from '../hub/model/parse.ts';
import type { Context } from '../hub/platform/part.ts';
import { Commits } from './commits.ts';
import { rowReader, type RowReader } from './derive.ts';
import { rowsOf } from './formats.ts';
import { columnsOf, withIsoTimes, type DialectMapping, type Mapping } from './mapping.ts';
import { Refusals, type Refused } from './refusals.ts';
import { openBytes, type GoodRow, type Row } from './rows.ts';
import { Slice, type Timed } from './slice.ts';
import { Submitter } from './submit.ts';

export interface ReplayOptions {
  file: string;
  mapping: Mapping | DialectMapping;
  /** Wins over the mapping's. */
  region?: string;
  /** So many times real time, by `occurredAt`; `max` as fast as the hub takes it. */
  speed: number | 'max';
  /** Where refused rows are written. */
  refusedFile: string;
  onProgress?: (played: number, derived: number) => void;
  /** How long a server may be away during the run. Default 120 s. */
  patienceMs?: number;
}

export interface ReplayReport {
  file: string;
  /** Rows of the file, readable or not. */
  rows: number;
  /** In the store, of this source and region. */
  cases: number;
  events: number;
  /** Events that are new in the store. */
  accepted: number;
  duplicates: number;
  refused: number;
  late: number;
  onTime: number;
  open: number;
  seconds: number;
  eventsPerSecond: number;
  /** Where the refused rows are, when there are any. */
  refusedFile?: string;
  /** Why the file could not be read to its end. */
  broken?: string;
}

/** Events sorted and played together; a file in the order of its cases needs one slice for all of them to be in the order of time. */
const sliceLength = 200_000;
const chunkLength = 1_000;

/** Resolves when everything derived from the file is committed. Throws HubError when the region or the file is not there, or a server stays away. */
export async function replay(
  context: Pick<Context, 'bus' | 'store' | 'world' | 'log'>,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const { mapping } = options;
  const region = options.region ?? mapping.region;
  if (region === undefined)
    throw new HubError('replay.region', 'no region: give --region CODE, or region in the mapping');
  if (!context.world().regions.has(region)) throw new HubError('replay.region', `the hub knows no region ${region}`);
  const run = new Run(context, options, region);
  const started = performance.now();
  try {
    await run.play();
  } finally {
    await run.refusals.close();
  }
  const seconds = (performance.now() - started) / 1_000;
  return run.report(seconds);
}

interface Sent {
  fresh: CaseEvent[];
  clashes: number[];
}

class Run {
  readonly refusals: Refusals;
  readonly #context: Pick<Context, 'bus' | 'store' | 'world' | 'log'>;
  readonly #options: ReplayOptions;
  readonly #region: string;
  #deriver: RowReader;
  readonly #slice = new Slice();
  readonly #commits: Commits;
  readonly #submitter: Submitter;
  #rows = 0;
  #checked = false;
  #derived = 0;
  #played = 0;
  #accepted = 0;
  #duplicates = 0;
  #broken: string | undefined;
  /** Ids of the chunk that was published last. */
  #sending: string[] = [];
  /** Where the log's time and the clock on the wall were together. */
  #origin: { logged: number; wall: number } | undefined;

  constructor(context: Pick<Context, 'bus' | 'store' | 'world' | 'log'>, options: ReplayOptions, region: string) {
    this.#context = context;
    this.#options = options;
    this.#region = region;
    this.#deriver = rowReader(options.mapping, region);
    this.refusals = new Refusals(options.refusedFile, options.mapping.source, context.bus);
    this.#commits = new Commits(context, options.patienceMs ?? 120_000);
    this.#submitter = new Submitter(context);
  }

  async play(): Promise<void> {
    // What earlier senders left in the log is committed first: from then on the store knows every duplicate.
    await this.#commits.caughtUp();
    const { chunks } = await openBytes(this.#options.file);
    const { mapping } = this.#options;
    const { rows, isSheet } = await rowsOf(chunks, mapping);
    if (isSheet && 'reader' in mapping) this.#deriver = rowReader(withIsoTimes(mapping), this.#region);
    for await (const batch of rows) {
      await this.#take(batch);
      if (this.#slice.length >= sliceLength) await this.#playSlice(false);
    }
    await this.#playSlice(true);
  }

  async #take(rows: readonly Row[]): Promise<void> {
    const refused: Refused[] = [];
    const world = this.#context.world();
    for (const row of rows) {
      if (!row.ok && row.fatal) this.#broken = `line ${row.line}: ${row.reason}`;
      else this.#rows += 1;
      if (!row.ok) {
        refused.push(row);
        continue;
      }
      if (!this.#checked) this.#check(row);
      const { events, faults } = this.#deriver.take(row);
      for (const fault of faults) refused.push({ line: row.line, ...fault, text: row.text });
      for (const event of events) {
        this.#derived += 1;
        const fault = checkAgainst(world, event, Date.now());
        if (fault) refused.push({ line: row.line, ...fault, text: row.text });
        else this.#slice.add({ event, line: row.line });
      }
    }
    await this.refusals.add(refused);
  }

  /** A wrong mapping is said once, before anything is sent, and not for every row. */
  #check(row: GoodRow): void {
    this.#checked = true;
    if (row.sparse) return;
    const missing = [...columnsOf(this.#options.mapping)].filter((column) => !row.values.has(column));
    if (missing.length === 0) return;
    const there = [...row.values.keys()].join(', ').slice(0, 400);
    throw new HubError(
      'replay.columns',
      `the file has no column ${missing.join(', ')}, which the mapping names; it has ${there}`,
    );
  }

  async #playSlice(last: boolean): Promise<void> {
    const { timed, impossible } = this.#slice.take(last);
    await this.refusals.add(
      impossible.map(({ line, fault, event }) => ({ line, ...fault, text: JSON.stringify(event) })),
    );
    this.#progress();
    // One chunk is published while the one before is being committed: never more than two are on their way.
    let before: Promise<void> = Promise.resolve();
    for (let from = 0; from < timed.length;) {
      const chunk = await this.#due(timed, from);
      from += chunk.length;
      const sent = await this.#publish(chunk);
      await before;
      before = this.#settle(chunk, sent);
      // Heard when it is awaited; a failure must not end the process before that.
      before.catch(() => {});
    }
    await before;
  }

  /** The next events whose time has come, at most a chunk of them; waits until there is one. */
  async #due(timed: readonly Timed[], from: number): Promise<readonly Timed[]> {
    const { speed } = this.#options;
    if (speed === 'max') return timed.slice(from, from + chunkLength);
    const first = timed[from]!;
    this.#origin ??= { logged: first.at, wall: Date.now() };
    const { logged, wall } = this.#origin;
    const wallOf = (at: number): number => wall + (at - logged) / speed;
    // setTimeout takes at most 24.8 days, and the world may change its mind before.
    for (let left = wallOf(first.at) - Date.now(); left > 0; left = wallOf(first.at) - Date.now())
      await sleep(Math.min(left, 60_000));
    const now = Date.now();
    let to = from + 1;
    while (to < timed.length && to - from < chunkLength && wallOf(timed[to]!.at) <= now) to += 1;
    return timed.slice(from, to);
  }

  /** To the log; answers what the store did not have, and what has another event's id. */
  async #publish(chunk: readonly Timed[]): Promise<Sent> {
    const events = chunk.map(({ event }) => event);
    const known = await this.#commits.known(events);
    const { clashes } = await this.#commits.patiently(() => this.#submitter.submit(events, { patienceMs: 10_000 }));
    const clashing = new Set(clashes);
    // The chunk before may not be committed yet, and a file may hold one event twice.
    const seen = new Set([...known, ...this.#sending]);
    const fresh = events.filter((event, at) => !clashing.has(at) && !seen.has(event.id) && seen.add(event.id));
    this.#sending = fresh.map(({ id }) => id);
    return { fresh, clashes };
  }

  async #settle(chunk: readonly Timed[], { fresh, clashes }: Sent): Promise<void> {
    const events = chunk.map(({ event }) => event);
    const refused = await this.#commits.committed(fresh);
    const lines = new Map(chunk.map(({ event, line }) => [event.id, line]));
    this.#duplicates += events.length - clashes.length - fresh.length;
    this.#accepted += fresh.length - refused.length;
    this.#played += events.length;
    await this.refusals.add([
      ...clashes.map((at) => ({
        line: chunk[at]!.line,
        field: 'id',
        reason: `another event was recorded under the id ${events[at]!.id}`,
        text: JSON.stringify(events[at]),
      })),
      ...refused.map(({ event, field, reason }) => ({
        line: lines.get(event.id) ?? 0,
        field,
        reason,
        text: JSON.stringify(event),
      })),
    ]);
    this.#progress();
  }

  #progress(): void {
    this.#options.onProgress?.(this.#played, this.#derived);
  }

  async report(seconds: number): Promise<ReplayReport> {
    const counts = await this.#commits.counts(this.#options.mapping.source, this.#region);
    return {
      file: this.#options.file,
      rows: this.#rows,
      cases: counts.cases,
      events: this.#derived,
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      refused: this.refusals.count,
      late: counts.late,
      onTime: counts.onTime,
      open: counts.open,
      seconds: Math.round(seconds * 1_000) / 1_000,
      eventsPerSecond: Math.round(this.#played / Math.max(seconds, 0.001)),
      ...(this.refusals.count > 0 ? { refusedFile: this.refusals.path } : {}),
      ...(this.#broken === undefined ? {} : { broken: this.#broken }),
    };
  }
}
