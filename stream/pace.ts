/** A camera that is wrong by more than eight times is broken. */
const bounded = (rate: number): number => Math.min(8, Math.max(0.125, rate));

/**
 * Puts a camera's pictures on the server's clock. Cameras lie: their clocks jump, their rates are wrong, and what they
 * kept is sent in a burst when one connects. So the camera's timestamps only say how long a picture lasts; how fast
 * the timeline runs and what wall time it shows is measured by when pictures arrive.
 */
export class Pace {
  /** Seconds of the timeline so far. */
  #media = 0;
  /** Wall time (epoch ms) less timeline (ms): delays only ever add, so the smallest of a span is the true one. */
  #offset = Infinity;
  /** What the trim steers to. */
  #reference = Infinity;
  #smallest = Infinity;
  #previous: number | undefined;
  #spanStart: number | undefined;
  /** Correction of a camera that is plainly wrong (25 said, 12 sent). */
  #rate = 1;
  /** Correction of a camera whose crystal is a little off. */
  #trim = 0;
  #leaning = 0;
  #usual = 1 / 25;

  /** Seconds over which the smallest delay is taken. */
  static readonly SPAN = 1;
  /** A picture that claims to last longer is a jump of the camera's clock. */
  static readonly LONGEST = 5;
  /** Timeline seconds gained or lost a second, from which on the rate itself is wrong. */
  static readonly WRONG = 0.1;
  /** How hard a difference between wall time and timeline is steered against: a share of it a second, and of its sum. */
  static readonly TRIM = 0.2;
  static readonly LEARN = 0.01;

  /**
   * The next picture: what the camera says it lasts (seconds) and when it arrived in full (epoch ms). `at` is the wall
   * time of its beginning; `broken` when wall time and timeline parted by more than a second, so that players must be told.
   * `gap` is how many seconds of pictures were lost before it: the timeline leaves them out, and players are told as well.
   */
  next(claimed: number, arrived: number, gap = 0): { time: number; duration: number; at: number; broken: boolean } {
    this.#media += gap * this.#rate * (1 + this.#trim);
    const sane = claimed > 0.001 && claimed <= Pace.LONGEST;
    if (sane) this.#usual = claimed;
    const time = this.#media;
    const duration = this.#usual * this.#rate * (1 + this.#trim);
    this.#media += duration;
    const offset = arrived - this.#media * 1000;
    const broken = this.#measure(offset, arrived);
    // Whatever was measured: what has arrived is not from the future.
    const at = Math.min(time * 1000 + this.#offset, arrived - duration * 1000);
    return { time, duration, at, broken: broken || gap > 0 };
  }

  #measure(offset: number, arrived: number): boolean {
    this.#smallest = Math.min(this.#smallest, offset);
    this.#spanStart ??= arrived;
    if (this.#previous === undefined) this.#offset = this.#reference = this.#smallest;
    const span = (arrived - this.#spanStart) / 1000;
    if (span < Pace.SPAN) return false;
    const moved = this.#previous === undefined ? 0 : this.#smallest - this.#previous;
    this.#previous = this.#smallest;
    this.#smallest = Infinity;
    this.#spanStart = arrived;
    return this.#steer(moved, span);
  }

  /** `moved` is how many milliseconds the smallest delay grew within the last span of so many seconds. */
  #steer(moved: number, span: number): boolean {
    const now = this.#previous!;
    const slope = moved / 1000 / span;
    // One step is a hiccup of the network; the same lean twice in a row is a rate.
    const lean = Math.abs(slope) > Pace.WRONG ? Math.sign(slope) : 0;
    if (lean !== 0) {
      if (lean === this.#leaning) this.#rate = bounded(this.#rate / (1 - Math.min(slope, 0.87)));
      this.#trim = 0;
      this.#reference = now;
    } else {
      const behind = (now - this.#reference) / 1000;
      this.#trim = Math.min(0.05, Math.max(-0.05, Pace.TRIM * behind));
      this.#rate = bounded(this.#rate * (1 + Pace.LEARN * Math.min(0.5, Math.max(-0.5, behind)) * span));
    }
    this.#leaning = lean;
    const parted = Math.abs(now - this.#offset) > 1000;
    this.#offset = now;
    return parted;
  }
}
