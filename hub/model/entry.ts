/** Second entry (二次录入, QT-15): the steps a person types in for a department without a system, and what each needs. */
import type { Casefile, CasefileStatus } from './state.ts';

export const mostRows = 200;

/** Fields of a row beside its number, its act and its time. */
export const entryFields = [
  'matter',
  'applicant',
  'applicantClass',
  'window',
  'step',
  'outcome',
  'procedure',
  'days',
  'approver',
  'name',
  'document',
  'reason',
  'handler',
  'note',
] as const;
export type EntryField = (typeof entryFields)[number];

interface Act {
  /** As people write it in a table. */
  word: string;
  required: readonly EntryField[];
  /** Few, so that the form stays short (KF-05); handler, window and note are always there. */
  optional?: readonly EntryField[];
}

export const acts = {
  received: { word: '收件', required: ['matter', 'applicant'], optional: ['applicantClass'] },
  accepted: { word: '受理', required: ['matter', 'applicant'], optional: ['applicantClass'] },
  declined: { word: '不予受理', required: ['reason'] },
  correctionRequested: { word: '补正告知', required: ['reason'] },
  corrected: { word: '补正', required: [] },
  stepped: { word: '环节', required: ['step'] },
  suspended: { word: '特别程序', required: ['procedure'], optional: ['reason'] },
  resumed: { word: '恢复', required: [] },
  extended: { word: '延期', required: ['days', 'approver'], optional: ['reason'] },
  decided: { word: '决定', required: ['outcome'], optional: ['reason', 'approver', 'document'] },
  completed: { word: '办结', required: [] },
  licenceIssued: { word: '发证', required: ['name'], optional: ['document'] },
  withdrawn: { word: '撤回', required: [], optional: ['reason'] },
} as const satisfies Record<string, Act>;
export type ActName = keyof typeof acts;
export const actNames = Object.keys(acts) as ActName[];

export const actOf = (name: ActName): Act => acts[name];

export const opensCase = (act: ActName): boolean => act === 'received' || act === 'accepted';

type Known = Pick<Casefile, 'status' | 'acceptedAt' | 'decidedAt' | 'completedAt' | 'outcome'>;

const next: Record<CasefileStatus, readonly ActName[]> = {
  received: ['accepted', 'declined', 'correctionRequested', 'withdrawn'],
  correcting: ['corrected', 'accepted', 'declined', 'withdrawn'],
  accepted: ['stepped', 'decided', 'completed', 'correctionRequested', 'suspended', 'extended', 'withdrawn'],
  suspended: ['resumed', 'stepped'],
  decided: ['completed', 'licenceIssued', 'stepped'],
  completed: ['licenceIssued'],
  declined: [],
  withdrawn: [],
  returned: [],
};

/** What may be entered now, the likely first; a case that nobody knows yet is opened. The recorder has the last word. */
export function actsFor(known: Known | undefined): readonly ActName[] {
  if (!known) return ['accepted', 'received'];
  const possible = next[known.status];
  return possible.filter((act) => act !== 'licenceIssued' || known.outcome !== 'denied');
}

/** A row as a person gives it: texts, as typed or pasted. `key` makes a repeat of the same row the same event. */
export interface EntryRow extends Partial<Record<EntryField, string>> {
  key: string;
  number: string;
  act: string;
  /** `2026-11-20 09:05`, on the clock of Asia/Shanghai. */
  at: string;
}
