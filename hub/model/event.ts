import { z } from 'zod';
import { instant, yuan, shortText, longText, reasonText, identifier } from './fields.ts';
import { accountChanged, referenceChanged } from './administrationEvents.ts';
import { cameraChanged, cameraDescribed } from './cameraEvents.ts';
import { attentionExplained } from './attentionEvents.ts';
import { byPerson, common } from './eventFields.ts';
import {
  evidenceAnswered,
  evidenceFailed,
  evidenceReleased,
  evidenceRemoved,
  evidenceRequested,
  evidenceSealed,
  evidenceTaken,
  evidenceViewed,
} from './evidenceEvents.ts';
import {
  holdReleaseAnswered,
  holdReleaseRequested,
  recordingChanged,
  recordingHeld,
  recordingLimited,
} from './recordingEvents.ts';
import { findingEvents } from './findingEvents.ts';
import { presenceEvents } from './presenceEvents.ts';
import { registerEntered, registerReviewed } from './registerEvents.ts';
import { drawCommitted, drawMade, drawPublished, patrolPlanned, patrolSwapped, patrolTurned } from './dutyEvents.ts';
import { findingRecorded, visitFinished, visitStarted, type windowView } from './patrolEvents.ts';
import {
  inquiryClosed,
  inquiryExtended,
  inquiryOpened,
  signalAcknowledged,
  signalAppealDecided,
  signalAppealed,
  signalConfirmed,
  signalCorrectionClaimed,
  signalIssuedByHand,
  signalRevoked,
  signalTurned,
  signalUrged,
  signalVerified,
} from './signalEvents.ts';
import { measuredWords, type Measure } from './rules/shape.ts';

/** What every step of a casefile (办件) may say about itself. */
const caseCommon = {
  ...common,
  /** Number of the casefile (办件编号), unique within its region. */
  casefile: identifier,
  /** Window (窗口), where the step was done at one. */
  window: identifier.optional(),
  /** Staff number (工号) of the person who did it. */
  handler: shortText.optional(),
  note: longText.optional(),
};

const opening = {
  matter: identifier,
  department: identifier.optional(),
  applicant: z.object({ name: shortText, class: z.enum(['person', 'enterprise', 'other']) }).optional(),
};

/** XY-56: the name or staff number of who granted it, and the document's number (文号). */
const deciding = { approver: shortText.optional(), document: shortText.optional() };

export const caseReceived = z.strictObject({ kind: z.literal('case.received'), ...caseCommon, ...opening });
export const caseAccepted = z.strictObject({
  kind: z.literal('case.accepted'),
  ...caseCommon,
  ...opening,
  /** The deadline the source itself gave (承诺办结时间); where absent the matter's limits are counted. */
  promisedDueAt: instant.optional(),
  statutoryDueAt: instant.optional(),
  /** The limit the source itself gave, in days: counted, suspended and extended like the matter's own. */
  promisedDays: z.int().min(0).max(3660).optional(),
  promisedUnit: z.enum(['working', 'calendar']).optional(),
});
export const caseDeclined = z.strictObject({
  kind: z.literal('case.declined'),
  ...caseCommon,
  reason: longText.optional(),
});
export const caseCorrectionRequested = z.strictObject({
  kind: z.literal('case.correctionRequested'),
  ...caseCommon,
  reason: longText.optional(),
});
export const caseCorrected = z.strictObject({ kind: z.literal('case.corrected'), ...caseCommon });
export const caseStepped = z.strictObject({ kind: z.literal('case.stepped'), ...caseCommon, step: shortText });
export const caseSuspended = z.strictObject({
  kind: z.literal('case.suspended'),
  ...caseCommon,
  /** Special procedure (特别程序): hearing, inspection, testing … */
  procedure: shortText,
  reason: longText.optional(),
});
export const caseResumed = z.strictObject({
  kind: z.literal('case.resumed'),
  ...caseCommon,
  /** What the special procedure came to (SZ-44…SZ-46). */
  result: longText.optional(),
});
export const caseExtended = z.strictObject({
  kind: z.literal('case.extended'),
  ...caseCommon,
  days: z.int().min(1).max(60),
  approver: shortText,
  reason: longText.optional(),
});
export const caseDecided = z.strictObject({
  kind: z.literal('case.decided'),
  ...caseCommon,
  outcome: z.enum(['approved', 'denied']),
  reason: longText.optional(),
  ...deciding,
});
export const caseCompleted = z.strictObject({ kind: z.literal('case.completed'), ...caseCommon });
export const caseWithdrawn = z.strictObject({
  kind: z.literal('case.withdrawn'),
  ...caseCommon,
  reason: longText.optional(),
});

