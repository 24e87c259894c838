import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../ingest/agent/agent.ts';
import {
  postTo,
  spawnAgent,
  startTestAgent,
  statusOf,
  until,
  type AgentOptions,
  type AgentProcess,
} from '../support/agent.ts';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { startLink, type Link } from '../support/link.ts';
import { removeFolder } from '../support/folder.ts';

const token = 'token-of-a-department';
const week = 7 * 86_400_000;
let hub: TestHub;
let link: Link;
let folder: string;
let count = 0;
const agents: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['ingest', 'record'] } });
  await addSource('department', token);
});
afterAll(() => hub?.stop());
beforeEach(async () => {
  folder = await temporaryFolder();
  link = await startLink(hub.address);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.stop();
  await link.close();
  await removeFolder(folder);
});

async function addSource(id: string, secret: string): Promise<void> {
  await hub.context.store.query(
    'insert into source (id, name, token_hash, region, created_at) values ($1, $1, $2, $3, 0)',
    [id, createHash('sha256').update(secret).digest(), '510104'],
  );
}
const options = (change: Record<string, unknown> = {}): AgentOptions => ({ folder, hub: link.address, token, change });

async function start(change: Record<string, unknown> = {}, now?: () => number): Promise<Agent> {
  const agent = await startTestAgent(options(change), now);
  agents.push(agent);
  return agent;
}

const at = Date.UTC(2026, 9, 20, 2);
/** Acceptances under ids of their own. */
function accepted(prefix: string, many: number): Record<string, unknown>[] {
  return Array.from({ length: many }, () => {
    count += 1;
    const number = String(count).padStart(6, '0');
    return {
      id: `${prefix}-${number}`,
      kind: 'case.accepted',
      region: '510104',
      casefile: `${prefix}-C${number}`,
      matter: 'CG-01',
      occurredAt: at + count,
    };
  });
}
const idsOf = (events: readonly Record<string, unknown>[]) => events.map(({ id }) => id as string);

/** Ids in the store, in the order of the recorder. */
async function recorded(prefix: string): Promise<string[]> {
  const rows = await hub.context.store.query<{ id: string }>(
    "select id from event where id like $1 || '-%' order by position",
    [prefix],
  );
  return rows.map(({ id }) => id);
}
async function put(agent: { address: string }, events: readonly Record<string, unknown>[], piece = 500): Promise<void> {
  for (let from = 0; from < events.length; from += piece) {
    const response = await postTo(agent.address, events.slice(from, from + piece));
    expect(await response.json()).toMatchObject({ accepted: Math.min(piece, events.length - from), refused: [] });
  }
}
const arrived = (prefix: string, many: number, seconds = 60) =>
  until(`${many} events of ${prefix}`, async () => (await recorded(prefix)).length >= many, seconds);
