/**
 * One batch of the log: load what the events need, decide each in order, write everything in one transaction. The same code
 * serves the live log and the rebuild, so both give the same rows.
 */
import { canonical } from '../model/canonical.ts';
import { genesis } from '../model/chain.ts';
import {
  decide,
  follows,
  needsOf,
  refuse,
  type Consequences,
  type Follows,
  type Put,
  type Readable,
  type State,
} from '../model/decide.ts';
import { HubError } from '../model/error.ts';
import type { Event, Recorded } from '../model/event.ts';
import type { LiveItem } from '../model/live.ts';
import type { CameraStatus, LedgerDraft, LedgerEntry } from '../model/state.ts';
import type { World } from '../model/world.ts';
import { entryHash } from '../platform/chain.ts';
import { digestOfText } from '../platform/digest.ts';
import type { Verdict } from '../platform/nats.ts';
import { hallOf, itemOf, lineOf } from './live.ts';
import type { Runner, Store } from '../platform/postgres.ts';
import { emptyRows, ofEach, readables, type Rows } from './rows.ts';
import {
  advance,
  selectHeads,
  selectKnown,
  selectPosition,
  selectRows,
  selectSequence,
  type Archived,
} from './statements.ts';
import { run, writeAll } from './write.ts';

/** An event as it came from the log. `position` is given only by a rebuild. */
export interface Incoming {
  event: Event;
  receivedAt: number;
  position?: number;
  /** Where it stands in the log; absent in a rebuild. */
  sequence?: number;
}

export interface Outcome {
  event: Event;
  verdict: Verdict;
  /** Another event stands under this id. */
  isConflict: boolean;
}

export interface Written {
  outcomes: Outcome[];
  /** What browsers should hear, by region, and the positions before and after. */
  live: Map<string, LiveItem[]>;
  after: number;
  position: number;
}

/** A batch that is decided and not written. */
export interface Prepared {
  life: number;
  ids: string[];
  /** Absent when there is nothing to write. */
  write?: (runner: Runner) => Promise<void>;
  written: Written;
}

/** Rows kept between batches, per table; the oldest go first. */
const kept = 20_000;

export class Recorder {
  readonly #store: Store;
  readonly #world: () => World;
  readonly #isReplay: boolean;
  #position: number | undefined;
  #rows = emptyRows();
  readonly #state = ofEach((table) => (id: string) => this.#rows[table].get(id)) as State;
  #heads = new Map<string, { sequence: number; hash: string }>();
  /** Ids that were decided and are not in the store yet. */
  #unwritten = new Map<string, { digest: string; verdict: Verdict }>();
  /** Counts how often everything was forgotten: what was prepared in an earlier life cannot be written. */
  #life = 0;

  /** `isReplay`: the store was empty, each id comes once, and nobody listens. */
  constructor(store: Store, world: () => World, { isReplay = false }: { isReplay?: boolean } = {}) {
    this.#store = store;
    this.#world = world;
    this.#isReplay = isReplay;
  }

  /** Decides and writes a batch of at most 1,000 events. Throws when the store is away; nothing is written then and the batch may be repeated. */
  async write(incoming: readonly Incoming[]): Promise<Written> {
    return this.commit(await this.prepare(incoming));
  }

