import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Act } from '../../hub/model/matterVersion.ts';
import { turnMatter } from '../../hub/platform/matters.ts';
import { projectFolder } from '../../hub/platform/migrate.ts';
import { seedFrom } from '../../seeds/load.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { fillTemplate } from '../support/matters.ts';
import { untilWithin } from '../support/until.ts';

const token = 'token-of-a-test-source';
const region = '510104';
let hub: TestHub;
let count = 0;

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['ingest', 'record', 'serve'] } });
  await hub.context.store.query(
    'insert into source (id, name, token_hash, region, created_at) values ($1, $1, $2, $3, 0)',
    ['jinjiang', createHash('sha256').update(token).digest(), region],
  );
});
afterAll(() => hub?.stop());

const file = (name: string): string => join(hub.dataDir, name);

/** Runs `hallwatch matters …` beside the hub, as an administrator does. */
async function matters(...args: string[]): Promise<{ code: number; out: string }> {
  const { natsUrl, databaseUrl } = hub.backend;
  const run = promisify(execFile)(process.execPath, ['hub/hallwatch.mjs', 'matters', ...args], {
    cwd: projectFolder(),
    env: { ...process.env, DATA_DIR: hub.dataDir, NATS_URL: natsUrl, DATABASE_URL: databaseUrl },
  });
  return run.then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: { code: number; stdout: string }) => ({
      code: error.code,
      out: error.stdout,
    }),
  );
}

interface Answer {
  accepted: number;
  refused: { field: string; reason: string }[];
}

