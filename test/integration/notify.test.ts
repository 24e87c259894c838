import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import iconv from 'iconv-lite';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notice } from '../../hub/model/notice.ts';
import type { Contact } from '../../hub/model/contact.ts';
import type { Channel } from '../../hub/notify/channel.ts';
import { email } from '../../hub/notify/email.ts';
import { Sender } from '../../hub/notify/sender.ts';
import { sms } from '../../hub/notify/sms.ts';
import { webhook } from '../../hub/notify/webhook.ts';
import { createLog } from '../../hub/platform/log.ts';
import { start as startNotify } from '../../hub/notify/part.ts';
import { until } from '../support/desk.ts';
import { freePort } from '../support/freePort.ts';
import { startTestBackend, type TestBackend } from '../support/hub.ts';

/** A real HTTP server on any free port; `answer` says what it thinks of each request. */
async function listen(answer: (body: Buffer) => { status: number; text?: string } = () => ({ status: 204 })) {
  const heard: { url: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const { status, text = '' } = answer(body);
      if (status < 300) heard.push({ url: request.url ?? '', headers: request.headers, body });
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { heard, url, close };
}

async function listenMail(port = 0) {
  const mails: { to: string[]; text: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _, done) =>
      username === 'hub' && password === 'secret' ? done(null, { user: 'hub' }) : done(new Error('no')),
    onRcptTo: ({ address }, _, done) => {
      if (!address.startsWith('gone@')) return done();
      done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }));
    },
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(parts).toString(),
        });
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = (server.server.address() as AddressInfo).port;
  return { mails, port: bound, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

let backend: TestBackend;
let position = 0;
const log = createLog('silent');
const quick = { everyMs: 20, firstRetryMs: 40, longestMs: 200, attempts: 4 };
const contacts: Contact[] = [
  {
    id: 'c1',
    region: '510104',
    department: '510104-market',
    role: 'liaison',
    name: '王敏',
    post: '首席代表',
    mobile: '139-0000-0702',
    email: 'wang@example.cn',
  },
  { id: 'c2', region: '510104', department: '510104-tax', role: 'liaison', name: '赵刚', email: 'gone@example.cn' },
];
const world = () => ({
  ...backend.world(),
  contacts: new Map(contacts.map((each) => [each.id, each])),
});
const sender = (channels: Channel[], more: object = {}) =>
  new Sender({ store: backend.store, world, channels, log, pace: quick, ...more });

/** A notice as the recorder writes it. */
async function put(change: Partial<Notice> = {}): Promise<Notice> {
  position += 1;
  const notice: Notice = {
    id: `n${position}-1`,
    region: '510104',
    signal: `s${position}`,
    kind: 'issued',
    audience: 'department',
    level: 'correction',
    at: Date.now(),
    department: '510104-market',
    titleZh: '超期未办结',
    titleEn: 'Overdue',
    messageZh: '办件 A"1 <超期> 2 天',
    messageEn: 'A"1 is over by 2 days',
    correctBy: Date.UTC(2026, 10, 24, 15, 59, 59),
    position,
    ...change,
  };
  await backend.store.query(
    'insert into notice (id, region, signal, hall, audience, at, position, body) values ($1, $2, $3, null, $4, $5, $6, $7)',
    [notice.id, notice.region, notice.signal, notice.audience, notice.at, position, JSON.stringify(notice)],
  );
  return notice;
}
const deliveries = (notice: Notice) =>
  backend.store.query<{ channel: string; contact: string; state: string; attempts: number; error: string | null }>(
    'select channel, contact, state, attempts, error from notice_delivery where notice = $1 order by channel, contact',
    [notice.id],
  );
const settled = (notice: Notice, count = 1) =>
  until(`${notice.id} is settled`, async () => {
    const rows = await deliveries(notice);
    return rows.length >= count && rows.every(({ state }) => state !== 'waiting') && rows;
  });

beforeAll(async () => {
  backend = await startTestBackend();
});
afterAll(() => backend.stop());

describe('e-mail', () => {
  it('reaches the contact with sign-in; an address that is gone is given up at once and named', async () => {
    const mail = await listenMail();
    const from = '阳光巡查 <hub@example.cn>';
    const running = sender([email({ url: `smtp://hub:secret@127.0.0.1:${mail.port}`, from })], {
      origin: 'https://hall.example.cn',
    });
    running.start();
    const good = await put();
    const gone = await put({ department: '510104-tax' });
    expect(await settled(good)).toMatchObject([{ channel: 'email', contact: 'c1', state: 'sent', attempts: 1 }]);
    expect(await settled(gone)).toMatchObject([{ state: 'failed', attempts: 1, error: 'answered 550' }]);
    await running.stop();
    await mail.close();
    expect(mail.mails).toHaveLength(1);
    expect(mail.mails[0]!.to).toEqual(['wang@example.cn']);
    expect(mail.mails[0]!.text).toContain(`Idempotency-Key: ${good.id}:c1`);
    expect(mail.mails[0]!.text.replaceAll('=\r\n', '')).toContain(`https://hall.example.cn/signal/${good.signal}`);
  });
});

describe('webhook', () => {
  it('is signed: the receiver verifies time and body, and a changed body does not fit', async () => {
    const server = await listen();
    const secret = 'a-secret-of-two-sides';
    const running = sender([webhook({ url: `${server.url}/in`, secret })]);
    running.start();
    const notice = await put();
    await settled(notice);
    await running.stop();
    await server.close();
    const { headers, body, url } = server.heard[0]!;
    const time = String(headers['x-hallwatch-timestamp']);
    const sign = (text: Buffer) =>
      `sha256=${createHmac('sha256', secret).update(`${time}.`).update(text).digest('hex')}`;
    expect(url).toBe('/in');
    expect(headers['x-hallwatch-signature']).toBe(sign(body));
    expect(headers['x-hallwatch-signature']).not.toBe(sign(Buffer.concat([body, Buffer.from(' ')])));
    expect(Math.abs(Date.now() / 1_000 - Number(time))).toBeLessThan(60);
    expect(headers['idempotency-key']).toBe(notice.id);
    expect(JSON.parse(body.toString())).toMatchObject({
      id: notice.id,
      kind: 'issued',
      signal: notice.signal,
      level: 'correction',
      correctBy: '2026-11-24T15:59:59.000Z',
      recipients: [{ name: '王敏', post: '首席代表' }],
    });
  });
});

describe('short messages', () => {
  it('go to the gateway in GBK, escaped as its body asks, and only its own yes counts', async () => {
    let answers = 0;
    const server = await listen(() => ({ status: 200, text: (answers += 1) === 1 ? '余额不足' : 'code=0' }));
    const running = sender([
      sms({
        url: `${server.url}/send?key=k`,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=gbk' },
        body: 'to={mobile}&content={text}&serial={id}',
        charset: 'gbk',
        success: 'code=0',
      }),
    ]);
    running.start();
    const notice = await put();
    expect(await settled(notice)).toMatchObject([{ channel: 'sms', contact: 'c1', state: 'sent', attempts: 2 }]);
    await running.stop();
    await server.close();
    const fields = server.heard[1]!.body.toString('latin1').split('&');
    const unescape = (text: string) =>
      iconv.decode(
        Buffer.from(
          text.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
          'latin1',
        ),
        'gbk',
      );
    expect(fields[0]).toBe('to=13900000702');
    expect(unescape(fields[1]!)).toContain('办件 A"1 <超期> 2 天');
    expect(unescape(fields[1]!)).toContain('请于11/24 23:59前办理并反馈');
    expect(unescape(fields[2]!)).toBe(`serial=${notice.id}:c1`);
  });

  it('are escaped for JSON in UTF-8, and the address for itself', async () => {
    const server = await listen();
    const running = sender([
      sms({
        url: `${server.url}/send/{mobile}?about={text}`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"text":"{text}"}',
        charset: 'utf8',
      }),
    ]);
    running.start();
    await settled(await put({ messageZh: '第一行\n"第二行"' }));
    await running.stop();
    await server.close();
    const { url, body } = server.heard[0]!;
    expect((JSON.parse(body.toString()) as { text: string }).text).toContain('第一行 "第二行"');
    expect(decodeURIComponent(url)).toContain('/send/13900000702?about=【');
  });
});

