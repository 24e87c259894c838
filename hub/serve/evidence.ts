import { z } from 'zod';
import { mayNotAnswer } from '../model/decideEvidence.ts';
import { releaseActs } from '../model/evidenceEvents.ts';
import {
  clipAfter,
  clipBefore,
  type Evidence,
  type EvidenceCheck,
  type EvidenceDetail,
  type EvidencePage,
  type Manifest,
  type Release,
  type ReleasePage,
} from '../model/evidence.ts';
import { identifier, instant, longText, reasonText } from '../model/fields.ts';
import { may, type Identity, type Permission } from '../model/rights.ts';
import type { Casefile } from '../model/state.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, clickId, commandId, type Command } from './commands.ts';
import { findingFor } from './findings.ts';
import { all, one, type Route } from './gate.ts';
import { away, conflict, read, Refusal, unknown } from './problem.ts';
import { selectCasefile } from './queries/casefiles.ts';
import {
  countPending,
  listEvidence,
  listReleases,
  selectEvidence,
  selectRelease,
  type EvidenceBody,
  type ReleaseBody,
} from './queries/evidence.ts';
import { signalFor } from './signalActs.ts';

const takeBody = z
  .strictObject({
    camera: identifier,
    at: instant.optional(),
    why: reasonText,
    finding: identifier.optional(),
    signal: identifier.optional(),
    casefile: identifier.optional(),
  })
  .refine((body) => [body.finding, body.signal, body.casefile].filter(Boolean).length <= 1, {
    path: ['finding'],
    message: 'expected at most one of finding, signal and casefile',
  });
