/** Where evidence lies: `DATA_DIR/evidence/<id>/` holds what was taken, `DATA_DIR/evidence/<id>/released/<release>/` its copies. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonical } from '../../hub/model/canonical.ts';

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** An id is no path: what is more than a plain name goes by its digest. */
const folderName = (id: string): string =>
  /^[A-Za-z0-9][\w-]{0,79}$/.test(id) ? id : `~${createHash('sha256').update(id).digest('hex').slice(0, 40)}`;

export const manifestName = (version: number): string => `manifest-${version}.json`;
export const copyManifest = 'manifest.json';

/** Beside the folders of evidence lie the pictures of findings, each under its hash. */
export const evidenceFolder = (dataDir: string, evidence?: string): string =>
  evidence === undefined ? join(dataDir, 'evidence') : join(dataDir, 'evidence', folderName(evidence));

export const releaseFolder = (dataDir: string, evidence: string, release: string): string =>
  join(evidenceFolder(dataDir, evidence), 'released', folderName(release));

/** Writes a file that is whole or not there, and is on the disk when this resolves. */
export async function keep(folder: string, name: string, bytes: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${name}.${randomUUID()}`);
  try {
    await writeFile(draft, bytes, { mode: 0o600, flush: true });
    await rename(draft, join(folder, name));
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

export const asFile = (manifest: unknown): Buffer => Buffer.from(canonical(manifest));

/** A manifest and its digest; undefined where there is none. Throws where it is no JSON. */
export async function readManifest<T>(folder: string, name: string): Promise<{ body: T; digest: string } | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return { body: JSON.parse(bytes.toString('utf8')) as T, digest: sha256Of(bytes) };
}

/** Names of the files in a folder; none where there is no folder. */
export async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((each) => each.isFile()).map((each) => each.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Removes what a killed hub left behind: everything but these names. */
export async function tidy(folder: string, keepNames: ReadonlySet<string>): Promise<void> {
  for (const name of await filesIn(folder)) if (!keepNames.has(name)) await rm(join(folder, name), { force: true });
}
