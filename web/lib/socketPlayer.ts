import type { Quality, VideoDown } from '../../hub/model/video.ts';
import { Chase } from './chase.ts';
import { held } from './held.ts';
import { timeOf, timescaleOf } from './pictures.ts';
import type { Playback } from './player.ts';
import type { Look } from './span.ts';
import type { Playing } from './tile.ts';
import type { VideoLine } from './videoLine.ts';

interface SocketSource {
  camera: string;
  quality: Quality;
  line: VideoLine;
  /** Now by the server's clock, epoch ms. */
  now: () => number;
  onChange: (playing: Playing) => void;
  /** It cannot be had this way: something else must play it. */
  onLost: () => void;
}

interface Pictures {
  bytes: ArrayBuffer;
  /** Programme time, epoch ms. */
  at: number;
  key: boolean;
}

/** Milliseconds. */
const answerWithin = 3_000;
const stallAfter = 3_000;
const lookEvery = 100;
const ackEvery = 200;
const aliveEvery = 5_000;
/** What waits to be appended: a page that is held up lets go of the rest and begins with the next key picture. */
const mostQueued = 8_000_000;
/** Seconds kept behind the picture, and let go of in strides. */
const behind = 4;

/**
 * One camera in one <video>, picture by picture over the socket into Media Source Extensions. It shows each picture as late as
 * the network makes it and no later: playback runs a little faster or slower so that hardly anything waits in the buffer.
 */
