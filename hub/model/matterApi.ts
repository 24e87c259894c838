/** Shapes of the catalogue's answers; the routes stand in `api.ts`. */
import type { MatterRecord } from './matter.ts';
import type { MatterVersion, Office } from './matterVersion.ts';
import type { Matter, Named } from './world.ts';

/** One matter of the catalogue: its newest version where it has a record, else what is in force. */
export interface MatterLine extends Named {
  region: string;
  code: string;
  department?: string;
  businessType: MatterRecord['businessType'];
  itemClass: MatterRecord['itemClass'];
  statutoryDays?: number;
  promisedDays?: number;
  live: MatterRecord['state'];
  /** The newest version, its state, and the newest frozen one. */
  version?: number;
  state?: MatterVersion['state'];
  frozen?: number;
  /** Whether a case came in during the last year (XY-18). */
  covered: boolean;
}

/** `next` is the `after` of the following page; absent on the last. */
export interface MatterPage {
  items: MatterLine[];
  next?: string;
}

export interface MatterDetail {
  region: string;
  code: string;
  /** What the clocks read now. */
  inForce?: Matter;
  /** Oldest first; secret ones are left out (JY-02). */
  versions: MatterVersion[];
  /** The offices that have not approved the submitted version yet (XY-14, XY-15). */
  waitsFor: Office[];
}

/** A cell of a file and what was expected there; rows count from 1, the titles are row 1. */
interface FileFaults {
  faults: { row: number; column: string; expected: string; expectedZh: string }[];
  faultCount: number;
}

export interface MatterImport extends FileFaults {
  added: string[];
  changed: string[];
  unchanged: string[];
  refused: { code: string; reason: string }[];
  written: boolean;
}

/** FS-17, FS-18. `column`, `ours` and `theirs` as the form has them. */
export interface MatterReconciliation extends FileFaults {
  compared: number;
  found: (
    | { kind: 'notPublished' | 'notInSystem'; code: string; name: string }
    | { kind: 'cancelledUsed'; code: string; name: string; since: string; cases: number }
    | { kind: 'differs'; code: string; name: string; column: string; ours: string; theirs: string }
  )[];
  foundCount?: number;
}
