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
 *   GET    /api/signals?state=open|all|STATE&region=&department=&hall=&window=&matter=&level=&rule=&trial=true|false&from=&to=&before=&limit=100 → SignalPage (newest first)
 *   POST   /api/signals {casefile?, window?, level, article, text} → Signal; 409. Issued by hand (inspector); one key, one signal.
 *   POST   /api/signals/:id/acknowledge {note?} → Signal; 409 Problem
 *   POST   /api/signals/:id/confirm {outcome: issued|dropped, note?} → Signal; 409. A draft; dropping needs the note.
 *   POST   /api/signals/:id/claim {text}        → Signal; 409. The hall manager has corrected it.
 *   POST   /api/signals/:id/verify {outcome: accepted|sentBack, note?} → Signal; 409. Sending back needs the note.
 *   POST   /api/signals/:id/appeal {text}       → Signal; 409. Once a signal, by the hall manager.
 *   POST   /api/signals/:id/decide-appeal {outcome: upheld|rejected, reason} → Signal; 409 for who issued it
 *   POST   /api/signals/:id/revoke {reason}     → Signal; 409 for who issued it by hand or asked for it (SC-29)
 *   POST   /api/signals/:id/urge {text, correctBy: YYYY-MM-DD} → Signal; 409. 督办通知, numbered within region and year.
 *   POST   /api/signals/:id/inquiry {text}      → Signal; 409. Opens the investigation (SZ-50).
 *   POST   /api/signals/:id/inquiry/extend {days, approver, reason} → Signal; 409. Once, before it is due (SC-23).
 *   POST   /api/signals/:id/inquiry/close {outcome: fault|noFault, text, liable?, measure?, report?} → Signal; 409
 *   GET    /api/signals/:id                     → SignalDetail
 *   GET    /api/inquiries?state=open|all        → InquiryLine[]
 *   GET    /api/notices?before=&limit=30        → NoticeList (newest first): what the person is told of
 *   POST   /api/notices/read {ids} or {all: true} → {unread}: read receipts (KF-10)
 *   GET    /api/casefiles?region=&department=&hall=&matter=&status=&clock=&text=&from=&to=&before=&limit=50 → CasePage (newest first)
 *   GET    /api/casefiles.csv, .xlsx            → the same rows as a file, at most 50,000 (`lang=zh|en`); 503 while another is written
 *   GET    /api/signals.csv, .xlsx             → the same signals as a file, likewise (every state when none is named)
 *   GET    /api/matters?region=&department=&businessType=&state=draft|submitted|reviewed|frozen|none&coverage=covered|uncovered&text=&after=&limit=50 → MatterPage
 *   GET    /api/matters/:region/:code           → MatterDetail
 *   GET    /api/matters/:region/:code/diff?from=&to= → Change[] (hub/model/matterDiff.ts)
 *   POST   /api/matters/:region/:code/submit, approve, return {reason}, freeze → MatterDetail; 409 with the reason
 *   POST   /api/matters/import?region=&kind=xlsx|csv&dryRun=  (the file) → MatterImport; nothing is written when anything is wrong
 *   POST   /api/matters/reconcile?region=&kind= (the file)   → MatterReconciliation
 *   GET    /api/matters/template.xlsx; export.xlsx, export.csv?region=&frozen=
 *   GET    /api/statistics?region=&from=&to=    → Statistics (days; the last twelve months when absent)
 *   GET    /api/statistics/rules                → RuleStatistics (false alarms by rule)
 *   GET    /api/statistics/comparison?matter=&region=&from=&to= → Comparison
 *   GET    /api/casefiles/:id                   → CasefileDetail
 *   GET    /api/casefiles/:id/clock             → Clock
 *   GET    /api/duties?day=YYYY-MM-DD           → DutyDay (today when absent)
 *   POST   /api/visits {duty} or {hall}         → Visit; 409. By the hall: a patrol as needed (SC-15).
 *   GET    /api/visits/:id                      → VisitDetail
 *   POST   /api/visits/:id/finish               → Visit; 409
 *   POST   /api/visits/:id/findings {window, code, note?, person?: {staff?, text?}} → Finding; 409. The hub takes the snapshot itself.
 *   GET    /api/findings?state=&region=&hall=&window=&code=&late=true&from=&to=&before=&limit=50 → FindingPage (newest first; hub/model/finding.ts)
 *   GET    /api/findings/:id → FindingDetail; GET /api/lookbacks?month=YYYY-MM → FindingPage, due and not made
 *   POST   /api/findings/:id/photos (JPEG or PNG ≤ 8 MB) → Photo; 413, 415. GET /api/findings/:id/photos/:sha256.jpg
 *   POST   /api/findings/:id/respond, rectify, appeal {text, photos?}; decide-appeal {outcome, reason}; verify {outcome, note?}; look-back {outcome, note?, again?} → FindingLine; 409
 *   GET    /api/presence?hall= → {items: PresenceLine[]}; POST /api/presence {window, type: leave|paused, from, until, reason, staff?, standIn?}; POST /api/presence/:window/:id/end → PresenceLine; 409
 *   GET    /api/ledger?before=&limit=100        → LedgerPage (newest first)
 *   GET    /api/ledger/check                    → ChainStatus
 *   GET    /api/ledger/export?region=&from=&until= → JSON lines: LedgerExport, then entries (hub/model/chain.ts); days, at most 200,000 entries
 *   GET    /api/register?kind=&region=&organ=&hall=&found=&account=&from=&to=&before=&limit=50 → RegisterPage (newest first; hub/model/register.ts)
 *   GET    /api/register/choices; register.csv, .xlsx → RegisterChoices; the same lines as a file, at most 50,000, with the chain's head
 *   POST   /api/register {act: callback|sample|onsite, from, until, text, found, …} → RegisterLine; POST /api/register/review {of, line, note?}; 409
 *   GET    /api/vocabulary                      → Vocabulary (levels and finding kinds of the pack in force, names of matters and departments)
 *   GET    /api/system                          → SystemStatus (administrator)
 *   GET    /evidence/:sha256.jpg                → a finding's snapshot
 *   GET    /api/evidence?hall=&camera=&from=&to=&before=&limit=50 → EvidencePage (newest first; hub/model/evidence.ts)
 *   POST   /api/evidence {camera, at?, why, finding?|signal?|casefile?} → Evidence; 409. Its files are there within seconds, the end of the clip when it has come.
 *   GET    /api/evidence/:id                    → EvidenceDetail
 *   POST   /api/evidence/:id/check              → EvidenceCheck; 503 while the files are out of reach
 *   POST   /api/evidence/:id/requests {act: view|copy|delete, purpose} → Release; 409
 *   GET    /api/releases?state=&mine=true&before=&limit=50 → ReleasePage; GET /api/releases/:id → Release & {mayAnswer}
 *   POST   /api/releases/:id/answer {outcome: approved|refused, reason?} → Release; 403 for who asked (SC-29) and for other organs (SC-32, SC-33)
 *   GET    /evidence/released/:release/copy.mp4, picture.jpg, manifest.json → to who asked, until the release expires; each view is an event
 *   GET    /live/:camera[/sub|/h264]/index.m3u8, plain.m3u8 → LL-HLS, plain HLS; opens the session's view of the camera, without which its media answer 403
 */
