import { createHash } from 'node:crypto';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import writeExcel from 'write-excel-file/node';
import type { Agent } from '../../ingest/agent/agent.ts';
import { postTo, startTestAgent, until } from '../support/agent.ts';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { removeFolder } from '../support/folder.ts';

const token = 'token-of-a-signing-department';
const key = createHash('sha256').update('key').digest('hex');
let hub: TestHub;
let folder: string;
let agent: Agent | undefined;
let count = 0;

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['ingest', 'record'] } });
  await hub.context.store.query(
    "insert into source (id, name, token_hash, region, created_at, signing_key) values ('signing', '签名部门', $1, '510104', 0, $2)",
    [createHash('sha256').update(token).digest(), hub.context.seal.seal(key)],
  );
});
afterAll(() => hub?.stop());
beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder, 'key'), `${key}\n`, { mode: 0o600 });
});
afterEach(async () => {
  await agent?.stop();
  agent = undefined;
  await removeFolder(folder);
});

async function start(change: Record<string, unknown> = {}, now?: () => number): Promise<Agent> {
  const own = { hub: { address: hub.address, tokenFile: 'token', keyFile: 'key', timeoutSeconds: 20 } };
  agent = await startTestAgent({ folder, hub: hub.address, token, change: { ...own, ...change } }, now);
  return agent;
}
const accepted = (prefix: string): Record<string, unknown> => {
  count += 1;
  return {
    id: `${prefix}-${count}`,
    kind: 'case.accepted',
    region: '510104',
    casefile: `${prefix}-C${count}`,
    matter: 'CG-01',
    occurredAt: Date.now() - 1_000,
  };
};
async function recorded(prefix: string): Promise<number> {
  const [row] = await hub.context.store.query<{ count: number }>(
    "select count(*) as count from event where body->>'casefile' like $1 || '%' and source = 'signing' and refused is null",
    [prefix],
  );
  return row!.count;
}

describe('an agent that signs', () => {
  it('is heard with its backlog, also when its clock is three hours wrong', async () => {
    const fast = await start({}, () => Date.now() + 3 * 3_600_000);
    await postTo(fast.address, [accepted('sign'), accepted('sign')]);
    // The first batch is too new for the hub, whose answer says what time it is.
    await until('the events', async () => (await recorded('sign')) === 2);
    await until('the answer', () => fast.status().totals.accepted === 2);
    expect(fast.status().totals).toMatchObject({ refused: 0 });
    await postTo(fast.address, [accepted('sign')]);
    const pulse = async () =>
      (
        await hub.context.store.query<{ at: number; events: number; oldest: number }>(
          "select at, events, oldest from source_pulse where source = 'signing'",
        )
      )[0];
    await until('its backlog', async () => (await pulse()) !== undefined);
    expect(await pulse()).toMatchObject({ events: expect.any(Number) });
    expect(Math.abs((await pulse())!.oldest - Date.now())).toBeLessThan(60_000);
  });

  it('holds with another key, says why, and goes on with the right one', async () => {
    await writeFile(join(folder, 'key'), 'f'.repeat(64));
    const holding = await start();
    await postTo(holding.address, [accepted('key')]);
    await until('it holds', () => holding.status().state === 'held');
    expect(holding.status().last).toMatchObject({ status: 401, detail: expect.stringContaining('signature') });
    expect(await recorded('key')).toBe(0);
    await writeFile(join(folder, 'key'), key);
    await until('the event', async () => (await recorded('key')) === 1);
  });
});

describe('drop folders', () => {
  it('take workbooks, XES and messages of a dialect, each with its mapping', async () => {
    const cases = (number: string, at: string): string =>
      `source: signing
region: '510104'
matter: { constant: CG-01 }
case:
  number: ${number}
  events: [{ kind: case.accepted, id: '{source}:{casefile}:accepted', at: ${at} }]
`;
    await writeFile(join(folder, 'xes.yaml'), cases('case:concept:name', 'case:startdate'));
    await writeFile(join(folder, 'xlsx.yaml'), cases('编号', '受理'));
    await writeFile(join(folder, 'gd.yaml'), "dialect: guangdong\nsource: signing\nregion: '510104'\n");
    const taking = await start({
      folders: [
        { path: 'xes', format: 'xes', mapping: 'xes.yaml', settleSeconds: 0.2 },
        { path: 'xlsx', format: 'xlsx', mapping: 'xlsx.yaml', settleSeconds: 0.2 },
        { path: 'gd', format: 'messages', mapping: 'gd.yaml', settleSeconds: 0.2 },
      ],
    });
    const drop = async (name: string, bytes: Uint8Array | string): Promise<void> => {
      await writeFile(join(folder, `part-of-${name.replace('/', '-')}`), bytes);
      await rename(join(folder, `part-of-${name.replace('/', '-')}`), join(folder, name));
    };
    await drop('xes/a.xes', await readFile('test/fixtures/permits.xes'));
    const book = await writeExcel([
      ['编号', '受理'].map((value) => ({ value })),
      [{ value: 'W-1' }, { value: new Date('2026-10-12T09:30:00Z'), type: Date, format: 'yyyy-mm-dd hh:mm' }],
    ]).toBuffer();
    await drop('xlsx/a.xlsx', book);
    const message = {
      XXLX: '2',
      SBLSH: 'G-1',
      SXBM: 'CG-01',
      SJBBH: '1',
      XZQHDM: '510104',
      SLZTDM: '1',
      SLSJ: '20261012093000',
    };
    await drop('gd/a.ndjson', `${JSON.stringify(message)}\n${JSON.stringify({ ...message, SLZTDM: '7' })}\n`);
    await until('the workbook', async () => (await recorded('W-')) === 1);
    await until('the message', async () => (await recorded('G-')) === 1);
    await until('the XES', async () => (await recorded('X-')) === 2);
    const [row] = await hub.context.store.query<{ at: number }>(
      "select occurred_at as at from event where body->>'casefile' = 'W-1' and kind like 'case.%'",
    );
    expect(row!.at).toBe(Date.parse('2026-10-12T09:30:00+08:00'));
    await until('all moved', () => taking.status().folders.every(({ waiting }) => waiting === 0));
    for (const each of ['xes', 'xlsx', 'gd']) expect(await readdir(join(folder, each, 'done'))).toHaveLength(1);
    const lines = (await readFile(join(folder, 'spool', 'refused.ndjson'), 'utf8')).trim().split('\n');
    expect(lines.map((each) => JSON.parse(each) as unknown)).toMatchObject([
      { from: 'a.ndjson', line: 2, field: 'SLZTDM' },
    ]);
  });

  it('want the mapping of a dialect for messages', async () => {
    await writeFile(
      join(folder, 'm.yaml'),
      "source: s\nregion: '510104'\nmatter: { constant: a }\ncase: { number: n, events: [{ kind: case.completed, id: a, at: b }] }\n",
    );
    await expect(start({ folders: [{ path: 'x', format: 'messages', mapping: 'm.yaml' }] })).rejects.toThrow(
      /dialect: missing/,
    );
  });
});
