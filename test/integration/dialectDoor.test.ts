import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import writeExcel from 'write-excel-file/node';
import { readAnyMapping } from '../../ingest/mapping.ts';
import { replay, type ReplayReport } from '../../ingest/replay.ts';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { removeFolder } from '../support/folder.ts';

interface Answer {
  accepted: number;
  duplicates: number;
  refused: { index: number; field: string; reason: string }[];
  refusedCount: number;
}

const token = 'token-of-a-test-source';
let hub: TestHub;
let folder: string;

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['ingest', 'record'] } });
  folder = await temporaryFolder();
  await hub.context.store.query(
    'insert into source (id, name, token_hash, region, created_at) values ($1, $1, $2, $3, 0)',
    ['jinjiang', createHash('sha256').update(token).digest(), '510104'],
  );
});
afterAll(async () => {
  await hub?.stop();
  if (folder) await removeFolder(folder);
});

async function post(dialect: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${hub.address}/api/ingest/${dialect}`, {
    method: 'POST',
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
  });
}

async function answerTo(dialect: string, body: unknown, headers?: Record<string, string>): Promise<Answer> {
  const response = await post(dialect, body, headers);
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

type Recorded = { kind: string; refused: string | null };

async function recorded(casefile: string, count: number): Promise<Recorded[]> {
  for (let tries = 0; ; tries += 1) {
    const rows = await hub.context.store.query<Recorded>(
      // (A clock may turn or be counted anew meanwhile.)
      "select kind, refused from event where body->>'casefile' = $1 and kind not like 'clock.%' order by position",
      [casefile],
    );
    if (rows.length >= count) return rows;
    if (tries > 2_400) throw new Error(`${rows.length} of ${count} events were recorded`);
    await sleep(25);
  }
}

const gd = (XXLX: number, SBLSH: string, fields: Record<string, unknown>): Record<string, unknown> => ({
  XXLX,
  SBLSH,
  SXBM: 'CG-01',
  SJBBH: 1,
  XZQHDM: '510104',
  ...fields,
});
const life = (number: string): Record<string, unknown>[] => [
  gd(0, number, { SBSJ: '20261012090000', SQRMC: '张三', SQRLX: 1 }),
  gd(2, number, { SLZTDM: 1, SLSJ: '20261012093000' }),
  gd(3, number, { SPBZH: 1, SPHJDM: 1, SPRXM: '李四', SPSJ: '20261012100000' }),
  gd(5, number, { XH: 1, TBCXZL: 'B', TBCXKSRQ: '20261013090000', TBCXQDLY: '现场勘验' }),
  gd(6, number, { XH: 1, TBCXJSRQ: '20261014090000', TBCXJG: '合格' }),
  gd(4, number, { BJJGDM: 0, BJSJ: '20261015160000' }),
  gd(9, number, { LQRXM: '张三', LQSJ: '20261016090000' }),
];
const kinds = ['received', 'accepted', 'stepped', 'suspended', 'resumed', 'decided', 'completed', 'stepped'].map(
  (kind) => `case.${kind}`,
);

describe('POST /api/ingest/guangdong', () => {
  it('takes the life of a case, once, as array and as gzipped NDJSON', async () => {
    expect(await answerTo('guangdong', life('GD-1'))).toEqual({
      accepted: 8,
      duplicates: 0,
      refused: [],
      refusedCount: 0,
    });
    const rows = await recorded('GD-1', 8);
    expect(rows.map(({ kind }) => kind)).toEqual(kinds);
    expect(rows.every(({ refused }) => refused === null)).toBe(true);
    const lines = gzipSync(
      life('GD-1')
        .map((each) => JSON.stringify(each))
        .join('\n'),
    );
    const again = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
    expect(await answerTo('guangdong', lines, again)).toMatchObject({ accepted: 0, duplicates: 8 });
    const [casefile] = await hub.context.store.query<{ status: string; source: string }>(
      "select status, source from casefile where body->>'number' = 'GD-1'",
    );
    expect(casefile).toEqual({ status: 'completed', source: 'jinjiang' });
  });

  it('names what is wrong in the fields of the source, and takes the others', async () => {
    const messages = [
      gd(2, 'GD-2', { SLZTDM: 1, SLSJ: '2026-02-30' }),
      gd(2, 'GD-2', { SLZTDM: 1, SLSJ: '20261012093000', SXBM: 'NO-1' }),
      gd(2, 'GD-2', { SLZTDM: 1, SLSJ: '20261012093000', XZQHDM: '510421' }),
      gd(2, 'GD-2', { SLZTDM: 1, SLSJ: '20261012093000' }),
      gd(4, 'GD-1', { BJJGDM: 1, BJSJ: '20261015170000' }),
    ];
    const answer = await answerTo('guangdong', messages);
    expect(answer).toMatchObject({ accepted: 1, duplicates: 0, refusedCount: 4 });
    expect(answer.refused.map(({ index, field }) => `${index} ${field}`)).toEqual([
      '0 SLSJ',
      '1 SXBM',
      '2 XZQHDM',
      '4 id',
    ]);
  });

  it('asks for a token, and for JSON', async () => {
    expect((await post('guangdong', [], { authorization: '' })).status).toBe(401);
    expect((await post('guangdong', '<a/>', { 'content-type': 'text/xml' })).status).toBe(415);
    expect((await post('guangdong', '[')).status).toBe(400);
    expect((await post('klingon', [])).status).toBe(404);
  });
});

describe('POST /api/ingest/national', () => {
  it('takes rows, a changed row as its change, and no deletion', async () => {
    const row = (table: string, row_guid: string, fields: Record<string, unknown>): Record<string, unknown> => ({
      table,
      row_guid,
      cd_operation: 'I',
      project_no: 'NAT-1',
      ...fields,
    });
    const special = row('up_pro_special_procedure', 'g-2', { special_type: 2, special_time: '2026-10-13 09:00:00' });
    const rows = [
      row('up_pro_accept', 'g-1', {
        task_code: 'CG-01',
        accept_date: '2026-10-12 09:00:00',
        promise_date: '2026-10-20',
      }),
      special,
    ];
    expect(await answerTo('national', rows)).toMatchObject({ accepted: 2, refusedCount: 0 });
    const later = [
      { ...rows[0], cd_operation: 'D' },
      { ...special, cd_operation: 'U', end_time: '2026-10-14 09:00:00' },
      row('up_pro_result', 'g-3', { result_type: 1, result_date: '2026-10-15 10:00:00' }),
    ];
    const answer = await answerTo('national', later);
    expect(answer).toMatchObject({ accepted: 3, duplicates: 1, refusedCount: 1 });
    expect(answer.refused).toMatchObject(
      [{ index: 0, field: 'cd_operation', reason: /deletion/ }].map(({ index, field }) => ({ index, field })),
    );
    const found = await recorded('NAT-1', 5);
    expect(found.map(({ kind }) => kind)).toEqual(
      ['accepted', 'suspended', 'resumed', 'decided', 'completed'].map((kind) => `case.${kind}`),
    );
    const kept = await hub.context.bus.manager.streams.getMessage('REFUSED', { last_by_subj: 'refused.jinjiang' });
    const message = kept!.json<{ field: string; bytes: string }>();
    expect(message.field).toBe('cd_operation');
    expect(JSON.parse(Buffer.from(message.bytes, 'base64').toString())).toMatchObject({
      row_guid: 'g-1',
      cd_operation: 'D',
    });
  });
});

describe('replay of other files', () => {
  async function play(name: string, bytes: string | Buffer, yaml: string): Promise<ReplayReport> {
    const file = join(folder, name);
    await writeFile(file, bytes);
    const read = readAnyMapping(yaml, 'm.yaml');
    if (!read.ok) throw new Error(read.errors.join('\n'));
    return replay(hub.context, { file, mapping: read.mapping, speed: 'max', refusedFile: `${file}.refused` });
  }

  it('reads a workbook through the mapping of its CSV twin, with dates in date cells', async () => {
    const yaml = (await readFile('test/fixtures/permits.yaml', 'utf8')).replace('county-export', 'sheet');
    const wall = (text: string): Date => new Date(`${text}Z`);
    const header = [
      '流水号',
      '办件编号',
      '事项编码',
      '申请人',
      '受理时间',
      '承诺时限',
      '办结时间',
      '环节',
      '环节时间',
      '工号',
      '备注',
    ];
    const accepted = wall('2026-10-12T09:00:00');
    const due = wall('2026-10-16T00:00:00');
    const done = wall('2026-10-16T16:30:00');
    const data = [
      header,
      ['S1', 'X-1', 'CG-01', '张三', accepted, due, done, '受理', accepted, '0701', null],
      ['S2', 'X-1', 'CG-01', '张三', accepted, due, done, '审查', wall('2026-10-13T15:10:00'), '0702', '齐全'],
      [
        'S3',
        'X-2',
        'CG-01',
        '李四',
        '2026-10-13 10:00:00',
        '2026-10-19 23:59:59',
        null,
        '审查',
        '#VALUE!',
        '0701',
        null,
      ],
      [
        'S4',
        'X-2',
        'CG-01',
        '李四',
        '2026-10-13 10:00:00',
        '2026-10-19 23:59:59',
        null,
        '审查',
        accepted,
        '0701',
        null,
      ],
    ];
    const bytes = await writeExcel(data, { dateFormat: 'yyyy/m/d h:mm' }).toBuffer();
    const first = await play('permits.xlsx', bytes, yaml);
    expect(first).toMatchObject({ rows: 4, cases: 2, refused: 1, late: 0, onTime: 1, open: 1 });
    const [refused] = (await readFile(first.refusedFile!, 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(refused!)).toMatchObject({
      line: 4,
      field: '环节时间',
      reason: 'sheet 1, row 4, column I: the formula in it failed (#VALUE!)',
    });
    const [row] = await hub.context.store.query<{ at: number }>(
      "select occurred_at as at from event where source = 'sheet' and kind = 'case.accepted' order by at limit 1",
    );
    expect(row!.at).toBe(Date.parse('2026-10-12T09:00:00+08:00'));
    expect(await play('again.xlsx', gzipSync(bytes), yaml)).toMatchObject({ accepted: 0, duplicates: first.accepted });
  });

  it('reads messages of a dialect as NDJSON and as CSV', async () => {
    const yaml = "dialect: guangdong\nsource: feed\nregion: '510104'\n";
    const lines = [
      ...life('GD-F'),
      gd(2, 'GD-G', { SLZTDM: 1, SLSJ: 'x' }),
      gd(2, 'GD-H', { SLZTDM: 1, SLSJ: '20261012', XZQHDM: '510421' }),
    ];
    const report = await play('feed.ndjson', lines.map((each) => JSON.stringify(each)).join('\n'), yaml);
    expect(report).toMatchObject({ rows: 9, cases: 1, events: 8, accepted: 8, refused: 2 });
    const csv =
      'XXLX,SBLSH,SXBM,SJBBH,XZQHDM,SLZTDM,SLSJ\n2,GD-F,CG-01,1,510104,1,20261012093000\n2,GD-I,CG-01,1,510104,1,2026-10-12\n';
    expect(await play('feed.csv', csv, yaml)).toMatchObject({
      rows: 2,
      cases: 2,
      accepted: 1,
      duplicates: 1,
      refused: 0,
    });
  });
});
