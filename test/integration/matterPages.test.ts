/** The catalogue over HTTP on a real hub: the form in, the review by the offices that are asked, and nothing of what is secret. */
import '../support/today.ts';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MatterDetail, MatterImport, MatterPage, MatterReconciliation } from '../../hub/model/matterApi.ts';
import { dayOf } from '../../hub/model/calendar.ts';
import { importDrafts } from '../../hub/platform/matters.ts';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { fillTemplate, recordOf } from '../support/matters.ts';

let hub: TestHub;
let folder: string;
const cookies = new Map<string, string>();
const people = {
  keeper: ['cataloguer', '510104'],
  bianban: ['establishmentOffice', '510104'],
  fazhi: ['legalOffice', '510104'],
  inspector: ['inspector', '510104'],
  elsewhere: ['inspector', '510107'],
  manager: ['hallManager', '510104'],
} as const;
type Person = keyof typeof people;

async function ask(who: Person | undefined, path: string, body?: unknown): Promise<Response> {
  const isFile = body instanceof Uint8Array;
  return fetch(`${hub.address}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(who === undefined ? {} : { cookie: cookies.get(who)! }),
      ...(body === undefined ? {} : { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isFile ? new Uint8Array(body) : JSON.stringify(body) }),
  });
}
const json = async <T>(answer: Promise<Response>): Promise<T> => (await answer).json() as Promise<T>;
const list = async (who: Person, search = ''): Promise<string[]> =>
  (await json<MatterPage>(ask(who, `/api/matters${search}`))).items.map(({ code }) => code);
const at = '/api/matters/510104/SC-101';

/** The form with these rows. */
async function form(rows: Record<string, string | number>[]): Promise<Uint8Array> {
  const [template, filled] = [join(folder, 'form.xlsx'), join(folder, 'filled.xlsx')];
  await writeFile(template, Buffer.from(await (await ask('keeper', '/api/matters/template.xlsx')).arrayBuffer()));
  await fillTemplate(template, filled, rows);
  return readFile(filled);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  hub = await startTestHub({ settings: { roles: ['ingest', 'serve'] } });
  for (const [name, [role, region]] of Object.entries(people))
    cookies.set(
      name,
      await hub.signIn({ name, role, region, ...(role === 'hallManager' ? { hall: 'hall-510104-1' } : {}) }),
    );
}, 180_000);
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
}, 180_000);

describe('the form', () => {
  const upload = (who: Person, file: Uint8Array, more = ''): Promise<Response> =>
    ask(who, `/api/matters/import?region=510104&kind=xlsx${more}`, file);

  it('comes back with every mistake by row and column, and then nothing is written (XY-68)', async () => {
    const file = await form([{ 事项编码: 'SC-101', 法定时限: 'soon', 申报条件: '' }]);
    const read = await json<MatterImport>(upload('keeper', file));
    expect(read.written).toBe(false);
    expect(read.faults.map(({ row, column }) => [row, column])).toEqual([
      [2, '法定时限'],
      [2, '申报条件'],
    ]);
    expect(await list('keeper', '?state=draft')).toEqual([]);
  });

  it('is checked first and written when asked to', async () => {
    const file = await form([{ 事项编码: 'SC-101', 生效日期: dayOf(Date.now()) }]);
    expect(await json(upload('keeper', file, '&dryRun=true'))).toMatchObject({ added: ['SC-101'], written: false });
    expect(await list('keeper', '?state=draft')).toEqual([]);
    expect(await json(upload('keeper', file))).toMatchObject({ added: ['SC-101'], written: true, faultCount: 0 });
    expect(await list('keeper', '?state=draft')).toEqual(['SC-101']);
  });

  it('is for the keeper of the region alone, and must be a file', async () => {
    const file = await form([{}]);
    expect((await upload('inspector', file)).status).toBe(403);
    expect((await ask(undefined, '/api/matters/template.xlsx')).status).toBe(401);
    expect(await json(ask('keeper', '/api/matters/import?region=510107&kind=xlsx', file))).toMatchObject({
      status: 403,
      field: 'region',
    });
    expect(await json(upload('keeper', Buffer.from('no workbook')))).toMatchObject({
      faultCount: 1,
      faults: [{ row: 1, column: '' }],
      written: false,
    });
    expect((await upload('keeper', Buffer.alloc(0))).status).toBe(400);
    expect(await json(ask('keeper', '/api/matters/import?region=510104&kind=pdf', file))).toMatchObject({
      status: 400,
      field: 'kind',
    });
  });
});

describe('the review', () => {
  const act = (who: Person, path: string, body: unknown = {}): Promise<Response> => ask(who, `${at}/${path}`, body);

  it('is not read from somebody who may not send it', async () => {
    for (const [who, status] of [
      ['nobody', 401],
      ['manager', 403],
    ] as const) {
      const { hostname, port } = new URL(hub.address);
      const headers = { 'content-type': 'text/csv', 'content-length': 30_000_000, cookie: cookies.get(who) ?? '' };
      const path = '/api/matters/reconcile?region=510104&kind=csv';
      const begun = request({ hostname, port, path, method: 'POST', headers });
      begun.on('error', () => {}).flushHeaders();
      // The answer comes although not a byte of the file does.
      const [answer] = (await once(begun, 'response')) as [IncomingMessage];
      expect(answer.statusCode, who).toBe(status);
      begun.destroy();
    }
  });

  it('asks both offices for an approval item, and freezes what both approved (XY-14)', async () => {
    expect((await act('inspector', 'submit')).status).toBe(403);
    expect((await act('bianban', 'approve')).status).toBe(409);
    expect(await json<MatterDetail>(act('keeper', 'submit'))).toMatchObject({ waitsFor: ['establishment', 'legal'] });
    expect((await act('keeper', 'approve')).status).toBe(403);
    expect(await json(act('bianban', 'return', {}))).toMatchObject({ status: 400, field: 'reason' });
    const returned = await json<MatterDetail>(act('bianban', 'return', { reason: '时限依据不明' }));
    expect(returned.versions.at(-1)).toMatchObject({ state: 'draft' });
    await act('keeper', 'submit');
    expect(await json<MatterDetail>(act('bianban', 'approve'))).toMatchObject({ waitsFor: ['legal'] });
    expect((await act('keeper', 'freeze')).status).toBe(409);
    await act('fazhi', 'approve');
    const frozen = await json<MatterDetail>(act('keeper', 'freeze'));
    expect(frozen.versions.at(-1)).toMatchObject({ state: 'frozen' });
    expect(frozen.versions.at(-1)!.acts.map((each) => each.act)).toEqual([
      'submit',
      'return',
      'submit',
      'approve',
      'approve',
      'freeze',
    ]);
    await hub.backend.reload();
    expect(hub.context.world().matters.get('510104/SC-101')).toMatchObject({ statutoryDays: 20, promisedDays: 7 });
  });

  it('asks the legal office alone for a penalty (XY-15), and shows what differs from the version before', async () => {
    const today = dayOf(Date.now());
    const record = recordOf({ promisedDays: 3, delegatedFrom: null, delegatedTo: null, effectiveFrom: today });
    const penalty = { ...record, code: 'CF-1', businessType: 'penalty' as const };
    const now = Date.now();
    await importDrafts(hub.context.store, '510104', [record, penalty], { now, dryRun: false });
    const cf = '/api/matters/510104/CF-1';
    expect(await json(ask('keeper', `${cf}/submit`, {}))).toMatchObject({ waitsFor: ['legal'] });
    expect(await json(ask('bianban', `${cf}/approve`, {}))).toMatchObject({ status: 409 });
    expect(await json<MatterDetail>(ask('fazhi', `${cf}/approve`, {}))).toMatchObject({ waitsFor: [] });
    const changes = await json<{ field: string }[]>(ask('inspector', `${at}/diff?from=1&to=2`));
    expect(changes.map(({ field }) => field)).toContain('promisedDays');
    expect((await ask('inspector', `${at}/diff?from=1&to=9`)).status).toBe(404);
  });
});

describe('lists', () => {
  it('are filtered, paged, and kept to the scope', async () => {
    expect(await list('inspector', '?businessType=penalty&region=510104')).toEqual(['CF-1']);
    expect(await list('inspector', '?state=reviewed')).toEqual(['CF-1']);
    expect(await list('inspector', '?text=cf-')).toEqual(['CF-1']);
    expect(await list('elsewhere', '?text=cf-')).toEqual([]);
    expect((await ask('elsewhere', at)).status).toBe(404);
    expect((await ask('elsewhere', '/api/matters?region=510104')).status).toBe(403);
    expect((await ask('manager', '/api/matters')).status).toBe(403);
    const whole = await list('inspector', '?limit=200');
    const paged: string[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const search = `?limit=7${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
      const page: MatterPage = await json(ask('inspector', `/api/matters${search}`));
      paged.push(...page.items.map(({ code }) => code));
      after = page.next;
    }
    expect(paged).toEqual(whole);
    expect(whole.length).toBeGreaterThan(7);
  });

  it('tell what had no case in a year (XY-18)', async () => {
    const { store } = hub.context;
    await store.query(
      `insert into casefile (id, region, matter, source, status, accepted_at, position, body)
        values ('510104:X', '510104', 'SC-101', 'test', 'accepted', $1, 1, jsonb_build_object('number', 'X', 'receivedAt', $1::int8))`,
      [Date.now() - 86_400_000],
    );
    expect(await list('inspector', '?coverage=covered')).toEqual(['SC-101']);
    const uncovered = await list('inspector', '?coverage=uncovered&limit=200');
    expect(uncovered).toContain('CF-1');
    expect(uncovered).not.toContain('SC-101');
    // A case of another county covers nothing here.
    expect(await list('elsewhere', '?coverage=covered')).toEqual([]);
  });

  it('and files leave out what is secret (JY-02)', async () => {
    const secret = recordOf({
      code: 'ZZ-SECRET',
      name: '涉密事项',
      secrecy: 'secret',
      delegatedFrom: null,
      delegatedTo: null,
    });
    await importDrafts(hub.context.store, '510104', [secret], { now: Date.now(), dryRun: false });
    expect(await list('keeper', '?text=zz')).toEqual([]);
    expect((await ask('keeper', '/api/matters/510104/ZZ-SECRET')).status).toBe(404);
    const csv = await (await ask('keeper', '/api/matters/export.csv?region=510104')).text();
    expect(csv).toContain('CF-1');
    expect(csv).not.toContain('ZZ-SECRET');
    expect((await ask('keeper', '/api/matters/export.csv?region=510107')).status).toBe(403);
  });
});

describe('the published list', () => {
  it('is compared with what is in force (FS-17, FS-18)', async () => {
    const compare = (text: string): Promise<MatterReconciliation> =>
      json(ask('inspector', '/api/matters/reconcile?region=510104&kind=csv', Buffer.from(text)));
    const { found, compared } = await compare('事项编码,事项名称,承诺时限\nSC-101,食品经营许可,9\nNEW-1,新事项,3\n');
    expect(compared).toBe(2);
    expect(found).toContainEqual({
      kind: 'differs',
      code: 'SC-101',
      name: '食品经营许可',
      column: '承诺时限',
      ours: '7',
      theirs: '9',
    });
    expect(found).toContainEqual({ kind: 'notInSystem', code: 'NEW-1', name: '新事项' });
    expect((await compare('名称\n某\n')).faults).toMatchObject([{ row: 1, column: '事项编码' }]);
  });
});
