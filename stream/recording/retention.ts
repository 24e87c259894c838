import { rm, rmdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { slack } from '../../hub/model/recording.ts';
import type { Runner, Store } from '../../hub/platform/postgres.ts';

export interface Limits {
  days: number;
  bytes: number;
}

export interface RetentionOptions {
  store: Store;
  folder: string;
  /** What holds for a hall that has no limits of its own. */
  limits: Limits;
  /** So many bytes of the disk stay free for the rest of the hub. */
  free: number;
  log: Logger;
}

export interface Round {
  files: number;
  bytes: number;
  /** Halls that have no room though everything that may go is gone, and why: `quota` or `disk`. */
  full: Map<string, 'quota' | 'disk'>;
}

interface Going extends Record<string, unknown> {
  id: number;
  camera: string;
  path: string;
  from_at: number;
  until_at: number;
  bytes: number;
}

/** Files that one round removes at most. */
const MOST = 200;
const day = 86_400_000;
/** Causes of gaps are remembered for longer than a recording is kept anywhere. */
const GAP_DAYS = 400;

/**
 * Marks the oldest that may go. Whatever is held stays (封存), asked in the same statement; a file is one thing, so a hold of a second
 * keeps its ten minutes.
 */
const mark = (where: string): string => `update recording_file set state = 'removing' where id in (
    select id from recording_file f where state = 'closed' and ${where} and not exists (
      select from recording_hold h where h.camera = f.camera and h.state <> 'released'
        and h.to_at >= f.from_at - ${slack} and h.from_at <= f.until_at + ${slack})
    order by from_at limit $1)
  returning id, camera, path, from_at, until_at, bytes`;

/** Removes what is over: by days and bytes of each hall, and by the room on the disk. Oldest first, a bounded number a round. */
export class Retention {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** `urgent`: halls that met a full disk, which give up their oldest file at once. Throws when the store is away. */
  async round(urgent: ReadonlySet<string> = new Set(), now = Date.now()): Promise<Round> {
    const { store, limits } = this.#options;
    const round: Round = { files: 0, bytes: 0, full: new Map() };
    await this.#finish(round);
    const halls = await store.query<{ hall: string; days: number | null; most: number | null; bytes: number }>(
      `select f.hall, h.recording_days as days, h.recording_bytes as most, f.bytes
       from (select hall, sum(bytes)::bigint as bytes from recording_file group by hall) f left join hall h on h.id = f.hall`,
    );
    for (const { hall, days, most, bytes } of halls) {
      const before = now - (days ?? limits.days) * day;
      const old = await this.#remove(round, `hall = $2 and until_at < $3`, [hall, before], Infinity);
      const over = bytes - old - (most ?? limits.bytes);
      if (over > 0 && (await this.#remove(round, 'hall = $2', [hall], over)) < over) round.full.set(hall, 'quota');
    }
    for (const hall of urgent) {
      const found = await this.#remove(round, 'hall = $2', [hall], 1);
      if (found === 0) await this.#remove(round, 'true', [], 1);
    }
    const missing = this.#options.free - (await this.#room());
    if (missing > 0 && (await this.#remove(round, 'true', [], missing)) < missing && round.files < MOST)
      for (const { hall } of halls) round.full.set(hall, 'disk');
    await store.query('delete from recording_gap where to_at < $1', [now - GAP_DAYS * day]);
    return round;
  }

  /** Bytes that are free on the disk. */
  async #room(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#options.folder);
    return bavail * bsize;
  }

  /** Removes the oldest that may go until `wanted` bytes are gone; answers how many went. */
  async #remove(round: Round, where: string, values: unknown[], wanted: number): Promise<number> {
    const { store } = this.#options;
    let gone = 0;
    while (gone < wanted && round.files < MOST) {
      const most = wanted === Infinity ? MOST - round.files : 1;
      const found = await store.query<Going>(mark(where), [most, ...values]);
      for (const file of found) {
        await this.#drop(file, round);
        gone += file.bytes;
      }
      if (found.length === 0) break;
    }
    return gone;
  }

  /** What an earlier round began and did not end. */
  async #finish(round: Round): Promise<void> {
    const begun = await this.#options.store.query<Going>(
      `select id, camera, path, from_at, until_at, bytes from recording_file where state = 'removing' limit $1`,
      [MOST],
    );
    for (const file of begun) await this.#drop(file, round);
  }

  /** The file first, then its rows: a hub that is killed in between goes on here. */
  async #drop(file: Going, round: Round): Promise<void> {
    const { store, folder, log } = this.#options;
    const path = join(folder, file.path);
    await rm(path, { force: true });
    // Folders that hold nothing any more.
    for (const each of [dirname(path), dirname(dirname(path))]) await rmdir(each).catch(() => undefined);
    await store.transaction(async (runner) => {
      await forget(runner, file);
      await markGap(runner, file.camera, file.from_at, file.until_at, 'removed');
    });
    round.files++;
    round.bytes += file.bytes;
    log.debug({ file: file.path }, 'a recording was removed');
  }
}

/** Removes the rows of a file. */
export async function forget(
  runner: Runner,
  file: Pick<Going, 'id' | 'camera' | 'from_at' | 'until_at'>,
): Promise<void> {
  const { id, camera, from_at: from, until_at: until } = file;
  await runner.query('delete from recording_segment where camera = $1 and at between $2 and $3 and file = $4', [
    camera,
    from,
    until,
    id,
  ]);
  await runner.query('delete from recording_file where id = $1', [id]);
}

/** Says why there is nothing any more: a gap of its own, or the one before goes on. */
export async function markGap(
  runner: Runner,
  camera: string,
  from: number,
  to: number,
  cause: 'removed' | 'lost',
): Promise<void> {
  // What is known of the time inside is of no use any more.
  await runner.query('delete from recording_gap where camera = $1 and from_at >= $2 and to_at <= $3', [
    camera,
    from,
    to,
  ]);
  const extended = await runner.query(
    `update recording_gap set to_at = greatest(to_at, $3) where camera = $1 and cause = $4 and to_at between $2::bigint - $5 and $2::bigint + $5 returning 1 as one`,
    [camera, from, to, cause, slack],
  );
  if (extended.length > 0) return;
  await runner.query(
    `insert into recording_gap (camera, from_at, to_at, cause) values ($1, $2, $3, $4)
     on conflict (camera, from_at) do update set to_at = greatest(recording_gap.to_at, excluded.to_at), cause = excluded.cause`,
    [camera, from, to, cause],
  );
}
