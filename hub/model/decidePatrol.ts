/** Patrol (巡查): visits. */
import { endOf } from './calendar.ts';
import { refuse, type Consequences, type State } from './decide.ts';
import { blindCauseOf, dutyBegun, dutyVisited } from './decideDuty.ts';
import type { EventOf, Recorded } from './event.ts';
import type { Visit } from './state.ts';
import { factsOf, resultOf } from './visitResult.ts';
import { packOf, type World } from './world.ts';

export function decideVisitStart(event: Recorded<EventOf<'patrol.visitStarted'>>, state: State): Consequences {
  const duty = state.duty(event.duty);
  if (!duty) return refuse('duty', 'no such duty');
  if (duty.hall !== event.hall) return refuse('hall', 'the duty is for another hall');
  if (state.visit(event.visit)) return refuse('visit', 'the visit was started already');
  const begun = dutyBegun(duty, event);
  if (typeof begun === 'string') return refuse('duty', begun);
  const visit: Visit = {
    id: event.visit,
    region: event.region,
    duty: duty.id,
    hall: duty.hall,
    ...(duty.of === 'asNeeded' ? { organ: duty.organ } : {}),
    account: event.account,
    name: event.name,
    state: 'open',
    startedAt: event.receivedAt,
    windows: [...new Set(event.windows)],
    views: [],
    findings: 0,
    position: event.position,
  };
  return {
    puts: [
      { table: 'visit', row: visit },
      { table: 'duty', row: begun },
    ],
    ledger: [act(event, 'visit.started', visit.id, visit.hall, { day: duty.day, windows: visit.windows.length })],
  };
}

/**
 * SC-11, 1.X.6: a visit is kept however it went; it counts when enough windows were verified for long enough, by the pack of the
 * hall's region.
 */
export function decideVisitFinish(
  event: Recorded<EventOf<'patrol.visitFinished'>>,
  state: State,
  world: World,
): Consequences {
  const before = state.visit(event.visit);
  if (!before) return refuse('visit', 'no such visit');
  if (before.state === 'finished') return refuse('visit', 'the visit is finished already');
  if (before.account !== event.account) return refuse('account', 'only the person who started a visit can finish it');
  const duty = state.duty(before.duty);
  if (!duty) return refuse('visit', 'its duty is gone');
  const quota = packOf(world, before.region, duty.day)?.patrol;
  if (!quota) return refuse('region', `no rule pack is in force on ${duty.day}`);
  const result = resultOf(event, before.windows, quota);
  const seconds = (Math.min(event.receivedAt, endOf(duty.day) + 1) - before.startedAt) / 1_000;
  const blind = result.counts ? undefined : blindCauseOf(result.views, before.windows, seconds, quota);
  const visit: Visit = {
    ...before,
    state: 'finished',
    finishedAt: event.receivedAt,
    ...result,
    ...(blind === undefined ? {} : { blind }),
    digest: event.digest,
    position: event.position,
  };
  const after = dutyVisited(event, duty, { counts: result.counts, blind }, state);
  return {
    puts: [{ table: 'visit', row: visit }, ...after.puts],
    ledger: [
      act(event, 'visit.finished', visit.id, visit.hall, {
        counts: result.counts,
        verified: result.verified,
        needed: result.needed,
        ...factsOf(result),
        ...(blind === undefined ? {} : { blind }),
        findings: visit.findings,
        digest: event.digest,
      }),
      ...after.ledger,
    ],
  };
}

function act(
  event: Recorded<EventOf<'patrol.visitStarted' | 'patrol.visitFinished'>>,
  kind: Consequences['ledger'][number]['act'],
  subject: string,
  hall: string | undefined,
  facts: Record<string, string | number | boolean>,
): Consequences['ledger'][number] {
  return {
    region: event.region,
    at: event.receivedAt,
    act: kind,
    subject,
    ...(hall === undefined ? {} : { hall }),
    account: event.account,
    facts,
  };
}
