import { createHash } from 'node:crypto';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '../../hub/model/error.ts';
import { layOut, slack, type Gap, type Laid, type Span } from '../../hub/model/recording.ts';
import type { Store } from '../../hub/platform/postgres.ts';
import { slotMs } from './files.ts';

/** One segment as it was delivered live. */
export interface RecordedSegment {
  /** Programme time of its beginning by the server's clock, epoch ms. */
  at: number;
  /** Seconds. */
  duration: number;
  /** Its beginning by the camera's own clock, epoch ms, where the camera told it. */
  cameraAt: number | undefined;
  /** Of `bytes`, hex. */
  sha256: string;
  /** Begins with a key picture. */
  independent: boolean;
  /** The timeline breaks before it, or a time is missing. */
  broken: boolean;
  /** SHA-256 of its initialization section, hex. */
  initSha256: string;
  /** Throws `HubError('recording.gone')` when its file is not there any more, `recording.damaged` when it is not what was written. */
  bytes(): Promise<Buffer>;
  /** Its initialization section; throws as `bytes` does. */
  init(): Promise<Buffer>;
}

/** One question reads so many segments at most: an hour and a bit. */
export const mostSegments = 4_000;
/** Key pictures stand no further apart than a segment may be long, several times over. */
const keyWithin = 60_000;
/** What one answer about spans holds at most, per camera. */
const mostSpans = 2_000;

const columns = `s.at, s.duration, s.place, s.length, s.camera_at, encode(s.sha256, 'hex') as sha256, s.independent, s.broken,
  f.path, f.init_bytes, encode(f.init_sha256, 'hex') as init_sha256`;

interface SegmentRow extends Record<string, unknown> {
  at: number;
  duration: number;
  place: number;
  length: number;
  camera_at: number | null;
  sha256: string;
  independent: boolean;
  broken: boolean;
  path: string;
  init_bytes: number;
  init_sha256: string;
}

/** What was recorded, read by the index. */
export class Recordings {
  readonly #store: Store;
  readonly #folder: string;

  constructor(store: Store, dataDir: string) {
    this.#store = store;
    this.#folder = join(dataDir, 'recording');
  }

  /** What there is of a camera between two moments, and why there is nothing in between. `to` of the answer is earlier when there is more than one answer holds. */
  async spans(camera: string, from: number, to: number): Promise<Laid & Span> {
    const files = await this.#store.query<{ from: number; to: number }>(
      `select min(from_at) as "from", max(until_at) as "to" from (
         select from_at, until_at, sum(new) over (order by from_at, id) as run from (
           select id, from_at, until_at,
             case when from_at - max(until_at) over (order by from_at, id rows between unbounded preceding and 1 preceding) <= $4 then 0 else 1 end as new
           from recording_file where camera = $1 and from_at < $3 and from_at > $2::bigint - $5 and until_at > $2 and state <> 'removing') f) g
       group by run order by 1 limit $6`,
      [camera, from, to, slack, 2 * slotMs, mostSpans + 1],
    );
    const gaps = await this.#store.query<Gap & Record<string, unknown>>(
      `select from_at as "from", to_at as "to", cause from recording_gap where camera = $1 and to_at > $2 and from_at < $3 and to_at > from_at
       order by from_at limit $4`,
      [camera, from, to, mostSpans + 1],
    );
    const cut = [files, gaps].map((list) => (list.length > mostSpans ? Math.max(from, list.pop()!.from) : to));
    const until = Math.min(...cut);
    return { from, to: until, ...layOut(from, until, files, gaps) };
  }

  /**
   * The segments of a camera that show any of `from` … `to`, in order of time, beginning with the one whose key picture is at or
   * before `from`; with the next key picture where nothing was recorded there. At most `mostSegments`.
   */
  async segments(camera: string, from: number, to: number): Promise<RecordedSegment[]> {
    const rows = await this.#store.query<SegmentRow>(
      `select ${columns} from recording_segment s join recording_file f on f.id = s.file and f.state <> 'removing'
       where s.camera = $1 and s.at < $3 and s.at >= coalesce(
         (select max(at) from recording_segment where camera = $1 and at <= $2 and at > $2::bigint - $4 and independent), $2)
       order by s.at limit $5`,
      [camera, from, to, keyWithin, mostSegments],
    );
    const first = rows.findIndex((row, index) => row.independent && leadsTo(rows, index, from));
    return first < 0 ? [] : rows.slice(first).map((row) => this.#segment(row));
  }

  /** The segment that begins at this very millisecond. */
  async segment(camera: string, at: number): Promise<RecordedSegment | undefined> {
    const [row] = await this.#store.query<SegmentRow>(
      `select ${columns} from recording_segment s join recording_file f on f.id = s.file and f.state <> 'removing'
       where s.camera = $1 and s.at = $2`,
      [camera, at],
    );
    return row && this.#segment(row);
  }

  #segment(row: SegmentRow): RecordedSegment {
    return {
      at: row.at,
      duration: row.duration,
      cameraAt: row.camera_at ?? undefined,
      sha256: row.sha256,
      independent: row.independent,
      broken: row.broken,
      initSha256: row.init_sha256,
      bytes: () => this.#read(row.path, row.place, row.length, row.sha256),
      init: () => this.#read(row.path, 0, row.init_bytes, row.init_sha256),
    };
  }

  async #read(path: string, place: number, length: number, sha256: string): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    let read = 0;
    try {
      const file = await openFile(join(this.#folder, path));
      try {
        while (read < length) {
          const { bytesRead } = await file.read(bytes, read, length - read, place + read);
          if (bytesRead === 0) break;
          read += bytesRead;
        }
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw new HubError('recording.gone', 'the recording is not there any more', { cause });
    }
    if (read < length || createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new HubError('recording.damaged', 'the recording is not what was written');
    return bytes;
  }
}

/** Whether what begins at this key picture goes on, without a hole, to `from` or begins after it. */
function leadsTo(rows: readonly SegmentRow[], index: number, from: number): boolean {
  let end = rows[index]!.at;
  for (const row of rows.slice(index)) {
    if (end > from || row.at >= from) return true;
    if (row.at - end > slack) return false;
    end = row.at + row.duration * 1000;
  }
  return end > from;
}
