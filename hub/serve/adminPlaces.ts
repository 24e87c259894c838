import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { changes, forms, placeKinds, unfitPlace, type Place, type PlaceKind } from '../model/administration.ts';
import type { PlaceLine, PlacePage } from '../model/adminApi.ts';
import { dayOf } from '../model/calendar.ts';
import { widensLine, type LineAsked, type NamedDepartment } from '../model/confirmation.ts';
import { identifier, regionCode } from '../model/fields.ts';
import { may } from '../model/rights.ts';
import { chainOf, isOpenOn, prefixOf, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { addPlace, changePlace, placeOf } from '../platform/reference.ts';
import { differenceOf, pageOf, wrong, type Administration } from './admin.ts';
import { defined } from './commands.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { conflict, read, Refusal, unknown } from './problem.ts';
import { accountsOfPlaces, askLine, selectAsked, selectConfirmer, type AskedRow } from './queries/admin.ts';

const pageSize = 100;
const listQuery = z.object({
  region: regionCode.optional(),
  hall: identifier.optional(),
  text: z.string().max(60).optional(),
  after: z.string().max(80).optional(),
});

const unconfirmable =
  'no overseer of the region or above can confirm a wider line: the command line makes one (hallwatch account add)';
const changedMeanwhile = 'the line was changed meanwhile: read it again';

/** Organs, departments, halls, windows and regions, as `hub/model/adminApi.ts` says. */
export function adminPlaceRoutes(context: Context, { note, announce }: Administration): Route[] {
  const { store, world } = context;

  const kindOf = ({ params }: Asking): PlaceKind | undefined => placeKinds.find((each) => each === params['kind']);
  const maySee = ({ who }: Asking, place: { region: string }): boolean =>
    may(who, 'place.manage', { region: place.region });

  async function linesOf(kind: PlaceKind, places: Place[], now: number): Promise<PlaceLine[]> {
    const present = world();
    const today = dayOf(now);
    const accounts =
      kind === 'window'
        ? new Map<string, number>()
        : await accountsOfPlaces(
            store,
            kind,
            places.map(({ id }) => id),
          );
    const ids = kind === 'organ' ? places.flatMap(({ id, departments }) => (departments ? [id] : [])) : [];
    const asked = ids.length === 0 ? [] : await all<AskedRow>(store, selectAsked(ids));
    return places.map((place) => {
      const wider = asked.find(({ id }) => id === place.id)?.asked;
      return { ...lineOf(present, kind, place, today, accounts.get(place.id)), ...(wider ? { asked: wider } : {}) };
    });
  }

  return [
    {
      method: 'GET',
      url: '/admin/places/:kind',
      needs: 'place.manage',
      handle: async (asking): Promise<PlacePage | Refusal> => {
        const kind = kindOf(asking);
        if (!kind) return unknown('kind of place');
        const query = read(listQuery, asking.query);
        if (query instanceof Refusal) return query;
        const present = world();
        const text = query.text?.trim().toLowerCase() ?? '';
        const found = placesOf(present, kind)
          .filter(
            (each) =>
              maySee(asking, each) &&
              (query.region === undefined || each.region.startsWith(prefixOf(query.region))) &&
              (query.hall === undefined || each.hall === query.hall) &&
              [each.name, each.nameEn, each.number, each.id].some((field) => field?.toLowerCase().includes(text)),
          )
          .sort(inOrder);
        const page = pageOf(found, ({ id }) => id, query.after, pageSize);
        return { ...page, items: await linesOf(kind, page.items, asking.now) };
      },
    },
    {
      method: 'POST',
      url: '/admin/places/:kind',
      needs: 'place.manage',
      handle: async (asking): Promise<PlaceLine | Refusal> => {
        const kind = kindOf(asking);
        if (!kind) return unknown('kind of place');
        const input = read<z.ZodType<Partial<Place> & { code?: string | undefined; name: string }>>(
          forms[kind],
          asking.body,
        );
        if (input instanceof Refusal) return input;
        const present = world();
        const { code, ...form } = input;
        const region = kind === 'region' ? code : (form.region ?? present.halls.get(form.hall ?? '')?.region);
        if (kind === 'window' && region === undefined)
          return wrong({ field: 'hall', reason: 'expected a hall of your region' });
        if (kind === 'region' && !region!.startsWith(prefixOf(asking.who.region)))
          return wrong({ field: 'code', reason: 'expected a region below your own' });
        if (kind !== 'region' && (!present.regions.has(region!) || !maySee(asking, { region: region! })))
          return wrong({
            field: kind === 'window' ? 'hall' : 'region',
            reason: 'expected your own region or one below it',
          });
        const place: Place = {
          ...form,
          id: code ?? freeId(present, kind, { ...form, region: region! }),
          region: region!,
        };
        if (placeOf(present, kind, place.id)) return conflict('code', 'this code is taken already');
        const fault = unfitPlace(kind, place, undefined, present, dayOf(asking.now));
        if (fault) return wrong(fault);
        const { after } = differenceOf(undefined, form);
        const refused = await note(asking, {
          ...{
            region: place.region,
            what: kind,
            act: 'added',
            subject: place.id,
            title: place.name,
            before: {},
            after,
          },
          ...(kind === 'window' ? { hall: place.hall } : {}),
        });
        if (refused) return refused;
        if (!(await addPlace(store, present, kind, place, asking.now)))
          return conflict('code', 'this code is taken already');
        await announce((now) => placeOf(now, kind, place.id) !== undefined);
        const [line] = await linesOf(kind, [place], asking.now);
        return line!;
      },
    },
    {
      method: 'POST',
      url: '/admin/places/:kind/:id',
      needs: 'place.manage',
      handle: async (asking): Promise<PlaceLine | Refusal> => {
        const kind = kindOf(asking);
        const present = world();
        const before = kind && placeOf(present, kind, asking.params['id'] ?? '');
        if (!kind || !before || !maySee(asking, before)) return unknown('place');
        const input = read<z.ZodType<Partial<Place>>>(changes[kind], asking.body);
        if (input instanceof Refusal) return input;
        const { fields, ...difference } = differenceOf(before, input);
        const place: Place = { ...before, ...input };
        if (fields.length > 0) {
          const fault = unfitPlace(kind, place, before, present, dayOf(asking.now));
          if (fault) return wrong(fault);
          // 三员分立: who keeps the system does not widen by themselves what others may see.
          const wider =
            kind === 'organ' && widensLine(before.departments, place.departments) ? lineFor(asking, place) : undefined;
          if (wider && !(await one(store, selectConfirmer(chainOf(place.region), [asking.who.account]))))
            return conflict('departments', unconfirmable);
          const isClosing = fields.includes('closedFrom');
          const refused = await note(asking, {
            region: place.region,
            what: kind,
            act: !isClosing ? 'changed' : place.closedFrom ? 'closed' : 'reopened',
            subject: place.id,
            title: place.name,
            ...difference,
            ...(wider ? { awaits: true } : {}),
            ...(kind === 'hall' ? { hall: place.id } : kind === 'window' ? { hall: place.hall } : {}),
          });
          if (refused) return refused;
          const own = wider ? fields.filter((field) => field !== 'departments') : fields;
          const isWritten =
            (own.length === 0 || (await changePlace(store, kind, { place, before, fields: own }, asking.now))) &&
            (!wider || (await one(store, askLine(place.id, before.departments!, wider))) !== undefined);
          if (!isWritten) return conflict('departments', changedMeanwhile);
          const { departments: _, ...rest } = input;
          await announce((now) => now !== present && isThere(placeOf(now, kind, place.id), wider ? rest : input));
          if (wider) place.departments = before.departments!;
        }
        const [line] = await linesOf(kind, [place], asking.now);
        return line!;
      },
    },
  ];
}

const lineFor = ({ who, now }: Asking, { departments = [] }: Place): LineAsked => ({
  ...{ at: now, by: who.account, byName: who.name, departments: [...departments] },
});

const isThere = (place: Place | undefined, input: Partial<Place>): boolean =>
  place !== undefined && differenceOf(place, input).fields.length === 0;

function placesOf(world: World, kind: PlaceKind): Place[] {
  const lists = {
    region: world.regions,
    organ: world.organs,
    department: world.departments,
    hall: world.halls,
    window: world.windows,
  };
  return [...lists[kind].keys()].flatMap((id) => placeOf(world, kind, id) ?? []);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const inOrder = (a: Place, b: Place): number =>
  compare(a.region, b.region) ||
  compare(a.hall ?? '', b.hall ?? '') ||
  (a.number ?? '').localeCompare(b.number ?? '', 'en', { numeric: true }) ||
  compare(a.id, b.id);

/** An id that says what it is: sources name halls and windows by it. */
function freeId(world: World, kind: PlaceKind, place: Omit<Place, 'id'>): string {
  const begin = {
    region: place.region,
    organ: `organ-${place.region}`,
    department: `${place.region}-${randomBytes(3).toString('hex')}`,
    hall: `hall-${place.region}-`,
    window: `win-${(place.hall ?? '').replace(/^hall-/, '')}-${(place.number ?? '').padStart(2, '0')}`,
  }[kind];
  const isFree = (id: string): boolean => placeOf(world, kind, id) === undefined;
  if (kind !== 'hall' && isFree(begin)) return begin;
  for (let n = kind === 'hall' ? 1 : 2; n < 1_000; n += 1) {
    const id = kind === 'hall' ? `${begin}${n}` : `${begin}-${n}`;
    if (isFree(id)) return id;
  }
  return `${begin}-${randomBytes(4).toString('hex')}`;
}

export function namedDepartment(world: World, id: string): NamedDepartment {
  const department = world.departments.get(id);
  const region = world.regions.get(department?.region ?? '');
  return {
    ...{ id, name: department?.name ?? id, regionName: region?.name ?? '' },
    ...(department?.nameEn === undefined ? {} : { nameEn: department.nameEn }),
    ...(region?.nameEn === undefined ? {} : { regionNameEn: region.nameEn }),
  };
}

function lineOf(world: World, kind: PlaceKind, place: Place, today: string, accounts: number | undefined): PlaceLine {
  const open = (each: { closedFrom?: string }): boolean => isOpenOn(each, today);
  const count = <T>(list: Iterable<T>, is: (each: T) => boolean): number => [...list].filter(is).length;
  const department = place.department ? world.departments.get(place.department) : undefined;
  const cameras = [...world.cameras.values()];
  return {
    ...(defined(place) as PlaceLine),
    ...(kind === 'region' ? { level: world.regions.get(place.id)?.level ?? 'county' } : {}),
    ...(kind === 'region'
      ? { halls: count(world.halls.values(), (each) => each.region === place.id && open(each)) }
      : {}),
    ...(kind === 'hall'
      ? {
          windows: count(world.windows.values(), (each) => each.hall === place.id && open(each)),
          cameraCount: count(cameras, (each) => each.hall === place.id && each.enabled),
        }
      : {}),
    ...(kind === 'department'
      ? { windows: count(world.windows.values(), (each) => each.department === place.id && open(each)) }
      : {}),
    ...(department
      ? { departmentName: department.name, ...(department.nameEn ? { departmentNameEn: department.nameEn } : {}) }
      : {}),
    ...(kind === 'window'
      ? {
          cameras: cameras
            .filter((each) => each.window === place.id)
            .map(({ id, name, nameEn, enabled }) => ({
              id,
              name,
              enabled,
              ...(nameEn === undefined ? {} : { nameEn }),
            })),
        }
      : {}),
    ...(place.departments ? { line: place.departments.map((id) => namedDepartment(world, id)) } : {}),
    ...(accounts === undefined ? {} : { accounts }),
  };
}
