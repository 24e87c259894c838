/** 系统停机: when the hub did not run. One empty file in the folder of recordings is touched each second, which a full disk allows too. */
import { stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { slack } from '../../hub/model/recording.ts';
import type { Store } from '../../hub/platform/postgres.ts';
import { slotMs } from './files.ts';

/** No camera's folder begins with a dot. */
const fileOf = (folder: string): string => join(folder, '.alive');

/** When the hub ran last, epoch ms; undefined before it ever did. */
export const lastBeat = (folder: string): Promise<number | undefined> =>
  stat(fileOf(folder)).then(
    ({ mtimeMs }) => Math.round(mtimeMs),
    () => undefined,
  );

/** It runs now. Throws when the folder is gone. */
export async function beat(folder: string, now = Date.now()): Promise<void> {
  const file = fileOf(folder);
  await utimes(file, now / 1000, now / 1000).catch(async () => {
    await writeFile(file, '', { mode: 0o600 });
    await utimes(file, now / 1000, now / 1000);
  });
}

/**
 * A gap for every camera that would have been recorded between the hub's last beat and its start; behind what it had recorded by
 * then, so the files must have been compared with the index. `before`: files of this run have this id and later ones.
 */
export async function markDown(store: Store, since: number, start: number, before: number): Promise<void> {
  await store.query(
    `insert into recording_gap (camera, from_at, to_at, cause)
     select c.id, g.from_at, $2::bigint, 'hubDown' from camera c cross join lateral (
       select greatest($1::bigint, max(f.until_at)) as from_at from recording_file f
       where f.camera = c.id and f.id < $3 and f.from_at > $1::bigint - $4::bigint and f.state <> 'removing') g
     where c.enabled and c.recording <> 'off' and g.from_at + $5::bigint < $2::bigint
     on conflict (camera, from_at) do update set to_at = greatest(recording_gap.to_at, excluded.to_at), cause = excluded.cause`,
    [since, start, before, 2 * slotMs, slack],
  );
}
