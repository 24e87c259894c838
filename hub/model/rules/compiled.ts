/** The rules of a pack by what calls for them: worked out once a pack, because every event asks. */
import type { CaseEvent } from '../event.ts';
import type { ClockKind } from '../limits.ts';
import { isClockRule, isMeasuredRule, isStepRule, type ClockRule, type Rule, type RulePack } from '../pack.ts';
import type { Measure, MeasuredRule, StepRule } from './shape.ts';
import { isAboutCasefile, kindsOf } from './steps.ts';

export interface Compiled {
  clock: readonly ClockRule[];
  /** The statutory and the promised clock, and those that they look at beside. */
  clocks: readonly ClockKind[];
  /** Judged with any step: a later entry may show that one of them had no ground. */
  casefile: readonly StepRule[];
  /** Judged with steps of this kind only. */
  step: (kind: CaseEvent['kind']) => readonly StepRule[];
  measured: (measure: Measure) => readonly MeasuredRule[];
  find: (id: string) => Rule | undefined;
}

const compiled = new WeakMap<RulePack, Compiled>();

export function rulesOf(pack: RulePack): Compiled {
  let found = compiled.get(pack);
  if (!found) compiled.set(pack, (found = compile(pack)));
  return found;
}

function compile({ rules }: RulePack): Compiled {
  const steps = rules.filter(isStepRule);
  const measured = rules.filter(isMeasuredRule);
  const byId = new Map(rules.map((each) => [each.id, each]));
  const byKind = new Map<CaseEvent['kind'], StepRule[]>();
  return {
    clock: rules.filter(isClockRule),
    clocks: [
      ...new Set<ClockKind>(['statutory', 'promised', ...rules.filter(isClockRule).map(({ deadline }) => deadline)]),
    ],
    casefile: steps.filter(isAboutCasefile),
    step: (kind) => {
      let found = byKind.get(kind);
      if (!found) {
        found = steps.filter((each) => !isAboutCasefile(each) && (kindsOf(each)?.includes(kind) ?? true));
        byKind.set(kind, found);
      }
      return found;
    },
    measured: (measure) => measured.filter(({ when }) => when === measure),
    find: (id) => byId.get(id),
  };
}
