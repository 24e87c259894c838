/**
 * From the log's live messages to each listener, with no gap and no repetition, and with bounded memory however slow a
 * listener is. One ring of the newest commits is shared by all: who joins or comes back takes what it missed from the
 * store, then from the ring, then is live.
 */
import type { Logger } from 'pino';
import type { LiveItem, LiveMessage } from '../model/live.ts';
import type { Runner } from '../platform/postgres.ts';
import { all } from './gate.ts';
import { selectHead, selectMissed, type MissedRow } from './queries/missed.ts';
import { chunksOf, isInScope, type Chunk, type Room } from './rooms.ts';

/** What the feed needs of a socket. */
export interface Listener {
  readonly room: Room;
  /** Messages that wait to be sent to it. */
  backlog(): number;
  send(chunk: Chunk): void;
  reset(position: number): void;
  /** Enters or leaves the room that `broadcast` reaches. */
  join(): void;
  leave(): void;
}

/** Messages a listener may have waiting; one with more gets no live sends until it has drained. */
const credit = 64;
/** More missed items than this are not replayed: the page loads its lists again. */
const mostReplayed = 2_000;
/** A cursor further back than this is not looked up at all: a narrow scope would walk the whole archive for a few items. */
const farthest = 200_000;
/** A signal with its explanation takes up to 4 kB, so the ring up to 16 MB. */
const ringItems = 4_000;
const replaysAtOnce = 4;
/** A commit of which only a part arrived within this time was lost in part. */
const partPatience = 1_000;

interface Commit {
  after: number;
  position: number;
  items: LiveItem[];
}

/** `new`: not begun; `behind`: not live, to be replayed; `replaying`: asked for; `waiting`: replayed beyond what was heard live; `live`: in its room. */
interface Place {
  cursor: number;
  state: 'new' | 'behind' | 'replaying' | 'waiting' | 'live';
}

interface Missed {
  head: number;
  /** Absent when the page has to load its lists again. */
  items?: LiveItem[];
}

export class Feed {
  readonly #store: Runner;
  readonly #log: Logger;
  readonly #broadcast: (room: string, chunk: Chunk) => void;
  readonly #listening: () => Promise<void>;
  readonly #places = new Map<Listener, Place>();
  readonly #asked = new Map<string, Promise<Missed>>();
  readonly #queue = new Set<Listener>();
  #running = 0;
  #ring: Commit[] = [];
  #ringLength = 0;
  #heard = 0;
  #partial: { items: LiveItem[]; since: number; position: number } | undefined;
  #stalledAt: number | undefined;
  /** Live messages may be missing in part: none is used until the store has said where we are. */
  #inDoubt = true;
  #away = false;

  /** `listening` resolves when the subscription to the live messages stands on the server. */
  constructor(
    store: Runner,
    log: Logger,
    broadcast: (room: string, chunk: Chunk) => void,
    listening: () => Promise<void>,
  ) {
    this.#store = store;
    this.#log = log;
    this.#broadcast = broadcast;
    this.#listening = listening;
  }

  /** The last position heard of; everything up to it has been sent to whoever is live. */
  get position(): number {
    return this.#heard;
  }