/** 上报: the first organ hands its opinion and the material up (SZ-30). */
export const caseForwarded = z.strictObject({
  kind: z.literal('case.forwarded'),
  ...caseCommon,
  /** The superior organ, as the source names it. */
  to: shortText,
  reason: longText.optional(),
});
export const caseForwardAnswered = z.strictObject({
  kind: z.literal('case.forwardAnswered'),
  ...caseCommon,
  result: longText.optional(),
});
/** 发证 (SZ-36). */
export const caseLicenceIssued = z.strictObject({
  kind: z.literal('case.licenceIssued'),
  ...caseCommon,
  name: shortText,
  number: shortText.optional(),
});
/** 结果公示 (SZ-35). */
export const casePublished = z.strictObject({
  kind: z.literal('case.published'),
  ...caseCommon,
  where: shortText.optional(),
});
/** 收费 (SZ-48). */
export const caseFeeCharged = z.strictObject({
  kind: z.literal('case.feeCharged'),
  ...caseCommon,
  name: shortText,
  amount: yuan,
  /** Number of the receipt or the payment notice. */
  reference: shortText.optional(),
});
/** 退件, 退回: the department gives the application back. */
export const caseReturned = z.strictObject({
  kind: z.literal('case.returned'),
  ...caseCommon,
  reason: longText.optional(),
});
/** 撤销许可 (SZ-24). */
export const caseResultRevoked = z.strictObject({
  kind: z.literal('case.resultRevoked'),
  ...caseCommon,
  approver: shortText,
  reason: reasonText,
});
/** 行政复议, 行政诉讼 (SZ-23). */
export const caseAppealed = z.strictObject({
  kind: z.literal('case.appealed'),
  ...caseCommon,
  by: z.enum(['reconsideration', 'litigation']),
  reference: shortText.optional(),
});
/** 批后监管. */
export const caseInspected = z.strictObject({
  kind: z.literal('case.inspected'),
  ...caseCommon,
  result: shortText,
});

/** 征收: 缴费通知 and 缴费. */
export const caseLevyNotified = z.strictObject({
  kind: z.literal('case.levyNotified'),
  ...caseCommon,
  amount: yuan,
  dueAt: instant.optional(),
});
export const caseLevyPaid = z.strictObject({
  kind: z.literal('case.levyPaid'),
  ...caseCommon,
  amount: yuan,
  reference: shortText.optional(),
});

/** 处罚: 立案 → 调查终结 → 告知书 → 处罚决定 → 执行. `applicant` is the party (当事人). */
export const caseFiled = z.strictObject({ kind: z.literal('case.filed'), ...caseCommon, ...opening });
export const caseInvestigated = z.strictObject({
  kind: z.literal('case.investigated'),
  ...caseCommon,
  result: longText.optional(),
});
export const caseNoticeServed = z.strictObject({
  kind: z.literal('case.noticeServed'),
  ...caseCommon,
  document: shortText.optional(),
});
export const casePenaltyDecided = z.strictObject({
  kind: z.literal('case.penaltyDecided'),
  ...caseCommon,
  /** 处罚种类 in the source's words, for example 罚款 or 不予处罚. */
  penalty: shortText,
  amount: yuan.optional(),
  reason: longText.optional(),
  ...deciding,
});
export const caseExecuted = z.strictObject({ kind: z.literal('case.executed'), ...caseCommon });

/** The approval events a department may send through a door. */
export const caseEvent = z.discriminatedUnion('kind', [
  caseReceived,
  caseAccepted,
  caseDeclined,
  caseCorrectionRequested,
  caseCorrected,
  caseStepped,
  caseSuspended,
  caseResumed,
  caseExtended,
  caseDecided,
  caseCompleted,
  caseWithdrawn,
  caseForwarded,
  caseForwardAnswered,
  caseLicenceIssued,
  casePublished,
  caseFeeCharged,
  caseReturned,
  caseResultRevoked,
  caseAppealed,
  caseInspected,
  caseLevyNotified,
  caseLevyPaid,
  caseFiled,
  caseInvestigated,
  caseNoticeServed,
  casePenaltyDecided,
  caseExecuted,
]);

/** A casefile's colour is due to change: published by the ticker at `occurredAt`, decided like any other event. */
export const clockTurned = z.strictObject({ kind: z.literal('clock.turned'), ...common, casefile: identifier });

