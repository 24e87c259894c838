import '../support/today.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pino from 'pino';
import { dayOf, endOf } from '../../hub/model/calendar.ts';
import type { RuleFigures } from '../../hub/model/api.ts';
import type { Signal } from '../../hub/model/state.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { startDesk, until, type Account, type Answer, type Desk } from '../support/desk.ts';
import { storeOverPglite } from '../support/pglite.ts';
import { packFor } from '../support/world.ts';

/** li: inspector of 510104, chen: of the city above, zhao: of the next county; wang: manager of hall-1, sun: of hall-2. */
let desk: Desk;
const now = Date.now();
const day = 86_400_000;

beforeAll(async () => {
  desk = await startDesk();
  const pack = packFor('510104', {
    escalation: [{ fromLevel: 'correction', toLevel: 'serious', withinWorkingDays: 1 }],
  });
  for (const rule of pack.rules) if (rule.id === 'over-promised') rule.issue = 'confirm';
  (desk.world.packs as Map<string, typeof pack>).set('pack-510104', pack);
  await desk.backend.bus.publishAll(
    ['A1', 'A2'].map((number) => ({
      kind: 'case.accepted',
      id: `accept-${number}`,
      region: '510104',
      source: 'test',
      casefile: number,
      matter: 'M1',
      department: 'd1',
      occurredAt: now - 60 * day,
      promisedDueAt: now - 20 * day,
      window: 'w1',
    })),
  );
  await until('the drafts', async () => (await drafts()).length === 2, 30_000);
}, 180_000);

afterAll(() => desk.close(), 180_000);

const drafts = () =>
  desk.backend.store.query<{ id: string }>(`select id from signal where state = 'draft' order by casefile`);
const post = (who: Account | undefined, path: string, body: object, key?: string): Promise<Answer> =>
  desk.ask(who, `/api/signals${path}`, {
    method: 'POST',
    body,
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });
const listed = async (who: Account, state: string): Promise<Signal[]> =>
  (await desk.ask(who, `/api/signals?state=${state}&limit=500`)).body.items;
const byHand = { level: 'correction', article: '深圳 11(4)', text: '应当公示的材料没有公示' };

describe('who may do what', () => {
  const acts: [string, object, Record<string, number>][] = [
    ['', { ...byHand, window: 'w1' }, { wang: 403, sun: 403, admin: 403, zhao: 404 }],
    ['/none/acknowledge', {}, { li: 404, wang: 404, admin: 403 }],
    ['/none/confirm', { outcome: 'issued' }, { li: 404, wang: 403, admin: 403 }],
    ['/none/claim', { text: 'x' }, { li: 403, wang: 404, admin: 403 }],
    ['/none/verify', { outcome: 'accepted' }, { li: 404, wang: 403, admin: 403 }],
    ['/none/appeal', { text: 'x' }, { li: 403, wang: 404, admin: 403 }],
    ['/none/decide-appeal', { outcome: 'upheld', reason: 'x' }, { li: 404, wang: 403, admin: 403 }],
    ['/none/revoke', { reason: 'x' }, { li: 404, wang: 403, admin: 403 }],
  ];
  it.each(acts)('POST /api/signals%s', async (path, body, expected) => {
    expect((await post(undefined, path, body)).status).toBe(401);
    for (const [who, status] of Object.entries(expected)) {
      const answer = await post(who as Account, path, body);
      expect([who, answer.status]).toEqual([who, status]);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    }
  });

  it.each([
    ['', { ...byHand }, 'casefile'],
    ['', { ...byHand, window: 'w1', level: 'red' }, 'level'],
    ['', { ...byHand, window: 'w1', text: '  ' }, 'text'],
    ['/none/verify', { outcome: 'perhaps' }, 'outcome'],
    ['/none/revoke', {}, 'reason'],
  ])('POST /api/signals%s with %o names the field %s', async (path, body, field) => {
    expect((await post('li', path, body)).body).toMatchObject({ status: 400, field });
  });
});

