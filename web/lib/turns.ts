/**
 * A browser opens six HTTP/1.1 connections to a host, for everything: with sixteen tiles that load as they like nothing else gets
 * through. So tiles wait for their turn, to start and to load.
 */
class Turns {
  readonly #atOnce: number;
  readonly #longest: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** `longest`: a turn that hangs gives its place away after this, milliseconds. */
  constructor(atOnce: number, longest: number) {
    this.#atOnce = atOnce;
    this.#longest = longest;
  }

  /** `urgent`: what somebody asked for waits for nobody. */
  start(urgent = false): Turn {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let begin: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = () => {
        this.#running += 1;
        timer = setTimeout(end, this.#longest);
        resolve();
      };
    });
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      const place = this.#waiting.indexOf(begin);
      if (place >= 0) {
        this.#waiting.splice(place, 1);
        begin();
        this.#running -= 1;
        clearTimeout(timer);
        return;
      }
      this.#running -= 1;
      if (this.#running < this.#atOnce) this.#waiting.shift()?.();
    };
    if (urgent || this.#running < this.#atOnce) begin();
    else this.#waiting.push(begin);
    return { begun, end };
  }
}

export interface Turn {
  begun: Promise<void>;
  /** Gives the place to the next one; may be called twice, and before the turn has begun. */
  end: () => void;
}

/** HTTP/2 carries all requests over one connection. */
const isMultiplexed = (): boolean =>
  performance
    // (Node's types, which the tests are read with, know of no navigation.)
    .getEntriesByType('navigation' as 'resource')
    .some((entry) => 'nextHopProtocol' in entry && /^h[23]/.test(String(entry.nextHopProtocol)));

/** Tiles that wait for their first picture; a camera that nobody watched yet keeps the request for seconds. */
export const starts = new Turns(2, 6_000);
/** Requests of all plain tiles: more than starts, so that those that play are not held up, and two connections fewer than there are. */
export const requests = new Turns(isMultiplexed() ? 16 : 4, 10_000);

/** `XMLHttpRequest.UNSENT`. */
const unsent = 0;

/** Loads in its turn what hls.js asks for: it opens the request once this promise is kept. */
export async function inTurn(request: EventTarget & { readonly readyState: number }): Promise<void> {
  const turn = requests.start();
  request.addEventListener('loadend', turn.end, { once: true });
  await turn.begun;
  // Given up while it waited: hls.js never sends it, and it never ends.
  setTimeout(() => {
    if (request.readyState === unsent) turn.end();
  }, 50);
}
