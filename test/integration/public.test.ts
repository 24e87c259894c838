/** Public screens, as somebody without a session and without good intentions asks them. */
import '../support/today.ts';
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Board } from '../../hub/model/publicBoard.ts';
import type { CaseProgress, GuideList, GuideMatter } from '../../hub/model/publicCase.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const until = untilWithin(30_000);
const region = '510104';
const hall = 'hall-510104-1';
const name = '欧阳修远';
const number = 'JJ20261122-7731';
let hub: TestHub;

const ask = async <T>(path: string, body?: unknown): Promise<{ status: number; body: T; headers: Headers }> => {
  const response = await fetch(`${hub.address}/api/public${path}`, {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T, headers: response.headers };
};
const enquire = (number: string, applicant: string) =>
  ask<CaseProgress & { reason?: string }>(`/enquiry/${hall}`, { number, applicant });

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['ingest', 'record', 'serve'] } });
  const token = randomBytes(24).toString('base64url');
  await hub.context.store.query(
    'insert into source (id, name, token_hash, region, created_at) values ($1, $2, $3, $4, 0)',
    ['src', '区政务中心', createHash('sha256').update(token).digest(), region],
  );
  const common = { region, casefile: number, occurredAt: Date.now() - 60_000 };
  const sent = await fetch(`${hub.address}/api/ingest/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify([
      {
        ...common,
        id: 'public-1',
        kind: 'case.accepted',
        matter: 'SC-01',
        window: 'win-510104-1-07',
        applicant: { name, class: 'person' },
        handler: 'staff-4711',
      },
    ]),
  });
  expect(sent.status).toBe(200);
  await until(
    'the case',
    async () => (await hub.context.store.query('select 1 from casefile where number = $1', [number])).length > 0,
  );
}, 180_000);

afterAll(() => hub.stop(), 180_000);

describe('the public screen of a hall', () => {
  it('shows the case without its name and number to whoever looks, made once in five seconds (QT-12)', async () => {
    const [{ status, body, headers }, other] = await Promise.all([
      ask<Board>(`/board/${hall}`),
      ask<Board>(`/board/${hall}`),
    ]);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.cases).toHaveLength(1);
    expect(body.cases[0]).toMatchObject({ tail: '…7731', applicant: '欧**', window: '07', status: 'accepted' });
    expect(body.windows.length).toBeGreaterThan(10);
    expect(body.today).toMatchObject({ received: 1, open: 1 });
    expect(JSON.stringify(body)).not.toMatch(/阳修|20261122|staff-4711|0103/);
    expect(other.body.at).toBe(body.at);
  });

  it('says nothing of a hall that is not there', async () => {
    expect((await ask('/board/hall-nowhere')).status).toBe(404);
    expect((await ask('/matters/hall-nowhere')).status).toBe(404);
  });
});

describe('the guide on the touch screen', () => {
  it('lists the matters in force and tells one with its limits and laws (QT-11)', async () => {
    const { body } = await ask<GuideList>(`/matters/${hall}`);
    expect(body.dayUnit).toBe('working');
    const line = body.items.find(({ code }) => code === 'GA-01');
    expect(line).toMatchObject({ name: '户口迁移登记', promisedDays: 1, itemClass: 'instant' });
    const one = await ask<GuideMatter>(`/matters/${hall}/GA-01`);
    expect(one.body).toMatchObject({ bases: ['户口登记条例 第十条'], steps: ['核对证件', '登记'] });
    // Whose business it is: the windows of its department here, by their numbers.
    expect(one.body.windows.length).toBeGreaterThan(0);
    for (const { number, staff } of one.body.windows)
      expect([number, staff]).toEqual([number, expect.stringMatching(/^\d+$/)]);
    expect((await ask(`/matters/${hall}/none-such`)).status).toBe(404);
  });
});

describe('an enquiry', () => {
  it('is answered for the number with the surname or the name', async () => {
    for (const said of ['欧阳', name]) {
      const { status, body } = await enquire(number, said);
      expect(status).toBe(200);
      expect(body.steps.map(({ kind }) => kind)).toEqual(['accepted']);
      expect(body.promisedDueAt).toBeGreaterThan(Date.now());
      expect(JSON.stringify(body)).not.toMatch(/欧|staff/);
    }
  });

  it('says the same of a wrong name and of a number that nobody has, and takes five guesses at one', async () => {
    const wrong = await enquire(number, '李');
    const nobody = await enquire('JJ20261122-0000', '欧');
    expect(wrong.status).toBe(404);
    expect(wrong.body).toEqual(nobody.body);
    // Two answers, one wrong name: two guesses are left.
    for (const said of ['王', '张']) expect((await enquire(number, said)).status).toBe(404);
    const sixth = await enquire(number, '欧');
    expect(sixth.status).toBe(429);
    expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('names the field that is missing, and limits one address to a rush of twenty', async () => {
    expect((await ask(`/enquiry/${hall}`, { number })).body).toMatchObject({ status: 400, field: 'applicant' });
    const said = async (index: number) => (await enquire(`N-${index}`, '张')).status;
    for (let index = 0; index < 5; index += 1) expect(await said(index)).toBe(404);
    expect(await Promise.all(Array.from({ length: 20 }, (_, index) => said(5 + index)))).toContain(429);
  });
});

it('the region switches it off (C-01)', async () => {
  const { store } = hub.context;
  await store.query(
    `update rule_pack set body = jsonb_set(body, '{settings,publicity}', '{"article":"a","board":false,"enquiry":false}')`,
  );
  await hub.backend.reload();
  for (const path of [`/board/${hall}`, `/matters/${hall}`, `/matters/${hall}/GA-01`])
    expect((await ask(path)).status, path).toBe(404);
});
