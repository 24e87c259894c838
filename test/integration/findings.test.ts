import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlaceLine } from '../../hub/model/adminApi.ts';
import type { DutyDay, HallDetail, HallSummary } from '../../hub/model/api.ts';
import { dayOf } from '../../hub/model/calendar.ts';
import type { RequestPage } from '../../hub/model/confirmation.ts';
import type { DrawBoard } from '../../hub/model/drawApi.ts';
import type { Event } from '../../hub/model/event.ts';
import type { Finding, FindingDetail, FindingLine, FindingPage, Photo } from '../../hub/model/finding.ts';
import type { LeadershipNumbers } from '../../hub/model/leadershipApi.ts';
import { notAsNeeded } from '../../hub/model/line.ts';
import type { PresenceLine } from '../../hub/model/presence.ts';
import type { RegisterPage } from '../../hub/model/register.ts';
import type { Visit } from '../../hub/model/state.ts';
import { migrate } from '../../hub/platform/migrate.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const run = promisify(execFile);
const hall = 'hall-510104-1';
let hub: TestHub;
let windows: string[];
const cookies: Record<string, string> = {};
let jpeg: Buffer;
let png: Buffer;

const picture = async (codec: string, format: string, size = '320x240', more: string[] = []): Promise<Buffer> => {
  const { stdout } = await run(
    'ffmpeg',
    [
      ...['-loglevel', 'error', '-f', 'lavfi', '-i', `testsrc=size=${size}:rate=1`, '-frames:v', '1', ...more],
      ...['-c:v', codec, '-f', format, '-'],
    ],
    { encoding: 'buffer', maxBuffer: 20_000_000 },
  );
  return stdout;
};

beforeAll(async () => {
  [hub, jpeg, png] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'serve'] } }),
    picture('mjpeg', 'mjpeg'),
    picture('png', 'image2pipe', '2600x1200'),
  ]);
  for (const [name, role, region, at] of [
    ['li', 'inspector', '510104', undefined],
    ['prov', 'inspector', '510000', undefined],
    ['wu', 'inspector', '510107', undefined],
    ['wang', 'hallManager', '510104', hall],
    ['zhou', 'hallManager', '510104', 'hall-510104-2'],
    ['admin', 'administrator', '510104', undefined],
  ] as const)
    cookies[name] = await hub.signIn({ name, role, region, ...(at === undefined ? {} : { hall: at }) });
  const housing = { role: 'lineInspector', region: '510100', organ: 'organ-510100-housing' } as const;
  for (const name of ['zeng', 'peng']) cookies[name] = await hub.signIn({ name, ...housing });
  cookies['unlined'] = await hub.signIn({ name: 'unlined', role: 'lineInspector', region: '510100' });
  windows = [...hub.context.world().windows.values()].filter((each) => each.hall === hall).map(({ id }) => id);
  const now = Date.now();
  await hub.context.bus.publish({
    kind: 'patrol.planned',
    id: 'duty-1',
    region: '510104',
    source: 'test',
    occurredAt: now,
    duty: 'd1',
    organ: 'organ-510104',
    hall,
    day: '2026-11-20',
    required: 2,
    dueAt: now,
    article: 'test',
  });
  await tell({ kind: 'patrol.visitStarted', visit: 'v1', duty: 'd1', hall, windows, ...person });
}, 180_000);
afterAll(async () => hub?.stop());

const person = { account: 'li', name: 'li' };
let count = 0;
async function tell(event: object): Promise<void> {
  const whole = { id: `e${(count += 1)}`, region: '510104', source: 'test', occurredAt: Date.now(), ...event } as Event;
  expect(await hub.context.bus.command(whole)).toMatchObject({ ok: true });
}
/** As the desk does; the visit is on another machine's clock. */
async function find(code: string, window = windows[0]!): Promise<string> {
  const finding = `f${(count += 1)}`;
  await tell({ kind: 'patrol.findingRecorded', finding, visit: 'v1', window, code, ...person });
  return finding;
}

