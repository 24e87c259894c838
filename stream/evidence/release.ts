/** Carries out what was approved: a copy with its watermark, or the deletion. One conversion at a time. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fonts } from '@embedpdf/fonts-sc';
import type { CopyManifest, Evidence, Manifest, ManifestFile, Release } from '../../hub/model/evidence.ts';
import { HubError } from '../../hub/model/error.ts';
import type { Event } from '../../hub/model/event.ts';
import type { Context } from '../../hub/platform/part.ts';
import type { Command } from '../args.ts';
import { Boxes } from '../boxes.ts';
import { convert } from '../ffmpeg.ts';
import {
  asFile,
  copyManifest,
  evidenceFolder,
  keep,
  manifestName,
  readManifest,
  releaseFolder,
  sha256Of,
  tidy,
} from './folder.ts';
import { copyOf, pictureCopy, watermarkOf, type Letters } from './watermark.ts';

export interface ReleasingOptions {
  context: Pick<Context, 'settings' | 'bus' | 'store' | 'log'>;
  software: string;
  /** Milliseconds between two looks at what is to be done. Default 2,000. */
  everyMs?: number;
}

/** So often a copy that fails is tried. */
const mostTries = 3;
const pageOfReleases = 20;
/** A minute of video takes some seconds of a core; a machine that does other work as well takes longer. */
const convertMs = 300_000;
const pictureMs = 15_000;

/** A bare Debian with ffmpeg has no font with Chinese letters, so one comes along. */
export const font = join(
  dirname(createRequire(import.meta.url).resolve('@embedpdf/fonts-sc')),
  '../fonts',
  fonts.find(({ weight }) => weight === 500)!.file,
);

const selectApproved = `select r.body as release, e.body as evidence from evidence_release r join evidence e on e.id = r.evidence
  where r.state = 'approved' order by r.asked_at, r.id limit $1`;

