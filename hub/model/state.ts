/** What the recorder derives from the log. Every row can be rebuilt from the events alone, byte for byte. */
import type { AdministrationAct } from './administrationEvents.ts';
import type { BlindCause } from './duty.ts';
import type { CameraState, WindowView } from './event.ts';
import type { FindingDeed } from './finding.ts';
import type { RegisterAct } from './decideRegister.ts';
import type { ClockKind } from './limits.ts';
import type { Level } from './pack.ts';
import type { RefusalCause } from './viewProof.ts';
import type { ProcedureKind } from './procedure.ts';

export type CasefileStatus =
  | 'received'
  | 'correcting'
  | 'accepted'
  | 'suspended'
  | 'decided'
  | 'completed'
  | 'declined'
  | 'withdrawn'
  | 'returned';

/** 停表: a time that the law does not count (行政许可法 45). Open while `to` is absent. */
export interface Suspension {
  from: number;
  to?: number;
  procedure: string;
  /** Absent where the words are none of the closed list. */
  kind?: ProcedureKind;
  result?: string;
}

/** 办件. `id` is `<region>:<number>`. Times in epoch milliseconds. */
export interface Casefile {
  id: string;
  region: string;
  number: string;
  matter: string;
  department?: string;
  hall?: string;
  window?: string;
  applicant?: { name: string; class: 'person' | 'enterprise' | 'other' };
  source: string;
  status: CasefileStatus;
  receivedAt?: number;
  acceptedAt?: number;
  decidedAt?: number;
  completedAt?: number;
  outcome?: 'approved' | 'denied';
  suspensions: Suspension[];
  extensionDays: number;
  corrections: number;
  /** Steps taken between acceptance and decision, as they were recorded. */
  steps?: { step: string; at: number; handler?: string }[];
  /** Who received, accepted, decided and completed it, by staff number; who granted it (XY-56), and the document. */
  receivedBy?: string;
  acceptedBy?: string;
  decidedBy?: string;
  completedBy?: string;
  approver?: string;
  document?: string;
  /** When it was declined, withdrawn or returned. */
  endedAt?: number;
  /** The latest correction notice (补正告知) and the applicant's answer to it. */
  correctionAskedAt?: number;
  correctedAt?: number;
  /** Handed up to a superior organ, and its answer. */
  forwards?: { to: string; at: number; answeredAt?: number; result?: string }[];
  licences?: { name: string; number?: string; at: number }[];
  publishedAt?: number;
  fees?: { name: string; amount: number; reference?: string; at: number }[];
  revoked?: { at: number; approver: string; reason: string };
  appeals?: { by: 'reconsideration' | 'litigation'; reference?: string; at: number }[];
  inspections?: { result: string; at: number }[];
  levy?: { amount?: number; at?: number; dueAt?: number; paid?: number; paidAt?: number };
  /** 处罚. A penalty case is accepted when it is filed (立案). */
  penalty?: { investigatedAt?: number; noticeAt?: number; decision?: string; amount?: number; executedAt?: number };
  /** Deadlines as given by the source, if it gave any; they win over the matter's limits. */
  givenStatutoryDueAt?: number;
  givenPromisedDueAt?: number;
  /** A limit that the source gave in days; it wins over the matter's promise. */
  givenPromisedDays?: number;
  givenPromisedUnit?: 'working' | 'calendar';
  statutoryDueAt?: number;
  promisedDueAt?: number;
  /** The pack and version whose clock settings computed the deadlines. */
  pack?: string;
  /** The working day's calendar had no published year for a day the deadline passes. */
  provisional: boolean;
  /** When the colour next changes: the ticker publishes `clock.turned` for that moment. */
  nextTurn?: number;
  /** Clock rules that have fired and their signals, so that each fires once; `of` which step or procedure. */
  fired: { rule: string; signal: string; at: number; of?: string }[];
  /** Its other signals: issued by hand, or raised from one that was not corrected. */
  furtherSignals?: string[];
  lastEventAt: number;
  position: number;
}

/** 1.X.3. `dropped`: a draft that nobody issued. `escalated`: its child of a higher level goes on. */
export type SignalState =
  | 'draft'
  | 'issued'
  | 'acknowledged'
  | 'claimed'
  | 'verified'
  | 'appealed'
  | 'escalated'
  | 'revoked'
  | 'dropped'
  | 'closed';

/** States in which somebody has still something to do. */
export const openStates = ['issued', 'acknowledged', 'claimed', 'appealed'] as const satisfies readonly SignalState[];

