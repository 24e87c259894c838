import '../support/today.ts';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import readXlsx from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyLines } from '../../hub/cli/verifyFile.ts';
import { dayOf, endOf } from '../../hub/model/calendar.ts';
import type { LedgerExport } from '../../hub/model/chain.ts';
import type { RegisterLine, RegisterPage } from '../../hub/model/register.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { verifyLedger } from '../../hub/record/verify.ts';
import { startDesk, until, type Account, type Answer, type Desk } from '../support/desk.ts';
import { removeFolder } from '../support/folder.ts';

/** li: inspector of 510104, chen: of the city above, zhao: of the next county; wang: manager of hall-1. */
let desk: Desk;
let folder: string;
const now = Date.now();
const minute = 60_000;
const today = dayOf(now);
const byLi = { region: '510104', source: 'test', occurredAt: now, account: 'li', name: '李' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hallwatch-register-'));
  desk = await startDesk();
  const visit = {
    ...byLi,
    kind: 'patrol.visitStarted' as const,
    duty: 'duty-1',
    hall: 'hall-1',
    windows: ['w1', 'w2'],
  };
  const finish = { ...byLi, kind: 'patrol.visitFinished' as const, views: [], digest: 'a'.repeat(64) };
  await desk.backend.bus.publishAll([
    {
      ...{ kind: 'case.accepted', id: 'accept-A1', region: '510104', source: 'test', casefile: 'A1', matter: 'M1' },
      ...{
        department: 'd1',
        occurredAt: now - 60 * 1440 * minute,
        promisedDueAt: now - 20 * 1440 * minute,
        window: 'w1',
      },
    },
    {
      ...{ kind: 'patrol.planned', id: 'plan', region: '510104', source: 'test', occurredAt: now, duty: 'duty-1' },
      ...{ organ: 'organ-1', hall: 'hall-1', day: today, required: 2, dueAt: endOf(today), article: 'art. 6' },
    },
    { ...visit, id: 'v1', visit: 'visit-1' },
    { ...finish, id: 'f1', visit: 'visit-1' },
    { ...visit, id: 'v2', visit: 'visit-2' },
    {
      ...{ ...byLi, kind: 'patrol.findingRecorded', id: 'n2', visit: 'visit-2', finding: 'finding-2', window: 'w1' },
      ...{ camera: 'c1', code: 'B1', note: '=1+1', snapshot: { sha256: 'b'.repeat(64), at: now } },
    },
    { ...finish, id: 'f2', visit: 'visit-2' },
    { ...visit, id: 'v3', visit: 'visit-3' },
  ]);
  await until(
    'what was published, and every clock that had to turn',
    async () =>
      (await desk.backend.store.query('select 1 from casefile where next_turn is null')).length === 1 &&
      new Set((await lines('li')).items.map(({ of }) => of)).size === 3,
    180_000,
  );
}, 180_000);

afterAll(async () => {
  await desk.close();
  await removeFolder(folder);
}, 180_000);

const lines = async (who: Account, query = ''): Promise<RegisterPage> => {
  const { status, body } = await desk.ask(who, `/api/register?${query}`);
  expect([status, body]).toEqual([200, body]);
  return body;
};
const post = (who: Account | undefined, path: string, body: object, key?: string): Promise<Answer> =>
  desk.ask(who, `/api/register${path}`, {
    method: 'POST',
    body,
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });
const told = (page: RegisterPage): string[] => page.items.map(({ id }) => id);
const call = {
  ...{ act: 'callback', from: now - 30 * minute, until: now - 20 * minute, about: '510104:A1', channel: 'phone' },
  ...{ reached: true, satisfaction: 4, text: '申请人反映等候时间较长', found: true, result: '转大厅整改' },
};

