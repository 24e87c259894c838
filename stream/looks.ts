import type { Logger } from 'pino';
import { Gauge } from 'prom-client';
import { metrics } from '../hub/platform/metrics.ts';
import type { Camera } from './camera.ts';
import { Glances } from './glance.ts';

export interface LooksOptions {
  /** The cameras there are; only those that are watched have pictures. */
  cameras: () => Iterable<Camera>;
  /** A camera that seems well is looked at so often. */
  everyMs: number;
  log: Logger;
}

/** Turns come so often: what may be wrong is looked at in the next one, and waits for no other picture. */
const TURN_MS = 500;
/** A camera that seems well may be looked at so much early: many together cost less. */
const EARLY_MS = 250;
/** Pictures decoded at once, fewer where a run took longer than this. */
const AT_ONCE = { least: 4, most: 64, longMs: 1000 };
/** On a machine that has too much to do, what is broken off was for nothing. */
const DECODE_MS = 10_000;
/** A judgement older than this, in intervals, means that this machine cannot keep up. */
const LATE = 4;

const age = new Gauge({
  name: 'hallwatch_picture_age_seconds',
  help: 'Age of the oldest judgement of a live picture (black, covered, frozen); grows when the machine cannot keep up.',
  registers: [metrics],
});

/**
 * Whose newest picture is to be looked at. What may be wrong comes first, but not for ever: as if it had waited two intervals longer.
 */
export function dueOf<T extends Pick<Camera, 'unseen' | 'wantsMore' | 'lookedAt'>>(
  cameras: Iterable<T>,
  everyMs: number,
  now: number,
): T[] {
  const rank = ({ lookedAt, wantsMore }: T): number => lookedAt - (wantsMore ? 2 * everyMs : 0);
  return [...cameras]
    .filter(({ unseen, wantsMore, lookedAt }) => unseen && (wantsMore || now - lookedAt >= everyMs - EARLY_MS))
    .sort((one, other) => rank(one) - rank(other));
}

/**
 * The picture test of all cameras: now and then the newest key picture of each, decoded together. One run at a time; when that
 * takes long, fewer are taken at once, judgements of cameras that seem well come later, and the metric says how late.
 */
export class Looks {
  readonly #options: LooksOptions;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  /** A turn came while the one before it ran. */
  #missed = false;
  #saidLateAt = 0;
  #stopped = false;
  readonly #glances = new Glances();
  #atOnce = AT_ONCE.most;

  constructor(options: LooksOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#turn(), Math.min(TURN_MS, options.everyMs));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#glances.stop();
    await this.#running;
  }

  #turn(): void {
    this.#measure();
    if (this.#running) {
      this.#missed = true;
      return;
    }
    this.#missed = false;
    const now = Date.now();
    const { everyMs, cameras } = this.#options;
    const due = dueOf(cameras(), everyMs, now).slice(0, this.#atOnce);
    if (due.length === 0) return;
    this.#running = this.#look(due)
      .catch((error: unknown) => this.#options.log.warn({ err: error }, 'pictures could not be judged'))
      .finally(() => {
        this.#running = undefined;
        if (this.#missed && !this.#stopped) this.#turn();
      });
  }

  async #look(cameras: Camera[]): Promise<void> {
    const at = Date.now();
    const pictures = cameras.map((camera) => ({ camera, picture: camera.unseen! }));
    const greys = await this.#glances.decode(
      pictures.map(({ picture }) => picture),
      DECODE_MS,
    );
    const isLong = Date.now() - at > AT_ONCE.longMs;
    this.#atOnce = Math.max(
      AT_ONCE.least,
      Math.min(AT_ONCE.most, isLong ? Math.ceil(cameras.length / 2) : 2 * this.#atOnce),
    );
    pictures.forEach(({ camera, picture }, index) => camera.look(picture, greys[index], at));
  }

  #measure(): void {
    const now = Date.now();
    const ages = [...this.#options.cameras()].filter(({ unseen }) => unseen).map(({ judgedAt }) => now - judgedAt);
    const oldest = Math.max(0, ...ages);
    age.set(oldest / 1000);
    if (oldest < LATE * this.#options.everyMs || now - this.#saidLateAt < 60_000) return;
    this.#saidLateAt = now;
    this.#options.log.warn({ seconds: Math.round(oldest / 1000), cameras: ages.length }, 'pictures are judged late');
  }
}
