/**
 * The plan of each day (SC-30): duties by the packs' quotas (SC-11…SC-14), the draw where they say *choose* (SC-12), and the moments
 * at which a duty is at risk or missed. All of it as events; the same day always gives the same ones.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { addDays, dayOf, daysBetween, nextDay, startOf } from '../model/calendar.ts';
import { bytesOf, chosenBy, daysUnvisited, drawId, weightOf, type Draw, type DrawLot } from '../model/draw.ts';
import type { Event, EventOf } from '../model/event.ts';
import { dutiesOf, quotaOf, type Demonstration, type Load, type Quota } from '../model/quota.ts';
import type { Organ, World } from '../model/world.ts';
import { digestOfText } from '../platform/digest.ts';
import type { Bus } from '../platform/nats.ts';
import type { Store } from '../platform/postgres.ts';
import type { Seal } from '../platform/seal.ts';
import {
  deleteSeeds,
  insertSeed,
  selectDraws,
  selectDutyIds,
  selectDutyTurns,
  selectLoads,
  selectOwed,
  selectSeeds,
  selectVisited,
  type DrawBody,
  type LoadRow,
  type OwedRow,
  type SeedRow,
  type VisitedRow,
} from './drawing.ts';
import type { TurnRow } from './statements.ts';
import { run } from './write.ts';

const mostTurns = 1_000;
/** Longer than any holiday: the next day on which an organ draws is not further away. */
const furthest = 30;
/** How far back a hall's busy hours are counted. */
const loadDays = 28;
/** Longer than any holiday as well: whom an organ owed nothing for so long is new to it. */
const owedDays = 31;
const patience = { patienceMs: 5_000 };

interface Seed {
  seed: string;
  madeAt: number;
}

export class Planner {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #world: () => World;
  readonly #seal: Seal;
  readonly #log: Logger;
  readonly #demo: boolean;
  #planned: { day: string; world: World } | undefined;

  constructor(parts: { store: Store; bus: Bus; world: () => World; seal: Seal; log: Logger; demo: boolean }) {
    this.#store = parts.store;
    this.#bus = parts.bus;
    this.#world = parts.world;
    this.#seal = parts.seal;
    this.#log = parts.log;
    this.#demo = parts.demo;
  }

  async run(now: number): Promise<void> {
    await this.#turn(now);
    await this.#plan(now);
  }

  async #turn(now: number): Promise<void> {
    const due = await run<TurnRow>(this.#store, selectDutyTurns(now, mostTurns));
    if (due.length === 0) return;
    const events: EventOf<'patrol.turned'>[] = due.map((row) => ({
      kind: 'patrol.turned',
      id: `duty-turn:${row.position}:${row.next_turn}:${digestOfText(row.id).slice(0, 16)}`,
      region: row.region,
      source: 'planner',
      occurredAt: row.next_turn,
      duty: row.id,
    }));
    await this.#bus.publishAll(events, patience);
  }

