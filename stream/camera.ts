import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { CameraState } from '../hub/model/event.ts';
import { Judge } from './judge.ts';
import { bringsOthers, isSame, isTelling, oddCodec, type KeyPicture } from './key.ts';
import { Pace } from './pace.ts';
import { open, type Cost, type Ears, type Source, type SourcePicture } from './source.ts';
import { Window, type WindowOptions } from './window.ts';

export interface CameraOptions {
  id: string;
  /** The address with its password; asked for at every attempt, so that a change counts at once. */
  address: () => Promise<string>;
  /** Where its pictures come from, if not from that address. */
  open?: (ears: Ears) => Source;
  /** Whether its sound is carried; asked for at every attempt. Default: it is not. */
  sound?: () => boolean;
  /** Told of every change of state, and only of changes; `at` (epoch ms) is when it came about, which may be seconds ago. */
  changed: (state: CameraState, at: number, detail?: string) => void;
  log: Logger;
  /** Keeps pulling for so long after the last request. Default 30,000. */
  graceMs?: number;
  window?: WindowOptions;
  /** Sessions opened at the camera within a minute at most. Default 12. */
  sessions?: number;
}

/** Nothing arrives for so long: stalled, whatever the connection says. */
const SILENT_MS = 3000;
/** Pictures arrive but no key picture, for so long or three times the usual interval. */
const KEYLESS_MS = 12_000;
/** A camera on a bad network loses pictures all the time: that is written down so often at most. */
const SAY_LOSS_MS = 60_000;
/** No first picture for so long since something came, or since it was asked: a camera may send a key picture every ten seconds only. */
const BLIND_MS = 13_000;

/** States that the pictures decide, while they come. */
export const shown: ReadonlySet<CameraState> = new Set(['live', 'frozen', 'black', 'covered']);
const saying = {
  black: 'the picture is dark',
  covered: 'the picture shows no detail',
  frozen: 'the same picture again and again',
};

interface Outcome {
  reason: string;
  pictures: number;
  /** Programme time of the end of the last picture. */
  endedAt: number | undefined;
  /** As of its source. */
  unfit?: boolean;
  unopened?: boolean;
  cost?: Cost;
}

/** The longest pause between two attempts, ms; and a short one, after which a camera that is there again is live within 5 s. */
const PAUSE_MS = 10_000;
const SHORT_PAUSE_MS = 2_500;
/** So many attempts that cost a process have short pauses, five minutes of them or more: what is away for hours is asked seldom. */
const SHORT_PAUSES = 100;

/** Milliseconds before the next attempt: at once after a good run, then doubling, with a quarter of jitter. */
export function backOff(failures: number, cost: Cost, random = Math.random()): number {
  const isShort = cost === 'nothing' || (cost === 'process' && failures <= SHORT_PAUSES);
  const base = failures === 0 ? 200 : Math.min(isShort ? SHORT_PAUSE_MS : PAUSE_MS, 500 * 2 ** (failures - 1));
  return Math.round(base * (0.75 + random / 2));
}

/**
 * Milliseconds until another session may be opened at the camera: a camera has few, and keeps those that were cut for a minute.
 * `opened` holds when the last ones were opened, oldest first.
 */
export function waitForSession(opened: readonly number[], most: number, now: number): number {
  const oldest = opened.at(-most);
  // (Not longer, although the clock was set back.)
  return oldest === undefined ? 0 : Math.min(60_000, Math.max(0, oldest + 60_000 - now));
}

/** What comes of `work`, or throws as soon as nobody waits for it any more: an encoder or a table may take its time. */
async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const aborted = once(signal, 'abort', { signal: done.signal }).then(() => Promise.reject(new Error('stopped')));
  try {
    return await Promise.race([work, aborted]);
  } finally {
    done.abort();
  }
}

/** The life of one camera: on demand, kept going by one retry loop, let go when nobody asks any more. */
export class Camera {
  readonly window: Window;
  readonly #options: CameraOptions;
  readonly #graceMs: number;
  #state: CameraState = 'idle';
  #detail: string | undefined;
  #askedAt = 0;
  #life: { abort: AbortController; done: Promise<void> } | undefined;
  #stopped = false;
  #source: Source | undefined;
  /** The camera sends what only ffmpeg carries, or sound that does not go with its pictures, as was found out since it was asked for. */
  #unfit = false;
  #saidLossAt = 0;
  #judge = new Judge();
  #newest: KeyPicture | undefined;
  #seen: KeyPicture | undefined;
  #lookedAt = 0;
  #judgedAt = 0;
  #judgedBefore: number | undefined;
  #forgotAt = 0;
  /** When the last sessions were opened, oldest first. */
  readonly #opened: number[] = [];
  /** The initialization section of which other parameters were said already. */
  #outdated: Buffer | undefined;
  /** Programme time of the first key picture of this attempt. */
  #runFrom: number | undefined;

