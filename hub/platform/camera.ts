/** The records of cameras (点位) in the store: what an administrator writes, from the pages and from the command line alike. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  cameraChange,
  cameraInput,
  shownAddress,
  sourceOf,
  type CameraChange,
  type CameraInput,
  type SourceKind,
} from '../model/camera.ts';
import { reasonText } from '../model/fields.ts';
import type { RecordingMode } from '../model/recording.ts';
import { prefixOf } from '../model/world.ts';
import type { Context } from './part.ts';
import type { Row } from './postgres.ts';
import { worldChanged } from './world.ts';

/** What the functions below work on. */
export type CameraGround = Pick<Context, 'bus' | 'store' | 'seal' | 'world'> & {
  /** Who asks runs this machine, and may loop films of it (`file:`). */
  files?: boolean;
};

/** Who does it. */
export interface By {
  account: string;
  name: string;
}

/** An expected no names the field and what was expected. */
export type Answer<T> = { ok: true; value: T } | { ok: false; field: string; reason: string };

/** A camera's record as an administrator may read it: no address with its account, no key. */
export interface CameraRecord {
  id: string;
  region: string;
  hall: string;
  window?: string;
  name: string;
  nameEn?: string;
  enabled: boolean;
  kind: SourceKind;
  /** Without account, password and query. */
  address: string;
  subAddress?: string;
  transport: 'tcp' | 'udp';
  audio: boolean;
  audioReason?: string;
  recording: RecordingMode;
  /** There is a key that an encoder may push with. */
  hasKey: boolean;
  changedAt?: number;
  /** Account of who changed it last. */
  changedBy?: string;
}

interface Stored extends Row {
  id: string;
  region: string;
  hall: string;
  window: string | null;
  name: string;
  nameEn: string | null;
  enabled: boolean;
  url: Buffer;
  sub_url: Buffer | null;
  transport: 'tcp' | 'udp';
  audio: boolean;
  audio_reason: string | null;
  recording: RecordingMode;
  hasKey: boolean;
  changed_at: number | null;
  changed_by: string | null;
}

const mostCameras = 5_000;
const no = (field: string, reason: string): { ok: false; field: string; reason: string } => ({
  ok: false,
  field,
  reason,
});
const given = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], null> } =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null && each !== undefined)) as never;

const columns = `c.id, h.region, c.hall, c.hall_window as "window", c.name, c.name_en as "nameEn", c.enabled, c.url, c.sub_url,
  c.transport, c.audio, c.audio_reason, c.recording, c.push_key is not null as "hasKey", c.changed_at, c.changed_by`;

function recordOf(seal: CameraGround['seal'], row: Stored): CameraRecord {
  const address = seal.open(row.url);
  const kind = sourceOf(address);
  return given({
    id: row.id,
    region: row.region,
    hall: row.hall,
    window: row.window,
    name: row.name,
    nameEn: row.nameEn,
    enabled: row.enabled,
    // What an older release let in is shown as what it was meant to be.
    kind: typeof kind === 'string' ? kind : 'rtsp',
    address: shownAddress(address),
    subAddress: row.sub_url && shownAddress(seal.open(row.sub_url)),
    transport: row.transport,
    audio: row.audio,
    audioReason: row.audio_reason,
    recording: row.recording,
    hasKey: row.hasKey,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
  }) as CameraRecord;
}

/** The cameras of a region and below, or of one hall, or the one with this id; at most 5,000. */
export async function listCameras(
  { store, seal }: Pick<CameraGround, 'store' | 'seal'>,
  { region, hall, id }: { region?: string; hall?: string; id?: string } = {},
): Promise<CameraRecord[]> {
  const rows = await store.query<Stored>(
    `select ${columns} from camera c join hall h on h.id = c.hall
     where ($1::text is null or h.region like $1 || '%') and ($2::text is null or c.hall = $2) and ($3::text is null or c.id = $3)
     order by c.hall, c.id limit ${mostCameras}`,
    [region === undefined ? null : prefixOf(region), hall ?? null, id ?? null],
  );
  return rows.map((row) => recordOf(seal, row));
}

