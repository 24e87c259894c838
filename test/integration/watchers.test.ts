import '../support/today.ts';
import readXlsx from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeadershipNumbers } from '../../hub/model/leadershipApi.ts';
import type { MyMonth, StayPage, Stay, WatchersReport } from '../../hub/model/attentionApi.ts';
import { startOf } from '../../hub/model/calendar.ts';
import { sessions } from '../../hub/platform/access.ts';
import type { Store } from '../../hub/platform/postgres.ts';
import { condenseViewings, forgetViewings } from '../../hub/serve/viewings.ts';
import { startDesk, until, type Desk } from '../support/desk.ts';
import { noteOpening } from '../../stream/evidence.ts';

/** A Friday of the past; nine in the morning. */
const day = '2026-03-20';
const nine = startOf(day) + 9 * 3_600_000;
const minute = 60_000;
let desk: Desk;
let store: Store;
/** Sessions and the cookies they are held by. */
const held = new Map<string, { session: string; cookie: string }>();

async function enter(name: string, role?: string, region = '510104'): Promise<void> {
  if (role !== undefined)
    await store.query(
      `insert into account (name, display, password, role, region, created_at) values ($1, $1, '-', $2, $3, 0)`,
      [name, role, region],
    );
  const { token, session } = await sessions(store).create(name);
  held.set(name, { session, cookie: `hallwatch=${token}` });
}

