/** Organs, halls, windows, people, closed days and contacts as an administrator writes them, over HTTP with a session. */
import '../support/today.ts';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  AccountGiven,
  AccountLine,
  AccountPage,
  CalendarYear,
  ContactPage,
  PlaceLine,
  PlacePage,
} from '../../hub/model/adminApi.ts';
import type { RequestPage } from '../../hub/model/confirmation.ts';
import type { HallSummary, Me } from '../../hub/model/api.ts';
import { addDays, dayOf } from '../../hub/model/calendar.ts';
import type { Contact, ContactImport } from '../../hub/model/contact.ts';
import type { LedgerEntry } from '../../hub/model/state.ts';
import { createLog } from '../../hub/platform/log.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { until } from '../support/desk.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';

const county = '510104';
const hall = 'hall-510104-1';
const today = dayOf(Date.now());
const chosen = 'Kq7-vent-31-larch';
let hub: TestHub;
const cookies: Record<string, string> = {};
/** Every answer that was given, to look for secrets in. */
const answered: string[] = [];

interface Answer<T> {
  status: number;
  body: T;
  cookie: string;
}
async function ask<T>(who: string, method: string, path: string, body?: unknown, key?: string): Promise<Answer<T>> {
  const response = await fetch(`${hub.address}/api${path}`, {
    method,
    headers: {
      ...(cookies[who] === undefined ? {} : { cookie: cookies[who] }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  answered.push(text);
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T, cookie };
}
const get = <T>(path: string, who = 'admin'): Promise<Answer<T>> => ask<T>(who, 'GET', path);
const post = <T>(path: string, body: unknown = {}, who = 'admin'): Promise<Answer<T>> =>
  ask<T>(who, 'POST', path, body);
/** What an overseer answers to the request that stands. */
async function answerTo(account: string, body: object, who = 'jian'): Promise<Answer<Record<string, unknown>>> {
  const { items } = (await get<RequestPage>('/watchers/requests', who)).body;
  const askedAt = items.find((each) => each.account === account)?.askedAt ?? 0;
  return post(`/watchers/requests/${account}`, { askedAt, ...body }, who);
}
const ledgerOf = async (subject: string): Promise<LedgerEntry[]> =>
  (
    await hub.context.store.query<{ body: LedgerEntry }>(
      'select body from ledger where subject = $1 order by sequence',
      [subject],
    )
  ).map(({ body }) => body);

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['record', 'serve'] } });
  cookies['admin'] = await hub.signIn({ name: 'admin', role: 'administrator', region: '510100' });
  cookies['far'] = await hub.signIn({ name: 'far', role: 'administrator', region: '510107' });
  cookies['jian'] = await hub.signIn({ name: 'jian', role: 'overseer', region: county });
  cookies['sheng'] = await hub.signIn({ name: 'sheng', role: 'overseer', region: '510100' });
  cookies['wai'] = await hub.signIn({ name: 'wai', role: 'overseer', region: '510107' });
  cookies['li'] = await hub.signIn({ name: 'li', role: 'inspector', region: county, organ: 'organ-510104' });
  cookies['wang'] = await hub.signIn({ name: 'wang', role: 'hallManager', region: county, hall });
  cookies['sun'] = await hub.signIn({ name: 'sun', role: 'postUser', region: county });
  cookies['mei'] = await hub.signIn({ name: 'mei', role: 'cataloguer', region: county });
}, 180_000);
afterAll(() => hub.stop(), 180_000);

