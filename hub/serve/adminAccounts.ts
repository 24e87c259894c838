import { z } from 'zod';
import {
  accountChange,
  accountForm,
  boundBy,
  lockForm,
  mayGrant,
  reviewDueAt,
  reviewEvery,
  unfitAccount,
} from '../model/administration.ts';
import { asksFor, isGuarded, type AskedFor, type Awaiting, type Grant } from '../model/confirmation.ts';
import { longestPassword, passwordFault, passwordReason } from '../model/administrationPassword.ts';
import type { AccountGiven, AccountLine, AccountPage } from '../model/adminApi.ts';
import { regionCode } from '../model/fields.ts';
import { holds, may, permissions, roles, type Identity } from '../model/rights.ts';
import { chainOf, prefixOf, type World } from '../model/world.ts';
import { sessionEnded, type Sessions } from '../platform/access.ts';
import { insertAccount, oneTimePassword, setPassword } from '../platform/accounts.ts';
import type { Context } from '../platform/part.ts';
import { checkPassword } from '../platform/password.ts';
import { differenceOf, wrong, type Administration } from './admin.ts';
import { defined } from './commands.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { Limiter } from './limiter.ts';
import { conflict, read, Refusal, unknown } from './problem.ts';
import { selectAccount, type AccountRow } from './queries/accounts.ts';
import {
  countAccounts,
  selectAccounts,
  selectConfirmer,
  type AccountBody,
  type AccountCounts,
} from './queries/admin.ts';
import type { Sockets } from './sockets.ts';

const pageSize = 50;
const listQuery = z.object({
  region: regionCode.optional(),
  role: z.enum(roles).optional(),
  state: z.enum(['active', 'locked', 'due', 'awaiting']).optional(),
  text: z.string().max(60).optional(),
  after: z.string().max(80).optional(),
});
const ownPassword = z.strictObject({
  present: z.string().min(1).max(longestPassword),
  next: z.string().min(1).max(1_000),
});
const unconfirmable =
  'no other overseer of the region or above can confirm this: the command line makes such an account (hallwatch account add)';
const changedMeanwhile = 'the account was changed meanwhile: read it again';
const nothing = z.union([z.undefined(), z.null(), z.strictObject({})]);

type Live = Pick<Sockets, 'end'>;