export class SocketPlayer implements Playback {
  readonly #video: HTMLVideoElement;
  readonly #source: SocketSource;
  #media: MediaSource | undefined;
  #buffer: SourceBuffer | undefined;
  #url: string | undefined;
  #view: string | undefined;
  #queue: Pictures[] = [];
  #queued = 0;
  #needsKey = true;
  #init: { codec: string; bytes: ArrayBuffer; timescale: number } | undefined;
  /** The section that the source buffer has; another one is appended first. */
  #appended: ArrayBuffer | undefined;
  #isActive = false;
  #isClosed = false;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #playing: Playing = { state: 'idle' };
  /** Bytes that came, and that were acknowledged. */
  #came = 0;
  #told = 0;
  #toldAt = 0;
  /** Programme time less media time of the newest picture, milliseconds. */
  #offset: number | undefined;
  /** Programme time at media time 0. */
  #origin: number | undefined;
  #end = 0;
  readonly #chase = new Chase();
  #movedAt = 0;
  #lastTime = -1;
  #frames = 0;
  #date: number | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(video: HTMLVideoElement, source: SocketSource) {
    this.#video = video;
    this.#source = source;
    video.muted = true;
    video.playsInline = true;
    const { line } = source;
    line.on('init', this.#onInit);
    line.on('pictures', this.#onPictures);
    line.on('over', this.#onOver);
    line.on('connect', this.#onConnect);
    line.on('disconnect', this.#onDisconnect);
    video.addEventListener('waiting', this.#onWaiting);
    this.#timer = setInterval(() => this.#look(), lookEvery);
  }

  setActive(isActive: boolean): void {
    if (this.#isActive === isActive || this.#isClosed) return;
    this.#isActive = isActive;
    if (isActive) {
      this.#say({ state: 'starting' });
      void this.#open();
    } else {
      this.#leave();
      this.#video.pause();
      this.#say({ state: 'idle' });
    }
  }

  nudge(): void {
    if (this.#isActive && this.#playing.state === 'reconnecting') void this.#open();
  }

  play(): void {
    void this.#video.play().catch((error: unknown) => {
      // Another load interrupted it: that one plays.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#say({ state: 'paused' });
    });
  }

  get looked(): Look {
    return {
      at: performance.now(),
      date: this.#dateAt(this.#video.currentTime),
      playing: this.#isActive && !this.#video.paused && !this.#video.seeking,
      frames: this.#video.getVideoPlaybackQuality().totalVideoFrames,
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#leave();
    const { line } = this.#source;
    line.off('init', this.#onInit);
    line.off('pictures', this.#onPictures);
    line.off('over', this.#onOver);
    line.off('connect', this.#onConnect);
    line.off('disconnect', this.#onDisconnect);
    this.#video.removeEventListener('waiting', this.#onWaiting);
    this.#detach();
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  async #open(): Promise<void> {
    clearTimeout(this.#retry);
    const { line, camera, quality } = this.#source;
    this.#leave();
    this.#attach();
    this.#movedAt = performance.now();
    const isWanted = (): boolean => this.#isActive && !this.#isClosed && this.#view === undefined;
    try {
      const reply = await line.timeout(answerWithin).emitWithAck('open', { camera, quality });
      if (!isWanted()) {
        if (reply.ok) line.emit('close', { view: reply.view });
        return;
      }
      if (reply.ok) this.#view = reply.view;
      else if (reply.reason === 'camera' || reply.reason === 'expired') this.#later();
      else this.#lose();
    } catch {
      // The connection is lost: `connect` opens it anew. One that stands and does not answer is of no use.
      if (isWanted() && line.connected) this.#lose();
    }
  }

  /** Lets go of the view and of all that was on its way. */
  #leave(): void {
    clearTimeout(this.#retry);
    if (this.#view !== undefined) this.#source.line.emit('close', { view: this.#view });
    this.#view = undefined;
    this.#queue = [];
    this.#queued = this.#came = this.#told = 0;
    this.#needsKey = true;
    this.#init = undefined;
  }

  #attach(): void {
    this.#detach();
    const media = new MediaSource();
    this.#media = media;
    this.#url = URL.createObjectURL(media);
    media.addEventListener('sourceopen', () => this.#append(), { once: true });
    this.#video.src = this.#url;
    this.#lastTime = -1;
    this.#chase.jumped(performance.now());
  }

  #detach(): void {
    if (this.#url !== undefined) URL.revokeObjectURL(this.#url);
    this.#url = this.#media = this.#buffer = this.#appended = this.#origin = this.#offset = undefined;
    this.#end = 0;
  }

  /** Tries again with back-off and jitter: 0.5 s, 1 s, 2 s … 10 s. */
  #later(): void {
    this.#leave();
    this.#attempt += 1;
    this.#say({ state: 'reconnecting', attempt: this.#attempt });
    const wait = Math.min(10_000, 500 * 2 ** (this.#attempt - 1)) * (0.8 + Math.random() * 0.4);
    this.#retry = setTimeout(() => void this.#open(), wait);
  }

  #lose(): void {
    this.#leave();
    if (!this.#isClosed) this.#source.onLost();
  }

  readonly #onConnect = (): void => {
    if (this.#isActive) void this.#open();
  };

  readonly #onDisconnect = (): void => {
    // The hub has forgotten the view with the connection.
    this.#view = undefined;
  };

  readonly #onOver: VideoDown['over'] = ({ view, reason }) => {
    if (view !== this.#view) return;
    this.#view = undefined;
    if (reason === 'codec' || reason === 'protocol') this.#lose();
    else this.#later();
  };

  readonly #onInit: VideoDown['init'] = ({ view, codec }, bytes) => {
    if (view !== this.#view) return;
    const init = bytes as ArrayBuffer;
    this.#came += init.byteLength;
    const timescale = timescaleOf(init);
    if (timescale === undefined || !MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`)) return this.#lose();
    // What waits belongs to the former section.
    this.#queue = [];
    this.#queued = 0;
    this.#init = { codec, bytes: init, timescale };
  };

  readonly #onPictures: VideoDown['pictures'] = ({ view, at, duration, key }, bytes) => {
    if (view !== this.#view) return;
    held.add(this.#source.camera, bytes as ArrayBuffer, at, at + duration * 1000);
    const { byteLength } = bytes;
    this.#came += byteLength;
    if (this.#queued + byteLength > mostQueued) {
      this.#queue = [];
      this.#queued = 0;
      this.#needsKey = true;
    }
    if (!key && this.#needsKey) return;
    this.#needsKey = false;
    this.#queue.push({ bytes: bytes as ArrayBuffer, at, key });
    this.#queued += byteLength;
    this.#append();
  };

  /** Appends what waits, all at once, as soon as the source buffer takes it. */
  #append(): void {
    const [first] = this.#queue;
    const init = this.#init;
    if (this.#isClosed || !first || !init || this.#media?.readyState !== 'open' || this.#buffer?.updating) return;
    try {
      this.#buffer ??= this.#newBuffer(init.codec);
      const time = timeOf(first.bytes);
      if (time === undefined) return this.#lose();
      if (this.#appended !== init.bytes) {
        // The timeline begins anew with each section; here it goes on by programme time, never backwards.
        this.#origin ??= first.at;
        this.#buffer.changeType(`video/mp4; codecs="${init.codec}"`);
        this.#buffer.timestampOffset = Math.max((first.at - this.#origin) / 1000, this.#end) - time / init.timescale;
        this.#appended = init.bytes;
        return this.#buffer.appendBuffer(init.bytes);
      }
      const last = this.#queue.at(-1)!;
      const lastTime = timeOf(last.bytes) ?? time;
      this.#offset = last.at - (lastTime / init.timescale + this.#buffer.timestampOffset) * 1000;
      if (this.#lastTime > 0) this.#chase.came(this.#end - this.#video.currentTime, performance.now());
      const bytes = new Uint8Array(this.#queued);
      let at = 0;
      for (const each of this.#queue) {
        bytes.set(new Uint8Array(each.bytes), at);
        at += each.bytes.byteLength;
      }
      this.#queue = [];
      this.#queued = 0;
      this.#buffer.appendBuffer(bytes);
    } catch {
      this.#lose();
    }
  }

  #newBuffer(codec: string): SourceBuffer {
    const buffer = this.#media!.addSourceBuffer(`video/mp4; codecs="${codec}"`);
    buffer.addEventListener('updateend', () => {
      if (buffer !== this.#buffer || this.#isClosed) return;
      this.#taken();
      this.#append();
    });
    buffer.addEventListener('error', () => buffer === this.#buffer && this.#lose());
    return buffer;
  }

  #taken(): void {
    const { buffered } = this.#video;
    if (buffered.length > 0) this.#end = Math.max(this.#end, buffered.end(buffered.length - 1));
    if (this.#lastTime < 0 && buffered.length > 0) {
      this.#lastTime = 0;
      this.#seek();
      this.play();
    }
    const now = performance.now();
    const untold = this.#came - this.#queued - this.#told;
    if (untold > 0 && (now - this.#toldAt > ackEvery || untold > 250_000)) this.#tell(now);
  }

  #tell(now: number): void {
    if (this.#view === undefined) return;
    this.#told = this.#came - this.#queued;
    this.#toldAt = now;
    this.#source.line.emit('took', { view: this.#view, bytes: this.#told });
  }

  readonly #onWaiting = (): void => {
    // Waiting for the first picture, or after a jump, is no stall.
    if (!this.#isActive || this.#playing.state !== 'playing' || this.#video.seeking) return;
    this.#chase.waited(performance.now());
  };

  #seek(): void {
    const { buffered } = this.#video;
    if (buffered.length === 0) return;
    const last = buffered.length - 1;
    this.#video.currentTime = Math.max(buffered.start(last), buffered.end(last) - this.#chase.margin);
    this.#chase.jumped(performance.now());
  }

  #look(): void {
    if (!this.#isActive || this.#isClosed) return;
    const now = performance.now();
    if (now - this.#toldAt > aliveEvery || (this.#came - this.#queued > this.#told && now - this.#toldAt > ackEvery))
      this.#tell(now);
    const video = this.#video;
    if (video.error) return this.#lose();
    const time = video.currentTime;
    const frames = video.getVideoPlaybackQuality().totalVideoFrames;
    if (!video.seeking && time > this.#lastTime + 0.001 && frames !== this.#frames) {
      this.#movedAt = now;
      this.#attempt = 0;
      this.#date = this.#dateAt(time);
      this.#say({ state: 'playing', delay: this.#date === undefined ? undefined : this.#source.now() - this.#date });
    } else if (now - this.#movedAt > stallAfter) {
      if (this.#playing.state === 'playing' || this.#playing.state === 'stalled')
        this.#say({ state: 'stalled', since: this.#source.now() - (now - this.#movedAt), date: this.#date });
      if (video.paused && video.readyState >= 2) this.play();
    }
    if (this.#lastTime >= 0) this.#lastTime = time;
    this.#frames = frames;
    this.#follow(now, time);
    this.#trim(time);
  }

  /** Runs a little faster or slower, so that just the margin is in hand; jumps when it is far behind or stands before a gap. */
  #follow(now: number, time: number): void {
    const video = this.#video;
    const { buffered } = video;
    if (buffered.length === 0 || video.seeking) return;
    const isBeforeGap = time < buffered.start(buffered.length - 1) && video.readyState < 3;
    const pace = isBeforeGap ? 'jump' : this.#chase.pace(this.#end - time, now);
    if (pace === 'jump') this.#seek();
    else if (video.playbackRate !== pace) video.playbackRate = pace;
  }

  #trim(time: number): void {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || buffer.buffered.length === 0) return;
    if (time - buffer.buffered.start(0) > behind * 2) buffer.remove(0, time - behind);
  }

  #dateAt(time: number): number | undefined {
    return this.#offset === undefined || this.#lastTime < 0 ? undefined : time * 1000 + this.#offset;
  }

  #say(playing: Playing): void {
    this.#playing = playing;
    if (!this.#isClosed) this.#source.onChange(playing);
  }
}
