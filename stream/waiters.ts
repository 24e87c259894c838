/** Those who wait for something to become true; each looks again when woken. At most so many, each for its own time. */
export class Waiters {
  readonly #most: number;
  readonly #looks = new Set<() => void>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Waits until `test` holds; false when it does not within so many milliseconds or too many wait already. */
  until(test: () => boolean, patienceMs: number): Promise<boolean> {
    if (test()) return Promise.resolve(true);
    if (this.#looks.size >= this.#most) return Promise.resolve(false);
    return new Promise((resolve) => {
      const done = (answer: boolean): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        resolve(answer);
      };
      const look = (): void => {
        if (test()) done(true);
      };
      const timer = setTimeout(() => done(false), patienceMs);
      this.#looks.add(look);
    });
  }

  wake(): void {
    for (const look of [...this.#looks]) look();
  }
}
