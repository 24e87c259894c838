/** Lets the first through at once; what comes within `pause` milliseconds of the last is passed on together. */
export class Gather<T> {
  readonly #act: (items: T[]) => void;
  readonly #pause: number;
  readonly #isHidden: () => boolean;
  #pending: T[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** While `isHidden` nothing waits: such a page paints nothing, and the browser holds its timers back for up to a minute. */
  constructor(act: (items: T[]) => void, pause: number, isHidden: () => boolean) {
    this.#act = act;
    this.#pause = pause;
    this.#isHidden = isHidden;
  }

  take(items: readonly T[]): void {
    for (const item of items) this.#pending.push(item);
    if (this.#timer === undefined || this.#isHidden()) this.#pass();
  }

  /** Forgets what waits. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = [];
  }

  #pass(): void {
    const items = this.#pending;
    this.clear();
    if (items.length === 0) return;
    this.#timer = setTimeout(() => this.#pass(), this.#pause);
    this.#act(items);
  }
}
