/** The explorer on a real hub: who sees what, pages while rows arrive, files that read back, and figures counted by hand. */
import '../support/today.ts';
import { parse } from 'csv-parse/sync';
import readExcelFile from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseLine } from '../../hub/model/api.ts';
import { dayOf, endOf, startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { countCases } from '../../hub/serve/counting.ts';
import { csvLine } from '../../hub/serve/exports.ts';
import { startDesk, until, type Account, type Desk } from '../support/desk.ts';

let desk: Desk;
/** Ten in the morning of a day. */
const on = (day: string): number => startOf(day) + 10 * 3_600_000;
const now = Date.now();

interface Told {
  region?: string;
  window?: string;
  matter?: string;
  department?: string;
  accepted: string;
  due: string;
  completed?: string;
}

/** Accepted, due at the end of a day, and completed where it says so. */
function caseOf(number: string, told: Told): Event[] {
  const { region = '510104', window = 'w1', matter = 'M1', department = 'd1', accepted, due, completed } = told;
  const common = { region, source: 'test', casefile: number };
  return [
    {
      ...common,
      kind: 'case.accepted',
      id: `${number}-accepted`,
      matter,
      department,
      window,
      occurredAt: on(accepted),
      promisedDueAt: endOf(due),
    },
    ...(completed === undefined
      ? []
      : ([{ ...common, kind: 'case.completed', id: `${number}-completed`, occurredAt: on(completed) }] as Event[])),
  ];
}

const told: [string, Told][] = [
  ['E1', { accepted: '2026-03-02', due: '2026-03-10', completed: '2026-03-06' }],
  ['E2', { accepted: '2026-03-02', due: '2026-03-10', completed: '2026-03-10' }],
  ['E3', { accepted: '2026-03-02', due: '2026-03-10', completed: '2026-03-12' }],
  ['E4', { accepted: '2026-03-30', due: '2026-04-10', completed: '2026-04-01' }],
  ['E5', { accepted: '2026-04-02', due: '2026-04-09', window: 'w3' }],
  ['B1', { accepted: '2026-03-02', due: '2026-03-10', completed: '2026-03-11', region: '510105', window: 'w9' }],
  ['F1', { accepted: dayOf(now - 86_400_000), due: dayOf(now + 86_400_000), department: 'd2', matter: 'M3' }],
];

beforeAll(async () => {
  desk = await startDesk();
  const add = (code: string, name: string, more = {}) =>
    (desk.world.matters as Map<string, unknown>).set(`510104/${code}`, {
      ...desk.world.matters.get('510104/M1'),
      code,
      name,
      ...more,
    });
  add('M2', '无人申请的事项');
  add('M3', '=1+1 公式');
  add('M4', '（不公开）', { secret: true });
  await desk.backend.bus.publishAll(told.flatMap(([number, each]) => caseOf(number, each)));
  await until('casefiles and signals', async () => {
    const [row] = await desk.backend.store.query<{ n: number }>(
      `select (select count(*) from casefile where ended_at is not null or number in ('E5', 'F1')) + (select count(*) from signal where rule = 'over-promised') as n`,
    );
    // E3, B1 and E5 were late.
    return row!.n >= 10;
  });
}, 180_000);
afterAll(() => desk.close(), 180_000);

async function list(account: Account, search = ''): Promise<CaseLine[]> {
  const answer = await desk.ask(account, `/api/casefiles${search}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.items;
}
const numbers = async (account: Account, search = ''): Promise<string[]> =>
  (await list(account, search)).map((line) => line.number).sort();

async function file(account: Account, path: string): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const response = await fetch(`${desk.url}${path}`, { headers: { cookie: await desk.cookie(account) } });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

describe('casefiles', () => {
  it('shows each person their own', async () => {
    expect(await numbers('li')).toEqual(['E1', 'E2', 'E3', 'E4', 'E5', 'F1']);
    expect(await numbers('zhao')).toEqual(['B1']);
    expect(await numbers('chen')).toHaveLength(7);
    expect(await numbers('sun')).toEqual(['E5']);
    expect(await numbers('sun', '?hall=hall-1')).toEqual([]);
    expect(await numbers('li', '?region=510105')).toEqual([]);
    expect(await numbers('chen', '?region=510105')).toEqual(['B1']);
    expect((await desk.ask('admin', '/api/casefiles')).status).toBe(403);
    expect((await desk.ask(undefined, '/api/casefiles')).status).toBe(401);
  });

  it.each([
    ['?status=completed', ['E1', 'E2', 'E3', 'E4']],
    ['?status=accepted', ['E5', 'F1']],
    ['?clock=open', ['E5', 'F1']],
    ['?clock=dueSoon', ['F1']],
    ['?clock=late', ['E3', 'E5']],
    ['?clock=onTime', ['E1', 'E2', 'E4', 'F1']],
    ['?clock=late&status=completed', ['E3']],
    ['?department=d2', ['F1']],
    ['?matter=M3', ['F1']],
    ['?hall=hall-2', ['E5']],
    ['?text=E', ['E1', 'E2', 'E3', 'E4', 'E5']],
    ['?text=E4', ['E4']],
    ['?text=%25', []],
    ['?text=公式', ['F1']],
    ['?from=2026-03-30&to=2026-04-02', ['E4', 'E5']],
    ['?text=E&clock=late&hall=hall-1&matter=M1&department=d1&region=510104&status=completed&from=2026-03-02', ['E3']],
  ])('%s', async (search, expected) => {
    expect(await numbers('li', search)).toEqual(expected);
  });

  it('has what an inspector needs in each row', async () => {
    const [line] = await list('li', '?text=E3');
    expect(line).toEqual({
      id: '510104:E3',
      number: 'E3',
      region: '510104',
      matter: 'M1',
      department: 'd1',
      hall: 'hall-1',
      window: 'w1',
      windowNumber: '1',
      status: 'completed',
      openedAt: on('2026-03-02'),
      acceptedAt: on('2026-03-02'),
      completedAt: on('2026-03-12'),
      endedAt: on('2026-03-12'),
      dueAt: endOf('2026-03-10'),
      // The source gave the deadline: days begun.
      overDays: 2,
      openSignals: expect.any(Number),
    });
    const [open] = await list('li', '?text=E5');
    expect(open!.openSignals).toBeGreaterThan(0);
    expect(open!.overDays).toBeGreaterThan(100);
  });

  it('gives every row once while others arrive', async () => {
    const first = await desk.ask('li', '/api/casefiles?limit=2');
    await desk.backend.bus.publishAll([
      ...caseOf('G1', { accepted: dayOf(now), due: dayOf(now + 86_400_000 * 20) }),
      {
        kind: 'case.stepped',
        id: 'E1-step',
        region: '510104',
        source: 'test',
        casefile: 'E1',
        step: 'archive',
        occurredAt: now,
      },
    ] as Event[]);
    await until('the new case', async () => (await numbers('li', '?text=G1')).length === 1);
    const seen: string[] = first.body.items.map((line: CaseLine) => line.number);
    for (let next = first.body.next; next !== undefined;) {
      const page = await desk.ask('li', `/api/casefiles?limit=1&before=${encodeURIComponent(next)}`);
      seen.push(...page.body.items.map((line: CaseLine) => line.number));
      next = page.body.next;
    }
    // E1, E2 and E3 came in at the same moment.
    expect(seen).toEqual(['F1', 'E5', 'E4', 'E3', 'E2', 'E1']);
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=501', 'limit'],
    ['?clock=red', 'clock'],
    ['?status=done', 'status'],
    ['?from=2026-02-30', 'from'],
    ['?region=51', 'region'],
    ['?before=yesterday', 'before'],
    [`?text=${'x'.repeat(61)}`, 'text'],
  ])('names what it cannot read: %s', async (search, field) => {
    const answer = await desk.ask('li', `/api/casefiles${search}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ field });
  });
});

