/** 三员分立 (SC-29): overseers confirm or refuse what administrators asked for accounts that supervise. */
import { z } from 'zod';
import { boundBy } from '../model/administration.ts';
import {
  confirmWithin,
  mayConfirm,
  type Grant,
  type LineRequest,
  type RequestLine,
  type RequestPage,
} from '../model/confirmation.ts';
import { instant, reasonText } from '../model/fields.ts';
import { may } from '../model/rights.ts';
import type { Named, World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import type { Administration } from './admin.ts';
import { namedDepartment } from './adminPlaces.ts';
import { all, one, type Route } from './gate.ts';
import { conflict, read, Refusal, unknown } from './problem.ts';
import {
  answerLine,
  answerRequest,
  selectAsked,
  selectLineRequests,
  selectRequests,
  type AskedRow,
  type RequestRow,
} from './queries/admin.ts';

const mostRequests = 100;
const answerBody = z.discriminatedUnion('confirmed', [
  z.strictObject({ askedAt: instant, confirmed: z.literal(true) }),
  z.strictObject({ askedAt: instant, confirmed: z.literal(false), reason: reasonText }),
]);

export function adminRequestRoutes(
  { store, world }: Pick<Context, 'store' | 'world'>,
  { note, noteAccount, announce }: Administration,
): Route[] {
  return [
    {
      method: 'GET',
      url: '/watchers/requests',
      needs: 'watchers.oversee',
      handle: async ({ scope, now }): Promise<RequestPage> => {
        const rows = await all<RequestRow>(store, selectRequests(scope.prefix, now - confirmWithin, mostRequests + 1));
        const lines = await all<AskedRow>(
          store,
          selectLineRequests(scope.prefix, now - confirmWithin, mostRequests + 1),
        );
        return {
          items: rows.slice(0, mostRequests).map((row) => lineOf(world(), row)),
          lines: lines.slice(0, mostRequests).flatMap((row) => widerLineOf(world(), row) ?? []),
          isCut: rows.length > mostRequests || lines.length > mostRequests,
        };
      },
    },
    {
      method: 'POST',
      url: '/watchers/lines/:organ',
      needs: 'watchers.oversee',
      handle: async (asking): Promise<object> => {
        const { who, now, params } = asking;
        const input = read(answerBody, asking.body);
        if (input instanceof Refusal) return input;
        const organ = world().organs.get(params['organ'] ?? '');
        if (!organ || !may(who, 'watchers.oversee', { region: organ.region })) return unknown('request');
        const asked = (await one<AskedRow>(store, selectAsked([organ.id])))?.asked;
        if (!asked) return unknown('request');
        const fault = mayConfirm(who, undefined, asked, input.askedAt, now);
        if (fault) return conflict(fault.field, fault.reason);
        const reason = input.confirmed ? undefined : input.reason.trim();
        const refused = await note(asking, {
          ...{ region: organ.region, what: 'organ', act: input.confirmed ? 'confirmed' : 'refused', subject: organ.id },
          ...{ title: organ.name, before: { departments: [...(organ.departments ?? [])] } },
          after: { departments: asked.departments },
          request: { by: asked.by, at: asked.at },
          ...(reason === undefined ? {} : { reason }),
        });
        if (refused) return refused;
        const kept = reason === undefined ? null : { at: now, name: who.name, reason };
        if (!(await one(store, answerLine(organ.id, input.askedAt, kept))))
          return conflict('askedAt', 'something else is asked for by now: read it again');
        const line = asked.departments.join(' ');
        await announce((known) => !input.confirmed || known.organs.get(organ.id)?.departments?.join(' ') === line);
        return {};
      },
    },
    {
      method: 'POST',
      url: '/watchers/requests/:account',
      needs: 'watchers.oversee',
      handle: async (asking): Promise<object> => {
        const { who, scope, now, params } = asking;
        const input = read(answerBody, asking.body);
        if (input instanceof Refusal) return input;
        const account = params['account'] ?? '';
        const row = await one<RequestRow>(store, selectRequests(scope.prefix, 0, 1, account));
        if (!row) return unknown('request');
        const { awaiting, name: title, region, role, hall, organ, department } = row;
        const fault = mayConfirm(who, account, awaiting, input.askedAt, now);
        if (fault) return conflict(fault.field, fault.reason);
        const reason = input.confirmed ? undefined : input.reason.trim();
        // What was read and is answered: the rights as they stand.
        const place = Object.entries({ hall, organ, department }).filter(([, id]) => id !== null) as [string, string][];
        const refused = await noteAccount(asking, {
          ...{ region, subject: account, title, act: input.confirmed ? 'confirmed' : 'refused' },
          ...{ before: {}, after: { role, region, ...Object.fromEntries(place) } },
          request: { by: awaiting.by, at: awaiting.at },
          ...(reason === undefined ? {} : { reason }),
        });
        if (refused) return refused;
        const kept = reason === undefined ? null : { at: now, name: who.name, reason };
        if (!(await one(store, answerRequest(account, input.askedAt, kept))))
          return conflict('askedAt', 'something else is asked for by now: read it again');
        return {};
      },
    },
  ];
}

function lineOf(world: World, { account, name, mustChange, awaiting, ...grant }: RequestRow): RequestLine {
  const { at, byName, what, before } = awaiting;
  return {
    account,
    name,
    ...placed(world, grant),
    ...(before ? { before: placed(world, before) } : {}),
    askedAt: at,
    lapsesAt: at + confirmWithin,
    byName,
    what,
    mustChange,
  };
}

/** Nothing where the body is gone. */
function widerLineOf(world: World, { id, asked }: AskedRow): LineRequest | undefined {
  const organ = world.organs.get(id);
  if (!organ) return undefined;
  const present = organ.departments ?? [];
  const named = ({ name, nameEn }: Named): Named => ({ name, ...(nameEn === undefined ? {} : { nameEn }) });
  const { at, byName, departments } = asked;
  return {
    organ: id,
    name: named(organ),
    region: { code: organ.region, ...named(world.regions.get(organ.region) ?? { name: organ.region }) },
    added: departments.filter((each) => !present.includes(each)).map((each) => namedDepartment(world, each)),
    removed: present.filter((each) => !departments.includes(each)).map((each) => namedDepartment(world, each)),
    ...{ askedAt: at, lapsesAt: at + confirmWithin, byName },
  };
}

function placed(world: World, grant: Grant): Pick<RequestLine, 'role' | 'region' | 'place'> {
  const { role, region } = grant;
  const bound = boundBy[role];
  const lists = { hall: world.halls, organ: world.organs, department: world.departments };
  const place = bound === undefined ? undefined : lists[bound].get(grant[bound] ?? '');
  const named = ({ name, nameEn }: Named): Named => ({ name, ...(nameEn === undefined ? {} : { nameEn }) });
  return {
    role,
    region: { code: region, ...named(world.regions.get(region) ?? { name: region }) },
    ...(place ? { place: named(place) } : {}),
  };
}