/** Adds a camera that is switched on. Answers the key where an encoder is to push: it can be read this once. */
export async function addCamera(ground: CameraGround, input: CameraInput, by: By): Promise<Answer<{ key?: string }>> {
  const read = checkAdded(ground, input);
  if (!read.ok) return read;
  const { id, address, subAddress, ...rest } = read.value;
  const key = address === 'push:' ? newKey() : undefined;
  const { seal, store, bus } = ground;
  const added = await store.query(
    `insert into camera (id, hall, hall_window, name, name_en, url, sub_url, transport, audio, audio_reason, push_key, changed_at, changed_by, recording)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (id) do nothing returning id`,
    [
      ...[id, rest.hall, rest.window, rest.name, rest.nameEn, seal.seal(address), subAddress && seal.seal(subAddress)],
      ...[rest.transport, rest.audio, rest.audioReason, key === undefined ? null : seal.seal(key), Date.now()],
      ...[by.account, rest.recording],
    ],
  );
  if (added.length === 0) return no('id', 'a camera with this id is there already');
  bus.connection.publish(worldChanged);
  return { ok: true, value: key === undefined ? {} : { key } };
}

/** What is wrong with a new camera, before anything is written; whether its id is free is seen when it is. */
export function checkAdded(
  ground: Pick<CameraGround, 'world' | 'files'>,
  input: CameraInput,
): Answer<ReturnType<typeof cameraInput.parse>> {
  const read = cameraInput.safeParse(input);
  if (!read.success) return faultOf(read.error);
  return unfit(ground, read.data) ?? { ok: true, value: read.data };
}

/** What is wrong with a change of this record, before anything is written. */
export function checkChange(
  ground: Pick<CameraGround, 'world' | 'files'>,
  record: { hall: string; window?: string | null; audio: boolean; audioReason?: string | null },
  change: CameraChange,
): Answer<CameraChange> {
  const read = cameraChange.safeParse(change);
  if (!read.success) return faultOf(read.error);
  const { hall, window = null, audio, audioReason = null, address, subAddress } = { ...record, ...read.data };
  return unfit(ground, { hall, window, audio, audioReason, address, subAddress }) ?? { ok: true, value: read.data };
}

/** Changes what is given. Another address is pulled within a second. Answers the key where the camera is pushed from now on. */
export async function changeCamera(
  ground: CameraGround,
  id: string,
  change: CameraChange,
  by: By,
): Promise<Answer<{ key?: string }>> {
  const { seal, store, bus } = ground;
  const answer = await store.transaction(async (runner): Promise<Answer<{ key?: string }>> => {
    const [row] = await runner.query<Stored>(
      `select ${columns} from camera c join hall h on h.id = c.hall where c.id = $1 for update of c`,
      [id],
    );
    if (!row) return no('id', 'no such camera');
    const read = checkChange(ground, { ...row, audioReason: row.audio_reason }, change);
    if (!read.ok) return read;
    const { address, subAddress, ...rest } = read.value;
    const { hall, window, name, nameEn, transport, audio, audioReason, recording } = {
      ...{ ...row, audioReason: row.audio_reason },
      ...rest,
    };
    const key = address === 'push:' && !row.hasKey ? newKey() : undefined;
    await runner.query(
      `update camera set hall = $2, hall_window = $3, name = $4, name_en = $5, transport = $6, audio = $7, audio_reason = $8,
       url = coalesce($9, url), sub_url = case when $10 then $11 else sub_url end, push_key = coalesce($12, push_key), changed_at = $13,
       changed_by = $14, recording = $15 where id = $1`,
      [
        ...[id, hall, window, name, nameEn, transport, audio, audio ? audioReason : null],
        ...[address === undefined ? null : seal.seal(address), subAddress !== undefined],
        ...[
          subAddress ? seal.seal(subAddress) : null,
          key === undefined ? null : seal.seal(key),
          Date.now(),
          by.account,
        ],
        recording,
      ],
    );
    return { ok: true, value: key === undefined ? {} : { key } };
  });
  if (answer.ok) bus.connection.publish(worldChanged);
  return answer;
}

