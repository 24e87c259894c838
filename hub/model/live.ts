/** Everything that is sent to browsers over the socket, in one typed map (`name → body`), and what browsers send. */
import type { CameraStatus, Casefile, Duty, Finding, Signal, Visit } from './state.ts';
import type { EventKind } from './event.ts';
import type { Presence } from './presence.ts';
import type { KeyAnswer, ReportAnswer, SignedReport } from './viewProof.ts';

/** A line of a window's event list: an approval event as shown to people. */
export interface EventLine {
  id: string;
  position: number;
  region: string;
  kind: EventKind;
  casefile: string;
  matter?: string;
  hall?: string;
  window?: string;
  step?: string;
  outcome?: string;
  occurredAt: number;
}

/** One change, as it stands after the change; a later one for the same key replaces an earlier one. */
export type LiveItem = { region: string; position: number } & (
  | { topic: 'event'; body: EventLine }
  | { topic: 'signal'; body: Signal }
  | {
      topic: 'casefile';
      body: Pick<Casefile, 'id' | 'status' | 'window' | 'hall' | 'promisedDueAt' | 'statutoryDueAt'>;
    }
  | { topic: 'duty'; body: Duty }
  | { topic: 'visit'; body: Visit }
  | { topic: 'finding'; body: Finding }
  | { topic: 'presence'; body: Presence }
  | { topic: 'camera'; body: CameraStatus }
);

/**
 * What the recorder announces on `live.<region>` after a commit. `position` is the last position of the commit, the same
 * in each region's message of it. `after` is the last position of the commit announced before (after a start: the
 * store's last position), so that a listener notices what it missed; `more` says that further messages of the same
 * commit follow, so that no cursor passes a commit that arrived only in part.
 */
export interface LiveMessage {
  position: number;
  items: LiveItem[];
  after?: number;
  more?: boolean;
}

/** Seconds verified so far, per window, while a visit is open. */
export interface Progress {
  visit: string;
  views: {
    window: string;
    seconds: number;
    verified: boolean;
    problem?: 'notDelivered' | 'notReported' | 'hidden' | 'small' | 'stalled' | 'stale' | 'camera';
  }[];
  verified: number;
  needed: number;
}

/** hub → browser */
export interface Downward {
  /** `position` is the cursor to keep and to present after a reconnect. */
  live: (message: { position: number; items: LiveItem[] }) => void;
  /** More was missed than is replayed: load the lists again, then go on from `position`. */
  reset: (message: { position: number }) => void;
  progress: (message: Progress) => void;
}

/** browser → hub */
export interface Upward {
  /** First message after connecting; `cursor` is the last position seen, or null for a fresh page. */
  hello: (
    message: { cursor: number | null },
    answer: (reply: { ok: true; position: number } | { ok: false; reason: string }) => void,
  ) => void;
  /** A key for the reports of this page on the account's own open visit. `page` is the page's own random name. */
  follow: (message: { visit: string; page: string }, answer: (reply: KeyAnswer) => void) => void;
  /** Every second or two, while a visit is open. */
  watched: (message: SignedReport, answer?: (reply: ReportAnswer) => void) => void;
}
