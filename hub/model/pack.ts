import { z } from 'zod';
import { identifier, longText, regionCode, shortText } from './fields.ts';

/** 提示, 预警, 纠错, 严重: what a signal means. Its colour is the region's (C-02). */
export const levels = ['notice', 'warning', 'correction', 'serious'] as const;
export type Level = (typeof levels)[number];

const text = z.strictObject({ zh: shortText, en: shortText });

const rule = z.strictObject({
  id: identifier,
  title: text,
  /** The article that asks for it. */
  article: shortText,
  level: z.enum(levels),
  /** C-05: the deadline this rule looks at. */
  deadline: z.enum(['statutory', 'promised']),
  /** `dueToday`: the due day begins and the case is open (SZ-26). `overdue`: the deadline has passed (QT-06, SZ-29). */
  when: z.enum(['dueToday', 'overdue']),
  /** C-07: issued by itself, or held for a person to confirm. */
  issue: z.enum(['auto', 'confirm']).default('auto'),
  /** `{matter}`, `{casefile}`, `{due}` and `{over}` are filled in. */
  message: text,
});

const escalation = z
  .strictObject({
    fromLevel: z.enum(levels),
    toLevel: z.enum(levels),
    withinWorkingDays: z.int().min(1).max(60),
  })
  .refine((each) => levels.indexOf(each.toLevel) > levels.indexOf(each.fromLevel), {
    path: ['toLevel'],
    message: 'expected a level above fromLevel',
  });

const finding = z.strictObject({ code: shortText, group: z.string().length(1), title: text });

/** 规则包: everything in which regions differ, as data. A new region is a new file and no code. */
export const rulePack = z.strictObject({
  id: identifier,
  title: text,
  region: regionCode,
  version: z.int().min(1),
  effectiveFrom: z.iso.date(),
  effectiveTo: z.iso.date().optional(),
  source: longText,
  clock: z.strictObject({
    unit: z.enum(['working', 'calendar']),
    /** 行政许可法 82: counting begins on the day after acceptance. */
    begins: z.enum(['nextDay', 'sameDay']).default('nextDay'),
  }),
  /** C-02: the region's word and colour for each level. */
  levels: z.strictObject(
    Object.fromEntries(
      levels.map((level) => [
        level,
        z.strictObject({ word: text, colour: z.enum(['green', 'yellow', 'orange', 'red']) }),
      ]),
    ) as Record<
      Level,
      z.ZodObject<{
        word: typeof text;
        colour: z.ZodEnum<{ green: 'green'; yellow: 'yellow'; orange: 'orange'; red: 'red' }>;
      }>
    >,
  ),
  rules: z.array(rule).max(200),
  /** SZ-27: a signal that is not corrected in so many working days is followed by one of a higher level. */
  escalation: z.array(escalation).max(4).default([]),
  patrol: z.strictObject({
    /** Visits of the own hall on each working day (SC-11, SC-13, SC-14: two or more). */
    own: z.int().min(0).max(20),
    article: shortText,
    /** The moment by which the day's duties are due, minutes after midnight. */
    dueBy: z.int().min(0).max(1440),
    /** A visit counts when this share of the hall's windows was verified, each for `secondsPerWindow`. */
    share: z.number().min(0).max(1),
    secondsPerWindow: z.number().min(1).max(3600),
  }),
  findings: z.array(finding).max(200),
});

export type RulePack = z.infer<typeof rulePack>;
export type Rule = z.infer<typeof rule>;
export type FindingKind = z.infer<typeof finding>;
