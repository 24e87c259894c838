import type { Quality } from '../../hub/model/video.ts';
import { streamUrl } from './api.ts';
import { serverNow } from './clock.svelte.ts';
import { Player, type Playback } from './player.ts';
import type { Look } from './span.ts';
import type { Playing } from './tile.ts';
import { choose, scored, type Scores, type Seen, type Transport } from './transport.ts';
import { videoLine } from './videoLine.ts';

const kept = 'hallwatch.transport';

/** What was measured in this browser session; it does without where nothing may be stored. */
function readScores(): Scores {
  try {
    return JSON.parse(sessionStorage.getItem(kept) ?? '{}') as Scores;
  } catch {
    return {};
  }
}

const scores = readScores();

function note(transport: Transport, seen: Seen): void {
  scores[transport] = scored(scores[transport], seen, Date.now());
  try {
    sessionStorage.setItem(kept, JSON.stringify(scores));
  } catch {
    // A full or forbidden storage: remembered until the page is left.
  }
}

/** Milliseconds between two measurements of the delay. */
const noteEvery = 2_000;
/** A transport plays for so long before the other one is preferred, milliseconds. */
const dwells = 20_000;
/** A picture that has just begun waits as a matter of course, and one hiccup waits several times: milliseconds until a wait counts. */
const settles = { begun: 3_000, waited: 1_000 };

/**
 * The picture of the focused tile by the transport that does better here: over the socket as long as that holds what it
 * promises, otherwise as LL-HLS. Changes over at once when the socket fails; when the other one would do better, `onWorse` asks for
 * another playback beside this one, which plays on until that has a picture.
 */
export class LivePlayback implements Playback {
  readonly #video: HTMLVideoElement;
  readonly #camera: string;
  readonly #quality: Quality;
  readonly #onChange: (playing: Playing) => void;
  readonly #onWorse: () => void;
  #transport: Transport;
  #inner: Playback | undefined;
  #isActive = false;
  #isClosed = false;
  #isPlaying = false;
  #notedAt = 0;
  #settledAt = 0;
  #openedAt = performance.now();

  constructor(
    video: HTMLVideoElement,
    camera: string,
    quality: Quality,
    onChange: (playing: Playing) => void,
    onWorse: () => void,
  ) {
    this.#video = video;
    this.#camera = camera;
    this.#quality = quality;
    this.#onChange = onChange;
    this.#onWorse = onWorse;
    this.#transport = typeof MediaSource === 'undefined' ? 'hls' : choose(scores, Date.now());
    video.addEventListener('waiting', this.#onWaiting);
    void this.#open();
  }

  setActive(isActive: boolean): void {
    this.#isActive = isActive;
    this.#inner?.setActive(isActive);
  }

  nudge(): void {
    this.#inner?.nudge();
  }

  play(): void {
    this.#inner?.play();
  }

  get looked(): Look {
    return this.#inner?.looked ?? { at: performance.now(), date: undefined, playing: false, frames: 0 };
  }

  close(): void {
    this.#isClosed = true;
    this.#video.removeEventListener('waiting', this.#onWaiting);
    this.#inner?.close();
  }

  async #open(): Promise<void> {
    if (this.#transport === 'hls') {
      const url = streamUrl(this.#camera, 'live', this.#quality);
      this.#inner = new Player(this.#video, this.#camera, url, 'live', (playing) => this.#say(playing));
    } else {
      try {
        const [{ SocketPlayer }, line] = await Promise.all([import('./socketPlayer.ts'), videoLine()]);
        if (this.#isClosed) return;
        this.#inner = new SocketPlayer(this.#video, {
          camera: this.#camera,
          quality: this.#quality,
          line,
          now: serverNow,
          onChange: (playing) => this.#say(playing),
          onLost: () => this.#fail(),
        });
      } catch {
        return this.#fail();
      }
    }
    this.#inner.setActive(this.#isActive);
  }

  #fail(): void {
    if (this.#isClosed || this.#transport === 'hls') return;
    note('socket', 'failure');
    this.#change();
  }

  /** From the socket to LL-HLS in the same place. */
  #change(): void {
    this.#inner?.close();
    this.#inner = undefined;
    this.#isPlaying = false;
    this.#transport = 'hls';
    this.#openedAt = performance.now();
    void this.#open();
  }

  readonly #onWaiting = (): void => {
    const now = performance.now();
    if (!this.#isPlaying || this.#video.seeking || now < this.#settledAt) return;
    this.#settledAt = now + settles.waited;
    note(this.#transport, 'stall');
    this.#compare(now);
  };

  #say(playing: Playing): void {
    const now = performance.now();
    const isPlaying = playing.state === 'playing';
    if (isPlaying && !this.#isPlaying) this.#settledAt = now + settles.begun;
    this.#isPlaying = isPlaying;
    if (playing.state !== 'playing') this.#notedAt = now;
    else if (playing.delay !== undefined && now - this.#notedAt > noteEvery) {
      note(this.#transport, { played: (now - this.#notedAt) / 1000, delay: playing.delay });
      this.#notedAt = now;
      this.#compare(now);
    }
    this.#onChange(playing);
  }

  /** Either may turn out to be the worse one; each gets its time. */
  #compare(now: number): void {
    if (now - this.#openedAt < dwells || choose(scores, Date.now()) === this.#transport) return;
    this.#openedAt = now;
    this.#onWorse();
  }
}
