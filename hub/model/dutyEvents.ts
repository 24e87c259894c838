/** The events of duties and draws (SC-11…SC-15): what the planner publishes, and the one thing a person may change. */
import { z } from 'zod';
import { byPerson, common } from './eventFields.ts';
import { identifier, instant, reasonText, shortText } from './fields.ts';
import { levelsBelow } from './quotaShape.ts';

/** One duty (任务): an organ must visit a hall `required` times on a working day. */
export const patrolPlanned = z.strictObject({
  kind: z.literal('patrol.planned'),
  ...common,
  duty: identifier,
  organ: identifier,
  hall: identifier,
  day: z.iso.date(),
  required: z.int().min(1).max(20),
  dueAt: instant,
  article: shortText,
  /** Absent in what was planned before there were quotas. */
  of: z.enum(['own', 'each', 'drawn', 'asNeeded']).optional(),
  draw: identifier.optional(),
  /** When the hall opens. Absent in a demonstration, and in what was planned before visits of closed halls were refused. */
  opensAt: instant.optional(),
  riskAt: instant.optional(),
  suggestedAt: z.array(instant).max(20).optional(),
});

/** `riskAt` or `dueAt` of a duty has passed: published by the planner, decided like any other event. */
export const patrolTurned = z.strictObject({ kind: z.literal('patrol.turned'), ...common, duty: identifier });

/** A person replaces a drawn hall by another candidate of the same lot. */
export const patrolSwapped = z.strictObject({
  kind: z.literal('patrol.swapped'),
  ...byPerson,
  duty: identifier,
  draw: identifier,
  to: identifier,
  reason: reasonText,
});

const aboutDraw = { ...common, draw: identifier, organ: identifier, day: z.iso.date() };

/** The seed of a day's draw is fixed: SHA-256 of its 32 bytes. */
export const drawCommitted = z.strictObject({
  kind: z.literal('draw.committed'),
  ...aboutDraw,
  commitment: z.hash('sha256'),
});

/** What was drawn, with all that it was drawn from, so that anyone can recompute it. */
export const drawMade = z.strictObject({
  kind: z.literal('draw.made'),
  ...aboutDraw,
  lots: z
    .array(
      z.strictObject({
        level: z.enum(levelsBelow),
        count: z.int().min(1).max(100),
        candidates: z
          .array(z.strictObject({ hall: identifier, days: z.int().min(1).max(400) }))
          .min(1)
          .max(1_000),
        chosen: z.array(identifier).min(1).max(100),
      }),
    )
    .min(1)
    .max(2),
});

/** The day is over: the seed, 32 bytes in hex. */
export const drawPublished = z.strictObject({
  kind: z.literal('draw.published'),
  ...aboutDraw,
  seed: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits'),
});
