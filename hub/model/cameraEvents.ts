/** The events of cameras (点位): their states, and what people do to their records, so that the ledger keeps it. */
import { z } from 'zod';
import type { Consequences } from './decide.ts';
import { byPerson, common } from './eventFields.ts';
import { identifier, longText, shortText } from './fields.ts';
import { recordingModes } from './recording.ts';

/**
 * A camera (点位) changed its state; published by the stream part, only on a change. Where a person switched it off (`disabled`)
 * or on again (`idle`), `account` and `name` say who, `detail` why, and `title` what the camera was called then.
 */
export const cameraChanged = z.strictObject({
  kind: z.literal('camera.changed'),
  ...common,
  camera: identifier,
  hall: identifier,
  state: z.enum(['starting', 'live', 'stalled', 'frozen', 'black', 'covered', 'offline', 'disabled', 'idle']),
  detail: longText.optional(),
  /** What its pictures are encoded with, where they are known: not every browser plays H.265. */
  codec: z.enum(['H.264', 'H.265']).optional(),
  account: identifier.optional(),
  name: shortText.optional(),
  title: shortText.optional(),
});

/** What can change of a record; what an address was or is stands nowhere. */
const cameraFields = [
  'name',
  'window',
  'address',
  'subAddress',
  'password',
  'transport',
  'audio',
  'audioReason',
  'recording',
] as const;
export type CameraField = (typeof cameraFields)[number];

/**
 * An administrator added a camera, changed its record, had a new key made for its encoder, or looked at its picture in a test. The
 * record itself is reference data that `serve` writes after the recorder has taken this.
 */
export const cameraDescribed = z.strictObject({
  kind: z.literal('camera.described'),
  ...byPerson,
  camera: identifier,
  /** Where it stands from then on. */
  hall: identifier,
  window: identifier.optional(),
  /** What it is called from then on. */
  title: shortText,
  act: z.enum(['added', 'changed', 'keyRenewed', 'tested']),
  fields: z.array(z.enum(cameraFields)).max(cameraFields.length),
  /** 录像 from then on, where that changed: what is not recorded must be answered for. */
  recording: z.enum(recordingModes).optional(),
});

export function decideDescribed(event: z.infer<typeof cameraDescribed> & { receivedAt: number }): Consequences {
  const { region, hall, window, camera, account, title, act, fields, recording, receivedAt: at } = event;
  const facts = {
    name: title,
    ...(window === undefined ? {} : { window }),
    ...(fields.length === 0 ? {} : { fields: fields.join(',') }),
    ...(recording === undefined ? {} : { recording }),
  };
  return { puts: [], ledger: [{ region, at, act: `camera.${act}`, subject: camera, hall, account, facts }] };
}
