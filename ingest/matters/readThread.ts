/** The thread that reads a file of matters: a workbook may keep a core busy for minutes, in which nobody's signals would arrive. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MatterRecord } from '../../hub/model/matter.ts';
import type { TheirMatter } from '../../hub/model/matterDiff.ts';
import { HubError } from '../../hub/model/error.ts';
import { readMatters, readPublished, type ReadFile, type ReadOptions } from './read.ts';

export type ReadAsk =
  | { what: 'matters'; path: string; options: ReadOptions & { departments: ReadonlySet<string> } }
  | { what: 'published'; path: string };
export type ReadSaid =
  { read: ReadFile<MatterRecord> | ReadFile<TheirMatter> } | { fault: [code: string, why: string] };

const isAsk = (data: unknown): data is ReadAsk => typeof data === 'object' && data !== null && 'what' in data;

async function answer(ask: ReadAsk): Promise<ReadSaid> {
  try {
    return { read: await (ask.what === 'matters' ? readMatters(ask.path, ask.options) : readPublished(ask.path)) };
  } catch (error) {
    // Anything else ends the thread, and the hub says that it failed.
    if (!(error instanceof HubError)) throw error;
    return { fault: [error.code, error.message] };
  }
}

const port = parentPort;
if (port && isAsk(workerData)) void answer(workerData).then((said) => port.postMessage(said));
