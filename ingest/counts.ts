/** `POST /api/ingest/counts`: a source says how much it has of a day, so that what is missing is seen the day after (FS-20). */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { startOf } from '../hub/model/calendar.ts';
import { caseEvent } from '../hub/model/event.ts';
import type { Context } from '../hub/platform/part.ts';
import { problem, sendProblem } from '../hub/platform/problem.ts';
import type { Runner } from '../hub/platform/postgres.ts';
import { sourceOf } from './door.ts';
import { signatureFault } from './signature.ts';

const kinds = ['all', ...caseEvent.options.map((option) => option.shape.kind.value)] as [string, ...string[]];
const days = 62;

const body = z.strictObject({
  day: z.iso.date('expected YYYY-MM-DD').describe('The day on which the events happened, Asia/Shanghai.'),
  counts: z
    .partialRecord(z.enum(kinds, `expected all or one of ${kinds.slice(1).join(', ')}`), z.int().min(0).max(1e12))
    .refine((counts) => Object.keys(counts).length > 0, 'expected at least one count'),
});

/** Keeps what a source says of a day; what it says later replaces it. */
export async function keepCounts(
  runner: Runner,
  source: string,
  day: string,
  counts: ReadonlyMap<string, number>,
  now: number,
): Promise<void> {
  await runner.query(
    `insert into source_count as c (source, day, kind, expected, said_at)
     select $1, $2::date, u.kind, u.expected, $5::bigint from unnest($3::text[], $4::bigint[]) as u (kind, expected)
     on conflict (source, day, kind) do update set expected = excluded.expected, said_at = excluded.said_at, checked_at = null, difference = null`,
    [source, day, [...counts.keys()], [...counts.values()], now],
  );
}

export async function countRoutes(app: FastifyInstance, { store, seal }: Context): Promise<void> {
  await app.register(async (door) => {
    // As bytes: a signature stands over them, not over what JSON makes of them.
    door.removeAllContentTypeParsers();
    door.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
    door.post(
      '/api/ingest/counts',
      {
        bodyLimit: 64 * 1024,
        config: { rateLimit: { max: 600, timeWindow: 60_000 } },
        schema: {
          tags: ['ingest'],
          summary: 'Say how many events there are of a day',
          description:
            'By kind, or all of them. Needs the bearer token of a source. The hub compares them with what it has recorded, within minutes and again for 62 days; a difference stands on the page of the sources.',
          headers: z.object({ authorization: z.string() }),
          body,
        },
        validatorCompiler: () => (value: unknown) => ({ value }),
      },
      async (request, reply) => {
        const source = await sourceOf(store, request.headers.authorization);
        if (!source) {
          void reply.header('www-authenticate', 'Bearer');
          return sendProblem(reply, problem(401, { title: 'unknown source' }));
        }
        const bytes = request.body as Buffer;
        const now = Date.now();
        const unsigned = signatureFault(source, seal, request.headers, request.url, bytes, now);
        if (unsigned) return sendProblem(reply, problem(unsigned.status, unsigned));
        const read = body.safeParse(jsonOf(bytes));
        if (!read.success) {
          const [issue] = read.error.issues;
          const keys = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
          const field = [...(issue?.path ?? []), ...keys].map(String).join('.').slice(0, 120);
          return sendProblem(reply, problem(400, { field, reason: issue?.message.slice(0, 400) ?? 'not readable' }));
        }
        const at = startOf(read.data.day);
        if (at > now || at < now - days * 86_400_000)
          return sendProblem(reply, problem(400, { field: 'day', reason: `expected one of the last ${days} days` }));
        const counts = new Map(Object.entries(read.data.counts).map(([kind, count]) => [kind, count ?? 0]));
        await keepCounts(store, source.id, read.data.day, counts, now);
        return reply.send({ day: read.data.day, kept: counts.size });
      },
    );
  });
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
