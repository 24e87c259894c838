/** Bounded reading of bytes that may be gzipped. Nothing here holds more than one written chunk's output. */
import { createGunzip } from 'node:zlib';
import { HubError } from '../hub/model/error.ts';

// Deflate grows at most about 1,030-fold: one piece of input can never become more than some 17 MB at once.
const pieceLength = 16 * 1024;

/**
 * Inflates gzip. Everything before a cut or a broken place is yielded first; then it throws `HubError('gzip.broken')`,
 * whose message names the place. `limit` in inflated bytes: more throws `HubError('gzip.large')`, before it is held.
 */
export async function* inflate(source: AsyncIterable<Uint8Array>, limit = Infinity): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  let queue: Buffer[] = [];
  let failure: Error | undefined;
  let read = 0;
  let inflated = 0;
  // Always flowing: what gunzip gave before it failed lies in the queue, not in a stream that its error destroys.
  gunzip.on('data', (chunk: Buffer) => {
    inflated += chunk.length;
    if (inflated <= limit) queue.push(chunk);
  });
  gunzip.on('error', (error) => (failure ??= error));
  const taken = (): Buffer[] => {
    const chunks = queue;
    queue = [];
    return chunks;
  };
  const check = (): void => {
    if (inflated > limit)
      throw new HubError('gzip.large', `more than ${limit} bytes once inflated, after ${read} bytes of gzip`);
  };
  try {
    for await (const chunk of source) {
      for (let from = 0; from < chunk.length && !failure; from += pieceLength) {
        const piece = chunk.subarray(from, from + pieceLength);
        await settled(gunzip, (done) => gunzip.write(piece, done));
        read += piece.length;
        check();
        yield* taken();
      }
      if (failure) break;
    }
    if (!failure) await settled(gunzip, (done) => gunzip.end(done));
    if (!failure) await settled(gunzip, (done) => (gunzip.readableEnded ? done() : gunzip.once('end', done)));
    check();
    yield* taken();
    if (failure) {
      const what =
        failure.message === 'unexpected end of file'
          ? 'the gzip is cut off'
          : `the gzip is broken (${failure.message})`;
      throw new HubError('gzip.broken', `${what} after ${read} bytes, which inflate to ${inflated}`, {
        cause: failure,
      });
    }
  } finally {
    gunzip.destroy();
  }
}

/** Waits for one callback or for the stream's failure, whichever comes first. */
function settled(gunzip: ReturnType<typeof createGunzip>, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      gunzip.off('error', done);
      gunzip.off('close', done);
      resolve();
    };
    gunzip.once('error', done);
    gunzip.once('close', done);
    begin(done);
  });
}

/** Collects a stream of at most `limit` bytes; more throws `HubError('body.large')` without being held. */
export async function collect(source: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > limit) throw new HubError('body.large', `more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** The same bytes, but `HubError('body.large')` once there are more than `limit`. */
export async function* atMost(source: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > limit) throw new HubError('body.large', `more than ${limit} bytes`);
    yield chunk;
  }
}
