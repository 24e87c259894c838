import type { Logger } from 'pino';
import type { Gap } from '../../hub/model/recording.ts';
import type { Store } from '../../hub/platform/postgres.ts';

export interface FileRow {
  id: number;
  camera: string;
  hall: string;
  path: string;
  from: number;
  until: number;
  bytes: number;
  initBytes: number;
  initSha256: string;
  state: 'open' | 'closed';
}

export interface SegmentRow {
  camera: string;
  at: number;
  /** Seconds. */
  duration: number;
  file: number;
  place: number;
  length: number;
  cameraAt: number | undefined;
  sha256: string;
  independent: boolean;
  broken: boolean;
}

type CameraGap = Gap & { camera: string };

const EVERY_MS = 1000;
const BATCH = 1000;
/** A quarter of an hour of fifty cameras. What goes beyond that lies in the files all the same: the repair at the next start finds it. */
const MOST = 50_000;

const upsertFiles = `insert into recording_file as f (id, camera, hall, path, from_at, until_at, bytes, init_bytes, init_sha256, state)
  select id, camera, hall, path, from_at, until_at, bytes, init_bytes, decode(init, 'hex'), state
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::int[], $9::text[], $10::text[])
    as t(id, camera, hall, path, from_at, until_at, bytes, init_bytes, init, state)
  on conflict (id) do update set until_at = excluded.until_at, bytes = excluded.bytes, state = excluded.state where f.state = 'open'`;

const insertSegments = `insert into recording_segment (camera, at, duration, file, place, length, camera_at, sha256, independent, broken)
  select camera, at, duration, file, place, length, camera_at, decode(sha256, 'hex'), independent, broken
  from unnest($1::text[], $2::bigint[], $3::float8[], $4::bigint[], $5::bigint[], $6::int[], $7::bigint[], $8::text[], $9::bool[], $10::bool[])
    as t(camera, at, duration, file, place, length, camera_at, sha256, independent, broken)
  on conflict (camera, at) do nothing`;

const upsertGaps = `insert into recording_gap (camera, from_at, to_at, cause)
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[])
  on conflict (camera, from_at) do update set to_at = excluded.to_at, cause = excluded.cause`;

/** The index of what is recorded: telemetry, written in batches every second, kept while the store is away. */
export class Index {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #files = new Map<number, FileRow>();
  #segments: SegmentRow[] = [];
  #gaps = new Map<string, CameraGap>();
  #lost = 0;
  #writing: Promise<void> | undefined;

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#timer = setInterval(() => void this.flush(), EVERY_MS);
  }

  /** A file as it stands now. */
  file(row: FileRow): void {
    this.#files.set(row.id, { ...row });
  }

  segment(row: SegmentRow): void {
    if (this.#segments.length >= MOST) {
      this.#segments.splice(0, BATCH);
      this.#lost += BATCH;
    }
    this.#segments.push(row);
  }

  /** A gap of a camera; one that begins at the same moment takes the place of the one before, and one of no length takes it back. */
  gap(camera: string, gap: Gap): void {
    const from = Math.round(gap.from);
    const to = Math.max(from, Math.round(gap.to));
    if (this.#gaps.size >= MOST) this.#gaps.delete(this.#gaps.keys().next().value!);
    this.#gaps.set(`${camera} ${from}`, { camera, from, to, cause: gap.cause });
  }

  /** Writes what waits now; never throws, what the store did not take waits for the next second. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
    this.#writing = this.#write().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #write(): Promise<void> {
    while (this.#files.size + this.#segments.length + this.#gaps.size > 0) {
      const segments = this.#segments.slice(0, BATCH);
      const files = [...this.#files.values()].slice(0, BATCH);
      const gaps = [...this.#gaps].slice(0, BATCH);
      try {
        await this.#store.transaction(async (runner) => {
          if (files.length > 0) await runner.query(upsertFiles, filesAsColumns(files));
          if (segments.length > 0) await runner.query(insertSegments, segmentsAsColumns(segments));
          if (gaps.length > 0) await runner.query(upsertGaps, gapsAsColumns(gaps.map(([, gap]) => gap)));
        });
      } catch (error) {
        const waiting = this.#segments.length;
        this.#log.warn({ err: error, waiting, lost: this.#lost }, 'the index of recordings was not written');
        return;
      }
      // The oldest may have been dropped, and rows may have changed meanwhile: remove exactly what was written.
      const written = new Set(segments);
      this.#segments = this.#segments.filter((each) => !written.has(each));
      for (const file of files) if (this.#files.get(file.id) === file) this.#files.delete(file.id);
      for (const [key, gap] of gaps) if (this.#gaps.get(key) === gap) this.#gaps.delete(key);
    }
  }
}

const filesAsColumns = (rows: readonly FileRow[]): unknown[] => [
  rows.map((each) => each.id),
  rows.map((each) => each.camera),
  rows.map((each) => each.hall),
  rows.map((each) => each.path),
  rows.map((each) => Math.round(each.from)),
  rows.map((each) => Math.round(each.until)),
  rows.map((each) => each.bytes),
  rows.map((each) => each.initBytes),
  rows.map((each) => each.initSha256),
  rows.map((each) => each.state),
];

const segmentsAsColumns = (rows: readonly SegmentRow[]): unknown[] => [
  rows.map((each) => each.camera),
  rows.map((each) => Math.round(each.at)),
  rows.map((each) => each.duration),
  rows.map((each) => each.file),
  rows.map((each) => each.place),
  rows.map((each) => each.length),
  rows.map((each) => (each.cameraAt === undefined ? null : Math.round(each.cameraAt))),
  rows.map((each) => each.sha256),
  rows.map((each) => each.independent),
  rows.map((each) => each.broken),
];

const gapsAsColumns = (rows: readonly CameraGap[]): unknown[] => [
  rows.map((each) => each.camera),
  rows.map((each) => each.from),
  rows.map((each) => each.to),
  rows.map((each) => each.cause),
];
