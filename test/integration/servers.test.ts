import { AckPolicy } from '@nats-io/jetstream';
import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, Server, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../hub/model/event.ts';
import { spawnLeashed } from '../../hub/platform/children.ts';
import { startPostgres } from '../../hub/platform/embedded.ts';
import { createLog } from '../../hub/platform/log.ts';
import { connectBus, type Bus } from '../../hub/platform/nats.ts';
import { startNatsServer } from '../../hub/platform/natsServer.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { startTestBackend, temporaryFolder, type TestBackend } from '../support/hub.ts';
import { root } from '../support/tree.ts';
import { removeFolder } from '../support/folder.ts';

const log = createLog('silent');

const event = (index: number): Event => ({
  kind: 'case.accepted',
  id: `kill-${index}`,
  region: '510104',
  source: 'test',
  occurredAt: 1_763_800_000_000,
  casefile: `c${index}`,
  matter: 'M1',
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Long, because other tests may keep the machine busy; the recovery benchmark holds the time. */
const patience = 30_000;

async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = patience): Promise<void> {
  const begun = Date.now();
  while (!(await isSo())) {
    if (Date.now() - begun > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

/** How many events the log has; a question that falls into an outage is asked again. */
async function messagesOf(bus: Bus): Promise<number> {
  for (;;) {
    const info = await bus.manager.streams.info('EVENTS').catch(() => undefined);
    if (info) return info.state.messages;
  }
}

describe('a backend whose servers are killed with -9', () => {
  let backend: TestBackend;
  beforeAll(async () => {
    backend = await startTestBackend({ seed: false });
  });
  afterAll(() => backend?.stop());

  it('loses and doubles no event while nats-server dies twice', async () => {
    let sent = 0;
    let answered = 0;
    let publishing = true;
    const publisher = (async () => {
      while (publishing) {
        const batch = Array.from({ length: 2_000 }, () => event(sent++));
        const { stored, duplicates } = await backend.bus.publishAll(batch);
        // A repeat of an event whose answer got lost counts as a duplicate; the log has it once.
        answered += stored + duplicates;
      }
    })();
    try {
      for (let kill = 0; kill <= 2; kill += 1) {
        const before = answered;
        await until('more is published', () => answered > before + 2_000);
        if (kill === 2) break;
        const pid = backend.servers().nats!;
        process.kill(pid, 'SIGKILL');
        await until('the server is back', () => ![undefined, pid].includes(backend.servers().nats));
      }
    } finally {
      publishing = false;
      await publisher;
    }
    expect(answered).toBe(sent);
    expect(await messagesOf(backend.bus)).toBe(sent);
    expect(await backend.bus.publishAll([event(0), event(sent - 1)])).toEqual({ stored: 0, duplicates: 2 });
  });

  it('keeps listening and answering through a restart', async () => {
    const heard: number[] = [];
    const quiet = backend.bus.onLive((_region, message) => heard.push(message.position));
    const deaf = backend.bus.answer<number>('test.double', async (question) => question * 2);
    const pid = backend.servers().nats!;
    process.kill(pid, 'SIGKILL');
    await until('a question is answered again', () =>
      backend.bus.ask<number>('test.double', 21, 200).then(
        (answer) => answer === 42,
        () => false,
      ),
    );
    backend.bus.publishLive('510104', { position: 7, after: 6, more: false, items: [] } as never);
    await until('the live message arrives', () => heard.includes(7));
    quiet();
    deaf();
  });

  it('loses no committed row while postgres dies twice', async () => {
    await backend.store.query('create table counted (n int primary key)');
    let next = 0;
    let failures = 0;
    const committed: number[] = [];
    let writing = true;
    const writer = (async () => {
      while (writing) {
        const n = next++;
        try {
          await backend.store.transaction((runner) => runner.query('insert into counted values ($1)', [n]));
          committed.push(n);
        } catch (error) {
          expect((error as { code?: string }).code).toBe('store.away');
          failures += 1;
          await sleep(20);
        }
      }
    })();
    try {
      for (let kill = 0; kill <= 2; kill += 1) {
        const sofar = committed.length;
        await until('rows are written', () => committed.length > sofar + 50);
        if (kill === 2) break;
        const pid = backend.servers().postgres!;
        process.kill(pid, 'SIGKILL');
        await until('the server is back', () => ![undefined, pid].includes(backend.servers().postgres));
      }
    } finally {
      writing = false;
      await writer;
    }
    expect(failures).toBeGreaterThan(0);
    const rows = new Set((await backend.store.query<{ n: number }>('select n from counted')).map(({ n }) => n));
    expect(committed.filter((n) => !rows.has(n))).toEqual([]);
  });
});

describe('the log', () => {
  it('refuses new events when it is full, and drops none', async () => {
    const dataDir = await temporaryFolder();
    const server = await startNatsServer({ dataDir, log });
    const bus = await connectBus({ url: server.url, log, logBytes: 64 * 1024 });
    try {
      await expect(bus.publishAll(Array.from({ length: 2_000 }, (_, index) => event(index)))).rejects.toMatchObject({
        code: 'log.full',
      });
      const { state } = await bus.manager.streams.info('EVENTS');
      expect(state.first_seq).toBe(1);
      expect(state.messages).toBe(state.last_seq);
      await bus.refuse({
        source: '来源.1',
        place: '3',
        field: 'kind',
        reason: 'unknown',
        bytes: new Uint8Array(100_000),
      });
      const refused = await bus.manager.streams.getMessage('REFUSED', { last_by_subj: 'refused.>' });
      expect(refused?.json()).toMatchObject({ source: '来源.1', place: '3', field: 'kind', size: 100_000 });
    } finally {
      await bus.close();
      await server.stop();
      await removeFolder(dataDir);
    }
  });

  it('lets go of what is recorded, and of nothing else, before it is full', async () => {
    const dataDir = await temporaryFolder();
    const server = await startNatsServer({ dataDir, log });
    const bus = await connectBus({ url: server.url, log, logBytes: 256 * 1024 });
    try {
      await bus.manager.consumers.add('EVENTS', { durable_name: 'recorder', ack_policy: AckPolicy.All });
      const consumer = await bus.jetstream.consumers.get('EVENTS', 'recorder');
      const seen = new Set<string>();
      /** So many are there: it ends with the last of them, however slow the machine is. */
      const take = async (count: number): Promise<void> => {
        for await (const message of await consumer.fetch({ max_messages: count, expires: 60_000 })) {
          seen.add(message.json<Event>().id);
          if (message.info.pending === 0 || seen.size % 200 === 0) await message.ackAck();
        }
      };
      for (let round = 0; round < 15; round += 1) {
        await bus.publishAll(Array.from({ length: 200 }, (_, index) => event(round * 200 + index)));
        await take(200);
      }
      expect(seen.size).toBe(3_000);
      const { state } = await bus.manager.streams.info('EVENTS');
      expect(state.messages).toBeLessThan(3_000);
      // Nobody records any more: it fills up and refuses, and what is not recorded stays.
      let sent = 3_000;
      await expect(
        (async () => {
          for (;;) await bus.publish(event(sent++));
        })(),
      ).rejects.toMatchObject({ code: 'log.full' });
      while (seen.size < sent - 1) await take(Math.min(200, sent - 1 - seen.size));
      expect(seen.size).toBe(sent - 1);
    } finally {
      await bus.close();
      await server.stop();
      await removeFolder(dataDir);
    }
  });

  it('gives a command its verdict, also when it is repeated, and says when the recorder is away', async () => {
    const dataDir = await temporaryFolder();
    const server = await startNatsServer({ dataDir, log });
    const bus = await connectBus({ url: server.url, log });
    try {
      await expect(bus.command(event(1), { waitMs: 200 })).rejects.toMatchObject({ code: 'recorder.away' });
      bus.connection.subscribe('event.>', {
        callback: (_error, message) => bus.announce(message.json<Event>().id, { ok: true, position: 5 }),
      });
      expect(await bus.command(event(2))).toEqual({ ok: true, position: 5 });
      const forget = bus.answer<{ id: string }>('record.verdict', async ({ id }) =>
        id === 'kill-1' ? { ok: false, field: 'duty', reason: 'done' } : null,
      );
      expect(await bus.command(event(1))).toEqual({ ok: false, field: 'duty', reason: 'done' });
      forget();
      const stop = bus.answer('test.fails', async () => {
        throw new Error('no such camera');
      });
      await expect(bus.ask('test.fails', {}, 20_000)).rejects.toThrow('no such camera');
      stop();
      await expect(bus.ask('test.nobody', {}, 500)).rejects.toMatchObject({ code: 'part.away' });
    } finally {
      await bus.close();
      await server.stop();
      await removeFolder(dataDir);
    }
  });

  it('says log.away when its patience ends, and takes the event afterwards', async () => {
    const dataDir = await temporaryFolder();
    let server = await startNatsServer({ dataDir, log });
    const bus = await connectBus({ url: server.url, log });
    try {
      await server.stop();
      const begun = Date.now();
      await expect(bus.publish(event(1), { patienceMs: 400 })).rejects.toMatchObject({ code: 'log.away' });
      // Usually half a second.
      expect(Date.now() - begun).toBeLessThan(20_000);
    } finally {
      await bus.close();
    }
    server = await startNatsServer({ dataDir, log });
    const again = await connectBus({ url: server.url, log });
    try {
      await again.publish(event(1));
      expect((await again.manager.streams.info('EVENTS')).state.messages).toBe(1);
    } finally {
      await again.close();
      await server.stop();
      await removeFolder(dataDir);
    }
  });
});

/** Every process whose command line or working folder names this folder: servers, and the backends of postgres. */
async function processesOf(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const each of await readdir('/proc')) {
    const pid = Number(each);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    if (command!.includes(folder) || environment!.includes(folder)) found.push(pid);
  }
  return found;
}

function startProcess(dataDir: string): Promise<ChildProcess> {
  const hub = spawn(process.execPath, ['hub/hallwatch.mjs', 'up'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      ROLES: 'record',
      DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  return new Promise((resolve, reject) => {
    for (const stream of [hub.stdout, hub.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
    hub.stdout.on('data', () => said.includes('ready http://127.0.0.1:') && resolve(hub));
    hub.once('exit', (code) => reject(new Error(`the hub ended with ${code}: ${said}`)));
  });
}

describe('a hub process', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await temporaryFolder();
  });
  afterAll(() => removeFolder(dataDir));

  it('leaves no process after kill -9, and the next one goes on with its data', async () => {
    const hub = await startProcess(dataDir);
    const { databaseUrl } = JSON.parse(await readFile(`${dataDir}/hub.json`, 'utf8')) as { databaseUrl: string };
    const store = await connectStore({ url: databaseUrl, log });
    await store.query('create table kept as select 1 as n');
    expect((await processesOf(dataDir)).length).toBeGreaterThan(2);
    hub.kill('SIGKILL');
    await until('no process is left', async () => (await processesOf(dataDir)).length === 0);
    await store.close();

    const next = await startProcess(dataDir);
    const second = spawn(process.execPath, ['hub/hallwatch.mjs', 'up'], {
      cwd: root,
      env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let refusal = '';
    second.stderr.on('data', (bytes: Buffer) => (refusal += bytes.toString()));
    expect(await new Promise((done) => second.once('exit', done))).toBe(1);
    expect(refusal).toContain(`another hub runs on ${dataDir}`);

    const url = (JSON.parse(await readFile(`${dataDir}/hub.json`, 'utf8')) as { databaseUrl: string }).databaseUrl;
    const again = await connectStore({ url, log });
    expect(await again.query('select n from kept')).toEqual([{ n: 1 }]);
    await again.close();
    next.kill('SIGTERM');
    expect(await new Promise((done) => next.once('exit', done))).toBe(0);
    await until('no process is left', async () => (await processesOf(dataDir)).length === 0);
    expect(await readdir(dataDir)).not.toContain('hub.json');
  }, 180_000);

  it.each([
    { how: 'by the parent-death signal', withoutSetpriv: false },
    { how: 'by the guard, where setpriv is missing', withoutSetpriv: true },
  ])('takes its children along $how', async ({ withoutSetpriv }) => {
    const script = `
      import { spawnLeashed } from ${JSON.stringify(`${root}/hub/platform/children.ts`)};
      const child = spawnLeashed('sleep', ['600'], { withoutSetpriv: ${withoutSetpriv} });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString()))),
    );
    // What asks the kernel for the signal becomes the program itself when it has done so.
    await until('the child runs', async () => (await readFile(`/proc/${pid}/comm`, 'utf8')).trim() === 'sleep');
    parent.kill('SIGKILL');
    await until('the child is gone', () => !isAlive(pid));
  });

  it('leaves no guard behind when the child ends first', async () => {
    const child = spawnLeashed('sleep', ['0.1'], { withoutSetpriv: true });
    await new Promise((done) => child.once('exit', done));
    const guards = async (): Promise<number> => {
      let count = 0;
      for (const each of await readdir('/proc')) {
        const command = await readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '');
        if (command.includes(`\0guard\0`) && command.endsWith(`\0${child.pid}\0`)) count += 1;
      }
      return count;
    };
    await until('the guard is gone', async () => (await guards()) === 0);
  });
});

describe('embedded PostgreSQL', () => {
  /** Whoever is given any port next loses it to somebody else as soon as it is given back. */
  function robbed(): Promise<Server> {
    const { close } = Server.prototype;
    return new Promise((resolve) => {
      Server.prototype.close = function (this: Server, done) {
        Server.prototype.close = close;
        const { port } = this.address() as AddressInfo;
        return this.close(() => {
          const thief = createServer().listen(port, '127.0.0.1', () => {
            resolve(thief);
            done?.();
          });
        });
      };
    });
  }

  it('starts where half a cluster, a stale postmaster.pid of another program and another server at its port stand', async () => {
    const dataDir = await temporaryFolder();
    try {
      const first = await startPostgres({ dataDir, log });
      const pid = first.pid!;
      await first.stop();
      expect(isAlive(pid)).toBe(false);
      await writeFile(`${dataDir}/postgres/postmaster.pid`, `${process.pid}\n${dataDir}/postgres\n`, { mode: 0o600 });
      const robbery = robbed();
      const second = await startPostgres({ dataDir, log });
      await second.stop();
      (await robbery).close();
      await rm(`${dataDir}/postgres/PG_VERSION`);
      const third = await startPostgres({ dataDir, log });
      const begun = Date.now();
      await third.stop();
      // After six seconds it is told more harshly.
      expect(Date.now() - begun).toBeLessThan(6_000);
    } finally {
      await removeFolder(dataDir);
    }
  });
});
