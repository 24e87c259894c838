/**
 * What the pages of the sources and of second entry ask, beside `api.ts`.
 *
 *   GET  /api/sources                       → SourceLine[] (`source.read` or `source.manage`)
 *   GET  /api/sources/:id                   → SourceDetail
 *   GET  /api/sources/:id/refused.ndjson    → what was refused in the last 30 days, at most 10,000 lines (`source.read`)
 *   POST /api/sources/:id/stage {stage, note, name?, region?} → SourceLine (`source.manage`); name and region make a planned source
 *   GET  /api/entry                         → EntryDesk (`entry.write`)
 *   GET  /api/entry/casefiles?number=       → EntryCase | null
 *   POST /api/entry {rows}                  → EntryAnswer; at most 200 rows; each row's key makes a repeat safe
 */
import type { CasefileStatus } from './state.ts';
import type { Named } from './world.ts';

/** 接入进度 (YJ-19). */
export const stages = ['planned', 'connecting', 'trial', 'live'] as const;
export type Stage = (typeof stages)[number];

/**
 * `never` nothing came yet; `ok`; `quiet` nothing for more than a working day; `behind` its agent has had something waiting for
 * over an hour; `differs` a day's counts do not agree.
 */
export type SourceHealth = 'never' | 'ok' | 'quiet' | 'behind' | 'differs';

export interface SourceDay {
  day: string;
  events: number;
  /** By the recorder: the event was read, and its case does not take it. */
  refused: number;
  /** At the door: it became no event. */
  unread: number;
  /** Upper bounds, milliseconds: half, or nine of ten, were entered within so long after the fact. */
  lagHalf?: number;
  lagMost?: number;
}

export interface SourceLine {
  id: string;
  name: string;
  region: string;
  regionName: string;
  regionNameEn?: string;
  stage: Stage;
  /** Since when, where somebody said so. */
  stageAt?: number;
  /** Has a token: it may post to the doors. The others are read by `hallwatch poll` and `replay`, or entered by hand. */
  hasToken: boolean;
  signs: boolean;
  health: SourceHealth;
  lastAt?: number;
  today: SourceDay;
  /** Of the last seven days. */
  lagHalf?: number;
  lagMost?: number;
  backlog?: { at: number; events: number; bytes: number; oldest?: number };
  cursors: { table: string; at: number; rows: number; after: string }[];
  /** Days of the last 62 on which the counts differ now. */
  differences: number;
}

/** FS-20. `kind` is a kind of event or `all`. `difference` is recorded − expected; absent until the first comparison. */
export interface SourceCount {
  day: string;
  kind: string;
  expected: number;
  difference?: number;
  saidAt: number;
  checkedAt?: number;
  differedAt?: number;
}

export interface SourceDetail {
  line: SourceLine;
  days: SourceDay[];
  counts: SourceCount[];
  stages: { at: number; stage: Stage; note: string; by: string }[];
  /** Why something was refused today, the most frequent first. */
  reasons: { field: string; reason: string; count: number; lastAt: number; place: string }[];
}

export interface EntryDesk {
  department: Named & { id: string };
  region: Named & { code: string };
  source: string;
  matters: (Named & { code: string; steps: string[] })[];
  windows: { id: string; number: string; name: string; nameEn?: string; hallName: string }[];
}

export interface EntryCase {
  number: string;
  status: CasefileStatus;
  matter: string;
  matterName: string;
  matterNameEn?: string;
  window?: string;
  applicant?: string;
  acceptedAt?: number;
  steps: string[];
  taken: string[];
  outcome?: 'approved' | 'denied';
}

export interface EntryAnswer {
  accepted: number;
  /** In the order of the rows. `again`: the hub cannot say yet; the same row may be sent again. */
  rows: ({ ok: true } | { ok: false; again?: true; errors: { field: string; reason: string }[] })[];
}
