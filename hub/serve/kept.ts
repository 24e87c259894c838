/** Answers that are dear to compute and need not be right to the second: whoever asks the same within `forMs` gets the same. */
export class Kept<T> {
  readonly #forMs: number;
  readonly #most: number;
  readonly #all = new Map<string, { at: number; value: Promise<T> }>();

  /** At most `most` answers are held at a time. */
  constructor(forMs: number, most: number) {
    this.#forMs = forMs;
    this.#most = most;
  }

  /** `now` in epoch ms. A failure is told to those who wait for it, and never to the next. */
  get(key: string, now: number, compute: () => Promise<T>): Promise<T> {
    const found = this.#all.get(key);
    if (found && now - found.at < this.#forMs) return found.value;
    for (const [other, { at }] of this.#all) if (now - at >= this.#forMs) this.#all.delete(other);
    if (this.#all.size >= this.#most) this.#all.clear();
    const value = compute();
    this.#all.set(key, { at: now, value });
    value.catch(() => {
      if (this.#all.get(key)?.value === value) this.#all.delete(key);
    });
    return value;
  }
}
