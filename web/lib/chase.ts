/** Seconds of pictures in hand when the next one comes: begins small and grows with each stall. */
const margins = { least: 0.03, first: 0.05, most: 0.6, grow: 0.05, shrinkMs: 15_000 };
/** Further behind than this it jumps instead of running after, seconds. */
const far = 0.7;
const fastest = 1.1;
/** Measurements of this long are looked at, milliseconds, and of so many pictures at least. */
const span = 1_000;
const least = 3;
/** After a start or a jump playback waits as a matter of course; and one hiccup waits several times. Milliseconds. */
const settleMs = 1_000;

/** How fast to play so that a picture is shown as late as the network makes it and no later. Times of the page's clock, milliseconds. */
export class Chase {
  #margin = margins.first;
  #changedAt = 0;
  #settledAt = 0;
  /** What was in hand just before a picture was added: the least of it could be done without. */
  readonly #slack: { at: number; ahead: number }[] = [];

  /** Seconds that should be in hand when the next picture comes. */
  get margin(): number {
    return this.#margin;
  }

  /** A picture is about to be added to `ahead` seconds. */
  came(ahead: number, now: number): void {
    this.#slack.push({ at: now, ahead });
    while (this.#slack[0] && now - this.#slack[0].at > span) this.#slack.shift();
  }

  /** Playback had to wait for a picture. */
  waited(now: number): void {
    if (now < this.#settledAt) return;
    this.#settledAt = now + settleMs;
    this.#margin = Math.min(margins.most, this.#margin + margins.grow);
    this.#changedAt = now;
    this.#slack.length = 0;
  }

  /** Playback stands somewhere else now. */
  jumped(now: number): void {
    this.#settledAt = now + settleMs;
    this.#slack.length = 0;
  }

  /** The rate to play at, or that it is better to jump to the newest picture. */
  pace(ahead: number, now: number): number | 'jump' {
    if (ahead > far + this.#margin) return 'jump';
    if (now - this.#changedAt > margins.shrinkMs) {
      this.#margin = Math.max(margins.least, this.#margin * 0.8);
      this.#changedAt = now;
    }
    if (this.#slack.length < least) return 1;
    const over = Math.min(...this.#slack.map((each) => each.ahead)) - this.#margin;
    if (over > 0.1) return fastest;
    return over > 0.02 ? 1.04 : over < -0.02 ? 0.96 : 1;
  }
}
