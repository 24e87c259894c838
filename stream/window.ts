import { randomBytes } from 'node:crypto';
import { KeyInterval } from './interval.ts';
import { Waiters } from './waiters.ts';

/** A few pictures, the smallest thing a player fetches. */
export interface Part {
  name: string;
  bytes: Buffer;
  /** Seconds. */
  duration: number;
  /** Begins with a key picture. */
  independent: boolean;
  /** Programme time of its beginning, epoch ms. */
  at: number;
}

export interface Segment {
  /** Media sequence number. */
  sequence: number;
  name: string;
  /** Programme time of its beginning by the server's clock, epoch ms. */
  at: number;
  duration: number;
  parts: Part[];
  /** The timeline breaks before it. */
  discontinuity: boolean;
  /** Name of its initialization section. */
  init: string;
  /** The camera's own time of its beginning, epoch ms, where the camera tells it: evidence keeps it beside `at`. */
  cameraAt?: number;
  /** Complete; `bytes` holds all its parts, which are views of it from then on. */
  closed: boolean;
  bytes: Buffer;
}

/** One fragment as the window takes it. */
export interface Piece {
  bytes: Buffer;
  duration: number;
  key: boolean;
  at: number;
  /** The camera's own time of it, epoch ms, where the camera tells it. */
  cameraAt?: number;
  /** The timeline breaks before it. */
  broken: boolean;
}

/** One picture or some in a row. */
export type Pictures = Pick<Piece, 'bytes' | 'duration' | 'key' | 'at'>;
/** Told of a picture and the initialization section it belongs to; must not throw. */
export type Follower = (picture: Pictures, init: Buffer) => void;

export interface WindowOptions {
  /** Parts are made of as many whole pictures as come nearest to this, seconds. */
  partTarget?: number;
  /** A key picture ends a segment that lasts at least so long, seconds. */
  segmentTarget?: number;
  /** Closed segments are kept for so long, seconds of media… */
  span?: number;
  /** …and never more than so many bytes. */
  bytes?: number;
  /** Told of each segment as it closes, and of its initialization section; must not throw. */
  closed?: (segment: Segment, init: Buffer) => void;
}

/** A camera that sends no key picture for so long still gets its segment closed, so that memory stays bounded. */
const LONGEST_SEGMENT = 12;
const MOST_WAITERS = 256;
/** A part that fills less of its target than this must be the last of its segment or begin with a key picture (RFC 8216bis §4.4.4.9). */
const LEAST_OF_PART = 0.85;
/** 1.04 / 0.96, and a little: 0.96 / 1.04 of it is 85 %. */
const HEADROOM = 1.085;
/** So many parts in a row that do not fit the target: the camera has changed its rate. */
const UNFIT_PARTS = 8;

/** A length (seconds) rounded as players round it: by the digits that playlists write, so that 2.499999 counts as 2.50000. */
const rounded = (seconds: number): number => Math.round(Number(seconds.toFixed(5)));

/**
 * The newest parts and segments of one camera. Sequence numbers only grow, whatever happens to the camera; names begin
 * with a random prefix per run, so that no cache ever serves an older run's file.
 *
 * A session lasts from the first picture to `clear`, or until the camera changes its rate: within one, neither the part target nor
 * the target duration changes (RFC 8216bis §4.4.3.7, §6.2.1).
 */
export class Window {
  readonly #options: Required<Omit<WindowOptions, 'closed'>>;
  readonly #closed: WindowOptions['closed'];
  readonly #inits = new Map<string, Buffer>();
  readonly #segments: Segment[] = [];
  /** Not listed any more, but a player that read the list before may still ask for them (RFC 8216bis §6.2.2). */
  readonly #gone: Segment[] = [];
  readonly #waiters = new Waiters(MOST_WAITERS);
  readonly #followers = new Set<Follower>();
  #prefix = '';
  #init = '';
  #initCount = 0;
  /** Begun with the clock, so that it does not go backward when the process starts again either. */
  #sequence = Math.floor(Date.now() / 1000) - 1_750_000_000;
  #serial = 0;
  #breaks = 0;
  #breakNext = false;
  #pending: Piece[] = [];
  #pendingDuration = 0;
  #bytes = 0;
  #openBytes = 0;
  #partTarget = 0;
  #target = 0;
  #unfit = 0;
  /** What is known of it outlives sessions. */
  readonly #interval = new KeyInterval();

