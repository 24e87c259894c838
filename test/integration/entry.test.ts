import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntryAnswer, EntryCase, EntryDesk } from '../../hub/model/doors.ts';
import type { EntryRow } from '../../hub/model/entry.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
let count = 0;
const cookies: Record<string, string> = {};

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['ingest', 'record', 'serve'] } });
  const post = async (name: string, department: string | null) => {
    cookies[name] = await hub.signIn({ name, role: 'postUser', region: '510104' });
    await hub.context.store.query('update account set department = $2 where name = $1', [name, department]);
  };
  await Promise.all([post('city', '510104-city'), post('tax', '510104-tax'), post('nobody', null)]);
  cookies['inspector'] = await hub.signIn({ name: 'i', role: 'inspector', region: '510104' });
});
afterAll(() => hub?.stop());

async function ask<T>(
  who: string | undefined,
  path: string,
  rows?: readonly EntryRow[],
): Promise<{ status: number; body: T }> {
  const response = await fetch(`${hub.address}/api/entry${path}`, {
    method: rows ? 'POST' : 'GET',
    headers: { ...(who ? { cookie: cookies[who]! } : {}), ...(rows ? { 'content-type': 'application/json' } : {}) },
    ...(rows ? { body: JSON.stringify({ rows }) } : {}),
  });
  return { status: response.status, body: (await response.json()) as T };
}
const enter = async (rows: readonly EntryRow[], who = 'city'): Promise<EntryAnswer> => {
  const { status, body } = await ask<EntryAnswer>(who, '', rows);
  expect(status).toBe(200);
  return body;
};
const row = (change: Partial<EntryRow>): EntryRow => ({
  key: `key-of-row-${(count += 1)}`,
  number: 'E-1',
  act: '受理',
  at: '2026-11-18 09:05',
  ...change,
});
const opening = { matter: '户外广告设施设置审批', applicant: '某某公司', applicantClass: '企业' };

describe('second entry (QT-15)', () => {
  it('takes a case from its acceptance to its end, as a second entry with the time it was typed in', async () => {
    const { body: desk } = await ask<EntryDesk>('city', '');
    expect(desk).toMatchObject({ department: { id: '510104-city' }, source: 'entry:510104-city' });
    expect(desk.matters[0]).toMatchObject({ code: 'CG-01', name: opening.matter, nameEn: expect.any(String) });
    expect(desk.windows.map(({ number }) => number)).toEqual(['10']);

    const before = Date.now();
    expect(await enter([row({ ...opening, window: '10', handler: '1002' })])).toEqual({
      accepted: 1,
      rows: [{ ok: true }],
    });
    const [event] = await hub.context.store.query<{ body: Record<string, unknown> }>(
      "select body from event where casefile in ('510104:E-1', 'E-1') and kind = 'case.accepted'",
    );
    expect(event!.body).toMatchObject({
      kind: 'case.accepted',
      source: 'entry:510104-city',
      department: '510104-city',
      matter: 'CG-01',
      window: desk.windows[0]!.id,
      occurredAt: Date.parse('2026-11-18T09:05:00+08:00'),
      applicant: { name: '某某公司', class: 'enterprise' },
    });
    expect(event!.body['enteredAt']).toBeGreaterThanOrEqual(before);
    expect((await ask<EntryCase>('city', '/casefiles?number=E-1')).body).toMatchObject({
      status: 'accepted',
      matterName: opening.matter,
      applicant: '某某公司',
    });
    const rest = [
      row({ act: 'suspended', at: '2026/11/18 10:00', procedure: '听证' }),
      row({ act: 'resumed', at: '2026/11/19 10:00' }),
      row({ act: '决定', at: '2026-11-19 11:00', outcome: '准予' }),
      row({ act: '办结', at: '2026-11-19 11:30:10' }),
    ];
    expect(await enter(rest)).toMatchObject({ accepted: 4 });
    expect((await ask<EntryCase>('city', '/casefiles?number=E-1')).body).toMatchObject({
      status: 'completed',
      outcome: 'approved',
    });
  });

  it('takes a row once, however often it is sent', async () => {
    const rows = [row({ ...opening, number: 'E-2' }), row({ number: 'E-2', act: '环节', step: '现场核查' })];
    const [one, other] = await Promise.all([enter(rows), enter(rows)]);
    expect([one, other, await enter(rows)]).toEqual(
      Array.from({ length: 3 }, () => ({ accepted: 2, rows: [{ ok: true }, { ok: true }] })),
    );
    const kept = await hub.context.store.query(
      "select id from event where body->>'casefile' = 'E-2' and kind like 'case.%' and refused is null",
    );
    expect(kept).toHaveLength(2);
  });

  it('tells every wrong field of every row, and takes the others', async () => {
    const answer = await enter([
      row({ number: '', act: '盖章', at: '昨天' }),
      row({ ...opening, number: 'E-3', matter: '不存在的事项', window: '99', applicantClass: '外星人' }),
      row({ number: 'E-unknown', act: '办结' }),
      row({ ...opening, number: 'E-3', days: '3' }),
      row({ ...opening, number: 'E-4', at: '2026-11-18' }),
      row({ ...opening, number: 'E-4', at: '2099-01-01 09:00' }),
      row({ number: 'E-1', act: '受理', ...opening }),
      row({ ...opening, number: 'E-5', act: '受理', at: '2026-11-18 09:00' }),
      row({ number: 'E-5', act: '办结', at: '2026-11-17 09:00' }),
      row({ number: 'E-5', act: '决定', outcome: '也许' }),
    ]);
    expect(answer.accepted).toBe(1);
    expect(answer.rows.map((each) => (each.ok ? [] : each.errors.map(({ field }) => field)))).toEqual([
      ['act', 'number', 'at'],
      ['matter', 'window', 'applicantClass'],
      ['number'],
      ['days'],
      ['at'],
      ['at'],
      ['act'],
      [],
      ['at'],
      ['outcome'],
    ]);
  });

  it('keeps to the department, and shows none of the others its cases', async () => {
    expect((await ask('tax', '/casefiles?number=E-1')).body).toBeNull();
    const answer = await enter([row({ act: '办结' }), row({ ...opening, number: 'E-1' })], 'tax');
    expect(answer.rows).toEqual([
      { ok: false, errors: [{ field: 'number', reason: 'the number is not one of this department' }] },
      { ok: false, errors: [{ field: 'number', reason: 'the number is not one of this department' }] },
    ]);
    expect((await ask(undefined, '')).status).toBe(401);
    for (const who of ['inspector', 'nobody']) {
      expect((await ask(who, '')).status).toBe(403);
      expect((await ask(who, '', [row(opening)])).status).toBe(403);
    }
    // Who enters sees nothing else of the hub.
    for (const path of ['casefiles', 'signals', 'sources', 'halls', 'ledger'])
      expect((await fetch(`${hub.address}/api/${path}`, { headers: { cookie: cookies['city']! } })).status).toBe(403);
  });

  it('takes 200 rows at once and no more', async () => {
    const rows = Array.from({ length: 200 }, (_, index) =>
      row({ ...opening, number: `B-${index}`, at: '2026-11-19 16:00' }),
    );
    expect((await enter(rows)).accepted).toBe(200);
    expect((await ask('city', '', [...rows, row(opening)])).body).toMatchObject({ status: 400, field: 'rows' });
  });
});
