import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { CameraState } from '../hub/model/event.ts';
import { pull } from './args.ts';
import { Boxes, retime } from './boxes.ts';
import { run as runFfmpeg } from './ffmpeg.ts';
import { Pace } from './pace.ts';
import { Window, type WindowOptions } from './window.ts';

export interface CameraOptions {
  id: string;
  /** The address with its password; asked for at every attempt, so that a change counts at once. */
  address: () => Promise<string>;
  /** Told of every change of state, and only of changes. */
  changed: (state: CameraState, detail?: string) => void;
  log: Logger;
  /** Keeps pulling for so long after the last request. Default 30,000. */
  graceMs?: number;
  window?: WindowOptions;
}

/** Nothing arrives for so long: stalled, whatever the connection says. */
const SILENT_MS = 3000;
/** Pictures arrive but no key picture, for so long or three times the usual interval. */
const KEYLESS_MS = 12_000;
/** Connected, but no first picture for so long. */
const BLIND_MS = 10_000;

interface Outcome {
  reason: string;
  pictures: number;
}

/** Milliseconds before the next attempt: at once after a good run, then doubling to 10 s, with a quarter of jitter. */
export function backOff(failures: number, random = Math.random()): number {
  const base = failures === 0 ? 200 : Math.min(10_000, 500 * 2 ** (failures - 1));
  return Math.round(base * (0.75 + random / 2));
}

/** The life of one camera: on demand, kept going by one retry loop, let go when nobody asks any more. */
export class Camera {
  readonly window: Window;
  readonly #options: CameraOptions;
  readonly #graceMs: number;
  #state: CameraState = 'idle';
  #askedAt = 0;
  #life: { abort: AbortController; done: Promise<void> } | undefined;
  #stopped = false;
  #pid: number | undefined;

  constructor(options: CameraOptions) {
    this.#options = options;
    this.#graceMs = options.graceMs ?? 30_000;
    this.window = new Window(options.window);
  }

  get state(): CameraState {
    return this.#state;
  }

  /** Process id of its ffmpeg while there is one. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Somebody wants to see it: starts it, or keeps it going. */
  ask(): void {
    this.#askedAt = Date.now();
    if (this.#life || this.#stopped) return;
    const abort = new AbortController();
    this.#set('starting');
    const done = this.#live(abort.signal).finally(() => {
      this.#life = undefined;
      this.window.clear();
      this.#set('idle');
      // Asked again while it was ending.
      if (Date.now() - this.#askedAt < this.#graceMs) this.ask();
    });
    this.#life = { abort, done };
  }

  /** Waits for its first picture, or whatever `ready` asks of the window; false as soon as the camera is known to be offline. */
  async first(ready: () => boolean, patienceMs: number): Promise<boolean> {
    await this.window.until(() => ready() || this.#state === 'offline', patienceMs);
    return ready();
  }

  /** For good; resolves when its ffmpeg is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const life = this.#life;
    life?.abort.abort();
    await life?.done;
  }

  #set(state: CameraState, detail?: string): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.log.info({ camera: this.#options.id, state, detail }, 'camera');
    this.#options.changed(state, detail);
    this.window.wake();
  }

  /** The one retry loop. */
  async #live(signal: AbortSignal): Promise<void> {
    const grace = setInterval(
      () => {
        if (Date.now() - this.#askedAt >= this.#graceMs) this.#life?.abort.abort();
      },
      Math.min(1000, this.#graceMs),
    );
    let failures = 0;
    while (!signal.aborted) {
      const outcome = await this.#run(signal);
      if (signal.aborted) break;
      failures = outcome.pictures > 0 ? 0 : failures + 1;
      this.#set(failures === 0 ? 'stalled' : 'offline', outcome.reason);
      await sleep(backOff(failures), undefined, { signal }).catch(() => undefined);
    }
    clearInterval(grace);
  }

  /** One attempt: until ffmpeg ends, the picture stalls or `signal` says stop. Never throws. */
  async #run(signal: AbortSignal): Promise<Outcome> {
    let command;
    try {
      command = pull(await this.#options.address());
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error), pictures: 0 };
    }
    if (signal.aborted) return { reason: 'stopped', pictures: 0 };
    const boxes = new Boxes();
    const pace = new Pace();
    const began = Date.now();
    let timescale = 0;
    let pictures = 0;
    let pictureAt = began;
    let keyAt = began;
    let keyEvery = 0;
    let reason: string | undefined;
    const end = (why: string): void => {
      if (reason !== undefined) return;
      reason = why;
      void running.stop();
    };
    const take = (chunk: Buffer): void => {
      if (reason !== undefined || signal.aborted) return;
      for (const piece of boxes.push(chunk)) {
        if (piece.kind === 'init') {
          timescale = piece.timescale;
          this.window.begin(piece.bytes);
          continue;
        }
        const now = Date.now();
        const paced = pace.next(piece.duration / timescale, now);
        const from = Math.round(paced.time * timescale);
        retime(piece, from, Math.round((paced.time + paced.duration) * timescale) - from);
        this.window.add({
          bytes: piece.bytes,
          duration: paced.duration,
          key: piece.key,
          at: paced.at,
          broken: paced.broken,
        });
        pictures++;
        pictureAt = now;
        if (piece.key) {
          keyEvery = Math.max(keyEvery, now - keyAt);
          keyAt = now;
          this.#set('live');
        }
      }
    };
    const running = runFfmpeg(command, undefined, (chunk) => {
      try {
        take(chunk);
      } catch (error) {
        end(error instanceof Error ? error.message : String(error));
      }
    });
    const watch = setInterval(() => {
      this.#pid = running.pid;
      const now = Date.now();
      if (pictures === 0 && now - began > BLIND_MS) end('no picture came');
      if (pictures > 0 && now - pictureAt > SILENT_MS) {
        this.#set('stalled', 'no picture for 3 s');
        end('no picture for 3 s');
      }
      if (pictures > 0 && now - keyAt > Math.max(KEYLESS_MS, 3 * keyEvery)) end('no key picture any more');
    }, 250);
    const stop = (): void => void running.stop();
    signal.addEventListener('abort', stop, { once: true });
    const said = await running.ended;
    signal.removeEventListener('abort', stop);
    clearInterval(watch);
    this.#pid = undefined;
    return { reason: reason ?? said, pictures };
  }
}