describe('rights', () => {
  const routes: [string, string][] = [
    ...['region', 'organ', 'department', 'hall', 'window'].flatMap((kind): [string, string][] => [
      ['GET', `/admin/places/${kind}`],
      ['POST', `/admin/places/${kind}`],
      ['POST', `/admin/places/${kind}/x`],
    ]),
    ['GET', '/admin/accounts'],
    ['POST', '/admin/accounts'],
    ['POST', '/admin/accounts/li'],
    ...['lock', 'unlock', 'end-sessions', 'review', 'password'].map((act): [string, string] => [
      'POST',
      `/admin/accounts/li/${act}`,
    ]),
    ['GET', '/admin/calendar'],
    ['GET', '/admin/closures/effect'],
    ['POST', '/admin/closures'],
    ['DELETE', '/admin/closures/510104/2099-01-01'],
    ['GET', '/admin/contacts'],
    ['POST', '/admin/contacts'],
    ['GET', '/admin/contacts.csv'],
    ['POST', '/admin/contacts/x'],
    ['DELETE', '/admin/contacts/x'],
  ];
  it('no route is open to anybody but administrators', async () => {
    for (const [method, path] of routes) {
      const body = method === 'POST' ? {} : undefined;
      expect((await ask('nobody', method, path, body)).status, `nobody ${method} ${path}`).toBe(401);
      for (const who of ['li', 'wang', 'sun', 'mei'])
        expect((await ask(who, method, path, body)).status, `${who} ${method} ${path}`).toBe(403);
    }
  });

  it('reach the own region and no other', async () => {
    const seen = (await get<PlacePage>('/admin/places/hall', 'far')).body.items;
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((each) => each.region === '510107')).toBe(true);
    expect((await post(`/admin/places/hall/${hall}`, { opens: 500 }, 'far')).status).toBe(404);
    expect((await post('/admin/accounts/li/lock', { reason: '测试' }, 'far')).status).toBe(404);
    expect((await get('/admin/calendar?region=510104', 'far')).status).toBe(404);
    const elsewhere = { region: county, name: '新机构', nameEn: null };
    expect((await post('/admin/places/organ', elsewhere, 'far')).body).toMatchObject({ status: 400, field: 'region' });
    expect((await post('/admin/places/region', { code: '520100', name: '贵阳市', nameEn: null })).body).toMatchObject({
      field: 'code',
    });
    const closure = { region: '510000', day: '2099-01-01', working: false, name: '全省' };
    expect((await post('/admin/closures', closure)).body).toMatchObject({ status: 400, field: 'region' });
  });
});

describe('places', () => {
  it('adds a hall and its window, and the hub knows them at once', async () => {
    const form = { region: county, name: '锦江区第三大厅', nameEn: null, opens: 540, closes: 1020 };
    const board = { complaintPhone: '028-12345', boardNote: null, boardNoteEn: null };
    const added = await post<PlaceLine>('/admin/places/hall', { ...form, ...board });
    expect(added.body).toMatchObject({ name: form.name, opens: 540, complaintPhone: '028-12345', windows: 0 });
    const window = { hall: added.body.id, name: '1号窗口', nameEn: null, number: '1', department: null, staff: '1001' };
    const line = await post<PlaceLine>('/admin/places/window', window);
    expect(line.body).toMatchObject({ region: county, number: '1', staff: '1001', cameras: [] });
    expect(hub.context.world().windows.get(line.body.id)).toMatchObject({ hall: added.body.id });
    expect((await get<HallSummary[]>('/halls', 'li')).body.find(({ id }) => id === added.body.id)).toMatchObject({
      windows: 1,
    });
    const [entry] = await ledgerOf(added.body.id);
    expect(entry).toMatchObject({
      ...{ act: 'reference.added', account: 'admin' },
      facts: { what: 'hall', title: '锦江区第三大厅', 'opens.after': 540, 'complaintPhone.after': '028-12345' },
    });
  });

  it('names the field that is wrong, and writes nothing then', async () => {
    const form = { region: county, name: '大厅', nameEn: null, opens: 540, closes: 1020 };
    const whole = { ...form, complaintPhone: null, boardNote: null, boardNoteEn: null };
    const wrong = async (change: object) => (await post('/admin/places/hall', { ...whole, ...change })).body;
    expect(await wrong({ closes: 500 })).toMatchObject({ status: 400, field: 'closes' });
    expect(await wrong({ name: ' ' })).toMatchObject({ status: 400, field: 'name' });
    expect(await wrong({ complaintPhone: 'call me' })).toMatchObject({ status: 400, field: 'complaintPhone' });
    expect(await wrong({ code: hall })).toMatchObject({ status: 409, field: 'code' });
    expect(await wrong({ colour: 'red' })).toMatchObject({ status: 400, field: 'colour' });
    const window = { hall, name: '7号窗口', nameEn: null, number: '07', department: null, staff: null };
    expect((await post('/admin/places/window', window)).body).toMatchObject({ status: 400, field: 'number' });
    expect((await post(`/admin/places/hall/${hall}`, { closedFrom: '2020-01-01' })).body).toMatchObject({
      field: 'closedFrom',
    });
  });

  it('changes what is given and says what it was before', async () => {
    const before = hub.context.world().halls.get(hall)!;
    const { body } = await post<PlaceLine>(`/admin/places/hall/${hall}`, { boardNote: '办事不找关系' });
    expect(body).toMatchObject({ id: hall, boardNote: '办事不找关系', opens: before.opens });
    await post(`/admin/places/hall/${hall}`, { boardNote: '投诉请拨 12345' });
    expect((await ledgerOf(hall)).at(-1)).toMatchObject({
      act: 'reference.changed',
      facts: { 'boardNote.before': '办事不找关系', 'boardNote.after': '投诉请拨 12345' },
    });
    const count = (await ledgerOf(hall)).length;
    await post(`/admin/places/hall/${hall}`, { boardNote: '投诉请拨 12345' });
    expect(await ledgerOf(hall)).toHaveLength(count);
  });

  it('writes every change into the ledger, also one under a key that was used before', async () => {
    const count = (await ledgerOf(hall)).length;
    for (const boardNote of ['周三下午学习', '周五下午学习', '周三下午学习']) {
      const answer = await ask('admin', 'POST', `/admin/places/hall/${hall}`, { boardNote }, 'the-same-key');
      expect(answer.body).toMatchObject({ boardNote });
    }
    expect((await ledgerOf(hall)).slice(count).map(({ facts }) => facts['boardNote.after'])).toEqual([
      '周三下午学习',
      '周五下午学习',
      '周三下午学习',
    ]);
  });

  it('closes a hall from a day on: no list offers it, its history stays, and it can be opened again', async () => {
    const id = 'hall-510107-1';
    const { store } = hub.context;
    const signals = await store.query('select id from duty where hall = $1', [id]);
    const closed = await post<PlaceLine>(`/admin/places/hall/${id}`, { closedFrom: today });
    expect(closed.body).toMatchObject({ closedFrom: today });
    cookies['qing'] = await hub.signIn({ name: 'qing', role: 'inspector', region: '510107' });
    expect((await get<HallSummary[]>('/halls', 'qing')).body.map((each) => each.id)).not.toContain(id);
    expect((await get(`/halls/${id}`, 'qing')).status).toBe(200);
    expect(await store.query('select id from duty where hall = $1', [id])).toEqual(signals);
    const again = await post<PlaceLine>(`/admin/places/hall/${id}`, { closedFrom: null });
    expect(again.body.closedFrom).toBeUndefined();
    expect((await get<HallSummary[]>('/halls', 'qing')).body.map((each) => each.id)).toContain(id);
    expect((await ledgerOf(id)).map(({ act }) => act)).toEqual(
      expect.arrayContaining(['reference.closed', 'reference.reopened']),
    );
  });
});

