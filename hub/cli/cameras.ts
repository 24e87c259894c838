/** `hallwatch camera`: the records of cameras, on the same store functions as the administration's page. */
import { randomUUID } from 'node:crypto';
import { shownAddress, type CameraChange } from '../model/camera.ts';
import type { CameraField } from '../model/cameraEvents.ts';
import { HubError } from '../model/error.ts';
import type { EventOf } from '../model/event.ts';
import { shortText } from '../model/fields.ts';
import type { RecordingMode } from '../model/recording.ts';
import {
  addCamera,
  changeCamera,
  checkAdded,
  checkChange,
  listCameras,
  renewKey,
  switchCamera,
  type Answer,
  type By,
  type CameraRecord,
} from '../platform/camera.ts';
import { readSecrets, say, withBackend, type Ground } from './backend.ts';
import { table } from './table.ts';
import { machineUser } from './user.ts';

export interface CameraFlags {
  hall?: string;
  window?: string;
  name?: string;
  nameEn?: string;
  addressStdin?: boolean;
  subStdin?: boolean;
  push?: boolean;
  sub?: boolean;
  transport?: string;
  audio?: string | false;
  recording?: string;
  by?: string;
}

/**
 * Who sits at this machine. The ledger names its user, because nobody has signed in here; `name` is whom they did it for, by their
 * own account.
 */
function by(name: string | undefined): By {
  const account = machineUser();
  if (name !== undefined && !shortText.safeParse(name).success)
    throw new HubError('cli.input', '--by: expected a name of 1 to 200 characters');
  return { account, name: name ?? account };
}

/** An expected no names the flag. */
function taken<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  throw new HubError('cli.input', `${answer.field}: ${answer.reason}`);
}

export async function listCamerasCommand(flags: { region?: string; json?: boolean }): Promise<void> {
  await withBackend(async (ground) => {
    const records = await listCameras(ground, flags.region === undefined ? {} : { region: flags.region });
    if (flags.json) return console.log(JSON.stringify(records));
    const titles = ['id', 'hall', 'window', 'name', 'state', 'address', 'sub-stream', 'sound', 'recording'];
    if (records.length > 0) console.log(table([titles, ...records.map(rowOf)]));
  });
}

const rowOf = (each: CameraRecord): string[] => [
  ...[each.id, each.hall, each.window ?? '', each.name, each.enabled ? 'on' : 'off'],
  ...[`${each.address}${each.transport === 'udp' ? ' (UDP)' : ''}`, each.subAddress ?? ''],
  ...[each.audio ? `yes: ${each.audioReason}` : 'no', each.recording],
];

/** Main address first, sub-stream second, each on a line of standard input: both may hold a password. */
async function addresses(flags: CameraFlags): Promise<Pick<CameraChange, 'address' | 'subAddress'>> {
  if (flags.push && flags.addressStdin)
    throw new HubError('cli.input', '--push: an encoder that pushes has no address');
  const wanted = [
    ...(flags.addressStdin ? ['address' as const] : []),
    ...(flags.subStdin ? ['subAddress' as const] : []),
  ];
  const lines = wanted.length === 0 ? [] : await readSecrets('address', wanted.length);
  return {
    ...(flags.push ? { address: 'push:' } : {}),
    ...(flags.sub === false ? { subAddress: null } : {}),
    ...Object.fromEntries(wanted.map((field, index) => [field, lines[index]!])),
  };
}

function rest({ hall, window, name, nameEn, transport, audio, recording }: CameraFlags): CameraChange {
  return {
    ...(hall === undefined ? {} : { hall }),
    ...(window === undefined ? {} : { window: window === '' ? null : window }),
    ...(name === undefined ? {} : { name }),
    ...(nameEn === undefined ? {} : { nameEn }),
    ...(transport === undefined ? {} : { transport: transport as 'tcp' | 'udp' }),
    ...(audio === undefined ? {} : audio === false ? { audio } : { audio: true, audioReason: audio }),
    ...(recording === undefined ? {} : { recording: recording as RecordingMode }),
  };
}

function tellKey(key: string | undefined): void {
  if (key === undefined) return;
  say('The key of its encoder is shown this once; it pushes to rtmp://HOST:PUSH_PORT/push/CAMERA?key=KEY');
  console.log(key);
}

