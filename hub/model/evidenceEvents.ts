import { z } from 'zod';
import { byPerson, common } from './eventFields.ts';
import { identifier, instant, longText, reasonText, regionCode } from './fields.ts';

/** What evidence is taken about, where it is about something that the hub knows. */
export const evidenceAbout = z.strictObject({ kind: z.enum(['finding', 'signal', 'casefile']), id: identifier });

const ofEvidence = { evidence: identifier, hall: identifier };
const ofRelease = { ...ofEvidence, release: identifier };

/** 取证: somebody pressed the button. The clip is `from` … `until`, the picture shows `at`. */
export const evidenceTaken = z.strictObject({
  kind: z.literal('evidence.taken'),
  ...byPerson,
  ...ofEvidence,
  camera: identifier,
  at: instant,
  from: instant,
  until: instant,
  why: reasonText,
  about: evidenceAbout.optional(),
});

/** The stream part has written files and the manifest whose digest this is. A later version adds files and changes none. */
export const evidenceSealed = z.strictObject({
  kind: z.literal('evidence.sealed'),
  ...common,
  ...ofEvidence,
  version: z.int().min(1).max(9),
  digest: z.hash('sha256'),
  /** Nothing more is added. */
  complete: z.boolean(),
  picture: z.hash('sha256').optional(),
  /** Seconds of the clip that were recorded, and seconds of it that are missing. */
  seconds: z.number().min(0).max(3600),
  missing: z.number().min(0).max(3600),
});

/** 查阅, 复制 (SC-32), 删除 (SC-33). */
export const releaseActs = ['view', 'copy', 'delete'] as const;

export const evidenceRequested = z.strictObject({
  kind: z.literal('evidence.requested'),
  ...byPerson,
  ...ofRelease,
  act: z.enum(releaseActs),
  purpose: reasonText,
});

export const evidenceAnswered = z.strictObject({
  kind: z.literal('evidence.answered'),
  ...byPerson,
  ...ofRelease,
  /** The region whose supervision organ answers. */
  organRegion: regionCode,
  outcome: z.enum(['approved', 'refused']),
  reason: longText.optional(),
});

/** The copy with its watermark is there. `digest` is that of its manifest, `sha256` that of the copy. */
export const evidenceReleased = z.strictObject({
  kind: z.literal('evidence.released'),
  ...common,
  ...ofRelease,
  digest: z.hash('sha256'),
  sha256: z.hash('sha256'),
  bytes: z.int().min(1),
});

/** What was approved could not be done. */
export const evidenceFailed = z.strictObject({
  kind: z.literal('evidence.failed'),
  ...common,
  ...ofRelease,
  reason: reasonText,
});

/** Somebody opened the released copy. */
export const evidenceViewed = z.strictObject({ kind: z.literal('evidence.viewed'), ...byPerson, ...ofRelease });

/** The files are gone, as the province approved. The manifests stay. */
export const evidenceRemoved = z.strictObject({ kind: z.literal('evidence.removed'), ...common, ...ofRelease });