describe('people', () => {
  const form = {
    name: '新监察员',
    role: 'inspector',
    region: county,
    hall: null,
    organ: 'organ-510104',
    department: null,
  };
  let given: AccountGiven;

  it('are made with a password that is shown once and opens nothing but its change', async () => {
    ({ body: given } = await post<AccountGiven>('/admin/accounts', { account: 'xin', ...form }));
    expect(given.line).toMatchObject({ account: 'xin', role: 'inspector', mustChange: true, placeName: /./ });
    const shut = await post('/session', { account: 'xin', password: given.password }, 'nobody');
    expect(shut.body).toMatchObject({ status: 403, field: 'account', reason: /awaits confirmation/ });
    expect((await answerTo('xin', { confirmed: true })).status).toBe(200);
    const entered = await post<Me>('/session', { account: 'xin', password: given.password }, 'nobody');
    expect(entered.body).toMatchObject({ mustChange: true, permissions: [] });
    cookies['xin'] = entered.cookie;
    expect((await get('/halls', 'xin')).body).toMatchObject({ status: 403, field: 'password' });
    const change = (present: string, next: string) => post('/account/password', { present, next }, 'xin');
    expect((await change('other', chosen)).body).toMatchObject({ status: 400, field: 'present' });
    expect((await change(given.password, 'Password2026!')).body).toMatchObject({ status: 400, field: 'next' });
    expect((await change(given.password, given.password)).body).toMatchObject({ status: 400, field: 'next' });
    expect((await change(given.password, chosen)).status).toBe(200);
    expect((await get('/halls', 'xin')).status).toBe(200);
    expect((await post('/session', { account: 'xin', password: given.password }, 'nobody')).status).toBe(401);
    expect((await ledgerOf('xin')).map(({ act }) => act)).toEqual([
      'account.added',
      'account.confirmed',
      'account.passwordChanged',
    ]);
  });

  it('names the field that is wrong', async () => {
    const wrong = async (change: object) => (await post('/admin/accounts', { account: 'yi', ...form, ...change })).body;
    expect(await wrong({ account: 'xin' })).toMatchObject({ status: 409, field: 'account' });
    expect(await wrong({ role: 'king' })).toMatchObject({ status: 400, field: 'role' });
    expect(await wrong({ organ: null })).toMatchObject({ status: 400, field: 'organ' });
    expect(await wrong({ region: '510000', organ: 'organ-510000' })).toMatchObject({ status: 400, field: 'region' });
    expect(await wrong({ role: 'hallManager', organ: null, hall: 'hall-510107-1' })).toMatchObject({ field: 'hall' });
  });

  it('nobody changes their own rights (SC-29), and an account above is nobody’s', async () => {
    for (const [path, body] of [
      ['', { role: 'inspector' }],
      ['/lock', { reason: '自己' }],
      ['/review', {}],
      ['/password', {}],
    ] as const)
      expect((await post(`/admin/accounts/admin${path}`, body)).body, path).toMatchObject({
        status: 409,
        field: 'account',
      });
    await hub.signIn({ name: 'top', role: 'administrator', region: '510000' });
    expect((await post('/admin/accounts/top/lock', { reason: '越权' })).status).toBe(404);
    expect((await post('/admin/accounts/xin', { region: '510000' })).body).toMatchObject({
      status: 400,
      field: 'region',
    });
  });

  it('a lock ends sessions and sockets at once, and the password opens nothing', async () => {
    const socket = io(hub.address, {
      extraHeaders: { cookie: cookies['xin']!, origin: hub.address },
      transports: ['websocket'],
      reconnection: false,
    });
    await new Promise<void>((done, fail) => socket.on('connect', done).on('connect_error', fail));
    const cut = new Promise<string>((done) => socket.on('disconnect', done));
    expect((await post('/admin/accounts/xin/lock', {})).body).toMatchObject({ status: 400, field: 'reason' });
    const { body } = await post<AccountLine>('/admin/accounts/xin/lock', { reason: '调离' });
    expect(body).toMatchObject({ lockedReason: '调离', sessions: 0 });
    expect((await get('/halls', 'xin')).status).toBe(401);
    expect(await cut).toBe('io server disconnect');
    expect((await post('/session', { account: 'xin', password: chosen }, 'nobody')).body).toMatchObject({
      status: 403,
      field: 'account',
    });
    expect((await get<AccountPage>('/admin/accounts?state=locked')).body).toMatchObject({
      locked: 1,
      items: [{ account: 'xin' }],
    });
    await post('/admin/accounts/xin/unlock');
    cookies['xin'] = (await post('/session', { account: 'xin', password: chosen }, 'nobody')).cookie;
    expect((await get('/halls', 'xin')).status).toBe(200);
  });

  it('other rights and another password end the sessions too', async () => {
    const moved = await post<AccountLine>('/admin/accounts/xin', { role: 'hallManager', organ: null, hall });
    expect(moved.body).toMatchObject({ role: 'hallManager', hall, sessions: 0 });
    expect((await get('/halls', 'xin')).status).toBe(401);
    expect((await ledgerOf('xin')).at(-1)).toMatchObject({
      act: 'account.changed',
      facts: { 'role.before': 'inspector', 'role.after': 'hallManager', 'organ.before': 'organ-510104' },
    });
    const reset = await post<AccountGiven>('/admin/accounts/xin/password');
    expect(reset.body.password).not.toBe(given.password);
    expect((await post('/session', { account: 'xin', password: chosen }, 'nobody')).status).toBe(401);
    expect((await post('/session', { account: 'xin', password: reset.body.password }, 'nobody')).status).toBe(403);
    cookies['wang'] = await hub.signIn({ name: 'wang', role: 'hallManager', region: county, hall });
    await post('/admin/accounts/wang/end-sessions');
    expect((await get('/halls', 'wang')).status).toBe(401);
  });

  it('nobody makes themselves an inspector (SC-29)', async () => {
    const { store } = hub.context;
    // The change and the new password of above wait as one request.
    const { items } = (await get<RequestPage>('/watchers/requests', 'jian')).body;
    expect(items).toMatchObject([
      {
        ...{ account: 'xin', role: 'hallManager', what: ['changed', 'passwordReset'], byName: 'admin' },
        ...{ region: { code: county }, before: { role: 'inspector' }, mustChange: true },
      },
    ]);
    expect((await get<RequestPage>('/watchers/requests', 'wai')).body.items).toEqual([]);
    expect((await get<AccountPage>('/admin/accounts?state=awaiting')).body).toMatchObject({
      ...{ awaiting: 1, items: [{ account: 'xin', awaiting: { by: 'admin' } }] },
    });
    for (const who of ['admin', 'li', 'sun']) expect((await get('/watchers/requests', who)).status, who).toBe(403);
    const { askedAt } = items[0]!;
    const answer = (body: object, who = 'jian') => post('/watchers/requests/xin', { askedAt, ...body }, who);
    expect((await answer({ confirmed: true }, 'wai')).status).toBe(404);
    expect((await answer({ confirmed: true }, 'admin')).status).toBe(403);
    expect((await answer({ confirmed: false })).body).toMatchObject({ status: 400, field: 'reason' });
    expect((await answer({ confirmed: true, askedAt: askedAt - 1 })).body).toMatchObject({ field: 'askedAt' });
    // Even under another role nobody confirms their own request.
    await store.query("update account set awaiting = awaiting || jsonb_build_object('by', 'jian') where name = 'xin'");
    expect((await answer({ confirmed: true })).body).toMatchObject({ status: 409, reason: /what they asked for/ });
    await store.query("update account set awaiting = awaiting || jsonb_build_object('by', 'admin') where name = 'xin'");
    const week = 7 * 86_400_000;
    const moveTo = (at: number) =>
      store.query("update account set awaiting = awaiting || jsonb_build_object('at', $1::bigint) where name = 'xin'", [
        at,
      ]);
    await moveTo(askedAt - week);
    expect((await answer({ confirmed: true, askedAt: askedAt - week })).body).toMatchObject({ reason: /has lapsed/ });
    expect((await get<RequestPage>('/watchers/requests', 'jian')).body.items).toEqual([]);
    await moveTo(askedAt);
    expect((await answer({ confirmed: false, reason: '未经单位同意' }, 'sheng')).status).toBe(200);
    expect((await answer({ confirmed: true })).body).toMatchObject({ status: 409, reason: /refused already/ });
    expect((await ledgerOf('xin')).at(-1)).toMatchObject({
      ...{ act: 'account.refused', account: 'sheng' },
      facts: { reason: '未经单位同意', askedBy: 'admin', 'role.after': 'hallManager' },
    });
    // A new password asks again, with all that nobody has confirmed; a role that supervises nothing needs nobody.
    const { body } = await post<AccountGiven>('/admin/accounts/xin/password');
    const enter = () => post('/session', { account: 'xin', password: body.password }, 'nobody');
    expect((await enter()).status).toBe(403);
    expect(body.line.awaiting?.what).toEqual(['changed', 'passwordReset']);
    await post('/admin/accounts/xin', { role: 'cataloguer', hall: null });
    expect((await enter()).status).toBe(200);
    await post('/admin/accounts/xin', { role: 'inspector', organ: 'organ-510104' });
    expect((await enter()).status).toBe(403);
    expect((await answerTo('xin', { confirmed: true }, 'sheng')).status).toBe(200);
    expect((await enter()).status).toBe(200);
  });

  it('an overseer is confirmed by another one, and where there is none nothing is begun', async () => {
    const free = { hall: null, organ: null, department: null };
    const far = { ...free, account: 'kan', name: '新监管员', role: 'overseer', region: county };
    const { body } = await post<AccountGiven>('/admin/accounts', far);
    expect((await answerTo('kan', { confirmed: true })).status).toBe(200);
    expect((await post('/session', { account: 'kan', password: body.password }, 'nobody')).status).toBe(200);
    for (const each of ['jian', 'sheng', 'wai'])
      await hub.context.store.query('update account set locked_at = 1 where name = $1', [each]);
    expect((await post('/admin/accounts/kan/password')).body).toMatchObject({ status: 409, reason: /command line/ });
    expect((await post('/admin/accounts', { ...far, account: 'kan2', region: '510107' })).body).toMatchObject({
      ...{ status: 409, field: 'role' },
    });
    await hub.context.store.query('update account set locked_at = null where role = $1', ['overseer']);
  });

  it('rights are reviewed, and what is overdue is counted (SC-29)', async () => {
    await hub.context.store.query("update account set created_at = 1 where name = 'li'");
    const before = (await get<AccountPage>('/admin/accounts?state=due')).body;
    expect(before.items.map((each) => each.account)).toContain('li');
    const { body } = await post<AccountLine>('/admin/accounts/li/review');
    expect(body).toMatchObject({ reviewedBy: 'admin' });
    expect(body.reviewDueAt).toBeGreaterThan(Date.now() + 89 * 86_400_000);
    expect((await get<AccountPage>('/admin/accounts?state=due')).body.due).toBe(before.due - 1);
    expect((await ledgerOf('li')).at(-1)).toMatchObject({ act: 'account.reviewed', account: 'admin' });
  });

  it('no password and no hash stands in the ledger, the archive or another answer', async () => {
    const kept = await hub.context.store.query<{ text: string }>(
      'select body::text as text from event union all select body::text from ledger',
    );
    const texts = [...kept.map(({ text }) => text), ...answered];
    expect(texts.filter((text) => text.includes(given.password))).toHaveLength(1);
    expect(texts.some((text) => text.includes(chosen) || text.includes('$argon2'))).toBe(false);
  });
});

