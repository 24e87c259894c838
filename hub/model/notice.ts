/** 通知: who is to be told of what happened to a signal. Decided with the signal and kept with it: the outbox of `hub/notify`. */
import type { Consequences } from './decide.ts';
import type { Recorded } from './event.ts';
import type { Level } from './pack.ts';
import type { Addressee, LedgerDraft, Signal } from './state.ts';

export type NoticeKind =
  | 'issued'
  | 'escalated'
  | 'urged'
  | 'claimed'
  | 'sentBack'
  | 'verified'
  | 'appealed'
  | 'appealUpheld'
  | 'appealRejected'
  | 'revoked'
  | 'inquiryOpened'
  | 'inquiryClosed';

/** `department`: those who are to answer; `supervisors`: those who watch. */
export type Audience = 'department' | 'supervisors';

export interface Notice {
  id: string;
  region: string;
  signal: string;
  kind: NoticeKind;
  audience: Audience;
  level: Level;
  at: number;
  hall?: string;
  department?: string;
  addressee?: Addressee;
  titleZh: string;
  titleEn: string;
  messageZh: string;
  messageEn: string;
  correctBy?: number;
  trial?: true;
  position: number;
}

const kinds: Partial<Record<LedgerDraft['act'], { kind: NoticeKind; audience: Audience }>> = {
  'signal.issued': { kind: 'issued', audience: 'department' },
  'signal.confirmed': { kind: 'issued', audience: 'department' },
  'signal.urged': { kind: 'urged', audience: 'department' },
  'signal.correctionClaimed': { kind: 'claimed', audience: 'supervisors' },
  'signal.sentBack': { kind: 'sentBack', audience: 'department' },
  'signal.verified': { kind: 'verified', audience: 'department' },
  'signal.appealed': { kind: 'appealed', audience: 'supervisors' },
  'signal.appealUpheld': { kind: 'appealUpheld', audience: 'department' },
  'signal.appealRejected': { kind: 'appealRejected', audience: 'department' },
  'signal.revoked': { kind: 'revoked', audience: 'department' },
  'inquiry.opened': { kind: 'inquiryOpened', audience: 'department' },
  'inquiry.closed': { kind: 'inquiryClosed', audience: 'department' },
};

/** Adds the notices that follow from what the ledger is told of signals; the consequences themselves where there are none. */
export function withNotices(event: Recorded, done: Consequences): Consequences {
  if (done.ledger.length === 0) return done;
  const notices: Notice[] = [];
  for (const { act, subject } of done.ledger) {
    const what = kinds[act];
    if (!what) continue;
    const put = done.puts.find((each) => each.table === 'signal' && each.row.id === subject);
    if (put?.table !== 'signal') continue;
    const signal = put.row;
    // A later signal of the same step took its place, or the work was over: there is nothing to do about it.
    if (what.kind === 'issued' && (signal.state === 'closed' || signal.state === 'revoked')) continue;
    const kind = what.kind === 'issued' && signal.parent !== undefined ? 'escalated' : what.kind;
    const add = (audience: Audience): void => {
      notices.push(noticeOf(event, signal, kind, audience, notices.length + 1));
    };
    // What an organ missed itself is no department's: those who supervise are told.
    add(signal.duty === undefined ? what.audience : 'supervisors');
    if (signal.duty !== undefined) continue;
    // QT-06: who supervises is told of what has to be looked into.
    if (what.kind === 'issued' && (signal.level === 'correction' || signal.level === 'serious')) add('supervisors');
  }
  if (notices.length === 0) return done;
  return { ...done, puts: [...done.puts, ...notices.map((row) => ({ table: 'notice' as const, row }))] };
}

function noticeOf(event: Recorded, signal: Signal, kind: NoticeKind, audience: Audience, index: number): Notice {
  const urge = kind === 'urged' ? signal.urges?.at(-1) : undefined;
  const correctBy = urge?.correctBy ?? signal.correctBy;
  return {
    id: `n${event.position}-${index}`,
    region: signal.region,
    signal: signal.id,
    kind,
    audience,
    level: signal.level,
    at: event.receivedAt,
    ...(signal.hall === undefined ? {} : { hall: signal.hall }),
    ...(signal.department === undefined ? {} : { department: signal.department }),
    ...(signal.addressee ? { addressee: signal.addressee } : {}),
    titleZh: signal.titleZh,
    titleEn: signal.titleEn,
    messageZh: urge?.text ?? signal.messageZh,
    messageEn: urge?.textEn ?? urge?.text ?? signal.messageEn,
    ...(correctBy === undefined ? {} : { correctBy }),
    ...(signal.trial ? { trial: true as const } : {}),
    position: event.position,
  };
}
