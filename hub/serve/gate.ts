import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { departmentsOf, may, type Identity, type Permission } from '../model/rights.ts';
import type { Sessions } from '../platform/access.ts';
import type { Row, Runner, Statement } from '../platform/postgres.ts';
import { sendProblem } from '../platform/problem.ts';
import { forbidden, Refusal, unsigned } from './problem.ts';
import { scopeOf, type Scope } from './queries/scope.ts';

/** One signed-in request. */
export interface Asking {
  who: Identity;
  scope: Scope;
  params: Record<string, string>;
  query: unknown;
  body: unknown;
  /** `Idempotency-Key`, where the caller gave one. */
  key?: string;
  now: number;
}

/** A file instead of JSON, with the name it is saved under. */
export class Download {
  readonly name: string;
  readonly type: string;
  readonly body: Readable | Buffer;
  constructor(name: string, type: string, body: Readable | Buffer) {
    this.name = name;
    this.type = type;
    this.body = body;
  }
}

export type Handle = (asking: Asking) => Promise<unknown>;

/** A route: who may ask it, and what it answers (a `Refusal`, a `Download`, or the body of a 200). */
export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  /** `signedIn` for what everybody with a session may ask; `session` also before the first password was changed. */
  needs: Permission | 'signedIn' | 'session';
  /** SC-15: open to supervision bodies of departments as well; it looks itself at whose window or record it is about. */
  line?: true;
  handle: Handle;
}

const longestKey = 200;
const mustChange = new Refusal(403, {
  field: 'password',
  reason: 'the password was given by an administrator: choose your own first',
});

/** Registers routes behind session and permission; the server itself has looked at the origin and catches what throws. */
export function open(app: FastifyInstance, sessions: Pick<Sessions, 'identify'>, routes: readonly Route[]): void {
  for (const { method, url, needs, line, handle } of routes) {
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        const who = await sessions.identify(request);
        if (!who) return answer(reply, unsigned);
        if (who.mustChange && needs !== 'session') return answer(reply, mustChange);
        if (needs !== 'signedIn' && needs !== 'session' && !may(who, needs))
          return answer(reply, forbidden(`needs the right ${needs}`));
        if (departmentsOf(who) && !line && needs !== 'session')
          return answer(reply, forbidden('not open to the supervision body of a department'));
        const key = request.headers['idempotency-key'];
        if (Array.isArray(key) || key?.length === 0 || (key?.length ?? 0) > longestKey) {
          return answer(
            reply,
            new Refusal(400, { field: 'Idempotency-Key', reason: `expected 1 to ${longestKey} characters` }),
          );
        }
        const { query, body } = request;
        const params = request.params as Record<string, string>;
        return answer(
          reply,
          await handle({
            who,
            scope: scopeOf(who),
            params,
            query,
            body,
            ...(key === undefined ? {} : { key }),
            now: Date.now(),
          }),
        );
      },
    });
  }
}

/** Sends a body or a refusal. */
export function answer(reply: FastifyReply, value: unknown): FastifyReply {
  if (value instanceof Refusal) {
    if (value.retryAfter !== undefined) void reply.header('retry-after', String(value.retryAfter));
    return sendProblem(reply, value.problem);
  }
  void reply.header('cache-control', 'no-store');
  if (value instanceof Download) {
    return reply
      .headers({ 'content-type': value.type, 'content-disposition': `attachment; filename="${value.name}"` })
      .send(value.body);
  }
  return reply.send(value);
}

export async function all<R extends Row>(runner: Runner, statement: Statement): Promise<R[]> {
  return runner.query<R>(statement.text, statement.values);
}

export async function one<R extends Row>(runner: Runner, statement: Statement): Promise<R | undefined> {
  return (await all<R>(runner, statement))[0];
}
