import type Hls from 'hls.js';
import type { ErrorData } from 'hls.js';
import { serverNow } from './clock.svelte.ts';
import { bounds, bufferOf, rateOf, type Mode } from './buffer.ts';
import { held } from './held.ts';
import type { Look } from './span.ts';
import type { Playing } from './tile.ts';
import { inTurn, starts } from './turns.ts';

/** What plays one camera in one <video>, by whatever transport. */
export interface Playback {
  /** On screen and the page visible: only then is anything loaded. */
  setActive(isActive: boolean): void;
  /** The camera is said to be back: do not wait for the next attempt. */
  nudge(): void;
  /** After the browser refused to play by itself. */
  play(): void;
  /** For the report of what was watched. */
  readonly looked: Look;
  close(): void;
}

/** A picture that has not moved for this long is no longer shown as live. */
const stallAfter = 3_000;
/** Beyond this the player jumps to the live edge instead of running after it, milliseconds. */
const farBehind: Record<Mode, number> = { live: 5_000, plain: 10_000 };
const look = 500;

/**
 * One camera in one <video>: hls.js/light through Media Source Extensions (Debian's Chromium says that it plays HLS natively,
 * and does not). Loaded when the first tile needs it. Never sets `liveSync*`: the server's hold-back would be ignored.
 */
export class Player implements Playback {
  readonly #video: HTMLVideoElement;
  readonly #url: string;
  readonly #mode: Mode;
  readonly #onChange: (playing: Playing) => void;
  readonly #camera: string;
  #hls: Hls | undefined;
  #playing: Playing = { state: 'idle' };
  #isActive = false;
  #isClosed = false;
  #attempt = 0;
  #movedAt = performance.now();
  #lastTime = -1;
  #frames = 0;
  /** Programme time of the picture that moved last. */
  #date: number | undefined;
  /** One jump to the live edge for each stall. */
  #hasJumped = false;
  #mediaErrorAt = -Infinity;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #endTurn: (() => void) | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  /** `camera`: whose pictures the address leads to. */
  constructor(video: HTMLVideoElement, camera: string, url: string, mode: Mode, onChange: (playing: Playing) => void) {
    this.#video = video;
    this.#camera = camera;
    this.#url = url;
    this.#mode = mode;
    this.#onChange = onChange;
    video.muted = true;
    video.playsInline = true;
    this.#timer = setInterval(() => this.#look(), look);
  }

