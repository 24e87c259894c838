import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { CameraLine, CameraSaved } from '../model/cameraApi.ts';
import { cameraChange, cameraInput } from '../model/camera.ts';
import type { CameraField } from '../model/cameraEvents.ts';
import { identifier, longText, reasonText, shortText } from '../model/fields.ts';
import type { RecordingMode } from '../model/recording.ts';
import { may, type Identity } from '../model/rights.ts';
import { reaching } from '../platform/address.ts';
import {
  addCamera,
  changeCamera,
  listCameras,
  renewKey,
  switchCamera,
  type Answer,
  type By,
} from '../platform/camera.ts';
import type { Context } from '../platform/part.ts';
import { account, addressesOf, addressesThere, faulty, userIn } from './cameraAddress.ts';
import { cameraCheckRoutes, reached } from './cameraChecks.ts';
import { cameraLines } from './cameraLines.ts';
import { byPerson, ownId, type Command } from './commands.ts';
import type { Asking, Route } from './gate.ts';
import { conflict, read, Refusal } from './problem.ts';

/** How long a camera that was just added may take to be known everywhere. */
const knownWithin = 2_000;

const form = z.strictObject({
  hall: identifier,
  window: identifier.nullable(),
  name: shortText,
  nameEn: shortText.nullable(),
  address: z.string().max(2_000),
  subAddress: z.string().max(2_000).nullable(),
  transport: z.enum(['tcp', 'udp'], { error: 'expected tcp or udp' }),
  audio: z.boolean({ error: 'expected true or false' }),
  audioReason: reasonText.nullable(),
  recording: cameraChange.shape.recording.unwrap(),
  ...account,
});
const addBody = form
  .partial()
  .required({ hall: true, name: true, address: true })
  .extend({ id: z.string().max(80).optional() });
const changeBody = form.partial();
const enableBody = z.strictObject({ reason: longText.optional() });
const disableBody = z.strictObject({ reason: reasonText });

