/** The events of the register (台账, SC-19): acts that people enter, and the signature of another. */
import { z } from 'zod';
import { byPerson } from './eventFields.ts';
import { identifier, instant, longText, reasonText, shortText } from './fields.ts';
import { channels, enteredKinds, signable } from './register.ts';

/** What is said of an act; `faultOf` says what belongs together. */
export const registerFields = {
  act: z.enum(enteredKinds),
  from: instant,
  until: instant,
  hall: identifier.optional(),
  window: identifier.optional(),
  about: identifier.optional(),
  channel: z.enum(channels).optional(),
  reached: z.boolean().optional(),
  satisfaction: z.int().min(1).max(5).optional(),
  text: reasonText,
  found: z.boolean(),
  code: shortText.optional(),
  person: shortText.optional(),
  notified: z.strictObject({ whom: shortText, at: instant }).optional(),
  reply: longText.optional(),
  result: longText.optional(),
  verified: z.strictObject({ by: shortText, at: instant }).optional(),
  points: z.number().min(0).max(100).optional(),
  note: longText.optional(),
  /** The entry that this one stands instead of, and why it has to. */
  corrects: identifier.optional(),
  why: reasonText.optional(),
};

export const registerEntered = z.strictObject({
  kind: z.literal('register.entered'),
  ...byPerson,
  organ: identifier,
  ...registerFields,
});

export const registerReviewed = z.strictObject({
  kind: z.literal('register.reviewed'),
  ...byPerson,
  of: z.enum(signable),
  line: identifier,
  note: longText.optional(),
});
