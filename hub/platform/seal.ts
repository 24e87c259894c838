import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '../model/error.ts';

/** AES-256-GCM for what the database keeps but must not show: camera addresses with their passwords. */
export interface Seal {
  /** Nonce (12 bytes), tag (16 bytes), sealed text. */
  seal(text: string): Buffer;
  /** Throws `HubError('seal.broken')` when the bytes were changed or sealed with another key. */
  open(bytes: Uint8Array): string;
}

const nonceBytes = 12;
const tagBytes = 16;

/** The key is `given` (HALLWATCH_KEY: 64 hex digits, for several processes), or the file `DATA_DIR/key`, made once with mode 600. */
export async function openSeal(dataDir: string, given?: string): Promise<Seal> {
  const key = given === undefined ? await keepKey(join(dataDir, 'key')) : Buffer.from(given, 'hex');
  if (key.length !== 32)
    throw new HubError(
      'seal.key',
      `the key ${given === undefined ? `in ${join(dataDir, 'key')}` : 'HALLWATCH_KEY'} is not 64 hexadecimal digits`,
    );
  return {
    seal(text) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    open(bytes) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        });
        decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString(
          'utf8',
        );
      } catch (error) {
        throw new HubError('seal.broken', 'a sealed value does not open: it was changed, or sealed with another key', {
          cause: error,
        });
      }
    },
  };
}

async function keepKey(file: string): Promise<Buffer> {
  await mkdir(join(file, '..'), { recursive: true });
  // A name of its own: two parts of one process may begin at once.
  const mine = `${file}.${randomUUID()}`;
  await writeFile(mine, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  try {
    // Whoever links first has made the key; nobody ever reads half of one.
    await link(mine, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(mine, { force: true });
  }
  return Buffer.from((await readFile(file, 'utf8')).trim(), 'hex');
}