  /**
   * Decides a batch on top of those that were prepared before it, written or not, so that one batch can be decided while the
   * one before it is being written. Commit them in the same order, and none after one that failed: that one throws.
   */
  async prepare(incoming: readonly Incoming[]): Promise<Prepared> {
    try {
      return await this.#prepare(incoming);
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /** Whether a prepared batch still stands on what was written: false once one before it has failed. */
  holds({ life }: Prepared): boolean {
    return life === this.#life;
  }

  async commit(prepared: Prepared): Promise<Written> {
    if (!this.holds(prepared)) throw stale();
    const { ids, write, written } = prepared;
    try {
      if (write) await this.#store.transaction(write);
    } catch (error) {
      this.#forget();
      throw error;
    }
    for (const id of ids) this.#unwritten.delete(id);
    return written;
  }

  /** What is remembered may be ahead of the store: it is read again, and what was prepared is worth nothing. */
  #forget(): void {
    this.#life += 1;
    this.#position = undefined;
    this.#rows = emptyRows();
    this.#heads = new Map();
    this.#unwritten = new Map();
  }

  /** The log's sequence up to which everything is written. */
  async sequence(): Promise<number> {
    const [row] = await run<{ sequence: number }>(this.#store, selectSequence);
    return row?.sequence ?? 0;
  }

  /** What was said of an event that is recorded already; undefined when it is not. For whoever repeats a command. */
  async verdictOf(id: string): Promise<Verdict | undefined> {
    const [row] = await run<Known>(this.#store, selectKnown([id]));
    return row && verdictOf(row);
  }

  async #prepare(incoming: readonly Incoming[]): Promise<Prepared> {
    const life = this.#life;
    // Before anything is looked up: what this batch looks up must be there when it is decided.
    this.#trim();
    const from = (this.#position ??= await this.#loadPosition());
    // Most events are new, so what they need is looked up before it is known which are.
    const [{ fresh, outcomes }] = await Promise.all([
      this.#sortOut(incoming),
      this.#load(incoming.map(({ event }) => event)),
    ]);
    const world = this.#world();
    const archived: Archived[] = [];
    const drafts: { draft: LedgerDraft; event: string }[] = [];
    const puts = new Map<string, Put>();
    const live = new Map<string, LiveItem[]>();
    const digests = new Map(fresh.map(({ event, digest }) => [event.id, digest]));
    let position = from;
    for (const { event, receivedAt, position: given, digest, body } of fresh) {
      position = given ?? position + 1;
      const recorded: Recorded = { ...event, receivedAt, position };
      const { refused, puts: rows, ledger } = this.#decide(recorded, world);
      for (const put of rows) this.#keep(put, puts);
      for (const draft of ledger) drafts.push({ draft, event: event.id });
      const hall = hallOf(recorded, world);
      archived.push({
        event: recorded,
        digest,
        body,
        ...(hall === undefined ? {} : { hall }),
        ...(refused ? { refused } : {}),
      });
      outcomes.push({
        event,
        isConflict: false,
        verdict: refused ? { ok: false, ...refused } : { ok: true, position },
      });
      if (!refused && !this.#isReplay) {
        const line = lineOf(recorded, hall, this.#rows.casefile);
        if (line) push(live, event.region, line);
        for (const put of rows) {
          const item = itemOf(put);
          if (item) push(live, event.region, item);
        }
      }
    }
    const written = { outcomes, live, after: from, position };
    if (archived.length === 0) return { life, ids: [], written };
    await this.#loadHeads(drafts.map(({ draft }) => draft.region));
    if (life !== this.#life) throw stale();
    const entries = drafts.map(({ draft, event }) => this.#chain(draft, event));
    const ids = fresh.map(({ event }) => event.id);
    for (const { event, verdict } of outcomes) {
      const digest = digests.get(event.id);
      if (digest) this.#unwritten.set(event.id, { digest, verdict });
    }
    this.#position = position;
    const moved = advance(from, position, incoming.at(-1)?.sequence);
    return { life, ids, written, write: (runner) => writeAll(runner, moved, archived, puts, entries) };
  }

  /** A fault of ours in one event must not stop the log: the event is kept as refused, and what it changed is nothing. */
  #decide(event: Recorded, world: World): Consequences {
    try {
      return decide(event, this.#state, world);
    } catch (error) {
      return refuse(
        'kind',
        `the hub failed to decide this event: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  async #loadPosition(): Promise<number> {
    const [row] = await run<{ position: number }>(this.#store, selectPosition);
    return row?.position ?? 0;
  }

  /** Parts what is new from what was recorded before; a known id with other content is refused, the first stays. */
  async #sortOut(
    incoming: readonly Incoming[],
  ): Promise<{ fresh: (Incoming & { digest: string; body: string })[]; outcomes: Outcome[] }> {
    const known = new Map<string, { digest: string; verdict?: Verdict }>();
    // Before the store is asked: what is being written now may be there by the time of its answer, and gone from here.
    for (const { event } of incoming) {
      const unwritten = this.#unwritten.get(event.id);
      if (unwritten) known.set(event.id, unwritten);
    }
    const ids = this.#isReplay ? [] : incoming.map(({ event }) => event.id);
    for (const row of ids.length === 0 ? [] : await run<Known>(this.#store, selectKnown(ids))) {
      known.set(row.id, { digest: Buffer.from(row.digest).toString('hex'), verdict: verdictOf(row) });
    }
    const fresh: (Incoming & { digest: string; body: string })[] = [];
    const outcomes: Outcome[] = [];
    for (const each of incoming) {
      const { event } = each;
      // One text is the archive's and the digest's: the log holds it in this form already, so little is left to do.
      const body = canonical(event);
      const digest = digestOfText(body);
      const before = known.get(event.id);
      if (!before) {
        known.set(event.id, { digest });
        fresh.push({ ...each, digest, body });
      } else if (before.digest !== digest) {
        const verdict = { ok: false as const, field: 'id', reason: 'another event was recorded under this id' };
        outcomes.push({ event, isConflict: true, verdict });
      } else if (before.verdict) outcomes.push({ event, isConflict: false, verdict: before.verdict });
    }
    return { fresh, outcomes };
  }

  async #load(events: readonly Event[]): Promise<void> {
    const wanted = ofEach(() => new Set<string>());
    for (const event of events) {
      const needs = needsOf(event);
      for (const table of readables) {
        const id = needs[table];
        if (id !== undefined) wanted[table].add(id);
      }
    }
    // From a visit to its duty and on to its signal: three rounds reach them all.
    const asked = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(readables.map((table) => this.#loadTable(table, wanted[table], asked)));
      for (const table of readables) this.#follow(table, wanted);
    }
  }

  #follow(table: Readable, wanted: Record<Readable, Set<string>>): void {
    const next = (follows as Partial<Record<Readable, (row: never) => Follows>>)[table];
    if (!next) return;
    for (const id of wanted[table]) {
      const row = this.#rows[table].get(id);
      if (!row) continue;
      const found = next(row as never);
      for (const to in found) for (const each of found[to as Readable]!) wanted[to as Readable].add(each);
    }
  }

  /** `asked` holds what was looked for in this batch already: most of it is new and not there. */
  async #loadTable(table: Readable, ids: Set<string>, asked: Set<string>): Promise<void> {
    const rows: Map<string, unknown> = this.#rows[table];
    const missing = [...ids].filter((id) => !rows.has(id) && !asked.has(`${table} ${id}`));
    if (missing.length === 0) return;
    for (const id of missing) asked.add(`${table} ${id}`);
    type Body = Rows[Readable] extends Map<string, infer Row> ? Row : never;
    for (const { body } of await run<{ body: Body }>(this.#store, selectRows(table, missing))) {
      rows.set(table === 'camera' ? (body as CameraStatus).camera : (body as Exclude<Body, CameraStatus>).id, body);
    }
  }

  async #loadHeads(regions: string[]): Promise<void> {
    const missing = [...new Set(regions)].filter((region) => !this.#heads.has(region));
    if (missing.length === 0) return;
    for (const region of missing) this.#heads.set(region, { sequence: 0, hash: genesis });
    for (const row of await run<{ region: string; sequence: number; hash: string }>(
      this.#store,
      selectHeads(missing),
    )) {
      this.#heads.set(row.region, { sequence: row.sequence, hash: row.hash });
    }
  }

  #chain(draft: LedgerDraft, event: string): LedgerEntry {
    const head = this.#heads.get(draft.region)!;
    const open = { ...draft, sequence: head.sequence + 1, previous: head.hash, event };
    const entry = { ...open, hash: entryHash(open) };
    this.#heads.set(draft.region, { sequence: entry.sequence, hash: entry.hash });
    return entry;
  }

  #keep(put: Put, puts: Map<string, Put>): void {
    const id = put.table === 'camera' ? put.row.camera : put.row.id;
    puts.set(`${put.table} ${id}`, put);
    if (put.table === 'notice') return;
    const rows: Map<string, unknown> = this.#rows[put.table];
    // Deleted first, so that the newest stand last and the oldest are the ones trimmed.
    rows.delete(id);
    rows.set(id, put.row);
  }

  #trim(): void {
    for (const table of readables) {
      const rows: Map<string, unknown> = this.#rows[table];
      for (const id of rows.keys()) {
        if (rows.size <= kept) break;
        rows.delete(id);
      }
    }
  }
}

type Known = { id: string; position: number; digest: Uint8Array; refused: string | null; refused_field: string | null };

function verdictOf({ position, refused, refused_field: field }: Known): Verdict {
  return refused === null ? { ok: true, position } : { ok: false, field: field ?? '', reason: refused };
}

const stale = (): HubError => new HubError('recorder.stale', 'the batch before this one was not written');

function push(live: Map<string, LiveItem[]>, region: string, item: LiveItem): void {
  const items = live.get(region);
  if (items) items.push(item);
  else live.set(region, [item]);
}
