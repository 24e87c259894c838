import type { Logger } from 'pino';
import { z } from 'zod';
import type { Progress, ViewReport } from '../model/live.ts';
import type { Identity } from '../model/rights.ts';
import type { Visit } from '../model/state.ts';
import type { Context } from '../platform/part.ts';
import { one } from './gate.ts';
import { selectVisit, type VisitBody } from './queries/patrol.ts';
import { insertReports, type ReportRow } from './queries/views.ts';
import { progressOf, watching } from './views.ts';

const moment = z.number().min(0).max(8.64e15).transform(Math.round);
const pixels = z.number().min(0).max(100_000).transform(Math.round);

const report = z.object({
  camera: z.string().min(1).max(80),
  from: moment,
  to: moment,
  at: moment,
  visible: z.boolean(),
  width: pixels,
  height: pixels,
  frames: z.number().min(0).max(1_000_000).transform(Math.round),
}) satisfies z.ZodType<ViewReport>;

const message = z.object({ visit: z.string().min(1).max(80), reports: z.array(report).max(64) });

/** Rows that wait for the store; while it is away the newest beyond it are dropped, which costs seconds and never adds any. */
const mostWaiting = 20_000;
const batchLength = 1_000;
/** A visit is looked up again after this time, so that a finished one takes no more reports. */
const visitKeptMs = 3_000;
const mostVisits = 2_000;
/** Progress goes on for a while after the last report, so that the page hears why its clock stands. */
const quietAfterMs = 60_000;
const progressEveryMs = 2_000;

interface Open {
  visit: Visit;
  checkedAt: number;
  heardAt: number;
  nextAt: number;
}

/** Takes the players' reports of open visits, writes them in batches and tells the account how far its visit is. */
export class Watch {
  readonly #context: Pick<Context, 'store' | 'world' | 'bus'>;
  readonly #log: Logger;
  readonly #tell: (account: string, progress: Progress) => void;
  readonly #open = new Map<string, Open>();
  #waiting: ReportRow[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isFull = false;
  #timers: NodeJS.Timeout[] = [];
  #telling = false;

  constructor(
    context: Pick<Context, 'store' | 'world' | 'bus'>,
    log: Logger,
    tell: (account: string, progress: Progress) => void,
  ) {
    this.#context = context;
    this.#log = log;
    this.#tell = tell;
  }

  start(): void {
    this.#timers = [
      setInterval(() => void this.flush().catch(() => {}), 1_000),
      setInterval(() => void this.#progress(), 500),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.flush().catch((error: unknown) => this.#log.warn({ err: error }, 'player reports were lost'));
  }

  /** What a page sent, as it came. Anything that is not about the caller's own open visit is left aside. */
  async take(who: Identity, input: unknown, now: number): Promise<void> {
    const read = message.safeParse(input);
    if (!read.success) return;
    const visit = await this.#visit(who, read.data.visit, now);
    if (!visit) return;
    for (const each of read.data.reports) {
      if (this.#waiting.length >= mostWaiting) {
        if (!this.#isFull) this.#log.warn('the store is away: player reports are dropped');
        this.#isFull = true;
        return;
      }
      const { camera, from, to, visible, width, height, frames } = each;
      if (to < from) continue;
      this.#waiting.push({
        visit: visit.id,
        session: who.session,
        camera,
        from,
        to,
        visible,
        width,
        height,
        frames,
        pageAt: each.at,
        at: now,
      });
    }
  }

  /** Writes what waits. Throws when the store is away; the rows are kept then. */
  flush(): Promise<void> {
    const written = this.#writing.catch(() => {}).then(() => this.#write());
    this.#writing = written;
    return written;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const rows = this.#waiting.slice(0, batchLength);
      const { text, values } = insertReports(rows);
      await this.#context.store.query(text, values);
      this.#waiting.splice(0, rows.length);
      this.#isFull = false;
    }
  }

  async #visit(who: Identity, id: string, now: number): Promise<Visit | undefined> {
    let found = this.#open.get(id);
    if (!found || now - found.checkedAt > visitKeptMs) {
      const visit = (await one<VisitBody>(this.#context.store, selectVisit(id)))?.body;
      if (!visit || visit.state !== 'open') {
        this.#open.delete(id);
        return undefined;
      }
      // Only the owner's own reports make room for a visit here.
      if (visit.account !== who.account || (!found && this.#open.size >= mostVisits)) return undefined;
      found = { visit, checkedAt: now, heardAt: now, nextAt: found?.nextAt ?? now };
      this.#open.set(id, found);
    }
    if (found.visit.account !== who.account) return undefined;
    found.heardAt = now;
    return found.visit;
  }

  async #progress(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (const [id, open] of this.#open) {
        const now = Date.now();
        if (now - open.heardAt > quietAfterMs) this.#open.delete(id);
        else if (now >= open.nextAt) {
          await this.flush();
          this.#tell(open.visit.account, progressOf(id, await watching(this.#context, open.visit, now)));
          // A long visit has many rows: it may take a tenth of the time, not more.
          open.nextAt = now + Math.max(progressEveryMs, 10 * (Date.now() - now));
        }
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'progress waits for the store');
    } finally {
      this.#telling = false;
    }
  }
}