describe('files', () => {
  it('are CSV that reads back, with its mark, date and language', async () => {
    const { status, headers, bytes } = await file('li', '/api/casefiles.csv?text=E&lang=en');
    expect(status).toBe(200);
    expect(headers.get('content-disposition')).toBe(`attachment; filename="cases-${dayOf(Date.now())}.csv"`);
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const rows: Record<string, string>[] = parse(bytes, { bom: true, columns: true });
    expect(rows.map((row) => row['Number'])).toEqual(['E5', 'E4', 'E3', 'E2', 'E1']);
    expect(rows[2]).toMatchObject({ Status: 'Completed', Due: '2026-03-10 23:59:59', 'Days over': '2', Window: '1' });
  });

  it('are XLSX that reads back, with formulas kept as text', async () => {
    const { status, headers, bytes } = await file('li', '/api/casefiles.xlsx?matter=M3');
    expect(status).toBe(200);
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="cases-\d{4}-\d{2}-\d{2}\.xlsx"$/);
    const read: unknown = await readExcelFile(bytes);
    const text = JSON.stringify(read);
    expect(text).toContain('办件编号');
    expect(text).toContain(`"'=1+1 公式"`);
    expect(text).toContain('"F1"');
  });

  it('hold signals too', async () => {
    const { bytes } = await file('li', '/api/signals.csv?lang=en&state=open&level=correction');
    const rows: Record<string, string>[] = parse(bytes, { bom: true, columns: true });
    expect(rows.map((row) => row['Case'])).toContain('510104:E5');
    const xlsx = await file('chen', '/api/signals.xlsx?region=510105');
    const text = JSON.stringify(await readExcelFile(xlsx.bytes));
    expect(text).toContain('510105:B1');
    expect(text).not.toContain('510104:');
  });

  it('keep to the right and the scope', async () => {
    expect((await file('admin', '/api/casefiles.csv')).status).toBe(403);
    expect((await file('admin', '/api/signals.xlsx')).status).toBe(403);
    expect((await file('sun', '/api/casefiles.csv')).bytes.toString()).not.toContain('E1');
    expect((await file('li', '/api/signals.csv?state=loud')).status).toBe(400);
  });

  it.each([
    ['=1+1', `'=1+1`],
    ['+1', `'+1`],
    ['-1', `'-1`],
    ['@x', `'@x`],
    ['＝cmd', `'＝cmd`],
    ['a,"b"', '"a,""b"""'],
    [-1, '-1'],
    [undefined, ''],
  ])('a cell %j is written as %s', (cell, written) => {
    expect(csvLine([cell, 'end'])).toBe(`${written},end\r\n`);
  });

  it('are written one at a time', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => file('li', '/api/casefiles.xlsx')));
    // The first one may be written before the last one is asked for.
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect((await file('li', '/api/casefiles.csv')).status).toBe(200);
  });
});

