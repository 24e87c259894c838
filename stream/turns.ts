import { HubError } from '../hub/model/error.ts';

/** Lets only so many pieces of work run at a time; the others wait in a short queue, and what is beyond that is refused. */
export class Turns {
  readonly #atOnce: number;
  readonly #waiting: number;
  readonly #busy: HubError;
  #running = 0;
  readonly #queue: (() => void)[] = [];

  /** `busy` is thrown where the queue is full. */
  constructor(atOnce: number, waiting: number, busy: HubError) {
    this.#atOnce = atOnce;
    this.#waiting = waiting;
    this.#busy = busy;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#queue.length >= this.#waiting) throw new HubError(this.#busy.code, this.#busy.message);
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      // The place goes to the next in the queue, or is free.
      const next = this.#queue.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
