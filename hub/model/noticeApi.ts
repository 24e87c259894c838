/** Shapes of the answers about notices, a signal's page and investigations (routes: api.ts). */
import type { Notice } from './notice.ts';
import type { Level } from './pack.ts';
import type { Inquiry, Signal } from './state.ts';
import type { Named } from './world.ts';

/** 通知 of one person; `readAt` once they have opened it. `unread` is 99 for more. */
export interface NoticeList {
  items: (Notice & { readAt?: number })[];
  unread: number;
  next?: number;
}

/** What became of a notice: on which channel to whom, and who has opened it on the pages. */
export interface SignalNotice extends Pick<Notice, 'id' | 'kind' | 'audience' | 'at'> {
  deliveries: {
    channel: string;
    state: 'waiting' | 'sent' | 'failed' | 'stale' | 'muted' | 'nobody';
    attempts: number;
    at: number;
    name?: string;
    post?: string;
    error?: string;
  }[];
  reads: { name: string; at: number }[];
}

export interface SignalDetail {
  signal: Signal;
  region: Named;
  /** The supervision organ of its region, which signs what is printed. */
  organ?: Named;
  casefileNumber?: string;
  matter?: Named;
  windowNumber?: string;
  notices: SignalNotice[];
  inquiry?: Inquiry;
}

export interface InquiryLine extends Inquiry {
  titleZh: string;
  titleEn: string;
  level: Level;
}
