/** Plays the simulated working day through the real door, `POST /api/ingest/events`, as a department's system would. */
import { setTimeout as sleep } from 'node:timers/promises';
import { addDays, dayOf, endOf, isWorkingDay, startOf } from '../hub/model/calendar.ts';
import { HubError } from '../hub/model/error.ts';
import { Casework, sessionLength } from './casework.ts';
import { readSeeds, seedsDir } from './files.ts';
import { calendarOf } from './load.ts';
import type { Planned } from './plan.ts';
import { readScenario } from './scenario.ts';

export interface SimulateOptions {
  /** The counters' traffic runs so many times as fast; cases that take days keep the pace of the calendar. Default 1. */
  speed?: number;
  /** Default: the scenario's. */
  seed?: number;
  /** Ends the simulation; the returned promise then resolves. */
  signal?: AbortSignal;
  /** Epoch ms: nothing later is played. */
  until?: number;
  /** What the hub holds of an earlier run: when its first case began and the last thing that happened. Only what is missing is sent. */
  known?: { from: number; to: number };
  /** After each batch, with the running totals. `history` is true while the past is filled in. */
  onProgress?: (totals: Totals, history: boolean) => void;
  /** How long a hub that does not answer is waited for. Default 10 minutes. */
  patienceMs?: number;
  /** Folder of the seed files. */
  dir?: string;
  /** How the hub's door is asked. Default: fetch. */
  ask?: (
    url: string,
    init: { method: string; headers: Record<string, string>; body: string; signal: AbortSignal },
  ) => Promise<Response>;
}

export interface Totals {
  sent: number;
  accepted: number;
  duplicates: number;
  refused: number;
  /** The first refusal's reason, to be shown. */
  reason?: string;
}

const batch = 500;
const tick = 400;
const day = 86_400_000;
/** What was sent shortly before the hub was last seen may not have reached it: it is sent again, under the same ids. */
const overlap = 10 * 60_000;
/** Later than any simulated case lives. */
const longestCase = 75;

/** Cases that take days: everything that is heard of in `from` < time ≤ `to`, of cases received on or after `since`. */
export function longCases(casework: Casework, since: number, from: number, to: number): Planned[] {
  const planned: Planned[] = [];
  const first = Math.max(startOf(dayOf(since)), startOf(addDays(dayOf(from), -longestCase)));
  for (let each = dayOf(first); startOf(each) <= to; each = addDays(each, 1)) planned.push(...casework.casesOf(each));
  return planned.filter(({ at }) => at > from && at <= to);
}

/** The counters' traffic that is heard of in `from` < time ≤ `to`. */
export function counterTraffic(casework: Casework, from: number, to: number, salt = ''): Planned[] {
  return casework.customers(from - sessionLength, to, salt).filter(({ at }) => at > from && at <= to);
}

const inOrder = (a: Planned, b: Planned): number => a.at - b.at || (a.event.id < b.event.id ? -1 : 1);

