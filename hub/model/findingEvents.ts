import { z } from 'zod';
import { byPerson, common } from './eventFields.ts';
import { identifier, reasonText, shortText } from './fields.ts';
import { photosPerAnswer } from './finding.ts';

/** 工号, or a description; at least one of them. */
export const seenPerson = z
  .strictObject({ staff: shortText.optional(), text: shortText.optional() })
  .refine((each) => each.staff !== undefined || each.text !== undefined, 'expected a staff number or a description');

/** Of one answer, by SHA-256, each once. */
export const photoList = z
  .array(z.hash('sha256'))
  .max(photosPerAnswer)
  .refine((list) => new Set(list).size === list.length, 'expected each photo once');

const ofFinding = { ...byPerson, finding: identifier, hall: identifier };

/** 响应: the hall says what it did or will do. */
const responded = z.strictObject({
  kind: z.literal('finding.responded'),
  ...ofFinding,
  text: reasonText,
  photos: photoList,
});

/** 整改: the hall says that it is put right, and shows it. */
const rectified = z.strictObject({
  kind: z.literal('finding.rectified'),
  ...ofFinding,
  text: reasonText,
  photos: photoList.min(1, 'expected a photo of what was put right'),
});

/** 申诉. */
const appealed = z.strictObject({
  kind: z.literal('finding.appealed'),
  ...ofFinding,
  text: reasonText,
  photos: photoList,
});

const appealDecided = z.strictObject({
  kind: z.literal('finding.appealDecided'),
  ...ofFinding,
  outcome: z.enum(['accepted', 'rejected']),
  reason: reasonText,
});

/** 核验: an inspector looked at what was put right. */
const verified = z.strictObject({
  kind: z.literal('finding.verified'),
  ...ofFinding,
  outcome: z.enum(['accepted', 'sentBack']),
  note: reasonText.optional(),
});

/** 回头看. `again`: the finding that was recorded this time. */
const lookedBack = z.strictObject({
  kind: z.literal('finding.lookedBack'),
  ...ofFinding,
  outcome: z.enum(['fine', 'again']),
  note: reasonText.optional(),
  again: identifier.optional(),
});

/** A time to respond or to rectify is over: published by the ticker. */
const turned = z.strictObject({ kind: z.literal('finding.turned'), ...common, finding: identifier });

export const findingEvents = [responded, rectified, appealed, appealDecided, verified, lookedBack, turned] as const;