async function accept(matter: string, casefile: string, occurredAt: string): Promise<Answer> {
  count += 1;
  const response = await fetch(`${hub.address}/api/ingest/events`, {
    method: 'POST',
    body: JSON.stringify({ id: `m-${count}`, kind: 'case.accepted', region, casefile, matter, occurredAt }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

async function dueOf(casefile: string): Promise<{ promised: string; statutory: string }> {
  const row = await untilWithin(60_000)(`casefile ${casefile}`, async () => {
    const [found] = await hub.context.store.query<{ promised: number; statutory: number }>(
      'select promised_due_at as promised, statutory_due_at as statutory from casefile where id = $1',
      [`${region}:${casefile}`],
    );
    return found;
  });
  const day = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(0, 10);
  return { promised: day(row.promised - 1), statutory: day(row.statutory - 1) };
}

/** Draft → frozen through both offices, by the command line. */
async function freezeByHand(...codes: string[]): Promise<void> {
  const at = ['--region', region];
  for (const args of [
    ['submit', ...codes, ...at, '--by', '张三'],
    ['review', ...codes, ...at, '--by', '编办甲', '--office', 'establishment'],
    ['review', ...codes, ...at, '--by', '法制办乙', '--office', 'legal'],
    ['freeze', ...codes, ...at, '--by', '管理员'],
  ])
    expect(await matters(...args)).toMatchObject({ code: 0 });
}

async function freeze(code: string): Promise<void> {
  const at = Date.now();
  const acts: Act[] = [
    { act: 'submit', by: '张三', at },
    { act: 'approve', office: 'establishment', by: '编办甲', at },
    { act: 'approve', office: 'legal', by: '法制办乙', at },
    { act: 'freeze', by: '管理员', at },
  ];
  for (const act of acts) expect(await turnMatter(hub.context, region, code, act)).toMatchObject({ ok: true });
}

const soon = { timeout: 60_000 };

describe('the catalogue of matters', () => {
  it('goes from the filled form to the clock, version by version (XY-14, XY-61, XY-62)', async () => {
    expect(await matters('template', file('form.xlsx'))).toMatchObject({ code: 0 });
    const steps = '受理|受理|陈五|1；审核|初审|李科长|3；发证|发证|张三|无';
    const row = { 事项编码: 'NEW-1', 法定时限: 5, 承诺时限: 3, 审批程序: steps };
    await fillTemplate(file('form.xlsx'), file('one.xlsx'), [row, { 事项编码: 'NEW-S', 密级: '机密' }]);

    expect(await matters('import', file('one.xlsx'), '--region', region, '--dry-run')).toMatchObject({ code: 0 });
    expect((await matters('list', '--region', region, '--json')).out.trim()).toBe('[]');
    expect(await matters('import', file('one.xlsx'), '--region', region)).toMatchObject({ code: 0 });
    // A draft is nobody's clock yet.
    expect(await accept('NEW-1', 'K-0', '2026-11-02T09:00:00+08:00')).toMatchObject({ accepted: 0 });
    expect(await matters('freeze', 'NEW-1', '--region', region, '--by', '管理员')).toMatchObject({
      code: 1,
      out: expect.stringContaining('only a reviewed one can be frozen') as string,
    });

    await freezeByHand('NEW-1', 'NEW-S');
    await expect.poll(() => hub.backend.world().matters.has(`${region}/NEW-1`), soon).toBe(true);
    // Monday 2 November 2026: three working days end on Thursday, five on the Monday after.
    expect(await accept('NEW-1', 'K-1', '2026-11-02T09:00:00+08:00')).toMatchObject({ accepted: 1 });
    expect(await dueOf('K-1')).toEqual({ promised: '2026-11-05', statutory: '2026-11-09' });

    await fillTemplate(file('form.xlsx'), file('two.xlsx'), [{ ...row, 承诺时限: 2 }]);
    expect(await matters('import', file('two.xlsx'), '--region', region)).toMatchObject({ code: 0 });
    await freeze('NEW-1');
    await expect.poll(() => hub.backend.world().matters.get(`${region}/NEW-1`)?.promisedDays, soon).toBe(2);
    expect(await accept('NEW-1', 'K-2', '2026-11-02T09:00:00+08:00')).toMatchObject({ accepted: 1 });
    expect((await dueOf('K-2')).promised).toBe('2026-11-04');
    const { code, out } = await matters('diff', 'NEW-1', '1', '2', '--region', region, '--json');
    expect([code, JSON.parse(out)]).toEqual([1, [{ field: 'promisedDays', from: 3, to: 2 }]]);
  }, 240_000);

  it('refuses events of a secret matter as of one that does not exist, and never shows it (JY-02)', async () => {
    await expect.poll(() => hub.backend.world().matters.get(`${region}/NEW-S`)?.secret, soon).toBe(true);
    const { refused } = await accept('NEW-S', 'K-3', '2026-11-02T09:00:00+08:00');
    expect(refused).toMatchObject([{ field: 'matter', reason: 'region 510104 publishes no matter NEW-S' }]);
    // What was sent is not kept, not even among the refused.
    const kept = await hub.context.bus.manager.streams.getMessage('REFUSED', { last_by_subj: 'refused.jinjiang' });
    const refusal: unknown = JSON.parse(new TextDecoder().decode(kept!.data));
    expect(refusal).toMatchObject({ reason: expect.stringMatching(/NEW-S/) as string, size: 0, bytes: '' });
    const [row] = await hub.context.store.query<{ body: unknown }>(`select body from matter where code = 'NEW-S'`);
    expect(JSON.stringify(row!.body)).not.toContain('食品');
    const cookie = await hub.signIn({ name: 'inspector', role: 'inspector', region });
    const vocabulary = await (await fetch(`${hub.address}/api/vocabulary`, { headers: { cookie } })).text();
    expect(vocabulary).toContain('NEW-1');
    expect(vocabulary).not.toContain('NEW-S');
  });

  it('is compared with the published list, and exported in the form of the template (FS-17, FS-18)', async () => {
    await matters('export', file('out.csv'), '--region', region);
    const { code, out } = await matters('reconcile', file('out.csv'), '--region', region, '--json');
    expect([code, JSON.parse(out)]).toEqual([0, []]);
    expect(await matters('import', file('out.csv'), '--region', region)).toMatchObject({ code: 0 });
    await fillTemplate(file('form.xlsx'), file('list.xlsx'), [
      { 事项编码: 'NEW-1', 法定时限: 5, 承诺时限: 2, 收费项目: '工本费|20|本|收费目录 第 3 项', 审批程序: '' },
      { 事项编码: 'NEW-S' },
      { 事项编码: 'NEW-9' },
    ]);
    const compared = await matters('reconcile', file('list.xlsx'), '--region', region, '--json');
    expect(compared.code).toBe(1);
    expect(JSON.parse(compared.out)).toMatchObject([
      { kind: 'differs', code: 'NEW-1', field: 'fees' },
      { kind: 'notInSystem', code: 'NEW-9' },
    ]);

    // Cancelled on 1 November, and used on the second.
    await fillTemplate(file('form.xlsx'), file('gone.xlsx'), [
      { 事项编码: 'NEW-1', 法定时限: 5, 承诺时限: 2, 状态: '取消', 状态起始日: '2026-11-01' },
    ]);
    expect(await matters('import', file('gone.xlsx'), '--region', region)).toMatchObject({ code: 0 });
    await freeze('NEW-1');
    const used = await matters('reconcile', file('list.xlsx'), '--region', region);
    expect(used.out).toMatch(/cancelled since 2026-11-01, 2 cases accepted since then/);
  }, 240_000);

  it('keeps a frozen version when the example matters are seeded again', async () => {
    const { store, seal } = hub.context;
    await store.query(
      `insert into matter_version (region, code, version, state, record, acts, changed_at)
       select region, code, 1, 'frozen', '{}', '[]', 0 from matter where code = 'GA-02'`,
    );
    await store.query(
      `update matter set body = jsonb_set(body, '{promisedDays}', '4') where code in ('GA-02', 'GA-01')`,
    );
    await seedFrom(join(projectFolder(), 'seeds'), store, seal.seal);
    const rows = await store.query<{ code: string; days: number }>(
      `select code, (body->>'promisedDays')::int as days from matter where code in ('GA-01', 'GA-02') order by code`,
    );
    expect(rows).toEqual([
      { code: 'GA-01', days: 1 },
      { code: 'GA-02', days: 4 },
    ]);
  });
});
