/** The SQL of deliveries: texts and values. */
import type { Notice } from '../model/notice.ts';
import type { Statement } from '../platform/postgres.ts';

/** `muted`: too many to one recipient. `stale`: too old when it was found. `nobody`: no contact could be reached. */
export type DeliveryState = 'waiting' | 'sent' | 'failed' | 'stale' | 'muted' | 'nobody';

export interface Delivery {
  notice: string;
  channel: string;
  contact: string;
  recipient: string;
  state: DeliveryState;
  error?: string;
}

export const lockProgress: Statement = { text: 'select position from notice_progress for update' };

/** Notices without deliveries, oldest first. Those of one position stay together, so that none is passed over. */
export const nextNotices = (after: number, limit: number): Statement => ({
  text: 'select position, body from notice where position > $1 order by position fetch first $2 rows with ties',
  values: [after, limit],
});

export const moveProgress = (position: number): Statement => ({
  text: 'update notice_progress set position = $1',
  values: [position],
});

/** A notice that was planned before (a crash, a rebuilt outbox) keeps what it has. */
export const insertDeliveries = (rows: readonly Delivery[], now: number): Statement => ({
  text: `insert into notice_delivery (notice, channel, contact, recipient, state, error, next_try, at)
    select notice, channel, contact, recipient, state, error, $2, $2
    from jsonb_to_recordset($1::jsonb) as row(notice text, channel text, contact text, recipient text, state text, error text)
    on conflict do nothing`,
  values: [JSON.stringify(rows), now],
});

export const countRecent = (since: number): Statement => ({
  text: `select channel, contact, count(*)::int as count from notice_delivery
    where at >= $1 and contact <> '' and state in ('waiting', 'sent', 'failed') group by channel, contact`,
  values: [since],
});

export interface Claimed extends Record<string, unknown> {
  notice: string;
  contact: string;
  recipient: string;
  attempts: number;
  body: Notice;
}

/** Takes what is due; whoever dies with it leaves it to be tried again when the lease is over. */
export const claim = (channel: string, now: number, leaseMs: number, limit: number): Statement => ({
  text: `update notice_delivery d set attempts = attempts + 1, next_try = $3
    from (select notice, channel, contact from notice_delivery
      where state = 'waiting' and channel = $1 and next_try <= $2 order by next_try limit $4 for update skip locked) due
    where d.notice = due.notice and d.channel = due.channel and d.contact = due.contact
    returning d.notice, d.contact, d.recipient, d.attempts, (select body from notice n where n.id = d.notice) as body`,
  values: [channel, now, now + leaseMs, limit],
});

export const settle = (
  { notice, contact }: Pick<Claimed, 'notice' | 'contact'>,
  channel: string,
  state: DeliveryState,
  at: number,
  more: { nextTry?: number; error?: string; isUntried?: boolean } = {},
): Statement => ({
  text: `update notice_delivery set state = $4, at = case when $4 = 'waiting' then at else $5 end, next_try = $6, error = $7,
      attempts = attempts - $8 where notice = $1 and channel = $2 and contact = $3`,
  values: [notice, channel, contact, state, at, more.nextTry ?? at, more.error ?? null, more.isUntried ? 1 : 0],
});

/** Whatever waits so long is given up, also where its channel is no longer set. */
export const giveUp = (before: number, now: number): Statement => ({
  text: `update notice_delivery set state = 'failed', error = coalesce(error, 'not sent in time'), at = $2
    where state = 'waiting' and at < $1 and next_try <= $2`,
  values: [before, now],
});

export const forget = (before: number): Statement => ({
  text: `delete from notice_delivery where at < $1 and state <> 'waiting'`,
  values: [before],
});
