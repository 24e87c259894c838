/** Casefiles (办件): what a step does to the state, the deadlines and the signals. */
import { dayOf } from './calendar.ts';
import { applyStep } from './caseSteps.ts';
import { casefileId, nothing, refuse, type Consequences, type State } from './decide.ts';
import type { CaseEvent, EventOf, Recorded } from './event.ts';
import type { Casefile } from './state.ts';
import { refusedAsLate } from './rules/pace.ts';
import { Turns } from './turns.ts';
import { packOf, type World } from './world.ts';

const day = (at: number): string => dayOf(at);

export function decideCase(event: Recorded<CaseEvent>, state: State, world: World): Consequences {
  const before = state.casefile(casefileId(event.region, event.casefile)) ?? blank(event);
  const change = applyStep(copyOf(before), event, world);
  if ('field' in change) return refuse(change.field, change.reason);
  const { row } = change;
  row.lastEventAt = Math.max(row.lastEventAt, event.occurredAt);
  row.position = event.position;
  const pack = packOf(world, row.region, day(row.acceptedAt ?? event.occurredAt));
  const late = refusedAsLate(event, pack?.settings);
  if (late) return refuse(late.field, late.reason);
  // What the clock had to say before this step is said first, so that a replay at any speed gives the same signals.
  const turns = new Turns(row, pack, world, event, state);
  turns.setDeadlines();
  turns.revokeUnfounded();
  turns.fireUntil(event.occurredAt);
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
  turns.setDeadlines();
  turns.fireUntil(event.occurredAt);
  turns.settle();
  return turns.consequences();
}

/**
 * A calendar that the deadlines waited for is there: they are counted anew, and so is the next turn. Not asked whether they
 * are provisional: a rebuild knows the calendar from the beginning, and must come to the same row.
 */
export function replanClock(event: Recorded<EventOf<'clock.replanned'>>, state: State, world: World): Consequences {
  const before = state.casefile(casefileId(event.region, event.casefile));
  if (!before) return nothing;
  const row = { ...copyOf(before), position: event.position };
  const turns = new Turns(row, packOf(world, row.region, day(row.acceptedAt ?? event.occurredAt)), world, event, state);
  turns.setDeadlines();
  turns.revokeUnfounded();
  turns.fireUntil(event.occurredAt);
  turns.settle();
  return turns.consequences();
}

/** A copy that may be changed: the lists are copied too, only an open suspension changes within. */
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
