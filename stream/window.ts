import { randomBytes } from 'node:crypto';

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

/**
 * The newest parts and segments of one camera. Sequence numbers only grow, whatever happens to the camera; names begin
 * with a random prefix per run, so that no cache ever serves an older run's file.
 */
export class Window {
  readonly #options: Required<Omit<WindowOptions, 'closed'>>;
  readonly #closed: WindowOptions['closed'];
  readonly #inits = new Map<string, Buffer>();
  readonly #segments: Segment[] = [];
  readonly #waiters = new Set<() => void>();
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
  #pendingBytes = 0;
  #bytes = 0;
  #openBytes = 0;
  #partTarget = 0;
  #longest = 0;

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
  /** No part is longer (seconds); 0 until the first picture came. Constant until `clear`. */
  get partTarget(): number {
    return this.#partTarget;
  }
  /** The longest segment so far, seconds. */
  get longest(): number {
    return this.#longest;
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
    const last = this.#segments.at(-1);
    if (last) this.#sequence = last.sequence + 1;
    this.#breaks += this.#segments.filter((segment) => segment.discontinuity).length;
    this.#segments.length = 0;
    this.#inits.clear();
    this.#bytes = this.#openBytes = 0;
    this.#drop();
    this.#prefix = randomBytes(4).toString('hex');
    this.#partTarget = 0;
    this.#longest = 0;
    this.#breakNext = false;
    this.wake();
  }

  /** A run of the camera begins with its initialization section; whatever was open is closed. */
  begin(init: Buffer): void {
    this.#flush();
    this.#close();
    this.#breakNext = this.#segments.length > 0;
    this.#init = `${this.#prefix}-i${this.#initCount++}.mp4`;
    this.#inits.set(this.#init, init);
  }

  add(piece: Piece): void {
    if (this.#partTarget === 0) {
      // A tenth above the usual length, because camera timestamps jitter; parts stay above the 85 % that players expect.
      const pictures = Math.max(1, Math.round(this.#options.partTarget / piece.duration));
      this.#partTarget = Math.ceil(pictures * piece.duration * 1100 - 1e-6) / 1000;
    }
    const open = this.#open;
    const lasted = (open?.duration ?? 0) + this.#pendingDuration;
    const full = lasted >= LONGEST_SEGMENT || this.#openBytes > this.#options.bytes / 2;
    // Key pictures come a little early now and then: nine tenths of the target are enough. What did not begin with a key
    // picture ends as soon as there is one.
    const due = lasted >= this.#options.segmentTarget * 0.9 || open?.parts[0]?.independent === false;
    const ends = full || piece.broken || (piece.key && due);
    if (ends || piece.key || this.#pendingDuration + piece.duration > this.#partTarget) this.#flush();
    if (ends) this.#close();
    if (piece.broken) this.#breakNext = true;
    this.#pending.push(piece);
    this.#pendingDuration += piece.duration;
    this.#pendingBytes += piece.bytes.length;
    const init = this.#inits.get(this.#init);
    if (init) for (const follow of this.#followers) follow(piece, init);
    // The next picture would not fit any more: the part is ready now, not one picture later.
    if (this.#pendingDuration + piece.duration * 0.9 > this.#partTarget) this.#flush();
  }

  /** Initialization section, segment or part of this name. */
  find(
    name: string,
  ): { kind: 'init'; bytes: Buffer } | { kind: 'media'; bytes: Buffer; at: number; duration: number } | undefined {
    const init = this.#inits.get(name);
    if (init) return { kind: 'init', bytes: init };
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!;
      if (segment.name === name && segment.closed) return { kind: 'media', ...segment };
      const part = segment.parts.find((each) => each.name === name);
      if (part) return { kind: 'media', ...part };
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
    if (test()) return Promise.resolve(true);
    if (this.#waiters.size >= MOST_WAITERS) return Promise.resolve(false);
    return new Promise((resolve) => {
      const done = (answer: boolean): void => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve(answer);
      };
      const look = (): void => {
        if (test()) done(true);
      };
      const timer = setTimeout(() => done(false), patienceMs);
      this.#waiters.add(look);
    });
  }

  /** Those who wait look again: something outside the window changed. */
  wake(): void {
    for (const look of [...this.#waiters]) look();
  }

  get #open(): Segment | undefined {
    const last = this.#segments.at(-1);
    return last && !last.closed ? last : undefined;
  }

  #drop(): void {
    this.#pending = [];
    this.#pendingDuration = 0;
    this.#pendingBytes = 0;
  }

  /** Makes a part of the pictures that wait. */
  #flush(): void {
    const first = this.#pending[0];
    if (!first) return;
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
    const bytes = Buffer.concat(
      this.#pending.map((piece) => piece.bytes),
      this.#pendingBytes,
    );
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
    this.#longest = Math.max(this.#longest, segment.duration);
    this.#closed?.(segment, this.#inits.get(segment.init)!);
  }

  #trimToSize(): void {
    const lasts = (): number => this.#segments.reduce((sum, segment) => sum + segment.duration, 0);
    while (
      this.#segments.length > 3 &&
      (this.#bytes > this.#options.bytes || lasts() - this.#segments[0]!.duration > this.#options.span)
    ) {
      const gone = this.#segments.shift()!;
      for (const part of gone.parts) this.#bytes -= part.bytes.length;
      if (gone.discontinuity) this.#breaks++;
      if (!this.#segments.some((segment) => segment.init === gone.init) && gone.init !== this.#init)
        this.#inits.delete(gone.init);
    }
  }
}