  constructor(options: CameraOptions) {
    this.#options = options;
    this.#graceMs = options.graceMs ?? 30_000;
    this.window = new Window(options.window);
  }

  get state(): CameraState {
    return this.#state;
  }
  /** Why it is in this state, for people, where that is known. */
  get detail(): string | undefined {
    return this.#detail;
  }

  /** Process id of its ffmpeg while there is one: cameras that speak RTSP need none. */
  get pid(): number | undefined {
    return this.#source?.pid;
  }

  /** The newest key picture, when it was not looked at yet. */
  get unseen(): KeyPicture | undefined {
    return this.#newest === this.#seen ? undefined : this.#newest;
  }
  /** Something may be wrong with its picture, or nobody looked yet. */
  get wantsMore(): boolean {
    return this.#judge.wantsMore;
  }
  /** When the last look at its picture began, epoch ms; 0 when never. */
  get lookedAt(): number {
    return this.#lookedAt;
  }
  /** When its picture was last judged or first came, epoch ms. */
  get judgedAt(): number {
    return this.#judgedAt;
  }

  /** Programme time up to which its picture was judged; undefined while there is none. */
  get judgedUntil(): number | undefined {
    return this.#newest && (this.#judge.settledAt ?? this.#judgedBefore ?? 0);
  }
  /** The same of what it showed before it was let go. */
  get judgedBefore(): number | undefined {
    return this.#judgedBefore;
  }

