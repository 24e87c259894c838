import { createSubscriber } from 'svelte/reactivity';
import { ServerOffset } from './time.ts';

export const serverOffset = new ServerOffset();

/** Now by the server's clock, epoch milliseconds; not reactive. */
export const serverNow = (): number => Date.now() + serverOffset.value;

/** The server's time, ticking once a second for whoever reads it in a template. */
class Clock {
  readonly #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });

  get now(): number {
    this.#subscribe();
    return serverNow();
  }
}

export const clock = new Clock();
