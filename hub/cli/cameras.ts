/** `hallwatch camera`: the records of cameras, on the same store functions as the administration's page. */
import { randomUUID } from 'node:crypto';
import type { CameraChange } from '../model/camera.ts';
import { HubError } from '../model/error.ts';
import type { RecordingMode } from '../model/recording.ts';
import {
  addCamera,
  changeCamera,
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
  by: string;
}

const by = (name: string): By => ({ account: name, name });

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
  await withBackend(async (ground) => {
    const input = { ...rest(flags), hall, name, id, address, ...(subAddress ? { subAddress } : {}) };
    const { key } = taken(await addCamera({ ...ground, files: true }, input, by(flags.by)));
    say(`camera ${id} added to ${hall}`);
    tellKey(key);
  });
}

export async function setCameraCommand(id: string, flags: CameraFlags): Promise<void> {
  const change = { ...rest(flags), ...(await addresses(flags)) };
  await withBackend(
    async (ground) => {
      if (change.recording !== undefined) await describeRecording(ground, id, change.recording, flags.by);
      const { key } = taken(await changeCamera({ ...ground, files: true }, id, change, by(flags.by)));
      say(`camera ${id} changed`);
      tellKey(key);
    },
    { record: change.recording !== undefined },
  );
}

/** Into the ledger first, as from the page: what is not recorded must be answered for. */
async function describeRecording(ground: Ground, id: string, recording: RecordingMode, name: string): Promise<void> {
  taken(checkChange({ recording }));
  const [record] = await listCameras(ground, { id });
  if (!record || record.recording === recording) return;
  const verdict = await ground.bus.command({
    kind: 'camera.described',
    id: randomUUID(),
    region: record.region,
    source: 'desk',
    occurredAt: Date.now(),
    ...by(name),
    camera: id,
    hall: record.hall,
    ...(record.window === undefined ? {} : { window: record.window }),
    title: record.name,
    act: 'changed',
    fields: ['recording'],
    recording,
  });
  if (!verdict.ok) throw new HubError('cli.input', `${verdict.field}: ${verdict.reason}`);
}

export async function renewKeyCommand(id: string, flags: { by: string }): Promise<void> {
  await withBackend(async (ground) => tellKey(taken(await renewKey(ground, id, by(flags.by))).key));
}

export async function switchCameraCommand(
  id: string,
  enabled: boolean,
  flags: { by: string; reason?: string },
): Promise<void> {
  await withBackend(
    async (ground) => {
      taken(await switchCamera(ground, id, { enabled, reason: flags.reason ?? '' }, by(flags.by)));
      say(`camera ${id} is switched ${enabled ? 'on' : 'off'}`);
    },
    { record: true },
  );
}
