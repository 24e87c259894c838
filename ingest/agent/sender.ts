/** Brings the spool to the hub's door, in order, one batch at a time, for as long as it takes. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Logger } from 'pino';
import { z } from 'zod';
import { HubError } from '../../hub/model/error.ts';
import { backlogHeader, writeBacklog } from '../pulse.ts';
import { sign, signatureHeader, timeHeader } from '../signature.ts';
import { doorPath, type Answered, type Client } from './client.ts';
import type { LineFile } from './lines.ts';
import type { Batch, Spool } from './spool.ts';

export interface SenderOptions {
  spool: Spool;
  client: Client;
  tokenFile: string;
  /** 64 hexadecimal digits that `hallwatch source sign` printed; every batch is signed with them. */
  keyFile?: string;
  refused: LineFile;
  batch: { events: number; bytes: number };
  retry: { minSeconds: number; maxSeconds: number };
  log: Logger;
  now: () => number;
}

/** `held`: the hub knows no such token; nothing is sent until the token file changes. */
export type SenderState = 'idle' | 'sending' | 'waiting' | 'held';

export interface LastAnswer {
  at: number;
  status: number;
  detail: string;
}

const answer = z.object({
  accepted: z.int(),
  duplicates: z.int(),
  refused: z.array(z.object({ index: z.int().min(0), field: z.string(), reason: z.string() })),
  refusedCount: z.int(),
});

type Outcome =
  | { kind: 'taken'; answer: z.infer<typeof answer> }
  | { kind: 'tooLarge' }
  | { kind: 'held'; token: string | undefined; reason?: string }
  | { kind: 'away'; reason: string; waitMs: number; slow: boolean };

/** After so many batches in a row the size is tried again that was too large before. */
const goodRun = 20;
/** A link that swallows everything for weeks must not leave batches of one behind. */
const leastSize = 16;
/** How often a new token is looked for, and how often the old one is tried again: a hub may come back from a backup. */
const tokenLookMs = 1_000;
const tokenAgainMs = 15 * 60_000;

