import type { Signal } from '../../hub/model/state.ts';
import { api } from './api.ts';
import { held, isOpen, merge } from './merge.ts';
import type { NextAct } from './signalActs.ts';
import { live } from './socket.svelte.ts';

/** Rows kept in the page; older ones are on the signals page. */
const bound = 200;

/** The open signals in scope, newest first, kept live. */
class SignalFeed {
  #all = $state.raw<Signal[]>([]);
  #shown = $state.raw<Signal[]>([]);
  #waiting = $state.raw(0);
  #isHeld = false;
  #state = $state.raw<'loading' | 'ready' | 'failed'>('loading');
  #failure = $state.raw<unknown>();
  #announced = $state.raw<Signal | undefined>();
  #fresh = $state.raw<ReadonlySet<string>>(new Set());
  #isBusy = $state.raw(false);
  /** When the last one arrived live, by performance.now(). */
  #lastAt = -Infinity;
  #stops: (() => void)[] = [];

  /** Every open signal known, as it stands now. */
  get open(): Signal[] {
    return this.#all;
  }
  /** What the list shows: holds still while the pointer or the keyboard focus is on it. */
  get shown(): Signal[] {
    return this.#shown;
  }
  get waiting(): number {
    return this.#waiting;
  }
  get state(): 'loading' | 'ready' | 'failed' {
    return this.#state;
  }
  get failure(): unknown {
    return this.#failure;
  }
  /** The newest serious signal that arrived live, to be read out. */
  get announced(): Signal | undefined {
    return this.#announced;
  }
  /** So many come that moving them in one by one would only cost time. */
  get isBusy(): boolean {
    return this.#isBusy;
  }
  isFresh(id: string): boolean {
    return this.#fresh.has(id);
  }

  start(): void {
    if (this.#stops.length > 0) return;
    this.#stops = [live.on('signal', (signals) => this.take(signals, true)), live.onReset(() => void this.load())];
    void this.load();
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#all = [];
    this.#shown = [];
    this.#waiting = 0;
    this.#state = 'loading';
    this.#announced = undefined;
  }

  async load(): Promise<void> {
    try {
      const page = await api.signals({ state: 'open', limit: bound });
      this.#state = 'ready';
      // The answer replaces what was known, but for what arrived live while it was on its way.
      const newest = page.items.reduce((most, signal) => Math.max(most, signal.position), 0);
      this.#all = this.#all.filter((signal) => signal.position > newest);
      this.take(page.items, false);
    } catch (error) {
      this.#failure = error;
      if (this.#all.length === 0) this.#state = 'failed';
    }
  }

  take(signals: Signal[], isLive: boolean): void {
    const known = new Set(this.#all.map((signal) => signal.id));
    this.#all = merge(this.#all, signals, (signal) => signal.issuedAt, bound).filter(isOpen);
    if (isLive) {
      const news = signals.filter((signal) => isOpen(signal) && !known.has(signal.id));
      if (news.length > 0) {
        this.#fresh = new Set(news.map((signal) => signal.id));
        this.#isBusy = news.length > 2 || performance.now() - this.#lastAt < 1_000;
        this.#lastAt = performance.now();
      }
      this.#announced = news.find((signal) => signal.level === 'serious') ?? this.#announced;
    }
    this.#show();
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#show();
  }

  /** Does what `act` says and answers with the signal as it then stands. */
  async act(signal: Signal, act: NextAct, text = '', day = ''): Promise<Signal> {
    const body = {
      ...act.body,
      ...(act.text && text !== '' ? { [act.text.field]: text } : {}),
      ...(act.day ? { [act.day]: day } : {}),
    };
    const after = await api.actOnSignal(signal.id, act.path, body);
    this.take([after], false);
    return after;
  }

  #show(): void {
    if (!this.#isHeld) {
      this.#shown = this.#all;
      this.#waiting = 0;
      return;
    }
    const { rows, waiting } = held(this.#shown, this.#all);
    this.#shown = rows;
    this.#waiting = waiting;
  }
}

export const signals = new SignalFeed();
