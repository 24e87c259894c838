/** Takes evidence: writes what there is at once, and what is yet to come when it has come. */
import { clipAfter, type Evidence, type Manifest, type ManifestFile } from '../../hub/model/evidence.ts';
import { HubError } from '../../hub/model/error.ts';
import type { Event } from '../../hub/model/event.ts';
import type { Context } from '../../hub/platform/part.ts';
import { still } from '../args.ts';
import type { Cameras } from '../cameras.ts';
import { convert } from '../ffmpeg.ts';
import type { Recordings } from '../recording/read.ts';
import { Turns } from '../turns.ts';
import { join, pictureAt } from './clip.ts';
import { asFile, evidenceFolder, keep, manifestName, readManifest, sha256Of, tidy } from './folder.ts';
import { between, endOf, held, merge, recorded, type Footage } from './footage.ts';
import { entryOf, gapsOf, lengths, manifestOf, statesOf } from './manifest.ts';

export interface TakingOptions {
  context: Pick<Context, 'settings' | 'bus' | 'store' | 'world' | 'log'>;
  cameras: Pick<Cameras, 'find'>;
  recordings: Pick<Recordings, 'segments' | 'spans'>;
  software: string;
  /** Milliseconds between two looks at what is to be done. Default 2,000. */
  everyMs?: number;
}

/** So many pieces of evidence are worked on; the others wait in the store. */
const mostPending = 50;
/** A camera that was not pulled gets so long to send a picture. */
const firstPictureMs = 2_000;
/** What ends the clip is waited for so long; what has not come by then is missing. */
const tailMs = 15_000;
/** A segment is not there before it is closed: what the camera sent in these last moments is yet to come. */
const openMs = 5_000;
const mostHeld = 256 * 1024 * 1024;
const decodeMs = 10_000;
const pictureWidth = 1920;
const pictureName = 'picture.jpg';

const selectPending = `select body from evidence where state in ('taken', 'begun') order by until_at, id limit $1`;

