import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

interface Answer {
  accepted: number;
  duplicates: number;
  refused: { index: number; field: string; reason: string }[];
  refusedCount: number;
}

const token = 'token-of-a-test-source';
let hub: TestHub;
let url: string;
let count = 0;

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['ingest', 'record'] } });
  url = `${hub.address}/api/ingest/events`;
  await addSource('jinjiang', '510104', token);
});
afterAll(() => hub?.stop());

async function addSource(id: string, region: string, secret: string): Promise<void> {
  await hub.context.store.query(
    'insert into source (id, name, token_hash, region, created_at) values ($1, $1, $2, $3, 0)',
    [id, createHash('sha256').update(secret).digest(), region],
  );
}

/** An acceptance under an id of its own. */
function accepted(change: Record<string, unknown> = {}): Record<string, unknown> {
  count += 1;
  return {
    id: `t-${count}`,
    kind: 'case.accepted',
    region: '510104',
    casefile: `C-${count}`,
    matter: 'CG-01',
    occurredAt: Date.now() - 1_000,
    ...change,
  };
}

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
  });
}

async function answerTo(body: unknown, headers?: Record<string, string>): Promise<Answer> {
  const response = await post(typeof body === 'string' ? body : JSON.stringify(body), headers);
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

async function refusals(): Promise<number> {
  return (await hub.context.bus.manager.streams.info('REFUSED')).state.messages;
}

/** Approval events in the log; the hub's own parts publish others whenever they like. */
async function logged(): Promise<number> {
  const { state } = await hub.context.bus.manager.streams.info('EVENTS', { subjects_filter: 'event.*.case.>' });
  return Object.values(state.subjects ?? {}).reduce((sum, each) => sum + each, 0);
}

async function recorded(ids: unknown[]): Promise<number> {
  const [row] = await hub.context.store.query<{ count: number }>(
    'select count(*) as count from event_id where id = any($1)',
    [ids],
  );
  return row!.count;
}

async function untilRecorded(ids: unknown[]): Promise<void> {
  // A database that was killed may be away for a while.
  const count = () => recorded(ids).catch(() => 0);
  await untilWithin(60_000)(`${ids.length} events`, async () => (await count()) === ids.length);
}

describe('what the door takes', () => {
  it('takes one event, an array and NDJSON, plain and gzipped, and they reach the store', async () => {
    const events = Array.from({ length: 8 }, () => accepted());
    const lines = (some: unknown[]): string => some.map((each) => JSON.stringify(each)).join('\r\n');
    const ndjson = { 'content-type': 'application/x-ndjson; charset=utf-8' };
    expect(await answerTo(events[0])).toEqual({ accepted: 1, duplicates: 0, refused: [], refusedCount: 0 });
    expect(await answerTo(events.slice(1, 3))).toMatchObject({ accepted: 2 });
    expect(await answerTo(`${lines(events.slice(3, 5))}\n\n`, ndjson)).toMatchObject({ accepted: 2 });
    const zipped = await post(gzipSync(lines(events.slice(5, 8))), { ...ndjson, 'content-encoding': 'gzip' });
    expect(await zipped.json()).toMatchObject({ accepted: 3 });
    await untilRecorded(events.map(({ id }) => id));
    const [row] = await hub.context.store.query<{ source: string }>('select source from event where id = $1', [
      events[7]!.id,
    ]);
    expect(row!.source).toBe('jinjiang');
  });

  it('writes the name of the source itself', async () => {
    const event = accepted({ source: 'somebody-else' });
    await answerTo(event);
    await untilRecorded([event.id]);
    const [row] = await hub.context.store.query<{ body: { source: string } }>('select body from event where id = $1', [
      event.id,
    ]);
    expect(row!.body.source).toBe('jinjiang');
  });

  it('counts what it has seen as duplicates: at once, once recorded, and within one request', async () => {
    const event = accepted();
    expect(await answerTo(event)).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(await answerTo([event, accepted()])).toMatchObject({ accepted: 1, duplicates: 1 });
    await untilRecorded([event.id]);
    expect(await answerTo(event)).toMatchObject({ accepted: 0, duplicates: 1 });
    const other = accepted();
    expect(await answerTo([other, other])).toMatchObject({ accepted: 1, duplicates: 1 });
  });

  it('counts the same event once when two requests carry it at the same time', async () => {
    const events = Array.from({ length: 200 }, () => accepted());
    const answers = await Promise.all([1, 2, 3].map(() => answerTo(events)));
    expect(answers.reduce((sum, each) => sum + each.accepted, 0)).toBe(200);
    expect(answers.reduce((sum, each) => sum + each.duplicates, 0)).toBe(400);
    await untilRecorded(events.map(({ id }) => id));
  });

  it('refuses another event under a known id, at once and once recorded', async () => {
    const event = accepted();
    const other = { ...event, casefile: 'another' };
    await answerTo(event);
    expect((await answerTo(other)).refused).toMatchObject([{ index: 0, field: 'id' }]);
    await untilRecorded([event.id]);
    expect((await answerTo([accepted(), other])).refused).toMatchObject([{ index: 1, field: 'id' }]);
    expect(
      (
        await answerTo([
          { ...event, id: 'twice' },
          { ...other, id: 'twice' },
        ])
      ).refused,
    ).toMatchObject([{ index: 1, field: 'id' }]);
  });

  it('publishes its schema', async () => {
    const openapi = (await (await fetch(`${hub.address}/openapi.json`)).json()) as {
      paths: Record<string, { post?: { requestBody: { content: Record<string, unknown> }; responses: object } }>;
    };
    const door = openapi.paths['/api/ingest/events']!.post!;
    expect(Object.keys(door.requestBody.content)).toEqual(['application/json', 'application/x-ndjson']);
    expect(JSON.stringify(door.requestBody)).toContain('case.correctionRequested');
    expect(Object.keys(door.responses)).toEqual(['200', '400', '401', '413', '415', '503']);
  });
});

describe('who may come in', () => {
  it('asks for the token of a source', async () => {
    for (const authorization of [
      '',
      'Bearer',
      'Bearer wrong-but-long-enough',
      `Basic ${token}`,
      `Bearer ${'x'.repeat(5_000)}`,
    ]) {
      const response = await post('{}', { authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toMatch('application/problem+json');
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('keeps a source to its region and what is below', async () => {
    await addSource('chengdu', '510100', 'token-of-the-city-of-chengdu');
    const events = [
      accepted({ region: '510104' }),
      accepted({ region: '510107' }),
      accepted({ region: '510421' }),
      accepted({ region: '510000' }),
    ];
    const own = await answerTo(events);
    expect(own.refused.map(({ index, field }) => `${index} ${field}`)).toEqual(['1 region', '2 region', '3 region']);
    const city = await answerTo(events, { authorization: 'Bearer token-of-the-city-of-chengdu' });
    expect(city.refused.map(({ index, field }) => `${index} ${field}`)).toEqual(['0 id', '2 region', '3 region']);
  });
});

describe('bad input', () => {
  it('refuses each bad event with its field, keeps its bytes, and takes the others', async () => {
    const day = 86_400_000;
    const now = Date.now();
    const wrong: [field: string, reason: RegExp, event: unknown][] = [
      ['kind', /unknown kind "case.burnt"/, accepted({ kind: 'case.burnt' })],
      ['kind', /missing/, {}],
      ['', /as a JSON object, got null/, null],
      ['', /got an array/, [accepted()]],
      ['casefile', /missing; expected string/, accepted({ casefile: undefined })],
      ['casefile', /expected string; got 7/, accepted({ casefile: 7 })],
      ['occurredAt', /between 1990 and 2100/, accepted({ occurredAt: '0001-01-01T00:00:00Z' })],
      ['occurredAt', /between 1990 and 2100/, accepted({ occurredAt: '9999-12-31T00:00:00Z' })],
      ['occurredAt', /ISO 8601/, accepted({ occurredAt: '2026-02-30T00:00:00Z' })],
      ['occurredAt', /in the future/, accepted({ occurredAt: now + day })],
      ['matter', /publishes no matter NO-1/, accepted({ matter: 'NO-1' })],
      ['window', /unknown window nowhere/, accepted({ window: 'nowhere' })],
      ['window', /stands in region 510421/, accepted({ window: 'win-510421-1-01' })],
      ['colour', /unknown field/, accepted({ colour: 'red' })],
      ['note', /control characters/, accepted({ note: 'a\u0000b' })],
      [
        'occurredAt',
        /decided on .* before its acceptance on/,
        {
          id: 'early',
          kind: 'case.decided',
          region: '510104',
          casefile: 'EARLY',
          outcome: 'approved',
          occurredAt: now - 3 * day,
        },
      ],
    ];
    const before = await refusals();
    const good = [accepted({ casefile: 'EARLY' }), accepted()];
    const answer = await answerTo([good[0], ...wrong.map(([, , event]) => event), good[1]]);
    expect(answer).toMatchObject({ accepted: 2, duplicates: 0, refusedCount: wrong.length });
    answer.refused.forEach(({ index, field, reason }, at) => {
      expect({ index, field }).toEqual({ index: at + 1, field: wrong[at]![0] });
      expect(reason).toMatch(wrong[at]![1]);
    });
    await untilRecorded(good.map(({ id }) => id));
    expect((await refusals()) - before).toBe(wrong.length);
    const kept = await hub.context.bus.manager.streams.getMessage('REFUSED', { last_by_subj: 'refused.jinjiang' });
    const message = kept!.json<{ field: string; place: string; bytes: string }>();
    expect(message.place).toMatch(/^\d+$/);
    expect(Buffer.from(message.bytes, 'base64').length).toBeGreaterThan(1);
  });

  it('refuses an unknown region', async () => {
    await addSource('nation', '510000', 'token-of-the-whole-province');
    const { refused } = await answerTo(accepted({ region: '519999' }), {
      authorization: 'Bearer token-of-the-whole-province',
    });
    expect(refused).toMatchObject([{ field: 'region', reason: 'unknown region 519999' }]);
  });

  it('refuses a broken line and takes the others', async () => {
    const events = [accepted(), accepted()];
    const body = Buffer.concat([
      Buffer.from(`${JSON.stringify(events[0])}\n{"id": 1,}\n`),
      Buffer.from([0x22, 0xc4, 0xe3, 0x22, 0x0a]),
      Buffer.from(JSON.stringify(events[1])),
    ]);
    const response = await post(body, { 'content-type': 'application/x-ndjson' });
    expect(await response.json()).toEqual({
      accepted: 2,
      duplicates: 0,
      refused: [
        { index: 1, field: '', reason: 'not JSON: unexpected character at line 2, column 10' },
        { index: 2, field: '', reason: 'line 3: byte 3 is not UTF-8; send UTF-8, not GB18030' },
      ],
      refusedCount: 2,
    });
  });

  const zipped = gzipSync(JSON.stringify(Array.from({ length: 300 }, (_, n) => ({ n, id: `z-${n}` }))));
  const broken: [
    name: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    status: number,
    detail: RegExp,
  ][] = [
    ['wrong JSON', '[{"id":"a"},\n {oops}]', {}, 400, /line 2, column 3/],
    ['JSON that ends early', '[{"id":"a"}', {}, 400, /ends too early|line 1, column 12/],
    ['nothing', '', {}, 400, /ends too early/],
    ['nesting without end', '['.repeat(200_000), {}, 400, /not JSON/],
    ['GB18030', Buffer.from([0x7b, 0x22, 0xc4, 0xe3, 0x22]), {}, 400, /byte \d is not UTF-8/],
    [
      'a truncated gzip',
      zipped.subarray(0, zipped.length - 200),
      { 'content-encoding': 'gzip' },
      400,
      /the gzip is cut off after \d+ bytes/,
    ],
    ['a gzip that is none', 'plain', { 'content-encoding': 'gzip' }, 400, /the gzip is broken/],
    [
      'a gzip bomb',
      gzipSync(Buffer.alloc(100 * 2 ** 20)),
      { 'content-encoding': 'gzip' },
      413,
      /more than 67108864 bytes/,
    ],
    ['too many events', `[${'1,'.repeat(50_000)}1]`, {}, 413, /more than 50000 events/],
    ['XML', '<event/>', { 'content-type': 'application/xml' }, 415, /application\/json/],
    ['brotli', 'x', { 'content-encoding': 'br' }, 415, /gzip/],
  ];
  it.each(broken)(
    '%s is refused as a whole and nothing of it is stored',
    async (_name, body, headers, status, detail) => {
      const before = await logged();
      expect(before).toBeGreaterThan(0);
      const response = await post(body, headers);
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toMatch('application/problem+json');
      const problem = (await response.json()) as { status: number; detail: string };
      expect(problem.status).toBe(status);
      expect(problem.detail).toMatch(detail);
      expect(await logged()).toBe(before);
    },
  );

  it('bounds the listed refusals and counts them all', async () => {
    const answer = await answerTo(Array.from({ length: 1_500 }, () => 0));
    expect(answer.refused).toHaveLength(1_000);
    expect(answer.refusedCount).toBe(1_500);
  });

  it.each([true, false])('refuses 200 MB without holding it (length announced: %s)', async (announced) => {
    const piece = Buffer.alloc(2 ** 20, 0x20);
    const before = process.memoryUsage.rss();
    let highest = before;
    const status = await new Promise<number>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(announced ? { 'content-length': 200 * piece.length } : {}),
      };
      const upload = request(url, { method: 'POST', headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode!));
      });
      upload.on('error', reject);
      let left = 200;
      const write = (): void => {
        highest = Math.max(highest, process.memoryUsage.rss());
        while (left > 0) {
          left -= 1;
          if (!upload.write(piece)) return void upload.once('drain', write);
        }
        upload.end();
      };
      write();
    });
    expect(status).toBe(413);
    expect(highest - before).toBeLessThan(100 * 2 ** 20);
  });

  it('stands after all of that', async () => {
    const event = accepted();
    expect(await answerTo(event)).toMatchObject({ accepted: 1 });
    await untilRecorded([event.id]);
  });
});

describe('while a server is away', () => {
  it('says 503 and may be asked again: nothing is lost or doubled when nats-server or PostgreSQL is killed', async () => {
    const events = Array.from({ length: 3_000 }, () => accepted());
    const seen: number[] = [];
    const send = async (some: unknown[]): Promise<void> => {
      for (let tries = 0; tries < 200; tries += 1) {
        const response = await post(JSON.stringify(some));
        seen.push(response.status);
        if (response.status === 200) return;
        expect(response.status).toBe(503);
        expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
        await sleep(300);
      }
      throw new Error('the door never came back');
    };
    const batches = Array.from({ length: 30 }, (_, n) => events.slice(n * 100, n * 100 + 100));
    for (const [n, batch] of batches.entries()) {
      const { nats, postgres } = hub.backend.servers();
      if (n === 8) process.kill(nats!, 'SIGKILL');
      if (n === 18) process.kill(postgres!, 'SIGKILL');
      await send(batch);
    }
    await untilRecorded(events.map(({ id }) => id));
    const [row] = await hub.context.store.query<{ rows: number; ids: number }>(
      `select count(*) as rows, count(distinct id) as ids from event where id = any($1)`,
      [events.map(({ id }) => id)],
    );
    expect(row).toEqual({ rows: 3_000, ids: 3_000 });
    expect(seen.filter((status) => status === 200)).toHaveLength(30);
  }, 180_000);
});