describe('the register', () => {
  it('has a line for a visit without findings, for each finding and for a signal, by what the store holds of them', async () => {
    const { items } = await lines('li');
    const of = (which: string): RegisterLine => items.find((each) => each.of === which)!;
    expect(items.filter(({ of: which }) => which !== 'signal').map(({ of: which }) => which)).toHaveLength(2);
    expect(of('visit')).toMatchObject({
      ...{ id: 'visit-1', kind: 'video', found: false, method: 'live', by: { account: 'li', name: '李' } },
      ...{ organ: { id: 'organ-1' }, hall: { id: 'hall-1' }, visit: { windows: 2, verified: 0, counts: false } },
    });
    expect(of('finding')).toMatchObject({
      ...{ found: true, code: 'B1', window: { id: 'w1', number: '1' }, camera: { id: 'c1' }, text: { zh: '=1+1' } },
      ...{ evidence: { sha256: 'b'.repeat(64) }, signs: { of: 'visit', line: 'visit-2' }, organ: { id: 'organ-1' } },
    });
    expect(of('finding').what?.zh).toBeTruthy();
    expect(of('finding').patrol).toBeLessThan(of('finding').number!);
    expect(of('signal')).toMatchObject({
      ...{ kind: 'data', casefile: '510104:A1', state: { of: 'signal' }, notified: { at: expect.any(Number) } },
    });
    // The number is the place in the chain, and the hash that of the entry.
    const { body: chain } = await desk.ask('li', '/api/ledger?limit=500');
    for (const { number, hash, id } of items)
      expect(chain.items.find((each: { sequence: number }) => each.sequence === number)).toMatchObject({
        hash,
        subject: id,
      });
  });

  it('has what people enter, once for a click, and refuses what does not belong together', async () => {
    const wrong: [object, number, string | undefined][] = [
      [{ ...call, about: undefined }, 400, 'about'],
      [{ ...call, channel: 'fax' }, 400, 'channel'],
      [{ ...call, until: call.from - 1 }, 400, 'until'],
      [{ ...call, from: now + 60 * minute, until: now + 61 * minute }, 409, 'until'],
      [{ ...call, satisfaction: 6 }, 400, 'satisfaction'],
      [{ ...call, reached: false }, 400, 'satisfaction'],
      [{ ...call, text: ' ' }, 400, 'text'],
      [{ ...call, code: 'ZZ' }, 409, 'code'],
      [{ ...call, found: false, points: 2 }, 400, 'found'],
      [{ ...call, colour: 'red' }, 400, 'colour'],
      [{ ...call, about: '510104:none' }, 409, 'about'],
      [{ ...call, about: '510105:B1' }, 404, undefined],
      [{ ...call, act: 'onsite', channel: undefined, reached: undefined, satisfaction: undefined }, 400, 'hall'],
      [{ ...call, hall: 'hall-9' }, 404, undefined],
      [{ ...call, hall: 'hall-1', window: 'w3' }, 409, 'window'],
      [{ ...call, corrects: 'entry-none', why: '笔误' }, 404, undefined],
    ];
    for (const [body, status, field] of wrong) {
      const answer = await post('li', '', body);
      expect([body, answer.status, answer.body.field]).toEqual([body, status, field]);
    }
    const [first, again] = await Promise.all([post('li', '', call), post('li', '', call)]);
    expect(first.body).toMatchObject({ kind: 'callback', satisfaction: 4, found: true, casefile: '510104:A1' });
    expect([first.status, again.body.id]).toEqual([200, first.body.id]);
    const onsite = { act: 'onsite', from: now - 90 * minute, until: now - 80 * minute, hall: 'hall-1', window: 'w2' };
    const seen = await post('li', '', { ...onsite, text: '窗口秩序良好', found: false });
    expect(seen.body).toMatchObject({ hall: { id: 'hall-1' }, window: { number: '2' }, found: false });
  });

  it('is corrected only by a further entry, once, which says why', async () => {
    const sample = { act: 'sample', from: now - 50 * minute, until: now - 45 * minute, about: '510104:A1' };
    const wrong = (await post('li', '', { ...sample, text: '材料齐全', found: false })).body as RegisterLine;
    const fix = { ...sample, text: '材料缺一份', found: true, corrects: wrong.id };
    expect((await post('li', '', fix)).body).toMatchObject({ status: 409, field: 'why' });
    expect((await post('li', '', { ...call, corrects: wrong.id, why: 'x' })).body).toMatchObject({ field: 'act' });
    const right = (await post('li', '', { ...fix, why: '抽样时漏看一页' })).body as RegisterLine;
    expect(right.corrects).toEqual({ entry: wrong.id, number: wrong.number, why: '抽样时漏看一页' });
    expect((await post('li', '', { ...fix, why: '又改' })).body).toMatchObject({ status: 409, field: 'corrects' });
    const listed = (await lines('li', 'kind=sample')).items;
    expect(listed.find(({ id }) => id === wrong.id)).toMatchObject({
      ...{ text: { zh: '材料齐全' }, correctedBy: { entry: right.id, number: right.number }, mayReview: false },
    });
    expect((await post('chen', '/review', { of: 'entry', line: wrong.id })).body).toMatchObject({ status: 409 });
  });

  it('is signed by another person, once', async () => {
    const visit = { of: 'visit', line: 'visit-1' };
    expect((await lines('li')).items.some(({ mayReview, of }) => mayReview && of !== 'signal')).toBe(false);
    expect((await post('li', '/review', visit)).body).toMatchObject({ status: 409, field: 'account' });
    expect((await post('chen', '/review', { of: 'visit', line: 'visit-3' })).body).toMatchObject({ status: 409 });
    expect((await lines('chen')).items.find(({ id }) => id === 'visit-1')?.mayReview).toBe(true);
    expect((await post('chen', '/review', { ...visit, note: '属实' })).status).toBe(200);
    expect((await post('chen', '/review', visit)).status).toBe(200);
    expect((await post('chen', '/review', visit, 'other')).body).toMatchObject({ status: 409, field: 'line' });
    const signed = (await lines('li')).items.find(({ id }) => id === 'visit-1');
    expect(signed).toMatchObject({ mayReview: false, review: { name: 'chen', note: '属实' } });
  });

  it('is asked for by day, kind, organ, hall, finding and person, and read page by page', async () => {
    const all = told(await lines('chen', 'limit=500'));
    expect(all.length).toBeGreaterThanOrEqual(7);
    const paged: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const page: RegisterPage = await lines(
        'chen',
        `limit=2${next === '' ? '' : `&before=${encodeURIComponent(next)}`}`,
      );
      paged.push(...told(page));
      next = page.next;
    }
    expect(paged).toEqual(all);
    const count = async (query: string): Promise<number> => (await lines('chen', `limit=500&${query}`)).items.length;
    const kinds = await Promise.all(
      ['video', 'data', 'callback', 'sample', 'onsite'].map((kind) => count(`kind=${kind}`)),
    );
    expect(kinds).toEqual([2, all.length - 6, 1, 2, 1]);
    const [found, clear] = [await count('found=true'), await count('found=false')];
    expect(found + clear).toBe(all.length);
    expect(await count('organ=organ-1')).toBe(all.length);
    expect(await count('organ=organ-9')).toBe(0);
    expect(await count('organ=none')).toBe(0);
    expect(await count('account=li')).toBe(6);
    expect(await count('hall=hall-1&kind=onsite')).toBe(1);
    expect(await count('hall=hall-2')).toBe(0);
    expect(await count('region=510105')).toBe(0);
    expect(await count(`from=${today}&to=${today}&kind=video`)).toBe(2);
    expect(await count(`to=${dayOf(now - 1440 * minute)}&kind=video`)).toBe(0);
    expect((await desk.ask('li', '/api/register?kind=all')).body).toMatchObject({ status: 400, field: 'kind' });
    expect((await desk.ask('li', '/api/register/choices')).body).toMatchObject({
      organs: [{ id: 'organ-1' }],
      people: [{ account: 'li' }],
    });
  });

  it('belongs to its region, and to those who may read or write it', async () => {
    expect((await lines('zhao')).items).toEqual([]);
    const { body: check } = await desk.ask('li', '/api/ledger/check');
    const abroad = await fetch(`${desk.url}/api/register.csv?region=510104`, {
      headers: { cookie: await desk.cookie('zhao') },
    });
    expect(abroad.status).toBe(200);
    expect(await abroad.text()).not.toContain(check.head);
    for (const path of ['/api/register', '/api/register/choices', '/api/register.csv', '/api/ledger/export']) {
      expect((await desk.ask(undefined, path)).status).toBe(401);
      for (const who of ['wang', 'admin'] as const) expect((await desk.ask(who, path)).status).toBe(403);
    }
    for (const who of ['wang', 'admin'] as const) {
      expect((await post(who, '', call)).status).toBe(403);
      expect((await post(who, '/review', { of: 'visit', line: 'visit-2' })).status).toBe(403);
    }
    expect((await post('zhao', '/review', { of: 'visit', line: 'visit-2' })).status).toBe(404);
    expect((await post(undefined, '', call)).status).toBe(401);
    const days = `from=${today}&until=${today}`;
    expect((await desk.ask('li', `/api/ledger/export?region=510105&${days}`)).status).toBe(404);
    expect((await desk.ask('li', '/api/ledger/export?from=2026-13-01')).body).toMatchObject({ field: 'from' });
  });

  it('is exported with the head of the chain under it, and no text of it is a formula', async () => {
    const cookie = await desk.cookie('li');
    const { body: check } = await desk.ask('li', '/api/ledger/check');
    const answer = await fetch(`${desk.url}/api/register.xlsx?lang=zh`, { headers: { cookie } });
    const [sheet] = await readXlsx(Buffer.from(await answer.arrayBuffer()));
    const rows = sheet!.data;
    expect(rows[0]).toContain('电子监察员');
    expect(rows).toHaveLength((await lines('li', 'limit=500')).items.length + 2);
    expect(rows.at(-1)!.slice(0, 3)).toEqual(['存证链头 510104', check.entries, check.head]);
    expect(rows.flat()).toContain("'=1+1");
    const csv = await (
      await fetch(`${desk.url}/api/register.csv?lang=en&kind=callback`, { headers: { cookie } })
    ).text();
    expect(csv).toMatch(/Call-back,li,/);
    expect(csv.trim().split('\r\n').at(-1)).toBe(`Chain head 510104,${check.entries},${check.head}`);
  });

  it('counts a finding that was withdrawn on appeal as none, and keeps its line', async () => {
    const ids = async (query: string): Promise<string[]> => told(await lines('li', `kind=video&limit=500&${query}`));
    expect(await ids('found=true')).toEqual(['finding-2']);
    const on = { ...byLi, finding: 'finding-2', hall: 'hall-1' };
    await desk.backend.bus.publishAll([
      { ...on, kind: 'finding.appealed', id: 'a2', account: 'wang', text: '当时在开会', photos: [] },
      { ...on, kind: 'finding.appealDecided', id: 'd2', account: 'chen', outcome: 'accepted', reason: '情况属实' },
    ]);
    await until('the withdrawal', async () => (await ids('found=true')).length === 0, 30_000);
    const line = (await lines('li', 'kind=video&found=false')).items.find(({ id }) => id === 'finding-2');
    expect(line).toMatchObject({ found: false, state: { of: 'finding', is: 'withdrawn' }, result: '情况属实' });
    expect(line).not.toHaveProperty('points');
  });

  it('rebuilds equal', async () => {
    const { store, databaseUrl } = desk.backend;
    await store.query('create database again');
    const target = await connectStore({ url: databaseUrl.replace(/\/[^/]*$/, '/again'), log: desk.context.log });
    try {
      await migrate(target, { log: desk.context.log });
      const { tables } = await rebuild(store, target, desk.world);
      expect(tables.filter((each) => !each.equal)).toEqual([]);
      expect(tables.filter(({ table }) => table.startsWith('register_')).map(({ rows }) => rows)).toEqual([4, 1]);
    } finally {
      await target.close();
    }
  }, 180_000);

  it('stays quick with ten thousand lines', async () => {
    await desk.backend.store.query(
      `insert into visit (id, region, duty, hall, account, state, started_at, position, body)
        select 'many-' || n, v.region, v.duty, v.hall, v.account, v.state, v.started_at - n * 60000, v.position, v.body || jsonb_build_object('id', 'many-' || n)
        from visit v, generate_series(1, 10000) n where v.id = 'visit-1'`,
    );
    const first = (await lines('chen', 'limit=500')).items;
    expect(first).toHaveLength(500);
    // A page far down is found by its moment, not by counting to it.
    const before = encodeURIComponent(`${first.at(-1)!.at - 9_000 * minute}.zzz`);
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const from = performance.now();
      expect((await lines('chen', `limit=200&before=${before}`)).items).toHaveLength(200);
      times.push(performance.now() - from);
    }
    expect(Math.min(...times)).toBeLessThan(1_500);
    await desk.backend.store.query(`delete from visit where id like 'many-%'`);
  }, 180_000);
});

