import type { Quality } from '../../hub/model/video.ts';
import { streamUrl } from './api.ts';
import { LivePlayback } from './livePlayback.ts';
import type { Mode } from './buffer.ts';
import { Player, type Playback } from './player.ts';
import type { Look } from './span.ts';
import type { Playing } from './tile.ts';

/** What is to be seen on a screen. */
export interface Source {
  camera: string;
  mode: Mode;
  quality: Quality;
}

interface Layer {
  source: Source;
  video: HTMLVideoElement;
  playback: Playback;
  playing: Playing;
  hasPicture: boolean;
}

/**
 * One tile's picture. When it is to come another way (the tile got the focus, or lost it) the old picture stays until the new
 * one moves: the new <video> lies below and the old one is taken away. Of another camera nothing stays.
 */
export class Screen {
  readonly #host: HTMLElement;
  readonly #onChange: (playing: Playing) => void;
  #front: Layer | undefined;
  #back: Layer | undefined;
  #isActive = false;
  #hasSound = false;
  /** Frames of the players that were taken away: the count must never run backwards. */
  #frames = 0;

  constructor(host: HTMLElement, onChange: (playing: Playing) => void) {
    this.#host = host;
    this.#onChange = onChange;
  }

  show(source: Source): void {
    const front = this.#front;
    this.#drop(this.#back);
    this.#back = undefined;
    if (front && isSame(front.source, source)) return;
    const layer = this.#open(source);
    if (front?.source.camera === source.camera && front.playing.state === 'playing') {
      this.#back = layer;
    } else {
      this.#drop(front);
      this.#front = layer;
    }
    layer.playback.setActive(this.#isActive);
  }

  setActive(isActive: boolean): void {
    this.#isActive = isActive;
    // Nobody looks: there is nothing to keep up appearances for.
    if (!isActive && this.#back) this.#swap();
    this.#front?.playback.setActive(isActive);
  }

  /** Sound of the live picture in front, where its camera carries any. */
  setSound(hasSound: boolean): void {
    this.#hasSound = hasSound;
    if (this.#front) this.#mute(this.#front);
  }

  nudge(): void {
    this.#front?.playback.nudge();
    this.#back?.playback.nudge();
  }

  play(): void {
    this.#front?.playback.play();
  }

  get looked(): Look {
    const look = this.#front?.playback.looked;
    return look
      ? { ...look, frames: this.#frames + look.frames }
      : { at: performance.now(), date: undefined, playing: false, frames: this.#frames };
  }

  /** What is seen now. */
  get video(): HTMLVideoElement | undefined {
    return this.#front?.video;
  }

  close(): void {
    this.#drop(this.#front);
    this.#drop(this.#back);
    this.#front = undefined;
    this.#back = undefined;
  }

  #open(source: Source): Layer {
    const video = document.createElement('video');
    video.className = 'absolute inset-0 size-full object-contain';
    video.disablePictureInPicture = true;
    video.tabIndex = -1;
    // Below the one that is seen.
    this.#host.prepend(video);
    const layer: Layer = {
      source,
      video,
      playing: { state: 'idle' },
      hasPicture: false,
      playback: openPlayback(
        video,
        source,
        (playing) => {
          layer.playing = playing;
          this.#look(layer);
        },
        () => this.#renew(layer),
      ),
    };
    video.requestVideoFrameCallback(() => {
      layer.hasPicture = true;
      this.#look(layer);
    });
    return layer;
  }

  /** The same picture by a better transport, likewise behind the one that is seen. */
  #renew(layer: Layer): void {
    if (layer !== this.#front || this.#back || !this.#isActive) return;
    this.#back = this.#open(layer.source);
    this.#back.playback.setActive(true);
  }

  /** The picture behind takes over once it moves; what is decoded but was not on the glass yet is no picture. */
  #look(layer: Layer): void {
    // Players begin muted, also when they change what carries the picture.
    this.#mute(layer);
    if (layer === this.#front)
      this.#onChange(layer.playing.state === 'playing' && !layer.hasPicture ? { state: 'starting' } : layer.playing);
    else if (layer === this.#back && layer.hasPicture && layer.playing.state === 'playing') this.#swap();
  }

  #swap(): void {
    const next = this.#back;
    if (!next) return;
    const { frames } = this.looked;
    const old = this.#front;
    this.#front = next;
    this.#back = undefined;
    this.#frames = frames - next.playback.looked.frames;
    this.#drop(old);
    this.#look(next);
  }

  #mute(layer: Layer): void {
    layer.video.muted = !this.#hasSound || layer !== this.#front || layer.source.mode !== 'live';
  }

  #drop(layer: Layer | undefined): void {
    layer?.playback.close();
    layer?.video.remove();
  }
}

const isSame = (one: Source, other: Source): boolean =>
  one.camera === other.camera && one.mode === other.mode && one.quality === other.quality;

/** The transport of a picture. `onWorse`: another would do better by now. */
function openPlayback(
  video: HTMLVideoElement,
  source: Source,
  onChange: (playing: Playing) => void,
  onWorse: () => void,
): Playback {
  const { camera, mode, quality } = source;
  if (mode === 'live') return new LivePlayback(video, camera, quality, onChange, onWorse);
  return new Player(video, camera, streamUrl(camera, mode, quality), mode, onChange);
}