  constructor(options: WindowOptions = {}) {
    const { closed, ...bounds } = options;
    this.#options = { partTarget: 0.15, segmentTarget: 1, span: 20, bytes: 24 * 1024 * 1024, ...bounds };
    this.#closed = closed;
    this.clear();
  }

  /** Closed segments, oldest first, and at the end perhaps an open one. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }
  /** No part is longer (seconds); 0 until the first part is made. */
  get partTarget(): number {
    return this.#partTarget;
  }
  /**
   * No segment rounds to more, whole seconds. Settled when it is first asked for, by the camera's key interval as far as it is known
   * (one second when it is not); from then on a segment that would become longer is closed without waiting for a key picture.
   */
  get target(): number {
    if (this.#target === 0) {
      const usual = this.#interval.usual ?? 1;
      const held = this.#segments.map((segment) => segment.duration + (segment.closed ? 0 : this.#pendingDuration));
      // A little above, because key pictures come a little late now and then.
      this.#target = Math.max(1, rounded(Math.max(usual + 0.1, ...held)));
    }
    return this.#target;
  }
  /** Breaks of the timeline that have left the window. */
  get discontinuitySequence(): number {
    return this.#breaks;
  }
  /** Name of the part that comes next, wherever it will belong. */
  get nextPart(): string {
    return `${this.#prefix}-p${this.#serial}.mp4`;
  }

  /** Forgets everything: the camera is not watched any more. Names begin anew, numbers go on. */
  clear(): void {
    this.#end();
    this.#gone.length = 0;
    this.#inits.clear();
    this.#bytes = this.#openBytes = 0;
    this.#drop();
    this.#prefix = randomBytes(4).toString('hex');
    this.wake();
  }

