import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { endOf } from '../model/calendar.ts';
import { HubError } from '../model/error.ts';
import type { Trial } from '../model/packApi.ts';
import type { RulePack } from '../model/pack.ts';
import { worldWith, type Change, type WhatIf } from '../model/whatif.ts';
import type { World } from '../model/world.ts';
import type { Store } from '../platform/postgres.ts';
import { startThread } from '../platform/thread.ts';
import { countOf, historyOf, type Span } from './history.ts';
import type { Answer, Ask, TrialData } from './trialThread.ts';

/** Waiting behind the one that runs; more are told to come back. */
const mostWaiting = 4;
/** Finished trials that can still be looked at; the oldest go first. */
const mostKept = 20;
/** A trial that takes longer is too large. */
const longestMs = 120_000;
const threadMb = 512;

interface Running {
  trial: Trial;
  region: string;
  pack: RulePack;
  span: Span;
  changes: Change[];
  stop: AbortController;
  onDone: (result: WhatIf) => Promise<void>;
}

export interface Asked {
  draft: string;
  pack: RulePack;
  span: Span;
  /** After the comparison and before `done` is said. */
  onDone: (result: WhatIf) => Promise<void>;
}

/** One trial at a time: each keeps a core busy. */
export class Trials {
  readonly #store: Store;
  readonly #world: () => World;
  readonly #log: Logger;
  readonly #all = new Map<string, Running>();
  readonly #waiting: Running[] = [];
  #current: { running: Running; ended: Promise<void> } | undefined;

  constructor(store: Store, world: () => World, log: Logger) {
    this.#store = store;
    this.#world = world;
    this.#log = log;
  }

  /** Undefined when too many wait. */
  start({ draft, pack, span, onDone }: Asked): Trial | undefined {
    if (this.#waiting.length >= mostWaiting) return undefined;
    const { from, to } = span;
    const trial: Trial = { id: randomUUID(), draft, state: 'waiting', from, to, done: 0, total: 0, seconds: 0 };
    const running = { trial, region: pack.region, pack, span, changes: [], stop: new AbortController(), onDone };
    for (const [id, each] of this.#all) {
      if (this.#all.size < mostKept) break;
      if (each.trial.state !== 'waiting' && each.trial.state !== 'running') this.#all.delete(id);
    }
    this.#all.set(trial.id, running);
    this.#waiting.push(running);
    this.#next();
    return { ...trial };
  }

  /** The trial and the region of its pack, by which its reader's right is judged. */
  find(id: string): { trial: Trial; region: string; changes: readonly Change[] } | undefined {
    const found = this.#all.get(id);
    return found && { trial: { ...found.trial }, region: found.region, changes: found.changes };
  }

  cancel(id: string): void {
    const found = this.#all.get(id);
    if (!found || (found.trial.state !== 'waiting' && found.trial.state !== 'running')) return;
    found.trial.state = 'cancelled';
    found.stop.abort();
    const at = this.#waiting.indexOf(found);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  async stop(): Promise<void> {
    for (const id of this.#all.keys()) this.cancel(id);
    await this.#current?.ended;
  }

  #next(): void {
    if (this.#current) return;
    const running = this.#waiting.shift();
    if (!running) return;
    const ended = this.#run(running).finally(() => {
      this.#current = undefined;
      this.#next();
    });
    this.#current = { running, ended };
  }

  async #run(running: Running): Promise<void> {
    const { trial, stop } = running;
    const started = Date.now();
    const seconds = (): number => Math.round((Date.now() - started) / 100) / 10;
    trial.state = 'running';
    const timer = setTimeout(() => stop.abort(), longestMs);
    const clock = setInterval(() => (trial.seconds = seconds()), 250);
    try {
      trial.total = await countOf(this.#store, running.span);
      const { changes, ...result } = await this.#compare(running);
      await running.onDone({ changes, ...result });
      if (stop.signal.aborted) throw new HubError('whatif.cancelled', 'cancelled');
      running.changes = changes;
      Object.assign(trial, { state: 'done', result, done: trial.total });
    } catch (error) {
      if (trial.state === 'running') {
        trial.state = 'failed';
        const isOurs = error instanceof HubError && error.code === 'whatif.tooMuch';
        trial.reason = stop.signal.aborted
          ? `not within ${longestMs / 1_000} s: choose a shorter span`
          : isOurs
            ? error.message
            : 'the trial failed';
        if (!isOurs && !stop.signal.aborted) this.#log.error({ err: error, trial: trial.id }, 'a what-if failed');
      }
    } finally {
      clearTimeout(timer);
      clearInterval(clock);
      trial.seconds = seconds();
    }
  }

  async #compare({ trial, pack, span, stop }: Running): Promise<WhatIf> {
    const before = this.#world();
    const workerData: TrialData = { before, after: worldWith(before, pack), until: endOf(span.to) };
    const thread = await startThread(new URL('./trialThread.ts', import.meta.url), 'trial', {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: threadMb },
    });
    let failure: unknown;
    let heard: ((answer: Answer | undefined) => void) | undefined;
    const fail = (cause: unknown): void => {
      failure ??= cause;
      heard?.(undefined);
    };
    thread.on('message', (answer: Answer) => heard?.(answer));
    thread.on('error', fail);
    thread.on('exit', (code) => fail(new HubError('whatif.failed', `the thread ended with ${code}`)));
    stop.signal.addEventListener('abort', () => fail(new HubError('whatif.cancelled', 'cancelled')));
    // One chunk in the thread, the next being read: neither side can run away from the other.
    const ask = async (message: Ask): Promise<Answer> => {
      const answer = await new Promise<Answer | undefined>((resolve) => {
        heard = resolve;
        if (failure !== undefined) resolve(undefined);
        else thread.postMessage(message);
      });
      if (!answer) throw new HubError('whatif.failed', 'the comparison ended early', { cause: failure });
      return answer;
    };
    try {
      let asked: Promise<Answer> | undefined;
      const settle = async (): Promise<void> => {
        const answer = await asked;
        asked = undefined;
        if (answer && 'cases' in answer) trial.done += answer.cases;
      };
      try {
        for await (const chunk of historyOf(this.#store, span)) {
          await settle();
          asked = ask(chunk);
          // Heard in `settle`; until then a failure must not count as unheard.
          asked.catch(() => {});
        }
        await settle();
      } finally {
        await asked?.catch(() => {});
      }
      const answer = await ask('end');
      if (!('result' in answer)) throw new HubError('whatif.failed', 'the comparison gave no result');
      return answer.result;
    } finally {
      await thread.terminate();
    }
  }
}