/** A new key for a camera that is pushed; who pushes with the old one is cut off. It can be read this once. */
export async function renewKey(ground: CameraGround, id: string, by: By): Promise<Answer<{ key: string }>> {
  const { store, seal, bus } = ground;
  const [record] = await listCameras(ground, { id });
  if (!record) return no('id', 'no such camera');
  if (record.kind !== 'push') return no('address', 'expected push: only a camera that is pushed has a key');
  const key = newKey();
  await store.query('update camera set push_key = $2, changed_at = $3, changed_by = $4 where id = $1', [
    id,
    seal.seal(key),
    Date.now(),
    by.account,
  ]);
  bus.connection.publish(worldChanged);
  return { ok: true, value: { key } };
}

/**
 * Switches a camera off or on: an event, so that the ledger keeps who did it and why. The recorder writes the record; without a
 * recorder it throws `part.away`. Off, its pull ends within a second and no second of it counts.
 */
export async function switchCamera(
  { bus, world }: Pick<CameraGround, 'bus' | 'world'>,
  id: string,
  { enabled, reason }: { enabled: boolean; reason: string },
  by: By,
): Promise<Answer<undefined>> {
  const known = world().cameras.get(id);
  const hall = known && world().halls.get(known.hall);
  if (!hall) return no('id', 'no such camera');
  if (!enabled && !reasonText.safeParse(reason).success) return no('reason', 'expected a reason in words');
  if (known.enabled === enabled) return no('enabled', `the camera is switched ${enabled ? 'on' : 'off'} already`);
  const verdict = await bus.command({
    kind: 'camera.changed',
    id: randomUUID(),
    region: hall.region,
    source: 'serve',
    occurredAt: Date.now(),
    camera: id,
    hall: hall.id,
    state: enabled ? 'idle' : 'disabled',
    ...(reason === '' ? {} : { detail: reason }),
    ...by,
    title: known.name,
  });
  return verdict.ok ? { ok: true, value: undefined } : no(verdict.field, verdict.reason);
}

/** What is kept of a key where keys are compared. */
export const keyDigest = (key: string): string => createHash('sha256').update(key).digest('hex');

const newKey = (): string => randomBytes(24).toString('base64url');

function faultOf({ issues }: { issues: { path: PropertyKey[]; message: string }[] }): ReturnType<typeof no> {
  const issue = issues[0]!;
  const keys = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.slice(0, 1) : [];
  return no([...issue.path, ...keys].map(String).join('.'), issue.message);
}

interface Fitting {
  hall: string;
  window: string | null;
  audio: boolean;
  audioReason: string | null;
  address?: string | undefined;
  subAddress?: string | null | undefined;
}

function unfit(
  { world, files }: Pick<CameraGround, 'world' | 'files'>,
  { hall, window, audio, audioReason, address, subAddress }: Fitting,
): ReturnType<typeof no> | undefined {
  const { halls, windows } = world();
  if (!halls.has(hall)) return no('hall', 'no such hall');
  if (window !== null && windows.get(window)?.hall !== hall) return no('window', 'no such window in this hall');
  if (audio && audioReason === null) return no('audioReason', 'expected why people at the window are to be heard');
  const onlyHere = 'expected an address of a camera: films of this machine are for its command line';
  if (!files && address?.startsWith('file:')) return no('address', onlyHere);
  if (!files && subAddress?.startsWith('file:')) return no('subAddress', onlyHere);
  return undefined;
}
