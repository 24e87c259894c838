/**
 * The settings in which regions contradict each other (C-01…C-22). Obeyed: `functions` (C-01) by the vocabulary and so by what the
 * web offers, `flow` and `synonyms` (C-03, C-04, C-22) by the step rules, `responsible.addressee` (C-08) by every signal, `scope`
 * (C-13) by the rules, `dataChange.backfill` (C-16) when a step is decided, `evidence` (C-17) but for `openScores`, `supervised`
 * (C-19) by investigations; and `publicity`, `rectification`, `recording` and `attention`, in which regions differ as well. Each of
 * the others says in its comment which part will read it; until then it is recorded as the source says it. C-02, C-05, C-06, C-07 and
 * C-21 are the pack's own sections `levels`, `matters`, `rules[].deadline`, `clock` and `rules[].unit`, `rules[].issue`, and
 * `patrol`.
 */
import { z } from 'zod';
import { attentionLimits } from './attentionEvents.ts';
import { shortText } from './fields.ts';
import { businessTypes } from './matter.ts';
import { levels } from './rules/shape.ts';
import type { Matter } from './world.ts';

const article = { article: shortText };
const days = z.int().min(1).max(60);
const words = z.array(shortText).min(1).max(50);

export const packSettings = z.strictObject({
  /** C-01: the functions that the region's system has. */
  functions: z
    .strictObject({
      ...article,
      has: z
        .array(
          z.enum([
            'monitoring',
            'correction',
            'complaints',
            'evaluation',
            'statistics',
            'information',
            'publication',
            'video',
          ]),
        )
        .min(1),
    })
    .optional(),
  /** C-03, C-04: the nodes that are monitored; `strict`: every step the matter publishes, not only those nodes. */
  flow: z.strictObject({ ...article, nodes: words, strict: z.boolean() }).optional(),
  /** C-08: whom a signal is addressed to; who is scored, for the evaluation of departments and persons. */
  responsible: z
    .strictObject({
      ...article,
      addressee: z.enum(['contact', 'department', 'person', 'departmentAndPerson']),
      scored: z.enum(['department', 'person', 'departmentAndPerson']),
    })
    .optional(),
  /** C-09, for the evaluation: points are taken when the signal is issued, or when an investigation has confirmed the fault. */
  deduction: z.strictObject({ ...article, on: z.enum(['issue', 'confirmedFault']) }).optional(),
  /** C-10, C-11, for the evaluation: how often the evaluation is made, and where its marks come from. */
  evaluation: z
    .strictObject({
      ...article,
      periods: z.array(z.enum(['day', 'month', 'quarter', 'unstated'])).min(1),
      marks: z.array(z.enum(['automatic', 'manual'])).min(1),
      standard: shortText.optional(),
    })
    .optional(),
  /** C-12, for the publication of results: who is shown the results. */
  publication: z.strictObject({ ...article, audiences: words }).optional(),
  /** QT-11, QT-12: whether a hall has its public screen and its touch screen; absent: where `functions` has `publication`. */
  publicity: z.strictObject({ ...article, board: z.boolean(), enquiry: z.boolean() }).optional(),
  /** C-13: the kinds of matters under supervision. Secret matters are refused in every region. */
  scope: z
    .strictObject({
      ...article,
      /** In the source's own words. */
      kinds: words,
      /** Which of the catalogue's kinds that is; absent: all of them. Matters of other kinds raise no signal. */
      businessTypes: z.array(z.enum(businessTypes)).min(1).max(businessTypes.length).optional(),
    })
    .optional(),
  /** C-14, for the network of hubs: levels of the network, from the province or the city down. */
  network: z.strictObject({ ...article, levels: z.int().min(1).max(5) }).optional(),
  /** C-15, for the onboarding of sources: how departments' data reach the region. */
  connectors: z
    .strictObject({
      ...article,
      kinds: z
        .array(z.enum(['unifiedSystem', 'interface', 'platform', 'frontEndMachine', 'secondEntry', 'batchEntry']))
        .min(1),
    })
    .optional(),
  /**
   * C-16: whether a case may be filled in afterwards, which the source says with `enteredAt`: `flagged` asks for a rule `entryLag`
   * or `backfilled`, `refused` refuses the step. Who approves a change of recorded data is for the correction of records.
   */
  dataChange: z
    .strictObject({
      ...article,
      approval: z.enum(['none', 'ownOrgan', 'province']),
      backfill: z.enum(['allowed', 'flagged', 'refused']),
      /** Entered later than this, a step is filled in afterwards. */
      afterMinutes: z.int().min(1).max(527_040).default(1440),
    })
    .optional(),
  /** C-17, for evidence and scores: who approves that evidence is viewed or copied; scores may be open to all staff. */
  evidence: z
    .strictObject({
      ...article,
      approval: z.enum(['none', 'ownOrgan']),
      openScores: z.boolean(),
      /** A released copy may be opened for so many days; absent: seven. */
      releaseDays: z.int().min(1).max(90).optional(),
      /** A finding with a camera gets its clip by itself. */
      clipOfFinding: z.boolean().optional(),
    })
    .optional(),
  /**
   * The loop of a finding (信阳: 1 小时响应—24 小时整改—每月回头看): minutes to respond and to put right, in `workingHoursOnly` counted in
   * the hall's hours and in whole working days; `late`: the level of the signal that a missed deadline raises.
   */
  rectification: z
    .strictObject({
      ...article,
      respondWithin: z.int().min(1).max(14_400),
      rectifyWithin: z.int().min(1).max(86_400),
      lookBack: z.enum(['none', 'month']).default('none'),
      workingHoursOnly: z.boolean().default(true),
      late: z.enum(levels).optional(),
    })
    .optional(),
  /** SC-32: how far back the people of a hall may watch what was recorded without a release: not at all, an hour, the day. */
  recording: z.strictObject({ ...article, timeShift: z.enum(['none', 'hour', 'day']) }).optional(),
  /** SC-29: from when on what people watched asks for an explanation. */
  attention: attentionLimits.optional(),
  /** C-18, for complaints: working days to decide whether a complaint is accepted; a real name gets a written answer. */
  complaints: z.strictObject({ ...article, acceptWithin: days.optional(), writtenToRealName: z.boolean() }).optional(),
  /** C-19: working days to report a problem that a superior organ supervises, and the longest extension. */
  supervised: z.strictObject({ ...article, days, extensionDays: z.int().min(0).max(60) }).optional(),
  /** C-20, for the reports: what is due and when. */
  reports: z
    .array(
      z.strictObject({
        ...article,
        title: shortText,
        every: z.enum(['tenDays', 'month', 'quarter']),
        /** Day of the next month by which it is sent. */
        byDay: z.int().min(1).max(28).optional(),
      }),
    )
    .max(20)
    .optional(),
  /** C-22: words that mean one thing, by the word this region prefers. */
  synonyms: z.record(shortText, words).optional(),
});

/** C-01. */
export type PackFunction = NonNullable<PackSettings['functions']>['has'][number];
export type PackSettings = z.infer<typeof packSettings>;

/** C-13: whether the region supervises a matter. One that is not in the catalogue might be any, and is. */
export function isInScope(settings: PackSettings | undefined, matter: Matter | undefined): boolean {
  const types = settings?.scope?.businessTypes;
  return types === undefined || matter === undefined || types.includes(matter.businessType);
}
