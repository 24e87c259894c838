import { createSubscriber } from 'svelte/reactivity';
import { ServerOffset } from './time.ts';

export const serverOffset = new ServerOffset();

/** Now by the server's clock, epoch milliseconds; not reactive. */
export const serverNow = (): number => Date.now() + serverOffset.value;

const minuteOf = (at: number): number => Math.floor(at / 60_000) * 60_000;

/** The server's time, ticking once a second for whoever reads it in a template. */
class Clock {
  readonly #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });
  readonly #subscribeMinute = createSubscriber((update) => {
    let known = minuteOf(serverNow());
    const timer = setInterval(() => {
      if (minuteOf(serverNow()) === known) return;
      known = minuteOf(serverNow());
      update();
    }, 1000);
    return () => clearInterval(timer);
  });

  get now(): number {
    this.#subscribe();
    return serverNow();
  }

  /** The present minute's begin: a long list that shows no seconds is not written anew at each. */
  get minute(): number {
    this.#subscribeMinute();
    return minuteOf(serverNow());
  }
}

export const clock = new Clock();