  /** Once a day, and again when the reference data changed. */
  async #plan(now: number): Promise<void> {
    const day = dayOf(now);
    const world = this.#world();
    if (this.#planned?.day === day && this.#planned.world === world) return;
    const demo = this.#demo ? { now, remark: '（演示：今日非工作日，照常排任务）' } : undefined;
    const draws = new Map((await run<DrawBody>(this.#store, selectDraws(day))).map(({ body }) => [body.id, body]));
    await run(this.#store, deleteSeeds);
    await this.#publishSeeds([...draws.values()].filter((each) => each.day < day && each.state !== 'published'));

    const quotas = [...world.organs.values()].flatMap((organ) => {
      const quota = quotaOf(world, organ, day, demo);
      return quota ? [{ organ, quota }] : [];
    });
    const drawing = quotas.filter(({ quota }) => quota.draws.length > 0);
    // Today's only where nobody could fix it before: on the first day of a hub.
    const wanted = drawing.map(({ organ }) => ({ organ, day }));
    for (const organ of world.organs.values()) {
      const next = nextDrawDay(world, organ, day, demo);
      if (next !== undefined) wanted.push({ organ, day: next });
    }
    const seeds = await this.#commit(
      wanted.map((each) => ({ ...each, id: drawId(each.day, each.organ.id) })),
      draws,
      now,
    );

    const lots = new Map<string, DrawLot[]>();
    const made: EventOf<'draw.made'>[] = [];
    for (const { organ, quota } of drawing) {
      const id = drawId(day, organ.id);
      const known = draws.get(id);
      const seed = seeds.get(id)?.seed;
      if (known && known.lots.length > 0) lots.set(organ.id, known.lots);
      else if (seed !== undefined) {
        const drawn = await this.#draw(seed, id, organ, day, quota);
        lots.set(organ.id, drawn);
        made.push({ ...drawEvent('draw.made', id, organ, day, startOf(day)), lots: drawn });
      } else this.#log.error({ draw: id }, 'the seed of a draw is lost: what would be drawn is not planned');
    }
    await this.#publish(made);

    const known = new Set((await run<{ id: string }>(this.#store, selectDutyIds(day))).map(({ id }) => id));
    const loads = quotas.length === 0 ? new Map<string, Load>() : await this.#loads(day);
    const owed = await run<OwedRow>(this.#store, selectOwed(addDays(day, -owedDays), day));
    const beginning = { now, owedBefore: new Set(owed.flatMap(({ organ, hall }) => [organ, `${organ} ${hall}`])) };
    const duties = quotas
      .flatMap(({ organ }) =>
        dutiesOf(world, organ, day, {
          lots: lots.get(organ.id) ?? [],
          draw: drawId(day, organ.id),
          loads,
          beginning,
          ...(demo ? { demo } : {}),
        }),
      )
      .filter(({ duty }) => !known.has(duty));
    await this.#publish(duties);
    if (duties.length > 0) this.#log.info({ day, duties: duties.length }, 'the duties of the day are planned');
    this.#planned = { day, world };
  }

  async #publish(events: readonly Event[]): Promise<void> {
    if (events.length > 0) await this.#bus.publishAll(events, patience);
  }

  /** Makes the seeds that are missing and publishes what fixes them. Returns the seeds that open. */
  async #commit(
    wanted: { id: string; organ: Organ; day: string }[],
    draws: ReadonlyMap<string, Draw>,
    now: number,
  ): Promise<Map<string, Seed>> {
    for (const { id, day } of wanted) {
      if (draws.has(id)) continue;
      const { text, values } = insertSeed(id, day, now, this.#seal.seal(randomBytes(32).toString('hex')));
      await this.#store.query(text, values);
    }
    const seeds = await this.#seeds(wanted.map(({ id }) => id));
    await this.#publish(
      wanted.flatMap(({ id, organ, day }) => {
        const found = seeds.get(id);
        if (draws.has(id) || !found) return [];
        const commitment = digestOfText(bytesOf(found.seed));
        return [{ ...drawEvent('draw.committed', id, organ, day, found.madeAt), commitment }];
      }),
    );
    return seeds;
  }

  async #publishSeeds(draws: Draw[]): Promise<void> {
    if (draws.length === 0) return;
    const seeds = await this.#seeds(draws.map(({ id }) => id));
    const now = Date.now();
    await this.#publish(
      draws.flatMap(({ id, organ, region, day }) => {
        const found = seeds.get(id);
        if (!found) return [];
        return [
          {
            ...drawEvent('draw.published', id, { id: organ, region }, day, Math.min(now, startOf(nextDay(day)))),
            seed: found.seed,
          },
        ];
      }),
    );
  }

  async #seeds(draws: readonly string[]): Promise<Map<string, Seed>> {
    const seeds = new Map<string, Seed>();
    if (draws.length === 0) return seeds;
    for (const { draw, made_at, seed } of await run<SeedRow>(this.#store, selectSeeds(draws))) {
      try {
        seeds.set(draw, { seed: this.#seal.open(seed), madeAt: made_at });
      } catch (error) {
        this.#log.error({ err: error, draw }, 'the seed of a draw does not open: it cannot be made or published');
      }
    }
    return seeds;
  }

  async #draw(seed: string, draw: string, organ: Organ, day: string, quota: Quota): Promise<DrawLot[]> {
    const visited = new Map(
      (await run<VisitedRow>(this.#store, selectVisited(organ.id, day))).map((row) => [row.hall, row.day]),
    );
    const since = daysBetween(visited.get('') ?? day, day);
    return quota.draws.map(({ level, count, halls }) => {
      const candidates = halls
        .map(({ id: hall }) => {
          const last = visited.get(hall);
          const days = last === undefined ? daysUnvisited(since, halls.length, count) : daysBetween(last, day);
          return { hall, days: weightOf(days) };
        })
        .sort((a, b) => (a.hall < b.hall ? -1 : 1));
      return { level, count, candidates, chosen: chosenBy(digestOfText, { seed, draw, level, count, candidates }) };
    });
  }

  async #loads(day: string): Promise<Map<string, Load>> {
    const loads = new Map<string, number[]>();
    const from = startOf(addDays(day, -loadDays));
    for (const { hall, hour, cases } of await run<LoadRow>(this.#store, selectLoads(from, startOf(day)))) {
      const load = loads.get(hall) ?? Array.from({ length: 24 }, () => 0);
      load[hour] = cases;
      loads.set(hall, load);
    }
    return loads;
  }
}

/** The next day on which an organ draws. */
function nextDrawDay(world: World, organ: Organ, day: string, demo: Demonstration | undefined): string | undefined {
  for (let next = nextDay(day), left = furthest; left > 0; next = nextDay(next), left -= 1)
    if ((quotaOf(world, organ, next, demo)?.draws.length ?? 0) > 0) return next;
  return undefined;
}

function drawEvent<K extends EventOf<'draw.committed' | 'draw.made' | 'draw.published'>['kind']>(
  kind: K,
  draw: string,
  organ: Pick<Organ, 'id' | 'region'>,
  day: string,
  occurredAt: number,
) {
  return {
    kind,
    id: `${kind}:${draw}`,
    region: organ.region,
    source: 'planner',
    occurredAt,
    draw,
    organ: organ.id,
    day,
  };
}
