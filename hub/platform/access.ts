import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Identity, Role } from '../model/rights.ts';
import type { Bus } from './nats.ts';
import type { Store } from './postgres.ts';

export const cookieName = 'hallwatch';
/** Every process hears on it the id of a session that its owner closed: nothing more leaves for it. */
export const sessionEnded = 'session.ended';

/** A working day and what comes before and after it. */
const lifetime = 12 * 3_600_000;
const remembered = 5_000;
const rememberedAtMost = 5_000;

interface IdentityRow extends Record<string, unknown> {
  id: string;
  account: string;
  display: string;
  role: Role;
  region: string;
  hall: string | null;
  organ: string | null;
  departments: string[] | null;
  department: string | null;
  must_change: boolean;
  expires_at: number;
}

export interface Sessions {
  /** A new session; the token goes into the cookie `hallwatch` and is kept nowhere else. */
  create(account: string): Promise<{ token: string; session: string; expiresAt: number }>;
  /** Who holds the cookie; a session that ended elsewhere may live here for 5 s more. Throws `store.away`. */
  identify(request: Pick<FastifyRequest, 'headers'>): Promise<Identity | undefined>;
  /** Ends the session of this token at once. */
  end(token: string): Promise<void>;
  /** Ends every session of an account at once, but for one; answers their ids, for `sessionEnded`. */
  endAll(account: string, except?: string): Promise<string[]>;
  /** Asks the store again at the next request of this session: it ended elsewhere, or its rights have changed. */
  forget(session: string): void;
}

/** Opaque sessions: 32 random bytes, of which the table keeps the SHA-256 only. */
export function sessions(store: Store, now: () => number = Date.now): Sessions {
  const cache = new Map<string, { who: Identity | undefined; until: number }>();
  /** Grows with each session that is forgotten: what was asked before that is not remembered. */
  let forgotten = 0;

  async function look(hash: Buffer): Promise<{ who: Identity; expiresAt: number } | undefined> {
    const [row] = await store.query<IdentityRow>(
      `update session set last_at = $2 from account left join organ on organ.id = account.organ where session.token_hash = $1 and session.expires_at > $2 and account.name = session.account and account.locked_at is null and account.awaiting is null
       returning session.id, session.account, session.expires_at, account.display, account.role, account.region, account.hall, account.organ, organ.departments, account.department, account.must_change`,
      [hash, now()],
    );
    if (!row) return undefined;
    const { id, account, display, role, region, hall, organ, departments, department, must_change, expires_at } = row;
    const who: Identity = {
      session: id,
      account,
      name: display,
      role,
      region,
      ...(hall === null ? {} : { hall }),
      ...(organ === null ? {} : { organ }),
      ...(departments === null ? {} : { departments }),
      ...(department === null ? {} : { department }),
      ...(must_change ? { mustChange: true as const } : {}),
    };
    return { who, expiresAt: expires_at };
  }

  function forget(session: string): void {
    forgotten += 1;
    for (const [key, { who }] of cache) if (who?.session === session) cache.delete(key);
  }

  return {
    forget,

    async create(account) {
      const token = randomBytes(32).toString('base64url');
      const session = randomUUID();
      const at = now();
      await store.query('delete from session where expires_at <= $1', [at]);
      await store.query(
        'insert into session (id, token_hash, account, created_at, expires_at, last_at) values ($1, $2, $3, $4, $5, $4)',
        [session, hashOf(token), account, at, at + lifetime],
      );
      await store.query('update account set last_at = $2 where name = $1', [account, at]);
      return { token, session, expiresAt: at + lifetime };
    },

    async identify({ headers }) {
      const token = tokenOf(headers.cookie);
      if (token === undefined) return undefined;
      const hash = hashOf(token);
      const key = hash.toString('base64');
      const at = now();
      const known = cache.get(key);
      if (known && known.until > at) return known.who;
      const asked = forgotten;
      const found = await look(hash);
      cache.delete(key);
      if (asked !== forgotten) return found?.who;
      // The oldest goes first: a flood of invented tokens cannot grow it.
      if (cache.size >= rememberedAtMost) cache.delete(cache.keys().next().value!);
      cache.set(key, { who: found?.who, until: Math.min(at + remembered, found?.expiresAt ?? Infinity) });
      return found?.who;
    },

    async end(token) {
      const hash = hashOf(token);
      await store.query('delete from session where token_hash = $1', [hash]);
      forgotten += 1;
      cache.delete(hash.toString('base64'));
    },

    async endAll(account, except) {
      const ended = await store.query<{ id: string }>(
        'delete from session where account = $1 and id is distinct from $2 returning id',
        [account, except ?? null],
      );
      for (const { id } of ended) forget(id);
      return ended.map(({ id }) => id);
    },
  };
}

/** Hears of sessions that ended in another process. Stops with the bus. */
export function followEndings(bus: Pick<Bus, 'connection'>, ended: (session: string) => void): void {
  bus.connection.subscribe(sessionEnded, {
    callback: (error, message) => {
      if (!error) ended(message.string());
    },
  });
}

/** The session's token in a Cookie header. */
export function tokenOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /(?:^|;\s*)hallwatch=([A-Za-z0-9_-]{43})(?:;|$)/.exec(header)?.[1];
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
