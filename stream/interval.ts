/** Key intervals that the usual one is judged by. */
const KEPT = 9;

/** How far apart a camera's key pictures are, as far as segments follow them. */
export class KeyInterval {
  /** Seconds since a segment began with a key picture; undefined before the first, and after a break. */
  #since: number | undefined;
  readonly #newest: number[] = [];

  /** A key picture begins a segment, and ends what one began before. */
  begins(): void {
    if (this.#since !== undefined) this.#newest.push(this.#since);
    if (this.#newest.length > KEPT) this.#newest.shift();
    this.#since = 0;
  }

  lasts(seconds: number): void {
    if (this.#since !== undefined) this.#since += seconds;
  }

  /** What comes next says nothing of what was before. */
  breaks(): void {
    this.#since = undefined;
  }

  /** Seconds; undefined when none was seen. One that came late among others that did not is no longer interval. */
  get usual(): number | undefined {
    return this.#newest.toSorted((a, b) => a - b)[this.#newest.length >> 1];
  }
}