async function ask(name: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${desk.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      cookie: held.get(name)!.cookie,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

interface Delivered {
  session: string;
  camera: string;
  from: number;
  to: number;
  at: number;
}

/** Writes deliveries down as the stream part does. */
async function deliver(table: 'delivery' | 'playback', rows: readonly Delivered[]): Promise<void> {
  await store.query(
    `insert into ${table} (session, camera, media_from, media_to, at) select * from unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::int8[])`,
    (['session', 'camera', 'from', 'to', 'at'] as const).map((key) => rows.map((row) => row[key])),
  );
}

/** From `from` for so many minutes, in pieces of two seconds. */
const live = (session: string, camera: string, from: number, minutes: number): Delivered[] =>
  Array.from({ length: minutes * 30 }, (_, index) => from + index * 2_000).map((at) => ({
    session,
    camera,
    from: at,
    to: at + 2_000,
    at: at + 2_500,
  }));

/** Condenses everything from `since` on; the hub's own round may take part of it, which changes nothing. */
async function condense(since: number): Promise<void> {
  await store.query('update viewing_counting set at = $1', [since]);
  while (await condenseViewings(store, desk.world, Date.now()));
}

const counted = () =>
  store.query(`select session, camera, kind, from_at, until_at, seconds, outside, off, planned, visit, hall, hall_window, account
    from viewing order by session, camera, kind, from_at`);

beforeAll(async () => {
  desk = await startDesk();
  store = desk.backend.store;
  for (const name of ['li', 'zhao', 'wang', 'admin']) await enter(name);
  await enter('guan', 'overseer');
  await enter('guan9', 'overseer', '510105');
  // Of a time that is long over, for the hub's own sweep.
  await deliver('playback', [{ session: 'swept', camera: 'c1', from: 0, to: 1_000, at: 1 }]);
}, 180_000);

afterAll(async () => {
  await desk.close();
}, 180_000);

describe('what was delivered', () => {
  it('is counted as it was, in whatever pieces and however often', async () => {
    const random = (seed: number) => () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    const next = random(7);
    const rows: Delivered[] = [];
    for (const name of ['li', 'zhao'])
      for (const camera of ['c1', 'c2', 'c9']) {
        const { session } = held.get(name)!;
        let at = nine;
        for (let count = 0; count < 400; count += 1) {
          // Parts that follow each other, parts twice (two tabs, two qualities), and pauses.
          const pause = next() < 0.03 ? next() * 400_000 : 0;
          const length = 150 + Math.round(next() * 4_000);
          at = Math.round(at + pause);
          rows.push({ session, camera, from: at, to: at + length, at: at + length + Math.round(next() * 900) });
          if (next() < 0.3) rows.push({ session, camera, from: at - 700, to: at + 300, at: at + 1_000 });
          at += length;
        }
      }
    // A relay between levels is no person.
    rows.push(...live('relay-1', 'c1', nine, 5));
    await deliver('delivery', rows);
    await condense(nine - minute);
    const once = await counted();
    const [raw] = await store.query<{ seconds: number }>(
      `select count(*)::int as seconds from (select distinct session, camera, s from delivery
        cross join lateral generate_series(media_from / 1000, (media_to + 999) / 1000 - 1) s where session <> 'relay-1') d`,
    );
    expect(once.reduce((sum, { seconds }) => sum + Number(seconds), 0)).toBe(raw!.seconds);
    expect(once.length).toBeGreaterThan(20);
    expect(new Set(once.map(({ account }) => account))).toEqual(new Set(['li', 'zhao']));
    // The same again, and from the middle on.
    await condense(nine - minute);
    await condense(nine + 7 * minute + 333);
    expect(await counted()).toEqual(once);
    // And in small pieces, as it came.
    await store.query('delete from viewing');
    await store.query('update viewing_counting set at = $1', [nine - minute]);
    const last = Math.max(...rows.map(({ at }) => at));
    for (let now = nine; now < last + minute; now += 97_000) await condenseViewings(store, desk.world, now);
    while (await condenseViewings(store, desk.world, Date.now()));
    expect(await counted()).toEqual(once);
    await store.query('delete from viewing');
    await store.query('delete from delivery');
  });

  it('knows own visits, duties, hours and places; recordings by when they were watched', async () => {
    const { session } = held.get('li')!;
    await store.query(
      `insert into visit (id, region, duty, hall, account, state, started_at, position, body) values ('v1', '510104', 'd', 'hall-1', 'li', 'finished', $1, 1, $2)`,
      [
        nine + 10 * minute,
        {
          id: 'v1',
          account: 'li',
          finishedAt: nine + 20 * minute,
          counts: true,
          findings: 2,
          views: [
            { window: 'w1', seconds: 300 },
            { window: 'w2', seconds: 250.6 },
          ],
        },
      ],
    );
    await deliver('delivery', [
      ...live(session, 'c1', nine, 30),
      // Before the hall opens.
      ...live(session, 'c2', nine - 90 * minute, 20),
    ]);
    // The hub sweeps once, ten seconds after its start, and not again within the hour: what follows is as old as what it removes.
    await until('the sweep', async () => (await store.query(`select from playback`)).length === 0, 60_000);
    // Yesterday's picture, half an hour of it within five minutes of this day.
    const watchedAt = nine + 60 * minute;
    await deliver(
      'playback',
      Array.from({ length: 50 }, (_, index) => ({
        session,
        camera: 'c2',
        from: nine - 86_400_000 + index * 6_000,
        to: nine - 86_400_000 + (index + 1) * 6_000,
        at: watchedAt + index * 6_000,
      })),
    );
    await condense(nine - 120 * minute);
    const rows = await counted();
    expect(rows).toMatchObject([
      {
        camera: 'c1',
        kind: 'live',
        from_at: nine,
        until_at: nine + 30 * minute,
        seconds: 1800,
        outside: 1200,
        off: 0,
        planned: true,
        visit: 'v1',
        hall: 'hall-1',
        hall_window: 'w1',
      },
      { camera: 'c2', kind: 'live', seconds: 1200, outside: 1200, off: 1200, visit: null },
      { camera: 'c2', kind: 'playback', from_at: watchedAt, seconds: 300, outside: 300 },
    ]);
  });

  it('of evidence is counted by its openings in the archive', async () => {
    const at = nine + 100 * minute;
    await store.query(
      `insert into evidence (id, region, hall, camera, taken_at, until_at, state, position, body) values ('ev1', '510104', 'hall-1', 'c1', $1, $1, 'sealed', 1, '{}')`,
      [at],
    );
    // The picture of a finding is a moment of its own, once in ten minutes; it is no released evidence.
    await store.query(
      `insert into finding (id, region, visit, hall, hall_window, at, position, body) values ('f1', '510104', 'v1', 'hall-1', 'w2', $1, 1, $2)`,
      [at, { camera: 'c2' }],
    );
    await store.query(
      `insert into finding (id, region, visit, hall, hall_window, at, position, body) values ('f2', '510104', 'v1', 'hall-1', 'w1', $1, 1, $2)`,
      [at, { state: 'withdrawn' }],
    );
    const { session } = held.get('li')!;
    for (const minutes of [0, 3, 12]) await noteOpening(store, session, 'f1', at + minutes * minute);
    await noteOpening(store, 'nobody', 'f1', at);
    for (let n = 0; n < 10; n += 1)
      await store.query(
        `insert into event (position, received_at, id, region, kind, occurred_at, source, body) values ($1, $2, $3, '510104', 'evidence.viewed', $2, 'stream', $4)`,
        [1_000_000 + n, at + n * minute, `view-${n}`, { account: 'li', name: 'li', evidence: 'ev1' }],
      );
    await condense(at);
    const [{ count } = { count: 0 }] = await store.query<{ count: number }>(
      `select count(*)::int as count from viewing where kind = 'evidence' and account = 'li' and hall_window = 'w1' and day = $1`,
      [day],
    );
    expect(count).toBe(10);
  });
});

describe("the overseer's month (SC-29)", () => {
  const month = '2026-03';
  const report = async (name = 'guan') => (await ask(name, `/api/watchers?month=${month}`)).body as WatchersReport;

  it('is for overseers, of the people of their own region', async () => {
    for (const name of ['li', 'wang', 'admin'])
      for (const path of ['/api/watchers', '/api/watchers.csv', '/api/watchers/people/li'])
        expect((await ask(name, path)).status, `${name} ${path}`).toBe(403);
    expect((await report()).people.map(({ account }) => account)).toEqual(['li']);
    expect((await report('guan9')).people).toEqual([]);
    expect((await ask('guan9', `/api/watchers/people/li?month=${month}`)).body).toEqual({ items: [] });
    expect((await ask('guan', '/api/watchers?month=march')).body).toMatchObject({ status: 400, field: 'month' });
  });

  it('shows no picture, no evidence and no business to them', async () => {
    for (const path of [
      '/api/evidence',
      '/api/duties',
      '/api/signals',
      '/api/casefiles',
      '/api/recorded/holds',
      '/api/mine',
    ])
      expect((await ask('guan', path)).status, path).toBe(403);
  });

  it('adds up by person and by window, and says what asks for an explanation', async () => {
    const { people, places, unusual, isCut } = await report();
    expect(isCut).toBe(false);
    expect(people).toMatchObject([
      {
        account: 'li',
        live: 3000,
        playback: 300,
        inVisits: 600,
        outside: 2700,
        evidence: 10,
        findings: 2,
        windows: 2,
        days: 1,
        unusual: 2,
      },
    ]);
    expect(places).toMatchObject([
      { windowNumber: '1', hallName: '政务服务中心', people: 1, live: 1800, evidence: 10 },
      { windowNumber: '2', live: 1200, playback: 300, evidence: 0, findings: 2 },
    ]);
    expect(unusual.map(({ id }) => id)).toEqual([`evidence:${day}:li`, `offHours:${day}:li:hall-1`]);
    const { items } = (await ask('guan', `/api/watchers/people/li?month=${month}&limit=5`)).body as StayPage;
    expect(items).toHaveLength(5);
    const found: Stay[] = [];
    let [rest, next] = [0, ''];
    do {
      const page = (await ask('guan', `/api/watchers/people/li?month=${month}&limit=5${next}`)).body as StayPage;
      rest += page.items.length;
      found.push(...page.items.filter(({ kind }) => kind === 'finding'));
      next = page.next === undefined ? '' : `&before=${encodeURIComponent(page.next)}`;
    } while (next !== '');
    expect(rest).toBe(15);
    const opened = { hallName: '政务服务中心', windowNumber: '2', seconds: 0, finding: { id: 'f1' } };
    expect(found).toMatchObject([opened, opened]);
  });

  it('keeps an explanation in the ledger, once for a double click, and shows it to the person', async () => {
    const attention = `offHours:${day}:li:hall-1`;
    const explain = (name: string, note: string, id = attention) =>
      ask(name, '/api/watchers/explanations', { month, attention: id, note });
    expect((await explain('li', '加班')).status).toBe(403);
    expect((await explain('guan9', '加班')).status).toBe(404);
    expect((await explain('guan', '加班', 'long:2026-03-20:li:w1')).status).toBe(404);
    expect((await explain('guan', '  ')).body).toMatchObject({ status: 400, field: 'note' });
    const answers = await Promise.all([explain('guan', '开门前设备检查'), explain('guan', '开门前设备检查')]);
    for (const { status, body } of answers)
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { explained: { name: 'guan', note: '开门前设备检查' } },
      });
    const entries = await store.query<{ body: { facts: object } }>(
      `select body from ledger where act = 'attention.explained' and subject = $1`,
      [attention],
    );
    expect(entries.map(({ body }) => body.facts)).toMatchObject([{ watcher: 'li', reason: 'offHours', day }]);
    expect((await report()).people[0]).toMatchObject({ unusual: 2, open: 1 });
    const mine = (await ask('li', `/api/mine?month=${month}`)).body as MyMonth;
    expect(mine.unusual.find(({ id }) => id === attention)?.explained?.note).toBe('开门前设备检查');
  });

  it('is a spreadsheet and a list in the language asked for', async () => {
    const { cookie } = held.get('guan')!;
    const file = async (path: string) => (await fetch(`${desk.url}${path}`, { headers: { cookie } })).arrayBuffer();
    const rows = await readXlsx(Buffer.from(await file(`/api/watchers.xlsx?month=${month}&part=people&lang=en`)));
    expect((rows as unknown as { data?: unknown[][] }[])[0]?.data ?? rows).toMatchObject([
      expect.arrayContaining(['Name', 'Not explained']),
      expect.arrayContaining(['li', 'Inspector', 50]),
    ]);
    const text = Buffer.from(await file(`/api/watchers.csv?month=${month}`)).toString();
    expect(text).toContain('非服务时间观看');
    expect(text).toContain('开门前设备检查');
    expect(Buffer.from(await file(`/api/watchers.csv?month=${month}&part=windows`)).toString()).toContain('1号窗口');
  });
});

