/** A changed pack, tried against a small history on a real hub, and put into force by somebody else. */
import '../support/today.ts';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, dayOf, endOf, startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import type { PackDraft, PackList, Trial, TrialChanges } from '../../hub/model/packApi.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { verifyLedger } from '../../hub/record/verify.ts';
import { until } from '../support/desk.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
const cookies: Record<string, string> = {};
const today = dayOf(Date.now());
const on = (day: string): number => startOf(day) + 10 * 3_600_000;

/** Accepted on 2 March 2026 and due by promise on the day given. */
function caseOf(casefile: string, due: string, completed?: string): Event[] {
  const common = { region: '510104', source: 'test', casefile };
  const accepted = on('2026-03-02');
  return [
    {
      ...common,
      kind: 'case.accepted',
      id: `${casefile}-1`,
      matter: 'GA-02',
      department: 'police',
      occurredAt: accepted,
      promisedDueAt: endOf(due),
    },
    ...(completed === undefined
      ? []
      : ([{ ...common, kind: 'case.completed', id: `${casefile}-2`, occurredAt: on(completed) }] as Event[])),
  ];
}

/** The county's own pack: what its province has, and yellow when so many days are left instead of on the last day. */
const text = (
  change: { days?: number; region?: string; effectiveFrom?: string; own?: number; version?: number } = {},
) => `
id: jinjiang
parent: sichuan-2011
title: { zh: 锦江区电子监察规则, en: Jinjiang rules }
region: '${change.region ?? '510104'}'
version: ${change.version ?? 1}
effectiveFrom: '${change.effectiveFrom ?? addDays(today, 2)}'
source: 测试
${change.own === undefined ? '' : `patrol: { own: ${change.own}, article: 测试, dueBy: 1020, share: 0.8, secondsPerWindow: 10 }`}
${
  change.days === undefined
    ? ''
    : `rules:
  - id: due-today-promised
    title: { zh: 剩余天数, en: Days left }
    article: 测试 第一条
    level: notice
    when: remaining
    deadline: promised
    days: ${change.days}
    message: { zh: '{casefile} 剩余 {left} 天', en: '{casefile} {left} left' }
  - id: overdue-promised
    title: { zh: 超期, en: Overdue }
    article: 测试 第二条
    level: correction
    when: overdue
    deadline: promised
    message: { zh: '{casefile} 超期', en: '{casefile} late' }
`
}`;

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['record', 'serve'] } });
  const people: [string, 'inspector' | 'hallManager' | 'administrator', string][] = [
    ['li', 'inspector', '510104'],
    ['zhao', 'inspector', '510105'],
    ['province', 'inspector', '510000'],
    ['wang', 'hallManager', '510104'],
    ['admin', 'administrator', '510000'],
  ];
  for (const [name, role, region] of people)
    cookies[name] = await hub.signIn({
      name,
      role,
      region,
      ...(role === 'hallManager' ? { hall: 'hall-510104-1' } : {}),
    });
  await hub.context.bus.publishAll([
    // In time, before three days were left; on the last day; late; still open.
    ...caseOf('W1', '2026-03-13', '2026-03-04'),
    ...caseOf('W2', '2026-03-13', '2026-03-13'),
    ...caseOf('W3', '2026-03-13', '2026-03-18'),
    ...caseOf('W4', '2026-03-20'),
    // Half of the matters had a case in March: the figures stand in the event.
    {
      kind: 'irregularity.measured',
      id: 'coverage-1',
      region: '510104',
      source: 'sweep',
      occurredAt: endOf('2026-03-31'),
      day: '2026-03-31',
      measure: 'coverage',
      department: 'police',
      figures: { live: 10, covered: 5, percent: 50 },
    },
  ]);
  await until('the cases', async () => {
    const [row] = await hub.context.store.query<{ n: number }>('select count(*) as n from event');
    return row!.n >= 8;
  });
}, 180_000);

afterAll(() => hub.stop(), 180_000);