describe('statistics', () => {
  const period = 'from=2026-03-01&to=2026-04-30';
  it('count each month and department (FS-32)', async () => {
    const { body } = await desk.ask('li', `/api/statistics?${period}`);
    expect(body.months).toEqual([
      { month: '2026-03', received: 4, completed: 3, early: 1, late: 1 },
      { month: '2026-04', received: 1, completed: 1, early: 1, late: 0 },
    ]);
    expect(body.total).toEqual({ received: 5, completed: 4, early: 2, late: 1 });
    expect(body.departments).toEqual([
      { id: 'd1', name: '市场监管局', received: 5, completed: 4, early: 2, late: 1, openLate: 1 },
    ]);
  });

  it('name the published matters without a case, but no secret one (XY-18, JY-02)', async () => {
    const { body } = await desk.ask('li', `/api/statistics?${period}`);
    expect(body.coverage.published).toBe(3);
    expect(body.coverage.uncovered.map((each: { code: string }) => each.code)).toEqual(['M2', 'M3']);
    // A hall publishes no matters of its own.
    expect((await desk.ask('sun', `/api/statistics?${period}`)).body.coverage).toBeUndefined();
  });

  it('compare one matter across regions (FS-39)', async () => {
    const { body } = await desk.ask('chen', `/api/statistics/comparison?matter=M1&${period}`);
    expect(body.regions).toEqual([
      {
        region: '510104',
        name: '锦江区',
        statutoryDays: 10,
        promisedDays: 5,
        steps: 0,
        completed: 4,
        late: 1,
        // 4, 8, 10 and 2 days.
        averageDays: 6,
      },
      { region: '510105', name: '青羊区', completed: 1, late: 1, averageDays: 9 },
    ]);
  });

  it('keep to the scope', async () => {
    expect((await desk.ask('sun', `/api/statistics?${period}`)).body.total).toMatchObject({
      received: 1,
      completed: 0,
    });
    expect((await desk.ask('chen', `/api/statistics?${period}&region=510105`)).body.total).toMatchObject({
      completed: 1,
      late: 1,
    });
    expect((await desk.ask('li', `/api/statistics?region=510105`)).status).toBe(403);
    expect((await desk.ask('admin', '/api/statistics')).status).toBe(403);
    expect((await desk.ask('li', '/api/statistics?from=2026-04-02&to=2026-04-01')).body).toMatchObject({ field: 'to' });
    expect((await desk.ask('li', '/api/statistics?from=2000-01-01')).body).toMatchObject({ field: 'from' });
    expect((await desk.ask('li', '/api/statistics/comparison')).body).toMatchObject({ status: 400, field: 'matter' });
  });

  it('begin twelve months back when no period is given', async () => {
    const { body } = await desk.ask('li', '/api/statistics');
    expect(body.months).toHaveLength(12);
    expect(body.to).toBe(dayOf(Date.now()));
  });
});

