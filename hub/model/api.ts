/**
 * Shapes of the JSON that `hub/serve` answers and `web` reads. Every route is under `/api`, needs a session unless it
 * says otherwise, and fails with RFC 9457 `application/problem+json` (`Problem`).
 *
 *   POST   /api/session {account, password}     → Me (sets the cookie); 401. No session needed.
 *   DELETE /api/session                         → 204
 *   GET    /api/session                         → Me; 401
 *   GET    /api/halls                           → HallSummary[]
 *   GET    /api/halls/:hall                     → HallDetail
 *   GET    /api/halls/:hall/timeline?minutes=60 → Timeline
 *   GET    /api/windows/:window/events?limit=50 → EventLine[] (newest first)
 *   GET    /api/signals?state=open|draft|all&hall=&window=&before=&limit=100 → Page<Signal> (newest first)
 *   POST   /api/signals {casefile?, window?, level, article, text} → Signal; 409. Issued by hand (inspector); one key, one signal.
 *   POST   /api/signals/:id/acknowledge {note?} → Signal; 409 Problem
 *   POST   /api/signals/:id/confirm {outcome: issued|dropped, note?} → Signal; 409. A draft; dropping needs the note.
 *   POST   /api/signals/:id/claim {text}        → Signal; 409. The hall manager has corrected it.
 *   POST   /api/signals/:id/verify {outcome: accepted|sentBack, note?} → Signal; 409. Sending back needs the note.
 *   POST   /api/signals/:id/appeal {text}       → Signal; 409. Once a signal, by the hall manager.
 *   POST   /api/signals/:id/decide-appeal {outcome: upheld|rejected, reason} → Signal; 409 for who issued it
 *   POST   /api/signals/:id/revoke {reason}     → Signal; 409 for who issued it by hand or asked for it (SC-29)
 *   GET    /api/casefiles/:id                   → CasefileDetail
 *   GET    /api/casefiles/:id/clock             → Clock
 *   GET    /api/duties?day=YYYY-MM-DD           → DutyDay (today when absent)
 *   POST   /api/visits {duty}                   → Visit; 409
 *   GET    /api/visits/:id                      → VisitDetail
 *   POST   /api/visits/:id/finish               → Visit; 409
 *   POST   /api/visits/:id/findings {window, code, note?} → Finding; 409. The hub takes the snapshot itself.
 *   GET    /api/ledger?before=&limit=100        → Page<LedgerEntry> (newest first)
 *   GET    /api/ledger/check                    → ChainStatus
 *   GET    /api/vocabulary                      → Vocabulary (levels and finding kinds of the pack in force, names of matters and departments)
 *   GET    /api/system                          → SystemStatus (administrator)
 *   GET    /evidence/:sha256.jpg                → a finding's snapshot
 *   GET    /live/:camera/index.m3u8, plain.m3u8 → LL-HLS, plain HLS
 */
import type { EventLine } from './live.ts';
import type { Level, FindingKind, RulePack } from './pack.ts';
import type { Permission, Role } from './rights.ts';
import type { CameraStatus, Casefile, Duty, Explanation, Finding, LedgerEntry, Signal, Visit } from './state.ts';
import type { Camera, Hall, Matter, Named, Window } from './world.ts';

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  /** Which field was wrong and what was expected. */
  field?: string;
  reason?: string;
}

export interface Me {
  account: string;
  name: string;
  role: Role;
  permissions: Permission[];
  region: Named & { code: string; level: 'province' | 'city' | 'county'; demo: boolean };
  hall?: Named & { id: string };
  organ?: Named & { id: string };
}

export interface HallSummary extends Hall {
  windows: number;
  openSignals: Record<Level, number>;
  regionName: string;
  regionNameEn?: string;
}

export interface WindowDetail extends Window {
  departmentName?: string;
  departmentNameEn?: string;
  cameras: (Camera & { status?: CameraStatus })[];
  openSignals: Signal[];
  /** The latest approval event here. */
  latest?: EventLine;
}

export interface HallDetail {
  hall: Hall;
  regionName: string;
  windows: WindowDetail[];
  today: { received: number; completed: number; overdue: number };
}

export interface Timeline {
  from: number;
  to: number;
  lanes: { window: string; marks: { at: number; kind: 'event' | Level; id: string }[] }[];
}

/** `next` is the `before` of the following page; absent on the last. */
export interface Page<T> {
  items: T[];
  next?: number;
}

export interface CasefileDetail {
  casefile: Casefile;
  matter?: Matter;
  departmentName?: string;
  windowNumber?: string;
  events: (EventLine & { handler?: string; note?: string; reason?: string; enteredAt?: number; receivedAt: number })[];
  signals: Signal[];
  /** Names of matter, department and hall in English where there are any. */
  clock?: Clock;
  ledger: LedgerEntry[];
}

/** Why is it red? One explanation for each deadline the casefile has. */
export interface Clock {
  asOf: number;
  statutory?: Explanation;
  promised?: Explanation;
  pack?: string;
  packTitle?: { zh: string; en: string };
}

export interface DutyDay {
  day: string;
  workingDay: boolean;
  dayName?: string;
  /** Today's open visit of this account, to be gone on with. */
  openVisit?: Visit;
  duties: (Duty & { hallName: string; hallNameEn?: string; visits: Visit[] })[];
  month: { required: number; done: number; findings: number };
}

export interface VisitDetail {
  visit: Visit;
  findings: Finding[];
}

export interface ChainStatus {
  region: string;
  entries: number;
  ok: boolean;
  /** First broken sequence, when not ok. */
  brokenAt?: number;
  head?: string;
}

export interface Vocabulary {
  levels: RulePack['levels'];
  findings: FindingKind[];
  pack: string;
  packTitle: { zh: string; en: string };
  /** Names of the matters in scope (by code) and of the departments, for the lines that carry only their codes. */
  matters?: (Named & { code: string })[];
  /** What a visit needs to count, for the rings that fill on the wall. */
  patrol?: RulePack['patrol'];
  departments?: (Named & { id: string })[];
}

export interface SystemStatus {
  version: string;
  tier: 'community' | 'apache' | 'plain';
  events: number;
  refused: number;
  pending: number;
  /** Names are added for people; an administrator may not read the halls. */
  cameras: (CameraStatus & {
    name?: string;
    nameEn?: string;
    hallName?: string;
    hallNameEn?: string;
    windowNumber?: string;
  })[];
  /** The parts (roles) this process runs. */
  parts?: string[];
  sources: { id: string; name: string; events: number; refused: number; lastAt?: number }[];
}