describe('the life of a signal', () => {
  it('issued by hand: once for a key, acknowledged, corrected, sent back, corrected again, verified', async () => {
    const input = { ...byHand, casefile: '510104:A1' };
    const [first, again] = [await post('li', '', input, 'one'), await post('li', '', input, 'one')];
    expect(first.body).toMatchObject({ state: 'issued', rule: 'byHand', hall: 'hall-1', issuedBy: { account: 'li' } });
    expect(first.body.correctBy).toBeGreaterThan(now);
    expect(again.body.id).toBe(first.body.id);
    expect((await post('li', '', input)).body).toMatchObject({ status: 409, field: 'article' });
    const path = `/${first.body.id}`;

    expect((await post('wang', `${path}/claim`, { text: '已公示' })).status).toBe(409);
    expect((await post('wang', `${path}/acknowledge`, {})).body.state).toBe('acknowledged');
    const clicks = await Promise.all([1, 2].map(() => post('wang', `${path}/claim`, { text: '已公示' })));
    expect(clicks.map((each) => [each.status, each.body.state])).toEqual([
      [200, 'claimed'],
      [200, 'claimed'],
    ]);
    expect((await post('sun', `${path}/claim`, { text: '已公示' })).status).toBe(404);
    expect((await post('zhao', `${path}/verify`, { outcome: 'accepted' })).status).toBe(404);
    expect((await post('li', `${path}/verify`, { outcome: 'sentBack' })).body).toMatchObject({
      status: 409,
      field: 'note',
    });
    expect((await post('li', `${path}/verify`, { outcome: 'sentBack', note: '仍缺收费标准' })).body).toMatchObject({
      state: 'acknowledged',
      correction: { text: '已公示', answer: { outcome: 'sentBack', note: '仍缺收费标准', account: 'li' } },
    });
    expect((await post('wang', `${path}/claim`, { text: '已补齐' })).body.state).toBe('claimed');
    expect((await post('li', `${path}/verify`, { outcome: 'accepted' })).body.state).toBe('verified');
    const acts = (await desk.ask('li', '/api/ledger?limit=100')).body.items
      .filter((each: { subject: string }) => each.subject === first.body.id)
      .map((each: { act: string }) => each.act);
    expect(acts.reverse()).toEqual([
      'signal.issued',
      'signal.acknowledged',
      'signal.correctionClaimed',
      'signal.sentBack',
      'signal.correctionClaimed',
      'signal.verified',
    ]);
  });

  it('a draft: unseen by the hall, confirmed, appealed; who confirmed does not decide, the city upholds', async () => {
    const [draft] = await drafts();
    const path = `/${draft!.id}`;
    expect((await listed('li', 'draft')).map((each) => each.id)).toContain(draft!.id);
    expect(await listed('wang', 'draft')).toEqual([]);
    expect((await listed('wang', 'all')).filter((each) => each.state === 'draft')).toEqual([]);
    expect((await post('wang', `${path}/appeal`, { text: 'x' })).status).toBe(404);
    expect((await post('li', `${path}/confirm`, { outcome: 'issued' })).body).toMatchObject({
      state: 'issued',
      issuedBy: { name: 'li' },
    });
    expect((await listed('wang', 'open')).map((each) => each.id)).toContain(draft!.id);
    expect((await post('wang', `${path}/appeal`, { text: '系统时钟有误' })).body.state).toBe('appealed');
    const decision = { outcome: 'upheld', reason: '核实属实' };
    expect((await post('li', `${path}/decide-appeal`, decision)).body).toMatchObject({ status: 409, field: 'account' });
    expect((await post('chen', `${path}/decide-appeal`, decision)).body).toMatchObject({
      state: 'revoked',
      revokedReason: '核实属实',
      revokedBy: { account: 'chen' },
      appeal: { text: '系统时钟有误', answer: { outcome: 'upheld' } },
    });
  });

  it('a draft that nobody issues is dropped with its reason', async () => {
    const [draft] = await drafts();
    expect((await post('li', `/${draft!.id}/confirm`, { outcome: 'dropped' })).body).toMatchObject({ field: 'note' });
    const { body } = await post('li', `/${draft!.id}/confirm`, { outcome: 'dropped', note: '材料迟到，责任不在部门' });
    expect(body).toMatchObject({ state: 'dropped', revokedReason: '材料迟到，责任不在部门' });
  });

  it('revoked: not by the one who issued it by hand', async () => {
    const { body } = await post('li', '', { ...byHand, window: 'w1' });
    expect(body.casefile).toBeUndefined();
    expect((await post('li', `/${body.id}/revoke`, { reason: '误发' })).body).toMatchObject({
      status: 409,
      field: 'account',
    });
    expect((await post('chen', `/${body.id}/revoke`, { reason: '误发' })).body).toMatchObject({ state: 'revoked' });
    expect((await post('chen', `/${body.id}/acknowledge`, {})).status).toBe(409);
  });

  it('not corrected: the ticker asks for the turn, and a signal of the next level follows', async () => {
    const { body } = await post('li', '', { ...byHand, window: 'w2' });
    const { store, bus } = desk.backend;
    // Its moment is tomorrow at the earliest: the ticker is shown an earlier one, which decides nothing yet.
    await store.query('update signal set next_turn = $2 where id = $1', [body.id, now]);
    await until('the turn', async () => {
      const rows = await store.query(`select id from event where kind = 'signal.turned' and occurred_at = $1`, [now]);
      return rows.length === 1;
    });
    expect((await listed('li', 'open')).find((each) => each.id === body.id)?.state).toBe('issued');
    await store.query('update signal set next_turn = $2 where id = $1', [body.id, body.nextTurn]);
    expect(body.nextTurn).toBe(endOfDay(body.correctBy) + 1);
    await bus.publishAll([
      {
        kind: 'signal.turned',
        id: 'turned-by-hand',
        region: '510104',
        source: 'test',
        occurredAt: body.nextTurn,
        signal: body.id,
      },
    ]);
    await until('the child', async () => (await listed('wang', 'open')).some((each) => each.parent === body.id));
    const [parent] = (await listed('li', 'all')).filter((each) => each.id === body.id);
    expect(parent).toMatchObject({ state: 'escalated' });
    const child = (await listed('wang', 'open')).find((each) => each.parent === body.id);
    expect(child).toMatchObject({ id: parent!.child, level: 'serious', state: 'issued', window: 'w2' });
  });

  it('is the same after a rebuild from the archive', async () => {
    const target = await storeOverPglite();
    try {
      await migrate(target, { log: pino({ level: 'silent' }) });
      const result = await rebuild(desk.backend.store, target, desk.world);
      expect(result.tables.filter((each) => !each.equal)).toEqual([]);
    } finally {
      await target.close();
    }
  }, 180_000);
});

