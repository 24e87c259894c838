import { createHash } from 'node:crypto';
import { open as openFile, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { HubError } from '../../hub/model/error.ts';
import { slack } from '../../hub/model/recording.ts';
import type { Store } from '../../hub/platform/postgres.ts';
import { Boxes, type Fragment, type Init } from '../boxes.ts';
import { folderOf, idOf, readStamp, wholeBoxes } from './files.ts';
import type { Index } from './index.ts';
import { forget, markGap } from './retention.ts';

export interface RepairOptions {
  store: Store;
  folder: string;
  index: Index;
  /** Cameras with their halls: whose folders are looked into. */
  cameras: ReadonlyMap<string, { hall: string }>;
  /** Files with this id and later ones are being written now. */
  before: number;
  log: Logger;
}

export interface Repaired {
  /** Segments that lay in files and not in the index. */
  found: number;
  /** Files of the index that were gone or cut short. */
  lost: number;
  /** Bytes of torn ends that were cut off. */
  torn: number;
}

interface Known extends Record<string, unknown> {
  id: number;
  camera: string;
  path: string;
  from_at: number;
  until_at: number;
  init_bytes: number;
  state: string;
  /** Where the newest segment that is indexed ends in the file. */
  indexed: number | null;
}

/** A box is at most 16 MiB (boxes.ts), a segment at most half of a window's 24 MB and a picture more. */
const MOST_READ = 64 * 1024 * 1024;
/** Some seconds of most cameras. */
const LEAST_READ = 2 * 1024 * 1024;
const BATCH = 500;

/**
 * Compares the files with the index, after a start: what the index holds and the disk does not is a gap, what the disk holds and the
 * index does not is read from the boxes and written down, and torn ends are cut off.
 */
export async function repair(options: RepairOptions): Promise<Repaired> {
  const { store, log, before } = options;
  const repaired: Repaired = { found: 0, lost: 0, torn: 0 };
  for (let after = 0; ;) {
    const known = await store.query<Known>(
      `select id, camera, path, from_at, until_at, init_bytes, state,
         case when state = 'open' then (select max(place + length) from recording_segment s
           where s.camera = f.camera and s.at >= f.from_at and s.file = f.id) else bytes end as indexed
       from recording_file f where id > $1 and id < $2 and state <> 'removing' order by id limit $3`,
      [after, before, BATCH],
    );
    if (known.length === 0) break;
    for (const file of known) await checkFile(file, options, repaired);
    after = known.at(-1)!.id;
  }
  for (const [camera, { hall }] of options.cameras) await adoptFiles(camera, hall, options, repaired);
  await options.index.flush();
  if (repaired.found + repaired.lost + repaired.torn > 0) log.warn(repaired, 'recordings were repaired');
  return repaired;
}

async function checkFile(file: Known, options: RepairOptions, repaired: Repaired): Promise<void> {
  const { store, folder, log } = options;
  const path = join(folder, file.path);
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  const indexed = file.indexed ?? file.init_bytes;
  try {
    if (size < indexed) {
      await cut(file, size, options);
      repaired.lost++;
    } else if (size > indexed && file.state === 'open') {
      const { found, end } = await walk(file.camera, path, file.id, file.init_bytes, indexed, options);
      await cutTail(path, end, size, repaired);
      await closeFile(store, file.id, end, found.until);
      repaired.found += found.count;
    } else if (file.state === 'open') await closeFile(store, file.id, indexed, file.until_at);
  } catch (error) {
    log.warn({ err: error, file: file.path }, 'a recording could not be repaired');
  }
}

/** Bytes that the index promises are not there. */
async function cut(file: Known, size: number, { store, folder }: RepairOptions): Promise<void> {
  const { id, camera, from_at: from, until_at: until } = file;
  await store.transaction(async (runner) => {
    const [left] = await runner.query<{ bytes: number | null; until: number | null }>(
      `select max(place + length) as bytes, max(at + round(duration * 1000)::bigint) as until from recording_segment
       where camera = $1 and at between $2 and $3 and file = $4 and place + length <= $5`,
      [camera, from, until, id, size],
    );
    if (left?.bytes == null || left.until === null) {
      await forget(runner, file);
      await markGap(runner, camera, from, until, 'lost');
      return;
    }
    await runner.query(
      'delete from recording_segment where camera = $1 and at between $2 and $3 and file = $4 and place + length > $5',
      [camera, from, until, id, size],
    );
    await runner.query(`update recording_file set state = 'closed', bytes = $2, until_at = $3 where id = $1`, [
      id,
      left.bytes,
      left.until,
    ]);
    if (until - left.until > slack) await markGap(runner, camera, left.until, until, 'lost');
    await truncate(join(folder, file.path), left.bytes);
  });
}

const closeFile = async (store: Store, id: number, bytes: number, until: number): Promise<void> =>
  void (await store.query(
    `update recording_file set state = 'closed', bytes = $2, until_at = greatest(until_at, $3) where id = $1`,
    [id, bytes, until],
  ));

async function cutTail(path: string, end: number, size: number, repaired: Repaired): Promise<void> {
  if (end >= size) return;
  await truncate(path, end);
  repaired.torn += size - end;
}

/** Files of a camera that the index does not know. */
async function adoptFiles(camera: string, hall: string, options: RepairOptions, repaired: Repaired): Promise<void> {
  const { store, folder, log, index, before } = options;
  const home = folderOf(camera);
  for (const day of await readdir(join(folder, home)).catch(() => [])) {
    if (!/^\d{8}$/.test(day)) continue;
    const ids = new Map<number, string>();
    for (const name of await readdir(join(folder, home, day)).catch(() => [])) {
      const id = idOf(name);
      if (id !== undefined && id < before) ids.set(id, `${home}/${day}/${name}`);
    }
    const known = await store.query<{ id: number }>('select id from recording_file where id = any($1::bigint[])', [
      [...ids.keys()],
    ]);
    for (const { id } of known) ids.delete(id);
    for (const [id, path] of ids) {
      try {
        const { size } = await stat(join(folder, path));
        const init = await readInit(join(folder, path));
        const { found, end } = init
          ? await walk(camera, join(folder, path), id, init.length, init.length, options)
          : { found: { count: 0, from: 0, until: 0 }, end: 0 };
        if (!init || found.count === 0) {
          await rm(join(folder, path), { force: true });
          repaired.torn += size;
          continue;
        }
        await cutTail(join(folder, path), end, size, repaired);
        const initSha256 = createHash('sha256').update(init).digest('hex');
        const { from, until } = found;
        const row = { id, camera, hall, path, from, until, bytes: end, initBytes: init.length, initSha256 };
        index.file({ ...row, state: 'closed' });
        await index.flush();
        repaired.found += found.count;
      } catch (error) {
        log.warn({ err: error, file: path }, 'a recording without an index could not be read');
      }
    }
  }
}

/** ftyp and moov at the beginning of a file. */
async function readInit(path: string): Promise<Buffer | undefined> {
  const head = await readPart(path, 0, 64 * 1024);
  let end = 0;
  while (end + 8 <= head.length) {
    const type = head.toString('latin1', end + 4, end + 8);
    if (type !== 'ftyp' && type !== 'moov') break;
    end += head.readUInt32BE(end);
    if (type === 'moov') return end <= head.length ? head.subarray(0, end) : undefined;
  }
  return undefined;
}

interface Found {
  count: number;
  from: number;
  until: number;
}

/** Reads segments from `place` on and gives them to the index; answers where the last whole one ends. */
async function walk(
  camera: string,
  path: string,
  file: number,
  initBytes: number,
  place: number,
  { index }: RepairOptions,
): Promise<{ found: Found; end: number }> {
  const init = await readPart(path, 0, initBytes);
  const { size } = await stat(path);
  const found: Found = { count: 0, from: Infinity, until: 0 };
  let end = place;
  let most = LEAST_READ;
  /** Where the timeline of the segment before ends, in ticks. */
  let time: number | undefined;
  while (end < size) {
    const bytes = await readPart(path, end, most);
    const isLast = end + bytes.length >= size;
    let used = 0;
    for (;;) {
      const next = nextSegment(bytes.subarray(used), init, isLast);
      if (!next) break;
      const { stamp, media, duration } = next;
      index.segment({
        camera,
        at: stamp.at,
        duration,
        file,
        place: end + used + stamp.length,
        length: media.length,
        cameraAt: stamp.cameraAt,
        sha256: createHash('sha256').update(media).digest('hex'),
        independent: next.key,
        broken: time !== undefined && time !== next.from,
      });
      time = next.to;
      used += stamp.length + media.length;
      found.count++;
      found.from = Math.min(found.from, stamp.at);
      found.until = Math.max(found.until, Math.round(stamp.at + duration * 1000));
    }
    end += used;
    if (used > 0) continue;
    // Not one whole segment in all that was read: it is longer, or it is torn.
    if (isLast || most >= MOST_READ) break;
    most *= 2;
  }
  return { found, end };
}

/** The segment at the beginning of `bytes`; undefined when it is not whole, or may go on behind them. */
function nextSegment(bytes: Buffer, init: Buffer, isLast: boolean) {
  const stamp = readStamp(bytes);
  if (!stamp) return undefined;
  const rest = bytes.subarray(stamp.length);
  const { length, ended } = mediaLength(rest);
  if (length === 0 || !(ended || isLast)) return undefined;
  const media = rest.subarray(0, length);
  const [head, ...others] = piecesOf(Buffer.concat([init, media]));
  const fragments = others.filter((each): each is Fragment => each.kind === 'fragment');
  const first = fragments[0];
  if (head?.kind !== 'init' || !first) return undefined;
  const ticks = fragments.reduce((sum, fragment) => sum + fragment.duration, 0);
  return { stamp, media, duration: ticks / head.timescale, key: first.key, from: first.time, to: first.time + ticks };
}

/** Nothing of what was written and is damaged: it is cut off as what is torn. */
function piecesOf(bytes: Buffer): (Init | Fragment)[] {
  try {
    return new Boxes().push(bytes);
  } catch (error) {
    if (error instanceof HubError) return [];
    throw error;
  }
}

/** Whole fragments at the beginning of `bytes`; `ended`: the stamp of another segment follows. */
function mediaLength(bytes: Buffer): { length: number; ended: boolean } {
  let length = 0;
  const limit = wholeBoxes(bytes);
  for (let at = 0; at < limit; at += bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'prft') return { length, ended: true };
    if (type === 'mdat') length = at + bytes.readUInt32BE(at);
  }
  return { length, ended: false };
}

async function readPart(path: string, place: number, most: number): Promise<Buffer> {
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.max(0, Math.min(most, size - place)));
    let read = 0;
    while (read < bytes.length) {
      const { bytesRead } = await handle.read(bytes, read, bytes.length - read, place + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return bytes.subarray(0, read);
  } finally {
    await handle.close();
  }
}
