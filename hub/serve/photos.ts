/** Photos that halls answer findings with: read anew by ffmpeg, so that no metadata and nothing but the picture stays. */
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { largestPhoto, type Photo } from '../model/finding.ts';
import { may } from '../model/rights.ts';
import type { Sessions } from '../platform/access.ts';
import { spawnLeashed } from '../platform/children.ts';
import type { Context } from '../platform/part.ts';
import { findingFor } from './findings.ts';
import { answer } from './gate.ts';
import { away, forbidden, Refusal, unknown, unsigned } from './problem.ts';

/** Longest side of what is kept, in pixels. */
const side = 2_000;
/** A picture of more is refused before it is decoded. */
const mostPixels = 50_000_000;
const decodeWithin = 15_000;
const mostBytesKept = 8 * 1024 * 1024;
/** Decoding takes a core: one at a time, and a short queue. */
const mostWaiting = 8;
/** Uploads that no answer named yet, and how long they wait for one. */
const mostNew = 300;
const newFor = 86_400_000;
/** Of the disk, in bytes. */
const staysFree = 512 * 1024 * 1024;

const formats = [
  { demuxer: 'jpeg_pipe', magic: Buffer.from([0xff, 0xd8, 0xff]) },
  { demuxer: 'png_pipe', magic: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) },
];