import type { EventLine } from './live.ts';
import type { ClockKind } from './limits.ts';
import type { Level, FindingKind, RulePack } from './pack.ts';
import type { Permission, Role } from './rights.ts';
import type { PackFunction } from './settings.ts';
import type {
  CameraStatus,
  Casefile,
  CasefileStatus,
  Duty,
  Explanation,
  Finding,
  LedgerEntry,
  Signal,
  Visit,
} from './state.ts';
import type { Camera, Hall, Matter, Named, Window } from './world.ts';
import type { RecordingState } from './recording.ts';

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
  /** Their password was given by an administrator: nothing but `/api/account/password` is open before they choose another. */
  mustChange?: true;
  permissions: Permission[];
  region: Named & { code: string; level: 'province' | 'city' | 'county'; demo: boolean };
  hall?: Named & { id: string };
  organ?: Named & { id: string };
  department?: Named & { id: string };
  /** Where the live messages stood when this was answered: the cursor of a page that reads its lists afterwards. */
  position: number;
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

/** `names`: who the accounts of its entries are; one that is gone is not among them. */
export interface LedgerPage extends Page<LedgerEntry> {
  names: Record<string, string>;
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

/**
 * What a case's deadline (the nearer of promised and statutory) says of it: `open` while the work is not over; `dueSoon`
 * open and due within three days; `late` over its deadline, open or ended after it; `onTime` all others with a deadline.
 */
export type CaseClock = 'onTime' | 'dueSoon' | 'late' | 'open';

/** One row of the explorer. `openedAt` is when the case came in; `endedAt` when the work was over. */
export interface CaseLine {
  id: string;
  number: string;
  region: string;
  matter: string;
  department?: string;
  hall?: string;
  window?: string;
  windowNumber?: string;
  status: CasefileStatus;
  openedAt: number;
  acceptedAt?: number;
  completedAt?: number;
  endedAt?: number;
  dueAt?: number;
  /** Days over that deadline, in the unit of its clock; 0 when not late. */
  overDays: number;
  openSignals: number;
}

/** `names`: who the accounts of its entries are; one that is gone is not among them. */
export interface LedgerPage extends Page<LedgerEntry> {
  names: Record<string, string>;
}

/** `next` is the `before` of the following page; absent on the last. */
export interface CasePage {
  items: CaseLine[];
  next?: string;
}

/** `names`: who the accounts of its entries are; one that is gone is not among them. */
export interface LedgerPage extends Page<LedgerEntry> {
  names: Record<string, string>;
}

/** `next` is the `before` of the following page; absent on the last. */
export interface SignalPage {
  items: Signal[];
  next?: string;
}

/** Counts of a period; cases without a deadline are neither early nor late. */
export interface Figures {
  /** Came in. */
  received: number;
  completed: number;
  /** Of the completed: over before the day of the deadline (FS-32). */
  early: number;
  /** Of the completed: over after the deadline. */
  late: number;
}

export interface Statistics {
  region: string;
  /** Days, both included. */
  from: string;
  to: string;
  total: Figures;
  /** Every month of the period, the empty ones too: `YYYY-MM`. */
  months: (Figures & { month: string })[];
  /** `openLate`: open and past the deadline as of now. */
  departments: (Figures & Named & { id: string; openLate: number })[];
  /** Published matters without any case in the period (XY-18); absent for one hall, which publishes none. */
  coverage?: { published: number; uncovered: (Named & { code: string; region: string; department?: string })[] };
}

/** One rule of one pack at one level (P6). */
export interface RuleFigures {
  pack: string;
  rule: string;
  level: Level;
  title: { zh: string; en: string };
  /** Absent for what people issued by hand, each by its own article. */
  article?: string;
  /** Issued; drafts that nobody issued. */
  issued: number;
  dropped: number;
  /** Revoked, among those by an entry that came later, and by an appeal that was upheld. */
  revoked: number;
  lateEntry: number;
  upheld: number;
  /** Percent of what was issued or dropped that had no ground; absent where there is none. */
  rate?: number;
}

/** The last `days` days; signals of a trial are not among them (XY-09). */
export interface RuleStatistics {
  days: number;
  rules: RuleFigures[];
}

/** One matter in the regions in scope (FS-39): the limits each publishes and what became of them. */
export interface Comparison {
  matter: string;
  from: string;
  to: string;
  regions: (Named & {
    region: string;
    statutoryDays?: number;
    promisedDays?: number;
    steps?: number;
    completed: number;
    late: number;
    /** Calendar days from acceptance to the end of the work; absent without a completed case. */
    averageDays?: number;
  })[];
}

/** Why is it red? One explanation for each deadline the casefile has. */
/** One clock of a casefile: `late` and `met` are done with, `over` and `running` are not; a suspended one has no deadline yet. */
export interface CaseClockLine {
  kind: ClockKind;
  /** Name of the step, the procedure or the superior organ. */
  of?: string;
  from?: number;
  until?: number;
  state: 'running' | 'over' | 'met' | 'late' | 'suspended';
  explanation?: Explanation;
}

export interface Clock {
  asOf: number;
  statutory?: Explanation;
  promised?: Explanation;
  /** All of them, the two above among them. */
  clocks: CaseClockLine[];
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
  /** The regions in scope, to choose one. */
  regions?: (Named & { code: string })[];
  /** C-01: what the region's system has; absent where its pack says nothing: everything. */
  functions?: readonly PackFunction[];
  /** What only a person can judge, for the dialog in which a signal is issued by hand. */
  byHand?: RulePack['byHand'];
  /** XY-09: the pack in force is in trial operation. */
  trial?: true;
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
  /** Deliveries outside the pages: channels that are set, what waits, what was given up in the last day and why. */
  notices?: {
    channels: string[];
    waiting: number;
    failed: number;
    last?: { channel: string; at: number; error: string };
  };
  /** What the stream part says of its recording, of the halls in scope; absent while it is away. */
  recording?: Pick<RecordingState, 'bytes' | 'dropped'> & {
    stopped: (RecordingState['stopped'][number] & { hallName: string; hallNameEn?: string })[];
  };
  sources: { id: string; name: string; events: number; refused: number; lastAt?: number }[];
}
