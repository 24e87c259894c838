/** What a source's agent says of itself with each batch: how much waits at its end. Kept for the sources page, not in the log. */
import type { Logger } from 'pino';
import type { Store } from '../hub/platform/postgres.ts';

export interface Backlog {
  events: number;
  bytes: number;
  /** Epoch milliseconds: since when the oldest of them waits. */
  oldest?: number;
}

/** Travels with each batch, and under its signature. */
export const backlogHeader = 'x-hallwatch-backlog';

export const writeBacklog = ({ events, bytes, oldest }: Backlog): string =>
  `events=${events};bytes=${bytes}${oldest === undefined ? '' : `;oldest=${oldest}`}`;

/** Undefined for anything that an agent does not write. */
export function readBacklog(text: unknown): Backlog | undefined {
  const match = typeof text === 'string' && /^events=(\d{1,12});bytes=(\d{1,15})(?:;oldest=(\d{1,14}))?$/.exec(text);
  if (!match) return undefined;
  return {
    events: Number(match[1]),
    bytes: Number(match[2]),
    ...(match[3] === undefined ? {} : { oldest: Number(match[3]) }),
  };
}

const everyMs = 5_000;
const mostSources = 10_000;

export class Pulses {
  readonly #store: Pick<Store, 'query'>;
  readonly #log: Logger;
  #heard = new Map<string, Backlog & { at: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Pick<Store, 'query'>, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Cheap: this is called for every request. */
  hear(source: string, header: unknown, now: number): void {
    if (header === undefined) return;
    const backlog = readBacklog(header);
    if (!backlog || (this.#heard.size >= mostSources && !this.#heard.has(source))) return;
    this.#heard.set(source, { ...backlog, at: now });
    this.#timer ??= setTimeout(() => void this.flush(), everyMs).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const heard = [...this.#heard];
    this.#heard = new Map();
    if (heard.length === 0) return;
    const of = <K extends 'at' | 'events' | 'bytes' | 'oldest'>(key: K) => heard.map(([, each]) => each[key] ?? null);
    await this.#store
      .query(
        `insert into source_pulse (source, at, events, bytes, oldest) select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
         on conflict (source) do update set at = excluded.at, events = excluded.events, bytes = excluded.bytes, oldest = excluded.oldest`,
        [heard.map(([source]) => source), of('at'), of('events'), of('bytes'), of('oldest')],
      )
      // The next batch says it again.
      .catch((error: unknown) => this.#log.debug({ err: error }, 'the backlog of sources could not be kept'));
  }
}