export async function addCameraCommand(id: string, flags: CameraFlags & { hall: string; name: string }): Promise<void> {
  const given = await addresses(flags);
  if (given.address === undefined)
    throw new HubError(
      'cli.input',
      'give --address-stdin and the address on standard input, which may hold a password, or --push',
    );
  const { address, subAddress } = given;
  const { hall, name } = flags;
  const who = by(flags.by);
  await withBackend(
    async (ground) => {
      const input = { ...rest(flags), hall, name, id, address, ...(subAddress ? { subAddress } : {}) };
      const here = { ...ground, files: true };
      taken(checkAdded(here, input));
      if ((await listCameras(ground, { id })).length > 0)
        throw new HubError('cli.input', 'id: a camera with this id is there already');
      await describe(ground, who, { ...input, act: 'added', recording: input.recording });
      const { key } = taken(await addCamera(here, input, who));
      say(`camera ${id} added to ${hall}`);
      tellKey(key);
    },
    { record: true },
  );
}

export async function setCameraCommand(id: string, flags: CameraFlags): Promise<void> {
  const change = { ...rest(flags), ...(await addresses(flags)) };
  const who = by(flags.by);
  await withBackend(
    async (ground) => {
      const record = await find(ground, id);
      const here = { ...ground, files: true };
      taken(checkChange(here, record, change));
      const fields = fieldsOf(record, change);
      const recording = fields.includes('recording') ? change.recording : undefined;
      await describe(ground, who, { ...record, ...change, act: 'changed', fields, recording });
      const { key } = taken(await changeCamera(here, id, change, who));
      say(`camera ${id} changed`);
      tellKey(key);
    },
    { record: true },
  );
}

export async function renewKeyCommand(id: string, flags: { by?: string }): Promise<void> {
  const who = by(flags.by);
  await withBackend(
    async (ground) => {
      const record = await find(ground, id);
      if (record.kind !== 'push')
        throw new HubError('cli.input', 'address: expected push: only a camera that is pushed has a key');
      await describe(ground, who, { ...record, act: 'keyRenewed', recording: undefined });
      tellKey(taken(await renewKey(ground, id, who)).key);
    },
    { record: true },
  );
}

async function find(ground: Ground, id: string): Promise<CameraRecord> {
  const [record] = await listCameras(ground, { id });
  if (!record) throw new HubError('cli.input', 'id: no such camera');
  return record;
}

/** What of a record changes, as the ledger says it: of an address that stays but for its account, the password. */
function fieldsOf(record: CameraRecord, change: CameraChange): CameraField[] {
  const there = { subAddress: null, audioReason: null, ...record, window: record.window ?? null };
  const given = (['address', 'subAddress'] as const).filter((field) => change[field] !== undefined);
  const isSame = (field: (typeof given)[number]): boolean =>
    there[field] === (change[field] ? shownAddress(change[field]) : null);
  return [
    ...(['name', 'transport', 'audio', 'audioReason', 'recording'] as const).filter(
      (field) => change[field] !== undefined && change[field] !== there[field],
    ),
    ...given.filter((field) => !isSame(field)),
    ...((['hall', 'window'] as const).some((field) => change[field] !== undefined && change[field] !== there[field])
      ? ['window' as const]
      : []),
    ...(given.some((field) => change[field] && isSame(field)) ? ['password' as const] : []),
  ];
}

type Described = Pick<EventOf<'camera.described'>, 'act' | 'hall'> & {
  id: string;
  name: string;
  window?: string | null;
  fields?: CameraField[];
  recording?: RecordingMode | undefined;
};

/** Into the ledger first, as from the page: without a recorder nothing is changed. */
async function describe(ground: Ground, who: By, camera: Described): Promise<void> {
  const { id, hall, window, name, act, fields = [], recording } = camera;
  const verdict = await ground.bus.command({
    kind: 'camera.described',
    id: randomUUID(),
    region: ground.world().halls.get(hall)!.region,
    source: 'cli',
    occurredAt: Date.now(),
    ...who,
    camera: id,
    hall,
    ...(window ? { window } : {}),
    title: name,
    act,
    fields,
    ...(recording === undefined ? {} : { recording }),
  });
  if (!verdict.ok) throw new HubError('cli.input', `${verdict.field}: ${verdict.reason}`);
}

export async function switchCameraCommand(
  id: string,
  enabled: boolean,
  flags: { by?: string; reason?: string },
): Promise<void> {
  const who = by(flags.by);
  await withBackend(
    async (ground) => {
      taken(await switchCamera(ground, id, { enabled, reason: flags.reason ?? '' }, who));
      say(`camera ${id} is switched ${enabled ? 'on' : 'off'}`);
    },
    { record: true },
  );
}
