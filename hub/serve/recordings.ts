import { z } from 'zod';
import { mayNotRelease } from '../model/decideRecording.ts';
import type { Event } from '../model/event.ts';
import { identifier, instant, longText, reasonText } from '../model/fields.ts';
import type { HoldLine, HoldPage, RecordingHold } from '../model/recording.ts';
import { may, type Identity, type Permission } from '../model/rights.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, clickId, commandId, type Command } from './commands.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { forbidden, read, Refusal, unknown } from './problem.ts';
import { listHolds, selectHold, type HoldBody } from './queries/recordings.ts';

const listQuery = z.object({
  hall: identifier.optional(),
  state: z.enum(['held', 'asked', 'released'], { error: 'expected held, asked or released' }).optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const holdBody = z.strictObject({ camera: identifier, from: instant, to: instant, reason: reasonText });
const requestBody = z.strictObject({ reason: reasonText });
const answerBody = z.strictObject({ outcome: z.enum(['approved', 'refused']), reason: longText.optional() });

/** 封存 of recordings and its end (SC-33). What was recorded is told and played by the stream part. */
export function recordingRoutes({ store, world }: Pick<Context, 'store' | 'world'>, command: Command): Route[] {
  async function holdFor({ who, params }: Asking, needs: Permission): Promise<RecordingHold | undefined> {
    const row = (await one<HoldBody>(store, selectHold(params['id'] ?? '')))?.body;
    return row && may(who, needs, row) ? row : undefined;
  }

  /** With the names of the places, which are looked up when it is read. */
  function lineOf(who: Identity, hold: RecordingHold): HoldLine {
    const { halls, cameras, windows } = world();
    const hall = halls.get(hold.hall);
    const camera = cameras.get(hold.camera);
    const window = camera?.window === undefined ? undefined : windows.get(camera.window);
    const { account, region } = who;
    return {
      ...hold,
      hallName: hall?.name ?? '',
      ...(hall?.nameEn === undefined ? {} : { hallNameEn: hall.nameEn }),
      ...(camera ? { cameraName: camera.name } : {}),
      ...(camera?.nameEn === undefined ? {} : { cameraNameEn: camera.nameEn }),
      ...(window ? { windowNumber: window.number } : {}),
      mayAnswer:
        hold.state === 'asked' &&
        may(who, 'evidence.approve', hold) &&
        mayNotRelease(hold, { account, region }, world()) === undefined,
    };
  }

  /** Publishes what somebody does to a hold and answers with the hold as it then stands. */
  async function act(
    asking: Asking,
    hold: Pick<RecordingHold, 'id' | 'region' | 'hall'>,
    id: string,
    event: Pick<Event, 'kind'> & Record<string, unknown>,
  ): Promise<HoldLine | Refusal> {
    const said = { ...byPerson(asking, id), region: hold.region, hold: hold.id, hall: hold.hall, ...event } as Event;
    const refused = await command(said, asking.key !== undefined);
    if (refused) return refused;
    const row = (await one<HoldBody>(store, selectHold(hold.id)))?.body;
    return row ? lineOf(asking.who, row) : unknown('hold');
  }

  return [
    {
      method: 'GET',
      url: '/recorded/holds',
      needs: 'evidence.view',
      handle: async ({ who, scope, query }): Promise<HoldPage | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        const items = (await all<HoldBody>(store, listHolds(scope, input))).map(({ body }) => lineOf(who, body));
        const last = items.at(-1);
        return { items, ...(last && items.length === input.limit ? { next: last.position } : {}) };
      },
    },
    {
      method: 'POST',
      url: '/recorded/holds',
      needs: 'evidence.take',
      handle: async (asking) => {
        const input = read(holdBody, asking.body);
        if (input instanceof Refusal) return input;
        const camera = world().cameras.get(input.camera);
        const hall = camera && world().halls.get(camera.hall);
        if (!hall || !may(asking.who, 'evidence.take', { region: hall.region, hall: hall.id }))
          return unknown('camera');
        const id = clickId(asking, `hold ${input.camera}`, input);
        const hold = { id: `hold-${id}`, region: hall.region, hall: hall.id };
        return act(asking, hold, id, { kind: 'recording.held', ...input });
      },
    },
    {
      method: 'POST',
      url: '/recorded/holds/:id/release',
      needs: 'evidence.take',
      handle: async (asking) => {
        const input = read(requestBody, asking.body);
        if (input instanceof Refusal) return input;
        const hold = await holdFor(asking, 'evidence.take');
        if (!hold) return unknown('hold');
        const id = commandId(asking, `hold release ${hold.id}`, String(hold.answered?.at ?? ''));
        return act(asking, hold, id, { kind: 'recording.releaseRequested', ...input });
      },
    },
    {
      method: 'POST',
      url: '/recorded/holds/:id/answer',
      needs: 'evidence.approve',
      handle: async (asking) => {
        const input = read(answerBody, asking.body);
        if (input instanceof Refusal) return input;
        const hold = await holdFor(asking, 'evidence.approve');
        if (!hold) return unknown('hold');
        const { region: organRegion, account } = asking.who;
        const hindered = hold.state === 'asked' && mayNotRelease(hold, { account, region: organRegion }, world());
        if (hindered) return forbidden(hindered.reason);
        const id = commandId(asking, `hold answer ${hold.id}`, JSON.stringify([input.outcome, hold.asked?.at]));
        return act(asking, hold, id, { kind: 'recording.releaseAnswered', organRegion, ...input });
      },
    },
  ];
}
