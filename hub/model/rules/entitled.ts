/** What a department may do by the catalogue: who grants, what is charged, what is still in force, what must come before (SZ-39…SZ-48). */
import { dayOf } from '../calendar.ts';
import { procedureOf, type ProcedureKind } from '../procedure.ts';
import type { Facts } from '../state.ts';
import type { Scene } from './steps.ts';

/** Facts are read by people: a list is cut where nobody reads on. */
const list = (names: readonly string[]): string =>
  names.length > 10 ? `${names.slice(0, 10).join('、')}…` : names.join('、');

/** A catalogue that names nobody, or a source that names nobody, is no ground for a signal. */
export function approverNotEntitled({ event, matter }: Scene): Facts | undefined {
  if (event.kind !== 'case.decided' && event.kind !== 'case.penaltyDecided') return undefined;
  const approver = event.approver ?? event.handler;
  const entitled = matter?.approvers;
  if (approver === undefined || entitled === undefined || entitled.length === 0 || entitled.includes(approver))
    return undefined;
  return { approver, entitled: list(entitled) };
}

const deposit = /押金|保证金|deposit/i;

export function feeNotInCatalogue({ event, matter }: Scene): Facts | undefined {
  // An absent list says nothing; an empty one that nothing may be charged (XY-67, XY-68).
  if (event.kind !== 'case.feeCharged' || matter?.fees === undefined) return undefined;
  const { name: fee, amount: charged } = event;
  const rows = matter.fees.filter(({ name }) => name === fee);
  if (rows.length === 0)
    return {
      fee,
      charged,
      fault: deposit.test(fee) ? 'deposit' : 'notListed',
      listed: list(matter.fees.map((each) => each.name)),
    };
  // In whole fen: 0.1 + 0.2 must not be an irregularity.
  const fen = Math.round(charged * 100);
  if (rows.some(({ amount }) => amount === undefined || Math.round(amount * 100) === fen)) return undefined;
  return { fee, charged, fault: 'amount', listed: list(rows.map(({ amount }) => String(amount))) };
}

export function matterNotLive({ event, matter }: Scene): Facts | undefined {
  if (matter?.state === undefined || matter.since === undefined) return undefined;
  const day = dayOf(event.occurredAt);
  return day >= matter.since ? { state: matter.state, since: matter.since, day } : undefined;
}

/** A later entry may bring the hearing that was held before the decision. */
export function missingProcedure(
  only: readonly ProcedureKind[] | undefined,
  { casefile, matter }: Scene,
): Facts | undefined {
  const decidedAt = casefile.decidedAt ?? casefile.completedAt;
  const asked = (matter?.procedures ?? []).filter((each) => only === undefined || only.includes(each));
  if (decidedAt === undefined || asked.length === 0) return undefined;
  const done = new Set<ProcedureKind>();
  for (const { from, procedure, kind } of casefile.suspensions)
    if (from <= decidedAt) done.add(kind ?? procedureOf(procedure));
  for (const { at, step } of casefile.steps ?? []) if (at <= decidedAt) done.add(procedureOf(step));
  const missing = asked.filter((each) => !done.has(each));
  return missing.length === 0 ? undefined : { procedures: missing.join('、'), decidedOn: dayOf(decidedAt) };
}

/** Where neither the step nor the casefile names a window. */
export function offWindow({ event, casefile, matter }: Scene): Facts | undefined {
  if (!matter?.atWindow || (event.window ?? casefile.window) !== undefined) return undefined;
  return { day: dayOf(event.occurredAt) };
}

export function acceptedOutsideScope({ event, casefile, matter }: Scene): Facts | undefined {
  if (event.kind !== 'case.accepted' && event.kind !== 'case.filed') return undefined;
  if (!matter) return { fault: 'unknownMatter' };
  const { department } = event;
  if (department === undefined || matter.department === undefined || department === matter.department) return undefined;
  return { fault: 'otherDepartment', department: casefile.department ?? department };
}