  setActive(isActive: boolean): void {
    if (this.#isActive === isActive || this.#isClosed) return;
    this.#isActive = isActive;
    if (isActive) {
      this.#say({ state: 'starting' });
      this.#movedAt = performance.now();
      if (this.#hls && !this.#retry && this.#attempt === 0) this.#resume(this.#hls);
      else void this.#open();
    } else {
      this.#cancelRetry();
      this.#endTurn?.();
      this.#hls?.stopLoad();
      this.#video.pause();
      this.#say({ state: 'idle' });
    }
  }

  nudge(): void {
    if (!this.#isActive || this.#playing.state !== 'reconnecting') return;
    this.#cancelRetry();
    void this.#open();
  }

  play(): void {
    void this.#video.play().catch(() => this.#say({ state: 'paused' }));
  }

  get looked(): Look {
    const date = this.#hls?.playingDate?.getTime();
    return {
      at: performance.now(),
      date,
      playing: this.#isActive && !this.#video.paused && !this.#video.seeking,
      frames: this.#video.getVideoPlaybackQuality().totalVideoFrames,
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#cancelRetry();
    this.#endTurn?.();
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  /** (Re)creates the player in its turn: only a few tiles start at a time, so that the API keeps a connection. */
  async #open(): Promise<void> {
    this.#cancelRetry();
    this.#endTurn?.();
    const turn = starts.start(this.#mode === 'live');
    this.#endTurn = turn.end;
    const [{ default: Light }] = await Promise.all([import('hls.js/light'), turn.begun]);
    // Another opening has begun meanwhile, or nobody looks any more.
    if (this.#isClosed || !this.#isActive || this.#endTurn !== turn.end) return turn.end();
    if (!Light.isSupported()) {
      turn.end();
      return this.#say({ state: 'unsupported' });
    }
    this.#hls?.destroy();
    const hls: Hls = new Light({
      lowLatencyMode: this.#mode === 'live',
      maxBufferLength: bounds[this.#mode].ahead,
      maxMaxBufferLength: bounds[this.#mode].ahead,
      backBufferLength: bounds[this.#mode].behind,
      // Fragmented MP4 needs no transmuxing: a worker would only copy, and needs a looser Content-Security-Policy.
      enableWorker: false,
      ...(this.#mode === 'live' ? { maxLiveSyncPlaybackRate: 1.1 } : { xhrSetup: inTurn }),
    });
    this.#hls = hls;
    this.#lastTime = -1;
    this.#movedAt = performance.now();
    hls.on(Light.Events.FRAG_LOADED, (_event, { frag, part, payload }) => {
      if (frag.programDateTime === null || frag.sn === 'initSegment') return;
      const from = frag.programDateTime + (part?.fragOffset ?? 0) * 1000;
      held.add(this.#camera, payload, from, from + (part ?? frag).duration * 1000);
    });
    hls.on(Light.Events.FRAG_BUFFERED, (_event, { frag, part, stats }) => {
      turn.end();
      this.#attempt = 0;
      const { ahead, behind } = bufferOf(this.#mode, stats.total / Math.max(0.1, (part ?? frag).duration));
      Object.assign(hls.config, { maxBufferLength: ahead, maxMaxBufferLength: ahead, backBufferLength: behind });
    });
    hls.on(Light.Events.MANIFEST_PARSED, () => this.play());
    hls.on(Light.Events.ERROR, (_event, data) => this.#fail(hls, data, Light));
    hls.attachMedia(this.#video);
    hls.loadSource(this.#url);
  }

  #resume(hls: Hls): void {
    this.#lastTime = -1;
    hls.startLoad(-1);
    const edge = hls.liveSyncPosition;
    if (edge !== null && edge > this.#video.currentTime) this.#video.currentTime = edge;
    this.play();
  }

  #fail(hls: Hls, data: ErrorData, Light: typeof Hls): void {
    if (!data.fatal || this.#isClosed || this.#hls !== hls) return;
    const now = performance.now();
    if (data.type === Light.ErrorTypes.MEDIA_ERROR && now - this.#mediaErrorAt > 5_000) {
      this.#mediaErrorAt = now;
      hls.recoverMediaError();
      this.play();
      return;
    }
    this.#later();
  }

  /** Tries again with back-off and jitter: 0.5 s, 1 s, 2 s … 10 s. */
  #later(): void {
    this.#endTurn?.();
    this.#hls?.destroy();
    this.#hls = undefined;
    if (!this.#isActive) return;
    this.#attempt += 1;
    this.#say({ state: 'reconnecting', attempt: this.#attempt });
    const wait = Math.min(10_000, 500 * 2 ** (this.#attempt - 1)) * (0.8 + Math.random() * 0.4);
    this.#cancelRetry();
    this.#retry = setTimeout(() => void this.#open(), wait);
  }

  #cancelRetry(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #look(): void {
    const hls = this.#hls;
    if (!hls || !this.#isActive) return;
    const now = performance.now();
    const time = this.#video.currentTime;
    const frames = this.#video.getVideoPlaybackQuality().totalVideoFrames;
    // A jump moves the time at once, its picture may never come.
    const hasMoved = !this.#video.seeking && this.#lastTime >= 0 && time > this.#lastTime + 0.01;
    if (hasMoved && frames !== this.#frames) {
      this.#movedAt = now;
      this.#hasJumped = false;
      const date = hls.playingDate?.getTime();
      this.#date = date;
      const delay = date === undefined ? undefined : serverNow() - date;
      this.#say({ state: 'playing', delay });
      if (delay !== undefined && delay > farBehind[this.#mode]) this.#catchUp(hls, time);
      if (delay !== undefined && this.#mode === 'plain')
        this.#video.playbackRate = rateOf(delay, this.#video.playbackRate);
    } else if (now - this.#movedAt > stallAfter) {
      if (this.#playing.state === 'playing' || this.#playing.state === 'stalled')
        this.#say({ state: 'stalled', since: serverNow() - (now - this.#movedAt), date: this.#date });
      if (this.#video.paused && this.#video.readyState >= 2) this.play();
      else if (!this.#hasJumped) {
        this.#hasJumped = true;
        this.#catchUp(hls, time);
      }
      // hls.js has not noticed by itself: begin anew, and again each time it does not help.
      if (now - this.#movedAt > 12_000) {
        this.#movedAt = now;
        this.#later();
      }
    }
    this.#lastTime = time;
    this.#frames = frames;
  }

  #catchUp(hls: Hls, time: number): void {
    const edge = hls.liveSyncPosition;
    if (edge !== null && edge > time + 1) this.#video.currentTime = edge;
  }

  #say(playing: Playing): void {
    this.#playing = playing;
    if (!this.#isClosed) this.#onChange(playing);
  }
}