  /** What the picture, which was `unseen` at `at` (epoch ms), looks like; undefined when it cannot be decoded. */
  look(picture: KeyPicture, grey: Uint8Array | undefined, at: number): void {
    // The camera was let go, and perhaps asked for again, while the picture was decoded.
    if (this.#newest === undefined || picture.at < this.#forgotAt) return;
    this.#seen = picture;
    this.#lookedAt = at;
    if (!grey) return;
    this.#judgedAt = Date.now();
    this.#judge.look(grey, picture.at);
    if (shown.has(this.#state)) this.#show();
  }

  /** Somebody wants to see it: starts it, or keeps it going. */
  ask(): void {
    this.#askedAt = Date.now();
    if (this.#life || this.#stopped) return;
    const abort = new AbortController();
    this.#set('starting', Date.now());
    const done = this.#live(abort.signal).finally(() => {
      this.#life = undefined;
      this.window.clear();
      this.#forget();
      this.#set('idle', Date.now());
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

  /** Ends its session now. With `again` it begins anew, with the address as it is then, while somebody asks for it. */
  async end(again: boolean): Promise<void> {
    if (!again) this.#askedAt = 0;
    const life = this.#life;
    life?.abort.abort();
    await life?.done;
  }

  /** For good; resolves when its connection or ffmpeg is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const life = this.#life;
    life?.abort.abort();
    await life?.done;
  }

  #set(state: CameraState, at: number, detail?: string): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#detail = detail;
    this.#options.log.info({ camera: this.#options.id, state, detail }, 'camera');
    this.#options.changed(state, at, detail);
    this.window.wake();
  }

  /** A key picture came: the connection is well, and the picture as good as it was last seen to be. */
  #take(picture: KeyPicture): void {
    const before = this.#newest;
    this.#newest = picture;
    this.#runFrom ??= picture.at;
    if (before === undefined) this.#judgedAt = Date.now();
    const same = before !== undefined && isSame(before, picture);
    this.#judge.arrived(picture.at, before?.at, same, before !== undefined && isTelling(before, picture));
    this.#show();
  }

  /**
   * The camera changed its parameters in mid-stream: a session that begins anew gets an initialization section that fits. Once for
   * each, because there are cameras whose description never says what they send.
   */
  #isOutdated(picture: KeyPicture): boolean {
    if (!bringsOthers(picture) || this.#outdated?.equals(picture.init)) return false;
    this.#outdated = picture.init;
    return true;
  }

  /** Says what the pictures show, from when on: a fault counts from the last good picture, not from when it was noticed. */
  #show(): void {
    const { fault, since } = this.#judge.judgement;
    const at = Math.max(since ?? 0, this.#runFrom ?? 0);
    this.#set(fault ?? 'live', at, fault ? saying[fault] : this.#newest && oddCodec(this.#newest.init));
  }

  #forget(): void {
    this.#judgedBefore = this.judgedUntil ?? this.#judgedBefore;
    this.#judge = new Judge();
    this.#newest = this.#seen = undefined;
    this.#lookedAt = this.#judgedAt = 0;
    this.#forgotAt = Date.now();
    this.#unfit = false;
  }

  /** The one retry loop. */
  async #live(signal: AbortSignal): Promise<void> {
    const grace = setInterval(
      () => {
        if (Date.now() - this.#askedAt >= this.#graceMs) this.#life?.abort.abort();
      },
      Math.min(1000, this.#graceMs),
    );
    const most = this.#options.sessions ?? 12;
    let failures = 0;
    while (!signal.aborted) {
      await sleep(waitForSession(this.#opened, most, Date.now()), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      this.#opened.push(Date.now());
      if (this.#opened.length > most) this.#opened.shift();
      const outcome = await this.#run(signal);
      if (outcome.unopened) this.#opened.pop();
      if (signal.aborted) break;
      if (outcome.unfit) {
        this.#unfit = true;
        const what = this.#options.sound?.() ? 'this camera is shown without its sound' : 'this camera needs an ffmpeg';
        this.#options.log.info({ camera: this.#options.id, reason: outcome.reason }, what);
        continue;
      }
      failures = outcome.pictures > 0 ? 0 : failures + 1;
      if (failures === 0) this.#set('stalled', outcome.endedAt ?? Date.now(), outcome.reason);
      else this.#set('offline', Date.now(), outcome.reason);
      await sleep(backOff(failures, outcome.cost ?? 'password'), undefined, { signal }).catch(() => undefined);
    }
    clearInterval(grace);
  }

  /** One attempt: until the source ends, the picture stalls or `signal` says stop. Never throws. */
  async #run(signal: AbortSignal): Promise<Outcome> {
    const pace = new Pace();
    const began = Date.now();
    let init: Buffer | undefined;
    let endedAt: number | undefined;
    let pictures = 0;
    let pictureAt = began;
    let keyAt = began;
    let keyEvery = 0;
    let reason: string | undefined;
    const end = (why: string): void => {
      if (reason !== undefined) return;
      reason = why;
      void source.stop();
    };
    const take = (picture: SourcePicture): void => {
      if (reason !== undefined || signal.aborted || !init) return;
      const now = Date.now();
      const paced = pace.next(picture.lasts, now, picture.gap);
      const bytes = picture.fragment(paced.time, paced.duration);
      if (picture.key && this.#isOutdated({ init, fragment: bytes, at: 0 }))
        return end('the camera changed the size or kind of its picture');
      this.window.add({
        ...{ bytes, duration: paced.duration, key: picture.key, at: paced.at, broken: paced.broken },
        ...(picture.cameraAt === undefined ? {} : { cameraAt: picture.cameraAt }),
      });
      pictures++;
      pictureAt = now;
      endedAt = paced.at + paced.duration * 1000;
      if (!picture.key) return;
      keyEvery = Math.max(keyEvery, now - keyAt);
      keyAt = now;
      this.#take({ init, fragment: bytes, at: paced.at });
    };
    let source: Source;
    try {
      const address = await unless(signal, this.#options.address());
      const ears: Ears = { init: (bytes) => this.window.begin((init = bytes)), picture: take };
      source = this.#options.open?.(ears) ?? open(address, this.#unfit, this.#options.sound?.() === true, ears);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      return { reason: said, pictures, endedAt, unopened: true, cost: 'nothing' };
    }
    this.#source = source;
    let losses = 0;
    let heardFrom: number | undefined;
    const watch = setInterval(() => {
      const now = Date.now();
      if (source.losses > losses) this.#sayLoss((losses = source.losses));
      if (pictures === 0) {
        if (source.heardAt !== undefined) heardFrom ??= now;
        if (now - (heardFrom ?? began) > BLIND_MS) end('no picture came');
        return;
      }
      if (now - pictureAt > SILENT_MS) {
        // What comes cannot be shown before the next key picture: asking anew would not bring it sooner.
        const isDeaf = now - Math.max(pictureAt, source.heardAt ?? 0) > SILENT_MS;
        this.window.rest();
        const why = isDeaf ? 'no picture for 3 s' : 'pictures were lost on the way, until the next key picture';
        this.#set('stalled', endedAt ?? now, why);
        if (isDeaf) end(why);
      }
      if (now - keyAt > Math.max(KEYLESS_MS, 3 * keyEvery)) end('no key picture any more');
    }, 250);
    const stop = (): void => void source.stop();
    signal.addEventListener('abort', stop, { once: true });
    const ended = await source.ended;
    signal.removeEventListener('abort', stop);
    clearInterval(watch);
    this.#source = undefined;
    this.#runFrom = undefined;
    this.window.rest();
    return { ...ended, reason: reason ?? ended.reason, pictures, endedAt };
  }

  #sayLoss(losses: number): void {
    const now = Date.now();
    if (now - this.#saidLossAt < SAY_LOSS_MS) return;
    this.#saidLossAt = now;
    this.#options.log.info({ camera: this.#options.id, losses }, 'pictures of a camera were lost on the way');
  }
}
