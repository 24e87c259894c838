import type { RotationStep } from './wall.ts';

const second = 1_000;

/**
 * Patrol rotation (轮巡): the next page of the wall every so many seconds. It waits, without losing its count, while the page
 * is hidden and while somebody needs the pictures to stay.
 */
export class Rotation {
  #isOn = $state.raw(false);
  #every = $state.raw<RotationStep>(20);
  #left = $state.raw(0);
  #isHeld = $state.raw(false);
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #next: () => void;
  readonly #holds: () => boolean;

  constructor(next: () => void, holds: () => boolean) {
    this.#next = next;
    this.#holds = holds;
  }

  get isOn(): boolean {
    return this.#isOn;
  }
  get every(): RotationStep {
    return this.#every;
  }
  /** Seconds until the next page. */
  get left(): number {
    return this.#left;
  }
  /** It is on and waits. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  setEvery(every: RotationStep): void {
    this.#every = every;
    this.#left = Math.min(this.#left, every);
  }

  toggle(): void {
    if (this.#isOn) this.stop();
    else {
      this.#isOn = true;
      this.restart();
      this.#timer = setInterval(() => this.#tick(), second);
    }
  }

  /** Somebody turned the page: it stays as long as any other. */
  restart(): void {
    this.#left = this.#every;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#isOn = false;
    this.#isHeld = false;
  }

  #tick(): void {
    this.#isHeld = document.visibilityState !== 'visible' || this.#holds();
    if (this.#isHeld) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.restart();
    this.#next();
  }
}
