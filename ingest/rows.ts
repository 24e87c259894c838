import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { inflate } from './inflate.ts';

/** One row of a file: its columns, or why it is none. `line` from 1 in the (inflated) file. */
export type Row = GoodRow | BadRow;
export interface GoodRow {
  ok: true;
  line: number;
  values: Map<string, string>;
  text: string;
  /** XES: an attribute that an event does not have is simply absent. A CSV row has every column. */
  sparse?: true;
}
export interface BadRow {
  ok: false;
  line: number;
  field: string;
  reason: string;
  text: string;
  /** The file cannot be read past this place. */
  fatal?: boolean;
}

/** No row may be longer, in characters, nor go over more lines. */
export const longestRow = 256 * 1024;
export const mostLines = 200;

/** A file on disk, inflated when it is gzip (by its first bytes, not its name). `read()` is the number of bytes taken so far. */
export async function openBytes(
  path: string,
): Promise<{ chunks: AsyncIterable<Uint8Array>; size: number; read: () => number }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(2);
    await file.read(head, 0, 2, 0);
    let read = 0;
    const raw = pieces(file, (count) => (read += count));
    return { chunks: head[0] === 0x1f && head[1] === 0x8b ? inflate(raw) : raw, size, read: () => read };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* pieces(file: FileHandle, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  try {
    let position = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(64 * 1024), 0, 64 * 1024, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      count(bytesRead);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
