/**
 * The product's brain: `decide(event, state, world) → consequences`. No I/O and no clock of its own; `event.receivedAt` is
 * now, `event.occurredAt` is when it happened. The same events in the same order always give the same consequences.
 */
import { decideAdministration } from './administrationEvents.ts';
import { decideDescribed } from './cameraEvents.ts';
import { decideCamera } from './decideCamera.ts';
import { decideCase, replanClock, turnClock } from './decideCase.ts';
import { decideFinding } from './decideFinding.ts';
import { decideFindingLoop } from './decideFindingLoop.ts';
import { decidePresence } from './decidePresence.ts';
import { decideDraw, decideSwap } from './decideDraw.ts';
import { decideDuty, turnDuty } from './decideDuty.ts';
import type { Draw } from './draw.ts';
import { decideVisitFinish, decideVisitStart } from './decidePatrol.ts';
import { decideEvidence } from './decideEvidence.ts';
import { decideIrregularity } from './decideIrregularity.ts';
import { decidePack } from './decidePack.ts';
import { issueByHand } from './byHand.ts';
import { decideAttention } from './decideAttention.ts';
import { byHand, decideSignalAct, turnSignal } from './decideSignal.ts';
import type { CaseEvent, Event, Recorded } from './event.ts';
import { decideInquiry } from './decideInquiry.ts';
import type { Evidence, Release } from './evidence.ts';
import { decideRecording } from './decideRecording.ts';
import { decideRegister, needsOfRegister } from './decideRegister.ts';
import type { RecordingHold } from './recording.ts';
import type { RegisterEntry, RegisterReview } from './register.ts';
import type { Presence } from './presence.ts';
import { yearOf } from './urge.ts';
import { withNotices, type Notice } from './notice.ts';
import type { CameraStatus, Casefile, Duty, Finding, Inquiry, LedgerDraft, Register, Signal, Visit } from './state.ts';
import type { World } from './world.ts';

/** One row as it stands after the event. */
export type Put =
  | { table: 'casefile'; row: Casefile }
  | { table: 'signal'; row: Signal }
  | { table: 'duty'; row: Duty }
  | { table: 'draw'; row: Draw }
  | { table: 'visit'; row: Visit }
  | { table: 'finding'; row: Finding }
  | { table: 'presence'; row: Presence }
  | { table: 'camera'; row: CameraStatus }
  | { table: 'notice'; row: Notice }
  | { table: 'inquiry'; row: Inquiry }
  | { table: 'register'; row: Register }
  | { table: 'evidence'; row: Evidence }
  | { table: 'release'; row: Release }
  | { table: 'hold'; row: RecordingHold }
  | { table: 'entry'; row: RegisterEntry }
  | { table: 'review'; row: RegisterReview };

export type RowOf<T extends Put['table']> = Extract<Put, { table: T }>['row'];

/** Tables whose rows are read as well: a notice is only written. */
export type Readable = Exclude<Put['table'], 'notice'>;

/** The state rows that one event needs, by their ids; the recorder loads them by `needsOf`. */
export type State = { [T in Readable]: (id: string) => RowOf<T> | undefined };

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

/** The keys of the rows an event needs; the further rows follow from these (`follows`). */
export type Needs = Partial<Record<Readable, string>>;

export const casefileId = (region: string, number: string): string => `${region}:${number}`;
export const urgeRegister = (region: string, year: string): string => `urge:${region}:${year}`;
export const handRegister = (window: string): string => `hand:${window}`;

const isCase = (event: Recorded): event is Recorded<CaseEvent> => event.kind.startsWith('case.');
const isLoop = (event: Recorded): event is Extract<Recorded, { kind: `finding.${string}` }> =>
  event.kind.startsWith('finding.');