const endOfDay = (at: number): number => endOf(dayOf(at));

describe('false alarms by rule (P6)', () => {
  const rules = async (who: Account): Promise<{ days: number; rules: RuleFigures[] }> =>
    (await desk.ask(who, '/api/statistics/rules')).body;
  const sum = (list: RuleFigures[], name: 'issued' | 'dropped' | 'revoked' | 'upheld'): number =>
    list.reduce((total, each) => total + each[name], 0);

  it('count what is there, with the rate, for who may read signals', async () => {
    expect((await desk.ask(undefined, '/api/statistics/rules')).status).toBe(401);
    expect((await desk.ask('admin', '/api/statistics/rules')).status).toBe(403);
    expect((await rules('zhao')).rules).toEqual([]);
    const { days, rules: found } = await rules('li');
    const all = (await desk.backend.store.query<{ body: Signal }>('select body from signal')).map(({ body }) => body);
    expect(days).toBe(90);
    expect(sum(found, 'issued')).toBe(all.filter(({ state }) => state !== 'draft' && state !== 'dropped').length);
    expect(sum(found, 'dropped')).toBe(all.filter(({ state }) => state === 'dropped').length);
    expect(sum(found, 'revoked')).toBe(all.filter(({ state }) => state === 'revoked').length);
    expect(sum(found, 'upheld')).toBe(all.filter(({ appeal }) => appeal?.answer?.outcome === 'upheld').length);
    expect(sum(found, 'revoked')).toBeGreaterThan(0);
    for (const { issued, dropped, revoked, rate, title } of found) {
      expect(rate).toBeCloseTo((100 * (revoked + dropped)) / (issued + dropped), 1);
      expect(title.zh).not.toBe('');
    }
  });

  it('leave out what is in trial operation (XY-09)', async () => {
    await desk.backend.store.query(`update signal set body = body || '{"trial": true}'`);
    expect((await rules('chen')).rules).toEqual([]);
  });
});
