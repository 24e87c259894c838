import { z } from 'zod';
import { addDays, dayOf } from '../model/calendar.ts';
import type { PackChecked, PackDetail, PackLine, PackList, PackText } from '../model/packApi.ts';
import type { RulePack } from '../model/pack.ts';
import { may, type Identity } from '../model/rights.ts';
import { chainOf, packOf, prefixOf, type World } from '../model/world.ts';
import { inheritedOf } from '../platform/packFile.ts';
import type { Context } from '../platform/part.ts';
import type { Command } from './commands.ts';
import { all, type Route } from './gate.ts';
import { lineOfDraft, packDraftRoutes } from './packDrafts.ts';
import { read, Refusal, unknown } from './problem.ts';
import { selectDrafts, selectPacks, type DraftRow, type PackRow } from './queries/packs.ts';
import { packText, Shelf } from './shelf.ts';
import type { Trials } from './trials.ts';

const checkBody = z.strictObject({ text: packText });
const versionQuery = z.object({ version: z.coerce.number().int().min(1).optional() });
const mostDrafts = 200;

const regionNames = (world: World, code: string): Pick<PackLine, 'regionName' | 'regionNameEn'> => {
  const region = world.regions.get(code);
  return {
    regionName: region?.name ?? code,
    ...(region?.nameEn === undefined ? {} : { regionNameEn: region.nameEn }),
  };
};

/** The packs whose rules reach the person: of regions above, their own and below. */
export const mayRead = (who: Pick<Identity, 'region'>, region: string): boolean =>
  region.startsWith(prefixOf(who.region)) || chainOf(who.region).includes(region);

function lineOf(world: World, pack: RulePack, state: PackLine['state']): PackLine {
  const { id, version, region, title, effectiveFrom, effectiveTo, trial, rules, parent } = pack;
  return {
    id,
    version,
    region,
    ...regionNames(world, region),
    title,
    effectiveFrom,
    ...(effectiveTo === undefined ? {} : { effectiveTo }),
    trial: trial ?? false,
    rules: rules.length,
    ...(parent === undefined ? {} : { parent }),
    state,
  };
}

/** In force is what `packOf` gives for the region itself today. */
function stateOf(world: World, pack: RulePack, now: number): PackLine['state'] {
  const today = dayOf(now);
  if (pack.effectiveFrom > today) return 'coming';
  const present = packOf(world, pack.region, today);
  return present?.id === pack.id && present.version === pack.version ? 'inForce' : 'earlier';
}

export function packRoutes(context: Context, command: Command, trials: Trials): Route[] {
  const { store, world } = context;
  const shelf = new Shelf(context);

  /** A version of a pack that the person may see. */
  async function pick(
    who: Identity,
    id: string,
    version?: number,
  ): Promise<{ pack: RulePack; versions: RulePack[] } | undefined> {
    const versions = (await shelf.versions(id)).filter((each) => mayRead(who, each.region));
    const pack = version === undefined ? versions[0] : versions.find((each) => each.version === version);
    if (pack) return { pack, versions };
    const found = (await shelf.library()).find((each) => each.id === id && (version ?? each.version) === each.version);
    return found && { pack: found, versions: [found] };
  }

  return [
    {
      method: 'GET',
      url: '/packs',
      needs: 'pack.read',
      handle: async ({ who, scope, now }): Promise<PackList> => {
        const present = world();
        const [rows, drafts, library] = await Promise.all([
          all<PackRow>(store, selectPacks),
          all<DraftRow>(store, selectDrafts(scope.prefix, mostDrafts)),
          shelf.library(),
        ]);
        const stored = rows.map(({ body }) => body).filter((each) => mayRead(who, each.region));
        const ids = new Set(stored.map(({ id }) => id));
        return {
          packs: [
            ...stored.map((each) => lineOf(present, each, stateOf(present, each, now))),
            ...library.filter(({ id }) => !ids.has(id)).map((each) => lineOf(present, each, 'library')),
          ],
          drafts: drafts.map((row) => lineOfDraft(present, row)),
        };
      },
    },
    {
      method: 'GET',
      url: '/packs/:id',
      needs: 'pack.read',
      handle: async ({ who, params, query, now }): Promise<PackDetail | Refusal> => {
        const input = read(versionQuery, query);
        if (input instanceof Refusal) return input;
        const found = await pick(who, params['id'] ?? '', input.version);
        if (!found) return unknown('rule pack');
        const { pack, versions } = found;
        const isStored = world().packs.has(pack.id);
        const parent = await shelf.parentOf(pack);
        return {
          line: lineOf(world(), pack, isStored ? stateOf(world(), pack, now) : 'library'),
          pack,
          chain: await shelf.chainOf(pack),
          inherited: parent ? inheritedOf(pack, parent) : [],
          versions: versions.map(({ version, effectiveFrom }) => ({ version, effectiveFrom })),
        };
      },
    },
    {
      method: 'GET',
      url: '/packs/:id/text',
      needs: 'pack.read',
      handle: async ({ who, params, now }): Promise<PackText | Refusal> => {
        const found = await pick(who, params['id'] ?? '');
        if (!found) return unknown('rule pack');
        const effectiveFrom = addDays(dayOf(now), 7);
        const { effectiveTo: _, ...pack } = found.pack;
        if (may(who, 'pack.draft', { region: pack.region }) && world().regions.has(pack.region))
          return { text: await shelf.text({ ...pack, version: pack.version + 1, effectiveFrom }) };
        // A pack of another region: the person's own region inherits from it and says what differs (SC-02b).
        const id = `${pack.id}-${who.region}`;
        const [newest] = await shelf.versions(id);
        const region = world().regions.get(who.region);
        const { name, nameEn = name } = region ?? { name: who.region };
        const title = { zh: `${name}电子监察规则`, en: `${nameEn}: electronic supervision` };
        const own = { title, region: who.region, version: (newest?.version ?? 0) + 1, effectiveFrom, source: name };
        return { text: shelf.child({ ...pack, id, parent: pack.id, ...own }, pack) };
      },
    },
    {
      method: 'POST',
      url: '/packs/check',
      needs: 'pack.draft',
      handle: async ({ body }): Promise<PackChecked | Refusal> => {
        const input = read(checkBody, body);
        return input instanceof Refusal ? input : shelf.check(input.text);
      },
    },
    ...packDraftRoutes(context, command, trials, shelf),
  ];
}
