/**
 * The closed vocabulary of conditions beyond the clock's: what one step shows (`stepRules`, judged by `steps.ts`), what is
 * measured across cases (`measuredRules`, judged by `measured.ts`), and what only a person can judge (`byHandRule`).
 */
import { z } from 'zod';
import { identifier, shortText } from '../fields.ts';
import { procedureKinds } from '../procedure.ts';

/** 提示, 预警, 纠错, 严重: what a signal means. Its colour is the region's (C-02). */
export const levels = ['notice', 'warning', 'correction', 'serious'] as const;
export type Level = (typeof levels)[number];

export const text = z.strictObject({ zh: shortText, en: shortText });

export const common = {
  id: identifier,
  title: text,
  /** The article that asks for it. */
  article: shortText,
  level: z.enum(levels),
  /** C-07: issued by itself, or held for a person to confirm. */
  issue: z.enum(['auto', 'confirm']).default('auto'),
  /** YJ-05: what begins by itself once its signal is issued: a 督办通知 (QT-05) or an investigation (SZ-50). */
  procedure: z.enum(['urge', 'inquiry']).optional(),
  /** `{matter}`, `{casefile}`, `{due}`, `{over}` and the facts of the condition (`placeholdersOf`) are filled in. */
  message: text,
};

/** What a step may be for `happened` (SZ-20…SZ-24). */
export const happenings = [
  'declined',
  'denied',
  'correctionRequested',
  'appealed',
  'resultRevoked',
  'returned',
  'extended',
  'suspended',
  'withdrawn',
] as const;

const minutes = z.int().min(1).max(527_040);

export const stepRules = [
  /** A completed case lacks a step its matter publishes (C-03, C-04). */
  z.strictObject({ ...common, when: z.literal('stepMissing') }),
  /** A completed case took two of them in the wrong order. */
  z.strictObject({ ...common, when: z.literal('stepOrder') }),
  /** So many correction notices for one case (SZ-32). */
  z.strictObject({ ...common, when: z.literal('repeatedCorrection'), times: z.int().min(2).max(20).default(2) }),
  /** Not accepted, or denied, without a reason (SZ-33). */
  z.strictObject({ ...common, when: z.literal('refusalWithoutReason') }),
  /** A step was entered later than this (KF-04, KF-06). */
  z.strictObject({ ...common, when: z.literal('entryLag'), minutes }),
  /** The source itself says that a case was filled in afterwards, later than this (C-16). */
  z.strictObject({ ...common, when: z.literal('backfilled'), minutes }),
  /** The work was over within so many seconds of the acceptance (QT-16). */
  z.strictObject({ ...common, when: z.literal('zeroDuration'), seconds: z.int().min(1).max(86_400) }),
  /** A step was done at a window outside the hall's hours, or on a day off. */
  z.strictObject({ ...common, when: z.literal('offHours'), graceMinutes: z.int().min(0).max(720).default(0) }),
  /** One of these was done, which is worth a look by itself (SZ-20…SZ-24). */
  z.strictObject({ ...common, when: z.literal('happened'), what: z.array(z.enum(happenings)).min(1).max(9) }),
  /** Who decided is not among those who may grant the matter (SZ-43, XY-56). */
  z.strictObject({ ...common, when: z.literal('approverNotEntitled') }),
  /** A fee the catalogue does not list, another amount than it lists, or a deposit (SZ-48). */
  z.strictObject({ ...common, when: z.literal('feeNotInCatalogue') }),
  /** Taken in although the matter is cancelled or suspended (SZ-39). */
  z.strictObject({ ...common, when: z.literal('matterNotLive') }),
  /** Decided without a procedure that the matter asks for (SZ-44, SZ-45, SZ-46); `procedures`: only these. */
  z.strictObject({
    ...common,
    when: z.literal('missingProcedure'),
    procedures: z.array(z.enum(procedureKinds)).min(1).max(procedureKinds.length).optional(),
  }),
  /** Taken in without a window although the matter is handled at one (XY-19, KF-06). */
  z.strictObject({ ...common, when: z.literal('offWindow') }),
  /** A completed case of at least so many steps, all by one account (P2). */
  z.strictObject({ ...common, when: z.literal('oneAccount'), steps: z.int().min(2).max(100).default(3) }),
  /** So many steps of a completed case in one and the same second (P2). */
  z.strictObject({ ...common, when: z.literal('sameSecond'), steps: z.int().min(2).max(100).default(3) }),
  /** Accepted though the region publishes no such matter, or by another department than the matter's (FS-17, SZ-43). */
  z.strictObject({ ...common, when: z.literal('acceptedOutsideScope') }),
] as const;

