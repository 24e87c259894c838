/**
 * Shapes of the JSON about rule packs; every route is under `/api`, as those of `api.ts`.
 *
 *   GET    /api/packs                     → PackList (in force, to come and earlier; drafts; the library)
 *   GET    /api/packs/:id?version=        → PackDetail; 404
 *   GET    /api/packs/:id/text            → PackText: the next version, to be changed
 *   POST   /api/packs/check {text}        → PackChecked
 *   POST   /api/packs/drafts {text, note?}      → PackDraft; 409
 *   GET    /api/packs/drafts/:id          → PackDraft; 404
 *   POST   /api/packs/drafts/:id {text, note?}  → PackDraft; 409. By its author.
 *   DELETE /api/packs/drafts/:id          → {}; 409. By its author.
 *   POST   /api/packs/drafts/:id/try {from, to} → Trial; 503 while five wait or run
 *   GET    /api/packs/trials/:id          → Trial; 404
 *   DELETE /api/packs/trials/:id          → Trial, cancelled
 *   GET    /api/packs/trials/:id/changes?offset=&limit= → TrialChanges
 *   GET    /api/packs/trials/:id/changes.csv?lang= → the changes as a file
 *   POST   /api/packs/drafts/:id/activate → PackDraft; 403, 409. By somebody else, of a region above (SC-27, SC-29).
 */
import type { RulePack } from './pack.ts';
import type { Change, WhatIf } from './whatif.ts';

export interface PackLine {
  id: string;
  version: number;
  region: string;
  regionName: string;
  regionNameEn?: string;
  title: { zh: string; en: string };
  effectiveFrom: string;
  effectiveTo?: string;
  /** XY-09 */
  trial: boolean;
  rules: number;
  parent?: string;
  state: 'inForce' | 'coming' | 'earlier' | 'library';
}

/** One thing that is wrong with a text. Lines and columns begin at 1. */
export interface PackMistake {
  line: number;
  column: number;
  place: string;
  message: string;
}

export type PackChecked = { ok: true; pack: RulePack } | { ok: false; mistakes: PackMistake[] };

export interface PackDraftLine {
  id: string;
  pack: string;
  version: number;
  region: string;
  regionName: string;
  regionNameEn?: string;
  title: { zh: string; en: string };
  author: string;
  authorName: string;
  note?: string;
  state: 'draft' | 'tried' | 'activated';
  changedAt: number;
  activatedAt?: number;
  activatedBy?: string;
}

/** What a trial said, kept with the draft; `digest` is of the pack that was tried. */
export interface TrialSummary extends Omit<WhatIf, 'changes'> {
  digest: string;
  from: string;
  to: string;
  at: number;
}

export interface PackDraft extends PackDraftLine {
  text: string;
  tried?: TrialSummary;
  /** What this person may do with it now, and why not. */
  mayEdit: boolean;
  mayActivate: boolean;
  whyNot?: 'own' | 'above' | 'untried' | 'begun';
}

export interface PackList {
  packs: PackLine[];
  drafts: PackDraftLine[];
}

export interface PackDetail {
  line: PackLine;
  pack: RulePack;
  /** Its parents, nearest first, as far as this hub knows them. */
  chain: { id: string; title: { zh: string; en: string } }[];
  /** Sections that say the same as the parent's. */
  inherited: string[];
  versions: { version: number; effectiveFrom: string }[];
}

export interface PackText {
  text: string;
}

export interface Trial {
  id: string;
  draft: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  from: string;
  to: string;
  /** Cases compared so far and all of the span. */
  done: number;
  total: number;
  seconds: number;
  reason?: string;
  result?: Omit<WhatIf, 'changes'>;
}

export interface TrialChanges {
  items: Change[];
  /** How many were kept. */
  total: number;
}