describe('the outbox', () => {
  it('delivers once when the other side was down and is back', async () => {
    const port = await freePort();
    const running = sender([email({ url: `smtp://127.0.0.1:${port}`, from: 'hub@example.cn' })], {
      pace: { ...quick, attempts: 1_000 },
    });
    running.start();
    const notice = await put();
    await until('two attempts failed', async () => ((await deliveries(notice))[0]?.attempts ?? 0) >= 2);
    expect(await deliveries(notice)).toMatchObject([{ state: 'waiting', error: 'ESOCKET' }]);
    const second = await listenMail(port);
    expect(await settled(notice)).toMatchObject([{ state: 'sent' }]);
    await running.stop();
    await second.close();
    expect(second.mails).toHaveLength(1);
  });

  it('gives up after so many attempts, and says why', async () => {
    const server = await listen(() => ({ status: 503 }));
    const running = sender([webhook({ url: server.url, secret: 'a-secret-of-two-sides' })]);
    running.start();
    const rows = await settled(await put());
    await running.stop();
    await server.close();
    expect(rows).toMatchObject([{ channel: 'webhook', state: 'failed', attempts: 4, error: 'answered 503' }]);
  });

  it('sends after a restart what was committed before it and not sent, and sends nothing twice', async () => {
    const server = await listen();
    const channel = () => webhook({ url: server.url, secret: 'a-secret-of-two-sides' });
    // Committed while nobody sends.
    const [one, two] = [await put(), await put()];
    expect(await deliveries(one)).toEqual([]);
    const first = sender([channel()]);
    first.start();
    await settled(one);
    await settled(two);
    await first.stop();
    const second = sender([channel()]);
    second.start();
    const three = await put();
    await settled(three);
    await second.stop();
    await server.close();
    expect(server.heard.map(({ headers }) => headers['idempotency-key']).sort()).toEqual(
      [one.id, two.id, three.id].sort(),
    );
  });

  it('does not wake people for what is old, for nobody, or too often', async () => {
    const server = await listen();
    const gateway = sms({ url: `${server.url}/{mobile}/{text}`, method: 'GET', headers: {}, charset: 'utf8' });
    const old = await put({ at: Date.now() - 25 * 3_600_000 });
    const nobody = await put({ department: '510104-police' });
    const running = sender([gateway]);
    running.start();
    expect(await settled(old)).toMatchObject([{ channel: '', state: 'stale', attempts: 0 }]);
    expect(await settled(nobody)).toMatchObject([{ channel: '', state: 'nobody', attempts: 0 }]);
    const storm: Notice[] = [];
    for (let index = 0; index < 70; index += 1) storm.push(await put());
    await settled(storm.at(-1)!);
    const [{ count }] = (await backend.store.query<{ count: number }>(
      `select count(*)::int as count from notice_delivery where channel = 'sms' and contact = 'c1' and state = 'muted'`,
    )) as [{ count: number }];
    await running.stop();
    await server.close();
    expect(count).toBeGreaterThanOrEqual(10);
    expect(server.heard.length).toBeLessThanOrEqual(60);
  });

  it('is not looked at where no channel is set', async () => {
    const notice = await put();
    const part = await startNotify({
      ...backend,
      settings: { notify: {} },
      world,
      log,
    } as never);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await part.stop();
    expect(await deliveries(notice)).toEqual([]);
  });
});
