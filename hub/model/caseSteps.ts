/** What one step does to a casefile's own fields, or why it cannot have happened (the sequence of 办件). */
import { dayOf } from './calendar.ts';
import { stoppedAt } from './clock.ts';
import type { CaseEvent, EventOf, Recorded } from './event.ts';
import { procedureOf } from './procedure.ts';
import type { Casefile } from './state.ts';
import { matterOf, type World } from './world.ts';

/** Longer than any flow; a broken source must not let a row grow for ever. */
const mostSteps = 100;
const mostFees = 50;
const mostOthers = 20;

type Change = { row: Casefile } | { field: string; reason: string };
type Opening = EventOf<'case.received'> | EventOf<'case.accepted'> | EventOf<'case.filed'>;

const day = (at: number): string => dayOf(at);
const isOver = ({ status }: Casefile): boolean =>
  status === 'completed' || status === 'withdrawn' || status === 'declined' || status === 'returned';

/** Says nothing new once the list is as long as any may be. */
const added = <T>(list: readonly T[] | undefined, item: T, most: number): T[] => [...(list ?? []), item].slice(0, most);

/** Only what is there, so that rows stay small. */
const given = <K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> =>
  (value === undefined ? {} : { [name]: value }) as Partial<Record<K, V>>;

function open(row: Casefile, event: Recorded<Opening>, world: World): void {
  row.matter = event.matter;
  const department = event.department ?? matterOf(world, row.region, event.matter)?.department;
  if (department !== undefined) row.department = department;
  if (event.applicant) row.applicant = event.applicant;
}

