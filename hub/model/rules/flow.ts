/** 流程: the steps a matter publishes against the steps a casefile took (SZ-41, C-03, C-04). */
import type { PackSettings } from '../settings.ts';
import type { Casefile } from '../state.ts';
import type { Matter } from '../world.ts';

/** Words for what an event of its own says, so that no department need send it as a step as well. */
const milestones: readonly { words: readonly string[]; at: (casefile: Casefile) => number | undefined }[] = [
  { words: ['接件', '收件', '申请'], at: ({ receivedAt, acceptedAt }) => receivedAt ?? acceptedAt },
  { words: ['受理'], at: ({ acceptedAt }) => acceptedAt },
  { words: ['决定', '批准', '审批', '审定'], at: ({ decidedAt, completedAt }) => decidedAt ?? completedAt },
  { words: ['办结', '发证', '制证', '送达'], at: ({ completedAt }) => completedAt },
];
const decision = milestones[2]!.words;

/** A word and those that mean the same in this region (C-22). */
function sameAs(word: string, settings: PackSettings | undefined): Set<string> {
  const groups = Object.entries(settings?.synonyms ?? {}).map(([preferred, others]) => [preferred, ...others]);
  return new Set([word, ...groups.filter((group) => group.includes(word)).flat()]);
}

/** The first time the step was taken. */
function takenAt(step: string, casefile: Casefile, settings: PackSettings | undefined): number | undefined {
  const words = sameAs(step, settings);
  const times = (casefile.steps ?? []).filter((each) => words.has(each.step)).map((each) => each.at);
  if (times.length > 0) return Math.min(...times);
  return milestones.find((each) => each.words.some((word) => words.has(word)))?.at(casefile);
}

/** The matter's steps that this region looks at: all of them where the flow is strict, else those that are monitored nodes. */
function expectedSteps(casefile: Casefile, matter: Matter | undefined, settings: PackSettings | undefined): string[] {
  const { flow } = settings ?? {};
  if (!flow || !matter) return [];
  const nodes = new Set(flow.nodes.flatMap((node) => [...sameAs(node, settings)]));
  let steps = matter.steps;
  // What is denied is neither printed nor handed over.
  if (casefile.outcome === 'denied') {
    const decided = steps.findIndex((step) => [...sameAs(step, settings)].some((word) => decision.includes(word)));
    if (decided >= 0) steps = steps.slice(0, decided + 1);
  }
  return flow.strict ? steps : steps.filter((step) => nodes.has(step));
}

export function missingSteps(
  casefile: Casefile,
  matter: Matter | undefined,
  settings: PackSettings | undefined,
): { expected: string[]; missing: string[] } {
  const expected = expectedSteps(casefile, matter, settings);
  return { expected, missing: expected.filter((step) => takenAt(step, casefile, settings) === undefined) };
}

/** The first two neighbours of the matter's order of which the second was taken before the first. */
export function firstOutOfOrder(
  casefile: Casefile,
  matter: Matter | undefined,
  settings: PackSettings | undefined,
): { earlier: string; later: string; earlierAt: number; laterAt: number } | undefined {
  let latest: { step: string; at: number } | undefined;
  for (const step of expectedSteps(casefile, matter, settings)) {
    const at = takenAt(step, casefile, settings);
    if (at === undefined) continue;
    if (latest && at < latest.at) return { earlier: latest.step, earlierAt: latest.at, later: step, laterAt: at };
    latest = { step, at };
  }
  return undefined;
}
