import type { Audience, Notice } from '../../model/notice.ts';
import type { Inquiry, Signal } from '../../model/state.ts';
import type { Statement } from '../../platform/postgres.ts';
import { inScope, scopeValues, type Scope } from './scope.ts';

/** Older notices are history: they are on their signals' pages. */
const recentMs = 30 * 86_400_000;
/** More unread ones are not counted. */
export const mostUnread = 99;

export interface Mine {
  scope: Scope;
  audience: Audience;
  account: string;
  now: number;
}

const mine = `n.audience = $3 and n.at > $4 and ${inScope('n', 1)}`;
const mineValues = ({ scope, audience, now }: Mine) => [...scopeValues(scope), audience, now - recentMs];

export interface NoticeRow extends Record<string, unknown> {
  body: Notice;
  read_at: number | null;
}

/** Newest first; those of one moment stay on one page. */
export const selectNotices = (who: Mine, before: number | undefined, limit: number): Statement => ({
  text: `select n.body, r.at as read_at from notice n left join notice_read r on r.notice = n.id and r.account = $5
    where ${mine} and ($6::int8 is null or n.at < $6) order by n.at desc fetch first $7 rows with ties`,
  values: [...mineValues(who), who.account, before ?? null, limit],
});

export const countUnread = (who: Mine): Statement => ({
  text: `select count(*)::int as count from (select from notice n where ${mine}
    and not exists (select from notice_read r where r.notice = n.id and r.account = $5) limit ${mostUnread + 1}) unread`,
  values: [...mineValues(who), who.account],
});

/** Only what the person may see counts as read; `ids` absent: everything recent. */
export const markRead = (who: Mine, name: string, ids: string[] | undefined): Statement => ({
  text: `insert into notice_read (notice, account, name, at)
    select n.id, $5, $6, $7 from notice n where ${mine} and ($8::text[] is null or n.id = any($8))
      and not exists (select from notice_read r where r.notice = n.id and r.account = $5) limit 1000
    on conflict do nothing`,
  values: [...mineValues(who), who.account, name, who.now, ids ?? null],
});

const noticesPerSignal = 100;

export const noticesOfSignal = (signal: string): Statement => ({
  text: `select body, null as read_at from notice where signal = $1 order by position desc limit ${noticesPerSignal}`,
  values: [signal],
});

export interface DeliveryRow extends Record<string, unknown> {
  notice: string;
  channel: string;
  contact: string;
  state: 'waiting' | 'sent' | 'failed' | 'stale' | 'muted' | 'nobody';
  attempts: number;
  at: number;
  error: string | null;
}

export const deliveriesOf = (notices: string[]): Statement => ({
  text: 'select notice, channel, contact, state, attempts, at, error from notice_delivery where notice = any($1) order by channel, contact limit 2000',
  values: [notices],
});

export interface ReadRow extends Record<string, unknown> {
  notice: string;
  name: string;
  at: number;
}

export const readsOf = (notices: string[]): Statement => ({
  text: 'select notice, name, at from notice_read where notice = any($1) order by at limit 1000',
  values: [notices],
});

export const selectInquiry = (id: string): Statement => ({
  text: 'select body from inquiry where id = $1',
  values: [id],
});

export interface InquiryRow extends Record<string, unknown> {
  body: Inquiry;
  signal: Signal;
}

/** Those that wait, the earliest due first; with `all` also what is closed, newest first. */
export const selectInquiries = (scope: Scope, state: 'open' | 'all', limit: number): Statement => ({
  text: `select i.body, s.body as signal from inquiry i join signal s on s.id = i.signal
    where ${inScope('i', 1)} and ($3 = 'all' or i.state = 'open')
    order by (i.state = 'open') desc, case when i.state = 'open' then i.due_at end, i.position desc limit $4`,
  values: [...scopeValues(scope), state, limit],
});

export interface DeliveryCount extends Record<string, unknown> {
  waiting: number;
  failed: number;
  last: { channel: string; at: number; error: string } | null;
}

export const countDeliveries = (since: number): Statement => ({
  text: `select (select count(*)::int from notice_delivery where state = 'waiting') as waiting,
      (select count(*)::int from notice_delivery where state = 'failed' and at > $1) as failed,
      (select to_jsonb(f) from (select channel, at, error from notice_delivery where state = 'failed' and at > $1 order by at desc limit 1) f) as last`,
  values: [since],
});