/** The administration of cameras: `hub/model/cameraApi.ts` says what travels. */
export function cameraRoutes(context: Context, command: Command): Route[] {
  const { world, settings } = context;
  const { find, lineNow, routes } = cameraLines(context);
  const mayReach = reaching(settings.cameraNetworks);

  /** Into the ledger first: without the recorder nothing is changed. */
  function describe(
    asking: Asking,
    act: 'added' | 'changed' | 'keyRenewed' | 'tested',
    camera: { id: string; hall: string; window?: string | null | undefined; name: string },
    fields: CameraField[] = [],
    recording?: RecordingMode,
  ): Promise<Refusal | undefined> {
    return command(
      {
        ...byPerson(asking, ownId(asking, `camera ${act} ${camera.id}`)),
        kind: 'camera.described',
        region: world().halls.get(camera.hall)!.region,
        camera: camera.id,
        hall: camera.hall,
        ...(camera.window ? { window: camera.window } : {}),
        title: camera.name,
        act,
        fields,
        ...(recording === undefined ? {} : { recording }),
      },
      false,
    );
  }

  /** A hall of the person's, and a window of that hall. */
  function misplaced(who: Identity, hall: string, window: string | null | undefined): Refusal | undefined {
    const known = world().halls.get(hall);
    if (!known || !may(who, 'camera.manage', { region: known.region, hall }))
      return new Refusal(400, { field: 'hall', reason: 'expected a hall of your region' });
    if (window && world().windows.get(window)?.hall !== hall)
      return new Refusal(400, { field: 'window', reason: 'no such window in this hall' });
    return undefined;
  }

  async function saved(id: string, answer: Answer<{ key?: string }>): Promise<CameraSaved | Refusal> {
    if (!answer.ok) return answer.field === 'id' ? conflict('id', answer.reason) : faulty(answer);
    const camera = await lineNow(id);
    return camera instanceof Refusal
      ? camera
      : {
          camera,
          ...answer.value,
          ...(answer.value.key === undefined || !settings.pushPort ? {} : { pushPort: settings.pushPort }),
        };
  }

  async function switched(asking: Asking, enabled: boolean, reason: string): Promise<CameraLine | Refusal> {
    const record = await find(asking);
    if (record instanceof Refusal) return record;
    const answer = await reached(() => switchCamera(context, record.id, { enabled, reason }, by(asking.who)));
    if (answer instanceof Refusal) return answer;
    return answer.ok ? lineNow(record.id) : conflict(answer.field, answer.reason);
  }

  return [
    ...routes,
    ...cameraCheckRoutes(context, find, describe),
    {
      method: 'POST',
      url: '/cameras',
      needs: 'camera.manage',
      handle: async (asking): Promise<CameraSaved | Refusal> => {
        const input = read(addBody, asking.body);
        if (input instanceof Refusal) return input;
        const { user, password, id = `cam-${randomBytes(6).toString('hex')}`, ...rest } = input;
        const fault = misplaced(asking.who, rest.hall, rest.window);
        if (fault) return fault;
        const addresses = addressesOf(rest, user, password, mayReach);
        if (addresses instanceof Refusal) return addresses;
        const camera = read(cameraInput, { id, ...rest, ...addresses });
        if (camera instanceof Refusal) return camera;
        if (camera.audio && camera.audioReason === null) return noAudioReason;
        if ((await listCameras(context, { id })).length > 0)
          return conflict('id', 'a camera with this id is there already');
        const refused = await describe(asking, 'added', camera, [], rest.recording);
        if (refused) return refused;
        const answer = await addCamera(context, camera, by(asking.who));
        // The page's next request finds it wherever it is answered.
        for (const end = Date.now() + knownWithin; answer.ok && !world().cameras.has(id) && Date.now() < end;)
          await sleep(20);
        return saved(id, answer);
      },
    },
    {
      method: 'POST',
      url: '/cameras/:id',
      needs: 'camera.manage',
      handle: async (asking): Promise<CameraSaved | Refusal> => {
        const input = read(changeBody, asking.body);
        if (input instanceof Refusal) return input;
        const record = await find(asking);
        if (record instanceof Refusal) return record;
        const { user, password, ...rest } = input;
        const change = { ...record, ...rest };
        const fault = misplaced(asking.who, change.hall, change.window);
        if (fault) return fault;
        if (change.audio && !change.audioReason) return noAudioReason;
        const isAccountOnly = rest.address === undefined && (user !== undefined || password !== undefined);
        const there = isAccountOnly ? await addressesThere(context, record.id) : undefined;
        const name = user ?? (there && userIn(there.address));
        const addresses = addressesOf({ ...there, ...rest }, name, password, mayReach);
        if (addresses instanceof Refusal) return addresses;
        const camera = read(cameraChange, { ...rest, ...addresses });
        if (camera instanceof Refusal) return camera;
        const fields: CameraField[] = [
          ...(['name', 'address', 'subAddress', 'transport', 'audio', 'audioReason', 'recording'] as const).filter(
            (field) => rest[field] !== undefined && rest[field] !== (record[field] ?? null),
          ),
          ...(change.hall !== record.hall || (change.window ?? undefined) !== record.window ? ['window' as const] : []),
          ...(isAccountOnly ? ['password' as const] : []),
        ];
        const refused = await describe(
          asking,
          'changed',
          change,
          fields,
          fields.includes('recording') ? rest.recording : undefined,
        );
        if (refused) return refused;
        return saved(record.id, await changeCamera(context, record.id, camera, by(asking.who)));
      },
    },
    {
      method: 'POST',
      url: '/cameras/:id/disable',
      needs: 'camera.manage',
      handle: async (asking): Promise<CameraLine | Refusal> => {
        const input = read(disableBody, asking.body);
        return input instanceof Refusal ? input : switched(asking, false, input.reason.trim());
      },
    },
    {
      method: 'POST',
      url: '/cameras/:id/enable',
      needs: 'camera.manage',
      handle: async (asking): Promise<CameraLine | Refusal> => {
        const input = read(enableBody, asking.body ?? {});
        return input instanceof Refusal ? input : switched(asking, true, input.reason?.trim() ?? '');
      },
    },
    {
      method: 'POST',
      url: '/cameras/:id/key',
      needs: 'camera.manage',
      handle: async (asking): Promise<CameraSaved | Refusal> => {
        const record = await find(asking);
        if (record instanceof Refusal) return record;
        if (record.kind !== 'push') return conflict('address', 'only a camera that is pushed has a key');
        const refused = await describe(asking, 'keyRenewed', record);
        return refused ?? saved(record.id, await renewKey(context, record.id, by(asking.who)));
      },
    },
  ];
}

const by = ({ account, name }: Identity): By => ({ account, name });
const noAudioReason = faulty({ field: 'audioReason', reason: 'expected why people at the window are to be heard' });
