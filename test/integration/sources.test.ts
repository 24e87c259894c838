import '../support/today.ts';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayOf } from '../../hub/model/calendar.ts';
import type { SourceDetail, SourceLine } from '../../hub/model/doors.ts';
import { sign, signatureHeader, timeHeader } from '../../ingest/signature.ts';
import { backlogHeader } from '../../ingest/pulse.ts';
import { until } from '../support/desk.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
let count = 0;
const cookies: Record<string, string> = {};
const token = (source: string): string => `token-of-the-source-${source}`;
const minute = 60_000;

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['ingest', 'record', 'serve'] } });
  for (const [id, region] of [
    ['near', '510104'],
    ['wide', '510000'],
    ['signer', '510104'],
  ] as const)
    await hub.context.store.query(
      'insert into source (id, name, token_hash, region, created_at) values ($1, $2, $3, $4, 0)',
      [id, `来源 ${id}`, createHash('sha256').update(token(id)).digest(), region],
    );
  cookies['inspector'] = await hub.signIn({ name: 'i', role: 'inspector', region: '510104' });
  cookies['far'] = await hub.signIn({ name: 'f', role: 'inspector', region: '510105' });
  cookies['admin'] = await hub.signIn({ name: 'a', role: 'administrator', region: '510000' });
  cookies['manager'] = await hub.signIn({ name: 'm', role: 'hallManager', region: '510104', hall: 'hall-510104-1' });
});
afterAll(() => hub?.stop());

async function ask<T>(who: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  const response = await fetch(`${hub.address}/api/sources${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { cookie: cookies[who]!, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}

function accepted(change: Record<string, unknown> = {}): Record<string, unknown> {
  count += 1;
  return {
    id: `s-${count}`,
    kind: 'case.accepted',
    region: '510104',
    casefile: `S-${count}`,
    matter: 'CG-01',
    occurredAt: Date.now() - minute,
    ...change,
  };
}

function post(source: string, path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${hub.address}/api/ingest/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token(source)}`, 'content-type': 'application/json', ...headers },
    body,
  });
}
async function send(source: string, events: unknown[], headers?: Record<string, string>): Promise<void> {
  expect((await post(source, 'events', JSON.stringify(events), headers)).status).toBe(200);
}
const lineOf = async (who: string, id: string): Promise<SourceLine | undefined> =>
  (await ask<SourceLine[]>(who, '')).body.find((each) => each.id === id);
const counted = (who: string, id: string, events: number, refused = 0): Promise<SourceLine> =>
  until(`${events} events of ${id}`, async () => {
    const line = await lineOf(who, id);
    return line?.today.events === events && line.today.refused === refused ? line : undefined;
  });

