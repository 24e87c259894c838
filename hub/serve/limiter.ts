/** So many tries at once, then one each `refillMs`; a key is forgotten when it is full again. */
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
    if (!found && this.#keys.size >= Limiter.mostKeys) this.#forget(now);
    this.#keys.set(key, { left: left - 1, at: now });
    return 0;
  }

  /** A success gives the tries back. */
  clear(key: string): void {
    this.#keys.delete(key);
  }

  #forget(now: number): void {
    for (const [key, { left, at }] of this.#keys)
      if (left + (now - at) / this.#refillMs >= this.#burst) this.#keys.delete(key);
    // All of them are in use: the oldest goes.
    if (this.#keys.size >= Limiter.mostKeys) for (const key of this.#keys.keys()) return void this.#keys.delete(key);
  }
}
