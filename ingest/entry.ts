/** Second entry (二次录入, QT-15): `/api/entry`, for people of a department without a system. The same checks and the same log as every door. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { EntryAnswer, EntryCase, EntryDesk } from '../hub/model/doors.ts';
import { mostRows } from '../hub/model/entry.ts';
import { HubError } from '../hub/model/error.ts';
import { may, type Identity } from '../hub/model/rights.ts';
import type { Casefile } from '../hub/model/state.ts';
import { matterOf, type Department } from '../hub/model/world.ts';
import type { Context } from '../hub/platform/part.ts';
import { problem, sendProblem } from '../hub/platform/problem.ts';
import {
  entryRow,
  idOf,
  mattersOf,
  readRow,
  sourceOfEntry,
  windowsOf,
  type EntryPlace,
  type RowRead,
} from './entryRow.ts';
import { Submitter } from './submit.ts';

const body = z.strictObject({
  rows: z.array(entryRow).min(1, 'expected at least one row').max(mostRows, `expected at most ${mostRows} rows`),
});

/** How long a person waits for the recorder's word; the same rows may be sent again after that. */
const patienceMs = 8_000;
const lookEveryMs = 40;

type Post = Identity & { department: string };
type Verdict = { refused: string | null; field: string | null };

export function entryRoutes(app: FastifyInstance, context: Context): void {
  const { store, world } = context;
  const submitter = new Submitter(context);

  /** Whoever may enter, and for which department; otherwise the refusal is sent. */
  async function postOf(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ who: Post; department: Department } | undefined> {
    const who = await context.sessions.identify(request);
    const department = who?.department === undefined ? undefined : world().departments.get(who.department);
    if (who && department && may(who, 'entry.write', { region: department.region }))
      return { who: { ...who, department: department.id }, department };
    const reason = who && may(who, 'entry.write') ? 'this account has no department' : 'needs the right entry.write';
    void sendProblem(reply, who ? problem(403, { reason }) : problem(401));
    return undefined;
  }

  async function casesOf(region: string, numbers: readonly string[]): Promise<Map<string, Casefile>> {
    const ids = numbers.map((number) => `${region}:${number}`);
    const rows = await store.query<{ body: Casefile }>('select body from casefile where id = any($1)', [ids]);
    return new Map(rows.map(({ body }) => [body.number, body]));
  }

  app.get('/api/entry', { schema: { hide: true } }, async (request, reply) => {
    const post = await postOf(request, reply);
    if (!post) return reply;
    const { department } = post;
    const present = world();
    const region = present.regions.get(department.region);
    const desk: EntryDesk = {
      department: named(department, { id: department.id }),
      region: named(region ?? { name: department.region }, { code: department.region }),
      source: sourceOfEntry(department.id),
      matters: mattersOf(present, department.region, department).map((each) =>
        named(each, { code: each.code, steps: each.steps }),
      ),
      windows: windowsOf(present, department.region, department).map((each) =>
        named(each, { id: each.id, number: each.number, hallName: present.halls.get(each.hall)?.name ?? '' }),
      ),
    };
    return reply.header('cache-control', 'no-store').send(desk);
  });

  app.get('/api/entry/casefiles', { schema: { hide: true } }, async (request, reply) => {
    const post = await postOf(request, reply);
    if (!post) return reply;
    const number = z
      .string()
      .min(1)
      .max(80)
      .safeParse((request.query as { number?: unknown }).number);
    if (!number.success)
      return sendProblem(reply, problem(400, { field: 'number', reason: 'expected the number of a case' }));
    const { region, id } = post.department;
    const found = (await casesOf(region, [number.data])).get(number.data);
    if (found?.department !== id) return reply.header('cache-control', 'no-store').send('null');
    const matter = matterOf(world(), region, found.matter);
    const answer: EntryCase = {
      number: found.number,
      status: found.status,
      matter: found.matter,
      matterName: matter?.name ?? found.matter,
      ...(matter?.nameEn === undefined ? {} : { matterNameEn: matter.nameEn }),
      ...(found.window === undefined ? {} : { window: found.window }),
      ...(found.applicant === undefined ? {} : { applicant: found.applicant.name }),
      ...(found.acceptedAt === undefined ? {} : { acceptedAt: found.acceptedAt }),
      steps: matter?.steps ?? [],
      taken: (found.steps ?? []).map(({ step }) => step),
      ...(found.outcome === undefined ? {} : { outcome: found.outcome }),
    };
    return reply.header('cache-control', 'no-store').send(answer);
  });

  app.post(
    '/api/entry',
    { bodyLimit: 1024 * 1024, schema: { hide: true }, config: { rateLimit: { max: 120, timeWindow: 60_000 } } },
    async (request, reply) => {
      const post = await postOf(request, reply);
      if (!post) return reply;
      const read = body.safeParse(request.body);
      if (!read.success) {
        const [issue] = read.error.issues;
        return sendProblem(
          reply,
          problem(400, {
            field: issue?.path.map(String).join('.').slice(0, 120) ?? '',
            reason: issue?.message.slice(0, 400) ?? 'not readable',
          }),
        );
      }
      const { rows } = read.data;
      const { who, department } = post;
      const place: EntryPlace = {
        account: who.account,
        region: department.region,
        department,
        world: world(),
        cases: await casesOf(department.region, [...new Set(rows.map(({ number }) => number.trim()))]),
        now: Date.now(),
        entered: new Set(
          (await verdictsOf(rows.map((row) => idOf(row, { account: who.account, region: department.region })))).keys(),
        ),
      };
      const touched = new Set<string>();
      const reads = rows.map((row) => {
        const result = readRow(row, place, touched);
        if (result.ok) touched.add(result.event.casefile);
        return result;
      });
      return reply.header('cache-control', 'no-store').send(await enter(reads));
    },
  );

  /** Onto the log, in the order of the rows, and the recorder's word for each. */
  async function enter(reads: readonly RowRead[]): Promise<EntryAnswer> {
    const events = reads.flatMap((each) => (each.ok ? [each.event] : []));
    let verdicts = new Map<string, Verdict>();
    try {
      verdicts = await verdictsOf(events.map(({ id }) => id));
      // What was entered before stays what it was, also with its time of entry: it is not sent again.
      const fresh = events.filter(({ id }) => !verdicts.has(id));
      await submitter.submit(fresh, { patienceMs });
      for (
        const end = Date.now() + patienceMs;
        verdicts.size < events.length && Date.now() < end;
        await sleep(lookEveryMs)
      )
        verdicts = await verdictsOf(events.map(({ id }) => id));
    } catch (error) {
      if (!(error instanceof HubError) || !/^(log|store)\./.test(error.code)) throw error;
      context.log.warn({ err: error }, 'second entry waits');
    }
    const rows = reads.map((each): EntryAnswer['rows'][number] => {
      if (!each.ok) return each;
      const verdict = verdicts.get(each.event.id);
      if (!verdict) return { ok: false, again: true, errors: [] };
      if (verdict.refused === null) return { ok: true };
      return { ok: false, errors: [{ field: formField(verdict.field ?? ''), reason: verdict.refused }] };
    });
    return { accepted: rows.filter(({ ok }) => ok).length, rows };
  }

  async function verdictsOf(ids: readonly string[]): Promise<Map<string, Verdict>> {
    const rows = await store.query<Verdict & { id: string }>(
      'select i.id, e.refused, e.refused_field as field from event_id i join event e on e.position = i.position where i.id = any($1)',
      [ids],
    );
    return new Map(rows.map(({ id, ...verdict }) => [id, verdict]));
  }
}

const formField = (field: string): string => (field === 'occurredAt' ? 'at' : field === 'kind' ? 'act' : field);

function named<T extends object>(
  thing: { name: string; nameEn?: string | undefined },
  rest: T,
): T & { name: string; nameEn?: string } {
  return { ...rest, name: thing.name, ...(thing.nameEn === undefined ? {} : { nameEn: thing.nameEn }) };
}
