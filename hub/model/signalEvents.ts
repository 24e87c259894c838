/** What happens to a signal (1.X.3): acts of people, urge notices, investigations, and the turn of its clock. */
import { z } from 'zod';
import { byPerson, common } from './eventFields.ts';
import { identifier, instant, longText, reasonText, shortText } from './fields.ts';
import { levels } from './pack.ts';

export const signalAcknowledged = z.strictObject({
  kind: z.literal('signal.acknowledged'),
  ...byPerson,
  signal: identifier,
  note: longText.optional(),
});

/** C-07: a draft that the pack holds for a person is issued, or dropped with a reason. */
export const signalConfirmed = z.strictObject({
  kind: z.literal('signal.confirmed'),
  ...byPerson,
  signal: identifier,
  outcome: z.enum(['issued', 'dropped']),
  note: reasonText.optional(),
});

/** SZ-27, SZ-38: what only a person can judge. It is about a casefile, a window, or both. */
export const signalIssuedByHand = z.strictObject({
  kind: z.literal('signal.issuedByHand'),
  ...byPerson,
  signal: identifier,
  casefile: identifier.optional(),
  window: identifier.optional(),
  level: z.enum(levels),
  article: shortText,
  text: reasonText,
});

/** 整改: the department says what it has put right. */
export const signalCorrectionClaimed = z.strictObject({
  kind: z.literal('signal.correctionClaimed'),
  ...byPerson,
  signal: identifier,
  text: reasonText,
});

/** 核验: a supervisor accepts a claimed correction or sends it back. */
export const signalVerified = z.strictObject({
  kind: z.literal('signal.verified'),
  ...byPerson,
  signal: identifier,
  outcome: z.enum(['accepted', 'sentBack']),
  note: reasonText.optional(),
});

/** 申诉 (KF-05). */
export const signalAppealed = z.strictObject({
  kind: z.literal('signal.appealed'),
  ...byPerson,
  signal: identifier,
  text: reasonText,
});

export const signalAppealDecided = z.strictObject({
  kind: z.literal('signal.appealDecided'),
  ...byPerson,
  signal: identifier,
  outcome: z.enum(['upheld', 'rejected']),
  reason: reasonText,
});

/** 撤销: the account is the approver. */
export const signalRevoked = z.strictObject({
  kind: z.literal('signal.revoked'),
  ...byPerson,
  signal: identifier,
  reason: reasonText,
});

/** 督办通知 (QT-05): the department is to answer by `correctBy`. */
export const signalUrged = z.strictObject({
  kind: z.literal('signal.urged'),
  ...byPerson,
  signal: identifier,
  text: reasonText,
  correctBy: instant,
});

/** 调查 (SZ-50). */
export const inquiryOpened = z.strictObject({
  kind: z.literal('inquiry.opened'),
  ...byPerson,
  inquiry: identifier,
  signal: identifier,
  text: reasonText,
});

/** SC-23: `approver` is the head of the investigating organ. */
export const inquiryExtended = z.strictObject({
  kind: z.literal('inquiry.extended'),
  ...byPerson,
  inquiry: identifier,
  signal: identifier,
  days: z.int().min(1).max(60),
  approver: shortText,
  reason: reasonText,
});

export const inquiryClosed = z.strictObject({
  kind: z.literal('inquiry.closed'),
  ...byPerson,
  inquiry: identifier,
  signal: identifier,
  outcome: z.enum(['fault', 'noFault']),
  text: reasonText,
  /** 责任人 and what was done about it. */
  liable: shortText.optional(),
  measure: shortText.optional(),
  report: shortText.optional(),
});

/** The time to correct is over: published by the ticker at `occurredAt`, decided like any other event (SZ-27). */
export const signalTurned = z.strictObject({ kind: z.literal('signal.turned'), ...common, signal: identifier });