describe('the sources', () => {
  it('show what came today, how late it was entered, and why something was refused', async () => {
    const now = Date.now();
    const late = { occurredAt: now - 3 * 86_400_000, enteredAt: now - 1_000 };
    await send('near', [
      ...Array.from({ length: 8 }, () => accepted({ occurredAt: now - 1.5 * minute, enteredAt: now })),
      accepted(late),
      accepted(late),
    ]);
    const twice = accepted();
    await send('near', [twice, { ...accepted(), casefile: twice['casefile'] }]);
    await send('near', [accepted({ matter: 'none' }), accepted({ matter: 'none' }), { kind: 'x' }], {
      [backlogHeader]: `events=7;bytes=900;oldest=${now - 7_200_000}`,
    });
    const line = await counted('inspector', 'near', 11, 1);
    expect(line).toMatchObject({
      name: '来源 near',
      stage: 'live',
      hasToken: true,
      signs: false,
      today: { events: 11, refused: 1, unread: 3 },
      lagHalf: 2 * minute,
      lagMost: 3 * 86_400_000,
    });
    const { body } = await until('the backlog', async () => {
      const answer = await ask<SourceDetail>('inspector', '/near');
      return answer.body.line.backlog ? answer : undefined;
    });
    expect(body.line).toMatchObject({ health: 'behind', backlog: { events: 7, bytes: 900 } });
    expect(body.reasons[0]).toMatchObject({ field: 'matter', count: 2, reason: expect.stringContaining('none') });
    expect(body.days[0]).toMatchObject({ day: dayOf(now), events: 11 });
    // Counting again counts nothing twice.
    expect((await lineOf('inspector', 'near'))?.today).toMatchObject({ events: 11, refused: 1, unread: 3 });
    const file = await fetch(`${hub.address}/api/sources/near/refused.ndjson`, {
      headers: { cookie: cookies['inspector']! },
    });
    const lines = (await file.text())
      .trim()
      .split('\n')
      .map((each) => JSON.parse(each) as Record<string, string>);
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0]!['text']!)).toMatchObject({ matter: 'none' });
  });

  it('compare what a source says of a day with what is recorded, keep a difference, and see it mended (FS-20)', async () => {
    const day = dayOf(Date.now() - 86_400_000);
    const occurredAt = Date.parse(`${day}T10:00:00+08:00`);
    await send('wide', [accepted({ occurredAt }), accepted({ occurredAt })]);
    const said = await post(
      'wide',
      'counts',
      JSON.stringify({ day, counts: { 'case.accepted': 3, 'case.decided': 0, all: 3 } }),
    );
    expect([said.status, await said.json()]).toEqual([200, { day, kept: 3 }]);
    const differing = await until('the difference', async () => {
      const line = await lineOf('admin', 'wide');
      return line?.differences === 1 ? line : undefined;
    });
    expect(differing.health).toBe('differs');
    const { body } = await ask<SourceDetail>('admin', '/wide');
    expect(body.counts).toMatchObject([
      { day, kind: 'all', expected: 3, difference: -1 },
      { day, kind: 'case.accepted', expected: 3, difference: -1 },
      { day, kind: 'case.decided', expected: 0, difference: 0 },
    ]);
    await send('wide', [accepted({ occurredAt })]);
    await until('the difference mended', async () => (await lineOf('admin', 'wide'))?.differences === 0);
    const mended = (await ask<SourceDetail>('admin', '/wide')).body.counts[0]!;
    expect(mended).toMatchObject({ difference: 0 });
    expect(mended.differedAt).toBeGreaterThan(0);
  });

  it.each([
    [{ day: '2026-02-30', counts: { all: 1 } }, 'day'],
    [{ day: '2020-01-01', counts: { all: 1 } }, 'day'],
    [{ day: dayOf(Date.now()), counts: { 'case.burnt': 1 } }, 'counts.case.burnt'],
    [{ day: dayOf(Date.now()), counts: { all: -1 } }, 'counts.all'],
    [{ day: dayOf(Date.now()), counts: {} }, 'counts'],
  ])('refuse counts with the field: %j', async (body, field) => {
    const answer = await post('near', 'counts', JSON.stringify(body));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ field });
  });

  it('keep to the region and the role of who looks', async () => {
    // A source of the whole province shows a county only what it sent of the county, and none of its refusals or counts.
    const near = await counted('inspector', 'wide', 3);
    expect(near.region).toBe('510000');
    expect((await ask<SourceDetail>('inspector', '/wide')).body).toMatchObject({ counts: [], reasons: [] });
    expect(await lineOf('far', 'wide')).toBeUndefined();
    expect((await ask('far', '/near')).status).toBe(404);
    expect((await ask('manager', '')).status).toBe(403);
    expect((await ask('admin', '/near/refused.ndjson')).status).toBe(403);
    expect((await ask('inspector', '/wide/refused.ndjson')).status).toBe(403);
    expect((await ask('inspector', '/near/stage', { stage: 'trial', note: 'x' })).status).toBe(403);
  });

  it('are taken in step by step, with a note of who said so (YJ-19)', async () => {
    const planned = await ask<SourceLine>('admin', '/police-feed/stage', {
      stage: 'planned',
      note: '第二批接入',
      name: '公安专网',
      region: '510104',
    });
    expect(planned.body).toMatchObject({
      name: '公安专网',
      region: '510104',
      stage: 'planned',
      hasToken: false,
      health: 'never',
    });
    expect((await ask('admin', '/police-feed/stage', { stage: 'connecting', note: '专线已通' })).status).toBe(200);
    expect((await ask<SourceDetail>('inspector', '/police-feed')).body.stages).toMatchObject([
      { stage: 'connecting', note: '专线已通', by: 'a' },
      { stage: 'planned', note: '第二批接入' },
    ]);
    const refused: [string, Record<string, string>, number, string][] = [
      ['police-feed', { stage: 'trial', note: ' ' }, 400, 'note'],
      ['police-feed', { stage: 'trial', note: 'x', name: 'other', region: '510104' }, 409, 'name'],
      ['unheard-of', { stage: 'planned', note: 'x', name: 'n', region: '440000' }, 400, 'region'],
      ['unheard-of', { stage: 'planned', note: 'x' }, 400, 'name'],
    ];
    for (const [id, body, status, field] of refused)
      expect(await ask('admin', `/${id}/stage`, body)).toMatchObject({ status, body: { field } });
  });
});

