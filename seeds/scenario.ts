/** `scenario.yaml`: how much happens where in the simulated working day. */
import { z } from 'zod';
import { identifier, longText, shortText } from '../hub/model/fields.ts';
import { readYaml, seedsDir } from './files.ts';

const share = z.number().min(0).max(1);
const words = z.array(shortText).min(1).max(100);

export const scenarioFile = z.strictObject({
  seed: z.int(),
  history: z.strictObject({ workingDays: z.int().min(1).max(60), minutes: z.int().min(0).max(240) }),
  halls: z
    .array(
      z.strictObject({
        hall: identifier,
        casesPerDay: z.int().min(0).max(500),
        customerEvery: z.int().min(20).max(3600),
        lateEntryEvery: z.int().min(20).max(7200).optional(),
      }),
    )
    .min(1)
    .max(100),
  quiet: z.array(identifier),
  shares: z.strictObject({
    declined: share,
    corrected: share,
    withdrawn: share,
    denied: share,
    suspended: share,
    extended: share,
    dueDay: share,
    late: share,
  }),
  procedures: words,
  reasons: z.strictObject({
    correction: z.array(longText),
    declined: z.array(longText),
    denied: z.array(longText),
    withdrawn: z.array(longText),
    suspension: z.array(longText),
    extension: z.array(longText),
    lateEntry: z.array(longText),
  }),
  applicants: z.strictObject({ surnames: words, enterprises: words, trades: words }),
});
export type Scenario = z.infer<typeof scenarioFile>;

export function readScenario(dir: string = seedsDir()): Promise<Scenario> {
  return readYaml(dir, 'scenario.yaml', scenarioFile);
}
