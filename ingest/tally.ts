/**
 * Counts what the sources sent, for the sources page and the daily reconciliation (FS-20): from the archive, in the order of its
 * positions, each position once. The recorder's path knows nothing of it, and no page ever walks the archive.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { dayOf } from '../hub/model/calendar.ts';
import { HubError } from '../hub/model/error.ts';
import { lagBounds } from '../hub/model/lag.ts';
import type { Context } from '../hub/platform/part.ts';
import type { Runner } from '../hub/platform/postgres.ts';
import { placesBehind } from '../hub/platform/refused.ts';

const everyMs = 60_000;
/** Positions and refusals a transaction. */
const stepLength = 20_000;
const refusedLength = 5_000;
/** So long a difference of a day is looked at again: a late entry mends it. */
const checkedDays = 62;
const day = 86_400_000;

type Ground = Pick<Context, 'store' | 'bus' | 'log'>;

export class Tally {
  readonly #ground: Ground;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #step: Promise<void> | undefined;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Counts up to now and compares; callers at the same time share one run. */
  now(): Promise<void> {
    return (this.#step ??= this.#all().finally(() => (this.#step = undefined)));
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await sleep(everyMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      if (this.#stop.signal.aborted) return;
      await this.now().catch((error: unknown) => {
        const isAway = error instanceof HubError && error.code.endsWith('.away');
        this.#ground.log[isAway ? 'warn' : 'error']({ err: error }, 'sources could not be counted');
      });
    }
  }

  async #all(): Promise<void> {
    const { store } = this.#ground;
    while (!this.#stop.signal.aborted && (await store.transaction(countEvents)));
    while (!this.#stop.signal.aborted && (await this.#countRefusals()));
    await check(store, Date.now());
  }

  /** Whether there are more. */
  async #countRefusals(): Promise<boolean> {
    const { store, bus } = this.#ground;
    const [at] = await store.query<{ sequence: number }>('select refused_sequence as sequence from source_tally');
    const places = await placesBehind(bus, at?.sequence ?? 0, refusedLength);
    const last = places.at(-1);
    if (!last) return false;
    const counts = new Map<string, { source: string; day: string; count: number }>();
    for (const { source, at } of places) {
      const key = `${dayOf(at)} ${source}`;
      const row = counts.get(key) ?? { source, day: dayOf(at), count: 0 };
      row.count += 1;
      counts.set(key, row);
    }
    const rows = [...counts.values()];
    await store.transaction(async (runner) => {
      const moved = await runner.query(
        'update source_tally set refused_sequence = $1 where refused_sequence = $2 returning 1 as one',
        [last.sequence, at?.sequence ?? 0],
      );
      // Another hub on the same store was faster.
      if (moved.length === 0) return;
      await runner.query(
        `insert into source_day as d (source, region, day, events, refused, unread, lag)
         select u.source, coalesce(s.region, (select region from source_day e where e.source = u.source order by e.day desc, e.region limit 1), ''), u.day, 0, 0, u.count, '{}'
         from unnest($1::text[], $2::date[], $3::bigint[]) as u (source, day, count) left join source s on s.id = u.source
         on conflict (source, region, day) do update set unread = d.unread + excluded.unread`,
        [rows.map((row) => row.source), rows.map((row) => row.day), rows.map((row) => row.count)],
      );
    });
    return places.length === refusedLength;
  }
}

/** One step along the archive; whether there are more. The one row of `source_tally` keeps a second counter out. */
async function countEvents(runner: Runner): Promise<boolean> {
  const [span] = await runner.query<{ after: number; to: number; last: number }>(
    `select t.position as after, least(r.position, t.position + $1) as "to", r.position as last
     from source_tally t, recorder r for update of t`,
    [stepLength],
  );
  if (!span || span.after >= span.to) return false;
  const values = [span.after, span.to];
  await runner.query(
    `insert into source_day as d (source, region, day, events, refused, unread, last_at, lag)
     select source, region, day, sum(kept), sum(refused), 0, max(last_at), array(
       select coalesce(sum(n.kept), 0)::bigint from generate_series(0, cardinality($3::bigint[])) as place
       left join unnest(array_agg(bucket), array_agg(kept)) as n (bucket, kept) on n.bucket = place group by place order by place)
     from (
       select source, region, (to_timestamp(received_at / 1000.0) at time zone 'Asia/Shanghai')::date as day,
         width_bucket(greatest(coalesce((body->>'enteredAt')::bigint, received_at) - occurred_at, 0), $3::bigint[]) as bucket,
         count(*) filter (where refused is null) as kept, count(refused) as refused, max(received_at) as last_at
       from event where position > $1 and position <= $2 and kind like 'case.%' group by 1, 2, 3, 4
     ) as counted group by source, region, day
     on conflict (source, region, day) do update set events = d.events + excluded.events, refused = d.refused + excluded.refused,
       last_at = greatest(d.last_at, excluded.last_at), lag = array(
         select coalesce(a, 0) + coalesce(b, 0) from unnest(d.lag, excluded.lag) with ordinality as u (a, b, place) order by place)`,
    [...values, [...lagBounds]],
  );
  await runner.query(
    `insert into source_kind as k (source, day, kind, recorded, refused)
     select source, (to_timestamp(occurred_at / 1000.0) at time zone 'Asia/Shanghai')::date, kind, count(*) filter (where refused is null), count(refused)
     from event where position > $1 and position <= $2 and kind like 'case.%' group by 1, 2, 3
     on conflict (source, day, kind) do update set recorded = k.recorded + excluded.recorded, refused = k.refused + excluded.refused`,
    values,
  );
  await runner.query('update source_tally set position = $1', [span.to]);
  return span.to < span.last;
}

/** FS-20: what each source said of a day against what is recorded of it. A difference that is gone leaves its date. */
async function check(runner: Runner, now: number): Promise<void> {
  await runner.query(
    `update source_count c set checked_at = $1, difference = n.difference,
       differed_at = case when n.difference <> 0 then coalesce(c.differed_at, $1) else c.differed_at end
     from (
       select c.source, c.day, c.kind, coalesce(sum(k.recorded), 0) - c.expected as difference from source_count c
       left join source_kind k on k.source = c.source and k.day = c.day and (c.kind = 'all' or k.kind = c.kind)
       where c.day >= $2 group by c.source, c.day, c.kind, c.expected
     ) as n where n.source = c.source and n.day = c.day and n.kind = c.kind`,
    [now, dayOf(now - checkedDays * day)],
  );
}
