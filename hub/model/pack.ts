import { z } from 'zod';
import { identifier, longText, regionCode, shortText } from './fields.ts';
import { clockKinds, packClock, packLimits, senselessLimits } from './limits.ts';
import {
  byHandRule,
  common,
  levels,
  measuredRules,
  measuredWords,
  stepRules,
  stepWords,
  text,
  type Level,
  type MeasuredRule,
  type StepRule,
} from './rules/shape.ts';
import { packPatrol } from './quotaShape.ts';
import { packSettings } from './settings.ts';

export { levels, type Level };

/** C-05: the deadline this rule looks at. */
const deadline = z.enum(clockKinds);

/** What is met by a moment if nothing happens before it. `rules/deadline.ts` says when. */
const clockRules = [
  /** The due day begins and the case is open (SZ-26). */
  z.strictObject({ ...common, when: z.literal('dueToday'), deadline }),
  /** The deadline has passed (QT-06, SZ-29). */
  z.strictObject({ ...common, when: z.literal('overdue'), deadline }),
  /** So many days are left, today among those used (QT-05). C-06: in the rule's own day unit, else the pack's. */
  z.strictObject({
    ...common,
    when: z.literal('remaining'),
    deadline,
    days: z.int().min(0).max(60),
    unit: z.enum(['working', 'calendar']).optional(),
  }),
] as const;

const rule = z.discriminatedUnion('when', [...clockRules, ...stepRules, ...measuredRules]);

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

const finding = z.strictObject({
  code: shortText,
  group: z.string().length(1),
  title: text,
  /** From `correction` on a finding raises a signal for its hall. */
  level: z.enum(levels).optional(),
  /** What it costs in the evaluation. */
  points: z.number().gt(0).max(100).optional(),
});

/** 规则包: everything in which regions differ, as data. A new region is a new file and no code. */
export const packShape = z.strictObject({
  id: identifier,
  /** The pack whose sections hold where this one has none of its own (`parents.ts`). */
  parent: identifier.optional(),
  title: text,
  region: regionCode,
  version: z.int().min(1),
  effectiveFrom: z.iso.date(),
  effectiveTo: z.iso.date().optional(),
  source: longText,
  /** XY-09: trial operation. Its signals are shown and must not count in scores (recorded). */
  trial: z.boolean().optional(),
  clock: packClock,
  /** Limits beside the matters' own. */
  limits: packLimits.optional(),
  /** C-05, XY-62: whether a matter's promised limit must be earlier than the statutory one, or only not later. */
  matters: z.strictObject({ promised: z.enum(['earlier', 'notLater']) }).optional(),
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
  /** What only a person can judge, offered where a signal is issued by hand (SZ-27, SZ-38). */
  byHand: z.array(byHandRule).max(100).default([]),
  /** SZ-27: a signal that is not corrected in so many working days is followed by one of a higher level. */
  escalation: z.array(escalation).max(4).default([]),
  patrol: packPatrol,
  findings: z.array(finding).max(200),
  settings: packSettings.optional(),
});

export const rulePack = packShape.superRefine((pack, context) => {
  for (const { path, message } of senselessIn(pack)) context.addIssue({ code: 'custom', path, message });
});

export type RulePack = z.infer<typeof packShape>;
export type Rule = z.infer<typeof rule>;
export type ClockRule = z.infer<(typeof clockRules)[number]>;
export type FindingKind = z.infer<typeof finding>;

export const isClockRule = (each: Rule): each is ClockRule => 'deadline' in each;
export const isMeasuredRule = (each: Rule): each is MeasuredRule => each.when in measuredWords;
export const isStepRule = (each: Rule): each is StepRule => each.when in stepWords;

/** What a message may have filled in, by condition. */
const always = ['matter', 'casefile'];
const clockWords = [...always, 'due', 'over'];
const placeholdersOf: Record<Rule['when'], readonly string[]> = {
  dueToday: clockWords,
  overdue: clockWords,
  remaining: [...clockWords, 'left'],
  ...wordsOf(stepWords, always),
  ...wordsOf(measuredWords, ['subject', 'day']),
};

function wordsOf<K extends string>(words: Record<K, readonly string[]>, more: string[]): Record<K, readonly string[]> {
  const entries = Object.entries(words) as [K, readonly string[]][];
  return Object.fromEntries(entries.map(([key, own]) => [key, [...more, ...own]])) as unknown as Record<
    K,
    readonly string[]
  >;
}

/** What each field allows and the whole forbids. Takes any value, so that a file with other mistakes is told of these as well. */
export function senselessIn(pack: unknown): { path: (string | number)[]; message: string }[] {
  const found: { path: (string | number)[]; message: string }[] = [];
  const { rules, byHand, findings, effectiveFrom, effectiveTo, settings } = record(pack);
  found.push(...senselessLimits(record(pack)));
  const twice = (list: unknown, section: string, key: string): void => {
    const seen = new Set<unknown>();
    asList(list).forEach((each, index) => {
      const value = record(each)[key];
      if (value !== undefined && seen.has(value))
        found.push({ path: [section, index, key], message: `${String(value)} is there twice` });
      seen.add(value);
    });
  };
  twice(rules, 'rules', 'id');
  twice(findings, 'findings', 'code');
  twice(byHand, 'byHand', 'id');
  if (
    record(record(settings)['dataChange'])['backfill'] === 'flagged' &&
    !asList(rules).some((each) => isLateEntry(record(each)['when']))
  )
    found.push({
      path: ['settings', 'dataChange', 'backfill'],
      message: 'flagged needs a rule entryLag or backfilled, which flags it',
    });
  if (typeof effectiveFrom === 'string' && typeof effectiveTo === 'string' && effectiveTo < effectiveFrom)
    found.push({ path: ['effectiveTo'], message: `expected a day from ${effectiveFrom} on` });
  asList(rules).forEach((each, index) => {
    const { when, message } = record(each);
    if ((when === 'stepMissing' || when === 'stepOrder') && record(settings)['flow'] === undefined)
      found.push({
        path: ['rules', index, 'when'],
        message: `${when} needs settings.flow, which says what is monitored`,
      });
    const known = placeholdersOf[when as Rule['when']] as readonly string[] | undefined;
    for (const language of ['zh', 'en']) {
      const template = record(message)[language];
      for (const [whole, name] of typeof template === 'string' ? template.matchAll(/\{([^{}]*)\}/g) : [])
        if (known && !known.includes(name!))
          found.push({
            path: ['rules', index, 'message', language],
            message: `${whole} is not filled in; expected ${known.map((one) => `{${one}}`).join(', ')}`,
          });
    }
  });
  return found;
}

const isLateEntry = (when: unknown): boolean => when === 'entryLag' || when === 'backfilled';
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