interface Answer<T> {
  status: number;
  body: T;
}
async function ask<T = { field?: string; reason?: string }>(
  who: string,
  path: string,
  body?: object,
  method?: string,
): Promise<Answer<T>> {
  const isFile = Buffer.isBuffer(body);
  const answer = await fetch(`${hub.address}/api${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      cookie: cookies[who] ?? '',
      ...(body === undefined ? {} : { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isFile ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as T };
}
const upload = (who: string, finding: string, bytes: Buffer) => ask<Photo>(who, `/findings/${finding}/photos`, bytes);
const photoOf = (who: string, finding: string, sha256: string) =>
  fetch(`${hub.address}/api/findings/${finding}/photos/${sha256}.jpg`, { headers: { cookie: cookies[who] ?? '' } });

describe('a finding and its loop', () => {
  it('goes from the desk to the hall and back, and the month after', async () => {
    const id = await find('A04');
    const { body: list } = await ask<FindingPage>('wang', '/findings');
    expect(list.items.map((each) => each.id)).toEqual([id]);
    expect(list.items[0]).toMatchObject({ state: 'recorded', level: 'correction', hallName: expect.any(String) });
    const first = list.items[0]!;
    expect(first.respondBy).toBeLessThan(first.rectifyBy!);
    // Its signal stands in the hall's list and names it.
    const { body: signal } = await ask<{ signal: { finding: string } }>('wang', `/signals/${first.signals![0]}`);
    expect(signal.signal.finding).toBe(id);

    const { status, body: photo } = await upload('wang', id, jpeg);
    expect(status).toBe(200);
    expect((await ask('wang', `/findings/${id}/rectify`, { text: 'done' })).body.field).toBe('photos');
    const answered = await ask<FindingLine>('wang', `/findings/${id}/respond`, { text: 'we look' });
    expect(answered.body).toMatchObject({ state: 'responded', response: { text: 'we look', account: 'wang' } });
    const rectified = await ask<FindingLine>('wang', `/findings/${id}/rectify`, { text: 'ok', photos: [photo.sha256] });
    expect(rectified.body).toMatchObject({ state: 'rectified', photos: [photo.sha256] });
    expect((await ask('wang', `/findings/${id}/verify`, { outcome: 'accepted' })).status).toBe(403);
    expect((await ask('li', `/findings/${id}/verify`, { outcome: 'sentBack' })).status).toBe(409);
    const verified = await ask<FindingLine>('li', `/findings/${id}/verify`, { outcome: 'accepted' });
    expect(verified.body).toMatchObject({
      state: 'verified',
      lookBack: { month: expect.stringMatching(/^\d{4}-\d\d$/) },
    });

    const { body: detail } = await ask<FindingDetail>('li', `/findings/${id}`);
    expect(detail.ledger.map(({ act }) => act)).toEqual([
      'finding.recorded',
      'finding.responded',
      'finding.rectified',
      'finding.verified',
    ]);
    expect(detail.ledger[2]!.facts['photos']).toBe(photo.sha256);
    expect((await ask<FindingDetail>('wang', `/findings/${id}`)).body.ledger).toEqual([]);

    const { month } = verified.body.lookBack!;
    expect((await ask<FindingPage>('li', '/lookbacks')).body.items).toEqual([]);
    expect((await ask<FindingPage>('li', `/lookbacks?month=${month}`)).body.items.map((each) => each.id)).toEqual([id]);
    expect((await ask('li', `/findings/${id}/look-back`, { outcome: 'fine' })).body.reason).toContain(month);
    expect((await ask('wang', '/lookbacks')).status).toBe(403);
  });

  it('is withdrawn by another inspector than who recorded it', async () => {
    const id = await find('G02');
    const text = 'it was the fee of the State';
    expect((await ask<FindingLine>('wang', `/findings/${id}/appeal`, { text })).body.state).toBe('appealed');
    const decision = { outcome: 'accepted', reason: 'the fee is lawful' };
    expect((await ask('li', `/findings/${id}/decide-appeal`, decision)).body.field).toBe('account');
    const { body } = await ask<FindingLine>('prov', `/findings/${id}/decide-appeal`, decision);
    expect(body).toMatchObject({ state: 'withdrawn', appeal: { answer: { reason: 'the fee is lawful' } } });
    const states = await hub.context.store.query<{ state: string }>('select state from signal where id = $1', [
      body.signals![0],
    ]);
    expect(states).toEqual([{ state: 'revoked' }]);
  });

  it('that the province made is not undone by the county (SC-27)', async () => {
    const made = { organ: 'organ-510000', hall, day: '2026-11-20', required: 1, dueAt: Date.now(), article: 'test' };
    const common = { id: 'duty-prov', region: '510000', source: 'test', occurredAt: Date.now() };
    await hub.context.bus.publish({ kind: 'patrol.planned', ...common, duty: 'd-prov', ...made });
    const by = { account: 'prov', name: 'prov' };
    await tell({ kind: 'patrol.visitStarted', visit: 'v-prov', duty: 'd-prov', hall, windows, ...by });
    const finding = 'f-prov';
    await tell({ kind: 'patrol.findingRecorded', finding, visit: 'v-prov', window: windows[0], code: 'C01', ...by });
    expect((await ask('wang', `/findings/${finding}/appeal`, { text: 'no' })).status).toBe(200);
    const refused = await ask('li', `/findings/${finding}/decide-appeal`, { outcome: 'accepted', reason: 'so it is' });
    expect([refused.status, refused.body.reason]).toEqual([
      409,
      expect.stringMatching(/^the appeal is decided by the level/),
    ]);
    const { body } = await ask<FindingPage>('wang', '/findings?state=appealed');
    expect(body.items.map(({ id }) => id)).toContain(finding);
  });
});

describe('rights', () => {
  it('a hall sees and answers its own findings only, and other regions see none', async () => {
    const id = await find('B01');
    expect((await ask('zhou', `/findings/${id}`)).status).toBe(404);
    expect((await ask('zhou', `/findings/${id}/respond`, { text: 'x' })).status).toBe(404);
    expect((await upload('zhou', id, jpeg)).status).toBe(404);
    expect((await ask<FindingPage>('zhou', '/findings?state=all')).body.items).toEqual([]);
    expect((await ask('wu', `/findings/${id}/verify`, { outcome: 'accepted' })).status).toBe(404);
    expect((await ask<FindingPage>('wu', `/findings?state=all&hall=${hall}`)).body.items).toEqual([]);
    expect((await ask('admin', '/findings')).status).toBe(403);
    expect((await ask('li', `/findings/${id}/respond`, { text: 'x' })).status).toBe(403);
    expect((await ask('nobody', '/findings')).status).toBe(401);
    expect((await ask('li', '/findings?state=open&limit=9000')).body.field).toBe('limit');
    expect((await ask('li', '/findings?state=gone')).body.field).toBe('state');
  });

  it('lists page by page and by filter', async () => {
    const page = (query: string) => ask<FindingPage>('li', `/findings?state=all&${query}`);
    const { body: first } = await page('limit=2');
    expect(first.items).toHaveLength(2);
    const { body: second } = await page(`limit=2&before=${first.next}`);
    expect(second.items.map(({ id }) => id)).not.toContain(first.items[1]!.id);
    expect((await page('code=G02')).body.items.map(({ code }) => code)).toEqual(['G02']);
    expect((await page('late=true')).body.items).toEqual([]);
    expect((await page(`window=${windows[1]}`)).body.items).toEqual([]);
  });
});

describe('photos', () => {
  it('are read anew: small enough, without what they carried, named by their hash', async () => {
    const id = await find('E02');
    const tail = Buffer.from('<script>alert(1)</script>PK\x03\x04');
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0x00, 0x0b]), Buffer.from('GPS 30.65')]);
    const laden = Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2), tail]);
    const { body: one } = await upload('wang', id, laden);
    const { body: two } = await upload('wang', id, png);
    const done = await ask<FindingLine>('wang', `/findings/${id}/respond`, {
      text: 'see',
      photos: [one.sha256, two.sha256],
    });
    expect(done.body.photos).toEqual([one.sha256, two.sha256]);
    for (const { sha256, bytes } of [one, two]) {
      const answer = await photoOf('wang', id, sha256);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
      const kept = Buffer.from(await answer.arrayBuffer());
      expect(createHash('sha256').update(kept).digest('hex')).toBe(sha256);
      expect(kept).toHaveLength(bytes);
      expect(kept.includes('script') || kept.includes('GPS')).toBe(false);
      expect(kept.subarray(-2).toString('hex')).toBe('ffd9');
    }
    // 2600×1200 became 2000 wide: the size stands in the frame's header.
    const wide = Buffer.from(await (await photoOf('li', id, two.sha256)).arrayBuffer());
    const frame = wide.indexOf(Buffer.from([0xff, 0xc0]));
    expect([wide.readUInt16BE(frame + 7), wide.readUInt16BE(frame + 5)]).toEqual([2000, 923]);
    expect((await photoOf('zhou', id, one.sha256)).status).toBe(404);
    expect((await photoOf('nobody', id, one.sha256)).status).toBe(401);
    const other = await find('E02');
    expect((await photoOf('wang', other, one.sha256)).status).toBe(404);
    expect(await readdir(join(hub.dataDir, 'photos', 'new'))).toEqual([]);
  });

  it.each([
    ['a page', () => Buffer.from('<html>')],
    [
      'a playlist that calls itself JPEG',
      () => Buffer.concat([jpeg.subarray(0, 3), Buffer.from('#EXTM3U\nhttp://a/')]),
    ],
    ['half a picture', () => png.subarray(0, 400)],
    ['nothing', () => Buffer.alloc(0)],
  ])('refuse %s', async (_, bytes) => {
    const id = await find('E02');
    const { status, body } = await upload('wang', id, bytes());
    expect(status).toBe(415);
    expect(body).toMatchObject({ field: 'photo' });
  });

  it('refuse what is too big, what is not there, and a seventh', async () => {
    const id = await find('E02');
    expect((await upload('wang', id, Buffer.concat([jpeg, Buffer.alloc(8 * 1024 * 1024)]))).status).toBe(413);
    const missing = 'ab'.repeat(32);
    expect((await ask('wang', `/findings/${id}/respond`, { text: 'x', photos: [missing] })).body.field).toBe('photos');
    const seven = Array.from({ length: 7 }, (_, index) => String(index).repeat(64));
    expect((await ask('wang', `/findings/${id}/respond`, { text: 'x', photos: seven })).status).toBe(400);
    const traversal = await ask('wang', `/findings/${id}/respond`, { text: 'x', photos: ['../../key'] });
    expect(traversal.status).toBe(400);
  });
});

describe('presence', () => {
  it('is filed by the hall for its own windows, explains an empty one, and ends early', async () => {
    const window = windows[2]!;
    const now = Date.now();
    const body = { window, type: 'paused', from: now - 1_000, until: now + 3_600_000, reason: 'system fault' };
    expect((await ask('zhou', '/presence', body)).status).toBe(404);
    expect((await ask('li', '/presence', body)).status).toBe(403);
    expect((await ask('wang', '/presence', { ...body, until: now - 500 })).body.field).toBe('until');
    const { body: line } = await ask<PresenceLine>('wang', '/presence', body);
    expect(line.records).toMatchObject([{ kind: 'paused', reason: 'system fault', filedBy: { account: 'wang' } }]);
    const id = await find('A04', window);
    const { body: detail } = await ask<FindingDetail>('li', `/findings/${id}`);
    expect(detail.finding.absence).toMatchObject({ kind: 'paused', record: line.records[0]!.id });
    expect(detail.finding.signals).toBeUndefined();
    const end = `/presence/${window}/${line.records[0]!.id}/end`;
    expect((await ask('zhou', end, {})).status).toBe(404);
    const { body: ended } = await ask<PresenceLine>('wang', end, {});
    expect(ended.records[0]!.ended).toMatchObject({ account: 'wang' });
    expect((await ask<{ items: PresenceLine[] }>('li', `/presence?hall=${hall}`)).body.items).toHaveLength(1);
    expect((await ask<{ items: PresenceLine[] }>('zhou', '/presence')).body.items).toEqual([]);
  });
});

describe('the supervision body of a department (SC-15)', () => {
  const own = { '510100': 'win-510100-1-03', '510104': 'win-510104-1-05', '510107': 'win-510107-1-02' };
  const day = dayOf(Date.now());
  const duty = `${day}:organ-510100-housing:${hall}`;
  let visit: Visit;
  let finding: string;

  it('sees the halls and the windows of its line, and no others', async () => {
    const { body: halls } = await ask<HallSummary[]>('zeng', '/halls');
    expect(halls.map(({ id, windows: count }) => [id, count])).toEqual(
      Object.keys(own).map((region) => [`hall-${region}-1`, 1]),
    );
    const { body: detail } = await ask<HallDetail>('zeng', `/halls/${hall}`);
    expect(detail.windows.map(({ id, latest, openSignals }) => [id, latest, openSignals])).toEqual([
      [own['510104'], undefined, []],
    ]);
    expect((await ask<HallDetail>('li', `/halls/${hall}`)).body.windows.length).toBeGreaterThan(10);
    // In its region, and none of its line.
    expect((await ask('zeng', '/halls/hall-510421-1')).status).toBe(404);
    expect((await ask<HallSummary[]>('unlined', '/halls')).body).toEqual([]);
    expect((await ask('unlined', `/halls/${hall}`)).status).toBe(404);
  });

  it('is closed to everything else', async () => {
    const closed = [
      ...[`/halls/${hall}/timeline`, `/windows/${own['510104']}/events`, '/casefiles', '/casefiles.csv', '/signals'],
      ...['/statistics', '/notices', '/ledger', '/ledger/export', '/register', '/presence', '/draws', '/draws/days'],
      ...['/draws/board', '/evidence', '/releases', '/numbers', '/packs', '/matters', '/sources', '/system'],
      ...['/watchers', '/admin/accounts', '/cameras', '/holds', '/inquiries', `/signals/s1`, '/casefiles/510104:1'],
    ];
    const answers = await Promise.all(closed.map(async (path) => [path, (await ask('zeng', path)).status]));
    expect(answers.filter(([, status]) => status !== 403 && status !== 404)).toEqual([]);
    for (const path of ['/draws', '/presence', `/halls/${hall}/timeline`, '/casefiles'])
      expect(answers).toContainEqual([path, 403]);
    // Duties, visits and findings of others are none to it.
    expect((await ask<DutyDay>('zeng', '/duties?day=2026-11-20')).body.duties).toEqual([]);
    expect((await ask('zeng', '/visits', { duty: 'd1' })).status).toBe(404);
    expect((await ask('zeng', '/visits/v1')).status).toBe(404);
    const id = await find('A04', own['510104']);
    expect((await ask('zeng', `/findings/${id}`)).status).toBe(404);
    expect((await ask('zeng', `/findings/${id}/verify`, { outcome: 'accepted' })).status).toBe(404);
    expect((await ask('zeng', '/visits/v1/findings', { window: own['510104'], code: 'A04' })).status).toBe(404);
    expect((await ask<FindingPage>('zeng', '/findings?state=all')).body.items).toEqual([]);
    expect((await ask<FindingPage>('zeng', '/lookbacks')).body.items).toEqual([]);
  });

  it('begins a patrol as it needs to, of its own windows, and of no other hall', async () => {
    expect((await ask('zeng', '/visits', { hall: 'hall-510421-1' })).status).toBe(404);
    expect((await ask('unlined', '/visits', { hall })).status).toBe(404);
    expect(await ask('li', '/visits', { hall })).toMatchObject({ status: 409, body: { field: 'organ' } });
    expect(await ask('zeng', '/visits', {})).toMatchObject({ status: 400, body: { field: 'duty' } });
    expect((await ask('zeng', '/visits', { hall, duty })).status).toBe(400);
    // Its duty names nobody, and the recorder answers all the same: else everybody's first visit of the day would wait for it.
    const named = { duty: 'needed', organ: 'organ-510100-housing', hall, day: '2026-11-19', article: 'test' };
    const due = { required: 1, dueAt: Date.now(), of: 'asNeeded' };
    await tell({ kind: 'patrol.planned', region: '510100', ...named, ...due });
    const { status, body } = await ask<Visit>('zeng', '/visits', { hall });
    expect([status, body.windows, body.organ]).toEqual([200, [own['510104']], 'organ-510100-housing']);
    visit = body;
    // A second click is the same visit, and a colleague's is another one of the same duty.
    expect((await ask<Visit>('zeng', '/visits', { hall })).body.id).toBe(visit.id);
    const { body: second } = await ask<Visit>('peng', '/visits', { hall });
    expect([second.duty, second.id === visit.id]).toEqual([duty, false]);
    const { body: today } = await ask<DutyDay>('zeng', '/duties');
    expect(today.duties.map((each) => [each.id, each.of, each.state])).toEqual([[duty, 'asNeeded', 'inProgress']]);
    expect([today.openVisit?.id, today.month]).toEqual([visit.id, { required: 0, done: 0, findings: 0 }]);
  });

  it('records and verifies its own findings, which the hall answers', async () => {
    const before = await ask<Finding>('zeng', `/visits/${visit.id}/findings`, { window: windows[0], code: 'A04' });
    expect(before.status).toBe(409);
    const made = await ask<Finding>('zeng', `/visits/${visit.id}/findings`, { window: own['510104'], code: 'A04' });
    expect(made).toMatchObject({ status: 200, body: { organ: 'organ-510100-housing' } });
    finding = made.body.id;
    for (const who of ['zeng', 'peng'])
      expect((await ask<FindingPage>(who, '/findings')).body.items.map(({ id }) => id)).toEqual([finding]);
    const photo = await upload('wang', finding, jpeg);
    const answer = { text: 'put right', photos: [photo.body.sha256] };
    expect((await ask('wang', `/findings/${finding}/rectify`, answer)).status).toBe(200);
    expect((await photoOf('peng', finding, photo.body.sha256)).status).toBe(200);
    expect((await photoOf('unlined', finding, photo.body.sha256)).status).toBe(404);
    expect((await ask('unlined', `/findings/${finding}`)).status).toBe(404);
    const verified = await ask<FindingLine>('peng', `/findings/${finding}/verify`, { outcome: 'accepted' });
    expect(verified).toMatchObject({ status: 200, body: { state: 'verified' } });
  });

  it('finishes it: a line in the register, and no number and no duty of the region', async () => {
    const { body: finished } = await ask<Visit>('zeng', `/visits/${visit.id}/finish`, {});
    expect(finished).toMatchObject({ state: 'finished', counts: false });
    const { body: today } = await ask<DutyDay>('zeng', '/duties');
    // Nobody watched: it is not counted, and owed by nobody either. The colleague's is still under way.
    expect(today.duties.map((each) => [each.state, each.done, 'nextTurn' in each])).toEqual([['inProgress', 0, false]]);
    expect(today.month).toEqual({ required: 0, done: 0, findings: 1 });
    const { body: of } = await ask<DutyDay>('prov', '/duties');
    expect(of.duties.filter((each) => each.organ === 'organ-510100-housing')).toEqual([]);
    const { body: numbers } = await ask<LeadershipNumbers>(
      'prov',
      `/numbers?from=${day.slice(0, 7)}&to=${day.slice(0, 7)}`,
    );
    expect(numbers.organs.map(({ organ }) => organ)).not.toContain('organ-510100-housing');
    const { body: board } = await ask<DrawBoard>('prov', '/draws/board');
    expect(board.behind.map(({ organ }) => organ)).not.toContain('organ-510100-housing');
    const { body: register } = await ask<RegisterPage>('prov', '/register?organ=organ-510100-housing');
    expect(register.items.map((line) => [line.kind, line.organ?.name])).toContainEqual([
      'video',
      '派驻成都市住建部门纪检监察组',
    ]);
  });

  it('has the line that administration gives it, with the ledger', async () => {
    const form = { region: '510104', name: '派驻税务部门', nameEn: null, departments: ['510104-tax'] };
    const foreign = await ask('admin', '/admin/places/organ', { ...form, departments: ['510107-housing'] });
    expect(foreign).toMatchObject({ status: 400, body: { field: 'departments' } });
    const { body: made } = await ask<PlaceLine>('admin', '/admin/places/organ', form);
    expect(made).toMatchObject({ departments: form.departments, line: [{ name: '税务局', regionName: '锦江区' }] });
    const who = { name: 'gu', role: 'lineInspector', region: '510104', organ: made.id } as const;
    cookies['gu'] = await hub.signIn(who);
    const seen = async () => (await ask<HallDetail>('gu', `/halls/${hall}`)).body.windows.map(({ number }) => number);
    expect(await seen()).toEqual(['08']);
    const departments = ['510104-tax', '510104-housing'];
    const change = (line: string[]) => ask<PlaceLine>('admin', `/admin/places/organ/${made.id}`, { departments: line });
    // 三员分立: a wider line waits for somebody who did not ask for it, and a narrower one for nobody.
    expect(await change(departments)).toMatchObject({ status: 409, body: { field: 'departments' } });
    cookies['jian'] = await hub.signIn({ name: 'jian', role: 'overseer', region: '510104' });
    const changed = await change(departments);
    expect(changed).toMatchObject({ status: 200, body: { departments: form.departments, asked: { departments } } });
    const requests = async () => (await ask<RequestPage>('jian', '/watchers/requests')).body.lines;
    const [request] = await requests();
    expect(request).toMatchObject({ organ: made.id, byName: 'admin', added: [{ id: '510104-housing' }], removed: [] });
    const answer = (who: string, body: object, askedAt = request!.askedAt) =>
      ask(who, `/watchers/lines/${made.id}`, { askedAt, ...body });
    for (const who of ['admin', 'gu', 'li']) expect((await answer(who, { confirmed: true })).status, who).toBe(403);
    expect((await answer('jian', { confirmed: true }, 1_700_000_000_000)).status).toBe(409);
    expect((await answer('jian', { confirmed: false, reason: '待核实' })).status).toBe(200);
    expect((await answer('jian', { confirmed: true })).status).toBe(409);
    expect(await requests()).toEqual([]);
    await change(departments);
    expect(await seen()).toEqual(['08']);
    expect((await answer('jian', { confirmed: true }, (await requests())[0]!.askedAt)).status).toBe(200);
    // Who somebody is, is remembered for some seconds.
    await untilWithin(20_000)('the new line holds', async () => (await seen()).join() === '05,08');
    expect(await change(['510104-housing'])).toMatchObject({ body: { departments: ['510104-housing'] } });
    expect(await requests()).toEqual([]);
    const plain = await ask('admin', '/admin/places/organ/organ-510104', { departments });
    expect(plain).toMatchObject({ status: 400, body: { field: 'departments' } });
    const rows = await hub.context.store.query<{ facts: object }>(
      `select body->'facts' as facts from ledger where subject = $1 order by sequence`,
      [made.id],
    );
    expect(rows.map(({ facts }) => facts)).toMatchObject([
      { 'departments.after': '510104-tax' },
      { 'departments.before': '510104-tax', 'departments.after': '510104-tax 510104-housing', awaits: true },
      { 'departments.after': '510104-tax 510104-housing', askedBy: 'admin', reason: '待核实' },
      { 'departments.after': '510104-tax 510104-housing', awaits: true },
      { 'departments.after': '510104-tax 510104-housing', askedBy: 'admin' },
      { 'departments.before': '510104-tax 510104-housing', 'departments.after': '510104-housing' },
    ]);
  });

  it('is refused where the rules of the region know of none', async () => {
    const { store, reload } = { store: hub.context.store, reload: hub.backend.reload };
    const set = (what: string) =>
      store.query(`update rule_pack set body = jsonb_set(body, '{patrol,departments}', $1)`, [JSON.stringify(what)]);
    await set('none');
    await reload();
    try {
      const refused = await ask('peng', '/visits', { hall: 'hall-510107-1' });
      expect(refused).toMatchObject({ status: 409, body: { field: 'organ', reason: notAsNeeded } });
    } finally {
      await set('asNeeded');
      await reload();
    }
  });
});

describe('what is recorded', () => {
  it('is rebuilt from the events alone', async () => {
    const { store, world, log } = hub.context;
    await store.query(`create database again template template0 encoding 'UTF8'`);
    const target = await connectStore({ url: hub.backend.databaseUrl.replace(/\/[^/]*$/, '/again'), log });
    try {
      await migrate(target, { log });
      const { tables } = await rebuild(store, target, world());
      expect(tables.filter(({ equal }) => !equal)).toEqual([]);
      const rows = new Map(tables.map((each) => [each.table, each.rows]));
      expect(rows.get('finding')).toBeGreaterThan(8);
      expect(rows.get('presence')).toBe(1);
    } finally {
      await target.close();
    }
  });

  it('a finding that nobody answered in time is told of by the ticker', async () => {
    // A row from an hour ago: no test waits so long.
    const { store } = hub.context;
    const [{ body } = { body: {} }] = await store.query<{ body: object }>('select body from finding limit 1');
    const due = Date.now() - 1_000;
    const old = { ...body, id: 'f-old', state: 'recorded', respondBy: due, rectifyBy: due + 9e8, nextTurn: due + 1 };
    await store.query(
      `insert into finding (id, region, visit, hall, hall_window, at, position, body) values ('f-old', '510104', 'v1', $1, $2, 1, 1, $3)`,
      [hall, windows[0], JSON.stringify({ ...old, signals: [], hall, region: '510104', window: windows[0] })],
    );
    const acts = await untilWithin(15_000)('the ledger says that it is late', async () => {
      const rows = await store.query<{ act: string }>(`select act from ledger where subject = 'f-old'`);
      return rows.length > 0 && rows;
    });
    expect(acts).toEqual([{ act: 'finding.late' }]);
    const { body: detail } = await ask<FindingDetail>('li', '/findings/f-old');
    expect(detail.finding.late).toEqual({ response: due });
    expect(detail.finding.signals).toHaveLength(1);
  });
});
