/**
 * The product's brain: `decide(event, state, world) → consequences`. No I/O and no clock of its own; `event.receivedAt` is
 * now, `event.occurredAt` is when it happened. The same events in the same order always give the same consequences.
 */
import { decideCase, replanClock, turnClock } from './decideCase.ts';
import { decideCamera, decideDuty, decideFinding, decideVisitFinish, decideVisitStart } from './decidePatrol.ts';
import { decidePack } from './decidePack.ts';
import { decideSignalAct, issueByHand, turnSignal } from './decideSignal.ts';
import type { CaseEvent, Event, Recorded } from './event.ts';
import type { CameraStatus, Casefile, Duty, Finding, LedgerDraft, Signal, Visit } from './state.ts';
import type { World } from './world.ts';

/** The state rows that one event needs; the recorder loads them by `needsOf`. */
export interface State {
  casefile(id: string): Casefile | undefined;
  signal(id: string): Signal | undefined;
  duty(id: string): Duty | undefined;
  visit(id: string): Visit | undefined;
  camera(id: string): CameraStatus | undefined;
}

/** One row as it stands after the event. */
export type Put =
  | { table: 'casefile'; row: Casefile }
  | { table: 'signal'; row: Signal }
  | { table: 'duty'; row: Duty }
  | { table: 'visit'; row: Visit }
  | { table: 'finding'; row: Finding }
  | { table: 'camera'; row: CameraStatus };

/** A refusal leaves the state as it was; the event is kept in the archive as refused. */
export interface Refused {
  field: string;
  reason: string;
}

export interface Consequences {
  refused?: Refused;
  puts: Put[];
  ledger: LedgerDraft[];
}

export const nothing: Consequences = { puts: [], ledger: [] };

export function refuse(field: string, reason: string): Consequences {
  return { refused: { field, reason }, puts: [], ledger: [] };
}

/** The keys of the rows an event needs. A signal's or a casefile's further rows follow from the row itself (`followsOf`). */
export interface Needs {
  casefile?: string;
  signal?: string;
  duty?: string;
  visit?: string;
  camera?: string;
}

export const casefileId = (region: string, number: string): string => `${region}:${number}`;

const isCase = (event: Recorded): event is Recorded<CaseEvent> => event.kind.startsWith('case.');

export function needsOf(event: Event): Needs {
  if (event.kind === 'signal.issuedByHand') {
    const { signal, casefile } = event;
    return { signal, ...(casefile === undefined ? {} : { casefile: casefileId(event.region, casefile) }) };
  }
  if ('casefile' in event) return { casefile: casefileId(event.region, event.casefile) };
  switch (event.kind) {
    case 'camera.changed':
      return { camera: event.camera };
    case 'patrol.planned':
      return { duty: event.duty };
    case 'patrol.visitStarted':
      return { duty: event.duty, visit: event.visit };
    case 'patrol.visitFinished':
    case 'patrol.findingRecorded':
      return { visit: event.visit };
    case 'signal.confirmed':
    case 'signal.acknowledged':
    case 'signal.correctionClaimed':
    case 'signal.verified':
    case 'signal.appealed':
    case 'signal.appealDecided':
    case 'signal.revoked':
    case 'signal.turned':
      return { signal: event.signal };
    case 'pack.activated':
      return {};
  }
}

/** The rows that a loaded row leads to: a casefile to its signals, a signal to its casefile, a visit to its duty. */
export function followsOf(row: {
  casefile?: Casefile | undefined;
  signal?: Signal | undefined;
  visit?: Visit | undefined;
}): {
  signals: string[];
  casefile?: string;
  duty?: string;
} {
  return {
    signals: row.casefile
      ? [...row.casefile.fired.map((each) => each.signal), ...(row.casefile.furtherSignals ?? [])]
      : [],
    ...(row.signal?.casefile === undefined ? {} : { casefile: row.signal.casefile }),
    ...(row.visit ? { duty: row.visit.duty } : {}),
  };
}

export function decide(event: Recorded, state: State, world: World): Consequences {
  if (isCase(event)) return decideCase(event, state, world);
  switch (event.kind) {
    case 'clock.turned':
      return turnClock(event, state, world);
    case 'clock.replanned':
      return replanClock(event, state, world);
    case 'camera.changed':
      return decideCamera(event, state);
    case 'patrol.planned':
      return decideDuty(event, state);
    case 'patrol.visitStarted':
      return decideVisitStart(event, state);
    case 'patrol.visitFinished':
      return decideVisitFinish(event, state, world);
    case 'patrol.findingRecorded':
      return decideFinding(event, state, world);
    case 'pack.activated':
      return decidePack(event);
    case 'signal.issuedByHand':
      return issueByHand(event, state, world);
    case 'signal.turned':
      return turnSignal(event, state, world);
    case 'signal.confirmed':
    case 'signal.acknowledged':
    case 'signal.correctionClaimed':
    case 'signal.verified':
    case 'signal.appealed':
    case 'signal.appealDecided':
    case 'signal.revoked':
      return decideSignalAct(event, state, world);
  }
}
