import type { Pictures } from './window.ts';

/** What brings pictures to one viewer in another process: a socket, or later the link between two levels. */
export interface Carrier {
  /** An initialization section; the pictures from now on belong to it. */
  init(bytes: Buffer): void;
  pictures(pictures: Pictures): void;
}

export interface FlowBounds {
  /** Bytes that travel unacknowledged at most; a single larger picture travels alone. Default 1 MiB. */
  credit?: number;
  /** Bytes that wait for credit at most. Default 4 MiB. */
  waiting?: number;
}

/** Programme time, epoch ms. */
export interface Span {
  from: number;
  to: number;
}

/** A viewer that is so far behind skips to the key picture that has just come, seconds. */
const BEHIND = 0.5;
/** Pictures on their way at most, however small they are. */
const MOST_TRAVELLING = 512;

/**
 * One camera's pictures on their way to one viewer, single and at once. The viewer acknowledges what it took; beyond its credit
 * pictures wait, and a viewer that stays behind goes on from the next key picture, so that memory stays bounded.
 */
export class Flow {
  readonly credit: number;
  readonly #carrier: Carrier;
  readonly #mostWaiting: number;
  #waiting: { picture: Pictures; init: Buffer }[] = [];
  #waitingBytes = 0;
  #waitingSeconds = 0;
  /** What travels: where it ends in the count of all bytes sent, and what it shows. */
  readonly #travelling: (Span & { end: number })[] = [];
  #init: Buffer | undefined;
  #needsKey = true;
  #sent = 0;
  #taken = 0;
  #skipped = 0;

  constructor(carrier: Carrier, { credit = 1024 * 1024, waiting = 4 * 1024 * 1024 }: FlowBounds = {}) {
    this.#carrier = carrier;
    this.credit = credit;
    this.#mostWaiting = waiting;
  }

  /** Bytes that wait and travel. */
  get held(): number {
    return this.#waitingBytes + this.#sent - this.#taken;
  }
  /** Pictures that were left out because the viewer was too slow. */
  get skipped(): number {
    return this.#skipped;
  }

  take(picture: Pictures, init: Buffer): void {
    const isBehind = this.#waitingSeconds > BEHIND || this.#waitingBytes > this.#mostWaiting;
    if (picture.key && isBehind) this.#drop();
    if (!picture.key && (this.#needsKey || this.#waitingBytes + picture.bytes.length > this.#mostWaiting)) {
      // What depends on a picture that is left out cannot be shown either.
      if (!this.#needsKey) this.#drop();
      this.#needsKey = true;
      this.#skipped++;
      return;
    }
    this.#needsKey = false;
    this.#waiting.push({ picture, init });
    this.#waitingBytes += picture.bytes.length;
    this.#waitingSeconds += picture.duration;
    this.#send();
  }

  /**
   * The viewer has taken so many bytes in all. Answers what it has been shown of that, or undefined when it claims what was
   * never sent.
   */
  took(bytes: number): Span[] | undefined {
    if (bytes > this.#sent || bytes < this.#taken) return undefined;
    this.#taken = bytes;
    const spans: Span[] = [];
    while (this.#travelling.length > 0 && this.#travelling[0]!.end <= bytes) {
      const { from, to } = this.#travelling.shift()!;
      const last = spans.at(-1);
      // The server's clock is measured anew each second: a few milliseconds between two pictures are none.
      if (last && Math.abs(from - last.to) <= 50) last.to = to;
      else spans.push({ from, to });
    }
    this.#send();
    return spans;
  }

  #drop(): void {
    this.#skipped += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = this.#waitingSeconds = 0;
  }

  #send(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { picture, init } = next;
      const size = picture.bytes.length + (init === this.#init ? 0 : init.length);
      const travelling = this.#sent - this.#taken;
      if (travelling > 0 && (travelling + size > this.credit || this.#travelling.length >= MOST_TRAVELLING)) return;
      this.#waiting.shift();
      this.#waitingBytes -= picture.bytes.length;
      this.#waitingSeconds = this.#waiting.length === 0 ? 0 : this.#waitingSeconds - picture.duration;
      if (init !== this.#init) this.#carrier.init(init);
      this.#init = init;
      this.#sent += size;
      this.#travelling.push({ end: this.#sent, from: picture.at, to: picture.at + picture.duration * 1000 });
      this.#carrier.pictures(picture);
    }
  }
}
