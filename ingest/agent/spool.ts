/**
 * The agent's queue on disk: segments that are only appended to, and a cursor at the first record that the hub has not
 * answered. Callers are answered after fdatasync; many of them share one.
 */
import { mkdir, open, readFile, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { HubError } from '../../hub/model/error.ts';
import { readCursor, saveCursor, type Place } from './cursor.ts';
import { frame, headLength, longestPayload, scan, type Whole } from './record.ts';

export interface SpoolOptions {
  folder: string;
  /** On disk, answered or not; more is refused. */
  spoolBytes: number;
  segmentBytes: number;
  log: Logger;
  /** What could not be read; it never comes again. */
  onDamage: (damage: Damaged) => Promise<void>;
  now: () => number;
}

export interface Damaged {
  segment: string;
  from: number;
  to: number;
  reason: string;
  bytes: Buffer;
}

/** `disk`: it cannot be written now; `full`: as much waits as may. In both cases nothing of it was kept. */
export type Appended = { ok: true } | { ok: false; reason: 'full' | 'disk'; detail: string };

export interface Batch {
  records: Buffer[];
  damage: Damaged[];
  to: Place;
  /** When the first record after it was spooled, where that is known. */
  next: number | undefined;
}

interface Segment {
  number: number;
  /** Bytes that are safely on disk. */
  size: number;
}
interface Waiting {
  bytes: Buffer;
  count: number;
  done: (result: Appended) => void;
}

/** One write takes so much of what waits. */
const groupBytes = 4 * 2 ** 20;
/** A segment that is answered to its end is dropped early from this size on: space comes back while nothing new arrives. */
const dropBytes = 64 * 2 ** 10;

export class Spool {
  readonly #options: SpoolOptions;
  #segments: Segment[] = [];
  #cursor: Place = { segment: 0, offset: 0 };
  #active: FileHandle | undefined;
  #last = 0;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;
  #events = 0;
  #oldest: number | undefined;
  /** Why nothing can be written, while that is so. */
  #trouble: string | undefined;

  private constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Reads every waiting record once; a torn end is cut off and reported. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    await spool.#load();
    return spool;
  }

  get state(): { events: number; bytes: number; diskBytes: number; oldest: number | undefined; trouble?: string } {
    const { segment, offset } = this.#cursor;
    const answered = this.#segments.find(({ number }) => number === segment) ? offset : 0;
    return {
      events: this.#events,
      bytes: this.#diskBytes - answered,
      diskBytes: this.#diskBytes,
      oldest: this.#events > 0 ? this.#oldest : undefined,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    };
  }

  /** All of it or nothing. Resolves when it is safe. */
  append(payloads: readonly Uint8Array[]): Promise<Appended> {
    if (this.#closed) return Promise.resolve({ ok: false, reason: 'disk', detail: 'the agent is stopping' });
    const at = this.#options.now();
    const bytes = Buffer.concat(payloads.map((payload) => frame(payload, at)));
    if (bytes.length === 0) return Promise.resolve({ ok: true });
    if (this.#diskBytes + this.#queuedBytes + bytes.length > this.#options.spoolBytes)
      return Promise.resolve({
        ok: false,
        reason: 'full',
        detail: `${this.#events} events in ${this.#diskBytes} bytes wait, and ${this.#options.spoolBytes} bytes are the limit`,
      });
    return new Promise((done) => {
      this.#queue.push({ bytes, count: payloads.length, done });
      this.#queuedBytes += bytes.length;
      this.#writing ??= this.#write();
    });
  }

  /** The next records in order, or undefined when all are answered. Only one batch is out at a time. */
  async read(limit: { events: number; bytes: number }): Promise<Batch | undefined> {
    for (;;) {
      const segment = this.#segments.find(({ number }) => number >= this.#cursor.segment);
      if (!segment) return undefined;
      const from = segment.number === this.#cursor.segment ? this.#cursor.offset : 0;
      if (from < segment.size) return this.#readFrom(segment, from, limit);
      if (segment === this.#segments.at(-1)) return undefined;
      await this.acknowledge({
        records: [],
        damage: [],
        to: { segment: segment.number + 1, offset: 0 },
        next: this.#oldest,
      });
    }
  }

  /** The hub has answered for the batch: it never comes again, and segments before it are removed. */
  async acknowledge(batch: Batch): Promise<void> {
    for (const each of batch.damage) await this.#options.onDamage(each);
    await this.#exclusively(async () => {
      this.#cursor = batch.to;
      this.#events -= batch.records.length;
      this.#oldest = batch.next ?? this.#oldest;
      const last = this.#segments.at(-1);
      const isAll = last?.number === batch.to.segment && last.size === batch.to.offset;
      if (isAll && last.size >= dropBytes) {
        await this.#active?.close();
        this.#active = undefined;
        this.#cursor = { segment: last.number + 1, offset: 0 };
      }
      await saveCursor(this.#options.folder, this.#cursor, this.#options.log);
      await this.#dropAnswered();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#exclusively(async () => {
      await this.#active?.close();
      this.#active = undefined;
    });
  }

  get #diskBytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  async #load(): Promise<void> {
    const { folder, segmentBytes, log } = this.#options;
    const names = (await readdir(folder)).filter((name) => /^\d{12}\.spool$/.test(name)).sort();
    this.#cursor = await readCursor(folder, log);
    this.#last = this.#cursor.segment;
    for (const name of names) {
      const number = Number(name.slice(0, 12));
      this.#last = Math.max(this.#last, number);
      if (number < this.#cursor.segment) await rm(join(folder, name), { force: true });
      else this.#segments.push({ number, size: await this.#count(number, name === names.at(-1)) });
    }
    const first = this.#segments[0];
    if (first?.number === this.#cursor.segment) this.#cursor.offset = Math.min(this.#cursor.offset, first.size);
    const last = this.#segments.at(-1);
    if (last && last.size < segmentBytes) this.#active = await open(this.#path(last.number), 'r+');
    log.info({ events: this.#events, segments: this.#segments.length, folder }, 'spool opened');
  }

  /** Counts what waits in a segment; returns the bytes of it that count. */
  async #count(number: number, isLast: boolean): Promise<number> {
    const path = this.#path(number);
    const bytes = await readFile(path);
    const from = number === this.#cursor.segment ? Math.min(this.#cursor.offset, bytes.length) : 0;
    const { pieces } = scan(bytes.subarray(from), true);
    for (const piece of pieces) {
      if (piece.kind === 'damage') continue;
      this.#events += 1;
      this.#oldest ??= piece.at;
    }
    const end = pieces.at(-1);
    if (!isLast || end?.kind !== 'damage') return bytes.length;
    // A write that a crash went through: nobody was answered for it.
    const cut = { ...end, from: from + end.from, to: from + end.to };
    this.#options.log.warn(
      { segment: path, from: cut.from, bytes: cut.to - cut.from },
      'torn end of the spool cut off',
    );
    await this.#options.onDamage({
      segment: nameOf(number),
      from: cut.from,
      to: cut.to,
      reason: `torn end: ${end.reason}`,
      bytes: bytes.subarray(cut.from, cut.to),
    });
    const file = await open(path, 'r+');
    try {
      await file.truncate(cut.from);
      await file.datasync();
    } finally {
      await file.close();
    }
    return cut.from;
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      let length = 0;
      let count = 0;
      while (count < this.#queue.length && (count === 0 || length < groupBytes))
        length += this.#queue[count++]!.bytes.length;
      const group = this.#queue.splice(0, count);
      const bytes = Buffer.concat(group.map((each) => each.bytes));
      const events = group.reduce((sum, each) => sum + each.count, 0);
      const result = await this.#exclusively(() => this.#store(bytes, events));
      this.#queuedBytes -= length;
      for (const each of group) each.done(result);
    }
    // In the same step as the last look at the queue: what comes now starts a writer of its own.
    this.#writing = undefined;
  }

  async #store(bytes: Buffer, events: number): Promise<Appended> {
    const { log, now } = this.#options;
    try {
      const { file, segment } = await this.#writable();
      for (let done = 0; done < bytes.length;)
        done += (await file.write(bytes, done, bytes.length - done, segment.size + done)).bytesWritten;
      await file.datasync();
      segment.size += bytes.length;
      if (this.#events === 0) this.#oldest = now();
      this.#events += events;
      if (this.#trouble !== undefined) log.info('the spool can be written again');
      this.#trouble = undefined;
      return { ok: true };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      if (this.#trouble === undefined) log.error({ err: error }, 'the spool cannot be written');
      this.#trouble = code;
      await this.#giveUp(code);
      return { ok: false, reason: 'disk', detail: code };
    }
  }

  async #writable(): Promise<{ file: FileHandle; segment: Segment }> {
    const last = this.#segments.at(-1);
    if (this.#active && last && last.size < this.#options.segmentBytes) return { file: this.#active, segment: last };
    await this.#active?.close();
    this.#active = undefined;
    // A number is never used twice, even where a segment could not be made.
    this.#last += 1;
    const segment = { number: this.#last, size: 0 };
    const file = await open(this.#path(segment.number), 'wx', 0o600);
    this.#active = file;
    this.#segments.push(segment);
    // The name itself must survive a power cut.
    const folder = await open(this.#options.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return { file, segment };
  }

  /** Cuts off what was half written. After anything but a full disk the kernel's word about this file is worth nothing: it gets no more. */
  async #giveUp(code: string): Promise<void> {
    const file = this.#active;
    const size = this.#segments.at(-1)?.size;
    if (!file || size === undefined) return;
    const isCut = await file.truncate(size).then(
      () => true,
      () => false,
    );
    if (isCut && ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return;
    this.#active = undefined;
    await file.close().catch(() => {});
  }

  async #readFrom(segment: Segment, from: number, limit: { events: number; bytes: number }): Promise<Batch> {
    // It may grow while it is read.
    const { size } = segment;
    const length = Math.min(size - from, limit.bytes + headLength + longestPayload);
    const window = Buffer.alloc(length);
    let filled = 0;
    try {
      const file = await open(this.#path(segment.number), 'r');
      try {
        while (filled < length) {
          const { bytesRead } = await file.read(window, filled, length - filled, from + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new HubError('agent.spool', `${this.#path(segment.number)} cannot be read`, { cause: error });
    }
    if (filled < length) {
      // Somebody shortened or removed it: what is gone is said, and the rest goes on.
      const whole = scan(window.subarray(0, filled), true);
      const gone = { from: from + filled, to: size, reason: 'the file ends too early', bytes: Buffer.alloc(0) };
      return this.#batch(segment, from, window, whole.pieces, size - from, limit, gone);
    }
    const { pieces, rest } = scan(window, from + length === size);
    return this.#batch(segment, from, window, pieces, rest, limit);
  }

  #batch(
    segment: Segment,
    from: number,
    window: Buffer,
    pieces: ReturnType<typeof scan>['pieces'],
    rest: number,
    limit: { events: number; bytes: number },
    gone?: Omit<Damaged, 'segment'>,
  ): Batch {
    const batch: Batch = {
      records: [],
      damage: [],
      to: { segment: segment.number, offset: from + rest },
      next: undefined,
    };
    let bytes = 0;
    const isFull = (piece: Whole): boolean =>
      batch.records.length >= limit.events || (batch.records.length > 0 && bytes + piece.payload.length > limit.bytes);
    for (const piece of pieces) {
      if (piece.kind === 'damage') {
        batch.damage.push({
          segment: nameOf(segment.number),
          from: from + piece.from,
          to: from + piece.to,
          reason: piece.reason,
          bytes: window.subarray(piece.from, piece.to),
        });
      } else if (isFull(piece)) {
        batch.to.offset = from + piece.from;
        batch.next = piece.at;
        return batch;
      } else {
        batch.records.push(piece.payload);
        bytes += piece.payload.length;
      }
    }
    if (gone) batch.damage.push({ segment: nameOf(segment.number), ...gone });
    return batch;
  }

  async #dropAnswered(): Promise<void> {
    while (this.#segments[0] && this.#segments[0].number < this.#cursor.segment) {
      await rm(this.#path(this.#segments[0].number), { force: true });
      this.#segments.shift();
    }
  }

  /** Writing, rolling and dropping one after the other. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  #path(number: number): string {
    return join(this.#options.folder, nameOf(number));
  }
}

const nameOf = (number: number): string => `${String(number).padStart(12, '0')}.spool`;
