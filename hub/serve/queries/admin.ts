import type { PlaceKind } from '../../model/administration.ts';
import type { Awaiting, LineAsked } from '../../model/confirmation.ts';
import type { Role } from '../../model/rights.ts';
import type { Row, Runner, Statement } from '../../platform/postgres.ts';

export interface AccountBody extends Row {
  account: string;
  name: string;
  role: Role;
  region: string;
  hall: string | null;
  organ: string | null;
  department: string | null;
  createdAt: number;
  lastAt: number | null;
  sessions: number;
  lockedAt: number | null;
  lockedReason: string | null;
  mustChange: boolean;
  demo: boolean;
  reviewedAt: number | null;
  reviewedBy: string | null;
  awaiting: Awaiting | null;
}

interface AccountFilter {
  prefix: string;
  role?: string | undefined;
  text?: string | undefined;
  state?: 'active' | 'locked' | 'due' | 'awaiting' | undefined;
  account?: string | undefined;
  after?: string | undefined;
  limit: number;
  now: number;
  /** Reviewed, or made, before this moment: a review is due. */
  dueBefore: number;
}

/** Accounts of a region and below by name; sessions that still run, and when the account last asked for anything. */
export const selectAccounts = ({
  prefix,
  role,
  text,
  state,
  account,
  after,
  limit,
  now,
  dueBefore,
}: AccountFilter): Statement => ({
  text: `select a.name as account, a.display as name, a.role, a.region, a.hall, a.organ, a.department, a.created_at as "createdAt",
      greatest(a.last_at, s.last_at) as "lastAt", coalesce(s.sessions, 0) as sessions, a.locked_at as "lockedAt", a.locked_reason as "lockedReason",
      a.must_change as "mustChange", a.demo, a.reviewed_at as "reviewedAt", r.display as "reviewedBy", a.awaiting
    from account a
    left join account r on r.name = a.reviewed_by
    left join lateral (select count(*)::int as sessions, max(last_at) as last_at from session where session.account = a.name and expires_at > $7) s on true
    where a.region like $1 || '%' and ($2::text is null or a.role = $2)
      and ($3::text is null or a.name ilike '%' || $3 || '%' or a.display ilike '%' || $3 || '%')
      and ($4::text is null or $4 = 'active' and a.locked_at is null and a.awaiting is null or $4 = 'locked' and a.locked_at is not null
        or $4 = 'due' and a.locked_at is null and coalesce(a.reviewed_at, a.created_at) <= $8 or $4 = 'awaiting' and a.awaiting is not null)
      and ($5::text is null or a.name = $5) and ($6::text is null or a.name > $6)
    order by a.name limit $9`,
  values: [
    prefix,
    role ?? null,
    text === undefined || text === '' ? null : text.replace(/[\\%_]/g, '\\$&'),
    state ?? null,
    account ?? null,
    after ?? null,
    now,
    dueBefore,
    limit,
  ],
});

export interface AccountCounts extends Row {
  total: number;
  locked: number;
  due: number;
  awaiting: number;
}

export const countAccounts = (prefix: string, dueBefore: number): Statement => ({
  text: `select count(*)::int as total, (count(*) filter (where locked_at is not null))::int as locked,
      (count(*) filter (where locked_at is null and coalesce(reviewed_at, created_at) <= $2))::int as due,
      (count(*) filter (where awaiting is not null))::int as awaiting
    from account where region like $1 || '%'`,
  values: [prefix, dueBefore],
});

/** Requests that were made after `since` and not refused, for the accounts of a region and below, the oldest first. */
export const selectRequests = (prefix: string, since: number, limit: number, account?: string): Statement => ({
  text: `select name as account, display as name, role, region, hall, organ, department, must_change as "mustChange", awaiting
    from account where awaiting is not null and region like $1 || '%' and ($4::text is null or name = $4)
      and ($4::text is not null or (awaiting->>'at')::bigint >= $2 and awaiting->'refused' is null)
    order by (awaiting->>'at')::bigint, name limit $3`,
  values: [prefix, since, limit, account ?? null],
});
export type RequestRow = Pick<
  AccountBody,
  'account' | 'name' | 'role' | 'region' | 'hall' | 'organ' | 'department' | 'mustChange'
> & { awaiting: Awaiting };

/** What was asked for the lines of these supervision bodies (SC-15), and what became of it. */
export const selectAsked = (organs: string[]): Statement => ({
  text: 'select id, asked from organ where id = any($1) and asked is not null',
  values: [organs],
});

/** Wider lines that were asked for after `since` and not refused, for the bodies of a region and below, the oldest first. */
export const selectLineRequests = (prefix: string, since: number, limit: number): Statement => ({
  text: `select id, asked from organ where region like $1 || '%' and (asked->>'at')::bigint >= $2 and asked->'refused' is null
    order by (asked->>'at')::bigint, id limit $3`,
  values: [prefix, since, limit],
});
export interface AskedRow extends Row {
  id: string;
  asked: LineAsked;
}

/** Asks for a line where the present one is still what was judged; a row when it is. */
export const askLine = (organ: string, before: readonly string[], asked: LineAsked): Statement => ({
  text: `update organ set asked = $3, changed_at = $4 where id = $1 and departments is not distinct from $2 returning id`,
  values: [organ, before, asked, asked.at],
});

/** Answers the request of this moment and no other; a row when it was still there. */
export const answerLine = (organ: string, askedAt: number, refused: LineAsked['refused'] | null): Statement => ({
  text: `update organ set departments = case when $3::jsonb is null then array(select jsonb_array_elements_text(asked->'departments')) else departments end,
      asked = case when $3::jsonb is null then null else asked || jsonb_build_object('refused', $3::jsonb) end
    where id = $1 and (asked->>'at')::bigint = $2 and asked->'refused' is null returning id`,
  values: [organ, askedAt, refused],
});

/** Who could confirm a request: overseers of these regions that can sign in. */
export const selectConfirmer = (regions: readonly string[], except: readonly string[]): Statement => ({
  text: `select name from account where role = 'overseer' and region = any($1) and name <> all($2) and locked_at is null and awaiting is null limit 1`,
  values: [regions, except],
});

/** Answers the request of this moment and no other; a row when it was still there. */
export const answerRequest = (account: string, askedAt: number, refused: Awaiting['refused'] | null): Statement => ({
  text: `update account set awaiting = case when $3::jsonb is null then null else awaiting || jsonb_build_object('refused', $3::jsonb) end
    where name = $1 and (awaiting->>'at')::bigint = $2 and awaiting->'refused' is null returning name`,
  values: [account, askedAt, refused],
});

/** How many accounts that are not locked belong to each of these regions, organs, departments or halls. */
export async function accountsOfPlaces(
  runner: Runner,
  kind: Exclude<PlaceKind, 'window'>,
  ids: string[],
): Promise<Map<string, number>> {
  const rows = await runner.query<{ id: string; count: number }>(
    `select ${kind} as id, count(*)::int as count from account where ${kind} = any($1) and locked_at is null group by 1`,
    [ids],
  );
  const found = new Map(ids.map((id) => [id, 0]));
  for (const { id, count } of rows) found.set(id, count);
  return found;
}

/** Open cases of a region and below that began by the end of a day and have a deadline on it or behind it. */
export const countMoved = (prefix: string, from: number, until: number): Statement => ({
  text: `select count(*)::int as cases from casefile
    where ended_at is null and region like $1 || '%' and (opened_at is null or opened_at < $3)
      and greatest(statutory_due_at, promised_due_at) >= $2`,
  values: [prefix, from, until],
});