/** Of one hub: `DATA_DIR/photos/<sha256>.jpg`, and under `new` until an answer names it. */
export class Photos {
  readonly #folder: string;
  readonly #ffmpeg: string;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ dataDir, ffmpeg }: { dataDir: string; ffmpeg: string }) {
    this.#folder = join(dataDir, 'photos');
    this.#ffmpeg = ffmpeg;
  }

  #file = (sha256: string, isNew = false): string =>
    join(...(isNew ? [this.#folder, 'new'] : [this.#folder]), `${sha256}.jpg`);

  /** Reads a JPEG or PNG and keeps the picture in it, as one that no answer has named yet. */
  async take(bytes: Buffer): Promise<Photo | Refusal> {
    const format = formats.find(({ magic }) => bytes.subarray(0, magic.length).equals(magic));
    if (!format) return new Refusal(415, { field: 'photo', reason: 'expected a JPEG or PNG picture' });
    if (bytes.length > largestPhoto) return new Refusal(413, { field: 'photo', reason: 'expected at most 8 MB' });
    if (this.#waiting >= mostWaiting) return away('too many photos at once', 2);
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#keep(bytes, format.demuxer));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #keep(bytes: Buffer, demuxer: string): Promise<Photo | Refusal> {
    const folder = join(this.#folder, 'new');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await this.#sweep(folder)) >= mostNew) return away('too many photos wait for an answer', 60);
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < staysFree) return away('the disk is nearly full', 60);
    const jpeg = await this.#convert(bytes, demuxer);
    if (!jpeg) return new Refusal(415, { field: 'photo', reason: 'the picture cannot be read' });
    const sha256 = createHash('sha256').update(jpeg).digest('hex');
    // A name of its own until it is whole.
    const draft = join(folder, `.${randomUUID()}`);
    await writeFile(draft, jpeg, { mode: 0o600, flush: true });
    await rename(draft, this.#file(sha256, true));
    return { sha256, bytes: jpeg.length };
  }

  /** Removes what waited too long; answers how many are left. */
  async #sweep(folder: string): Promise<number> {
    const names = await readdir(folder);
    let left = 0;
    for (const name of names) {
      const file = join(folder, name);
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
      if (Date.now() - mtimeMs > newFor) await rm(file, { force: true });
      else left += 1;
    }
    return left;
  }

  /** One format, one picture, no other protocol: ffmpeg guesses nothing and opens nothing. */
  #convert(bytes: Buffer, demuxer: string): Promise<Buffer | undefined> {
    const scale = `scale=w='min(${side},iw)':h='min(${side},ih)':force_original_aspect_ratio=decrease`;
    const child = spawnLeashed(
      this.#ffmpeg,
      [
        ...['-hide_banner', '-loglevel', 'error', '-xerror', '-err_detect', 'explode', '-threads', '1'],
        ...['-protocol_whitelist', 'pipe', '-max_pixels', String(mostPixels), '-f', demuxer, '-i', 'pipe:0'],
        ...['-map', '0:v:0', '-map_metadata', '-1', '-frames:v', '1', '-threads', '1', '-vf', scale],
        ...['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '3', '-flags:v', '+bitexact', '-f', 'mjpeg', 'pipe:1'],
      ],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const end = (): void => {
        if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      };
      const timer = setTimeout(end, decodeWithin);
      child.stdout!.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > mostBytesKept) end();
        else chunks.push(chunk);
      });
      // It stops reading where the picture is broken.
      child.stdin!.on('error', () => undefined);
      child.on('error', () => undefined);
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve(code === 0 && length > 0 && length <= mostBytesKept ? Buffer.concat(chunks) : undefined);
      });
      child.stdin!.end(bytes);
    });
  }

  /** Takes the photos of an answer out of those that wait; `undo` puts them back. */
  async attach(list: readonly string[]): Promise<{ ok: true; undo: () => Promise<void> } | { ok: false }> {
    const moved: string[] = [];
    const undo = async (): Promise<void> => {
      for (const sha256 of moved) await rename(this.#file(sha256), this.#file(sha256, true)).catch(() => undefined);
    };
    for (const sha256 of list) {
      try {
        await rename(this.#file(sha256, true), this.#file(sha256));
        moved.push(sha256);
      } catch {
        const isKept = await access(this.#file(sha256)).then(
          () => true,
          () => false,
        );
        if (isKept) continue;
        await undo();
        return { ok: false };
      }
    }
    return { ok: true, undo };
  }

  /** Undefined when there is none, or when its bytes are not what its name says any more. */
  async read(sha256: string): Promise<Buffer | undefined> {
    const bytes = await readFile(this.#file(sha256)).catch(() => undefined);
    return bytes && createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : undefined;
  }
}

/** Upload and picture; a photo is seen by who may read its finding. */
export async function photoRoutes(
  app: FastifyInstance,
  context: Context,
  sessions: Pick<Sessions, 'identify'>,
  photos: Photos,
): Promise<void> {
  await app.register(async (door) => {
    door.removeAllContentTypeParsers();
    door.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: largestPhoto }, (_request, body, done) =>
      done(null, body),
    );
    door.post<{ Params: { id: string } }>(
      '/findings/:id/photos',
      {
        bodyLimit: largestPhoto,
        config: { rateLimit: { max: 60, timeWindow: 60_000 } },
        // Nobody's eight megabytes are read before it is known who sends them.
        onRequest: async (request, reply) => {
          const who = await sessions.identify(request);
          if (!who) return answer(reply, unsigned);
          if (!may(who, 'finding.answer')) return answer(reply, forbidden('needs the right finding.answer'));
          const finding = await findingFor(context, who, request.params.id);
          if (!finding || !may(who, 'finding.answer', finding)) return answer(reply, unknown('finding'));
        },
      },
      async (request, reply) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        return answer(reply, await photos.take(bytes));
      },
    );
  });
  app.get<{ Params: { id: string; file: string } }>('/findings/:id/photos/:file', async (request, reply) => {
    const who = await sessions.identify(request);
    if (!who) return answer(reply, unsigned);
    const finding = await findingFor(context, who, request.params.id);
    const sha256 = /^([0-9a-f]{64})\.jpg$/.exec(request.params.file)?.[1];
    if (!finding || sha256 === undefined || !finding.photos?.includes(sha256)) return answer(reply, unknown('photo'));
    const bytes = await photos.read(sha256);
    if (!bytes) return answer(reply, new Refusal(404, { detail: 'the file is gone' }));
    return reply.header('cache-control', 'private, no-cache').type('image/jpeg').send(bytes);
  });
}