describe('one’s own page', () => {
  it('shows one’s own watching and work, and nobody else’s', async () => {
    const month = '2026-03';
    const { total, work, places } = (await ask('li', `/api/mine?month=${month}`)).body as MyMonth;
    expect(total).toMatchObject({ live: 3000, playback: 300, evidence: 10, findings: 2, days: 1 });
    // Of the visit's two findings one was withdrawn.
    expect(work).toEqual({ visits: 1, counted: 1, verifiedSeconds: 551, findings: 1 });
    expect(places).toHaveLength(2);
    expect(((await ask('li', `/api/mine/stays?month=${month}`)).body as StayPage).items).toHaveLength(15);
    const other = (await ask('zhao', `/api/mine?month=${month}`)).body as MyMonth;
    expect(other).toMatchObject({ total: { live: 0, stays: 0 }, places: [], unusual: [], work: { visits: 0 } });
    expect(((await ask('wang', `/api/mine/stays?month=${month}`)).body as StayPage).items).toEqual([]);
  });
});

describe('the numbers for leaders', () => {
  const duties: [
    organ: string,
    region: string,
    hall: string,
    day: string,
    state: string,
    required: number,
    done: number,
    cause?: string,
  ][] = [
    ['organ-1', '510104', 'hall-1', '2026-01-05', 'done', 2, 3],
    ['organ-1', '510104', 'hall-1', '2026-01-06', 'missed', 2, 1],
    ['organ-1', '510104', 'hall-2', '2026-02-02', 'couldNotInspect', 2, 0, 'offline'],
    ['organ-1', '510104', 'hall-2', '2026-02-03', 'couldNotInspect', 2, 0],
    ['organ-9', '510105', 'hall-9', '2026-02-02', 'done', 2, 2],
    ['organ-9', '510105', 'hall-9', '2025-12-31', 'done', 2, 2],
  ];
  const hour = 3_600_000;
  /** Found on the tenth of a month, put right so many hours later. */
  const findings: [
    region: string,
    hall: string,
    code: string,
    month: string,
    hours?: number,
    state?: string,
    late?: boolean,
  ][] = [
    ['510104', 'hall-1', 'A01', '2026-01', 1, 'verified'],
    ['510104', 'hall-1', 'A02', '2026-01', 3, 'rectified'],
    ['510104', 'hall-2', 'B01', '2026-02', 8, 'verified', true],
    ['510104', 'hall-2', 'B01', '2026-02', 5, 'responded'],
    ['510104', 'hall-2', 'H01', '2026-02', undefined, 'withdrawn'],
    ['510105', 'hall-9', 'A01', '2026-02'],
  ];
  const numbers = async (name: string, query = '') =>
    (await ask(name, `/api/numbers?from=2026-01&to=2026-02${query}`)).body as LeadershipNumbers;

  beforeAll(async () => {
    for (const [index, [organ, region, hall, on, state, required, done, cause]] of duties.entries())
      await store.query(
        `insert into duty (id, region, organ, hall, day, state, due_at, position, body) values ($1, $2, $3, $4, $5, $6, 0, 1, $7)`,
        [`duty-${index}`, region, organ, hall, on, state, { required, done, ...(cause ? { cause } : {}) }],
      );
    for (const [index, [region, hall, code, month, hours, state, late]] of findings.entries()) {
      const at = startOf(`${month}-10`);
      await store.query(
        `insert into finding (id, region, visit, hall, hall_window, at, position, body) values ($1, $2, 'v', $3, 'w', $4, 1, $5)`,
        [
          `finding-${index}`,
          region,
          hall,
          at,
          {
            code,
            at,
            ...(state ? { state } : {}),
            ...(hours === undefined ? {} : { rectification: { at: at + hours * hour } }),
            ...(late ? { late: { rectification: at } } : {}),
          },
        ],
      );
    }
  });

  it('count what was owed, done, missed and could not be inspected, by organ, level and month', async () => {
    const found = await numbers('li');
    expect(found.total).toEqual({ required: 8, done: 3, duties: 4, couldNot: 2, missed: 1 });
    expect(found.months).toEqual([
      { month: '2026-01', required: 4, done: 3, duties: 2, couldNot: 0, missed: 1, found: 2 },
      { month: '2026-02', required: 4, done: 0, duties: 2, couldNot: 2, missed: 0, found: 2 },
    ]);
    expect(found.levels).toEqual([{ level: 'county', ...found.total }]);
    expect(found.organs).toEqual([{ organ: 'organ-1', name: '锦江区监察局', level: 'county', ...found.total }]);
    expect(found.couldNot.filter(({ count }) => count > 0)).toEqual([
      { cause: 'offline', count: 1 },
      { cause: 'other', count: 1 },
    ]);
  });

  it('count findings by kind and hall, and how long it took to put them right', async () => {
    const found = await numbers('li');
    expect(found.groups).toEqual([
      { group: 'A', found: 2, rectified: 2, late: 0, median: 2 * hour, ninth: 2.8 * hour },
      { group: 'B', found: 2, rectified: 1, late: 1, median: 8 * hour, ninth: 8 * hour },
    ]);
    expect(found.rectification).toEqual({ found: 4, rectified: 3, late: 1, median: 3 * hour, ninth: 7 * hour });
    expect(found.halls.map(({ hall, total, groups }) => ({ hall, total, groups }))).toEqual([
      { hall: 'hall-1', total: 2, groups: { A: 2 } },
      { hall: 'hall-2', total: 2, groups: { B: 2 } },
    ]);
  });

  it('are those of the own region and below, of one level where that is asked', async () => {
    await enter('chen');
    const city = await numbers('chen');
    expect(city.organs.map(({ organ, required, done }) => [organ, required, done])).toEqual([
      ['organ-1', 8, 3],
      ['organ-9', 2, 2],
    ]);
    expect(await numbers('chen', '&level=city')).toMatchObject({
      total: { required: 0 },
      organs: [],
      groups: [],
      levels: [],
    });
    expect((await numbers('chen', '&level=county')).total).toEqual(city.total);
    expect((await numbers('chen', '&region=510105')).total).toMatchObject({ required: 2, done: 2 });
    expect(await numbers('li', '&region=510105')).toMatchObject({ status: 403, field: 'region' });
    expect((await ask('li', '/api/numbers?from=2026-02&to=2026-01')).body).toMatchObject({ status: 400, field: 'to' });
    expect((await ask('li', '/api/numbers?from=2010-01&to=2026-01')).body).toMatchObject({
      status: 400,
      field: 'from',
    });
    expect((await numbers('guan')).total.required).toBe(8);
    for (const name of ['wang', 'admin']) expect((await ask(name, '/api/numbers')).status, name).toBe(403);
  });

  it('are files', async () => {
    const { cookie } = held.get('li')!;
    for (const part of ['months', 'organs', 'halls', 'groups', 'causes']) {
      const path = `/api/numbers.csv?from=2026-01&to=2026-02&lang=en&part=${part}`;
      const text = await (await fetch(`${desk.url}${path}`, { headers: { cookie } })).text();
      expect(text.trim().split('\r\n').length, part).toBe(
        { months: 3, organs: 3, halls: 3, groups: 4, causes: 7 }[part],
      );
      expect(text).not.toMatch(/undefined|NaN/);
    }
  });
});

describe('what is over', () => {
  it('is forgotten after its time, and only then', async () => {
    const rows = () => store.query(`select from viewing`);
    const before = (await rows()).length;
    const over = nine + 100 * minute + 400 * 86_400_000;
    while (await forgetViewings(store, over - 2 * 60 * minute, 400));
    expect((await rows()).length).toBeLessThan(before);
    expect((await rows()).length).toBeGreaterThan(0);
    while (await forgetViewings(store, over + 86_400_000, 400));
    expect(await rows()).toEqual([]);
  });
});
