import type Hls from 'hls.js';
import type { ErrorData } from 'hls.js';
import { serverNow } from './clock.svelte.ts';
import { recordedUrl } from './recorded.ts';
import { correctionOf, dateOf, timeOf } from './recordedTime.ts';
import { inTurn } from './turns.ts';

/** `empty`: nothing shows this moment. */
export type RecordedState = 'starting' | 'empty' | 'playing' | 'failed' | 'codec' | 'needsRelease';

/** A playlist begins so long before the moment it is opened for, and holds so much. */
const before = 30_000;
const length = 1_200_000;
const again = 3_000;
/** Seconds of pictures that are kept. */
const buffer = { ahead: 10, behind: 10 };

/**
 * One camera's recording in one <video>. It has no clock of its own: `keep` is called with the moment that all pictures show, and
 * it jumps there or plays a little faster or slower.
 */
export class RecordedPlayer {
  readonly #video: HTMLVideoElement;
  readonly #camera: string;
  readonly #onChange: (state: RecordedState) => void;
  #hls: Hls | undefined;
  #span: { from: number; to: number } | undefined;
  #state: RecordedState = 'starting';
  #opening = 0;
  #retryAt = 0;
  #isClosed = false;

  constructor(video: HTMLVideoElement, camera: string, onChange: (state: RecordedState) => void) {
    this.#video = video;
    this.#camera = camera;
    this.#onChange = onChange;
    video.muted = true;
    video.playsInline = true;
  }

  /** The moment of the picture that is seen, epoch ms. */
  get date(): number | undefined {
    const fragments = this.#hls?.latestLevelDetails?.fragments;
    return fragments && this.#video.readyState >= 2 ? dateOf(fragments, this.#video.currentTime) : undefined;
  }

  /** Whether the moment waits for this picture. */
  get isWaiting(): boolean {
    return this.#state === 'starting';
  }

  /** Shows `at`, which runs or stands; `earliest`: what is before may not be asked for. */
  keep(at: number, isRunning: boolean, earliest: number): void {
    if (this.#isClosed) return;
    const isOutside = !this.#span || at < this.#span.from || at >= this.#span.to;
    const isBroken = this.#state === 'failed' && performance.now() > this.#retryAt;
    if (isOutside || isBroken) return void this.#open(at, earliest);
    const fragments = this.#hls?.latestLevelDetails?.fragments;
    if (!fragments || this.#state === 'failed' || this.#video.seeking) return;
    const video = this.#video;
    const time = timeOf(fragments, at);
    if (time === undefined) return this.rest();
    const correction = correctionOf(this.date, at);
    if (correction === 'jump') {
      // Pictures that are being loaded are waited for, not asked for again.
      if (Math.abs(video.currentTime - time) > 0.3) video.currentTime = time;
      if (!isRunning) video.pause();
    } else {
      video.playbackRate = correction;
      if (isRunning === video.paused) {
        if (isRunning) void video.play().catch(() => undefined);
        else video.pause();
      }
    }
    this.#say(video.readyState >= (isRunning ? 3 : 2) && correction !== 'jump' ? 'playing' : 'starting');
  }

  /** Nothing is to be seen: what plays stops. */
  rest(): void {
    this.#video.pause();
    this.#say('empty');
  }

  close(): void {
    this.#isClosed = true;
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  async #open(at: number, earliest: number): Promise<void> {
    const own = (this.#opening += 1);
    const from = Math.min(at, Math.max(at - before, earliest + 1_000));
    this.#span = { from, to: from + length };
    this.#retryAt = performance.now() + again;
    this.#say('starting');
    const { default: Light } = await import('hls.js/light');
    if (this.#isClosed || own !== this.#opening) return;
    this.#hls?.destroy();
    if (!Light.isSupported()) return this.#say('codec');
    const hls: Hls = new Light({
      lowLatencyMode: false,
      maxBufferLength: buffer.ahead,
      maxMaxBufferLength: buffer.ahead,
      backBufferLength: buffer.behind,
      startPosition: (at - from) / 1000,
      enableWorker: false,
      xhrSetup: inTurn,
    });
    this.#hls = hls;
    hls.on(Light.Events.ERROR, (_event, data) => this.#fail(hls, data, Light));
    hls.attachMedia(this.#video);
    hls.loadSource(
      recordedUrl(this.#camera, from, Math.max(from + 1_000, Math.min(from + length, serverNow() + 600_000))),
    );
  }

  #fail(hls: Hls, data: ErrorData, Light: typeof Hls): void {
    if (!data.fatal || this.#isClosed || this.#hls !== hls) return;
    hls.destroy();
    this.#hls = undefined;
    this.#retryAt = performance.now() + again;
    const isCodec =
      data.details === Light.ErrorDetails.BUFFER_ADD_CODEC_ERROR ||
      data.details === Light.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR;
    this.#say(data.response?.code === 403 ? 'needsRelease' : isCodec ? 'codec' : 'failed');
  }

  #say(state: RecordedState): void {
    if (state === this.#state) return;
    this.#state = state;
    if (!this.#isClosed) this.#onChange(state);
  }
}