export class Sender {
  readonly #options: SenderOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #hasNews = false;
  #size: number;
  #good = 0;
  #failures = 0;
  #outcome = '';
  #signedWith: string | undefined;
  state: SenderState = 'idle';
  last: LastAnswer | undefined;
  skewMs: number | undefined;
  totals = { sent: 0, accepted: 0, duplicates: 0, refused: 0 };

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#size = options.batch.events;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something new lies in the spool. */
  wake(): void {
    this.#hasNews = true;
    if (this.state === 'idle') this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { spool, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        this.#hasNews = false;
        const batch = await spool.read({ events: this.#size, bytes: this.#options.batch.bytes });
        if (!batch) {
          this.state = 'idle';
          if (!this.#hasNews) await this.#pause(60_000);
        } else if (batch.records.length === 0) await spool.acknowledge(batch);
        else await this.#bring(batch);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        log.error({ err: error }, 'sending failed');
        this.#failures += 1;
        this.state = 'waiting';
        await this.#pause(this.#backOff());
      }
    }
  }

  async #bring(batch: Batch): Promise<void> {
    if (this.state === 'idle') this.state = 'sending';
    const outcome = await this.#deliver(batch.records);
    if (this.#stop.signal.aborted && outcome.kind !== 'taken') return;
    this.#say(outcome);
    switch (outcome.kind) {
      case 'taken':
        this.state = 'sending';
        this.#failures = 0;
        this.#good += 1;
        if (this.#good % goodRun === 0) this.#size = Math.min(this.#size * 2, this.#options.batch.events);
        await this.#settle(batch, outcome.answer);
        return;
      case 'tooLarge':
        this.#good = 0;
        if (batch.records.length > 1) this.#size = Math.ceil(batch.records.length / 2);
        else {
          const reason = 'the hub, or a proxy before it, answered 413 to this event alone';
          const refused = [{ index: 0, field: '', reason }];
          await this.#settle(batch, { accepted: 0, duplicates: 0, refused, refusedCount: 1 });
        }
        return;
      case 'held':
        this.state = 'held';
        return this.#waitForToken(outcome.token);
      case 'away':
        this.state = 'waiting';
        this.#good = 0;
        this.#failures += 1;
        // On a link this bad a smaller batch may get through in time.
        if (outcome.slow) this.#size = Math.min(this.#size, Math.max(leastSize, Math.ceil(batch.records.length / 2)));
        return this.#pause(Math.max(this.#backOff(), outcome.waitMs));
    }
  }

  async #deliver(records: readonly Buffer[]): Promise<Outcome> {
    const token = await this.#token();
    if (token === undefined) return { kind: 'held', token };
    const newline = Buffer.from('\n');
    const lines = Buffer.concat(records.flatMap((record) => [record, newline]));
    const own = await this.#ownHeaders(lines);
    if (!own) return { kind: 'held', token };
    const body = await promisify(gzip)(lines);
    const headers = {
      ...own,
      authorization: `Bearer ${token}`,
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
    };
    const { client, now } = this.#options;
    let heard: Answered;
    try {
      heard = await client.post(body, headers, this.#stop.signal);
    } catch (error) {
      const slow = error instanceof HubError && error.code === 'hub.slow';
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = slow ? message : `the hub cannot be reached (${code ?? message})`;
      this.last = { at: now(), status: 0, detail: reason };
      return { kind: 'away', reason, waitMs: 0, slow };
    }
    // The header has whole seconds: its middle is the best guess.
    if (heard.date !== undefined) this.skewMs = Math.round(heard.heard - heard.date - 500);
    const outcome = judge(heard, token, records.length);
    this.last = { at: now(), status: heard.status, detail: detailOf(outcome) };
    return outcome;
  }

  async #settle(batch: Batch, { accepted, duplicates, refused }: z.infer<typeof answer>): Promise<void> {
    await this.#options.refused.add(
      refused.map(({ index, field, reason }) => ({ from: 'hub', field, reason, event: jsonOf(batch.records[index]!) })),
    );
    this.totals.sent += batch.records.length;
    this.totals.accepted += accepted;
    this.totals.duplicates += duplicates;
    this.totals.refused += refused.length;
    await this.#options.spool.acknowledge(batch);
  }

  async #waitForToken(refused: string | undefined): Promise<void> {
    for (let waited = 0; waited < tokenAgainMs && !this.#stop.signal.aborted; waited += tokenLookMs) {
      await this.#pause(tokenLookMs);
      const token = await this.#token();
      if (token !== undefined && (token !== refused || (await this.#key()) !== this.#signedWith)) return;
    }
  }

  async #token(): Promise<string | undefined> {
    const { tokenFile, now } = this.#options;
    const text = await readFile(tokenFile, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
    if (text !== undefined && /^[\w.~+/=-]{16,256}$/.test(text)) return text;
    const detail = text === undefined ? `${tokenFile} cannot be read` : `${tokenFile} holds no token`;
    this.last = { at: now(), status: 0, detail };
    return undefined;
  }

  async #key(): Promise<string | undefined> {
    const { keyFile } = this.#options;
    if (keyFile === undefined) return undefined;
    return readFile(keyFile, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
  }

  /** What waits here, for the hub's page of the sources (JY-09), and the signature. Undefined where the key cannot be read. */
  async #ownHeaders(body: Buffer): Promise<Record<string, string> | undefined> {
    const { spool, keyFile, now } = this.#options;
    const { events, bytes, oldest } = spool.state;
    const skew = this.skewMs ?? 0;
    // By the hub's clock, like everything that the hub compares.
    const backlog = writeBacklog({
      events,
      bytes,
      ...(oldest === undefined ? {} : { oldest: Math.max(0, oldest - skew) }),
    });
    if (keyFile === undefined) return { [backlogHeader]: backlog };
    const text = await this.#key();
    this.#signedWith = text;
    if (text === undefined || !/^[0-9a-f]{64}$/.test(text)) {
      const detail =
        text === undefined ? `${keyFile} cannot be read` : `${keyFile} holds no key of 64 hexadecimal digits`;
      this.last = { at: now(), status: 0, detail };
      return undefined;
    }
    const time = now() - skew;
    const signature = sign(Buffer.from(text, 'hex'), { time, path: doorPath, backlog, body });
    return { [backlogHeader]: backlog, [timeHeader]: String(time), [signatureHeader]: signature };
  }

  /** Doubling, up to the bound, and anywhere in its upper half: a hundred agents do not come back in step. */
  #backOff(): number {
    const { minSeconds, maxSeconds } = this.#options.retry;
    const most = Math.min(maxSeconds, minSeconds * 2 ** Math.min(this.#failures - 1, 30)) * 1_000;
    return most * (0.5 + Math.random() / 2);
  }

  /** One line a change, not one a try. */
  #say(outcome: Outcome): void {
    const { log, tokenFile } = this.#options;
    const what = outcome.kind;
    if (what === this.#outcome) return;
    this.#outcome = what;
    const detail = detailOf(outcome);
    if (what === 'taken') log.info('the hub takes events');
    else if (what === 'held')
      log.error(
        { detail, file: tokenFile },
        'the hub does not know the token: spooling goes on, sending waits for another',
      );
    else log.warn({ detail }, 'the hub did not take the batch; it is sent again');
  }

  async #pause(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, ms);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
    this.#wake = undefined;
  }
}

function judge({ status, text, retryAfterMs }: Answered, token: string, count: number): Outcome {
  if (status === 200) {
    const read = answer.safeParse(jsonOf(text));
    const isWhole =
      read.success &&
      read.data.accepted + read.data.duplicates + read.data.refused.length === count &&
      read.data.refused.every(({ index }) => index < count);
    if (isWhole) return { kind: 'taken', answer: read.data };
    // A portal or proxy that answers for the hub must not empty the spool.
    return { kind: 'away', reason: 'the answer is not one of the hub', waitMs: 0, slow: false };
  }
  if (status === 401 || status === 403) return { kind: 'held', token, reason: titleOf(text) };
  if (status === 413) return { kind: 'tooLarge' };
  const title = titleOf(text);
  const said = title === '' ? '' : `: ${title}`;
  return { kind: 'away', reason: `status ${status}${said}`.slice(0, 400), waitMs: retryAfterMs, slow: false };
}

/** What a problem says of itself; empty for anything else. */
function titleOf(text: string): string {
  const read = z.object({ title: z.string(), detail: z.string().optional() }).safeParse(jsonOf(text));
  if (!read.success) return '';
  return `${read.data.title}${read.data.detail ? `, ${read.data.detail}` : ''}`.slice(0, 300);
}

function detailOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'taken': {
      const { accepted, duplicates, refused } = outcome.answer;
      return `accepted ${accepted}, duplicates ${duplicates}, refused ${refused.length}`;
    }
    case 'tooLarge':
      return 'the batch is too large';
    case 'held':
      if (outcome.token === undefined) return 'there is no token';
      return outcome.reason?.startsWith('the signature') ? outcome.reason : 'the hub does not know the token';
    case 'away':
      return outcome.reason;
  }
}

function jsonOf(text: string | Buffer): unknown {
  try {
    return JSON.parse(String(text)) as unknown;
  } catch {
    return String(text).slice(0, 1_000);
  }
}
