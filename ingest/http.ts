/** `POST /api/ingest/events`, `/guangdong` and `/national`: the doors for departments' systems. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HubError } from '../hub/model/error.ts';
import { caseEvent } from '../hub/model/event.ts';
import type { Context } from '../hub/platform/part.ts';
import { problem, sendProblem } from '../hub/platform/problem.ts';
import { parseJson, parseLines, type Candidate } from './body.ts';
import type { Dialect } from './dialects/dialect.ts';
import { dialects } from './dialects/index.ts';
import { judge, sourceOf, type Judged, type Source } from './door.ts';
import { atMost, collect, inflate } from './inflate.ts';
import { backlogHeader, Pulses } from './pulse.ts';
import { signatureFault } from './signature.ts';
import { Submitter } from './submit.ts';

export interface DoorLimits {
  /** Bytes as they travel. Default 16 MiB. */
  bodyBytes: number;
  /** Bytes after gzip. Default 64 MiB. */
  inflatedBytes: number;
  /** Large bodies held in memory at once; more are asked to come back. Sixteen small ones count as one. Default 8. */
  bodies: number;
}
const limits: DoorLimits = { bodyBytes: 16 * 2 ** 20, inflatedBytes: 64 * 2 ** 20, bodies: 8 };

/** A body that says it is no larger, and is not compressed, is small. */
const smallBytes = 256 * 2 ** 10;

/** So many refusals are listed in one answer; `refusedCount` counts them all. */
const listed = 1_000;
const refusalsInFlight = 64;
/** How long bytes that nobody wants are thrown away before the connection is cut. */
const lingerMs = 10_000;

/** A source may send every event by itself, thousands a second; the hub's own limit is for people. */
const rateLimit = { max: 300_000, timeWindow: 60_000 };

const answer = z.object({
  accepted: z.int().describe('Events now in the log.'),
  duplicates: z.int().describe('Events that were sent before with the same id and content.'),
  refused: z
    .array(z.object({ index: z.int().describe('From 0, in the order sent.'), field: z.string(), reason: z.string() }))
    .describe(`At most ${listed}.`),
  refusedCount: z.int(),
});
type Answer = z.infer<typeof answer>;

const trouble = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  field: z.string().optional(),
  reason: z.string().optional(),
});

const schema = {
  tags: ['ingest'],
  summary: 'Send approval events',
  description:
    'One event, an array of events, or NDJSON (application/x-ndjson); gzip is accepted. Needs the bearer token of a source. Idempotent by event id: a caller that heard no answer, or 503, repeats the same request. A refused event never stops the others.',
  headers: z.object({
    authorization: z.string().describe('Bearer and the token that `hallwatch source add` printed.'),
  }),
  consumes: ['application/json', 'application/x-ndjson'],
  body: z.union([caseEvent, z.array(caseEvent)]),
  response: { 200: answer, 400: trouble, 401: trouble, 413: trouble, 415: trouble, 503: trouble },
};

const message = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** The same door in the words of an upstream format; `field` of a refusal is the source's own name. */
const dialectSchema = (dialect: Dialect): typeof schema => ({
  ...schema,
  summary: `Send ${dialect.title}`,
  description: `One message, an array of messages, or NDJSON; gzip is accepted. Needs the bearer token of a source. Idempotent by the message's key. A refused message never stops the others; \`index\` counts messages, \`accepted\` events, of which a message may hold two.`,
  body: z.union([message, z.array(message)]) as unknown as (typeof schema)['body'],
});

export async function routes(app: FastifyInstance, context: Context, bounds: DoorLimits = limits): Promise<void> {
  const submitter = new Submitter(context);
  const pulses = new Pulses(context.store, context.log);
  app.addHook('onClose', () => pulses.flush());
  let open = 0;

  await app.register(async (door) => {
    // The body is read here, piece by piece and bounded, instead of by a parser that wants all of it first.
    door.removeAllContentTypeParsers();
    door.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    const serveAt = (path: string, dialect?: Dialect): void =>
      void door.post(
        path,
        {
          schema: dialect ? dialectSchema(dialect) : schema,
          config: { rateLimit },
          validatorCompiler: () => (value: unknown) => ({ value }),
        },
        async (request, reply) => {
          let source: Source | undefined;
          try {
            source = await sourceOf(context.store, request.headers.authorization);
            if (!source) {
              void reply.header('www-authenticate', 'Bearer');
              return refuse(
                request,
                reply,
                401,
                'unknown source',
                'Send the token of a source: Authorization: Bearer …',
              );
            }
            pulses.hear(source.id, request.headers[backlogHeader], Date.now());
            const share = shareOf(request);
            if (open + share > bounds.bodies)
              return refuse(request, reply, 503, 'busy', 'Too many requests at once; repeat the request.');
            open += share;
            try {
              return await take(context, submitter, { source, dialect }, request, reply, bounds);
            } finally {
              open -= share;
            }
          } catch (error) {
            if (!(error instanceof HubError) || !/^(log|store)\./.test(error.code)) throw error;
            context.log.warn({ err: error, source: source?.id }, 'door cannot store');
            return refuse(
              request,
              reply,
              503,
              'the hub cannot store events now',
              'Repeat the same request: what is stored already will be counted as a duplicate.',
            );
          }
        },
      );
    serveAt('/api/ingest/events');
    for (const dialect of dialects) serveAt(`/api/ingest/${dialect.name}`, dialect);
  });
}

