import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dayOf } from '../hub/model/calendar.ts';
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

/** The findings that a picture belongs to, and where they were made. */
export async function findEvidence(
  store: Store,
  sha256: string,
): Promise<{ id: string; region: string; hall: string; organ?: string }[]> {
  const found = await store.query<{ id: string; region: string; hall: string; organ: string | null }>(
    `select id, region, hall, body->>'organ' as organ from finding where body->>'snapshotSha256' = $1`,
    [sha256],
  );
  return found.map(({ organ, ...place }) => ({ ...place, ...(organ === null ? {} : { organ }) }));
}

/** What a session opens again within this time is the same view. */
const oneView = 600_000;

/** Writes down that a session opens the picture of a finding (巡查监督, SC-29); done before the picture is given out. */
export async function noteOpening(store: Store, session: string, finding: string, now: number): Promise<void> {
  await store.query(
    `insert into viewing (session, camera, kind, from_at, until_at, day, account, name, role, region, hall, hall_window, seconds, outside, off, planned, finding)
      select v.session, coalesce(f.body->>'camera', f.hall_window), 'finding', $3, $3, $4, v.account, v.name, v.role, v.region,
        f.hall, f.hall_window, 0, 0, 0, false, f.id
      from viewer v, finding f where v.session = $1 and f.id = $2 and not exists (
        select from viewing before where before.session = $1 and before.kind = 'finding' and before.finding = $2 and before.from_at > $5)
      on conflict do nothing`,
    [session, finding, now, dayOf(now), now - oneView],
  );
}
