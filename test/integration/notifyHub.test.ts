/** From a department's event at the door to the mail of its contacts, through whole hubs, one of which dies in between. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectFolder } from '../../hub/platform/migrate.ts';
import { connectStore, type Store } from '../../hub/platform/postgres.ts';
import { until } from '../support/desk.ts';
import { freePort } from '../support/freePort.ts';
import { startTestHub, temporaryFolder } from '../support/hub.ts';

const from = 'hub@example.cn';
let dataDir: string;
let hub: ChildProcess | undefined;

beforeAll(async () => {
  dataDir = await temporaryFolder();
});
afterAll(async () => {
  hub?.kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

/** Keeps to whom each mail went, with its key. */
async function listenMail(port = 0) {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const key = /^Idempotency-Key: (\S+)/m.exec(Buffer.concat(parts).toString())?.[1];
        mails.push(`${session.envelope.rcptTo.map(({ address }) => address).join()} ${key}`);
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = (server.server.address() as AddressInfo).port;
  return { mails, port: bound, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

/** Accepted long ago and due the week after: over its limits as soon as it is known. */
async function post(address: string, casefile: string): Promise<void> {
  const accepted = Date.parse('2026-03-02T10:00:00+08:00');
  const response = await fetch(`${address}/api/ingest/events`, {
    method: 'POST',
    headers: { authorization: 'Bearer secret-of-the-source', 'content-type': 'application/json' },
    body: JSON.stringify({
      kind: 'case.accepted',
      id: `${casefile}-1`,
      region: '510104',
      casefile,
      matter: 'GA-02',
      department: '510104-police',
      occurredAt: accepted,
      promisedDueAt: accepted + 7 * 86_400_000,
    }),
  });
  expect(await response.json()).toMatchObject({ accepted: 1 });
}

const deliveriesOf = (store: Store, casefile: string) =>
  store.query<{ notice: string; contact: string; recipient: string; state: string; error: string | null }>(
    `select d.notice, d.contact, d.recipient, d.state, d.error from notice_delivery d join notice n on n.id = d.notice
      join signal s on s.id = n.signal where s.casefile = $1 and d.channel = 'email' order by 1, 2`,
    [`510104:${casefile}`],
  );

function startProcess(smtpPort: number): Promise<string> {
  hub = spawn(process.execPath, ['hub/hallwatch.mjs', 'up'], {
    cwd: projectFolder(),
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      ROLES: 'ingest,record,notify',
      DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
      SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
      SMTP_FROM: from,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  return new Promise((resolve, reject) => {
    hub!.stdout!.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      const address = /ready (http:\S+)/.exec(said)?.[1];
      if (address) resolve(address);
    });
    hub!.once('exit', (code) => reject(new Error(`the hub ended with ${code}: ${said}`)));
  });
}

async function withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const { databaseUrl } = JSON.parse(await readFile(`${dataDir}/hub.json`, 'utf8')) as { databaseUrl: string };
  const store = await connectStore({ url: databaseUrl, log: pino({ level: 'silent' }) });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

it('tells the contacts of a department by mail that its case is late', async () => {
  const mail = await listenMail();
  const whole = await startTestHub({
    dataDir,
    settings: {
      roles: ['ingest', 'record', 'notify'],
      notify: { smtp: { url: `smtp://127.0.0.1:${mail.port}`, from } },
    },
  });
  const { store } = whole.context;
  await store.query(
    `insert into source (id, name, token_hash, region, demo, created_at) values ('police', '公安', $1, '510104', false, 0)`,
    [createHash('sha256').update('secret-of-the-source').digest()],
  );
  await post(whole.address, 'N-1');
  await until('the mails', async () => {
    const rows = await deliveriesOf(store, 'N-1');
    return rows.length > 0 && rows.every(({ state }) => state === 'sent');
  });
  const sent = (await deliveriesOf(store, 'N-1')).map((each) => `${each.recipient} ${each.notice}:${each.contact}`);
  await whole.stop();
  await mail.close();
  expect(mail.mails.filter((each) => sent.includes(each)).sort()).toEqual(sent.sort());
  expect(mail.mails.filter((each) => each.startsWith('police.head@example.cn ')).length).toBeGreaterThan(0);
}, 180_000);

it('sends once, after kill -9, what was committed and not sent', async () => {
  // The mail server is away: the signal is committed, its mails wait.
  const port = await freePort();
  await post(await startProcess(port), 'N-2');
  const waiting = await withStore(async (store) => {
    await until('the first attempts failed', async () => {
      const rows = await deliveriesOf(store, 'N-2');
      return rows.length > 0 && rows.every(({ error }) => error !== null);
    });
    return deliveriesOf(store, 'N-2');
  });
  expect(waiting.every(({ state }) => state === 'waiting')).toBe(true);
  const ended = new Promise((resolve) => hub!.once('exit', resolve));
  hub!.kill('SIGKILL');
  await ended;

  const mail = await listenMail(port);
  await startProcess(mail.port);
  const sent = await withStore(async (store) => {
    await until(
      'the mails are sent',
      async () => (await deliveriesOf(store, 'N-2')).every(({ state }) => state === 'sent'),
      60_000,
    );
    return deliveriesOf(store, 'N-2');
  });
  const stopped = new Promise((resolve) => hub!.once('exit', resolve));
  hub!.kill('SIGTERM');
  expect(await stopped).toBe(0);
  await mail.close();
  // The hub may have had something else to tell meanwhile.
  const told = sent.map((each) => `${each.recipient} ${each.notice}:${each.contact}`).sort();
  expect(mail.mails.filter((each) => told.includes(each)).sort()).toEqual(told);
}, 120_000);
