/** The catalogue's files over HTTP: the form, what was filled in, the export, and the published list to be compared with. */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { dayOf } from '../../hub/model/calendar.ts';
import { HubError } from '../../hub/model/error.ts';
import { regionCode } from '../../hub/model/fields.ts';
import { isSecret } from '../../hub/model/matter.ts';
import { reconcile } from '../../hub/model/matterDiff.ts';
import { may, type Identity, type Permission } from '../../hub/model/rights.ts';
import { packOf } from '../../hub/model/world.ts';
import { holdingsOf, importDrafts, newestOf } from '../../hub/platform/matters.ts';
import type { Context } from '../../hub/platform/part.ts';
import { problem, sendProblem } from '../../hub/platform/problem.ts';
import { cellOf, titleOf } from './columns.ts';
import { readMattersAside, readPublishedAside } from './aside.ts';
import { largestFile } from './read.ts';
import { mattersFile, templateFile } from './write.ts';

/** A file of five thousand matters takes seconds to read: two at a time. */
const filesAtOnce = 2;
const types = {
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
};
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
const uploadQuery = z.object({ region: regionCode, kind: z.enum(['xlsx', 'csv']), dryRun: flag });
const exportQuery = z.object({ region: regionCode, frozen: flag });

export async function matterFileRoutes(app: FastifyInstance, context: Context): Promise<void> {
  const { store, world } = context;
  let open = 0;

  /** Who asks, where the right reaches to the region asked about; otherwise the answer is given already. */
  async function allow<S extends z.ZodType<{ region: string }>>(
    request: FastifyRequest,
    reply: FastifyReply,
    permission: Permission,
    schema: S,
  ): Promise<{ who: Identity; input: z.output<S> } | undefined> {
    const who = await context.sessions.identify(request);
    if (!who) return void sendProblem(reply, problem(401));
    if (!may(who, permission))
      return void sendProblem(reply, problem(403, { reason: `needs the right ${permission}` }));
    const parsed = schema.safeParse(request.query);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const field = String(issue?.path[0] ?? '');
      return void sendProblem(reply, problem(400, { field, reason: issue?.message ?? 'not readable' }));
    }
    const input = parsed.data;
    if (!world().regions.has(input.region) || !may(who, permission, { region: input.region }))
      return void sendProblem(
        reply,
        problem(403, { field: 'region', reason: `expected a region within ${who.region}` }),
      );
    return { who, input };
  }

  /** Nobody's megabytes are read before it is known who sends them. */
  const known =
    (permission: Permission) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> =>
      (await allow(request, reply, permission, uploadQuery)) ? undefined : reply;

  /** Readers want a file with a name that says what it is. */
  async function withFile<T>(bytes: Buffer, kind: 'xlsx' | 'csv', work: (path: string) => Promise<T>): Promise<T> {
    const path = join(tmpdir(), `hallwatch-${randomUUID()}.${kind}`);
    try {
      await writeFile(path, bytes, { mode: 0o600 });
      return await work(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  const upload = (
    permission: Permission,
    work: (path: string, input: z.output<typeof uploadQuery>) => Promise<unknown>,
  ) => {
    return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const allowed = await allow(request, reply, permission, uploadQuery);
      if (!allowed) return reply;
      if (!Buffer.isBuffer(request.body) || request.body.length === 0)
        return sendProblem(reply, problem(400, { field: 'body', reason: 'expected a file' }));
      if (open >= filesAtOnce)
        return sendProblem(reply, problem(503, { detail: 'other files are being read; repeat the request' }));
      open += 1;
      try {
        const { input } = allowed;
        return await reply
          .header('cache-control', 'no-store')
          .send(await withFile(request.body, input.kind, (path) => work(path, input)));
      } catch (error) {
        // What is wrong with the file as a whole: no workbook, too large, not UTF-8.
        if (error instanceof HubError && !/\.(away|closed|full)$/.test(error.code))
          return sendProblem(
            reply,
            problem(400, { field: 'body', reason: error.message.replace(/^\S*hallwatch-\S+: /, '') }),
          );
        throw error;
      } finally {
        open -= 1;
      }
    };
  };

  await app.register(async (door) => {
    door.removeAllContentTypeParsers();
    door.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: largestFile }, (_request, body, done) =>
      done(null, body),
    );

    door.post(
      '/api/matters/import',
      { bodyLimit: largestFile, onRequest: known('matter.edit') },
      upload('matter.edit', async (path, { region, dryRun }) => {
        const now = Date.now();
        const promised = packOf(world(), region, dayOf(now))?.matters?.promised ?? 'earlier';
        const read = await readMattersAside(path, {
          ...{ region, promised },
          departments: new Set(world().departments.keys()),
        });
        const { faults, faultCount } = read;
        const nothing = { added: [], changed: [], unchanged: [], refused: [], written: false };
        // All of a file or nothing of it: half a catalogue is none.
        if (faultCount > 0) return { ...nothing, faults, faultCount };
        const records = read.rows.map(({ value }) => value);
        const done = await importDrafts(store, region, records, { now, dryRun });
        return { ...done, written: !dryRun && done.refused.length === 0, faults, faultCount };
      }),
    );

    door.post(
      '/api/matters/reconcile',
      { bodyLimit: largestFile, onRequest: known('matter.read') },
      upload('matter.read', async (path, { region }) => {
        const { rows, faults, faultCount } = await readPublishedAside(path);
        if (faultCount > 0) return { faults, faultCount, compared: 0, found: [] };
        const { ours, secret, used } = await holdingsOf(store, region);
        const theirs = rows.map(({ value }) => value);
        const found = reconcile(ours, theirs, used, secret).map((each) =>
          each.kind === 'differs'
            ? {
                kind: each.kind,
                code: each.code,
                name: each.name,
                column: titleOf(each.field),
                ours: cellOf(each.field, each.ours),
                theirs: cellOf(each.field, each.theirs),
              }
            : each,
        );
        return {
          faults,
          faultCount,
          compared: theirs.length,
          found: found.slice(0, mostFound),
          foundCount: found.length,
        };
      }),
    );
  });

  app.get('/api/matters/template.xlsx', async (request, reply) => {
    const who = await context.sessions.identify(request);
    if (!who) return sendProblem(reply, problem(401));
    if (!may(who, 'matter.read')) return sendProblem(reply, problem(403, { reason: 'needs the right matter.read' }));
    return send(reply, 'xlsx', 'matters-form.xlsx', await templateFile());
  });

  for (const kind of ['xlsx', 'csv'] as const) {
    app.get(`/api/matters/export.${kind}`, async (request, reply) => {
      const allowed = await allow(request, reply, 'matter.read', exportQuery);
      if (!allowed) return reply;
      const { region, frozen } = allowed.input;
      const versions = await newestOf(store, region, { frozen });
      // JY-02: what is secret now, or was when it was frozen, leaves the house in no file.
      const { secret } = await holdingsOf(store, region);
      const records = versions.map(({ record }) => record).filter((each) => !isSecret(each) && !secret.has(each.code));
      return send(reply, kind, `matters-${region}.${kind}`, await mattersFile(kind, records));
    });
  }
}

const mostFound = 2_000;

const send = (reply: FastifyReply, kind: keyof typeof types, name: string, file: Buffer): FastifyReply =>
  reply
    .headers({
      'content-type': types[kind],
      'content-disposition': `attachment; filename="${name}"`,
      'cache-control': 'no-store',
    })
    .send(file);