async function ask<T = never>(
  who: string,
  path: string,
  method = 'GET',
  body?: object,
): Promise<{ status: number; body: T }> {
  const response = await fetch(`${hub.address}/api/packs${path}`, {
    method,
    headers: {
      cookie: cookies[who] ?? '',
      origin: hub.address,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = await response.text();
  return { status: response.status, body: (answer.startsWith('{') ? JSON.parse(answer) : answer) as T };
}

const march = { from: '2026-03-01', to: '2026-03-31' };

async function tried(draft: string, span = march): Promise<Trial> {
  const { body } = await ask<Trial>('li', `/drafts/${draft}/try`, 'POST', span);
  let trial = body;
  await until('the trial', async () => {
    trial = (await ask<Trial>('li', `/trials/${body.id}`)).body;
    return trial.state !== 'waiting' && trial.state !== 'running';
  });
  return trial;
}

describe('drafts', () => {
  it('are checked by line, and belong to who may judge their region', async () => {
    expect((await ask('li', '/check', 'POST', { text: text({ days: 3 }) })).body).toMatchObject({ ok: true });
    const broken = text({ days: 99 });
    const { body } = await ask<{ mistakes: object[] }>('li', '/check', 'POST', { text: broken });
    const line = broken.split('\n').findIndex((each) => each.includes('days: 99')) + 1;
    expect(body.mistakes).toEqual([expect.objectContaining({ line, place: 'rules.0.days' })]);
    expect((await ask('li', '/drafts', 'POST', { text: broken })).body).toMatchObject({ status: 400, field: 'text' });
    expect((await ask('zhao', '/drafts', 'POST', { text: text() })).body).toMatchObject({
      status: 400,
      field: 'region',
    });
    for (const who of ['wang', 'admin', 'nobody']) {
      const status = who === 'nobody' ? 401 : 403;
      expect([who, (await ask(who, '')).status]).toEqual([who, status]);
      expect([who, (await ask(who, '/drafts', 'POST', { text: text() })).status]).toEqual([who, status]);
    }
  });

  it('list the packs above, below and of the library, and say the next version as text', async () => {
    const { body } = await ask<PackList>('li', '');
    expect(body.packs.find(({ id }) => id === 'sichuan-2011')).toMatchObject({
      state: 'inForce',
      regionName: '四川省',
    });
    expect(body.packs.find(({ id }) => id === 'qitaihe')).toMatchObject({ state: 'library' });
    const next = await ask<{ text: string }>('province', '/sichuan-2011/text');
    expect(next.body.text).toContain('version: 2');
    expect(next.body.text).toContain('parent: common');
    expect((await ask('province', '/check', 'POST', next.body)).body).toMatchObject({ ok: true });
    // A county inherits from a pack that is not its own (SC-02b).
    const own = await ask<{ text: string }>('li', '/sichuan-2011/text');
    expect(own.body.text).toContain('parent: sichuan-2011');
    expect((await ask('li', '/check', 'POST', own.body)).body).toMatchObject({
      ok: true,
      pack: { region: '510104', version: 1 },
    });
    expect((await ask('li', '/none')).status).toBe(404);
  });
});

describe('a trial and the activation', () => {
  let draft: PackDraft;
  const change = (next: string) => ask<PackDraft>('li', `/drafts/${draft.id}`, 'POST', { text: next });

  it('finds no difference where the change touches no rule', async () => {
    draft = (await ask<PackDraft>('li', '/drafts', 'POST', { text: text({ own: 5 }), note: '试' })).body;
    expect(draft).toMatchObject({ state: 'draft', author: 'li', mayEdit: true, mayActivate: false });
    expect((await ask('li', '/drafts', 'POST', { text: text() })).body).toMatchObject({ status: 409, field: 'id' });
    const trial = await tried(draft.id);
    expect(trial).toMatchObject({ state: 'done', done: 4, total: 4 });
    // Five signals by promise (due today: W2, W3, W4; over: W3, W4) and as many by law as the province's limits give.
    expect(trial.result!.total).toMatchObject({ appeared: 0, vanished: 0, changed: 0 });
    expect(trial.result!.rules.find(({ rule }) => rule === 'due-today-promised')).toMatchObject({
      before: 3,
      after: 3,
    });
    expect(trial.result!.rules.find(({ rule }) => rule === 'overdue-promised')).toMatchObject({ before: 2, after: 2 });
  });

  it('says exactly which signals another threshold makes, case by case', async () => {
    expect((await change(text({ days: 3 }))).body).toMatchObject({ state: 'draft' });
    const trial = await tried(draft.id);
    const promised = trial.result!.rules.find(({ rule }) => rule === 'due-today-promised');
    expect(promised).toMatchObject({ before: 3, after: 3, changed: 3 });
    const { body } = await ask<TrialChanges>('li', `/trials/${trial.id}/changes`);
    const moved = body.items
      .filter(({ kind }) => kind === 'changed')
      .map(({ number, what, before, after }) => ({
        number,
        what,
        days: [dayOf(before!.at), dayOf(after!.at)],
      }));
    // On the evening of the 10th the 11th, 12th and 13th are left.
    expect(moved).toEqual([
      { number: 'W2', what: ['moment'], days: ['2026-03-13', '2026-03-10'] },
      { number: 'W3', what: ['moment'], days: ['2026-03-13', '2026-03-10'] },
      { number: 'W4', what: ['moment'], days: ['2026-03-20', '2026-03-17'] },
    ]);
    const vanished = body.items.filter(({ kind }) => kind === 'vanished').map(({ before }) => before!.rule);
    expect(vanished.every((rule) => rule.endsWith('statutory'))).toBe(true);
    expect(trial.result!.departments.map(({ department }) => department)).toEqual(['police']);
    const file = await ask<string>('li', `/trials/${trial.id}/changes.csv?lang=en`);
    const rows: string[][] = parse(file.body, { bom: true });
    expect(rows.filter(([kind]) => kind === 'changed').map((row) => row[1])).toEqual(['W2', 'W3', 'W4']);
    for (const who of ['zhao', 'wang', 'admin'])
      expect([who, (await ask(who, `/trials/${trial.id}`)).status]).toEqual([who, who === 'zhao' ? 404 : 403]);
  });

  it('replays what was measured across cases: the figures of then by the threshold of the draft', async () => {
    const rule = (below: number) => `${text()}rules:
  - id: coverage-low
    title: { zh: 事项覆盖率低, en: Low coverage }
    article: 测试 第三条
    level: warning
    when: coverage
    share: ${below}
    message: { zh: '{subject} 覆盖率 {percent}', en: '{subject} {percent}' }
`;
    const told = async (below: number) => {
      expect((await change(rule(below))).status).toBe(200);
      const { result } = await tried(draft.id);
      return result!.rules.find((each) => each.rule === 'coverage-low');
    };
    expect(await told(0.6)).toMatchObject({ before: 0, after: 1, appeared: 1 });
    expect(await told(0.4)).toBeUndefined();
  });

  it('can be cancelled, and at most five wait or run', async () => {
    const answers = await Promise.all(
      Array.from({ length: 7 }, () => ask<Trial>('li', `/drafts/${draft.id}/try`, 'POST', march)),
    );
    expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThanOrEqual(1);
    const trials = answers.filter(({ status }) => status === 200).map(({ body }) => body.id);
    const cancelled = await Promise.all(trials.map((id) => ask<Trial>('li', `/trials/${id}`, 'DELETE')));
    expect(
      cancelled.map(({ body }) => body.state).filter((state) => state === 'cancelled').length,
    ).toBeGreaterThanOrEqual(4);
    expect((await tried(draft.id)).state).toBe('done');
  });

  it('refuses a span that is too long or ends before it begins', async () => {
    const path = `/drafts/${draft.id}/try`;
    expect((await ask('li', path, 'POST', { from: '2024-01-01', to: '2026-01-01' })).body).toMatchObject({
      field: 'from',
    });
    expect((await ask('li', path, 'POST', { from: '2026-02-02', to: '2026-02-01' })).body).toMatchObject({
      field: 'to',
    });
  });

  it('puts the pack into force by somebody else, of the region above, as it was tried', async () => {
    const path = `/drafts/${draft.id}/activate`;
    expect((await ask('li', path, 'POST', {})).status).toBe(403);
    expect((await ask('zhao', path, 'POST', {})).status).toBe(404);
    expect((await ask('admin', path, 'POST', {})).status).toBe(403);
    await change(text({ days: 3, effectiveFrom: today }));
    expect((await ask('province', path, 'POST', {})).body).toMatchObject({ status: 409, field: 'state' });
    await tried(draft.id);
    expect((await ask('province', path, 'POST', {})).body).toMatchObject({ status: 409, field: 'effectiveFrom' });
    await change(text({ days: 3 }));
    await tried(draft.id);
    expect((await ask<PackDraft>('province', `/drafts/${draft.id}`)).body).toMatchObject({ mayActivate: true });
    const done = await ask<PackDraft>('province', path, 'POST', {});
    expect(done.body).toMatchObject({ state: 'activated', activatedBy: 'province' });
    expect((await ask<PackDraft>('province', path, 'POST', {})).body.state).toBe('activated');
    await until('the world', async () => hub.context.world().packs.has('jinjiang'));
    const { body } = await ask<PackList>('li', '');
    expect(body.packs.find(({ id }) => id === 'jinjiang')).toMatchObject({ state: 'coming', parent: 'sichuan-2011' });
    const ledger = await hub.context.store.query<{ body: { facts: object } }>(
      `select body from ledger where act = 'pack.activated'`,
    );
    expect(ledger.map((each) => each.body.facts)).toEqual([
      expect.objectContaining({ pack: 'jinjiang', version: 1, author: 'li' }),
    ]);
    expect((await ask('li', '/drafts', 'POST', { text: text() })).body).toMatchObject({
      status: 409,
      field: 'version',
    });
  });

  it('leaves a ledger that verifies and rows that a rebuild gives again, the pack too', async () => {
    expect((await verifyLedger(hub.context.store)).ok).toBe(true);
    const { store, log } = hub.context;
    await store.query('create database rebuilt template template0');
    const url = new URL(hub.backend.databaseUrl);
    url.pathname = '/rebuilt';
    const target = await connectStore({ url: url.href, log });
    await migrate(target, { log });
    const result = await rebuild(hub.context.store, target, hub.context.world());
    expect(result.tables.filter(({ equal }) => !equal)).toEqual([]);
    const body = `select body from rule_pack where id = 'jinjiang'`;
    expect(await target.query(body)).toEqual(await hub.context.store.query(body));
    await target.close();
  }, 180_000);
});