describe('the calendar', () => {
  it('closes a future day of a region: open cases are counted anew, and it can be taken back', async () => {
    let day = addDays(today, 40);
    while ([0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())) day = addDays(day, 1);
    const form = { region: county, day, working: false, name: '大厅搬迁' };
    expect((await post('/admin/closures', { ...form, day: today })).body).toMatchObject({ status: 400, field: 'day' });
    expect((await get(`/admin/closures/effect?region=${county}&day=${day}`)).body).toEqual({ cases: 0 });
    expect((await post('/admin/closures', form)).status).toBe(200);
    expect((await post('/admin/closures', form)).body).toMatchObject({ status: 409, field: 'day' });
    const { body } = await get<CalendarYear>(`/admin/calendar?region=${county}&year=${day.slice(0, 4)}`);
    expect(body.closures).toContainEqual(expect.objectContaining({ ...form, isOwn: true }));
    await until('the recorder has seen it', async () => {
      const [seen] = await hub.context.store.query<{ body: string }>('select body from calendar_seen');
      return seen?.body.includes(day) ?? false;
    });
    expect((await post('/admin/closures', { ...form, working: true, name: '不搬了' })).status).toBe(200);
    expect((await ask('admin', 'DELETE', `/admin/closures/${county}/${day}`)).status).toBe(200);
    expect((await ask('admin', 'DELETE', `/admin/closures/${county}/${day}`)).status).toBe(404);
    const acts = (await ledgerOf(day)).map(({ act }) => act);
    expect(acts).toEqual(['reference.added', 'reference.changed', 'reference.removed']);
  });

  it('says what the State Council has published and what not', async () => {
    const { body } = await get<CalendarYear>('/admin/calendar?year=2026');
    expect(body).toMatchObject({ published: true, today });
    expect(body.days.some((each) => each.working)).toBe(true);
    expect((await get<CalendarYear>('/admin/calendar?year=2090')).body).toMatchObject({ published: false, days: [] });
  });
});