const listQuery = z.object({
  hall: identifier.optional(),
  camera: identifier.optional(),
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const requestBody = z.strictObject({ act: z.enum(releaseActs), purpose: reasonText });
const answerBody = z.strictObject({ outcome: z.enum(['approved', 'refused']), reason: longText.optional() });
const releasesQuery = z.object({
  state: z.enum(['requested', 'approved', 'refused', 'released', 'failed', 'done']).optional(),
  mine: z.enum(['true', 'false']).optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** What the stream part has not finished; what is beyond that is told to come back. */
const mostPending = 200;
/** A press answers within seconds; the files come all the same where that takes longer. */
const pressWithin = 3_000;
const manifestWithin = 3_000;
/** A minute of a clip and its copies are read within this. */
const checkWithin = 15_000;

/** Evidence (证据) and its releases (调阅批准): SC-32, SC-33. */
export function evidenceRoutes(context: Context, command: Command): Route[] {
  const { store, world, bus, log } = context;

  async function evidenceFor(who: Identity, id: string, needs: Permission): Promise<Evidence | undefined> {
    const row = (await one<EvidenceBody>(store, selectEvidence(id)))?.body;
    return row && may(who, needs, row) ? row : undefined;
  }

  async function releaseFor(who: Identity, id: string, needs: Permission): Promise<Release | undefined> {
    const row = (await one<ReleaseBody>(store, selectRelease(id)))?.body;
    return row && may(who, needs, row) ? row : undefined;
  }

  /** What it is taken for: a finding of the same hall, a signal or a case that the person may see. */
  async function aboutOf(who: Identity, hall: string, input: z.output<typeof takeBody>) {
    const { finding, signal, casefile: id } = input;
    if (finding !== undefined)
      return (await findingFor(context, who, finding))?.hall === hall
        ? { kind: 'finding' as const, id: finding }
        : unknown('finding');
    if (signal !== undefined)
      return (await signalFor(context, who, signal)) ? { kind: 'signal' as const, id: signal } : unknown('signal');
    if (id === undefined) return undefined;
    const casefile = (await one<{ body: Casefile }>(store, selectCasefile(id)))?.body;
    return casefile && may(who, 'case.read', { region: casefile.region, hall: casefile.hall })
      ? { kind: 'casefile' as const, id }
      : unknown('casefile');
  }

  /** The part that keeps the files may be away: it finds what is to be done in the store. */
  async function tell(subject: string, question: unknown, withinMs: number): Promise<void> {
    try {
      await bus.ask(subject, question, withinMs);
    } catch (error) {
      log.debug({ err: error, subject }, 'evidence waits for the stream part');
    }
  }

  const withAnswer = (who: Identity, release: Release): Release & { mayAnswer: boolean } => ({
    ...release,
    mayAnswer:
      release.state === 'requested' &&
      may(who, 'evidence.approve', release) &&
      mayNotAnswer(release, who, world()) === undefined,
  });

  /** Who only asks sees their own requests. */
  const onlyOwn = (who: Identity): boolean => !may(who, 'evidence.view');

  return [
    {
      method: 'GET',
      url: '/evidence',
      needs: 'evidence.request',
      handle: async ({ scope, query }): Promise<EvidencePage | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        const items = (await all<EvidenceBody>(store, listEvidence(scope, input))).map(({ body }) => body);
        const last = items.at(-1);
        return { items, ...(last && items.length === input.limit ? { next: last.takenBy.at } : {}) };
      },
    },
    {
      method: 'POST',
      url: '/evidence',
      needs: 'evidence.take',
      handle: async (asking): Promise<Evidence | Refusal> => {
        const { who, now } = asking;
        const input = read(takeBody, asking.body);
        if (input instanceof Refusal) return input;
        const camera = world().cameras.get(input.camera);
        const hall = camera && world().halls.get(camera.hall);
        if (!hall || !may(who, 'evidence.take', { region: hall.region, hall: hall.id })) return unknown('camera');
        const at = input.at ?? now;
        if (at > now + 1_000) return conflict('at', 'the moment lies in the future');
        const pending = await one<{ count: number }>(store, countPending());
        if ((pending?.count ?? 0) >= mostPending) return away('too much evidence is still being written', 30);
        const about = await aboutOf(who, hall.id, input);
        if (about instanceof Refusal) return about;
        const id = clickId(asking, `evidence ${input.camera}`, input);
        const evidence = `evidence-${id}`;
        const refused = await command(
          {
            ...byPerson(asking, id),
            kind: 'evidence.taken',
            region: hall.region,
            evidence,
            hall: hall.id,
            camera: input.camera,
            at,
            from: at - clipBefore,
            until: at + clipAfter,
            why: input.why,
            ...(about ? { about } : {}),
          },
          asking.key !== undefined,
        );
        if (refused) return refused;
        await tell('evidence.press', { evidence }, pressWithin);
        return (await evidenceFor(who, evidence, 'evidence.take')) ?? unknown('evidence');
      },
    },
    {
      method: 'GET',
      url: '/evidence/:id',
      needs: 'evidence.request',
      handle: async ({ who, scope, params }): Promise<EvidenceDetail | Refusal> => {
        const evidence = await evidenceFor(who, params['id'] ?? '', 'evidence.request');
        if (!evidence) return unknown('evidence');
        const account = onlyOwn(who) ? who.account : undefined;
        const asked = listReleases(scope, { evidence: evidence.id, account, limit: 200 });
        const releases = (await all<ReleaseBody>(store, asked)).map(({ body }) => withAnswer(who, body));
        const version = evidence.manifests.length;
        let manifest: Manifest | undefined;
        if (version > 0)
          manifest = await bus
            .ask<Manifest>('evidence.manifest', { evidence: evidence.id, version }, manifestWithin)
            .catch(() => undefined);
        return { evidence, ...(manifest ? { manifest } : {}), releases };
      },
    },
    {
      method: 'POST',
      url: '/evidence/:id/check',
      needs: 'evidence.request',
      handle: async ({ who, params }): Promise<EvidenceCheck | Refusal> => {
        const evidence = await evidenceFor(who, params['id'] ?? '', 'evidence.request');
        if (!evidence) return unknown('evidence');
        return await bus
          .ask<EvidenceCheck>('evidence.check', { evidence: evidence.id }, checkWithin)
          .catch(() => away('the part that keeps the files does not answer', 5));
      },
    },
    {
      method: 'POST',
      url: '/evidence/:id/requests',
      needs: 'evidence.request',
      handle: async (asking): Promise<Release | Refusal> => {
        const { who } = asking;
        const input = read(requestBody, asking.body);
        if (input instanceof Refusal) return input;
        const evidence = await evidenceFor(who, asking.params['id'] ?? '', 'evidence.request');
        if (!evidence) return unknown('evidence');
        const id = clickId(asking, `request ${evidence.id}`, [input, evidence.requests]);
        const release = `release-${id}`;
        const refused = await command(
          {
            ...byPerson(asking, id),
            kind: 'evidence.requested',
            region: evidence.region,
            evidence: evidence.id,
            hall: evidence.hall,
            release,
            act: input.act,
            purpose: input.purpose,
          },
          asking.key !== undefined,
        );
        if (refused) return refused;
        const made = await releaseFor(who, release, 'evidence.request');
        if (made?.state === 'approved') await tell('evidence.look', {}, manifestWithin);
        return made ?? unknown('release');
      },
    },
    {
      method: 'GET',
      url: '/releases',
      needs: 'evidence.request',
      handle: async ({ who, scope, query }): Promise<ReleasePage | Refusal> => {
        const input = read(releasesQuery, query);
        if (input instanceof Refusal) return input;
        const { state, mine, before, limit } = input;
        const account = mine === 'true' || onlyOwn(who) ? who.account : undefined;
        const rows = await all<ReleaseBody>(store, listReleases(scope, { state, account, before, limit }));
        const items = rows.map(({ body }) => withAnswer(who, body));
        const last = items.at(-1);
        return { items, ...(last && items.length === limit ? { next: last.requestedBy.at } : {}) };
      },
    },
    {
      method: 'GET',
      url: '/releases/:id',
      needs: 'evidence.request',
      handle: async ({ who, params }): Promise<(Release & { mayAnswer: boolean }) | Refusal> => {
        const release = await releaseFor(who, params['id'] ?? '', 'evidence.request');
        if (!release || (onlyOwn(who) && release.requestedBy.account !== who.account)) return unknown('release');
        return withAnswer(who, release);
      },
    },
    {
      method: 'POST',
      url: '/releases/:id/answer',
      needs: 'evidence.approve',
      handle: async (asking): Promise<Release | Refusal> => {
        const { who } = asking;
        const input = read(answerBody, asking.body);
        if (input instanceof Refusal) return input;
        const release = await releaseFor(who, asking.params['id'] ?? '', 'evidence.approve');
        if (!release) return unknown('release');
        const hindered = mayNotAnswer(release, who, world());
        if (hindered) return new Refusal(403, hindered);
        const refused = await command(
          {
            ...byPerson(asking, commandId(asking, `answer ${release.id}`, input.outcome)),
            kind: 'evidence.answered',
            region: release.region,
            evidence: release.evidence,
            hall: release.hall,
            release: release.id,
            organRegion: who.region,
            outcome: input.outcome,
            ...(input.reason === undefined ? {} : { reason: input.reason }),
          },
          asking.key !== undefined,
        );
        if (refused) return refused;
        await tell('evidence.look', {}, manifestWithin);
        return (await releaseFor(who, release.id, 'evidence.approve')) ?? unknown('release');
      },
    },
  ];
}
