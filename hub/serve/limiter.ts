/** So many tries at once, then one each `refillMs`. */
export class Limiter {
  readonly #burst: number;
  readonly #refillMs: number;
  readonly #keys = new Map<string, { left: number; at: number }>();
  /** An attacker with many addresses must not grow the table. */
  static readonly mostKeys = 20_000;

  constructor(burst: number, refillMs: number) {
    this.#burst = burst;
    this.#refillMs = refillMs;
  }

  /** Milliseconds to wait before the next try; 0 when this one is allowed, and it is then counted. */
  take(key: string, now: number): number {
    const found = this.#keys.get(key);
    const left = found ? Math.min(this.#burst, found.left + (now - found.at) / this.#refillMs) : this.#burst;
    if (left < 1) return Math.ceil((1 - left) * this.#refillMs);
    // Set anew, so that the map stands in the order of use: when it is full, the key unused for the longest goes.
    this.#keys.delete(key);
    if (this.#keys.size >= Limiter.mostKeys) this.#keys.delete(this.#keys.keys().next().value!);
    this.#keys.set(key, { left: left - 1, at: now });
    return 0;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** A success gives the tries back. */
  clear(key: string): void {
    this.#keys.delete(key);
  }
}
