/**
 * 监察台账 (SC-19): every act of supervision as one line. Lines of 视频监察 and 数据监察 are read from the visits, findings and
 * signals themselves; 回访, 抽样 and 现场 are entered by people, and corrected only by a further entry. Times in epoch ms.
 */
import type { BlindCause } from './duty.ts';
import type { FindingState } from './finding.ts';
import type { PresenceKind } from './presence.ts';
import type { SignalState } from './state.ts';
import type { Named } from './world.ts';

/** SC-10, SC-16, SC-17, SC-18, and what is looked at on the spot. */
export const registerKinds = ['video', 'data', 'callback', 'sample', 'onsite'] as const;
export type RegisterKind = (typeof registerKinds)[number];
export const enteredKinds = ['callback', 'sample', 'onsite'] as const;
export type EnteredKind = (typeof enteredKinds)[number];

/** SC-17: 电话, 走访, 网络. */
export const channels = ['phone', 'visit', 'online'] as const;
export type Channel = (typeof channels)[number];

/** What a person enters of an act. */
export interface RegisterText {
  act: EnteredKind;
  from: number;
  until: number;
  hall?: string | undefined;
  window?: string | undefined;
  /** Id of the casefile, `510104:A1`. */
  about?: string | undefined;
  channel?: Channel | undefined;
  /** 回访: whether somebody answered, and how satisfied they are: 1 非常满意 to 5 非常不满意 (GB/T 39046 A.8). */
  reached?: boolean | undefined;
  satisfaction?: number | undefined;
  /** What was learnt or seen. */
  text: string;
  /** 是否发现问题. */
  found: boolean;
  /** Misconduct code of the region's vocabulary. */
  code?: string | undefined;
  /** Who it concerns: name, staff number or description. */
  person?: string | undefined;
  notified?: { whom: string; at: number } | undefined;
  reply?: string | undefined;
  result?: string | undefined;
  verified?: { by: string; at: number } | undefined;
  points?: number | undefined;
  note?: string | undefined;
}

/** 登记 by hand. `correctedBy`: the entry that stands instead of it. */
export interface RegisterEntry extends RegisterText {
  id: string;
  region: string;
  organ: string;
  account: string;
  name: string;
  at: number;
  corrects?: { entry: string; why: string };
  correctedBy?: string;
  position: number;
}

/** What is signed: a visit with its findings, a signal, or an entry by hand. */
export const signable = ['visit', 'signal', 'entry'] as const;
export type Signable = (typeof signable)[number];

/** 复核签字, by another person than the one who made it. `id` is `<of>:<line>`. */
export interface RegisterReview {
  id: string;
  region: string;
  of: Signable;
  line: string;
  note?: string;
  account: string;
  name: string;
  at: number;
  position: number;
}

export const reviewId = (of: Signable, line: string): string => `${of}:${line}`;

/** A window and a case may be named by themselves; everything else that an act needs is said here. */
export function faultOf(said: RegisterText): { field: string; reason: string } | undefined {
  const { act, from, until, about, channel, hall, reached, satisfaction } = said;
  if (until < from) return { field: 'until', reason: 'expected a moment at or after from' };
  if (until - from > 31 * 86_400_000) return { field: 'until', reason: 'expected at most 31 days after from' };
  if (act !== 'onsite' && about === undefined) return { field: 'about', reason: 'expected the case that it was about' };
  if (act === 'onsite' && hall === undefined) return { field: 'hall', reason: 'expected the hall where it was' };
  if (act === 'callback' && channel === undefined) return { field: 'channel', reason: 'expected how it was made' };
  if (act !== 'callback' && (channel ?? reached ?? satisfaction) !== undefined)
    return { field: 'act', reason: 'channel, reached and satisfaction belong to a call-back' };
  if (reached === false && satisfaction !== undefined)
    return { field: 'satisfaction', reason: 'nobody was reached who could have said it' };
  if (said.window !== undefined && hall === undefined)
    return { field: 'hall', reason: 'expected the hall of the window' };
  if (!said.found && (said.code ?? said.points) !== undefined)
    return { field: 'found', reason: 'a code and points belong to a finding' };
  return undefined;
}

/** A line of the register. What is absent is not known or does not apply. */
export interface RegisterLine {
  /** Of the visit, finding, signal or entry. */
  id: string;
  of: Signable | 'finding';
  kind: RegisterKind;
  region: string;
  /** Lines are in the order of it, newest first. */
  at: number;
  /** Place in the region's ledger of the entry that made it, and that entry's hash. */
  number?: number;
  hash?: string;
  /** 巡查编号: the place of the visit's own entry. */
  patrol?: number;
  /** Who did it; absent where the hub did. */
  by?: { account: string; name: string };
  organ?: Named & { id: string };
  from: number;
  until?: number;
  hall?: Named & { id: string };
  window?: Named & { id: string; number: string };
  department?: Named & { id: string };
  camera?: Named & { id: string };
  method?: 'live' | 'playback';
  channel?: Channel;
  reached?: boolean;
  satisfaction?: number;
  found: boolean;
  /** Misconduct code, and in words; of a signal its title. */
  code?: string;
  what?: { zh: string; en: string };
  /** What was seen, learnt or done, in the words of whoever wrote it. */
  text?: { zh: string; en?: string };
  /** Of a visit: verified and needed windows, whether it counts, and what kept its cameras from showing anything. */
  visit?: { windows: number; verified?: number; needed?: number; counts?: boolean; blind?: BlindCause };
  /** By staff number (工号), or described. */
  person?: { staff?: string; text?: string };
  /** `id`: the evidence with its clip; `sha256`: the picture. */
  evidence?: { id?: string; sha256?: string };
  /** 请假, 暂停服务: on record for the window at that moment. */
  leave?: { kind: PresenceKind; standIn?: string };
  notified?: { whom?: string; at: number };
  reply?: { text: string; name?: string; at?: number };
  /** 处理结果: the state of a signal or of a finding, and words. */
  state?: { of: 'signal'; is: SignalState } | { of: 'finding'; is: FindingState };
  result?: string;
  verified?: { name: string; at: number };
  casefile?: string;
  points?: number;
  note?: string;
  corrects?: { entry: string; number?: number; why: string };
  correctedBy?: { entry: string; number?: number };
  /** What a signature would be for, and the one that is there. */
  signs: { of: Signable; line: string };
  review?: { name: string; at: number; note?: string };
  mayReview: boolean;
}

/** `GET /api/register`, newest first; `next` is the `before` of the page that follows. */
export interface RegisterPage {
  items: RegisterLine[];
  next?: string;
}

/** `GET /api/register/choices`: what the filters and the form offer. */
export interface RegisterChoices {
  organs: (Named & { id: string })[];
  people: { account: string; name: string }[];
}
