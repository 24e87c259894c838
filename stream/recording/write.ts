import { createHash } from 'node:crypto';
import { mkdir, open as openFile, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { slack, type GapCause } from '../../hub/model/recording.ts';
import { pathOf, slotOf, stampOf } from './files.ts';
import type { FileRow, Index } from './index.ts';

/** A closed segment on its way to the disk. */
export interface Piece {
  camera: string;
  hall: string;
  /** Programme time of its beginning, epoch ms. */
  at: number;
  /** Seconds. */
  duration: number;
  cameraAt: number | undefined;
  independent: boolean;
  broken: boolean;
  /** The window's own, which is not written to again: it may wait here. */
  bytes: Buffer;
  init: Buffer;
}

/** Why nothing of a hall is recorded now. */
export interface Stopped {
  cause: Extract<GapCause, 'diskFull' | 'diskFailed'>;
  since: number;
  /** The error's code, such as ENOSPC. */
  detail: string;
}

export interface WriterOptions {
  folder: string;
  index: Index;
  /** Told when a hall's recording stops, and when it goes on (`undefined`). */
  changed: (hall: string, stopped: Stopped | undefined) => void;
  /** Told of each segment that a full disk refused: something must go. */
  refused: (hall: string) => void;
  /** Waiting segments and bytes of a hall. Default 600 and 32 MiB. */
  bounds?: { segments: number; bytes: number };
}

interface Open {
  row: FileRow;
  handle: FileHandle;
  slot: number;
  init: Buffer;
  writtenAt: number;
}

interface Queue {
  waiting: Piece[];
  bytes: number;
  running: Promise<void> | undefined;
  stopped: (Stopped & { retryAt: number }) | undefined;
  /** Cameras whose files are to be closed when nothing waits. */
  closing: Set<string>;
}

/** After a disk refused, the next segment is tried so much later. */
const RETRY_MS = 2_000;
/** A file that nothing was written to for so long is closed. */
const IDLE_MS = 30_000;
/** The event loop's few threads serve all of the hub: a disk that hangs must not take them all. */
const AT_ONCE = 2;

const noRoom = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Appends segments to files: ten minutes of a camera each. One bounded queue a hall; when it is full the oldest waiting segment is
 * dropped and shown as a gap. Live never waits for a disk.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #bounds: { segments: number; bytes: number };
  readonly #queues = new Map<string, Queue>();
  readonly #open = new Map<string, Open>();
  readonly #drops = new Map<string, { from: number; to: number; cause: GapCause }>();
  readonly #turns: (() => void)[] = [];
  #writing = 0;
  #serial = 0;
  /** Segments and bytes written, and segments dropped, since the start. */
  readonly counts = { segments: 0, bytes: 0, dropped: 0 };

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? { segments: 600, bytes: 32 * 1024 * 1024 };
  }

  /** Bytes that wait, of all halls. */
  get waiting(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.bytes, 0);
  }

  /** The halls that are not recorded now. */
  get stopped(): ReadonlyMap<string, Stopped> {
    const found = new Map<string, Stopped>();
    for (const [hall, { stopped }] of this.#queues) if (stopped) found.set(hall, stopped);
    return found;
  }

  take(piece: Piece): void {
    const queue = this.#queue(piece.hall);
    if (queue.stopped && (Date.now() < queue.stopped.retryAt || queue.waiting.length > 0)) {
      return this.#drop(piece, queue.stopped.cause);
    }
    queue.waiting.push(piece);
    queue.bytes += piece.bytes.length;
    while (queue.waiting.length > this.#bounds.segments || queue.bytes > this.#bounds.bytes) {
      const oldest = queue.waiting.shift()!;
      queue.bytes -= oldest.bytes.length;
      this.#drop(oldest, 'dropped');
    }
    this.#pump(queue);
  }

  /** Nothing more comes of this camera for now. */
  close(camera: string): void {
    const hall = this.#open.get(camera)?.row.hall;
    if (hall === undefined) return;
    const queue = this.#queue(hall);
    queue.closing.add(camera);
    this.#pump(queue);
  }

  /** Closes the files that were not written to for a while. */
  closeIdle(now = Date.now()): void {
    for (const [camera, { writtenAt }] of this.#open) if (now - writtenAt > IDLE_MS) this.close(camera);
  }

  /** Closes all files of a hall, so that they can be removed: there is no room, and these may be all there is. */
  closeHall(hall: string): void {
    for (const [camera, { row }] of this.#open) if (row.hall === hall) this.close(camera);
  }

  /** Stops a hall's recording until `retry`: there is no room for it. */
  stopHall(hall: string, detail: string): void {
    this.#stop(this.#queue(hall), hall, 'diskFull', detail, Infinity);
  }

  /** There may be room again: the next segment is tried. */
  retry(hall: string): void {
    const stopped = this.#queues.get(hall)?.stopped;
    if (stopped) stopped.retryAt = 0;
  }

  /** Waits until all that waits is written, and closes the files. */
  async stop(): Promise<void> {
    for (const camera of this.#open.keys()) this.close(camera);
    for (const queue of this.#queues.values()) await queue.running;
    // What was opened meanwhile.
    for (const camera of this.#open.keys()) await this.#close(camera);
  }

  #queue(hall: string): Queue {
    let queue = this.#queues.get(hall);
    if (!queue) {
      queue = { waiting: [], bytes: 0, running: undefined, stopped: undefined, closing: new Set() };
      this.#queues.set(hall, queue);
    }
    return queue;
  }

  #pump(queue: Queue): void {
    queue.running ??= this.#run(queue).finally(() => {
      queue.running = undefined;
      if (queue.waiting.length + queue.closing.size > 0) this.#pump(queue);
    });
  }

  async #run(queue: Queue): Promise<void> {
    for (;;) {
      const piece = queue.waiting.shift();
      if (!piece) break;
      queue.bytes -= piece.bytes.length;
      await this.#turn();
      try {
        await this.#write(piece);
        if (queue.stopped) {
          queue.stopped = undefined;
          this.#options.changed(piece.hall, undefined);
        }
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
        const cause = noRoom.has(code) ? 'diskFull' : 'diskFailed';
        this.#drop(piece, cause);
        this.#stop(queue, piece.hall, cause, code, Date.now() + RETRY_MS);
        await this.#close(piece.camera);
        if (cause === 'diskFull') this.#options.refused(piece.hall);
      } finally {
        this.#turnOver();
      }
    }
    for (const camera of queue.closing) {
      queue.closing.delete(camera);
      await this.#close(camera);
    }
  }

  async #turn(): Promise<void> {
    if (this.#writing >= AT_ONCE) await new Promise<void>((resolve) => this.#turns.push(resolve));
    else this.#writing++;
  }

  #turnOver(): void {
    const next = this.#turns.shift();
    if (next) next();
    else this.#writing--;
  }

  #stop(queue: Queue, hall: string, cause: Stopped['cause'], detail: string, retryAt: number): void {
    const before = queue.stopped;
    queue.stopped = { cause, detail, since: before?.since ?? Date.now(), retryAt };
    for (const piece of queue.waiting.splice(0)) this.#drop(piece, cause);
    queue.bytes = 0;
    this.closeHall(hall);
    if (before?.cause !== cause) this.#options.changed(hall, queue.stopped);
  }

  #drop({ camera, at, duration }: Piece, cause: GapCause): void {
    this.counts.dropped++;
    const to = at + duration * 1000;
    const last = this.#drops.get(camera);
    const goesOn = last && last.cause === cause && Math.abs(at - last.to) <= slack;
    const drop = goesOn ? { ...last, to } : { from: at, to, cause };
    this.#drops.set(camera, drop);
    this.#options.index.gap(camera, drop);
  }

  async #write(piece: Piece): Promise<void> {
    const { camera, hall, at, duration, bytes, init } = piece;
    let file = this.#open.get(camera);
    if (!file || file.slot !== slotOf(at) || file.row.hall !== hall || !file.init.equals(init)) {
      await this.#close(camera);
      file = await this.#create(camera, hall, at, init);
    }
    const { row, handle } = file;
    const stamp = stampOf(piece.cameraAt === undefined ? { at } : { at, cameraAt: piece.cameraAt }, bytes);
    try {
      await writeAt(handle, [stamp, bytes], row.bytes);
    } catch (error) {
      // What was written of it is no recording.
      await handle.truncate(row.bytes).catch(() => undefined);
      throw error;
    }
    this.#options.index.segment({
      camera,
      at,
      duration,
      file: row.id,
      place: row.bytes + stamp.length,
      length: bytes.length,
      cameraAt: piece.cameraAt,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      independent: piece.independent,
      broken: piece.broken,
    });
    row.bytes += stamp.length + bytes.length;
    row.until = Math.max(row.until, at + duration * 1000);
    file.writtenAt = Date.now();
    this.#options.index.file(row);
    this.counts.segments++;
    this.counts.bytes += bytes.length;
  }

  async #create(camera: string, hall: string, at: number, init: Buffer): Promise<Open> {
    // Later than any before, also of another run.
    const id = Date.now() * 1000 + (this.#serial++ % 1000);
    const path = pathOf(camera, at, id);
    const file = join(this.#options.folder, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await openFile(file, 'wx', 0o600);
    try {
      await writeAt(handle, [init], 0);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(file, { force: true });
      throw error;
    }
    const row: FileRow = {
      id,
      camera,
      hall,
      path,
      from: at,
      until: at,
      bytes: init.length,
      initBytes: init.length,
      initSha256: createHash('sha256').update(init).digest('hex'),
      state: 'open',
    };
    const made = { row, handle, slot: slotOf(at), init, writtenAt: Date.now() };
    this.#open.set(camera, made);
    return made;
  }

  async #close(camera: string): Promise<void> {
    const file = this.#open.get(camera);
    if (!file) return;
    this.#open.delete(camera);
    await file.handle.close().catch(() => undefined);
    const { row } = file;
    if (row.bytes > row.initBytes) this.#options.index.file({ ...row, state: 'closed' });
    else await rm(join(this.#options.folder, row.path), { force: true }).catch(() => undefined);
  }
}

async function writeAt(handle: FileHandle, buffers: Buffer[], place: number): Promise<void> {
  let at = place;
  let rest = buffers;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    let left = bytesWritten;
    rest = rest.flatMap((buffer) => {
      const used = Math.min(left, buffer.length);
      left -= used;
      return used === buffer.length ? [] : [buffer.subarray(used)];
    });
  }
}
