/** What people do to a camera's record (点位), so that the ledger keeps it; switching it off and on is `camera.changed`. */
import { z } from 'zod';
import type { Consequences } from './decide.ts';
import { byPerson } from './eventFields.ts';
import { identifier, shortText } from './fields.ts';

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
});

export function decideDescribed(event: z.infer<typeof cameraDescribed> & { receivedAt: number }): Consequences {
  const { region, hall, window, camera, account, title, act, fields, receivedAt: at } = event;
  const facts = {
    name: title,
    ...(window === undefined ? {} : { window }),
    ...(fields.length === 0 ? {} : { fields: fields.join(',') }),
  };
  return { puts: [], ledger: [{ region, at, act: `camera.${act}`, subject: camera, hall, account, facts }] };
}
