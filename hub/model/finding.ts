/** 问题: a finding of a visit, and what became of it (发现 → 响应 → 整改 → 核验 → 回头看). Shapes of the rows and of the API. */
import type { Level } from './pack.ts';
import type { PresenceKind } from './presence.ts';
import type { Deed, LedgerEntry } from './state.ts';

/** `rectified`: put right, as the hall says, and not yet looked at. The last two are the ends. */
export const findingStates = ['recorded', 'responded', 'rectified', 'appealed', 'verified', 'withdrawn'] as const;
export type FindingState = (typeof findingStates)[number];

/** What the ledger says of findings. */
export type FindingDeed =
  | 'recorded'
  | 'responded'
  | 'rectified'
  | 'sentBack'
  | 'verified'
  | 'appealed'
  | 'appealRejected'
  | 'withdrawn'
  | 'late'
  | 'lookedBack';

/** Photos of one answer, and of all answers to one finding. */
export const photosPerAnswer = 6;
export const photosPerFinding = 60;
/** Bytes of a photo as it is uploaded. */
export const largestPhoto = 8 * 1024 * 1024;

/** Who was seen: by staff number (工号), or described (一名男同志). */
export interface SeenPerson {
  staff?: string;
  text?: string;
}

/** What a hall says to a finding. Photos by the SHA-256 of what is kept. */
export interface Answer extends Deed {
  text: string;
  photos: string[];
}

export interface Finding {
  id: string;
  region: string;
  visit: string;
  hall: string;
  /** 部门监察机构 whose visit it was (SC-15). */
  organ?: string;
  window: string;
  camera?: string;
  code: string;
  note?: string;
  person?: SeenPerson;
  /** As the region's pack had it for this code. */
  level?: Level;
  points?: number;
  /** The pack whose loop it runs through. */
  pack?: string;
  packVersion?: number;
  snapshotSha256?: string;
  snapshotAt?: number;
  /** Evidence that was taken with it: the clip. */
  evidence?: string;
  /** 请假, 暂停服务: what was on record for the window at that moment (codes A01 to A05). */
  absence?: { record: string; kind: PresenceKind; from: number; until: number; filedAt: number; standIn?: string };
  account: string;
  name: string;
  at: number;
  /** Absent in findings from before there was a loop: `stateOf`. */
  state?: FindingState;
  /** The last milliseconds to respond and to rectify, where the pack sets them; the ticker turns it at `nextTurn`. */
  respondBy?: number;
  rectifyBy?: number;
  nextTurn?: number;
  /** The latest deadlines that passed; time that is given again leaves them. */
  late?: { response?: number; rectification?: number };
  /** Signals that were raised from it, at most `mostSignals`; they end with it. */
  signals?: string[];
  response?: Answer;
  rectification?: Answer & { answer?: Deed & { outcome: 'accepted' | 'sentBack'; note?: string } };
  /** One appeal a finding. `from` is the state it goes back to. */
  appeal?: Answer & {
    from: FindingState;
    answer?: Deed & { outcome: 'accepted' | 'rejected'; reason: string };
  };
  /** Every photo of every answer, for who may see them. */
  photos?: string[];
  /** When it was verified or withdrawn. */
  closedAt?: number;
  /** 每月回头看: due in this month (`YYYY-MM`); `again`: it was found again. */
  lookBack?: { month: string; done?: Deed & { outcome: 'fine' | 'again'; note?: string; again?: string } };
  position: number;
}

export const stateOf = ({ state = 'recorded' }: Pick<Finding, 'state'>): FindingState => state;

/** The deadline that runs now; undefined where nobody waits for the hall. */
export function dueOf(finding: Finding): number | undefined {
  const state = stateOf(finding);
  if (state === 'recorded') return finding.respondBy ?? finding.rectifyBy;
  return state === 'responded' ? finding.rectifyBy : undefined;
}

/** A row of `GET /api/findings`. */
export interface FindingLine extends Finding {
  hallName: string;
  hallNameEn?: string;
  windowNumber?: string;
  windowName?: string;
  windowNameEn?: string;
}

/** `next` is the cursor for what comes after, absent on the last page. */
export interface FindingPage {
  items: FindingLine[];
  next?: string;
}

/** `GET /api/findings/:id`. `ledger`: oldest first. */
export interface FindingDetail {
  finding: FindingLine;
  ledger: LedgerEntry[];
}

/** The answer to an uploaded photo: what is kept, without the metadata it came with. */
export interface Photo {
  sha256: string;
  bytes: number;
}
