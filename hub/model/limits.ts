/** 时限: the clocks a casefile has, and the limits that a pack sets for them beside those of the matter itself. */
import { z } from 'zod';
import { shortText } from './fields.ts';
import { procedureKinds } from './procedure.ts';

/**
 * `statutory` and `promised` come from the matter or the source, `step` from the matter's steps, `payment` from the notice;
 * the others from the pack.
 */
export const clockKinds = [
  'statutory',
  'promised',
  /** 受理: to accept, decline or ask for corrections (行政许可法 32). */
  'acceptance',
  /** 补正: the applicant's time to answer a correction notice. */
  'correctionAnswer',
  'step',
  /** 特别程序: each special procedure's own time. */
  'procedure',
  /** 上报: to hand the opinion up (行政许可法 43, SZ-30), and the superior organ's time to answer. */
  'forwarding',
  'forwardAnswer',
  /** 发证 (行政许可法 44, SZ-36). */
  'licence',
  /** 公示 (SZ-35). */
  'publication',
  /** 缴费. */
  'payment',
] as const;
export type ClockKind = (typeof clockKinds)[number];

/** How a part of a day or hour that has begun counts: as a whole one, not at all, or as what it is. */
const roundings = ['ceil', 'floor', 'exact'] as const;
export type Rounding = (typeof roundings)[number];

const minutes = z.int().min(0).max(1440);

/** Minutes after midnight, in order: a lunch break is a gap between two. */
const officeHours = z
  .array(
    z
      .strictObject({ opens: minutes, closes: minutes })
      .refine(({ opens, closes }) => closes > opens, { path: ['closes'], message: 'expected a time after opens' }),
  )
  .min(1)
  .max(4)
  .refine((list) => list.every((each, index) => index === 0 || each.opens >= list[index - 1]!.closes), {
    message: 'expected hours in order that do not overlap',
  });
export type OfficeHours = z.infer<typeof officeHours>;

/** 行政许可法 82: counting begins on the day after; `sameMoment`: it begins at once, to the minute. */
const begins = z.enum(['nextDay', 'sameDay', 'sameMoment']);

/** How the limits of the matters are counted. */
export const packClock = z.strictObject({
  unit: z.enum(['working', 'calendar']),
  begins: begins.default('nextDay'),
  rounding: z.enum(roundings).optional(),
  /** Where a case is handled in no hall whose hours are known. */
  officeHours: officeHours.optional(),
});

const counting = {
  article: shortText,
  unit: z.enum(['working', 'calendar', 'workingHours']).optional(),
  begins: begins.optional(),
  rounding: z.enum(roundings).optional(),
};

/** Days, or hours where the unit is `workingHours`. What is not said is as in the pack's `clock`. */
const limit = z
  .strictObject({ ...counting, days: z.int().min(0).max(1000).optional(), hours: z.number().gt(0).max(400).optional() })
  .refine((each) => (each.unit === 'workingHours') === (each.hours !== undefined), {
    path: ['hours'],
    message: 'expected hours with the unit workingHours, and with no other',
  })
  .refine((each) => (each.days === undefined) !== (each.hours === undefined), {
    path: ['days'],
    message: 'expected either days or hours',
  });
export type PackLimit = z.infer<typeof limit>;

export const packLimits = z.strictObject({
  acceptance: limit.optional(),
  correctionAnswer: limit.optional(),
  /** How the days of the matters' own steps are counted. */
  step: z.strictObject(counting).optional(),
  procedures: z.partialRecord(z.enum(procedureKinds), limit).optional(),
  forwarding: limit.optional(),
  forwardAnswer: limit.optional(),
  licence: limit.optional(),
  publication: limit.optional(),
});
export type PackLimits = z.infer<typeof packLimits>;

/** What the limits need of the rest of the pack. Takes any value, as `senselessIn` does. */
export function senselessLimits(pack: {
  limits?: unknown;
  clock?: unknown;
  rules?: unknown;
}): { path: (string | number)[]; message: string }[] {
  const found: { path: (string | number)[]; message: string }[] = [];
  const limits = record(pack.limits);
  const hasHours = record(pack.clock)['officeHours'] !== undefined;
  const needHours = (each: unknown, path: (string | number)[]): void => {
    if (record(each)['unit'] === 'workingHours' && !hasHours)
      found.push({ path: [...path, 'unit'], message: 'workingHours needs clock.officeHours' });
  };
  for (const [kind, each] of Object.entries(limits)) {
    if (kind === 'procedures')
      for (const [name, one] of Object.entries(record(each))) needHours(one, ['limits', kind, name]);
    else needHours(each, ['limits', kind]);
    if (kind === 'step' && record(each)['unit'] === 'workingHours')
      found.push({ path: ['limits', kind, 'unit'], message: 'a step has days of its own, not hours' });
  }
  const fromElsewhere: readonly unknown[] = ['statutory', 'promised', 'step', 'payment', undefined];
  (Array.isArray(pack.rules) ? pack.rules : []).forEach((each, index) => {
    const { deadline } = record(each);
    const section = deadline === 'procedure' ? 'procedures' : deadline;
    if (!fromElsewhere.includes(section) && clockKinds.includes(deadline as ClockKind) && !(String(section) in limits))
      found.push({ path: ['rules', index, 'deadline'], message: `needs limits.${String(section)}` });
  });
  return found;
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