it('contacts are added, changed and removed, and how they are reached stands in no ledger (C-08)', async () => {
  const form = {
    ...{ region: county, department: null, organ: 'organ-510104', hall: null, role: 'liaison', name: '陈联络' },
    ...{ post: '科长', staff: null, phone: null, mobile: '13900001111', email: null, webhook: null, account: null },
  };
  expect((await post('/admin/contacts', { ...form, organ: null })).body).toMatchObject({ field: 'department' });
  expect((await post('/admin/contacts', { ...form, mobile: 'x' })).body).toMatchObject({ field: 'mobile' });
  const { body: added } = await post<Contact>('/admin/contacts', form);
  expect(added).toMatchObject({ name: '陈联络', mobile: '13900001111' });
  await post(`/admin/contacts/${added.id}`, { ...form, mobile: '13900002222' });
  const { body: page } = await get<ContactPage>('/admin/contacts?text=陈联络');
  expect(page.items).toMatchObject([{ id: added.id, mobile: '13900002222', placeName: /./ }]);
  expect((await ask('admin', 'DELETE', `/admin/contacts/${added.id}`)).status).toBe(200);
  expect(hub.context.world().contacts.has(added.id)).toBe(false);
  const entries = await ledgerOf(added.id);
  expect(entries.map(({ act }) => act)).toEqual(['reference.added', 'reference.changed', 'reference.removed']);
  expect(JSON.stringify(entries)).not.toContain('1390000');
});