/**
 * A year's calendar was published that a deadline waits for: published by the ticker, decided like any other event, so that
 * the casefile's deadlines are counted anew.
 */
export const clockReplanned = z.strictObject({ kind: z.literal('clock.replanned'), ...common, casefile: identifier });

/**
 * A rule pack comes into force (design §4). `body` is the whole pack as canonical JSON, so that the archive alone can give it
 * back; `digest` is the SHA-256 of it. `author` is who drafted it: nobody activates his own draft (SC-29).
 */
export const packActivated = z.strictObject({
  kind: z.literal('pack.activated'),
  ...byPerson,
  pack: identifier,
  version: z.int().min(1),
  effectiveFrom: z.iso.date(),
  digest: z.hash('sha256'),
  body: z.string().min(2).max(262_144),
  author: identifier,
  note: longText.optional(),
});

/**
 * What the recorder's sweep measured of one subject on a day that is over, where it exceeds the pack's lowest threshold (P1, P3,
 * P4, P5, P8). The figures stand here, so that a rebuild judges by the same ones.
 */
export const irregularityMeasured = z.strictObject({
  kind: z.literal('irregularity.measured'),
  ...common,
  day: z.iso.date(),
  measure: z.enum(Object.keys(measuredWords) as [Measure, ...Measure[]]),
  matter: identifier.optional(),
  department: identifier.optional(),
  handler: shortText.optional(),
  window: identifier.optional(),
  /** The source that it is about, and its name at that time. */
  origin: identifier.optional(),
  name: shortText.optional(),
  figures: z
    .record(z.string().regex(/^[a-z]\w{0,19}$/i), z.union([z.number(), shortText]))
    .refine((each) => Object.keys(each).length <= 20, 'expected at most 20 figures'),
});

/** What people and the hub's own parts publish; a door never accepts these. */
export const hubEvent = z.discriminatedUnion('kind', [
  referenceChanged,
  accountChanged,
  cameraChanged,
  cameraDescribed,
  clockTurned,
  clockReplanned,
  patrolPlanned,
  patrolTurned,
  patrolSwapped,
  drawCommitted,
  drawMade,
  drawPublished,
  visitStarted,
  visitFinished,
  findingRecorded,
  ...findingEvents,
  ...presenceEvents,
  signalAcknowledged,
  signalConfirmed,
  signalIssuedByHand,
  signalCorrectionClaimed,
  signalVerified,
  signalAppealed,
  signalAppealDecided,
  signalRevoked,
  signalTurned,
  irregularityMeasured,
  attentionExplained,
  packActivated,
  signalUrged,
  inquiryOpened,
  inquiryExtended,
  inquiryClosed,
  evidenceTaken,
  evidenceSealed,
  evidenceRequested,
  evidenceAnswered,
  evidenceReleased,
  evidenceFailed,
  evidenceViewed,
  evidenceRemoved,
  recordingHeld,
  holdReleaseRequested,
  holdReleaseAnswered,
  recordingChanged,
  recordingLimited,
  registerEntered,
  registerReviewed,
]);

/**
 * The one discriminated union of everything that happens (事件). An event is immutable; its `id` makes every
 * delivery after the first a no-op. Times are epoch milliseconds (UTC) inside the hub; at the doors an ISO 8601 text
 * with an offset is accepted as well.
 *
 * `occurredAt` as claimed by the source, `enteredAt` when it was typed into the source (KF-04 needs the difference),
 * `receivedAt` when it reached the log: the log's own clock, never taken from the sender.
 */
export const anyEvent = z.discriminatedUnion('kind', [...caseEvent.options, ...hubEvent.options]);

export type CaseEvent = z.infer<typeof caseEvent>;
export type HubEvent = z.infer<typeof hubEvent>;
/** An event as it travels on the log. */
export type Event = z.infer<typeof anyEvent>;
export type EventKind = Event['kind'];
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>;
export type CameraState = EventOf<'camera.changed'>['state'];
export type WindowView = z.infer<typeof windowView>;

/** An event as the recorder read it: `receivedAt` is the log's time, `position` the recorder's own order. */
export type Recorded<E extends Event = Event> = E & { receivedAt: number; position: number };

/** `event.<region>.<family>.<kind>`, for example `event.510104.case.accepted`. */
export function subjectOf(event: Pick<Event, 'region' | 'kind'>): string {
  return `event.${event.region}.${event.kind}`;
}
