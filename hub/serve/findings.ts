import { z } from 'zod';
import { dayOf } from '../model/calendar.ts';
import type { Event } from '../model/event.ts';
import { identifier, reasonText } from '../model/fields.ts';
import {
  findingStates,
  type Finding,
  type FindingDetail,
  type FindingLine,
  type FindingPage,
} from '../model/finding.ts';
import { photoList } from '../model/findingEvents.ts';
import { may, type Identity, type Permission } from '../model/rights.ts';
import { prefixOf } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, commandId, defined, type Command } from './commands.ts';
import { cursorField, dayField, momentsOf, nextOf, regionField } from './filters.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import type { Photos } from './photos.ts';
import { conflict, read, Refusal, unknown } from './problem.ts';
import { listFindings, listLookBacks, regionOfVisit, type FindingBody } from './queries/findings.ts';
import { entriesAbout, type EntryBody } from './queries/ledger.ts';
import { selectFinding } from './queries/patrol.ts';

const listQuery = z.object({
  state: z.enum(['open', 'all', ...findingStates]).default('open'),
  region: regionField.optional(),
  hall: identifier.optional(),
  window: identifier.optional(),
  code: identifier.optional(),
  late: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  from: dayField.optional(),
  to: dayField.optional(),
  before: cursorField.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const lookBacksQuery = z.object({
  month: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'expected a month, YYYY-MM')
    .optional(),
});
const answerBody = z.strictObject({ text: reasonText, photos: photoList.default([]) });
const bodies = {
  verify: z.strictObject({ outcome: z.enum(['accepted', 'sentBack']), note: reasonText.optional() }),
  decideAppeal: z.strictObject({ outcome: z.enum(['accepted', 'rejected']), reason: reasonText }),
  lookBack: z.strictObject({
    outcome: z.enum(['fine', 'again']),
    note: reasonText.optional(),
    again: identifier.optional(),
  }),
};
/** Look-backs of a month and of those before it. */
const mostLookBacks = 200;

/** The finding, when it is in the person's scope; else nothing is said of it. */
export async function findingFor({ store }: Pick<Context, 'store'>, who: Identity, id: string) {
  const finding = (await one<FindingBody>(store, selectFinding(id)))?.body;
  return finding && may(who, 'finding.read', finding) ? finding : undefined;
}

/** 问题: the list, one with its story, and what hall and inspectors do to it. */
export function findingRoutes(context: Context, command: Command, photos: Photos): Route[] {
  const { store, world } = context;

  function lineOf(finding: Finding): FindingLine {
    const hall = world().halls.get(finding.hall);
    const window = world().windows.get(finding.window);
    return {
      ...finding,
      hallName: hall?.name ?? '',
      ...(hall?.nameEn === undefined ? {} : { hallNameEn: hall.nameEn }),
      ...(window ? { windowNumber: window.number, windowName: window.name } : {}),
      ...(window?.nameEn === undefined ? {} : { windowNameEn: window.nameEn }),
    };
  }

  /** Publishes what was done; `round` tells a second time from a second click. */
  async function act(
    asking: Asking,
    finding: Finding,
    path: string,
    round: unknown,
    event: Pick<Event, 'kind'> & Record<string, unknown>,
  ): Promise<FindingLine | Refusal> {
    const id = commandId(asking, `${path} ${finding.id}`, JSON.stringify(round));
    const base = { ...byPerson(asking, id), region: finding.region, finding: finding.id, hall: finding.hall };
    const refused = await command({ ...base, ...defined(event) } as unknown as Event, asking.key !== undefined);
    if (refused) return refused;
    const after = await findingFor(context, asking.who, finding.id);
    return after ? lineOf(after) : unknown('finding');
  }

  /** The finding for who may do this to it. */
  async function findingTo(asking: Asking, needs: Permission): Promise<Finding | Refusal> {
    const finding = await findingFor(context, asking.who, asking.params['id'] ?? '');
    return finding && may(asking.who, needs, finding) ? finding : unknown('finding');
  }

  function answering(path: string, kind: 'finding.responded' | 'finding.rectified' | 'finding.appealed'): Route {
    return {
      method: 'POST',
      url: `/findings/:id/${path}`,
      needs: 'finding.answer',
      handle: async (asking): Promise<FindingLine | Refusal> => {
        const input = read(answerBody, asking.body ?? {});
        if (input instanceof Refusal) return input;
        if (kind === 'finding.rectified' && input.photos.length === 0)
          return new Refusal(400, { field: 'photos', reason: 'expected a photo of what was put right' });
        const finding = await findingTo(asking, 'finding.answer');
        if (finding instanceof Refusal) return finding;
        const kept = await photos.attach(input.photos);
        if (!kept.ok) return conflict('photos', 'a photo is not there: upload it first');
        const round = [finding.rectification?.answer?.at, finding.appeal?.answer?.at];
        const done = await act(asking, finding, path, round, { kind, ...input });
        if (done instanceof Refusal) await kept.undo();
        return done;
      },
    };
  }

  return [
    {
      method: 'GET',
      url: '/findings',
      needs: 'finding.read',
      line: true,
      handle: async ({ who, scope, query, now }): Promise<FindingPage | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        if (input.region !== undefined && !input.region.startsWith(prefixOf(who.region))) return { items: [] };
        const filter = { ...input, ...momentsOf(input) };
        const items = (await all<FindingBody>(store, listFindings(scope, filter, now))).map(({ body }) => lineOf(body));
        const last = items.at(-1);
        return { items, ...(last && items.length === input.limit ? { next: nextOf(last) } : {}) };
      },
    },
    {
      method: 'GET',
      url: '/lookbacks',
      needs: 'finding.verify',
      line: true,
      handle: async ({ scope, query, now }): Promise<FindingPage | Refusal> => {
        const input = read(lookBacksQuery, query);
        if (input instanceof Refusal) return input;
        const month = input.month ?? dayOf(now).slice(0, 7);
        const rows = await all<FindingBody>(store, listLookBacks(scope, month, mostLookBacks));
        return { items: rows.map(({ body }) => lineOf(body)) };
      },
    },
    {
      method: 'GET',
      url: '/findings/:id',
      needs: 'finding.read',
      line: true,
      handle: async ({ who, params, scope }): Promise<FindingDetail | Refusal> => {
        const finding = await findingFor(context, who, params['id'] ?? '');
        if (!finding) return unknown('finding');
        // The ledger is the inspectors' book; a hall manager sees what was done on the finding itself.
        const entries = may(who, 'ledger.read')
          ? await all<EntryBody>(store, entriesAbout([finding.id], scope.prefix))
          : [];
        return { finding: lineOf(finding), ledger: entries.map(({ body }) => body).reverse() };
      },
    },
    answering('respond', 'finding.responded'),
    answering('rectify', 'finding.rectified'),
    answering('appeal', 'finding.appealed'),
    {
      method: 'POST',
      url: '/findings/:id/verify',
      needs: 'finding.verify',
      line: true,
      handle: async (asking): Promise<FindingLine | Refusal> => {
        const input = read(bodies.verify, asking.body ?? {});
        if (input instanceof Refusal) return input;
        const finding = await findingTo(asking, 'finding.verify');
        if (finding instanceof Refusal) return finding;
        const round = [input.outcome, finding.rectification?.at];
        return act(asking, finding, 'verify', round, { kind: 'finding.verified', ...input });
      },
    },
    {
      method: 'POST',
      url: '/findings/:id/decide-appeal',
      needs: 'finding.verify',
      line: true,
      handle: async (asking): Promise<FindingLine | Refusal> => {
        const input = read(bodies.decideAppeal, asking.body ?? {});
        if (input instanceof Refusal) return input;
        const finding = await findingTo(asking, 'finding.verify');
        if (finding instanceof Refusal) return finding;
        // SC-27: no level undoes what one above it found.
        const found = await one<{ region: string }>(store, regionOfVisit(finding.visit));
        if (found && !found.region.startsWith(prefixOf(asking.who.region)))
          return conflict('account', 'the appeal is decided by the level that made the finding, or one above it');
        return act(asking, finding, 'decide-appeal', input.outcome, { kind: 'finding.appealDecided', ...input });
      },
    },
    {
      method: 'POST',
      url: '/findings/:id/look-back',
      needs: 'finding.verify',
      line: true,
      handle: async (asking): Promise<FindingLine | Refusal> => {
        const input = read(bodies.lookBack, asking.body ?? {});
        if (input instanceof Refusal) return input;
        const finding = await findingTo(asking, 'finding.verify');
        if (finding instanceof Refusal) return finding;
        const again = input.again === undefined ? undefined : await findingFor(context, asking.who, input.again);
        if (input.again !== undefined && again?.hall !== finding.hall)
          return new Refusal(400, { field: 'again', reason: 'expected a finding of the same hall' });
        return act(asking, finding, 'look-back', '', { kind: 'finding.lookedBack', ...input });
      },
    },
  ];
}