/** C-08. `contact`: the department's fixed contact; `person`: the staff number of who took the step, where the step says so. */
export interface Addressee {
  kind: 'contact' | 'department' | 'person' | 'departmentAndPerson';
  department?: string;
  person?: string;
}

/** Who did something to a signal, and when. */
export interface Deed {
  account: string;
  name: string;
  at: number;
}

/** 信号. Its `explanation` names the rule, the article and the arithmetic. */
export interface Signal {
  id: string;
  region: string;
  level: Level;
  state: SignalState;
  rule: string;
  pack: string;
  packVersion: number;
  article: string;
  titleZh: string;
  titleEn: string;
  messageZh: string;
  messageEn: string;
  /** Absent where a person judged and no clock did. */
  explanation?: Explanation;
  casefile?: string;
  matter?: string;
  department?: string;
  hall?: string;
  window?: string;
  duty?: string;
  finding?: string;
  /** C-08: whom it is addressed to; who that is by name is looked up when it is sent. */
  addressee?: Addressee;
  /** XY-09: of a pack in trial operation. Shown with its mark, and in no count that leads to a score. */
  trial?: true;
  /** Who a measured irregularity is about, where it is a person or a source, and the day that was measured (P1, P3, P4, P5, P8). */
  handler?: string;
  source?: string;
  day?: string;
  /** The moment the rule was met, and the moment the hub recorded it. */
  at: number;
  issuedAt: number;
  acknowledgedAt?: number;
  acknowledgedBy?: string;
  /** SZ-27: the last millisecond to correct it, where the pack sets one; the ticker turns it at `nextTurn`. */
  correctBy?: number;
  nextTurn?: number;
  /** The signal this one was raised from, and the one it was raised to. */
  parent?: string;
  child?: string;
  /** YJ-05: what the hub begins by itself once it is issued: 督促 or 调查. */
  procedure?: 'urge' | 'inquiry';
  /** 督办通知, the newest last. */
  urges?: Urge[];
  /** SZ-50: the investigation of it, and how that ended. */
  inquiry?: { id: string; outcome?: 'fault' | 'noFault' };
  /** The person who issued it by hand, or confirmed the draft. */
  issuedBy?: Deed;
  /** The latest correction that was claimed, and what a supervisor said to it. */
  correction?: Deed & { text: string; answer?: Deed & { outcome: 'accepted' | 'sentBack'; note?: string } };
  /** One appeal a signal. `from` is the state it goes back to when the appeal is rejected. */
  appeal?: Deed & {
    text: string;
    from: SignalState;
    answer?: Deed & { outcome: 'upheld' | 'rejected'; reason: string };
  };
  /** Why it was revoked or dropped, and the person who approved it; none where a late entry did. */
  revokedReason?: string;
  revokedBy?: Deed;
  closedAt?: number;
  position: number;
}

/** 督办通知 (QT-05). `number` counts within `region` and `year`. `by` is absent where the pack's rule urged (YJ-05). */
export interface Urge {
  number: number;
  year: string;
  at: number;
  correctBy: number;
  text: string;
  textEn?: string;
  by?: Deed;
  addressee?: Addressee;
}

/** 调查 (SZ-50): of one signal, by the supervision organ. `dueAt` where the pack sets a time (C-19, SC-22). */
export interface Inquiry {
  id: string;
  region: string;
  signal: string;
  hall?: string;
  department?: string;
  state: 'open' | 'closed';
  text: string;
  openedAt: number;
  openedBy?: Deed;
  dueAt?: number;
  article?: string;
  /** SC-23: one extension, approved by the head of the investigating organ. */
  extension?: Deed & { days: number; approver: string; reason: string };
  /** What was found. With a fault: who is liable and what was done about it. */
  finding?: Deed & {
    outcome: 'fault' | 'noFault';
    text: string;
    liable?: string;
    measure?: string;
    /** Number of the written report. */
    report?: string;
  };
  position: number;
}

/** 登记: running numbers (`urge:510104:2026`), and the signals issued by hand at a window without a case (`hand:w1`). */
export interface Register {
  id: string;
  region: string;
  count?: number;
  signals?: string[];
  position: number;
}

