/** 录像: holds (封存), how much halls keep, and halls whose recording stops. */
import { nothing, refuse, type Consequences, type State } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';
import type { RecordingHold } from './recording.ts';
import type { LedgerDraft } from './state.ts';
import { prefixOf, type World } from './world.ts';

type RecordingEvent = Extract<Recorded, { kind: `recording.${string}` }>;

/** One hold covers so much at most; two may follow each other. */
const longestHold = 31 * 86_400_000;

export function decideRecording(event: RecordingEvent, state: State, world: World): Consequences {
  if (event.kind === 'recording.changed') return change(event);
  if (event.kind === 'recording.limited') return limit(event, world);
  const before = state.hold(event.hold);
  if (event.kind === 'recording.held') return before ? nothing : hold(event, world);
  if (!before) return refuse('hold', 'no such hold');
  if (before.hall !== event.hall || before.region !== event.region)
    return refuse('hall', 'the hold is in another hall');
  const { account, name, receivedAt: at, position } = event;
  if (event.kind === 'recording.releaseRequested') {
    if (before.state !== 'held')
      return refuse('hold', before.state === 'released' ? 'the hold has ended' : 'its end was asked for already');
    const row: RecordingHold = {
      ...before,
      state: 'asked',
      asked: { account, name, at, reason: event.reason },
      position,
    };
    return {
      puts: [{ table: 'hold', row }],
      ledger: [act(event, 'recording.releaseRequested', { reason: event.reason })],
    };
  }
  if (before.state !== 'asked' || !before.asked) return refuse('hold', 'nobody asked for its end');
  const hindered = mayNotRelease(before, { account, region: event.organRegion }, world);
  if (hindered) return refuse(hindered.field, hindered.reason);
  const reason = event.reason?.trim() ? event.reason : undefined;
  if (event.outcome === 'refused' && reason === undefined) return refuse('reason', 'expected a reason for the refusal');
  const row: RecordingHold = {
    ...before,
    state: event.outcome === 'approved' ? 'released' : 'held',
    answered: { account, name, at, outcome: event.outcome, ...(reason === undefined ? {} : { reason }) },
    position,
  };
  const kind = event.outcome === 'approved' ? 'recording.released' : 'recording.releaseRefused';
  return {
    puts: [{ table: 'hold', row }],
    ledger: [act(event, kind, { camera: before.camera, ...(reason === undefined ? {} : { reason }) })],
  };
}

/** Why this organ or this person cannot end a hold; undefined when they can. */
export function mayNotRelease(
  hold: Pick<RecordingHold, 'region' | 'asked'>,
  who: { account: string; region: string },
  world: World,
): { field: string; reason: string } | undefined {
  if (hold.asked?.account === who.account) return { field: 'account', reason: 'nobody answers their own request' };
  const isProvince = world.regions.get(who.region)?.level === 'province';
  return isProvince && hold.region.startsWith(prefixOf(who.region))
    ? undefined
    : { field: 'organRegion', reason: 'a hold is ended by the province only' };
}

function hold(event: Recorded<EventOf<'recording.held'>>, world: World): Consequences {
  const { hold: id, region, hall, camera, from, to, reason, account, name, receivedAt, position } = event;
  if (to <= from) return refuse('to', 'expected a moment after from');
  if (to - from > longestHold) return refuse('to', 'expected at most 31 days after from');
  const known = world.cameras.get(camera);
  if (!known || known.hall !== hall) return refuse('camera', 'the camera is not in this hall');
  const row: RecordingHold = {
    id,
    region,
    hall,
    camera,
    from,
    to,
    reason,
    heldBy: { account, name, at: receivedAt },
    state: 'held',
    position,
  };
  const window: LedgerDraft['facts'] = known.window === undefined ? {} : { window: known.window };
  return {
    puts: [{ table: 'hold', row }],
    ledger: [act(event, 'recording.held', { camera, from, to, reason, ...window })],
  };
}

function change(event: Recorded<EventOf<'recording.changed'>>): Consequences {
  const { region, receivedAt: at, hall, state, cause, detail } = event;
  const facts = { ...(cause === undefined ? {} : { cause }), ...(detail === undefined ? {} : { detail }) };
  return {
    puts: [],
    ledger: [
      { region, at, act: state === 'stopped' ? 'recording.stopped' : 'recording.resumed', subject: hall, hall, facts },
    ],
  };
}

function limit(event: Recorded<EventOf<'recording.limited'>>, world: World): Consequences {
  const { region, receivedAt: at, hall, account, days, gigabytes } = event;
  if (world.halls.get(hall)?.region !== region) return refuse('hall', 'the hall is not in this region');
  const facts = { ...(days === null ? {} : { days }), ...(gigabytes === null ? {} : { gigabytes }) };
  return { puts: [], ledger: [{ region, at, act: 'recording.limited', subject: hall, hall, account, facts }] };
}

function act(
  event: Exclude<RecordingEvent, { kind: 'recording.changed' | 'recording.limited' }>,
  kind: LedgerDraft['act'],
  facts: LedgerDraft['facts'],
): LedgerDraft {
  const { region, receivedAt: at, hold: subject, hall, account } = event;
  return { region, at, act: kind, subject, hall, account, facts };
}
