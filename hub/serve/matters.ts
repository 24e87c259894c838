import { z } from 'zod';
import type { MatterDetail, MatterLine, MatterPage } from '../model/matterApi.ts';
import { identifier, longText } from '../model/fields.ts';
import { businessTypes, isSecret } from '../model/matter.ts';
import { diffRecords, type Change } from '../model/matterDiff.ts';
import { approvalsOf, reviewersOf, versionStates, type Act, type MatterVersion } from '../model/matterVersion.ts';
import { may, officeOf, type Identity } from '../model/rights.ts';
import { chainOf, matterKey, prefixOf, type Matter } from '../model/world.ts';
import { turnMatter, versionsOf } from '../platform/matters.ts';
import type { Context } from '../platform/part.ts';
import { regionField } from './filters.ts';
import { all, type Asking, type Route } from './gate.ts';
import { conflict, forbidden, read, Refusal, unknown } from './problem.ts';
import { selectMatters, type MatterRow } from './queries/matters.ts';

const listQuery = z.object({
  region: regionField.optional(),
  department: identifier.optional(),
  businessType: z.enum(businessTypes).optional(),
  state: z.enum([...versionStates, 'none']).optional(),
  coverage: z.enum(['covered', 'uncovered']).optional(),
  text: z.string().trim().min(1).max(60).optional(),
  after: z
    .string()
    .max(200)
    .regex(/^\d{6}\..+$/, 'expected the `next` of a page')
    .transform((text) => ({ region: text.slice(0, 6), code: text.slice(7) }))
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const versionField = z.coerce.number().int().min(1).max(100_000);
const diffQuery = z.object({ from: versionField, to: versionField });
const returnBody = z.strictObject({ reason: longText.min(1) });

/** Coverage looks back a year: a matter that nobody asked for in a year is worth a question (XY-18). */
const lookBackMs = 365 * 86_400_000;

/** The catalogue on the pages: lists, records with their versions, and the review (XY-14, XY-15). */
export function matterRoutes(context: Context): Route[] {
  const { store, world } = context;

  /** The matter's versions and what is in force; nothing at all when any of it that counts is secret (JY-02). */
  async function matterFor(
    who: Identity,
    { region = '', code = '' }: Record<string, string>,
  ): Promise<{ versions: MatterVersion[]; inForce: Matter | undefined } | undefined> {
    const isNear = region.startsWith(prefixOf(who.region)) || chainOf(who.region).includes(region);
    if (!isNear) return undefined;
    const inForce = world().matters.get(matterKey(region, code));
    const versions = await versionsOf(store, region, code);
    const counting = [versions.at(-1), versions.findLast(({ state }) => state === 'frozen')];
    if (inForce?.secret || counting.some((each) => each && isSecret(each.record))) return undefined;
    if (!inForce && versions.length === 0) return undefined;
    return { inForce, versions: versions.filter(({ record }) => !isSecret(record)) };
  }

  async function detail(who: Identity, params: Record<string, string>): Promise<MatterDetail | Refusal> {
    const found = await matterFor(who, params);
    if (!found) return unknown('matter');
    const { region = '', code = '' } = params;
    const { inForce, versions } = found;
    const newest = versions.at(-1);
    const given = newest?.state === 'submitted' ? approvalsOf(newest) : [];
    const waitsFor =
      newest?.state === 'submitted'
        ? reviewersOf(newest.record.businessType).filter((office) => !given.includes(office))
        : [];
    return { region, code, ...(inForce ? { inForce } : {}), versions, waitsFor };
  }

  const act = (path: 'submit' | 'approve' | 'return' | 'freeze'): Route => ({
    method: 'POST',
    url: `/matters/:region/:code/${path}`,
    needs: path === 'submit' || path === 'freeze' ? 'matter.edit' : 'matter.review',
    handle: async ({ who, params, body, now }): Promise<MatterDetail | Refusal> => {
      const { region = '', code = '' } = params;
      const needs = path === 'submit' || path === 'freeze' ? 'matter.edit' : 'matter.review';
      if (!(await matterFor(who, params))) return unknown('matter');
      if (!may(who, needs, { region })) return forbidden(`needs the right ${needs} in ${region}`);
      const done = actOf(path, who, body, now);
      if (done instanceof Refusal) return done;
      const turned = await turnMatter(context, region, code, done);
      return turned.ok ? detail(who, params) : conflict('version', turned.reason);
    },
  });

  return [
    {
      method: 'GET',
      url: '/matters',
      needs: 'matter.read',
      handle: async ({ who, scope, query, now }: Asking): Promise<MatterPage | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        if (input.region !== undefined && !prefixOf(input.region).startsWith(scope.prefix))
          return new Refusal(403, { field: 'region', reason: `expected a region within ${who.region}` });
        const above = chainOf(who.region).filter((each) => each !== who.region);
        const filter = { ...input, above, since: now - lookBackMs, limit: input.limit + 1 };
        const rows = await all<MatterRow>(store, selectMatters(scope, filter));
        const items = rows.slice(0, input.limit).map(lineOf);
        const last = items.at(-1);
        return { items, ...(last && rows.length > input.limit ? { next: `${last.region}.${last.code}` } : {}) };
      },
    },
    {
      method: 'GET',
      url: '/matters/:region/:code',
      needs: 'matter.read',
      handle: async ({ who, params }) => detail(who, params),
    },
    {
      method: 'GET',
      url: '/matters/:region/:code/diff',
      needs: 'matter.read',
      handle: async ({ who, params, query }): Promise<Change[] | Refusal> => {
        const input = read(diffQuery, query);
        if (input instanceof Refusal) return input;
        const found = await matterFor(who, params);
        const [from, to] = [input.from, input.to].map((wanted) =>
          found?.versions.find(({ version }) => version === wanted),
        );
        return from && to ? diffRecords(from.record, to.record) : unknown('version');
      },
    },
    ...(['submit', 'approve', 'return', 'freeze'] as const).map(act),
  ];
}

/** Two people may have one name: the account tells them apart, so that nobody reviews what he submitted. */
function actOf(
  path: 'submit' | 'approve' | 'return' | 'freeze',
  who: Identity,
  body: unknown,
  at: number,
): Act | Refusal {
  const by = `${who.name}（${who.account}）`;
  if (path === 'submit' || path === 'freeze') return { act: path, by, at };
  const office = officeOf(who.role);
  if (!office) return forbidden('needs the role of a reviewing office (XY-14)');
  if (path === 'approve') return { act: path, office, by, at };
  const input = read(returnBody, body ?? {});
  return input instanceof Refusal ? input : { act: path, office, by, at, reason: input.reason };
}

function lineOf(row: MatterRow): MatterLine {
  return {
    region: row.region,
    code: row.code,
    name: row.name,
    ...(row.name_en === null ? {} : { nameEn: row.name_en }),
    ...(row.department === null ? {} : { department: row.department }),
    businessType: row.business_type,
    itemClass: row.item_class,
    ...(row.statutory_days === null ? {} : { statutoryDays: row.statutory_days }),
    ...(row.promised_days === null ? {} : { promisedDays: row.promised_days }),
    live: row.live,
    ...(row.version === null ? {} : { version: row.version }),
    ...(row.state === null ? {} : { state: row.state }),
    ...(row.frozen === null ? {} : { frozen: row.frozen }),
    covered: row.covered,
  };
}
