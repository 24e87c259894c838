/** Where the first record stands that the hub has not answered. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';

export interface Place {
  segment: number;
  offset: number;
}

const fileIn = (folder: string): string => join(folder, 'cursor.json');

/** Throws when the file is there and the disk does not give it. */
export async function readCursor(folder: string, log: Logger): Promise<Place> {
  const text = await readFile(fileIn(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (text === undefined) return { segment: 0, offset: 0 };
  try {
    const { segment, offset } = JSON.parse(text) as Place;
    if (Number.isSafeInteger(segment) && segment >= 0 && Number.isSafeInteger(offset) && offset >= 0)
      return { segment, offset };
  } catch {
    // Said below.
  }
  // Everything there is goes out again: the hub counts by event id.
  log.warn({ file: fileIn(folder) }, 'the cursor cannot be read: sending from the oldest segment');
  return { segment: 0, offset: 0 };
}

/** In place as a whole or not at all. On a full disk the old one stays, and what it names is sent twice after a crash. */
export async function saveCursor(folder: string, place: Place, log: Logger): Promise<void> {
  const file = fileIn(folder);
  try {
    await writeFile(`${file}.new`, JSON.stringify(place), { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
  } catch (error) {
    log.warn({ err: error }, 'the cursor could not be written');
  }
}
