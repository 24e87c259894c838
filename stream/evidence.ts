import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../hub/platform/postgres.ts';

/** Pictures kept for good, each under its own SHA-256: `DATA_DIR/evidence/<sha256>.jpg`. */
export class Evidence {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'evidence');
  }

  /** Stores it and answers its SHA-256 (hex). */
  async keep(bytes: Buffer): Promise<string> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = join(this.#folder, `${sha256}.jpg`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // A name of its own until it is whole.
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, bytes, { mode: 0o600, flush: true });
    await rename(draft, file);
    return sha256;
  }

  /** Undefined when there is none, or when its bytes are not what its name says any more. */
  async read(sha256: string): Promise<Buffer | undefined> {
    try {
      const bytes = await readFile(join(this.#folder, `${sha256}.jpg`));
      return createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Where the findings were made that a picture belongs to. */
export async function findEvidence(
  store: Store,
  sha256: string,
): Promise<{ region: string; hall: string; organ?: string }[]> {
  const found = await store.query<{ region: string; hall: string; organ: string | null }>(
    `select distinct region, hall, body->>'organ' as organ from finding where body->>'snapshotSha256' = $1`,
    [sha256],
  );
  return found.map(({ organ, ...place }) => ({ ...place, ...(organ === null ? {} : { organ }) }));
}