const share = z.number().min(0).max(1);

/** Figures of a day that is over; the recorder's sweep measures them (`hub/record/sweep.ts`). */
export const measuredRules = [
  /** A live matter without a case for so many working days (P1). */
  z.strictObject({ ...common, when: z.literal('noCases'), days: z.int().min(5).max(250) }),
  /** Cases of a week, by working day, at most this share of the median of the eight weeks before it (P1). */
  z.strictObject({
    ...common,
    when: z.literal('suddenDrop'),
    share: z.number().min(0).max(0.9),
    /** Weeks of fewer cases than this are too small to judge by. */
    minimum: z.int().min(1).max(100_000),
  }),
  /** So many numbers are missing between the running numbers of a department (P1). */
  z.strictObject({ ...common, when: z.literal('numberGap'), missing: z.int().min(1).max(1_000) }),
  /** More cases finished by one person in one hour than anybody can (P2). */
  z.strictObject({ ...common, when: z.literal('impossibleThroughput'), perHour: z.int().min(2).max(10_000) }),
  /** So many cases that were over before, entered by one account within so many minutes (P4, KF-04). */
  z.strictObject({
    ...common,
    when: z.literal('batchEntry'),
    cases: z.int().min(2).max(10_000),
    minutes: z.int().min(1).max(240),
  }),
  /** Half, or a tenth, of a source's steps were entered later than this (P5, P8, KF-06). */
  z.strictObject({
    ...common,
    when: z.literal('entryLagShare'),
    percentile: z.enum(['p50', 'p90']),
    minutes,
    /** Days of fewer steps than this are too small to judge by. */
    minimum: z.int().min(1).max(100_000).default(10),
  }),
  /** At most this share of a department's live matters had a case in the month (P3, YJ-01). */
  z.strictObject({
    ...common,
    when: z.literal('coverage'),
    share,
    /** Departments of fewer matters than this are too small to judge by. */
    minimum: z.int().min(1).max(1_000).default(2),
  }),
] as const;

/** What only a person can judge: offered by the dialog in which a signal is issued by hand (SZ-28, SZ-31, SZ-37 …). */
export const byHandRule = z.strictObject({
  id: identifier,
  article: shortText,
  title: text,
  level: z.enum(levels),
  /** A signal by hand says in words what it rests on. */
  evidence: z.literal('required').default('required'),
});

export type StepRule = z.infer<(typeof stepRules)[number]>;
export type MeasuredRule = z.infer<(typeof measuredRules)[number]>;
export type Measure = MeasuredRule['when'];

/** What a message may have filled in, beyond `{matter}` and `{casefile}`. */
export const stepWords: Record<StepRule['when'], readonly string[]> = {
  stepMissing: ['missing'],
  stepOrder: ['first', 'second'],
  repeatedCorrection: ['notices'],
  refusalWithoutReason: ['reason'],
  entryLag: ['lag'],
  backfilled: ['lag'],
  zeroDuration: ['took'],
  offHours: ['time'],
  happened: ['what'],
  approverNotEntitled: ['approver'],
  feeNotInCatalogue: ['fee', 'charged', 'fault'],
  matterNotLive: ['state', 'since'],
  missingProcedure: ['procedures'],
  offWindow: [],
  oneAccount: ['handler', 'steps'],
  sameSecond: ['steps', 'time'],
  acceptedOutsideScope: ['fault'],
};

/** `{subject}` is the name of what was measured, `{day}` the day. */
export const measuredWords: Record<Measure, readonly string[]> = {
  noCases: ['idle'],
  suddenDrop: ['cases', 'median', 'percent'],
  numberGap: ['missing', 'first', 'last'],
  impossibleThroughput: ['cases', 'hour'],
  batchEntry: ['cases', 'minutes', 'time'],
  entryLagShare: ['p50', 'p90', 'steps'],
  coverage: ['covered', 'live', 'percent'],
};
