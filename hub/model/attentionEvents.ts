/** What is said of unusual attention (异常关注): its explanation, and the limits that a pack sets. */
import { z } from 'zod';
import { byPerson } from './eventFields.ts';
import { identifier, reasonText, shortText } from './fields.ts';

/** An overseer looked into what asked for an explanation and says what it was. `watcher` is whose attention it is. */
export const attentionExplained = z.strictObject({
  kind: z.literal('attention.explained'),
  ...byPerson,
  attention: shortText,
  reason: z.enum(['offHours', 'long', 'returns', 'unplanned', 'evidence']),
  watcher: identifier,
  watcherName: shortText,
  day: z.iso.date(),
  hall: identifier.optional(),
  window: identifier.optional(),
  note: reasonText,
});

const minutes = z.int().min(1).max(1440);

/** From when on attention asks for an explanation; what is absent is as usual (`attention.ts`). */
export const attentionLimits = z.strictObject({
  article: shortText,
  graceMinutes: z.int().min(0).max(240).optional(),
  offMinutes: minutes.optional(),
  longFactor: z.number().min(1.5).max(100).optional(),
  longMinutes: minutes.optional(),
  returns: z.int().min(2).max(1000).optional(),
  unplannedMinutes: minutes.optional(),
  evidence: z.int().min(1).max(1000).optional(),
});