describe('counts a day', () => {
  it('say the same of what is counted, of what is not counted yet, and of what changed since it was counted', async () => {
    const { store, bus } = desk.backend;
    const countAll = async () => {
      while ((await countCases(store)) > 0);
    };
    let last = 10;
    // Another last day each time: an answer is kept for a while.
    const ask = async () => {
      const days = `from=2026-05-01&to=2026-05-${(last += 1)}`;
      const [{ body }, compared] = await Promise.all([
        desk.ask('chen', `/api/statistics?${days}`),
        desk.ask('chen', `/api/statistics/comparison?matter=M2&${days}`),
      ]);
      const jinjiang = compared.body.regions.find((each: { region: string }) => each.region === '510104');
      return { ...body.total, department: body.departments[0]?.id, compared: [jinjiang.completed, jinjiang.late] };
    };
    const publish = async (events: Event[], status: string) => {
      await bus.publishAll(events);
      await until(status, async () => {
        const rows = await store.query('select from casefile where number = $1 and status = $2', ['K1', status]);
        return rows.length === 1;
      });
    };
    await countAll();
    expect(await ask()).toMatchObject({ received: 0, completed: 0 });
    await publish(
      caseOf('K1', { matter: 'M2', accepted: '2026-05-04', due: '2026-05-06', completed: '2026-05-07' }),
      'completed',
    );
    const late = { received: 1, completed: 1, early: 0, late: 1, department: 'd1', compared: [1, 1] };
    expect(await ask()).toEqual(late);
    await countAll();
    expect(await store.query('select completed from casefile_counted where matter = $1', ['M2'])).toHaveLength(1);
    expect(await ask()).toEqual(late);
    // What it was counted as is taken back when the row says otherwise: a later entry is a new row of the same case.
    await store.query(
      `update casefile set completed_at = completed_at - 4 * 86400000, department = 'd2', position = (select position from recorder) + 1,
        body = body || jsonb_build_object('completedAt', completed_at - 4 * 86400000) where number = 'K1'`,
    );
    await store.query('update recorder set position = position + 1');
    const early = { received: 1, completed: 1, early: 1, late: 0, department: 'd2', compared: [1, 0] };
    expect(await ask()).toEqual(early);
    await countAll();
    expect(await ask()).toEqual(early);
    const [sums] = await store.query(
      `select sum(received)::int as received, sum(completed)::int as completed, sum(early)::int as early, sum(late)::int as late,
        (select count(*) from casefile) as cases, (select count(*) from casefile where status = 'completed') as done from casefile_day`,
    );
    expect(sums).toMatchObject({ received: sums!['cases'], completed: sums!['done'] });
  });
});

describe('signals', () => {
  const pages = async (account: Account, search: string) =>
    (await desk.ask(account, `/api/signals?state=all&${search}`)).body;

  it('are filtered as cases are', async () => {
    const everything = (await pages('chen', 'limit=500')).items as { id: string; casefile?: string }[];
    expect(everything.length).toBeGreaterThan(3);
    const count = async (search: string) => (await pages('chen', `limit=500&${search}`)).items.length;
    expect(await count('region=510105')).toBe(everything.filter((each) => each.casefile?.startsWith('510105')).length);
    expect(await count('department=d1&matter=M1&rule=over-promised')).toBeGreaterThanOrEqual(3);
    expect(await count('department=nobody')).toBe(0);
    expect(await count('rule=over-promised&level=notice')).toBe(0);
    expect(await count('trial=true')).toBe(0);
    expect(await count('trial=false')).toBe(everything.length);
    expect(await count('to=2001-01-01')).toBe(0);
    expect((await pages('chen', 'level=purple')).field).toBe('level');
    expect((await pages('chen', 'trial=perhaps')).field).toBe('trial');
    expect((await pages('chen', 'before=17')).field).toBe('before');
  });
});