export function needsOf(event: Event): Needs {
  if (event.kind === 'signal.issuedByHand') {
    const { signal, casefile, window } = event;
    if (casefile !== undefined) return { signal, casefile: casefileId(event.region, casefile) };
    return { signal, ...(window === undefined ? {} : { register: handRegister(window) }) };
  }
  if ('casefile' in event) return { casefile: casefileId(event.region, event.casefile) };
  if ('evidence' in event)
    return { evidence: event.evidence, ...('release' in event ? { release: event.release } : {}) };
  if ('hold' in event) return { hold: event.hold };
  if (event.kind === 'patrol.findingRecorded') return { visit: event.visit, presence: event.window };
  if ('finding' in event) return { finding: event.finding };
  if ('presence' in event) return { presence: event.window };
  switch (event.kind) {
    case 'camera.changed':
      return { camera: event.camera };
    case 'patrol.planned':
      return { duty: event.duty, ...(event.draw === undefined ? {} : { draw: event.draw }) };
    case 'patrol.turned':
      return { duty: event.duty };
    case 'patrol.swapped':
      return { duty: event.duty, draw: event.draw };
    case 'draw.committed':
    case 'draw.made':
    case 'draw.published':
      return { draw: event.draw };
    case 'patrol.visitStarted':
      return { duty: event.duty, visit: event.visit };
    case 'patrol.visitFinished':
      return { visit: event.visit };
    case 'signal.confirmed':
    case 'signal.acknowledged':
    case 'signal.correctionClaimed':
    case 'signal.verified':
    case 'signal.appealed':
    case 'signal.appealDecided':
    case 'signal.revoked':
      return { signal: event.signal };
    case 'signal.turned':
    case 'signal.urged':
      return { signal: event.signal, register: urgeRegister(event.region, yearOf(event.occurredAt)) };
    case 'inquiry.opened':
    case 'inquiry.extended':
    case 'inquiry.closed':
      return { signal: event.signal, inquiry: event.inquiry };
    case 'register.entered':
    case 'register.reviewed':
      return needsOfRegister(event);
    case 'pack.activated':
    case 'camera.described':
    case 'reference.changed':
    case 'account.changed':
    case 'irregularity.measured':
    case 'attention.explained':
    case 'recording.changed':
    case 'recording.limited':
      return {};
  }
}

/** Issued by hand at a window without a case: the window's register knows of it. */
export const isAtWindow = (signal: Signal): signal is Signal & { window: string } =>
  signal.casefile === undefined && signal.window !== undefined && signal.rule === byHand;

export type Follows = Partial<Record<Readable, readonly string[]>>;

/** The rows that a loaded row leads to: a casefile, a finding and a duty to their signals, a signal to its casefile, a visit to its duty. */
export const follows = {
  casefile: ({ fired, furtherSignals = [] }) => ({ signal: [...fired.map(({ signal }) => signal), ...furtherSignals] }),
  signal: (signal): Follows => ({
    ...(signal.casefile === undefined ? {} : { casefile: [signal.casefile] }),
    ...(isAtWindow(signal) ? { register: [handRegister(signal.window)] } : {}),
  }),
  duty: ({ signal }) => ({ signal: signal === undefined ? [] : [signal] }),
  visit: ({ duty }) => ({ duty: [duty] }),
  finding: ({ signals = [] }) => ({ signal: signals }),
  register: ({ signals = [] }) => ({ signal: signals }),
} satisfies { [T in Readable]?: (row: RowOf<T>) => Follows };

export const decide = (event: Recorded, state: State, world: World): Consequences =>
  withNotices(event, judge(event, state, world));

function judge(event: Recorded, state: State, world: World): Consequences {
  if (isCase(event)) return decideCase(event, state, world);
  if (isLoop(event)) return decideFindingLoop(event, state, world);
  switch (event.kind) {
    case 'clock.turned':
      return turnClock(event, state, world);
    case 'clock.replanned':
      return replanClock(event, state, world);
    case 'camera.changed':
      return decideCamera(event, state);
    case 'camera.described':
      return decideDescribed(event);
    case 'reference.changed':
    case 'account.changed':
      return decideAdministration(event);
    case 'patrol.planned':
      return decideDuty(event, state, world);
    case 'patrol.turned':
      return turnDuty(event, state, world);
    case 'patrol.swapped':
      return decideSwap(event, state, world);
    case 'draw.committed':
    case 'draw.made':
    case 'draw.published':
      return decideDraw(event, state);
    case 'patrol.visitStarted':
      return decideVisitStart(event, state);
    case 'patrol.visitFinished':
      return decideVisitFinish(event, state, world);
    case 'patrol.findingRecorded':
      return decideFinding(event, state, world);
    case 'presence.filed':
    case 'presence.ended':
      return decidePresence(event, state, world);
    case 'irregularity.measured':
      return decideIrregularity(event, world);
    case 'attention.explained':
      return decideAttention(event);
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
    case 'signal.urged':
      return decideSignalAct(event, state, world);
    case 'inquiry.opened':
    case 'inquiry.extended':
    case 'inquiry.closed':
      return decideInquiry(event, state, world);
    case 'evidence.taken':
    case 'evidence.sealed':
    case 'evidence.requested':
    case 'evidence.answered':
    case 'evidence.released':
    case 'evidence.failed':
    case 'evidence.viewed':
    case 'evidence.removed':
      return decideEvidence(event, state, world);
    case 'recording.held':
    case 'recording.releaseRequested':
    case 'recording.releaseAnswered':
    case 'recording.changed':
    case 'recording.limited':
      return decideRecording(event, state, world);
    case 'register.entered':
    case 'register.reviewed':
      return decideRegister(event, state, world);
  }
}
