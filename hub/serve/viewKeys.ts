import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Identity } from '../model/rights.ts';
import {
  mostParts,
  type RefusalCause,
  type ReportBody,
  type SignedReport,
  type ViewReport,
} from '../model/viewProof.ts';

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
  parts: z.array(z.string().length(32)).max(mostParts),
}) satisfies z.ZodType<ViewReport>;

const body = z.object({
  number: z.int().min(1),
  clock: z.number().min(0),
  reports: z.array(report).max(64),
}) satisfies z.ZodType<ReportBody>;

const signed = z.object({
  key: z.string().min(1).max(80),
  text: z.string().max(200_000),
  mac: z.string().length(64),
}) satisfies z.ZodType<SignedReport>;

/** One page that follows one visit. */
export interface ViewKey {
  readonly id: string;
  readonly visit: string;
  readonly account: string;
  readonly session: string;
  readonly page: string;
  readonly secret: Buffer;
  /** Of the newest report. */
  number: number;
  clock: number;
  /** Replaced by another one of the same page. */
  isDead: boolean;
}

type Checked =
  | { ok: true; key: ViewKey; body: ReportBody }
  /** `visit`: whose the report claims to be, as far as that is known. */
  | { ok: false; cause: RefusalCause; visit?: string };

/** Pages of one visit that may report at once: tabs, and machines of the same account. */
const mostPages = 4;

/**
 * The keys that pages sign their reports with, in memory only: a hub that starts anew gives new ones. A key holds as long as its
 * visit, however long its tablet sleeps; a page that asks again, after it was loaded anew, gets another and its former one is dead.
 */
export class ViewKeys {
  readonly #most: number;
  /** The one used longest ago first. */
  readonly #keys = new Map<string, ViewKey>();
  readonly #ofVisit = new Map<string, ViewKey[]>();

  /** `most`: keys in all, dead ones included; beyond it the one used longest ago is forgotten, and its page asks again. */
  constructor(most = 8_000) {
    this.#most = most;
  }

  /** The caller has seen that the visit is open and the person's own. */
  give({ account, session }: Identity, visit: string, page: string): ViewKey {
    const secret = randomBytes(32);
    const key = { id: randomUUID(), visit, account, session, page, secret, number: 0, clock: 0, isDead: false };
    const own = this.#ofVisit.get(visit) ?? [];
    const before = own.findIndex((each) => each.page === page);
    const ended = before >= 0 ? own.splice(before, 1) : own.length >= mostPages ? own.splice(0, 1) : [];
    for (const each of ended) each.isDead = true;
    own.push(key);
    this.#ofVisit.set(visit, own);
    this.#keys.set(key.id, key);
    for (const oldest of this.#keys.values()) {
      if (this.#keys.size <= this.#most) break;
      this.#forget(oldest);
    }
    return key;
  }

  /** Reads a report and takes its number, so that the same one is refused from now on. */
  check(who: Identity, input: unknown): Checked {
    const envelope = signed.safeParse(input);
    if (!envelope.success) return { ok: false, cause: 'malformed' };
    const { key: id, text, mac } = envelope.data;
    const key = this.#keys.get(id);
    if (!key) return { ok: false, cause: 'key' };
    const { visit } = key;
    if (key.session !== who.session || key.account !== who.account) return { ok: false, cause: 'foreign', visit };
    if (key.isDead) return { ok: false, cause: 'key', visit };
    const expected = createHmac('sha256', key.secret).update(text).digest();
    const given = Buffer.from(mac, 'hex');
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return { ok: false, cause: 'altered', visit };
    const read = body.safeParse(parsed(text));
    if (!read.success) return { ok: false, cause: 'malformed', visit };
    const { number, clock } = read.data;
    if (number <= key.number || clock < key.clock) return { ok: false, cause: 'replayed', visit };
    key.number = number;
    key.clock = clock;
    this.#keys.delete(id);
    this.#keys.set(id, key);
    return { ok: true, key, body: read.data };
  }

  /** The visit is over: nothing counts for it any more. */
  end(visit: string): void {
    for (const key of this.#ofVisit.get(visit) ?? []) this.#forget(key);
  }

  #forget(key: ViewKey): void {
    this.#keys.delete(key.id);
    const left = (this.#ofVisit.get(key.visit) ?? []).filter((each) => each !== key);
    if (left.length > 0) this.#ofVisit.set(key.visit, left);
    else this.#ofVisit.delete(key.visit);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