  /** The next part begins another session: with numbers that go on, and on another side of a break. */
  #end(): void {
    const last = this.#segments.at(-1);
    if (last) {
      this.#sequence = last.sequence + 1;
      // One more than were listed: what comes now does not continue what was there before, and no tag says so.
      this.#breaks += 1 + this.#segments.filter((segment) => segment.discontinuity).length;
    }
    this.#gone.push(...this.#segments.splice(0));
    this.#partTarget = this.#target = this.#unfit = 0;
    this.#interval.breaks();
    this.#breakNext = false;
  }

  /** Nothing comes for now: what there is becomes a part and a whole segment, so that it is delivered and recorded. */
  rest(): void {
    this.#flush(true);
    this.#close();
  }

  /** A run of the camera begins with its initialization section; whatever was open is closed. */
  begin(init: Buffer): void {
    this.rest();
    this.#interval.breaks();
    // One that no picture followed: a camera may begin again and again and send none.
    this.#release(this.#init);
    this.#breakNext = this.#segments.length > 0;
    this.#init = `${this.#prefix}-i${this.#initCount++}.mp4`;
    this.#inits.set(this.#init, init);
  }

  add(piece: Piece): void {
    const open = this.#open;
    const lasted = (open?.duration ?? 0) + this.#pendingDuration;
    const limit = this.#target === 0 ? LONGEST_SEGMENT : this.#target + 0.49;
    const full = lasted > 0 && (lasted + piece.duration > limit || this.#openBytes > this.#options.bytes / 2);
    // Key pictures come a little early now and then: nine tenths of the target are enough. What did not begin with a key
    // picture ends as soon as there is one.
    const begunByKey = open?.parts[0]?.independent ?? this.#pending[0]?.key;
    const due = lasted >= this.#options.segmentTarget * 0.9 || begunByKey === false;
    const ends = full || piece.broken || (piece.key && due);
    if (ends) this.rest();
    else if (
      this.#partTarget > 0 &&
      (this.#pendingDuration + piece.duration > this.#partTarget + 1e-6 ||
        // A key picture within a segment begins a part, unless the one before would be too short.
        (piece.key && this.#pendingDuration >= this.#partTarget * LEAST_OF_PART))
    ) {
      this.#flush(false);
    }
    if (piece.broken) {
      this.#breakNext = true;
      this.#interval.breaks();
    }
    // Its pictures fit no part of this session any more.
    if (ends && piece.key && this.#unfit >= UNFIT_PARTS) this.#end();
    if (piece.key && (ends || (this.#segments.length === 0 && this.#pending.length === 0))) this.#interval.begins();
    this.#interval.lasts(piece.duration);
    this.#pending.push(piece);
    this.#pendingDuration += piece.duration;
    const init = this.#inits.get(this.#init);
    if (init) for (const follow of this.#followers) follow(piece, init);
    const usual = this.#pendingDuration / this.#pending.length;
    const most = this.#partTarget || this.#options.partTarget + usual / 2;
    // The next picture would not fit any more: the part is ready now, not one picture later.
    if (this.#pendingDuration + (this.#partTarget ? piece.duration * 0.9 : usual) > most) this.#flush(false);
  }

  /** Initialization section, segment or part of this name. */
  find(
    name: string,
  ): { kind: 'init'; bytes: Buffer } | { kind: 'media'; bytes: Buffer; at: number; duration: number } | undefined {
    const init = this.#inits.get(name);
    if (init) return { kind: 'init', bytes: init };
    for (const segments of [this.#segments, this.#gone]) {
      for (let i = segments.length - 1; i >= 0; i--) {
        const segment = segments[i]!;
        if (segment.name === name && segment.closed) return { kind: 'media', ...segment };
        const part = segment.parts.find((each) => each.name === name);
        if (part) return { kind: 'media', ...part };
      }
    }
    return undefined;
  }

  /** The newest part that begins with a key picture, and its initialization section. */
  get newestKey(): { init: Buffer; part: Part } | undefined {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!;
      const part = segment.parts.findLast((each) => each.independent);
      const init = this.#inits.get(segment.init);
      if (part && init) return { init, part };
    }
    return undefined;
  }

  /** Tells of each picture as it comes, before a part is made of it, until the answer is called. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Where one who follows from now on begins: all there is of this run from its newest key picture on. */
  get fromKey(): { init: Buffer; pictures: Pictures[] } | undefined {
    const init = this.#inits.get(this.#init);
    if (!init) return undefined;
    const from = this.#pending.findLastIndex((piece) => piece.key);
    if (from >= 0) return { init, pictures: this.#pending.slice(from) };
    const pictures: Pictures[] = [...this.#pending];
    for (let i = this.#segments.length - 1; this.#segments[i]?.init === this.#init; i--) {
      for (const { bytes, at, duration, independent } of this.#segments[i]!.parts.toReversed()) {
        pictures.unshift({ bytes, at, duration, key: independent });
        if (independent) return { init, pictures };
      }
    }
    return undefined;
  }

  /** Waits until `test` holds; false when it does not within so many milliseconds or too many wait already. */
  until(test: () => boolean, patienceMs: number): Promise<boolean> {
    return this.#waiters.until(test, patienceMs);
  }

  /** Those who wait look again: something outside the window changed. */
  wake(): void {
    this.#waiters.wake();
  }

  get #open(): Segment | undefined {
    const last = this.#segments.at(-1);
    return last && !last.closed ? last : undefined;
  }

  #drop(): void {
    this.#pending = [];
    this.#pendingDuration = 0;
  }

  /** Makes a part of the pictures that wait; `last` when its segment ends with it. */
  #flush(last: boolean): void {
    const first = this.#pending[0];
    if (!first) return;
    if (this.#partTarget === 0) {
      // Above the usual length, because camera timestamps jitter: so much that those of a camera which jitters by four
      // hundredths stay within it and above the 85 % that players expect, whichever of its pictures came first.
      const usual = this.#pendingDuration / this.#pending.length;
      const nearest = Math.max(1, Math.round(this.#options.partTarget / usual));
      const pictures = last ? nearest : this.#pending.length;
      this.#partTarget = Math.ceil(pictures * usual * HEADROOM * 1e5 - 1e-6) / 1e5;
    }
    const isShort = this.#pendingDuration < this.#partTarget * LEAST_OF_PART && !last && !first.key;
    if (isShort || this.#pendingDuration > this.#partTarget + 1e-6) this.#unfit++;
    else if (!last && !first.key) this.#unfit = 0;
    let segment = this.#open;
    if (!segment) {
      const last = this.#segments.at(-1);
      const sequence = last ? last.sequence + 1 : this.#sequence;
      segment = {
        sequence,
        name: `${this.#prefix}-s${sequence}.mp4`,
        at: first.at,
        duration: 0,
        parts: [],
        discontinuity: this.#breakNext,
        init: this.#init,
        ...(first.cameraAt === undefined ? {} : { cameraAt: first.cameraAt }),
        closed: false,
        bytes: Buffer.alloc(0),
      };
      this.#breakNext = false;
      this.#segments.push(segment);
    }
    const bytes = Buffer.concat(this.#pending.map((piece) => piece.bytes));
    segment.parts.push({
      name: this.nextPart,
      bytes,
      duration: this.#pendingDuration,
      independent: first.key,
      at: segment.at + segment.duration * 1000,
    });
    segment.duration += this.#pendingDuration;
    this.#bytes += bytes.length;
    this.#openBytes += bytes.length;
    this.#serial++;
    this.#drop();
    // A player refuses a list without a whole segment: the first part of all is made one, and the first picture comes a second sooner.
    if (this.#segments.length === 1 && segment.parts.length === 1) this.#close();
    this.#trimToSize();
    this.wake();
  }

  #close(): void {
    const segment = this.#open;
    if (!segment) return;
    segment.bytes = Buffer.concat(segment.parts.map((part) => part.bytes));
    let at = 0;
    for (const part of segment.parts) {
      const end = at + part.bytes.length;
      part.bytes = segment.bytes.subarray(at, end);
      at = end;
    }
    segment.closed = true;
    this.#openBytes = 0;
    this.#closed?.(segment, this.#inits.get(segment.init)!);
  }

  #trimToSize(): void {
    const lasts = (segments: readonly Segment[]): number =>
      segments.reduce((sum, segment) => sum + segment.duration, 0);
    // Never less than three target durations are listed (§6.2.2), of which the low-latency list has two seconds at least.
    const span = Math.max(this.#options.span, 3 * Math.max(2, this.#target));
    const isOver = (): boolean => this.#bytes > this.#options.bytes;
    while (this.#segments.length > 3 && lasts(this.#segments) - this.#segments[0]!.duration > span) this.#unlist();
    const keep = 3 * Math.max(1, this.#target);
    while (this.#gone.length > 0 && (isOver() || lasts(this.#gone) - this.#gone[0]!.duration > keep)) this.#forget();
    while (this.#segments.length > 3 && isOver()) {
      this.#unlist();
      this.#forget();
    }
  }

  #unlist(): void {
    const gone = this.#segments.shift()!;
    this.#gone.push(gone);
    if (gone.discontinuity) this.#breaks++;
  }

  #forget(): void {
    const { init, parts } = this.#gone.shift()!;
    for (const part of parts) this.#bytes -= part.bytes.length;
    if (init !== this.#init) this.#release(init);
  }

  #release(init: string): void {
    if (![...this.#segments, ...this.#gone].some((segment) => segment.init === init)) this.#inits.delete(init);
  }
}