export class Taking {
  readonly #options: TakingOptions;
  /** Joining is reading and writing, decoding one picture: two at a time are as quick as more. */
  readonly #turns = new Turns(2, mostPending, new HubError('evidence.busy', 'Too much evidence is taken at once.'));
  readonly #running = new Map<string, Promise<void>>();
  /** What the window showed of the clips that are not complete: the only source where nothing is recorded. */
  readonly #held = new Map<string, (Footage & { bytes: number })[]>();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: TakingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? 2_000);
  }

  /** Writes the first files of evidence that was just taken; resolves when they are there. Throws where that failed: it is tried again. */
  async press(id: string): Promise<void> {
    const row = await this.#read(id);
    if (row?.state === 'taken') await this.#work(row);
  }

  /** Does what is due; never throws. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) =>
        this.#options.context.log.warn({ err: error }, 'pending evidence could not be read; again'),
      )
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    await Promise.allSettled(this.#running.values());
  }

  async #read(id: string): Promise<Evidence | undefined> {
    const [row] = await this.#options.context.store.query<{ body: Evidence }>(
      'select body from evidence where id = $1',
      [id],
    );
    return row?.body;
  }

  async #look(): Promise<void> {
    const rows = await this.#options.context.store.query<{ body: Evidence }>(selectPending, [mostPending]);
    const pending = new Set(rows.map(({ body }) => body.id));
    for (const id of this.#held.keys()) if (!pending.has(id)) this.#held.delete(id);
    for (const { body } of rows) {
      if (this.#stopped) return;
      this.#hold(body);
      if (body.state === 'taken' || this.#isDue(body))
        void this.#work(body).catch((error: unknown) =>
          this.#options.context.log.warn({ err: error, evidence: body.id }, 'evidence could not be written; again'),
        );
    }
  }

  /** Keeps what the window shows of the clip, and the camera pulled until the clip is complete. */
  #hold(row: Evidence): void {
    const camera = this.#options.cameras.find(row.camera)?.camera;
    if (!camera) return;
    if (Date.now() < row.until + tailMs) camera.ask();
    const known = this.#held.get(row.id) ?? [];
    const total = [...this.#held.values()].flat().reduce((sum, each) => sum + each.bytes, 0);
    if (total < mostHeld) {
      const fresh = held(camera.window, row.from, row.until);
      const merged = merge(known, fresh) as (Footage & { bytes: number })[];
      this.#held.set(row.id, merged);
    }
  }

  /** Whether the end of the clip is there, or does not come any more. */
  #isDue(row: Evidence): boolean {
    const now = Date.now();
    if (now < row.until) return false;
    const last = this.#held.get(row.id)?.at(-1);
    return now > row.until + tailMs || (last !== undefined && endOf(last) >= row.until);
  }

  #work(row: Evidence): Promise<void> {
    const found = this.#running.get(row.id);
    if (found) return found;
    const running = this.#turns.take(() => this.#write(row)).finally(() => this.#running.delete(row.id));
    this.#running.set(row.id, running);
    return running;
  }

  /** Writes the next version: files first, then the manifest that names them, then the event with its digest. */
  async #write(row: Evidence): Promise<void> {
    const { context } = this.#options;
    const folder = evidenceFolder(context.settings.dataDir, row.id);
    const version = row.manifests.length + 1;
    // A hub that was killed between the manifest and its event only has to say it again.
    const made = await readManifest<Manifest>(folder, manifestName(version)).catch(() => undefined);
    const { body, digest } = made ?? (await this.#make(row, folder, version));
    const event: Event = {
      kind: 'evidence.sealed',
      id: `sealed-${row.id}-${version}`.slice(0, 80),
      region: row.region,
      source: 'stream',
      occurredAt: body.madeAt,
      evidence: row.id,
      hall: row.hall,
      version,
      digest,
      complete: body.complete,
      ...pictureOf(body),
      ...lengths(row, body.gaps),
    };
    const verdict = await context.bus.command(event);
    if (!verdict.ok) throw new HubError('evidence.refused', `${verdict.field}: ${verdict.reason}`);
    if (body.complete) this.#held.delete(row.id);
  }

  async #make(row: Evidence, folder: string, version: number): Promise<{ body: Manifest; digest: string }> {
    const { context, recordings, software } = this.#options;
    const before = version === 1 ? undefined : await readManifest<Manifest>(folder, manifestName(version - 1));
    const known: Pick<Manifest, 'files' | 'segments' | 'picture'> = before?.body ?? { files: [], segments: [] };
    const kept = [...known.files.map(({ name }) => name), ...row.manifests.map((_, index) => manifestName(index + 1))];
    await tidy(folder, new Set(kept));
    if (version === 1) await this.#awake(row);
    this.#hold(row);
    const now = Date.now();
    const last = known.segments.at(-1);
    const from = last ? last.at + last.seconds * 1000 : row.from;
    const footage = await this.#footage(row, from);
    const files: ManifestFile[] = [...known.files];
    const segments: Manifest['segments'] = [...known.segments];
    const picture = known.picture ?? (await this.#picture(row, folder, files));
    const failed = (error: unknown): void =>
      context.log.warn({ err: error, evidence: row.id }, 'a segment of the recording could not be read');
    for (const [index, piece] of (await join(between(footage, from, row.until), failed)).entries()) {
      const name = `clip-${version}-${index + 1}.mp4`;
      await keep(folder, name, piece.bytes);
      files.push({ name, kind: 'clip', sha256: sha256Of(piece.bytes), bytes: piece.bytes.length });
      segments.push(...piece.segments.map((each) => ({ file: name, ...each })));
    }
    const end = segments.at(-1);
    const hasEnd = end !== undefined && end.at + end.seconds * 1000 >= row.until;
    const complete = version > 1 || hasEnd || now > row.until + tailMs;
    const spans = await recordings.spans(row.camera, row.from, Math.max(row.from + 1, Math.min(row.until, now)));
    const body = manifestOf(
      row,
      {
        version,
        previous: row.manifests.at(-1)?.digest,
        complete,
        madeAt: Math.round(now),
        software,
        ledger: await entryOf(context.store, row.id),
        files,
        picture,
        segments,
        gaps: gapsOf(row, segments, spans.gaps, complete ? undefined : now - openMs),
        states: await statesOf(context.store, row.camera, row.from, row.until),
      },
      context.world(),
    );
    const bytes = asFile(body);
    await keep(folder, manifestName(version), bytes);
    return { body, digest: sha256Of(bytes) };
  }

  /** What there is from `from` on: what was held wins over the disk, because it is here. */
  async #footage(row: Evidence, from: number): Promise<Footage[]> {
    const camera = this.#options.cameras.find(row.camera)?.camera;
    const onDisk = await this.#options.recordings.segments(row.camera, Math.round(from), row.until);
    return merge(
      this.#held.get(row.id) ?? [],
      camera ? held(camera.window, from, row.until) : [],
      onDisk.map(recorded),
    );
  }

  /** A camera that nobody watches is pulled now, and shows something if it can. */
  async #awake(row: Evidence): Promise<void> {
    const camera = this.#options.cameras.find(row.camera)?.camera;
    if (!camera || Date.now() > row.until + clipAfter) return;
    camera.ask();
    await camera.first(() => camera.window.newestKey !== undefined, firstPictureMs);
  }

  /** The picture of the moment, also out of a segment that still runs. */
  async #picture(row: Evidence, folder: string, files: ManifestFile[]): Promise<Manifest['picture']> {
    const camera = this.#options.cameras.find(row.camera)?.camera;
    const footage = merge(
      await this.#footage(row, row.from),
      camera ? held(camera.window, row.from, Infinity, true) : [],
    );
    const shown = await pictureAt(footage, row.at).catch((error: unknown) => {
      this.#options.context.log.warn({ err: error, evidence: row.id }, 'the picture of the moment could not be read');
      return undefined;
    });
    const jpeg = shown && (await convert(still(pictureWidth, shown.pictures), shown.mp4, decodeMs));
    if (!jpeg) return undefined;
    await keep(folder, pictureName, jpeg);
    files.push({ name: pictureName, kind: 'picture', sha256: sha256Of(jpeg), bytes: jpeg.length });
    const { at: showsAt, cameraAt } = shown;
    return { file: pictureName, showsAt, ...(cameraAt === undefined ? {} : { cameraAt }) };
  }
}

function pictureOf({ files }: Manifest): { picture: string } | object {
  const picture = files.find(({ kind }) => kind === 'picture');
  return picture ? { picture: picture.sha256 } : {};
}
