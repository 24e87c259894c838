/**
 * A version of a matter's record on its way: draft → submitted → reviewed → frozen (XY-14). Only frozen versions drive
 * clocks; a frozen one never changes again, a later version takes its place.
 */
import { checkRecord, type MatterRecord, type PromisedLimit } from './matter.ts';

export const versionStates = ['draft', 'submitted', 'reviewed', 'frozen'] as const;

/** 编办 and 法制办. */
export const offices = ['establishment', 'legal'] as const;
export type Office = (typeof offices)[number];

/** What somebody did to a version; `at` in epoch milliseconds. */
export type Act =
  | { act: 'submit'; by: string; at: number }
  | { act: 'approve'; office: Office; by: string; at: number }
  /** Back to the department, as a draft, with what is to be mended. */
  | { act: 'return'; office: Office; by: string; at: number; reason: string }
  | { act: 'freeze'; by: string; at: number };

export interface MatterVersion {
  version: number;
  state: (typeof versionStates)[number];
  record: MatterRecord;
  /** Everything that was done to it, in order; approvals before a return do not count any more. */
  acts: Act[];
}

export type Turned = { ok: true; version: MatterVersion } | { ok: false; reason: string };

/** What a turn is judged by, besides the version itself. */
export interface Circumstances {
  /** The day of the act in Asia/Shanghai, `YYYY-MM-DD`. */
  day: string;
  /** Day unit of the rule pack in force; undefined where there is none. */
  unit: string | undefined;
  promised: PromisedLimit;
  /** The newest version of this matter that is frozen already. */
  frozen: number | undefined;
}

/** XY-15: levy and penalty are reviewed by 法制办 alone, everything else by both offices. */
export function reviewersOf(businessType: MatterRecord['businessType']): readonly Office[] {
  return businessType === 'levy' || businessType === 'penalty' ? ['legal'] : offices;
}

/** The offices that have approved it since it was last submitted. */
export function approvalsOf({ acts }: Pick<MatterVersion, 'acts'>): Office[] {
  const since = acts.findLastIndex(({ act }) => act === 'submit');
  return acts.slice(since + 1).flatMap((each) => (each.act === 'approve' ? [each.office] : []));
}

/** The version after the act, or why it cannot be. */
export function turn(version: MatterVersion, act: Act, circumstances: Circumstances): Turned {
  switch (act.act) {
    case 'submit':
      return submit(version, act, circumstances);
    case 'approve':
    case 'return':
      return review(version, act);
    case 'freeze':
      return freeze(version, act, circumstances);
  }
}

const refused = (reason: string): Turned => ({ ok: false, reason });
const next = (version: MatterVersion, state: MatterVersion['state'], act: Act): Turned => ({
  ok: true,
  version: { ...version, state, acts: [...version.acts, act] },
});

function submit(version: MatterVersion, act: Act, { promised }: Circumstances): Turned {
  const { state, record } = version;
  if (state !== 'draft') return refused(`version ${version.version} is ${state}; only a draft can be submitted`);
  const [fault] = checkRecord(record, promised);
  if (fault) return refused(`${fault.field}: ${fault.reason}`);
  // XY-70, XY-56, JY-21: a draft may wait for these, a submission may not.
  if (record.signedBy === null) return refused('signedBy: expected the leader who signed (XY-70)');
  if (record.seal === null) return refused("seal: expected the evidence of the department's seal (XY-70)");
  if (record.approvers.length === 0) return refused('approvers: expected at least one person who may grant it (XY-56)');
  if (record.handlers.length === 0) return refused('handlers: expected at least one person who handles it (JY-21)');
  if (record.steps.length === 0) return refused('steps: expected at least one step (XY-60)');
  return next(version, 'submitted', act);
}

function review(version: MatterVersion, act: Extract<Act, { office: Office }>): Turned {
  const { state, record, acts } = version;
  if (state !== 'submitted' && !(state === 'reviewed' && act.act === 'return'))
    return refused(`version ${version.version} is ${state}; only a submitted one can be reviewed`);
  const wanted = reviewersOf(record.businessType);
  if (!wanted.includes(act.office))
    return refused(
      `a matter of ${record.businessType} is reviewed by ${wanted.join(' and ')}, not by ${act.office} (XY-15)`,
    );
  const current = acts.slice(acts.findLastIndex((each) => each.act === 'submit'));
  if (current.some((each) => each.by === act.by && !('office' in each && each.office === act.office)))
    return refused(`${act.by} has submitted it or reviewed it for the other office: somebody else must review it`);
  if (act.act === 'return') {
    return act.reason.trim() === '' ? refused('expected the reason for returning it') : next(version, 'draft', act);
  }
  const given = approvalsOf(version);
  if (given.includes(act.office)) return refused(`${act.office} has approved version ${version.version} already`);
  const missing = wanted.filter((office) => office !== act.office && !given.includes(office));
  return next(version, missing.length === 0 ? 'reviewed' : 'submitted', act);
}

function freeze(version: MatterVersion, act: Act, { day, unit, frozen }: Circumstances): Turned {
  const { state, record } = version;
  if (state !== 'reviewed') {
    const given = approvalsOf(version);
    const missing = reviewersOf(record.businessType).filter((office) => !given.includes(office));
    return refused(
      state === 'submitted'
        ? `version ${version.version} still waits for the review by ${missing.join(' and ')} (XY-14)`
        : `version ${version.version} is ${state}; only a reviewed one can be frozen (XY-14)`,
    );
  }
  if (frozen !== undefined && frozen > version.version) return refused(`version ${frozen} is frozen already`);
  if (record.effectiveFrom > day)
    return refused(`effectiveFrom: it takes effect on ${record.effectiveFrom}; freeze it on that day`);
  // The clock counts in the pack's unit: twenty working days must not be taken for twenty days.
  if (unit !== undefined && unit !== record.dayUnit)
    return refused(`dayUnit: the rule pack in force counts ${unit} days, the record ${record.dayUnit} days`);
  return next(version, 'frozen', act);
}