export class Releasing {
  readonly #options: ReleasingOptions;
  readonly #failures = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ReleasingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? 2_000);
  }

  /** Does what waits; never throws. */
  look(): Promise<void> {
    this.#working ??= this.#look()
      .catch((error: unknown) => this.#options.context.log.warn({ err: error }, 'approved releases could not be read'))
      .finally(() => (this.#working = undefined));
    return this.#working;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#working;
  }

  async #look(): Promise<void> {
    const { store, log } = this.#options.context;
    type Row = { release: Release; evidence: Evidence };
    for (const { release, evidence } of await store.query<Row>(selectApproved, [pageOfReleases])) {
      if (this.#stopped) return;
      try {
        await this.#carryOut(release, evidence);
        this.#failures.delete(release.id);
      } catch (error) {
        const failures = (this.#failures.get(release.id) ?? 0) + 1;
        log.warn({ err: error, release: release.id, failures }, 'an approved release could not be carried out');
        this.#failures.set(release.id, failures);
        if (failures >= mostTries && !this.#stopped) await this.#giveUp(release, error).catch(() => undefined);
      }
    }
  }

  async #carryOut(release: Release, evidence: Evidence): Promise<void> {
    if (release.act === 'delete') return this.#remove(release, evidence);
    const { settings } = this.#options.context;
    const folder = releaseFolder(settings.dataDir, evidence.id, release.id);
    // A hub that was killed between the manifest and its event only has to say it again.
    const made = await readManifest<CopyManifest>(folder, copyManifest).catch(() => undefined);
    const { body, digest } = made ?? (await this.#copy(release, evidence, folder));
    const copy = body.files.find(({ name }) => name === 'copy.mp4') ?? body.files[0]!;
    await this.#tell(release, body.madeAt, {
      kind: 'evidence.released',
      id: `released-${release.id}`.slice(0, 80),
      digest,
      sha256: copy.sha256,
      bytes: body.files.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }

  async #copy(release: Release, evidence: Evidence, folder: string): Promise<{ body: CopyManifest; digest: string }> {
    const { settings } = this.#options.context;
    const from = evidenceFolder(settings.dataDir, evidence.id);
    const original = await readManifest<Manifest>(from, manifestName(evidence.manifests.length));
    if (original?.digest !== evidence.manifests.at(-1)?.digest || !original)
      throw new HubError('evidence.damaged', 'the manifest is not the one in the ledger');
    // What is released is what was taken.
    for (const { name, sha256 } of original.body.files) {
      const bytes = await readFile(join(from, name));
      if (createHash('sha256').update(bytes).digest('hex') !== sha256)
        throw new HubError('evidence.damaged', `${name} is not what was taken`);
    }
    await tidy(folder, new Set());
    const watermark = watermarkOf(release);
    const files: ManifestFile[] = [];
    const write = async (name: string, bytes: Buffer): Promise<void> => {
      await keep(folder, name, bytes);
      files.push({ name, kind: 'copy', sha256: sha256Of(bytes), bytes: bytes.length });
    };
    const work = join(settings.dataDir, 'run', `release-${sha256Of(Buffer.from(release.id)).slice(0, 16)}`);
    try {
      const letters = await lettersIn(work, watermark);
      if (original.body.files.some(({ kind }) => kind === 'clip')) {
        const mp4 = await converted(copyOf(from, original.body, letters), undefined, convertMs);
        const seconds = original.body.segments.reduce((sum, each) => sum + each.seconds, 0);
        if (secondsIn(mp4) < seconds - 2) throw new HubError('evidence.copy', 'the copy ends early');
        await write('copy.mp4', mp4);
      }
      const picture = original.body.files.find(({ kind }) => kind === 'picture');
      if (picture) {
        const bytes = await readFile(join(from, picture.name));
        await write('picture.jpg', await converted(pictureCopy(letters), bytes, pictureMs));
      }
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    if (files.length === 0) throw new HubError('evidence.empty', 'nothing was recorded and there is no picture');
    const { act, purpose, requestedBy, answeredBy, expiresAt } = release;
    const body: CopyManifest = {
      kind: 'copy',
      madeAt: Date.now(),
      software: this.#options.software,
      release: release.id,
      evidence: evidence.id,
      act,
      purpose,
      requestedBy,
      ...(answeredBy ? { answeredBy } : {}),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      original: original.digest,
      watermark,
      files,
    };
    const bytes = asFile(body);
    await keep(folder, copyManifest, bytes);
    return { body, digest: sha256Of(bytes) };
  }

  /** SC-33: pictures, clips and every copy go; the manifests stay and say what there was. */
  async #remove(release: Release, evidence: Evidence): Promise<void> {
    const folder = evidenceFolder(this.#options.context.settings.dataDir, evidence.id);
    await rm(join(folder, 'released'), { recursive: true, force: true });
    await tidy(folder, new Set(evidence.manifests.map((_, index) => manifestName(index + 1))));
    await this.#tell(release, release.answeredBy?.at ?? release.requestedBy.at, {
      kind: 'evidence.removed',
      id: `removed-${release.id}`.slice(0, 80),
    });
  }

  async #giveUp(release: Release, error: unknown): Promise<void> {
    const reason = error instanceof HubError ? error.message : 'the copy could not be made';
    await this.#tell(release, Date.now(), {
      kind: 'evidence.failed',
      id: `failed-${release.id}`.slice(0, 80),
      reason,
    });
    this.#failures.delete(release.id);
  }

  async #tell(
    { id: release, region, hall, evidence }: Release,
    occurredAt: number,
    what:
      | { kind: 'evidence.released'; id: string; digest: string; sha256: string; bytes: number }
      | { kind: 'evidence.removed'; id: string }
      | { kind: 'evidence.failed'; id: string; reason: string },
  ): Promise<void> {
    const event: Event = { ...what, region, source: 'stream', occurredAt, evidence, hall, release };
    const verdict = await this.#options.context.bus.command(event);
    if (!verdict.ok) throw new HubError('evidence.refused', `${verdict.field}: ${verdict.reason}`);
  }
}

/** The lines as files, because no text of a person stands on a command line. */
async function lettersIn(folder: string, watermark: readonly string[]): Promise<Letters> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lines: string[] = [];
  for (const [index, line] of watermark.entries()) {
    const file = join(folder, `${index}.txt`);
    await writeFile(file, line, { mode: 0o600 });
    lines.push(file);
  }
  return { font, lines, middle: lines[0]! };
}

/** What ffmpeg made, of `stdin` if there is any, within `patienceMs`; complaints about a camera's pictures are no failure. */
async function converted(command: Command, stdin: Buffer | undefined, patienceMs: number): Promise<Buffer> {
  const began = Date.now();
  let said = '';
  const bytes = await convert(command, stdin, patienceMs, (line) => (said ||= line));
  if (!bytes || Date.now() - began >= patienceMs)
    throw new HubError('evidence.copy', 'ffmpeg could not make the copy', { cause: said });
  return bytes;
}

/** Seconds of pictures in a copy: one that ends early is none. */
function secondsIn(mp4: Buffer): number {
  let timescale = 1;
  let ticks = 0;
  for (const each of new Boxes().push(mp4)) {
    if (each.kind === 'init') ({ timescale } = each);
    else ticks += each.duration;
  }
  return ticks / timescale;
}
