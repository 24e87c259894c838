/** Casefiles (办件): what a step does to the state, the deadlines and the signals. */
import { dayOf } from './calendar.ts';
import { stoppedAt } from './clock.ts';
import { casefileId, nothing, refuse, type Consequences, type State } from './decide.ts';
import type { CaseEvent, EventOf, Recorded } from './event.ts';
import type { Casefile } from './state.ts';
import { Turns } from './turns.ts';
import { matterOf, packOf, type World } from './world.ts';

/** Longer than any flow; a broken source must not let a row grow for ever. */
const mostSteps = 100;

type Change = { row: Casefile } | { field: string; reason: string };

const day = (at: number): string => dayOf(at);

export function decideCase(event: Recorded<CaseEvent>, state: State, world: World): Consequences {
  const before = state.casefile(casefileId(event.region, event.casefile)) ?? blank(event);
  const change = applyStep(copyOf(before), event, world);
  if ('field' in change) return refuse(change.field, change.reason);
  const { row } = change;
  row.lastEventAt = Math.max(row.lastEventAt, event.occurredAt);
  row.position = event.position;
  const pack = packOf(world, row.region, day(row.acceptedAt ?? event.occurredAt));
  // What the clock had to say before this step is said first, so that a replay at any speed gives the same signals.
  const turns = new Turns(row, pack, world, event, state);
  turns.setDeadlines();
  turns.revokeUnfounded();
  turns.fireUntil(Math.min(event.occurredAt, stoppedAt(row) ?? event.occurredAt));
  turns.judgeStep(event);
  turns.settle();
  return turns.consequences();
}

/** The ticker's answer to "the colour changes now": fires every rule whose moment has come. */
export function turnClock(event: Recorded<EventOf<'clock.turned'>>, state: State, world: World): Consequences {
  const before = state.casefile(casefileId(event.region, event.casefile));
  // A turn that was overtaken by a step is no mistake: the step has already set the next one.
  if (before?.nextTurn === undefined || before.nextTurn > event.occurredAt) return nothing;
  const row = { ...copyOf(before), position: event.position };
  const pack = packOf(world, row.region, day(row.acceptedAt ?? event.occurredAt));
  const turns = new Turns(row, pack, world, event, state);
  turns.fireUntil(event.occurredAt);
  turns.settle();
  return turns.consequences();
}

/** A copy that may be changed: the lists are copied too, their members never change but for an open suspension. */
function copyOf(row: Casefile): Casefile {
  return { ...row, suspensions: row.suspensions.map((each) => ({ ...each })), fired: [...row.fired] };
}

function blank(event: Recorded<CaseEvent>): Casefile {
  return {
    id: casefileId(event.region, event.casefile),
    region: event.region,
    number: event.casefile,
    // Steps may arrive before the opening event does; the opening fills the matter in.
    matter: '',
    source: event.source,
    status: 'received',
    suspensions: [],
    extensionDays: 0,
    corrections: 0,
    provisional: false,
    fired: [],
    lastEventAt: event.occurredAt,
    position: event.position,
  };
}

function open(row: Casefile, event: Recorded<EventOf<'case.received'> | EventOf<'case.accepted'>>, world: World): void {
  row.matter = event.matter;
  const department = event.department ?? matterOf(world, row.region, event.matter)?.department;
  if (department !== undefined) row.department = department;
  if (event.applicant) row.applicant = event.applicant;
}

const over = (row: Casefile): boolean =>
  row.status === 'completed' || row.status === 'withdrawn' || row.status === 'declined';

function applyStep(row: Casefile, event: Recorded<CaseEvent>, world: World): Change {
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
      return { row };
    case 'case.accepted': {
      if (row.acceptedAt !== undefined)
        return { field: 'kind', reason: `the casefile was accepted already, on ${day(row.acceptedAt)}` };
      const ended = stoppedAt(row);
      if (ended !== undefined && day(ended) < day(at)) return beforeAcceptance(ended, at);
      open(row, event, world);
      row.acceptedAt = at;
      if (event.promisedDueAt !== undefined) row.givenPromisedDueAt = event.promisedDueAt;
      if (event.statutoryDueAt !== undefined) row.givenStatutoryDueAt = event.statutoryDueAt;
      if (row.status === 'received' || row.status === 'correcting') row.status = 'accepted';
      return { row };
    }
    case 'case.declined':
      if (row.acceptedAt !== undefined)
        return { field: 'kind', reason: 'an accepted casefile cannot be declined (不予受理)' };
      row.status = 'declined';
      return { row };
    case 'case.correctionRequested':
      row.corrections += 1;
      if (row.status === 'received') row.status = 'correcting';
      return { row };
    case 'case.corrected':
      if (row.status === 'correcting') row.status = 'received';
      return { row };
    case 'case.stepped':
      // A step that is taken again says nothing new once there are as many as any flow has.
      row.steps = [...(row.steps ?? []), { step: event.step, at }].slice(0, mostSteps);
      return { row };
    case 'case.suspended':
      if (over(row)) return { field: 'kind', reason: `the casefile is ${row.status}: its clock cannot be suspended` };
      if (row.suspensions.some((each) => each.to === undefined))
        return { field: 'kind', reason: 'the clock is suspended already' };
      row.suspensions.push({ from: at, procedure: event.procedure });
      row.status = 'suspended';
      return { row };
    case 'case.resumed': {
      const suspension = row.suspensions.find((each) => each.to === undefined);
      if (!suspension) return { field: 'kind', reason: 'the clock is not suspended' };
      if (at < suspension.from)
        return { field: 'occurredAt', reason: `expected a time after the suspension of ${day(suspension.from)}` };
      suspension.to = at;
      if (row.status === 'suspended') row.status = row.acceptedAt === undefined ? 'received' : 'accepted';
      return { row };
    }
    case 'case.extended':
      if (over(row)) return { field: 'kind', reason: `the casefile is ${row.status}: it cannot be extended` };
      row.extensionDays += event.days;
      return { row };
    case 'case.decided':
      if (row.acceptedAt !== undefined && day(at) < day(row.acceptedAt)) return beforeAcceptance(at, row.acceptedAt);
      row.decidedAt ??= at;
      row.outcome ??= event.outcome;
      if (!over(row)) row.status = 'decided';
      return { row };
    case 'case.completed':
      if (row.acceptedAt !== undefined && day(at) < day(row.acceptedAt)) return beforeAcceptance(at, row.acceptedAt);
      row.completedAt ??= at;
      row.status = 'completed';
      return { row };
    case 'case.withdrawn':
      if (!over(row)) row.status = 'withdrawn';
      return { row };
  }
}

/** Sources send dates without a time of day, so the same day is taken as it comes; an earlier day is impossible. */
function beforeAcceptance(at: number, acceptedAt: number): Change {
  return {
    field: 'occurredAt',
    reason: `decided or completed on ${day(at)}, before the acceptance on ${day(acceptedAt)}`,
  };
}