/** The arithmetic behind a deadline or a signal, line by line. */
export interface Explanation {
  unit: 'working' | 'calendar' | 'workingHours' | 'given';
  /** Which clock of the casefile, and of which step or procedure; absent: what a step or a measure showed. */
  clock?: ClockKind;
  of?: string;
  /** 起算日, and the moment where the limit runs to the minute. */
  startedOn?: string;
  startedAt?: number;
  /** The limit and all that is counted: days, or hours where the unit is `workingHours`. */
  limitDays?: number;
  extensionDays?: number;
  dueOn: string;
  dueAt: number;
  /** Days not counted, with the reason. */
  excluded: { day: string; reason: 'weekend' | 'holiday' | 'suspended'; name?: string }[];
  /** Weekend days that do count (调休). */
  makeUp: string[];
  suspensions: Suspension[];
  /** The milliseconds that count of each day up to `dueAt`, where the limit runs to the minute. */
  counted?: { day: string; counted: number }[];
  /** Days counted up to `asOf`, and days over the limit (both in the unit). */
  asOf: number;
  usedDays?: number;
  overDays: number;
  provisional: boolean;
  basis?: string;
  /** What a rule's condition adds to the deadline's arithmetic (rules/): days left, minutes of delay, steps missing … */
  facts?: Facts;
}

export type Facts = Record<string, string | number>;

export type { Duty, DutyState } from './duty.ts';

/** 巡查: one visit by video. `counts` is the verdict once it is finished. */
export interface Visit {
  id: string;
  region: string;
  duty: string;
  hall: string;
  /** 部门监察机构: whose patrol as needed it is (SC-15). */
  organ?: string;
  account: string;
  name: string;
  state: 'open' | 'finished';
  startedAt: number;
  finishedAt?: number;
  windows: string[];
  views: WindowView[];
  counts?: boolean;
  /** Why it does or does not count: verified and needed windows. */
  verified?: number;
  needed?: number;
  /** Seconds in which at least one window was being verified, and how many the pack wants; see `visitResult.ts`. */
  watched?: number;
  wholeVisit?: number;
  /** Reports that counted nothing, by cause. */
  refused?: Partial<Record<RefusalCause, number>>;
  /** It could not have counted: what kept its cameras from showing anything. */
  blind?: BlindCause;
  digest?: string;
  findings: number;
  position: number;
}

export type { Finding } from './finding.ts';

export interface CameraStatus {
  camera: string;
  region: string;
  hall: string;
  state: CameraState;
  since: number;
  detail?: string;
  codec?: 'H.264' | 'H.265';
  /** Who switched it off. */
  name?: string;
  position: number;
}

/** 台账 entry as `decide` asks for it; the recorder adds sequence and hashes. */
export interface LedgerDraft {
  region: string;
  at: number;
  act:
    | 'signal.issued'
    | 'signal.acknowledged'
    | 'signal.confirmed'
    | 'signal.dropped'
    | 'signal.correctionClaimed'
    | 'signal.verified'
    | 'signal.sentBack'
    | 'signal.appealed'
    | 'signal.appealUpheld'
    | 'signal.appealRejected'
    | 'signal.escalated'
    | 'signal.revoked'
    | 'signal.urged'
    | 'inquiry.opened'
    | 'inquiry.extended'
    | 'inquiry.closed'
    | 'evidence.taken'
    | 'evidence.sealed'
    | 'evidence.requested'
    | 'evidence.approved'
    | 'evidence.refused'
    | 'evidence.released'
    | 'evidence.failed'
    | 'evidence.viewed'
    | 'evidence.removed'
    | 'recording.held'
    | 'recording.releaseRequested'
    | 'recording.released'
    | 'recording.releaseRefused'
    | 'recording.stopped'
    | 'recording.resumed'
    | 'recording.limited'
    | 'pack.activated'
    | 'attention.explained'
    | AdministrationAct
    | RegisterAct
    | `camera.${'disabled' | 'enabled' | 'added' | 'changed' | 'keyRenewed' | 'tested'}`
    | 'visit.started'
    | 'visit.finished'
    | `finding.${FindingDeed}`
    | `presence.${'filed' | 'ended'}`
    | `duty.${'planned' | 'swapped' | 'couldNotInspect' | 'missed'}`
    | `draw.${'committed' | 'made' | 'published'}`;
  /** Id of the thing the entry is about. */
  subject: string;
  hall?: string;
  account?: string;
  /** Plain facts of the act: strings, numbers and booleans only, so that its canonical form is stable. */
  facts: Record<string, string | number | boolean>;
}

export interface LedgerEntry extends LedgerDraft {
  sequence: number;
  previous: string;
  hash: string;
  event: string;
}
