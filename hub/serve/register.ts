import { z } from 'zod';
import type { Event } from '../model/event.ts';
import { entryId } from '../model/decideRegister.ts';
import { identifier, longText } from '../model/fields.ts';
import {
  faultOf,
  registerKinds,
  signable,
  type RegisterChoices,
  type RegisterLine,
  type RegisterPage,
} from '../model/register.ts';
import { registerFields } from '../model/registerEvents.ts';
import { may, type Identity } from '../model/rights.ts';
import { prefixOf, supervisorOf } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, clickId, commandId, type Command } from './commands.ts';
import { chunkRows, fileWriter, mostRows, type FileKind } from './exports.ts';
import { chainAsked, cursorField, dayField, language, momentsOf, nextOf, regionField } from './filters.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { conflict, read, Refusal, unknown } from './problem.ts';
import {
  selectEntry,
  selectHead,
  selectInspectors,
  selectLines,
  selectSigned,
  type RegisterFilter,
  type RegisterRow,
} from './queries/register.ts';
import { lineOf } from './registerLine.ts';
import { registerTable, type Head } from './registerTable.ts';
import type { Scope } from './queries/scope.ts';

const fields = {
  kind: z.enum(registerKinds, { error: `expected ${registerKinds.join(', ')}` }).optional(),
  region: regionField.optional(),
  organ: identifier.optional(),
  hall: identifier.optional(),
  found: z
    .enum(['true', 'false'], { error: 'expected true or false' })
    .transform((text) => text === 'true')
    .optional(),
  account: identifier.optional(),
  from: dayField.optional(),
  to: dayField.optional(),
};
const listQuery = z.object({
  ...fields,
  before: cursorField.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
const exportQuery = z.object({ ...fields, ...language });
const entryBody = z.strictObject(registerFields);
const reviewBody = z.strictObject({ of: z.enum(signable), line: identifier, note: longText.optional() });

/** 监察台账 (SC-19): its lines, what people enter, signatures, and the register as a file. */
export function registerRoutes({ store, world }: Pick<Context, 'store' | 'world'>, command: Command): Route[] {
  const write = fileWriter();

  function filterOf({ organ, ...rest }: Omit<z.output<typeof exportQuery>, 'lang'>): Omit<RegisterFilter, 'limit'> {
    const found = organ === undefined ? undefined : world().organs.get(organ);
    // An organ that is not there has done nothing.
    const asked = organ === undefined ? undefined : { id: organ, region: found?.region ?? '' };
    return { ...rest, ...momentsOf(rest), organ: asked };
  }

  async function linesOf(who: Identity, scope: Scope, filter: RegisterFilter): Promise<RegisterLine[]> {
    const rows = await all<RegisterRow>(store, selectLines(scope, filter));
    return rows.map((row) => lineOf(world(), who, row));
  }

  async function* chunks(
    who: Identity,
    scope: Scope,
    filter: Omit<RegisterFilter, 'limit'>,
  ): AsyncGenerator<RegisterLine[]> {
    let { before } = filter;
    for (let left = mostRows; left > 0;) {
      const limit = Math.min(chunkRows, left);
      const lines = await linesOf(who, scope, { ...filter, before, limit });
      if (lines.length > 0) yield lines;
      const last = lines.at(-1);
      if (!last || lines.length < limit) return;
      left -= lines.length;
      before = { at: last.at, id: last.id };
    }
  }

  const file = (kind: FileKind): Route => ({
    method: 'GET',
    url: `/register.${kind}`,
    needs: 'ledger.read',
    handle: async ({ who, scope, query, now }) => {
      const input = read(exportQuery, query);
      if (input instanceof Refusal) return input;
      const { lang, ...rest } = input;
      const region = chainAsked(who, rest.region);
      const head = async (): Promise<Head | undefined> => {
        if (region === undefined) return undefined;
        const found = await one<{ sequence: number; hash: string }>(store, selectHead(region));
        return found && { region, ...found };
      };
      return write(kind, registerTable(lang, chunks(who, scope, filterOf(rest)), head), now);
    },
  });

  /** Publishes an entry, and answers with its line. */
  async function enter(asking: Asking): Promise<RegisterLine | Refusal> {
    const { who, scope, body } = asking;
    const input = read(entryBody, body);
    if (input instanceof Refusal) return input;
    const fault = faultOf(input);
    if (fault) return new Refusal(400, fault);
    const present = world();
    const hall = input.hall === undefined ? undefined : present.halls.get(input.hall);
    if (input.hall !== undefined && (!hall || !may(who, 'register.write', { region: hall.region, hall: hall.id })))
      return unknown('hall');
    if (input.about !== undefined && !may(who, 'case.read', { region: input.about.slice(0, 6), hall: who.hall }))
      return unknown('case');
    if (input.corrects !== undefined) {
      const before = await one<{ region: string }>(store, selectEntry(input.corrects));
      if (!before || !may(who, 'register.write', before)) return unknown('entry');
    }
    const { region } = who;
    const organ = who.organ ?? supervisorOf(present, region)?.id;
    if (organ === undefined) return conflict('organ', 'your region has no supervision organ');
    const id = clickId(asking, 'register', input);
    const event = { ...byPerson(asking, id), kind: 'register.entered', region, organ, ...input } as Event;
    const refused = await command(event, asking.key !== undefined);
    if (refused) return refused;
    const at = input.from;
    const found = await linesOf(who, scope, { kind: input.act, from: at, to: at, limit: 500 });
    return found.find((each) => each.id === entryId(id)) ?? unknown('entry');
  }

  return [
    {
      method: 'GET',
      url: '/register',
      needs: 'ledger.read',
      handle: async ({ who, scope, query }): Promise<RegisterPage | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        const { before, limit, ...rest } = input;
        const items = await linesOf(who, scope, { ...filterOf(rest), before, limit });
        const last = items.at(-1);
        return { items, ...(last && items.length === limit ? { next: nextOf(last) } : {}) };
      },
    },
    {
      method: 'GET',
      url: '/register/choices',
      needs: 'ledger.read',
      handle: async ({ who }): Promise<RegisterChoices> => {
        const prefix = prefixOf(who.region);
        const organs = [...world().organs.values()].filter((each) => each.region.startsWith(prefix));
        return {
          organs: organs.map(({ id, name, nameEn }) => ({ id, name, ...(nameEn === undefined ? {} : { nameEn }) })),
          people: await all<{ account: string; name: string }>(store, selectInspectors(prefix)),
        };
      },
    },
    { method: 'POST', url: '/register', needs: 'register.write', handle: enter },
    {
      method: 'POST',
      url: '/register/review',
      needs: 'register.review',
      handle: async (asking): Promise<{ ok: true } | Refusal> => {
        const input = read(reviewBody, asking.body);
        if (input instanceof Refusal) return input;
        const { of, line } = input;
        const place = await one<{ region: string; hall: string | null }>(store, selectSigned(of, line));
        if (!place || !may(asking.who, 'register.review', { region: place.region, hall: place.hall ?? undefined }))
          return unknown('line');
        const id = commandId(asking, `review ${of} ${line}`, '');
        const event: Event = {
          ...byPerson(asking, id),
          kind: 'register.reviewed',
          region: place.region,
          ...input,
        };
        return (await command(event, asking.key !== undefined)) ?? { ok: true };
      },
    },
    file('csv'),
    file('xlsx'),
  ];
}