/** How much of one large body a request may turn out to be. */
function shareOf({ headers }: FastifyRequest): number {
  const isSmall =
    headers['content-encoding'] === undefined && Number(headers['content-length'] ?? Infinity) <= smallBytes;
  return isSmall ? 1 / 16 : 1;
}

async function take(
  context: Context,
  submitter: Submitter,
  { source, dialect }: { source: Source; dialect: Dialect | undefined },
  request: FastifyRequest,
  reply: FastifyReply,
  bounds: DoorLimits,
): Promise<Answer | FastifyReply> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  const isLines = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'].includes(type);
  if (!isLines && type !== 'application/json')
    return refuse(request, reply, 415, 'unknown content type', 'Send application/json or application/x-ndjson.');
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding !== 'gzip' && encoding !== 'identity')
    return refuse(request, reply, 415, 'unknown content encoding', 'Send gzip or nothing.');
  if (Number(request.headers['content-length'] ?? 0) > bounds.bodyBytes)
    return refuse(request, reply, 413, 'the body is too large', `Expected at most ${bounds.bodyBytes} bytes.`);

  let bytes: Buffer;
  try {
    // Without an end of its own: when reading stops early, the socket must live on for the answer.
    const raw = atMost(request.raw.iterator({ destroyOnReturn: false }), bounds.bodyBytes);
    bytes = await (encoding === 'gzip'
      ? collect(inflate(raw, bounds.inflatedBytes), bounds.inflatedBytes)
      : collect(raw, bounds.bodyBytes));
  } catch (error) {
    if (!request.raw.complete && request.raw.destroyed)
      return refuse(request, reply, 400, 'the body ended early', 'Nothing of it was stored.');
    if (!(error instanceof HubError)) throw error;
    if (error.code === 'gzip.broken') return broken(context, source, request, reply, error.message, Buffer.alloc(0));
    return refuse(request, reply, 413, 'the body is too large', error.message);
  }

  const unsigned = signatureFault(source, context.seal, request.headers, request.url, bytes, Date.now());
  if (unsigned) return refuse(request, reply, unsigned.status, unsigned.title, unsigned.detail);
  const body = isLines ? parseLines(bytes) : parseJson(bytes);
  if (!body.ok && body.status === 413) return refuse(request, reply, 413, 'too many events', body.reason);
  if (!body.ok) return broken(context, source, request, reply, body.reason, bytes);

  const judged = judge(body.candidates, source, context.world(), Date.now(), dialect);
  const { accepted, duplicates, clashes } = await submitter.submit(judged.events.map(({ event }) => event));
  const refusedAlready = new Set(judged.refused.map(({ index }) => index));
  for (const at of clashes) {
    // A message of a dialect may be two events, and is refused once.
    if (refusedAlready.has(judged.events[at]!.index)) continue;
    refusedAlready.add(judged.events[at]!.index);
    judged.refused.push({
      index: judged.events[at]!.index,
      field: 'id',
      reason: 'another event was sent under this id',
    });
  }
  judged.refused.sort((a, b) => a.index - b.index);
  await keep(context, source, body.candidates, judged.refused);
  return {
    accepted,
    duplicates,
    refused: judged.refused.slice(0, listed).map(({ index, field, reason }) => ({ index, field, reason })),
    refusedCount: judged.refused.length,
  };
}

/** The body as a whole cannot be read: nothing of it was published. */
async function broken(
  context: Context,
  source: Source,
  request: FastifyRequest,
  reply: FastifyReply,
  reason: string,
  bytes: Uint8Array,
): Promise<FastifyReply> {
  await context.bus.refuse({ source: source.id, place: 'body', field: '', reason, bytes });
  return refuse(request, reply, 400, 'the body cannot be read', `${reason}. Nothing of it was stored.`);
}

/** Every refused event goes to `refused.<source>` with its reason and its bytes. */
async function keep(
  context: Context,
  source: Source,
  candidates: readonly Candidate[],
  refused: Judged['refused'],
): Promise<void> {
  for (let from = 0; from < refused.length; from += refusalsInFlight) {
    const some = refused.slice(from, from + refusalsInFlight);
    await Promise.all(
      some.map(({ index, field, reason, withhold }) =>
        context.bus.refuse({
          source: source.id,
          place: String(index),
          field,
          reason,
          bytes: withhold ? Buffer.alloc(0) : candidates[index]!.bytes(),
        }),
      ),
    );
  }
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  status: 400 | 401 | 413 | 415 | 503,
  title: string,
  detail: string,
): FastifyReply {
  // An answer on a socket with unread bytes is lost in a reset: what is left is thrown away, for a while.
  if (!request.raw.complete) {
    request.raw.resume();
    const timer = setTimeout(() => request.raw.socket.destroy(), lingerMs);
    timer.unref();
    request.raw.once('close', () => clearTimeout(timer));
  }
  if (status === 503) void reply.header('retry-after', '2');
  return sendProblem(reply, problem(status, { title, detail }));
}