describe('a source that signs', () => {
  const key = Buffer.alloc(32, 7);
  beforeAll(async () => {
    await hub.context.store.query("update source set signing_key = $1 where id = 'signer'", [
      hub.context.seal.seal(key.toString('hex')),
    ]);
  });

  const signed = (
    body: string,
    change: { time?: number; path?: string; backlog?: string; key?: Buffer } = {},
  ): Record<string, string> => {
    const { time = Date.now(), path = '/api/ingest/events', backlog = 'events=0;bytes=0' } = change;
    return {
      [timeHeader]: String(time),
      [signatureHeader]: sign(change.key ?? key, { time, path, backlog, body: Buffer.from(body) }),
      [backlogHeader]: 'events=0;bytes=0',
    };
  };

  it('is taken with a good signature only', async () => {
    const body = JSON.stringify([accepted()]);
    expect(await (await post('signer', 'events', body, signed(body))).json()).toMatchObject({ accepted: 1 });
    const attempts: [string, string, Record<string, string>, number, string][] = [
      ['none', body, {}, 401, 'the signature is not good'],
      ['another key', body, signed(body, { key: Buffer.alloc(32, 8) }), 401, 'the signature is not good'],
      ['another body', JSON.stringify([accepted()]), signed(body), 401, 'the signature is not good'],
      ['another door', body, signed(body, { path: '/api/ingest/guangdong' }), 401, 'the signature is not good'],
      ['another backlog', body, signed(body, { backlog: 'events=1;bytes=1' }), 401, 'the signature is not good'],
      [
        'another time',
        body,
        { ...signed(body), [timeHeader]: String(Date.now() - 1) },
        401,
        'the signature is not good',
      ],
      ['too old', body, signed(body, { time: Date.now() - 6 * minute }), 400, 'the signature is too old or too new'],
      ['ahead', body, signed(body, { time: Date.now() + 6 * minute }), 400, 'the signature is too old or too new'],
    ];
    for (const [what, text, headers, status, title] of attempts) {
      const answer = await post('signer', 'events', text, headers);
      expect([what, answer.status, ((await answer.json()) as { title: string }).title]).toEqual([what, status, title]);
    }
    expect((await counted('inspector', 'signer', 1)).signs).toBe(true);
    const counts = JSON.stringify({ day: dayOf(Date.now()), counts: { all: 1 } });
    expect((await post('signer', 'counts', counts)).status).toBe(401);
    expect((await post('signer', 'counts', counts, signed(counts, { path: '/api/ingest/counts' }))).status).toBe(200);
  });
});
