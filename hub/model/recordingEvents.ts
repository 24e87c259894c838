import { z } from 'zod';
import { byPerson, common } from './eventFields.ts';
import { identifier, instant, longText, reasonText, regionCode, shortText } from './fields.ts';

const ofHold = { ...byPerson, hold: identifier, hall: identifier };

/** 封存: nothing that a camera recorded between two moments is removed, whatever the hall keeps otherwise. */
export const recordingHeld = z.strictObject({
  kind: z.literal('recording.held'),
  ...ofHold,
  camera: identifier,
  from: instant,
  to: instant,
  reason: reasonText,
});

/** Somebody asks that a hold ends. */
export const holdReleaseRequested = z.strictObject({
  kind: z.literal('recording.releaseRequested'),
  ...ofHold,
  reason: reasonText,
});

/** 解除封存: answered by the province, because what is not held is removed one day (SC-33), and never by who asked (SC-29). */
export const holdReleaseAnswered = z.strictObject({
  kind: z.literal('recording.releaseAnswered'),
  ...ofHold,
  /** The region whose supervision organ answers. */
  organRegion: regionCode,
  outcome: z.enum(['approved', 'refused']),
  reason: longText.optional(),
});

/** A hall's recording stopped because the disk is full or broken, or goes on; published by the stream part, only on a change. */
export const recordingChanged = z.strictObject({
  kind: z.literal('recording.changed'),
  ...common,
  hall: identifier,
  state: z.enum(['stopped', 'running']),
  cause: z.enum(['diskFull', 'diskFailed']).optional(),
  /** The system's own word, such as ENOSPC. */
  detail: shortText.optional(),
});

/** An administrator set how long a hall keeps what is recorded, and how much of it; null is what the hub keeps usually. */
export const recordingLimited = z.strictObject({
  kind: z.literal('recording.limited'),
  ...byPerson,
  hall: identifier,
  days: z.int().min(1).max(3_650).nullable(),
  gigabytes: z.int().min(1).max(1_000_000).nullable(),
});