  /**
   * The connection to the log was lost and is back (or is new): what was announced meanwhile is in the store only.
   * A commit after the head that is read here is announced after the subscription stood, so all its parts arrive.
   */
  async resume(): Promise<void> {
    this.#inDoubt = true;
    this.#partial = undefined;
    for (const [listener, place] of this.#places)
      if (place.state === 'live') this.#fallBehind(listener, place, this.#heard);
    await this.#listening();
    const head = await this.#head();
    this.#inDoubt = false;
    this.#jump(head);
  }

  /** `cursor` null for a fresh page, which starts at the position returned. */
  add(listener: Listener, cursor: number | null): number {
    const place: Place = { cursor: cursor ?? this.#heard, state: 'new' };
    this.#places.set(listener, place);
    return place.cursor;
  }

  /** Sends what was missed and goes live; called once the listener knows its position. */
  begin(listener: Listener): void {
    const place = this.#places.get(listener);
    if (!place) return;
    if (place.cursor <= this.#heard) this.#settle(listener, place);
    else this.#ask(listener);
  }

  remove(listener: Listener): void {
    this.#places.delete(listener);
    this.#queue.delete(listener);
  }

  /** The listener's buffer has been taken by the network. */
  drained(listener: Listener): void {
    if (this.#places.get(listener)?.state === 'behind') this.#ask(listener);
  }

  /** One message of `live.<region>`. Those of one commit are put together first: a cursor never passes half a commit. */
  hear({ position, items, after, more }: LiveMessage): void {
    if (this.#inDoubt || position < this.#heard || (position === this.#heard && after !== undefined)) return;
    if (this.#partial && this.#partial.position !== position) this.#partial = undefined;
    const partial = (this.#partial ??= { items: [], since: Date.now(), position });
    for (const item of items) partial.items.push(item);
    if (more) return;
    this.#partial = undefined;
    // Whatever was committed in between was not announced, or not to us.
    if (after !== undefined && after > this.#heard) this.#jump(after);
    this.#take({ after: this.#heard, position, items: partial.items.sort((a, b) => a.position - b.position) });
  }

  /**
   * Called every second: compares what was heard with the store, which knows of commits whose announcement was lost, and
   * repeats what failed. Throws nothing: an away store is tried again.
   */
  async sweep(): Promise<void> {
    try {
      if (this.#inDoubt) await this.resume();
      const before = this.#heard;
      const head = await this.#head();
      const isStuck = this.#partial !== undefined && Date.now() - this.#partial.since > partPatience;
      // A head behind what was heard is another database's.
      if (head < before || (head > this.#heard && (this.#stalledAt === this.#heard || isStuck))) {
        this.#partial = undefined;
        this.#jump(head);
      }
      this.#stalledAt = head > this.#heard ? this.#heard : undefined;
      this.#away = false;
    } catch (error) {
      if (!this.#away) this.#log.warn({ err: error }, 'the feed cannot read the store: sockets wait');
      this.#away = true;
      return;
    }
    for (const [listener, { state, cursor }] of this.#places) {
      if (state === 'behind' || (state === 'waiting' && cursor <= this.#heard)) this.#ask(listener);
    }
  }

  /** Everybody who was live missed something between what was heard and `position`. */
  #jump(position: number): void {
    const before = this.#heard;
    this.#heard = position;
    this.#ring = [];
    this.#ringLength = 0;
    for (const [listener, place] of this.#places) {
      if (place.state === 'live') this.#fallBehind(listener, place, before);
      if (place.state === 'behind') this.drained(listener);
    }
  }

  #take(commit: Commit): void {
    this.#ring.push(commit);
    this.#ringLength += commit.items.length;
    while (this.#ringLength > ringItems) this.#ringLength -= this.#ring.shift()!.items.length;
    if (this.#ring.length > ringItems) this.#ring.shift();
    this.#heard = commit.position;

    const rooms = new Map<string, Room>();
    for (const [listener, { state }] of this.#places)
      if (state === 'live') rooms.set(listener.room.name, listener.room);
    for (const { name, scope } of rooms.values()) {
      const items = commit.items.filter((item) => isInScope(scope, item));
      for (const chunk of chunksOf(items, commit.position)) this.#broadcast(name, chunk);
    }
    for (const [listener, place] of this.#places) {
      if (place.state === 'live' && listener.backlog() > credit) this.#fallBehind(listener, place, commit.position);
      else if (place.state === 'waiting' && place.cursor <= this.#heard) this.#settle(listener, place);
    }
  }

  #fallBehind(listener: Listener, place: Place, cursor: number): void {
    listener.leave();
    place.cursor = cursor;
    place.state = 'behind';
  }

  /** From the ring to the room, where the ring reaches back to the listener's cursor. */
  #settle(listener: Listener, place: Place): void {
    if (listener.backlog() > credit) {
      place.state = 'behind';
      return;
    }
    if (place.cursor > this.#heard) {
      place.state = 'waiting';
      return;
    }
    const reaches =
      place.cursor === this.#heard || (this.#ring[0] !== undefined && this.#ring[0].after <= place.cursor);
    if (!reaches) {
      place.state = 'behind';
      this.#ask(listener);
      return;
    }
    const missed = this.#ring.flatMap((commit) =>
      commit.position <= place.cursor
        ? []
        : commit.items.filter((item) => item.position > place.cursor && isInScope(listener.room.scope, item)),
    );
    if (missed.length > mostReplayed) listener.reset(this.#heard);
    else for (const chunk of chunksOf(missed, this.#heard)) listener.send(chunk);
    place.cursor = this.#heard;
    place.state = 'live';
    listener.join();
  }

  #ask(listener: Listener): void {
    const place = this.#places.get(listener);
    if (!place || place.state === 'replaying' || place.state === 'live') return;
    if (listener.backlog() > credit) {
      place.state = 'behind';
      return;
    }
    place.state = 'replaying';
    this.#queue.add(listener);
    this.#work();
  }

  #work(): void {
    for (const listener of this.#queue) {
      if (this.#running >= replaysAtOnce) return;
      this.#queue.delete(listener);
      const place = this.#places.get(listener);
      if (!place) continue;
      this.#running += 1;
      void this.#replay(listener, place).finally(() => {
        this.#running -= 1;
        this.#work();
      });
    }
  }

  async #replay(listener: Listener, place: Place): Promise<void> {
    const { cursor } = place;
    try {
      const { head, items } = await this.#missed(listener.room, cursor);
      if (!this.#places.has(listener)) return;
      if (!items) listener.reset(head);
      else if (items.length === 0 && head > cursor) listener.send({ position: head, items: [] });
      else for (const chunk of chunksOf(items, head)) listener.send(chunk);
      place.cursor = head;
      place.state = 'waiting';
      this.#settle(listener, place);
    } catch (error) {
      // The next sweep asks again.
      place.state = 'behind';
      this.#log.debug({ err: error }, 'a replay failed');
    }
  }

  /** After a restart a thousand pages come back with one cursor: they share one query. */
  #missed(room: Room, cursor: number): Promise<Missed> {
    const key = `${room.name} ${cursor}`;
    const found = this.#asked.get(key);
    if (found) return found;
    const asked = this.#query(room, cursor).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  async #query(room: Room, cursor: number): Promise<Missed> {
    if (this.#heard - cursor > farthest) return { head: this.#heard };
    const rows = await all<MissedRow>(this.#store, selectMissed(room.scope, cursor, mostReplayed + 1));
    const head = rows.find((row) => row.topic === 'head')?.position ?? 0;
    const items = rows
      .filter((row) => row.topic !== 'head')
      .map(({ topic, region, position, body }) => ({ topic, region, position, body }) as LiveItem)
      .filter((item) => isInScope(room.scope, item));
    // A cursor from the future was given by another database: what the page shows is not ours.
    return items.length > mostReplayed || head < cursor ? { head } : { head, items };
  }

  async #head(): Promise<number> {
    const [row] = await all<{ position: number }>(this.#store, selectHead);
    return row?.position ?? 0;
  }
}