const linesOf = async (name: string) =>
  (await readFile(join(folder, 'spool', name), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the front-end agent', () => {
  it('answers as the hub does, and sets aside what the hub refuses, with field and reason', async () => {
    const agent = await start();
    const [one, two, three] = accepted('say', 3) as [
      Record<string, unknown>,
      Record<string, unknown>,
      Record<string, unknown>,
    ];
    const response = await postTo(agent.address, [one, { ...two, region: 'x' }, { ...three, matter: 'none' }]);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      accepted: 2,
      duplicates: 0,
      refusedCount: 1,
      refused: [{ index: 1, field: 'region' }],
    });
    await arrived('say', 1);
    await until('the refusal', () => agent.status().refused === 1);
    expect(await linesOf('refused.ndjson')).toMatchObject([
      { from: 'hub', field: 'matter', event: { id: three.id }, reason: expect.stringContaining('none') },
    ]);
    await until('an empty spool', () => agent.status().backlog.events === 0);
    expect(agent.status()).toMatchObject({ totals: { sent: 2, accepted: 1, refused: 1 }, quarantined: 0 });
  });

  it.each([
    ['a body that breaks', '{"id"', {}, 400],
    ['a type it does not know', 'x', { 'content-type': 'text/plain' }, 415],
    ['a page of a browser', '[]', { origin: 'https://elsewhere.example.cn' }, 403],
    ['too much', 'x'.repeat(5 * 2 ** 20), {}, 413],
  ])('refuses %s', async (_, body, headers, status) => {
    const agent = await start();
    const response = await fetch(`${agent.address}/events`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status, detail: expect.any(String) });
  });

  it('takes files out of its folders, with what is wrong in them', async () => {
    const mapping =
      'source: county\nregion: "510104"\ntime: { format: "YYYY-MM-DD HH:mm" }\nmatter: { constant: CG-01 }\ncase:\n  number: 编号\n  events:\n    - { kind: case.accepted, id: "file-{casefile}-a", at: 受理 }\n    - { kind: case.completed, id: "file-{casefile}-c", at: 办结 }\n';
    await writeFile(join(folder, 'm.yaml'), mapping);
    const agent = await start({
      folders: [
        { path: 'csv', format: 'csv', mapping: 'm.yaml', settleSeconds: 0.2 },
        { path: 'lines', format: 'ndjson', settleSeconds: 0.2 },
      ],
    });
    const drop = async (name: string, text: string): Promise<void> => {
      await writeFile(join(folder, `${name}.part`), text);
      await rename(join(folder, `${name}.part`), join(folder, name));
    };
    await drop('csv/a.csv', '编号,受理,办结\nK1,2026-10-20 09:00,2026-10-21 10:00\nK2,never,\nK3,2026-10-20 09:05,\n');
    await drop('csv/b.csv', 'other,columns\n1,2\n');
    const events = accepted('file', 3);
    await drop('lines/c.ndjson', [...events.map((event) => JSON.stringify(event)), 'broken'].join('\n'));
    await arrived('file', 6);
    expect((await recorded('file')).sort()).toEqual(['file-K1-a', 'file-K1-c', 'file-K3-a', ...idsOf(events)].sort());
    await until('all files', () => agent.status().folders.every(({ waiting }) => waiting === 0));
    expect(await readdir(join(folder, 'csv', 'failed'))).toEqual([expect.stringMatching(/-b\.csv$/)]);
    expect(await readdir(join(folder, 'lines', 'done'))).toHaveLength(1);
    const refused = await linesOf('refused.ndjson');
    expect(refused.map(({ from, line, field }) => [from, line, field]).sort()).toEqual([
      ['a.csv', 3, '受理'],
      ['b.csv', 0, ''],
      ['c.ndjson', 4, ''],
    ]);
  });

  it('a file that cannot be moved away is moved later and not read again', async () => {
    const agent = await start({ folders: [{ path: 'in', format: 'ndjson', settleSeconds: 0.1 }] });
    const done = join(folder, 'in', 'done');
    await rm(done, { recursive: true });
    await writeFile(done, 'in the way');
    const events = accepted('move', 3);
    await writeFile(join(folder, 'in', 'a.ndjson'), events.map((event) => JSON.stringify(event)).join('\n'));
    await arrived('move', 3);
    await sleep(1_000);
    await rm(done);
    await mkdir(done);
    await until('the move', async () => (await readdir(done)).length === 1);
    expect(agent.status().totals.sent).toBe(3);
  });

  it('brings 20,000 events once and in order after a week without a link, through one that breaks', async () => {
    link.state = 'cut';
    const before = await start({}, () => Date.now() - week);
    const events = accepted('week', 20_000);
    await put(before, events);
    expect(before.status().backlog.events).toBe(20_000);
    await until('it waits', () => before.status().state === 'waiting');
    await agents.pop()!.stop();

    const agent = await start();
    const { backlog } = agent.status();
    expect(backlog.events).toBe(20_000);
    expect(Date.now() - Date.parse(backlog.oldest!)).toBeGreaterThan(week - 60_000);
    const ending = new AbortController();
    const trouble = (async () => {
      link.delayMs = 20;
      for (const state of ['through', 'cut', 'through', 'hole', 'through'] as const) {
        link.state = state;
        await sleep(500 + Math.random() * 700);
        link.breakAll();
        if (ending.signal.aborted) break;
      }
      link.state = 'through';
      link.delayMs = 0;
    })();
    try {
      await until('an empty spool', () => agent.status().backlog.events === 0, 120);
    } finally {
      ending.abort();
      await trouble;
    }
    await arrived('week', 20_000);
    expect(await recorded('week')).toEqual(idsOf(events));
    const { totals, refused } = agent.status();
    expect([totals.refused, refused, totals.sent]).toEqual([0, 0, 20_000]);
  }, 250_000);

  it('a source that sends everything again adds nothing', async () => {
    const agent = await start();
    const events = accepted('again', 2_000);
    await put(agent, events);
    await put(agent, events);
    await until('both rounds', () => agent.status().totals.sent >= 4_000);
    await arrived('again', 2_000);
    expect(await recorded('again')).toEqual(idsOf(events));
    expect(agent.status().totals).toEqual({ sent: 4_000, accepted: 2_000, duplicates: 2_000, refused: 0 });
  });

  it('refuses more when its limit is reached, with the backlog, and takes again once the hub has answered', async () => {
    link.state = 'cut';
    const agent = await start({ spool: { folder: 'spool', bytes: '256 KiB', segmentBytes: '64 KiB' } });
    const kept: string[] = [];
    let response: Response;
    do {
      const events = accepted('bound', 50);
      response = await postTo(agent.address, events);
      if (response.status === 200) kept.push(...idsOf(events));
    } while (response.status === 200);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('30');
    expect(await response.json()).toMatchObject({
      backlog: { events: kept.length },
      detail: expect.stringContaining('262144 bytes'),
    });
    link.state = 'through';
    await arrived('bound', kept.length);
    expect(await recorded('bound')).toEqual(kept);
    await until('an empty spool', () => agent.status().backlog.events === 0);
    await put(agent, accepted('bound', 50));
  });

  it('one event twice in a batch is one event', async () => {
    const agent = await start();
    const [event] = accepted('twice', 1);
    await put(agent, [event!, event!]);
    await until('an empty spool', () => agent.status().backlog.events === 0);
    expect(agent.status().totals).toEqual({ sent: 2, accepted: 1, duplicates: 1, refused: 0 });
  });

  it('tells how wrong its clock is, and never puts it into an event', async () => {
    const agent = await start({}, () => Date.now() + 3 * 3_600_000);
    const events = accepted('clock', 1);
    await put(agent, events);
    await arrived('clock', 1);
    expect(Math.abs(agent.status().skewMs! - 3 * 3_600_000)).toBeLessThan(20_000);
    const [row] = await hub.context.store.query<{ occurred: number; received: number }>(
      'select occurred_at::float8 as occurred, received_at::float8 as received from event where id = $1',
      [events[0]!.id],
    );
    expect(row!.occurred).toBe(events[0]!.occurredAt);
    expect(Math.abs(row!.received - Date.now())).toBeLessThan(60_000);
  });

  it('holds when the hub does not know its token, keeps spooling, and goes on with another', async () => {
    const agent = await start();
    await writeFile(join(folder, 'token'), 'a-token-nobody-knows');
    const events = accepted('held', 3);
    await put(agent, events);
    await until('it holds', () => agent.status().state === 'held');
    expect(agent.status()).toMatchObject({ last: { status: 401 } });
    const { taken } = link;
    await put(agent, accepted('held', 2));
    await sleep(1_500);
    expect(link.taken).toBe(taken);
    expect(agent.status().backlog.events).toBe(5);
    await writeFile(join(folder, 'token'), token);
    await arrived('held', 5);
  });

  it('halves what is too large for a proxy on the way, and sets one event aside that never fits', async () => {
    const proxy = await smallProxy(hub.address, 1_000);
    try {
      const agent = await startTestAgent({ ...options(), hub: proxy.address });
      agents.push(agent);
      const events = accepted('small', 200);
      const noise = Array.from({ length: 40 }, (_, index) => createHash('sha256').update(String(index)).digest('hex'));
      const big: Record<string, unknown> = { ...accepted('big', 1)[0], note: noise.join('').slice(0, 2_000) };
      await put(agent, [...events.slice(0, 100), big, ...events.slice(100)]);
      await arrived('small', 200);
      expect(await recorded('small')).toEqual(idsOf(events));
      await until('the refusal', () => agent.status().refused === 1);
      expect(await linesOf('refused.ndjson')).toMatchObject([{ event: { id: big.id } }]);
      await agents.pop()!.stop();
    } finally {
      await new Promise((done) => proxy.server.close(done));
    }
  });

  it('a second agent on the same spool is told so', async () => {
    await start();
    await expect(startTestAgent(options())).rejects.toThrow(/another agent runs on the spool/);
  });
});

