/** Files of matters that people upload, read aside: whatever stands in them, the hub goes on meanwhile. */
import { HubError } from '../../hub/model/error.ts';
import type { MatterRecord } from '../../hub/model/matter.ts';
import type { TheirMatter } from '../../hub/model/matterDiff.ts';
import { startThread } from '../../hub/platform/thread.ts';
import type { ReadFile } from './read.ts';
import type { ReadAsk, ReadSaid } from './readThread.ts';

/** Five thousand matters take seconds; what takes longer than this was not made by a spreadsheet program. */
const usualMs = 60_000;
const threadMb = 768;

/** Throws what reading throws, and `HubError('matters.slow')`. */
export const readMattersAside = (
  path: string,
  options: Extract<ReadAsk, { what: 'matters' }>['options'],
  withinMs?: number,
): Promise<ReadFile<MatterRecord>> =>
  aside({ what: 'matters', path, options }, withinMs) as Promise<ReadFile<MatterRecord>>;

export const readPublishedAside = (path: string): Promise<ReadFile<TheirMatter>> =>
  aside({ what: 'published', path }) as Promise<ReadFile<TheirMatter>>;

async function aside(ask: ReadAsk, withinMs = usualMs): Promise<Extract<ReadSaid, { read: unknown }>['read']> {
  const thread = await startThread(new URL('./readThread.ts', import.meta.url), 'matters', {
    workerData: ask,
    resourceLimits: { maxOldGenerationSizeMb: threadMb },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const said = await new Promise<ReadSaid>((resolve, reject) => {
      timer = setTimeout(
        () =>
          resolve({ fault: ['matters.slow', `the file is not read within ${withinMs / 1_000} s; export it as CSV`] }),
        withinMs,
      );
      thread.once('message', resolve);
      thread.once('error', (cause: NodeJS.ErrnoException) =>
        cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? resolve({ fault: ['matters.large', 'the file unfolds into more than the hub holds; export it as CSV'] })
          : reject(cause),
      );
      thread.once('exit', () => reject(new Error('the thread that reads matters ended without an answer')));
    });
    if ('fault' in said) throw new HubError(...said.fault);
    return said.read;
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
