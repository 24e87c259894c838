import { io, type Socket } from 'socket.io-client';
import type { Downward, LiveItem, Progress, Upward } from '../../hub/model/live.ts';
import { signedOut } from './api.ts';
import { serverNow } from './clock.svelte.ts';
import { Gather } from './gather.ts';

type Topic = LiveItem['topic'];
type BodyOf<T extends Topic> = Extract<LiveItem, { topic: T }>['body'];
type State =
  | { kind: 'off' }
  | { kind: 'connecting'; since: number }
  | { kind: 'on'; since: number }
  | { kind: 'lost'; since: number };

/** How long the hub may take to answer hello before the connection is made anew. */
const patience = 8_000;
/** Milliseconds between two changes of the page by a stream of live messages. */
const breath = 250;

/**
 * The one live connection. It keeps its own cursor and presents it after a reconnect: the hub then replays what was missed, or
 * says `reset`, and the lists are loaded again (socket.io's own recovery loses events).
 */
class Live {
  #state = $state.raw<State>({ kind: 'off' });
  #lastAt = $state.raw<number | undefined>();
  #refused = $state.raw<string | undefined>();
  #socket: Socket<Downward, Upward> | undefined;
  #cursor = 0;
  readonly #listeners = new Map<Topic, Set<(bodies: never[]) => void>>();
  readonly #resets = new Set<() => void>();
  readonly #progress = new Set<(progress: Progress) => void>();
  readonly #items = new Gather<LiveItem>(
    (items) => this.#deliver(items),
    breath,
    () => document.visibilityState === 'hidden',
  );

  get state(): State {
    return this.#state;
  }
  /** When the hub was last heard, in its own time: how old the data on screen may be. */
  get lastAt(): number | undefined {
    return this.#lastAt;
  }
  get refused(): string | undefined {
    return this.#refused;
  }

  /** `position` is of a moment before the lists are read: what was recorded since is replayed, so that nothing falls in between. */
  connect(position: number): void {
    if (this.#socket) return;
    this.#cursor = position;
    this.#state = { kind: 'connecting', since: serverNow() };
    // WebSocket only: long polling would take two of the six HTTP/1.1 connections that the pictures need.
    const socket: Socket<Downward, Upward> = io({
      transports: ['websocket'],
      reconnectionDelay: 500,
      reconnectionDelayMax: 5_000,
      withCredentials: true,
    });
    this.#socket = socket;
    socket.on('connect', () => {
      // Each connection has an engine of its own; its heartbeat shows that a quiet hub is not a dead one.
      socket.io.engine.on('heartbeat', () => this.#heard());
      void this.#hello(socket);
    });
    socket.on('disconnect', () => {
      if (this.#socket !== socket) return;
      if (this.#state.kind === 'on') this.#state = { kind: 'lost', since: serverNow() };
      // After a disconnect by the server socket.io does not come back by itself.
      if (!socket.active) setTimeout(() => this.#socket === socket && socket.connect(), 1_000);
    });
    socket.on('connect_error', ({ message }) => {
      if (message === 'not signed in') return signedOut();
      if (this.#state.kind === 'connecting' && serverNow() - this.#state.since > 3_000)
        this.#state = { kind: 'lost', since: this.#state.since };
      if (!socket.active) setTimeout(() => this.#socket === socket && socket.connect(), 3_000);
    });
    socket.on('live', ({ position, items }) => {
      this.#heard(position);
      this.#items.take(items);
    });
    socket.on('reset', ({ position }) => {
      this.#heard(position);
      for (const act of this.#resets) act();
    });
    socket.on('progress', (progress) => {
      this.#heard();
      for (const act of this.#progress) act(progress);
    });
  }

  close(): void {
    this.#socket?.disconnect();
    this.#socket = undefined;
    this.#items.clear();
    this.#state = { kind: 'off' };
    this.#lastAt = undefined;
    this.#refused = undefined;
  }

  /** Bodies of one topic, as they change; returns how to stop. */
  on<T extends Topic>(topic: T, act: (bodies: BodyOf<T>[]) => void): () => void {
    const set = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, set);
    set.add(act as (bodies: never[]) => void);
    return () => set.delete(act as (bodies: never[]) => void);
  }

  /** Lists must be loaded again: more was missed than is replayed. */
  onReset(act: () => void): () => void {
    this.#resets.add(act);
    return () => this.#resets.delete(act);
  }

  onProgress(act: (progress: Progress) => void): () => void {
    this.#progress.add(act);
    return () => this.#progress.delete(act);
  }

  /** The connection itself, for what another part lets travel over it; undefined when nobody is signed in. */
  get connection(): Socket<Downward, Upward> | undefined {
    return this.#socket;
  }

  async #hello(socket: Socket<Downward, Upward>): Promise<void> {
    try {
      const reply = await socket.timeout(patience).emitWithAck('hello', { cursor: this.#cursor });
      if (this.#socket !== socket) return;
      if (!reply.ok) {
        this.#refused = reply.reason;
        this.#state = { kind: 'lost', since: serverNow() };
        return;
      }
      this.#refused = undefined;
      this.#heard();
      this.#state = { kind: 'on', since: serverNow() };
    } catch {
      if (this.#socket === socket) socket.disconnect().connect();
    }
  }

  #heard(position?: number): void {
    // To the second, as it is shown: much is heard within one.
    this.#lastAt = Math.floor(serverNow() / 1_000) * 1_000;
    if (position !== undefined) this.#cursor = Math.max(this.#cursor, position);
  }

  #deliver(items: LiveItem[]): void {
    const byTopic = new Map<Topic, unknown[]>();
    for (const { topic, body } of items) {
      const bodies = byTopic.get(topic);
      if (bodies) bodies.push(body);
      else byTopic.set(topic, [body]);
    }
    for (const [topic, bodies] of byTopic) for (const act of this.#listeners.get(topic) ?? []) act(bodies as never[]);
  }
}

export const live = new Live();
