import type { FastifyError, FastifyReply } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Problem } from '../model/api.ts';
import { HubError } from '../model/error.ts';

/** RFC 9457, and every wrong field where there are several. */
export type FullProblem = Problem & { errors?: { field: string; reason: string }[] };

const titles: Record<number, string> = {
  400: 'bad input',
  401: 'not signed in',
  403: 'not allowed',
  404: 'not found',
  405: 'method not allowed',
  408: 'too slow',
  413: 'too large',
  415: 'media type not supported',
  429: 'too many requests',
  500: 'the hub failed',
  503: 'away',
};

export function problem(status: number, more: Omit<Partial<FullProblem>, 'status'> = {}): FullProblem {
  return { type: 'about:blank', title: titles[status] ?? 'refused', status, ...more };
}

export function sendProblem(reply: FastifyReply, body: FullProblem): FastifyReply {
  if (body.status === 503 && !reply.hasHeader('retry-after')) void reply.header('retry-after', '1');
  return reply
    .code(body.status)
    .headers({ 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' })
    .send(JSON.stringify(body));
}

/** Of PostgreSQL: U+0000 or half a character in a text or in JSON, and a day that no calendar has. The value came with the request. */
const unstorable = new Set(['22021', '22P05', '22008']);

/** What an error means to the caller. `bug` says that it is ours and belongs in the log; its text stays inside. */
export function problemOf(error: unknown): { problem: FullProblem; bug: boolean } {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.slice(0, 20).map(({ instancePath, message }) => ({
      field: fieldOf(instancePath),
      reason: (message ?? 'not valid').slice(0, 400),
    }));
    return { problem: problem(400, { ...errors[0], errors }), bug: false };
  }
  if (error instanceof HubError) {
    // A server that is away or has no room may take the same request later.
    if (/\.(away|full|busy)$/.test(error.code))
      return { problem: problem(503, { detail: error.message, reason: error.code }), bug: false };
    return { problem: problem(500), bug: true };
  }
  const { statusCode, code, message } =
    error instanceof Error ? (error as FastifyError) : { statusCode: 500, code: '', message: '' };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { problem: problem(statusCode, { detail: message, ...(code ? { reason: code } : {}) }), bug: false };
  if (unstorable.has(code))
    return {
      problem: problem(400, { reason: 'a text or a day of the request is none that can be stored' }),
      bug: false,
    };
  return { problem: problem(500), bug: true };
}

/** `/events/3/casefile` → `events.3.casefile`. */
const fieldOf = (path: string): string => path.replace(/^\//, '').replaceAll('/', '.').slice(0, 200);