it('contacts of a file are looked at first, and written all or none, by the rights of who sends them (XY-31)', async () => {
  const head = '编号,区划,机构,部门,角色,姓名,手机';
  const send = async (who: string, lines: string[], dryRun: boolean): Promise<Answer<ContactImport>> => {
    const response = await fetch(`${hub.address}/api/admin/contacts/import?dryRun=${dryRun}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', ...(who === '' ? {} : { cookie: cookies[who]! }) },
      body: lines.join('\r\n'),
    });
    return { status: response.status, body: (await response.json()) as ContactImport, cookie: '' };
  };
  const known = () => [...hub.context.world().contacts.keys()].filter((id) => id.startsWith('file-')).sort();
  const good = [head, 'file-1,510104,organ-510104,,联络人,钱一,13900003333', 'file-2,510104,,510104-police,head,孙二,'];
  for (const who of ['', 'mei', 'sheng']) expect((await send(who, good, true)).status).toBe(who === '' ? 401 : 403);
  const wrong = [...good, 'file-3,510104,organ-510104,,联络人,李三,abc', 'file-4,510104,,,联络人,周四,'];
  expect((await send('admin', wrong, false)).body).toMatchObject({
    written: false,
    faults: [
      { row: 4, column: '手机', reason: 'expected a telephone number' },
      { row: 5, column: '部门', reason: 'expected either a department or an organ' },
    ],
  });
  // Another region's administrator, an organ of elsewhere, and whose id it is.
  const { body: far } = await send('far', good, false);
  expect(far.faults.map(({ row, column }) => [row, column])).toEqual([
    [2, '区划'],
    [3, '区划'],
  ]);
  const elsewhere = await send('admin', [head, 'file-1,510107,organ-510104,,head,钱一,'], true);
  expect(elsewhere.body.faults).toMatchObject([{ row: 2, column: '机构' }]);
  expect((await send('admin', ['\"'], true)).status).toBe(400);
  expect(known()).toEqual([]);
  expect((await send('admin', good, true)).body).toEqual({
    added: 2,
    changed: 0,
    unchanged: 0,
    faults: [],
    written: false,
  });
  expect(known()).toEqual([]);
  expect((await send('admin', good, false)).body).toMatchObject({ added: 2, written: true });
  await until('both', () => known().join() === 'file-1,file-2', 30_000);
  const taken = await send('far', [head, 'file-1,510107,organ-510107,,head,钱一,'], false);
  expect(taken.body.faults).toMatchObject([{ row: 2, column: '编号', reason: 'this code is taken already' }]);
  const again = [head, 'file-1,510104,organ-510104,,联络人,钱一,', good[2]!];
  expect((await send('admin', again, false)).body).toMatchObject({ added: 0, changed: 1, unchanged: 1, written: true });
  await until('no number', () => hub.context.world().contacts.get('file-1')?.mobile === undefined, 30_000);
  const entries = await ledgerOf('file-1');
  expect(entries.map(({ act, account }) => [act, account])).toEqual([
    ['reference.added', 'admin'],
    ['reference.changed', 'admin'],
  ]);
  expect(JSON.stringify(entries)).not.toContain('1390000');
  const file = await fetch(`${hub.address}/api/admin/contacts.csv`, { headers: { cookie: cookies['far']! } });
  expect(await file.text()).not.toContain('file-1');
});

it('a rebuild gives the same ledger of all this', async () => {
  const { store, world } = hub.context;
  const log = createLog('silent');
  await store.query('create database rebuilt');
  const target = await connectStore({ url: hub.backend.databaseUrl.replace(/\/[^/]*$/, '/rebuilt'), log });
  try {
    await migrate(target, { log });
    const { equal, tables } = await rebuild(store, target, world());
    expect(tables.filter((each) => !each.equal)).toEqual([]);
    expect(equal).toBe(true);
  } finally {
    await target.close();
  }
});
