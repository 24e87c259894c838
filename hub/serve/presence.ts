import { z } from 'zod';
import { identifier, instant, reasonText, shortText } from '../model/fields.ts';
import { presenceKinds, type PresenceLine } from '../model/presence.ts';
import { may } from '../model/rights.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, commandId, defined, type Command } from './commands.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { read, Refusal, unknown } from './problem.ts';
import { selectPresence, selectPresences, type PresenceBody } from './queries/findings.ts';

const listQuery = z.object({ hall: identifier.optional() });
const fileBody = z.strictObject({
  window: identifier,
  type: z.enum(presenceKinds),
  from: instant,
  until: instant,
  reason: reasonText,
  staff: shortText.optional(),
  standIn: shortText.optional(),
});

/** 请假, 暂停服务: what a hall has on record for its windows. */
export function presenceRoutes({ store, world }: Context, command: Command): Route[] {
  function lineOf({ body }: PresenceBody): PresenceLine[] {
    const window = world().windows.get(body.id);
    if (!window) return [];
    const named = { windowNumber: window.number, windowName: window.name };
    return [{ ...body, ...named, ...(window.nameEn === undefined ? {} : { windowNameEn: window.nameEn }) }];
  }

  /** The window and its place, when the person may file for it. */
  function placeFor({ who }: Asking, id: string): { window: string; hall: string; region: string } | undefined {
    const window = world().windows.get(id);
    const hall = world().halls.get(window?.hall ?? '');
    if (!window || !hall || !may(who, 'presence.write', { region: hall.region, hall: hall.id })) return undefined;
    return { window: window.id, hall: hall.id, region: hall.region };
  }

  async function after(window: string): Promise<PresenceLine | Refusal> {
    const row = await one<PresenceBody>(store, selectPresence(window));
    return (row && lineOf(row)[0]) ?? unknown('window');
  }

  return [
    {
      method: 'GET',
      url: '/presence',
      needs: 'finding.read',
      handle: async ({ scope, query }): Promise<{ items: PresenceLine[] } | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        const rows = await all<PresenceBody>(store, selectPresences(scope, input.hall));
        return { items: rows.flatMap(lineOf) };
      },
    },
    {
      method: 'POST',
      url: '/presence',
      needs: 'presence.write',
      handle: async (asking): Promise<PresenceLine | Refusal> => {
        const input = read(fileBody, asking.body ?? {});
        if (input instanceof Refusal) return input;
        const place = placeFor(asking, input.window);
        if (!place) return unknown('window');
        const id = commandId(asking, `presence ${place.window}`, JSON.stringify(input));
        const refused = await command(
          {
            ...byPerson(asking, id),
            kind: 'presence.filed',
            presence: `presence-${id}`,
            ...defined(input),
            ...place,
          },
          asking.key !== undefined,
        );
        return refused ?? after(place.window);
      },
    },
    {
      method: 'POST',
      url: '/presence/:window/:id/end',
      needs: 'presence.write',
      handle: async (asking): Promise<PresenceLine | Refusal> => {
        const place = placeFor(asking, asking.params['window'] ?? '');
        if (!place) return unknown('window');
        const presence = read(identifier, asking.params['id']);
        if (presence instanceof Refusal) return unknown('record');
        const id = commandId(asking, `end ${presence}`, '');
        const refused = await command(
          { ...byPerson(asking, id), kind: 'presence.ended', presence, ...place },
          asking.key !== undefined,
        );
        return refused ?? after(place.window);
      },
    },
  ];
}
