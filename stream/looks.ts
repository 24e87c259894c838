import type { Logger } from 'pino';
import { Gauge } from 'prom-client';
import { metrics } from '../hub/platform/metrics.ts';
import type { Camera } from './camera.ts';
import { decode } from './glance.ts';

export interface LooksOptions {
  /** The cameras there are; only those that are watched have pictures. */
  cameras: () => Iterable<Camera>;
  /** A camera that seems well is looked at so often. */
  everyMs: number;
  log: Logger;
}

/** What may be wrong is looked at again so soon. */
const AGAIN_MS = 1000;
/** Pictures decoded at once; the cameras that have waited longest come first. */
const AT_ONCE = 64;
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
 * The picture test of all cameras: now and then the newest key picture of each, decoded together. One run at a time; when that
 * takes long, judgements come later, and the metric says how late.
 */
export class Looks {
  readonly #options: LooksOptions;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  /** A turn came while the one before it ran. */
  #missed = false;
  #saidLateAt = 0;
  #stopped = false;

  constructor(options: LooksOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#turn(), Math.min(AGAIN_MS, options.everyMs));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
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
    const due = [...cameras()]
      .filter((camera) => camera.unseen && (camera.wantsMore || now - camera.lookedAt >= everyMs - AGAIN_MS / 4))
      .sort((a, b) => a.lookedAt - b.lookedAt)
      .slice(0, AT_ONCE);
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
    const greys = await decode(
      pictures.map(({ picture }) => picture),
      DECODE_MS,
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
