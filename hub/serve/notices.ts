import { z } from 'zod';
import type { InquiryLine, NoticeList, SignalDetail, SignalNotice } from '../model/noticeApi.ts';
import { identifier } from '../model/fields.ts';
import type { Audience } from '../model/notice.ts';
import { may, type Identity } from '../model/rights.ts';
import type { Inquiry } from '../model/state.ts';
import { matterOf, supervisorOf, type Named } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { read, Refusal, unknown } from './problem.ts';
import { scopeOf } from './queries/scope.ts';
import {
  countUnread,
  deliveriesOf,
  markRead,
  mostUnread,
  noticesOfSignal,
  readsOf,
  selectInquiries,
  selectInquiry,
  selectNotices,
  type DeliveryRow,
  type InquiryRow,
  type Mine,
  type NoticeRow,
  type ReadRow,
} from './queries/notices.ts';
import { signalFor } from './signalActs.ts';

const listQuery = z.object({
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});
const readBody = z.union([
  z.strictObject({ ids: z.array(identifier).min(1).max(100) }),
  z.strictObject({ all: z.literal(true) }),
]);
const inquiryQuery = z.object({ state: z.enum(['open', 'all']).default('open') });
const mostInquiries = 200;

/** Who supervises hears what departments answer; everybody else what is asked of them. */
const audienceOf = (who: Identity): Audience => (may(who, 'signal.verify') ? 'supervisors' : 'department');
const mineOf = ({ who, now }: Asking): Mine => ({
  scope: scopeOf(who),
  audience: audienceOf(who),
  account: who.account,
  now,
});

const named = (each: Named | undefined): Named | undefined =>
  each && { name: each.name, ...(each.nameEn === undefined ? {} : { nameEn: each.nameEn }) };

/** Notices of one person, what became of a signal's notices, and investigations. */
export function noticeRoutes(context: Context): Route[] {
  const { store, world } = context;

  async function noticesFor(who: Identity, signal: string): Promise<SignalNotice[]> {
    const rows = await all<NoticeRow>(store, noticesOfSignal(signal));
    const seen = rows
      .map(({ body }) => body)
      .filter(({ audience }) => audience === 'department' || audienceOf(who) === audience);
    const ids = seen.map(({ id }) => id);
    const [deliveries, reads] = await Promise.all([
      all<DeliveryRow>(store, deliveriesOf(ids)),
      all<ReadRow>(store, readsOf(ids)),
    ]);
    const { contacts } = world();
    return seen.map(({ id, kind, audience, at }) => ({
      id,
      kind,
      audience,
      at,
      deliveries: deliveries
        .filter(({ notice }) => notice === id)
        .map(({ channel, contact, state, attempts, at: when, error }) => {
          const known = contacts.get(contact);
          return {
            channel,
            state,
            attempts,
            at: when,
            ...(known ? { name: known.name } : {}),
            ...(known?.post === undefined ? {} : { post: known.post }),
            ...(error === null ? {} : { error }),
          };
        }),
      reads: reads.filter(({ notice }) => notice === id).map(({ name, at: when }) => ({ name, at: when })),
    }));
  }

  return [
    {
      method: 'GET',
      url: '/notices',
      needs: 'signal.read',
      handle: async (asking): Promise<NoticeList | Refusal> => {
        const filter = read(listQuery, asking.query);
        if (filter instanceof Refusal) return filter;
        const mine = mineOf(asking);
        const [rows, unread] = await Promise.all([
          all<NoticeRow>(store, selectNotices(mine, filter.before, filter.limit)),
          one<{ count: number }>(store, countUnread(mine)),
        ]);
        const last = rows.at(-1)?.body;
        return {
          items: rows.map(({ body, read_at }) => ({ ...body, ...(read_at === null ? {} : { readAt: read_at }) })),
          unread: Math.min(unread?.count ?? 0, mostUnread),
          ...(last && rows.length >= filter.limit ? { next: last.at } : {}),
        };
      },
    },
    {
      method: 'POST',
      url: '/notices/read',
      needs: 'signal.read',
      handle: async (asking): Promise<{ unread: number } | Refusal> => {
        const body = read(readBody, asking.body ?? {});
        if (body instanceof Refusal) return body;
        const mine = mineOf(asking);
        await all(store, markRead(mine, asking.who.name, 'ids' in body ? body.ids : undefined));
        const unread = await one<{ count: number }>(store, countUnread(mine));
        return { unread: Math.min(unread?.count ?? 0, mostUnread) };
      },
    },
    {
      method: 'GET',
      url: '/signals/:id',
      needs: 'signal.read',
      handle: async ({ who, params }): Promise<SignalDetail | Refusal> => {
        const signal = await signalFor(context, who, params['id'] ?? '');
        if (!signal) return unknown('signal');
        const present = world();
        const [notices, inquiry] = await Promise.all([
          noticesFor(who, signal.id),
          signal.inquiry ? one<{ body: Inquiry }>(store, selectInquiry(signal.inquiry.id)) : undefined,
        ]);
        const matter = signal.matter === undefined ? undefined : matterOf(present, signal.region, signal.matter);
        const window = present.windows.get(signal.window ?? '');
        const organ = named(supervisorOf(present, signal.region));
        return {
          signal,
          region: named(present.regions.get(signal.region)) ?? { name: signal.region },
          ...(signal.casefile === undefined ? {} : { casefileNumber: signal.casefile.slice(signal.region.length + 1) }),
          ...(matter ? { matter: named(matter)! } : {}),
          ...(window ? { windowNumber: window.number } : {}),
          ...(organ ? { organ } : {}),
          notices,
          ...(inquiry ? { inquiry: inquiry.body } : {}),
        };
      },
    },
    {
      method: 'GET',
      url: '/inquiries',
      needs: 'inquiry.manage',
      handle: async ({ scope, query }): Promise<InquiryLine[] | Refusal> => {
        const filter = read(inquiryQuery, query);
        if (filter instanceof Refusal) return filter;
        const rows = await all<InquiryRow>(store, selectInquiries(scope, filter.state, mostInquiries));
        return rows.map(({ body, signal }) => ({
          ...body,
          titleZh: signal.titleZh,
          titleEn: signal.titleEn,
          level: signal.level,
        }));
      },
    },
  ];
}
