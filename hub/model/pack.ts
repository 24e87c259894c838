import { z } from 'zod';
import { identifier, longText, regionCode, shortText } from './fields.ts';
import { packSettings } from './settings.ts';

/** 提示, 预警, 纠错, 严重: what a signal means. Its colour is the region's (C-02). */
export const levels = ['notice', 'warning', 'correction', 'serious'] as const;
export type Level = (typeof levels)[number];

const text = z.strictObject({ zh: shortText, en: shortText });

const common = {
  id: identifier,
  title: text,
  /** The article that asks for it. */
  article: shortText,
  level: z.enum(levels),
  /** C-07: issued by itself, or held for a person to confirm. */
  issue: z.enum(['auto', 'confirm']).default('auto'),
  /** `{matter}`, `{casefile}`, `{due}`, `{over}` and the facts of the condition (`placeholdersOf`) are filled in. */
  message: text,
};

/** C-05: the deadline this rule looks at. */
const deadline = z.enum(['statutory', 'promised']);

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

/** What a step shows. `rules/steps.ts` says when. */
const stepRules = [
  /** A completed case lacks a step its matter publishes (C-03, C-04). */
  z.strictObject({ ...common, when: z.literal('stepMissing') }),
  /** A completed case took two of them in the wrong order. */
  z.strictObject({ ...common, when: z.literal('stepOrder') }),
  /** So many correction notices for one case (SZ-32). */
  z.strictObject({ ...common, when: z.literal('repeatedCorrection'), times: z.int().min(2).max(20).default(2) }),
  /** Not accepted, or denied, without a reason (SZ-33). */
  z.strictObject({ ...common, when: z.literal('refusalWithoutReason') }),
  /** A step was entered later than this (KF-04, KF-06). */
  z.strictObject({ ...common, when: z.literal('entryLag'), minutes: z.int().min(1).max(527_040) }),
  /** The work was over within so many seconds of the acceptance (QT-16). */
  z.strictObject({ ...common, when: z.literal('zeroDuration'), seconds: z.int().min(1).max(86_400) }),
  /** A step was done at a window outside the hall's hours, or on a day off. */
  z.strictObject({ ...common, when: z.literal('offHours'), graceMinutes: z.int().min(0).max(720).default(0) }),
] as const;

const rule = z.discriminatedUnion('when', [...clockRules, ...stepRules]);

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
  clock: z.strictObject({
    unit: z.enum(['working', 'calendar']),
    /** 行政许可法 82: counting begins on the day after acceptance. */
    begins: z.enum(['nextDay', 'sameDay']).default('nextDay'),
  }),
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
  settings: packSettings.optional(),
});

export const rulePack = packShape.superRefine((pack, context) => {
  for (const { path, message } of senselessIn(pack)) context.addIssue({ code: 'custom', path, message });
});

export type RulePack = z.infer<typeof packShape>;
export type Rule = z.infer<typeof rule>;
export type ClockRule = z.infer<(typeof clockRules)[number]>;
export type StepRule = z.infer<(typeof stepRules)[number]>;
export type FindingKind = z.infer<typeof finding>;

export const isClockRule = (each: Rule): each is ClockRule => 'deadline' in each;

/** What a message may have filled in, by condition. */
const always = ['matter', 'casefile'];
const clockWords = [...always, 'due', 'over'];
const placeholdersOf: Record<Rule['when'], readonly string[]> = {
  dueToday: clockWords,
  overdue: clockWords,
  remaining: [...clockWords, 'left'],
  stepMissing: [...always, 'missing'],
  stepOrder: [...always, 'first', 'second'],
  repeatedCorrection: [...always, 'notices'],
  refusalWithoutReason: [...always, 'reason'],
  entryLag: [...always, 'lag'],
  zeroDuration: [...always, 'took'],
  offHours: [...always, 'time'],
};

/** What each field allows and the whole forbids. Takes any value, so that a file with other mistakes is told of these as well. */
export function senselessIn(pack: unknown): { path: (string | number)[]; message: string }[] {
  const found: { path: (string | number)[]; message: string }[] = [];
  const { rules, findings, effectiveFrom, effectiveTo, settings } = record(pack);
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

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