/** Plays until `signal` or `until`. Throws `HubError('demo.door')` when the hub refuses the token or stays away. */
export async function simulate(address: string, token: string, options: SimulateOptions = {}): Promise<Totals> {
  const { speed = 1, signal, until = Infinity, known } = options;
  const dir = options.dir ?? seedsDir();
  const [seeds, scenario] = await Promise.all([readSeeds(dir), readScenario(dir)]);
  const calendar = calendarOf(seeds.calendar);
  const casework = new Casework(seeds, scenario, calendar, options.seed);
  const door = new Door(address, token, options);

  const start = Math.min(Date.now(), until);
  let beginning = startOf(dayOf(start));
  for (let left = scenario.history.workingDays; left > 0;) {
    beginning -= day;
    if (isWorkingDay(calendar, dayOf(beginning))) left -= 1;
  }
  const since = known ? Math.min(known.from, beginning) : beginning;
  const seen = known ? Math.min(known.to - overlap, start) : beginning - 1;
  const recent = start - scenario.history.minutes * 60_000;
  const past = [
    ...longCases(casework, since, seen, start),
    // After a longer rest only the last hour is filled in, and the customers are served who stood there when it began.
    ...(known && seen < recent ? counterTraffic(casework, seen, recent).filter(wasThere(casework, seen)) : []),
    ...counterTraffic(casework, Math.max(seen, recent), start).filter(
      known && seen >= recent ? () => true : wholeSince(casework, recent, start),
    ),
  ].sort(inOrder);
  await door.send(past, true);

  // Two things are played from here on: the calendar's cases at their own pace, the counters at `speed`.
  // A chunk of the future that is planned at a time: a minute of it, or what passes in a second.
  const ahead = Math.max(60_000, speed * 1000);
  const salt = speed === 1 ? '' : `-x${start.toString(36)}`;
  const realOf = (at: number): number => start + (at - start) / speed;
  let planned = start;
  let plannedDay = start;
  let queue: Planned[] = [];
  while (!signal?.aborted && Date.now() < until) {
    const now = Date.now();
    if (plannedDay <= now) {
      const to = endOf(dayOf(now));
      queue.push(...longCases(casework, since, plannedDay, to));
      plannedDay = to;
    }
    while (realOf(planned) < now + 1000) {
      queue.push(
        ...counterTraffic(casework, planned, planned + ahead, salt).map((each) => atReal(each, realOf, speed)),
      );
      planned += ahead;
    }
    const due = queue.filter(({ at }) => at <= now).sort(inOrder);
    queue = queue.filter(({ at }) => at > now);
    if (due.length > 0) await door.send(due, false);
    await sleep(tick, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
  return door.totals;
}

/** At another speed the moment of an event is the moment it is played; what is claimed to lie days back stays as many days back. */
export function atReal({ at, event }: Planned, realOf: (at: number) => number, speed: number): Planned {
  if (speed === 1) return { at, event };
  const real = Math.floor(realOf(at));
  if (event.enteredAt === undefined) return { at: real, event: { ...event, occurredAt: real } };
  const shift = Math.ceil((at - real) / day) * day;
  const due =
    'promisedDueAt' in event && event.promisedDueAt !== undefined ? { promisedDueAt: event.promisedDueAt - shift } : {};
  return { at: real, event: { ...event, ...due, enteredAt: real, occurredAt: event.occurredAt - shift } };
}

/** Only cases whose first event lies in the span: half a case makes no sense to the hub. */
function wholeSince(casework: Casework, from: number, to: number): (each: Planned) => boolean {
  const begun = new Set(
    counterTraffic(casework, from, to)
      .filter(({ event }) => event.kind === 'case.received')
      .map(({ event }) => event.casefile),
  );
  return ({ event }) => begun.has(event.casefile);
}

/** Only cases that had begun, and so reached the hub, by then. */
function wasThere(casework: Casework, by: number): (each: Planned) => boolean {
  const begun = new Set(
    counterTraffic(casework, by - sessionLength, by)
      .filter(({ event }) => event.kind === 'case.received')
      .map(({ event }) => event.casefile),
  );
  return ({ event }) => begun.has(event.casefile);
}

/** The hub's door: batches, in order, repeated until they are stored. */
class Door {
  readonly totals: Totals = { sent: 0, accepted: 0, duplicates: 0, refused: 0 };
  readonly #url: string;
  readonly #token: string;
  readonly #options: SimulateOptions;

  constructor(address: string, token: string, options: SimulateOptions) {
    this.#url = new URL('/api/ingest/events', address).href;
    this.#token = token;
    this.#options = options;
  }

  async send(planned: readonly Planned[], history: boolean): Promise<void> {
    for (let at = 0; at < planned.length && !this.#options.signal?.aborted; at += batch) {
      const events = planned.slice(at, at + batch).map(({ event }) => event);
      const answer = await this.#post(JSON.stringify(events));
      if (!answer) return;
      this.totals.sent += events.length;
      this.totals.accepted += answer.accepted;
      this.totals.duplicates += answer.duplicates;
      this.totals.refused += answer.refused.length;
      const [first] = answer.refused;
      if (first) this.totals.reason ??= `${events[first.index]?.id}: ${first.field}: ${first.reason}`;
      this.#options.onProgress?.(this.totals, history);
    }
  }

  /** Undefined when the simulation was ended meanwhile. A repetition is harmless: the ids are the same. */
  async #post(body: string): Promise<Answer | undefined> {
    const { signal, patienceMs = 600_000, ask = fetch } = this.#options;
    const giveUp = Date.now() + patienceMs;
    for (let pause = 250; ; pause = Math.min(pause * 2, 5_000)) {
      let problem: string;
      try {
        const response = await ask(this.#url, {
          method: 'POST',
          headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
          body,
          signal: AbortSignal.any([...(signal ? [signal] : []), AbortSignal.timeout(60_000)]),
        });
        if (response.ok) return (await response.json()) as Answer;
        problem = `${response.status}: ${(await response.text()).slice(0, 500)}`;
        if (response.status < 500 && response.status !== 429)
          throw new HubError('demo.door', `the hub refused the simulated events: ${problem}`);
      } catch (error) {
        if (signal?.aborted) return undefined;
        if (error instanceof HubError) throw error;
        problem = error instanceof Error ? error.message : String(error);
      }
      if (Date.now() > giveUp)
        throw new HubError('demo.door', `the hub does not take the simulated events: ${problem}`);
      await sleep(pause, undefined, signal ? { signal } : {}).catch(() => undefined);
      if (signal?.aborted) return undefined;
    }
  }
}

interface Answer {
  accepted: number;
  duplicates: number;
  refused: { index: number; field: string; reason: string }[];
}
