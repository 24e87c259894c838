import type { Logger } from 'pino';
import { Counter } from 'prom-client';
import { z } from 'zod';
import type { Progress } from '../model/live.ts';
import type { Identity } from '../model/rights.ts';
import type { Visit } from '../model/state.ts';
import { intersect, union, type Span } from '../model/verify.ts';
import type { KeyAnswer, RefusalCause, ReportAnswer, ViewReport } from '../model/viewProof.ts';
import { metrics } from '../platform/metrics.ts';
import type { Context } from '../platform/part.ts';
import { one } from './gate.ts';
import { selectVisit, type VisitBody } from './queries/patrol.ts';
import { addRefused, insertReports, type ReportRow } from './queries/views.ts';
import { ViewKeys } from './viewKeys.ts';
import { progressOf, watching } from './views.ts';

const wish = z.object({ visit: z.string().min(1).max(80), page: z.string().min(1).max(80) });

const refusals = new Counter({
  name: 'hallwatch_reports_refused_total',
  help: 'Reports of watched pictures that counted nothing because they were altered, replayed, of another session or not readable.',
  labelNames: ['cause'],
  registers: [metrics],
});

/** How long the stream part is waited for, ms: what it does not answer for is not proven. */
const provenWithin = 2_000;
/** A hole in what a page proves that is no picture's length, ms, is none. */
const noHole = 50;
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
  readonly #keys = new ViewKeys();
  #waiting: ReportRow[] = [];
  /** Refused reports that are not written yet: visit, cause, how many. */
  #refused = new Map<string, Map<RefusalCause, number>>();
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

  /** A key for the reports of a page on the person's own open visit. */
  async follow(who: Identity, input: unknown, now: number): Promise<KeyAnswer> {
    const read = wish.safeParse(input);
    if (!read.success) return { ok: false, reason: 'visit' };
    const { visit: id, page } = read.data;
    const visit = await this.#visit(who, id, now);
    if (!visit) return { ok: false, reason: 'visit' };
    const { id: key, secret } = this.#keys.give(who, visit.id, page);
    return { ok: true, key, secret: secret.toString('hex') };
  }

  /** What a page sent, as it came (SC-11). Only what it signed itself, in its order, and proves that it has, can count. */
  async take(who: Identity, input: unknown, now: number): Promise<ReportAnswer> {
    const checked = this.#keys.check(who, input);
    if (!checked.ok) {
      this.#refuse(checked.cause, checked.visit);
      return { ok: false, reason: checked.cause === 'key' ? 'key' : 'refused' };
    }
    const { key, body } = checked;
    const visit = await this.#visit(who, key.visit, now);
    if (!visit) return { ok: false, reason: 'visit' };
    const proven = await this.#proven(who.session, body.reports);
    for (const each of body.reports) {
      for (const span of piecesOf(each, proven[each.camera] ?? [])) {
        if (this.#waiting.length >= mostWaiting) {
          if (!this.#isFull) this.#log.warn('the store is away: player reports are dropped');
          this.#isFull = true;
          return { ok: false, reason: 'busy' };
        }
        const { camera, visible, width, height, frames } = each;
        this.#waiting.push({
          ...{ visit: visit.id, session: who.session, page: key.id, camera, ...span },
          ...{ visible, width, height, frames, pageAt: each.at, at: now },
        });
      }
    }
    return { ok: true };
  }

  /** What of the cameras the session was sent in the parts that a page names: the stream part knows their fingerprints as well. */
  async #proven(session: string, reports: readonly ViewReport[]): Promise<Record<string, Span[]>> {
    const claims = reports.filter(({ parts }) => parts.length > 0).map(({ camera, parts }) => ({ camera, parts }));
    if (claims.length === 0) return {};
    try {
      return await this.#context.bus.ask<Record<string, Span[]>>('stream.proven', { session, claims }, provenWithin);
    } catch (error) {
      this.#log.debug({ err: error }, 'nobody says what was sent: a report proves nothing');
      return {};
    }
  }

  #refuse(cause: RefusalCause, visit: string | undefined): void {
    refusals.inc({ cause });
    // Whose report it was is known by its key only.
    if (visit === undefined) return;
    const counts = this.#refused.get(visit) ?? new Map<RefusalCause, number>();
    this.#refused.set(visit, counts.set(cause, (counts.get(cause) ?? 0) + 1));
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
    for (const [visit, counts] of this.#refused) {
      const { text, values } = addRefused(visit, counts);
      this.#refused.delete(visit);
      try {
        await this.#context.store.query(text, values);
      } catch (error) {
        for (const [cause, count] of counts) {
          const since = this.#refused.get(visit) ?? new Map<RefusalCause, number>();
          this.#refused.set(visit, since.set(cause, (since.get(cause) ?? 0) + count));
        }
        throw error;
      }
    }
  }

  async #visit(who: Identity, id: string, now: number): Promise<Visit | undefined> {
    let found = this.#open.get(id);
    if (!found || now - found.checkedAt > visitKeptMs) {
      const visit = (await one<VisitBody>(this.#context.store, selectVisit(id)))?.body;
      if (!visit || visit.state !== 'open') {
        this.#open.delete(id);
        if (visit) this.#keys.end(id);
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

/** A report as the spans of it that are proven; all of it, and not proven, where none is. */
function piecesOf({ from, to }: ViewReport, proven: readonly Span[]): (Span & { proven: boolean })[] {
  if (to < from) return [];
  const wide = proven.map((span) => ({ from: span.from, to: span.to + noHole }));
  const pieces = intersect([{ from, to }], union(wide)).filter((span) => span.to - span.from > noHole);
  return pieces.length > 0 ? pieces.map((span) => ({ ...span, proven: true })) : [{ from, to, proven: false }];
}