/** Accounts and their rights (SC-29), and everybody's own password. */
export function adminAccountRoutes(
  context: Context,
  { noteAccount }: Administration,
  sessions: Pick<Sessions, 'endAll' | 'forget'>,
  live: Live,
): Route[] {
  const { store, world, bus } = context;
  const tries = new Limiter(10, 30_000);

  /** Cut off at once: what the account has open is closed, in every process. */
  async function cutOff(account: string, except?: string): Promise<void> {
    for (const session of await sessions.endAll(account, except)) {
      live.end(session);
      bus.connection.publish(sessionEnded, session);
    }
  }

  async function lines(who: Identity, filter: Partial<Parameters<typeof selectAccounts>[0]>, now: number) {
    const statement = selectAccounts({
      prefix: prefixOf(who.region),
      limit: pageSize + 1,
      now,
      dueBefore: now - reviewEvery,
      ...filter,
    });
    return (await all<AccountBody>(store, statement)).map((row) => lineOf(world(), who, row));
  }

  /** The account that the path names, where the person sees it. */
  async function find({ who, params, now }: Asking): Promise<AccountLine | Refusal> {
    const [line] = await lines(who, { account: params['account'] ?? '' }, now);
    return line ?? unknown('account');
  }

  /** What another person has to confirm of this (三员分立, SC-29); a refusal where nobody could. */
  async function awaitingOf(
    { who, now }: Asking,
    what: AskedFor,
    { account, region }: { account: string; region: string },
    line?: AccountLine,
  ): Promise<Awaiting | Refusal> {
    if (!(await one(store, selectConfirmer(chainOf(region), [who.account, account]))))
      return conflict('role', unconfirmable);
    const asked = line?.awaiting;
    const before = asked ? asked.before : what === 'changed' && line ? grantOf(line) : undefined;
    return {
      ...{ at: now, by: who.account, byName: who.name, what: [...new Set([...(asked?.what ?? []), what])] },
      ...(before ? { before } : {}),
    };
  }

  /** One act on somebody else's account that changes no field of it. */
  const act = (
    name: string,
    does: 'locked' | 'unlocked' | 'sessionsEnded' | 'reviewed',
    work: (asking: Asking, line: AccountLine, reason: string | undefined) => Promise<unknown>,
  ): Route => ({
    method: 'POST',
    url: `/admin/accounts/:account/${name}`,
    needs: 'account.manage',
    handle: async (asking): Promise<AccountLine | Refusal> => {
      const input = does === 'locked' ? read(lockForm, asking.body) : read(nothing, asking.body);
      if (input instanceof Refusal) return input;
      const line = await find(asking);
      if (line instanceof Refusal) return line;
      const fault = mayGrant(asking.who, line.account, line.region);
      if (fault) return conflict(fault.field, fault.reason);
      if (does === 'locked' && line.lockedAt !== undefined) return conflict('account', 'the account is locked already');
      if (does === 'unlocked' && line.lockedAt === undefined) return conflict('account', 'the account is not locked');
      const reason = input && 'reason' in input ? input.reason.trim() : undefined;
      const refused = await noteAccount(asking, {
        ...{ region: line.region, subject: line.account, title: line.name, act: does, before: {} },
        // What was looked through: the rights as they stood.
        after: does === 'reviewed' ? { role: line.role } : {},
        ...(reason === undefined ? {} : { reason }),
      });
      if (refused) return refused;
      await work(asking, line, reason);
      return find(asking);
    },
  });

  return [
    {
      method: 'GET',
      url: '/admin/accounts',
      needs: 'account.manage',
      handle: async ({ who, query: given, now }): Promise<AccountPage | Refusal> => {
        const query = read(listQuery, given);
        if (query instanceof Refusal) return query;
        const { region, ...filter } = query;
        if (region !== undefined && !may(who, 'account.manage', { region })) return unknown('region');
        const found = await lines(
          who,
          { ...filter, ...(region === undefined ? {} : { prefix: prefixOf(region) }) },
          now,
        );
        const items = found.slice(0, pageSize);
        const counts = await one<AccountCounts>(store, countAccounts(prefixOf(who.region), now - reviewEvery));
        return {
          items,
          ...(found.length > pageSize ? { next: items.at(-1)!.account } : {}),
          ...(counts ?? { total: 0, locked: 0, due: 0, awaiting: 0 }),
        };
      },
    },
    {
      method: 'POST',
      url: '/admin/accounts',
      needs: 'account.manage',
      handle: async (asking): Promise<AccountGiven | Refusal> => {
        const form = read(accountForm, asking.body);
        if (form instanceof Refusal) return form;
        const fault = mayGrant(asking.who, form.account, form.region) ?? unfitAccount(form, world());
        if (fault) return fault.field === 'account' ? conflict(fault.field, fault.reason) : wrong(fault);
        if (await one<AccountRow>(store, selectAccount(form.account)))
          return conflict('account', 'an account of this name is there already');
        const awaiting = isGuarded(form.role) ? await awaitingOf(asking, 'added', form) : null;
        if (awaiting instanceof Refusal) return awaiting;
        const { account, ...rest } = form;
        const { after } = differenceOf(undefined, rest);
        const refused = await noteAccount(asking, {
          ...{ region: form.region, subject: account, title: form.name, act: 'added', before: {}, after },
          ...(awaiting ? { awaits: true } : {}),
        });
        if (refused) return refused;
        const password = oneTimePassword();
        if (!(await insertAccount(store, { ...form, password, mustChange: true, awaiting }, asking.now)))
          return conflict('account', 'an account of this name is there already');
        const [line] = await lines(asking.who, { account }, asking.now);
        return line ? { line, password } : unknown('account');
      },
    },
    {
      method: 'POST',
      url: '/admin/accounts/:account',
      needs: 'account.manage',
      handle: async (asking): Promise<AccountLine | Refusal> => {
        const input = read(accountChange, asking.body);
        if (input instanceof Refusal) return input;
        const line = await find(asking);
        if (line instanceof Refusal) return line;
        const before = formOf(line);
        const form = { ...before, ...input };
        const own = mayGrant(asking.who, line.account, line.region);
        if (own) return conflict(own.field, own.reason);
        const fault = mayGrant(asking.who, line.account, form.region) ?? unfitAccount(form, world());
        if (fault) return wrong(fault);
        const { fields, ...difference } = differenceOf(before, form);
        if (fields.length === 0) return line;
        const { account } = line;
        const awaiting = asksFor(before, form, line.awaiting !== undefined)
          ? await awaitingOf(asking, 'changed', { account, region: form.region }, line)
          : null;
        if (awaiting instanceof Refusal) return awaiting;
        const refused = await noteAccount(asking, {
          ...{ region: form.region, subject: account, title: form.name, act: 'changed', ...difference },
          ...(awaiting ? { awaits: true } : {}),
        });
        if (refused) return refused;
        // Only what was judged is changed: no request beside this one slips past its confirmation.
        const changed = await store.query(
          `update account set display = $2, role = $3, region = $4, hall = $5, organ = $6, department = $7, awaiting = $8::jsonb
           where name = $1 and role = $9 and region = $10 and (hall, organ, department) is not distinct from ($11, $12, $13)
             and awaiting is not distinct from $14::jsonb returning name`,
          [
            ...[account, form.name, form.role, form.region, form.hall, form.organ, form.department, awaiting],
            ...[before.role, before.region, before.hall, before.organ, before.department, line.awaiting ?? null],
          ],
        );
        if (changed.length === 0) return conflict('account', changedMeanwhile);
        // Other rights from now on: what was opened with the old ones is closed.
        if (fields.some((field) => field !== 'name')) await cutOff(line.account);
        return find(asking);
      },
    },
    act('lock', 'locked', async ({ now }, { account }, reason) => {
      await store.query('update account set locked_at = $2, locked_reason = $3 where name = $1', [
        account,
        now,
        reason ?? null,
      ]);
      await cutOff(account);
    }),
    act('unlock', 'unlocked', (_asking, { account }) =>
      store.query('update account set locked_at = null, locked_reason = null where name = $1', [account]),
    ),
    act('end-sessions', 'sessionsEnded', (_asking, { account }) => cutOff(account)),
    act('review', 'reviewed', ({ who, now }, { account }) =>
      store.query('update account set reviewed_at = $2, reviewed_by = $3 where name = $1', [account, now, who.account]),
    ),
    {
      method: 'POST',
      url: '/admin/accounts/:account/password',
      needs: 'account.manage',
      handle: async (asking): Promise<AccountGiven | Refusal> => {
        const line = await find(asking);
        if (line instanceof Refusal) return line;
        const fault = mayGrant(asking.who, line.account, line.region);
        if (fault) return conflict(fault.field, fault.reason);
        const { account: subject, name: title, region, role } = line;
        const awaiting = isGuarded(role) ? await awaitingOf(asking, 'passwordReset', line, line) : null;
        if (awaiting instanceof Refusal) return awaiting;
        const refused = await noteAccount(asking, {
          ...{ region, subject, title, act: 'passwordReset', before: {}, after: {} },
          ...(awaiting ? { awaits: true } : {}),
        });
        if (refused) return refused;
        const password = oneTimePassword();
        if (!(await setPassword(store, subject, password, true, { role, awaiting })))
          return conflict('account', changedMeanwhile);
        await cutOff(subject);
        const changed = await find(asking);
        return changed instanceof Refusal ? changed : { line: changed, password };
      },
    },
    {
      method: 'POST',
      url: '/account/password',
      needs: 'session',
      handle: async (asking): Promise<object> => {
        const { who, now } = asking;
        const input = read(ownPassword, asking.body);
        if (input instanceof Refusal) return input;
        const wait = tries.take(who.account, now);
        if (wait > 0) return new Refusal(429, { reason: 'too many tries: wait a moment' }, Math.ceil(wait / 1_000));
        const row = await one<AccountRow>(store, selectAccount(who.account));
        if (!(await checkPassword(input.present, row?.password)))
          return wrong({ field: 'present', reason: 'the present password is another one' });
        const fault = input.next === input.present ? 'same' : passwordFault(input.next, who.account);
        if (fault !== undefined) return wrong({ field: 'next', reason: passwordReason(fault) });
        const refused = await noteAccount(asking, {
          ...{
            region: who.region,
            subject: who.account,
            title: who.name,
            act: 'passwordChanged',
            before: {},
            after: {},
          },
        });
        if (refused) return refused;
        await setPassword(store, who.account, input.next, false);
        tries.clear(who.account);
        // Whoever else is signed in with the old one is out; this session goes on with all its rights.
        await cutOff(who.account, who.session);
        sessions.forget(who.session);
        return {};
      },
    },
  ];
}

const formOf = ({ name, role, region, hall, organ, department }: AccountLine) => ({
  name,
  role,
  region,
  hall: hall ?? null,
  organ: organ ?? null,
  department: department ?? null,
});

const grantOf = (line: AccountLine): Grant => {
  const { name: _name, ...grant } = formOf(line);
  return grant;
};

function lineOf(world: World, who: Identity, row: AccountBody): AccountLine {
  const lists = { hall: world.halls, organ: world.organs, department: world.departments };
  const bound = boundBy[row.role];
  const place = bound === undefined ? undefined : lists[bound].get(row[bound] ?? '');
  const { account, role, createdAt, reviewedAt } = row;
  return defined({
    ...row,
    permissions: permissions.filter((each) => holds(role, each)),
    reviewDueAt: reviewDueAt({ createdAt, ...(reviewedAt === null ? {} : { reviewedAt }) }),
    isOwn: account === who.account,
    placeName: place?.name,
    placeNameEn: place?.nameEn,
  }) as AccountLine;
}
