/** The thread that compares two packs: deciding a year again takes seconds, in which nobody's signals would arrive. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Event } from '../model/event.ts';
import { Comparing, type Past, type WhatIf } from '../model/whatif.ts';
import type { World } from '../model/world.ts';
import type { Chunk } from './history.ts';
import type { PastRow } from './queries/history.ts';

export interface TrialData {
  before: World;
  after: World;
  until: number;
}

/** To the thread: a chunk, or nothing more. */
export type Ask = Chunk | 'end';
/** From the thread: the cases of the chunk are compared, or the result. */
export type Answer = { cases: number } | { result: WhatIf };

/** An archived row as `decide` reads it. */
export const pastOf = (row: Pick<PastRow, 'position' | 'received_at' | 'body'>): Past => ({
  ...(JSON.parse(row.body) as Event),
  receivedAt: row.received_at,
  position: row.position,
});

/** Adds a chunk, whose rows are sorted by casefile. */
export function addChunk(comparing: Comparing, { rows, alone }: Chunk): void {
  if (alone) {
    for (const row of rows) comparing.addAlone(pastOf(row));
    return;
  }
  let events: Past[] = [];
  rows.forEach((row, index) => {
    events.push(pastOf(row));
    if (rows[index + 1]?.casefile === row.casefile) return;
    comparing.addCase(events);
    events = [];
  });
}

const port = parentPort;
if (port && isTrial(workerData)) {
  const comparing = new Comparing(workerData.before, workerData.after, workerData.until);
  port.on('message', (ask: Ask) => {
    if (ask === 'end') {
      const answer: Answer = { result: comparing.result() };
      port.postMessage(answer);
      port.close();
      return;
    }
    addChunk(comparing, ask);
    const answer: Answer = { cases: ask.cases };
    port.postMessage(answer);
  });
}

function isTrial(data: unknown): data is TrialData {
  return typeof data === 'object' && data !== null && 'before' in data && 'after' in data && 'until' in data;
}