/** `row` is a copy that may be changed, down to the members of its suspensions. */
export function applyStep(row: Casefile, event: Recorded<CaseEvent>, world: World): Change {
  const at = event.occurredAt;
  if (event.window !== undefined) {
    row.window = event.window;
    const hall = world.windows.get(event.window)?.hall;
    if (hall !== undefined) row.hall = hall;
  }
  switch (event.kind) {
    case 'case.received':
      open(row, event, world);
      row.receivedAt ??= at;
      if (event.handler !== undefined) row.receivedBy ??= event.handler;
      return { row };
    case 'case.accepted':
    // A penalty begins with the filing (立案): its limits are counted from there.
    case 'case.filed': {
      if (row.acceptedAt !== undefined)
        return { field: 'kind', reason: `the casefile was accepted already, on ${day(row.acceptedAt)}` };
      const ended = stoppedAt(row);
      if (ended !== undefined && day(ended) < day(at)) return beforeAcceptance(ended, at);
      open(row, event, world);
      row.acceptedAt = at;
      if (event.handler !== undefined) row.acceptedBy = event.handler;
      if (event.kind === 'case.accepted') {
        if (event.promisedDueAt !== undefined) row.givenPromisedDueAt = event.promisedDueAt;
        if (event.promisedDays !== undefined) row.givenPromisedDays = event.promisedDays;
        if (event.promisedUnit !== undefined) row.givenPromisedUnit = event.promisedUnit;
        if (event.statutoryDueAt !== undefined) row.givenStatutoryDueAt = event.statutoryDueAt;
      }
      if (row.status === 'received' || row.status === 'correcting') row.status = 'accepted';
      return { row };
    }
    case 'case.declined':
      if (row.acceptedAt !== undefined)
        return { field: 'kind', reason: 'an accepted casefile cannot be declined (不予受理)' };
      row.status = 'declined';
      row.endedAt ??= at;
      return { row };
    case 'case.correctionRequested':
      row.corrections += 1;
      row.correctionAskedAt = Math.max(row.correctionAskedAt ?? at, at);
      if (row.status === 'received') row.status = 'correcting';
      return { row };
    case 'case.corrected':
      row.correctedAt = Math.max(row.correctedAt ?? at, at);
      if (row.status === 'correcting') row.status = 'received';
      return { row };
    case 'case.stepped':
      row.steps = added(row.steps, { step: event.step, at, ...given('handler', event.handler) }, mostSteps);
      return { row };
    case 'case.suspended': {
      if (isOver(row)) return { field: 'kind', reason: `the casefile is ${row.status}: its clock cannot be suspended` };
      if (row.suspensions.some((each) => each.to === undefined))
        return { field: 'kind', reason: 'the clock is suspended already' };
      if (row.suspensions.length >= mostOthers)
        return { field: 'kind', reason: `the clock was suspended ${mostOthers} times: no more than that` };
      const kind = procedureOf(event.procedure);
      row.suspensions.push({ from: at, procedure: event.procedure, ...(kind === 'other' ? {} : { kind }) });
      row.status = 'suspended';
      return { row };
    }
    case 'case.resumed': {
      const suspension = row.suspensions.find((each) => each.to === undefined);
      if (!suspension) return { field: 'kind', reason: 'the clock is not suspended' };
      if (at < suspension.from)
        return { field: 'occurredAt', reason: `expected a time after the suspension of ${day(suspension.from)}` };
      suspension.to = at;
      if (event.result !== undefined) suspension.result = event.result;
      if (row.status === 'suspended') row.status = row.acceptedAt === undefined ? 'received' : 'accepted';
      return { row };
    }
    case 'case.extended':
      if (isOver(row)) return { field: 'kind', reason: `the casefile is ${row.status}: it cannot be extended` };
      row.extensionDays += event.days;
      return { row };
    case 'case.decided':
    case 'case.penaltyDecided':
      if (row.acceptedAt !== undefined && day(at) < day(row.acceptedAt)) return beforeAcceptance(at, row.acceptedAt);
      if (event.kind === 'case.decided') row.outcome ??= event.outcome;
      else if (row.decidedAt === undefined)
        row.penalty = { ...row.penalty, decision: event.penalty, ...given('amount', event.amount) };
      if (row.decidedAt === undefined)
        Object.assign(
          row,
          given('decidedBy', event.handler),
          given('approver', event.approver),
          given('document', event.document),
        );
      row.decidedAt ??= at;
      if (!isOver(row)) row.status = 'decided';
      return { row };
    case 'case.completed':
      if (row.acceptedAt !== undefined && day(at) < day(row.acceptedAt)) return beforeAcceptance(at, row.acceptedAt);
      row.completedAt ??= at;
      if (event.handler !== undefined) row.completedBy ??= event.handler;
      row.status = 'completed';
      return { row };
    case 'case.withdrawn':
      if (!isOver(row)) {
        row.status = 'withdrawn';
        row.endedAt ??= at;
      }
      return { row };
    case 'case.returned':
      if (row.decidedAt !== undefined || row.status === 'completed')
        return { field: 'kind', reason: 'a casefile that was decided cannot be returned (退回)' };
      if (!isOver(row)) {
        row.status = 'returned';
        row.endedAt ??= at;
      }
      return { row };
    case 'case.forwarded': {
      const ended = stoppedAt(row);
      if (ended !== undefined && day(ended) < day(at))
        return { field: 'kind', reason: `the casefile was over on ${day(ended)}: it cannot be forwarded (上报)` };
      if (row.forwards?.some((each) => each.answeredAt === undefined && each.at <= at))
        return { field: 'kind', reason: 'the casefile is with a superior organ already' };
      row.forwards = added(row.forwards, { to: event.to, at }, mostOthers);
      return { row };
    }
    case 'case.forwardAnswered': {
      const forward = row.forwards?.find((each) => each.answeredAt === undefined);
      if (!forward) return { field: 'kind', reason: 'the casefile is with no superior organ' };
      if (day(at) < day(forward.at))
        return { field: 'occurredAt', reason: `expected a time after it was forwarded on ${day(forward.at)}` };
      row.forwards = row.forwards!.map((each) =>
        each === forward ? { ...each, answeredAt: at, ...given('result', event.result) } : each,
      );
      return { row };
    }
    case 'case.licenceIssued':
      if (row.outcome === 'denied' || (isOver(row) && row.status !== 'completed'))
        return { field: 'kind', reason: 'nothing was granted: no licence can be issued (发证)' };
      if (row.decidedAt !== undefined && day(at) < day(row.decidedAt))
        return { field: 'occurredAt', reason: `expected a time after the decision on ${day(row.decidedAt)}` };
      row.licences = added(row.licences, { name: event.name, ...given('number', event.number), at }, mostOthers);
      return { row };
    case 'case.published':
      if (row.decidedAt !== undefined && day(at) < day(row.decidedAt))
        return { field: 'occurredAt', reason: `expected a time after the decision on ${day(row.decidedAt)}` };
      row.publishedAt = Math.min(row.publishedAt ?? at, at);
      return { row };
    case 'case.feeCharged': {
      const { name, amount, reference } = event;
      row.fees = added(row.fees, { name, amount, ...given('reference', reference), at }, mostFees);
      return { row };
    }
    case 'case.resultRevoked':
      if (row.outcome === 'denied' || (row.decidedAt === undefined && row.completedAt === undefined))
        return { field: 'kind', reason: 'nothing was granted that could be revoked (撤销)' };
      row.revoked ??= { at, approver: event.approver, reason: event.reason };
      return { row };
    case 'case.appealed':
      row.appeals = added(row.appeals, { by: event.by, ...given('reference', event.reference), at }, mostOthers);
      return { row };
    case 'case.inspected':
      row.inspections = added(row.inspections, { result: event.result, at }, mostOthers);
      return { row };
    case 'case.levyNotified':
      row.levy = levied({ ...row.levy, amount: event.amount, at, ...given('dueAt', event.dueAt) });
      return { row };
    case 'case.levyPaid':
      row.levy = levied({ ...row.levy, paid: cents((row.levy?.paid ?? 0) + event.amount) }, at);
      return { row };
    case 'case.investigated':
      if (row.acceptedAt !== undefined && day(at) < day(row.acceptedAt))
        return { field: 'occurredAt', reason: `expected a time after the filing (立案) on ${day(row.acceptedAt)}` };
      row.penalty = { ...row.penalty, investigatedAt: row.penalty?.investigatedAt ?? at };
      return { row };
    case 'case.noticeServed':
      // A notice after the decision is a fault of the procedure, and no mistake of the message: it is kept.
      row.penalty = { ...row.penalty, noticeAt: row.penalty?.noticeAt ?? at };
      return { row };
    case 'case.executed':
      if (row.decidedAt !== undefined && day(at) < day(row.decidedAt))
        return { field: 'occurredAt', reason: `expected a time after the decision on ${day(row.decidedAt)}` };
      row.penalty = { ...row.penalty, executedAt: row.penalty?.executedAt ?? at };
      return { row };
  }
}

const cents = (amount: number): number => Math.round(amount * 100) / 100;

/** Notice and payment may come in either order: it is paid once as much has come as was asked for. */
function levied(levy: NonNullable<Casefile['levy']>, at?: number): NonNullable<Casefile['levy']> {
  const { paidAt, ...rest } = levy;
  if (rest.paid === undefined || rest.paid < (rest.amount ?? 0)) return rest;
  const since = paidAt ?? at;
  return since === undefined ? rest : { ...rest, paidAt: since };
}

/** Sources send dates without a time of day, so the same day is taken as it comes; an earlier day is impossible. */
function beforeAcceptance(at: number, acceptedAt: number): Change {
  return {
    field: 'occurredAt',
    reason: `decided or completed on ${day(at)}, before the acceptance on ${day(acceptedAt)}`,
  };
}