describe('a part of the chain', () => {
  const exported = async (query = `from=2026-01-01&until=${today}`): Promise<{ lines: string[]; path: string }> => {
    const answer = await fetch(`${desk.url}/api/ledger/export?${query}`, {
      headers: { cookie: await desk.cookie('li') },
    });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    const path = join(folder, 'export.jsonl');
    await writeFile(path, text);
    return { lines: text.trim().split('\n'), path };
  };

  it('is whole on the command line as in the hub', async () => {
    const { lines: found, path } = await exported();
    const { body: check } = await desk.ask('li', '/api/ledger/check');
    expect(found).toHaveLength(check.entries + 1);
    expect(await verifyLines(path, check.head)).toMatchObject({ ok: true, entries: check.entries, head: check.head });
    // Days without an entry are whole, too.
    const { path: none } = await exported('from=2026-01-01&until=2026-01-02');
    expect(await verifyLines(none)).toMatchObject({ ok: true, entries: 0 });
  });

  it('breaks where the hub’s own walk breaks, whatever was done to the store', async () => {
    const { store } = desk.backend;
    const acts: [string, string, string][] = [
      ['a fact', `update ledger set body = jsonb_set(body, '{facts,code}', '"B9"') where sequence = $1`, 'changed'],
      ['a missing entry', 'delete from ledger where sequence = $1', 'missing'],
    ];
    for (const [, statement, kind] of acts) {
      const kept = await store.query<{ body: string }>(`select body::text as body from ledger where sequence = 5`);
      await store.query(statement.replace('$1', '5'));
      const { path } = await exported();
      const [region] = (await verifyLedger(store, '510104')).regions;
      expect((await verifyLines(path)).fault).toEqual({ kind, sequence: region!.brokenAt });
      await store.query(`delete from ledger where sequence = 5 and region = '510104'`);
      await store.query(
        `insert into ledger (region, sequence, at, act, subject, event, previous, hash, body)
          select b->>'region', (b->>'sequence')::bigint, (b->>'at')::bigint, b->>'act', b->>'subject', b->>'event', b->>'previous', b->>'hash', b
          from (select $1::jsonb as b) t`,
        [kept[0]!.body],
      );
      expect((await verifyLedger(store, '510104')).ok).toBe(true);
    }
    // Two that changed places.
    const swap = `update ledger l set body = o.body || jsonb_build_object('sequence', l.sequence) from ledger o
      where l.region = '510104' and o.region = l.region and l.sequence in (5, 6) and o.sequence = 11 - l.sequence`;
    await store.query(swap);
    const { path } = await exported();
    const { brokenAt } = (await verifyLedger(store, '510104')).regions[0]!;
    expect((await verifyLines(path)).fault?.sequence).toBe(brokenAt);
    await store.query(swap);
    const { lines: found } = await exported();
    // The store cannot tell a cut end; the export and a head that was noted can.
    await writeFile(path, found.slice(0, -1).join('\n'));
    const { last } = JSON.parse(found[0]!) as LedgerExport;
    expect((await verifyLines(path)).fault).toEqual({ kind: 'cut', sequence: last });
  });
});
