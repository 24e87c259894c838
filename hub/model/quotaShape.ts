/** The section `patrol` of a rule pack (SC-11…SC-15): who visits which halls how often, and what makes a visit count. */
import { z } from 'zod';
import { shortText } from './fields.ts';
import { levels as signalLevels } from './rules/shape.ts';

const below = { province: ['city', 'county'], city: ['county'] } as const;

/** The levels of halls that an organ may visit below its own. */
export const levelsBelow = ['city', 'county'] as const;
export type Level = (typeof levelsBelow)[number];

/** What the organs of one level owe the halls of a level below them on each working day. */
const others = z
  .strictObject({
    by: z.enum(['province', 'city']),
    level: z.enum(levelsBelow),
    /** Each of them (SC-13), any one, or so many that are drawn (SC-12). */
    halls: z.union([z.enum(['each', 'any']), z.int().min(1).max(100)]),
    times: z.int().min(1).max(20).default(1),
  })
  .refine(({ by, level }) => (below[by] as readonly string[]).includes(level), {
    path: ['level'],
    message: 'expected a level below the organ’s own',
  });

export const packPatrol = z
  .strictObject({
    /** Visits of the own hall on each working day (SC-11, SC-13, SC-14: two or more). */
    own: z.int().min(0).max(20),
    others: z.array(others).max(3).optional(),
    /** SC-15: the supervision bodies of departments visit windows of their own line as they need to, with no number owed. Absent: none. */
    departments: z.enum(['asNeeded', 'none']).optional(),
    article: shortText,
    /** The moment by which the day's duties are due, minutes after midnight; where a hall closes earlier, it is that. */
    dueBy: z.int().min(0).max(1440),
    /** So many minutes before that, a duty that is not done raises a signal, and another when it is missed. Absent: none. */
    alert: z
      .strictObject({
        minutes: z.int().min(1).max(720),
        atRisk: z.enum(signalLevels).default('notice'),
        missed: z.enum(signalLevels).default('warning'),
      })
      .optional(),
    /** Whether a drawn hall may be replaced by another candidate; absent: with a reason. */
    swap: z.enum(['withReason', 'never']).optional(),
    /** A visit counts when this share of the hall's windows was verified, each for `secondsPerWindow`. */
    share: z.number().min(0).max(1),
    secondsPerWindow: z.number().min(1).max(3600),
    /** …and when at least so many seconds of it were verified at one window or another. Absent: no more than the windows need. */
    wholeVisit: z.number().min(0).max(86_400).optional(),
    /** A smaller tile (CSS pixels) shows nobody anything. Absent: 120 × 68. */
    smallestTile: z.strictObject({ width: z.int().min(1).max(4000), height: z.int().min(1).max(4000) }).optional(),
  })
  .superRefine(({ others: each = [] }, context) => {
    each.forEach((one, index) => {
      if (each.findIndex(({ by, level }) => by === one.by && level === one.level) < index)
        context.addIssue({ code: 'custom', path: ['others', index], message: 'is there twice: one line a level' });
    });
  });

export type PackPatrol = z.infer<typeof packPatrol>;
