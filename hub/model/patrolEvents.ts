/** The events of patrols (巡查): what was watched, what was found. */
import { z } from 'zod';
import { byPerson } from './eventFields.ts';
import { identifier, instant, longText, shortText } from './fields.ts';
import { seenPerson } from './findingEvents.ts';
import { lostCauses } from './verify.ts';
import { refusalCauses } from './viewProof.ts';

export const visitStarted = z.strictObject({
  kind: z.literal('patrol.visitStarted'),
  ...byPerson,
  visit: identifier,
  duty: identifier,
  hall: identifier,
  windows: z.array(identifier).min(1).max(200),
});

const seconds = z.number().min(0).max(86_400);

export const windowView = z.strictObject({
  window: identifier,
  camera: identifier,
  /** Seconds that the server delivered and the page reported as playing, visible and fresh. */
  seconds,
  verified: z.boolean(),
  /** Seconds of the visit that did not count, by cause. */
  lost: z.partialRecord(z.enum(lostCauses), seconds).optional(),
});

export const visitFinished = z.strictObject({
  kind: z.literal('patrol.visitFinished'),
  ...byPerson,
  visit: identifier,
  views: z.array(windowView).max(200),
  /** Seconds in which at least one window was being verified. */
  watched: seconds.optional(),
  /** Reports of the visit that counted nothing, by cause. */
  refused: z.partialRecord(z.enum(refusalCauses), z.int().min(1)).optional(),
  /** SHA-256 (hex) over the delivery and player reports the views were computed from. */
  digest: z.hash('sha256'),
});

export const findingRecorded = z.strictObject({
  kind: z.literal('patrol.findingRecorded'),
  ...byPerson,
  finding: identifier,
  visit: identifier,
  window: identifier,
  camera: identifier.optional(),
  /** Misconduct code of the region's vocabulary (background §4, A..H). */
  code: shortText,
  note: longText.optional(),
  person: seenPerson.optional(),
  snapshot: z.strictObject({ sha256: z.hash('sha256'), at: instant }).optional(),
});