describe('the process', () => {
  it('killed again and again while it spools and sends, loses nothing that was answered and doubles nothing', async () => {
    const answered: string[] = [];
    const posted: string[] = [];
    let agent: AgentProcess | undefined = await spawnAgent(options());
    let posting = true;
    const workers = Array.from({ length: 4 }, async () => {
      while (posting) {
        const events = accepted('kill', 10);
        posted.push(...idsOf(events));
        const address = agent?.address;
        const response = address === undefined ? undefined : await postTo(address, events).catch(() => undefined);
        if (response?.status === 200) answered.push(...idsOf(events));
        await sleep(2);
      }
    });
    try {
      for (let round = 0; round < 4; round += 1) {
        await sleep(100 + Math.random() * 900);
        const dying: AgentProcess = agent!;
        await dying.kill();
        agent = undefined;
        agent = await spawnAgent(options());
      }
      await until('five hundred answers', () => answered.length > 500, 60);
    } finally {
      posting = false;
      await Promise.all(workers);
    }
    try {
      await until('an empty spool', async () => (await statusOf(agent!.address)).backlog.events === 0);
      const missing = async () => {
        const there = new Set(await recorded('kill'));
        return answered.filter((id) => !there.has(id));
      };
      await until('all that was answered', async () => (await missing()).length === 0);
      const all = await recorded('kill');
      expect(new Set(all).size).toBe(all.length);
      expect(all.every((id) => posted.includes(id))).toBe(true);
      expect(await statusOf(agent!.address)).toMatchObject({ refused: 0 });
    } finally {
      await agent?.kill();
    }
  }, 150_000);

  /** Where this machine lets nobody mount, the limit on the length of a file stands for the full disk. */
  const disks: [string, (spool: string) => string][] = [
    ['a file that may not grow', () => 'ulimit -f 150'],
    ...(mayMount()
      ? [
          ['a full disk', (spool) => `mkdir -p ${spool} && mount -t tmpfs -o size=300k tmpfs ${spool}`] as [
            string,
            (spool: string) => string,
          ],
        ]
      : []),
  ];
  it.each(disks)(
    '%s: callers hear 507, what was answered is kept, and it goes on when there is room',
    async (name, before) => {
      link.state = 'cut';
      const spool = join(folder, 'spool');
      const prefix = `disk${disks.findIndex(([each]) => each === name)}`;
      const agent = await spawnAgent(options(), before(spool));
      try {
        const events = accepted(prefix, 3_000);
        const kept: string[] = [];
        let refusal: Response | undefined;
        for (let from = 0; from < events.length && !refusal; from += 20) {
          const piece = events.slice(from, from + 20);
          const response = await postTo(agent.address, piece);
          if (response.status === 200) kept.push(...idsOf(piece));
          else refusal = response;
        }
        expect(refusal?.status).toBe(507);
        expect(await refusal!.json()).toMatchObject({
          detail: expect.stringContaining('make room on the disk'),
          backlog: { events: kept.length },
        });
        expect((await statusOf(agent.address)).spool.trouble).toMatch(/ENOSPC|EFBIG/);
        link.state = 'through';
        await arrived(prefix, kept.length);
        expect(await recorded(prefix)).toEqual(kept);
        await until('an empty spool', async () => (await statusOf(agent.address)).backlog.events === 0);
        const more = accepted(prefix, 20);
        await put(agent, more);
        expect((await statusOf(agent.address)).spool.trouble).toBeUndefined();
        await arrived(prefix, kept.length + 20);
        expect(await recorded(prefix)).toEqual([...kept, ...idsOf(more)]);
      } finally {
        await agent.kill();
        if (before(spool).includes('mount')) execFileSync('umount', [spool]);
      }
    },
  );
});

function mayMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'hallwatch-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('umount', [place]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** A proxy with a limit on bodies, as departments have them. */
async function smallProxy(target: string, limit: number): Promise<{ address: string; server: Server }> {
  const server = createServer((near, answer) => {
    if (Number(near.headers['content-length']) > limit) {
      near.resume();
      answer.writeHead(413).end('<html>too large</html>');
      return;
    }
    const far = request(new URL(near.url!, target), { method: near.method!, headers: near.headers }, (response) => {
      answer.writeHead(response.statusCode!, response.headers);
      response.pipe(answer);
    });
    near.pipe(far);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
