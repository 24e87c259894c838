import '../support/today.ts';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { io } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dayOf, endOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import type { LiveItem, Progress } from '../../hub/model/live.ts';
import type { KeyAnswer, ReportAnswer, ReportBody, SignedReport, ViewReport } from '../../hub/model/viewProof.ts';
import { sessions } from '../../hub/platform/access.ts';
import { createHttp } from '../../hub/platform/http.ts';
import { startSockets } from '../../hub/serve/sockets.ts';
import { Proofs, type Claim } from '../../stream/proofs.ts';
import { startDesk, until, type Account, type Desk, type Wire } from '../support/desk.ts';
import { line, printOf, sign, type Key } from '../support/reports.ts';

const stepped = (id: string, region: string, window?: string): Event => ({
  kind: 'case.accepted',
  id,
  region,
  source: 'test',
  casefile: id,
  matter: 'M1',
  occurredAt: Date.now() - 1_000,
  ...(window === undefined ? {} : { window }),
});

/** What a page keeps: every item as it came, and the cursor. */
class Page {
  readonly items: LiveItem[] = [];
  cursor: number | null = null;
  resets = 0;
  progress: Progress[] = [];
  wire!: Wire;

  async open(desk: Desk, account: Account): Promise<this> {
    this.wire = await desk.socket(account);
    this.wire.on('live', ({ position, items }) => {
      this.items.push(...items);
      this.cursor = position;
    });
    this.wire.on('reset', ({ position }) => {
      this.resets += 1;
      this.cursor = position;
    });
    this.wire.on('progress', (each) => this.progress.push(each));
    const reply = await this.wire.emitWithAck('hello', { cursor: this.cursor });
    if (!reply.ok) throw new Error(reply.reason);
    this.cursor ??= reply.position;
    return this;
  }

  /** Ids of the approval events it heard, in the order they came. */
  get events(): string[] {
    return this.items.filter((each) => each.topic === 'event').map((each) => each.body.id);
  }
}

describe('sockets of a hub', () => {
  let desk: Desk;
  beforeAll(async () => (desk = await startDesk()), 180_000);
  afterAll(() => desk.close(), 180_000);
  const pages: Page[] = [];
  const page = async (account: Account): Promise<Page> => {
    const opened = await new Page().open(desk, account);
    pages.push(opened);
    return opened;
  };
  afterEach(() => pages.splice(0).forEach(({ wire }) => wire.disconnect()));
  const heads = async () =>
    (await desk.backend.store.query<{ position: number }>('select position from recorder'))[0]!.position;

  it('open for a session on our own pages only', async () => {
    const attempt = (extraHeaders: Record<string, string>) =>
      new Promise<string>((resolve) => {
        const wire = io(desk.url, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders });
        wire.on('connect', () => {
          wire.disconnect();
          resolve('connected');
        });
        wire.on('connect_error', (error) => resolve(error.message));
      });
    const cookie = await desk.cookie('li');
    expect(await attempt({ cookie, origin: desk.url })).toBe('connected');
    expect(await attempt({ cookie, origin: 'https://evil.example' })).not.toBe('connected');
    expect(await attempt({ cookie })).not.toBe('connected');
    expect(await attempt({ cookie: `hallwatch=${'A'.repeat(43)}`, origin: desk.url })).toBe('not signed in');
  });

  it('carry to each person what is in scope, and nothing to an administrator', async () => {
    const [li, zhao, chen, wang, sun, admin] = await Promise.all(
      (['li', 'zhao', 'chen', 'wang', 'sun', 'admin'] as const).map(page),
    );
    await desk.backend.bus.publishAll([
      stepped('s-w1', '510104', 'w1'),
      stepped('s-w3', '510104', 'w3'),
      stepped('s-w9', '510105', 'w9'),
      stepped('s-none', '510104'),
    ]);
    await until('all where they belong', () =>
      [chen!, li!, zhao!, wang!, sun!].every(({ events }, index) => events.length >= [4, 3, 1, 1, 1][index]!),
    );
    await sleep(100);
    expect(chen!.events).toHaveLength(4);
    expect(li!.events.sort()).toEqual(['s-none', 's-w1', 's-w3']);
    expect(zhao!.events).toEqual(['s-w9']);
    expect(wang!.events).toEqual(['s-w1']);
    expect(sun!.events).toEqual(['s-w3']);
    expect(admin!.items).toEqual([]);
    for (const { items } of [wang!, sun!])
      for (const item of items) expect(item.body.hall).toBe(items === wang!.items ? 'hall-1' : 'hall-2');
  });

  it('replay after a drop what was missed: each of 500 events once, whenever the drop comes', async () => {
    const chen = await page('chen');
    const events = Array.from({ length: 500 }, (_, index) =>
      stepped(`drop-${index}`, index % 3 === 0 ? '510105' : '510104', index % 3 === 0 ? 'w9' : 'w1'),
    );
    const publishing = (async () => {
      for (let index = 0; index < events.length; index += 20) {
        await desk.backend.bus.publishAll(events.slice(index, index + 20));
        await sleep(5);
      }
    })();
    for (let drop = 0; drop < 6; drop += 1) {
      await sleep(30 + 10 * drop);
      chen.wire.disconnect();
      await sleep(10 * drop);
      await chen.open(desk, 'chen');
    }
    await publishing;
    await until('500 events', () => new Set(chen.events).size >= 500);
    await sleep(200);
    expect(chen.events.length).toBe(500);
    expect(new Set(chen.events).size).toBe(500);
    expect(chen.resets).toBe(0);
    expect(chen.cursor).toBeLessThanOrEqual(await heads());
  });

  it('bring what was recorded after a page knew who it is and before it was connected', async () => {
    const chen = new Page();
    chen.cursor = ((await desk.ask('chen', '/api/session')).body as { position: number }).position;
    await desk.backend.bus.publish(stepped('in-between', '510104', 'w1'));
    await until('recorded', async () => (await heads()) > chen.cursor!);
    pages.push(await chen.open(desk, 'chen'));
    await until('replayed', () => chen.events.includes('in-between'));
    expect(chen.resets).toBe(0);
  });

  it('say reset when more was missed than is replayed, and when the cursor is not ours', async () => {
    const li = await page('li');
    li.wire.disconnect();
    const cursor = li.cursor!;
    await desk.backend.bus.publishAll(
      Array.from({ length: 2_100 }, (_, index) => stepped(`many-${index}`, '510104', 'w2')),
    );
    await until(
      '2,100 recorded',
      async () =>
        (await desk.backend.store.query<{ n: number }>(`select count(*) as n from event where id like 'many-%'`))[0]!
          .n === 2_100,
      30_000,
    );
    await sleep(2_500);
    const late = new Page();
    late.cursor = cursor;
    pages.push(await late.open(desk, 'li'));
    await until('reset', () => late.resets === 1);
    expect(late.cursor).toBe(await heads());
    const foreign = new Page();
    foreign.cursor = 9_000_000_000;
    pages.push(await foreign.open(desk, 'li'));
    await until('reset', () => foreign.resets === 1);
    await desk.backend.bus.publish(stepped('after-reset', '510104', 'w2'));
    await until('live again', () => late.events.includes('after-reset') && foreign.events.includes('after-reset'));
    expect(late.events).toEqual(['after-reset']);
  });

  it('refuse a broken hello, and leave broken reports aside', async () => {
    const wire = await desk.socket('li');
    expect(await wire.emitWithAck('hello', { cursor: 'x' } as never)).toMatchObject({ ok: false });
    expect(await wire.emitWithAck('hello', { cursor: null })).toMatchObject({ ok: true });
    expect(await wire.emitWithAck('hello', { cursor: null })).toMatchObject({ ok: false });
    wire.emit('watched', null as never);
    expect(await wire.emitWithAck('watched', { key: 'nothing', text: '{}', mac: '' })).toEqual({
      ok: false,
      reason: 'refused',
    });
    expect(await wire.emitWithAck('follow', { visit: 'nothing', page: 'p' })).toEqual({ ok: false, reason: 'visit' });
    (wire as unknown as { emit(name: string): void }).emit('hello');
    await sleep(50);
    expect(wire.connected).toBe(true);
    wire.disconnect();
  });

  it('count a watched visit; what is invented, altered, replayed, foreign or only one side’s word earns no second', async () => {
    const { bus, store } = desk.backend;
    const now = Date.now();
    const day = dayOf(now);
    const duty = {
      region: '510104',
      source: 'test',
      occurredAt: now,
      hall: 'hall-1',
      organ: 'organ-1',
      day,
      required: 2,
      dueAt: endOf(day),
      article: 'art. 6',
    };
    await bus.publish({ kind: 'patrol.planned', id: 'plan-watch', duty: 'watch', ...duty });
    await until('the duty', async () => (await desk.ask('li', '/api/duties')).body.duties.length === 1);
    const visit = (await desk.ask('li', '/api/visits', { method: 'POST', body: { duty: 'watch' } })).body;
    expect(visit).toMatchObject({ state: 'open' });
    const [li, tab, zhao] = [await page('li'), await page('li'), await page('zhao')];
    const session = (
      await store.query<{ id: string }>(`select id from session where account = 'li' order by created_at desc limit 1`)
    )[0]!.id;
    // What the stream part does: it remembers what it sent, and answers for it.
    const proofs = new Proofs();
    const silence = bus.answer<{ session: string; claims: Claim[] }>('stream.proven', async (each) =>
      proofs.spans(each.session, each.claims),
    );
    const follow = (from: Page, name: string): Promise<KeyAnswer> =>
      from.wire.emitWithAck('follow', { visit: visit.id, page: name });
    const keyOf = async (from: Page, name: string): Promise<Key> => {
      const reply = await follow(from, name);
      if (!reply.ok) throw new Error(reply.reason);
      return reply;
    };
    expect(await follow(zhao!, 'w')).toEqual({ ok: false, reason: 'visit' });
    const dead = await keyOf(li!, 'one');
    const key = await keyOf(li!, 'one');
    const second = await keyOf(tab!, 'two');
    expect(key.secret).not.toBe(dead.secret);
    /** As often as a page may: on a slow machine many reports are due at once. */
    const say = async (from: Page, report: SignedReport): Promise<ReportAnswer> => {
      for (;;) {
        const answer = await from.wire.emitWithAck('watched', report);
        if (answer.ok || answer.reason !== 'busy') return answer;
        await sleep(200);
      }
    };
    let number = 0;
    const body = (reports: ViewReport[]): ReportBody => ({ number: (number += 1), clock: number, reports });

    // c1: honest, from two tabs. c2: claimed without its bytes, hidden, one pixel large, standing still.
    const cheats: Partial<ViewReport>[] = [
      { parts: ['0'.repeat(32)] },
      { visible: false },
      { width: 1, height: 1 },
      { frames: 0 },
    ];
    const started = visit.startedAt as number;
    const all: SignedReport[] = [];
    for (let at = started; at < started + 3_500; at += 500) {
      await until('the half second has played', () => Date.now() >= at + 700);
      const bytes = ['c1', 'c2'].map((camera) => Buffer.from(`${camera} ${at} `.repeat(1_000)));
      for (const [index, camera] of ['c1', 'c2'].entries())
        proofs.note(session, camera, bytes[index]!, { from: at, to: at + 500 }, Date.now());
      await store.query(
        'insert into delivery (session, camera, media_from, media_to, at) select $1, c, $2, $3, $3 from unnest($4::text[]) c',
        [session, at, at + 500, ['c1', 'c2']],
      );
      const [one, two] = bytes.map((each) => [printOf(each)]);
      const honest = line('c1', at, at + 500, { parts: one! });
      const cheat = line('c2', at, at + 500, { parts: two!, ...cheats[((at - started) / 500) % cheats.length] });
      const report = sign(key, body([honest, cheat]));
      all.push(report);
      expect(await say(li!, report)).toEqual({ ok: true });
      // The same pictures in another tab are not seconds of their own.
      expect(await say(tab!, sign(second, body([honest])))).toEqual({ ok: true });
    }
    // Bytes of c2 that were really sent, in reports that are not worth anything.
    const [from, to] = [started, started + 3_500];
    const parts = proofsOf('c2', from, to);
    const claim = line('c2', from, to, { parts });
    const refused: [Page, SignedReport][] = [
      [li!, all[0]!],
      [li!, all.at(-1)!],
      [li!, { ...sign(key, body([claim])), text: JSON.stringify(body([{ ...claim, to: to + 1 }])) }],
      [li!, sign({ ...key, secret: dead.secret }, body([claim]))],
      [zhao!, sign(key, body([claim]))],
      [li!, sign(key, { ...body([claim]), clock: 0 })],
      [li!, sign(key, { number: 1_000_000, clock: 1_000_000, reports: [{ camera: 'c2' }] } as unknown as ReportBody)],
    ];
    for (const [by, report] of refused) {
      expect(await say(by, report)).toEqual({ ok: false, reason: 'refused' });
    }
    expect(await say(li!, sign(dead, body([claim])))).toEqual({ ok: false, reason: 'key' });

    const last = await until('progress', () => li!.progress.find((each) => each.verified === 1));
    expect(last).toMatchObject({ visit: visit.id, needed: 1 });
    expect(last.views.find((each) => each.window === 'w2')).toMatchObject({ seconds: 0, verified: false });
    expect(zhao!.progress).toEqual([]);
    const finished = (await desk.ask('li', `/api/visits/${visit.id}/finish`, { method: 'POST' })).body;
    silence();
    expect(finished).toMatchObject({ counts: true, verified: 1, needed: 1 });
    expect(finished.refused).toEqual({ replayed: 3, altered: 2, foreign: 1, malformed: 1, key: 1 });
    const [w1, w2] = finished.views;
    expect(w1).toMatchObject({ window: 'w1', camera: 'c1', verified: true });
    expect(w1.seconds).toBeGreaterThanOrEqual(2);
    expect(w1.seconds).toBeLessThanOrEqual((finished.finishedAt - started) / 1000);
    expect(finished.watched).toBe(w1.seconds);
    expect(w2).toMatchObject({ window: 'w2', seconds: 0, verified: false });
    expect(Object.keys(w2.lost).sort()).toEqual(expect.arrayContaining(['hidden', 'notDelivered', 'small', 'stalled']));
    const [entry] = await store.query<{ facts: Record<string, unknown> }>(
      `select body->'facts' as facts from ledger where act = 'visit.finished' and subject = $1`,
      [visit.id],
    );
    expect(entry!.facts).toMatchObject({ refused: 7, refusedForeign: 1, watched: w1.seconds });
    await until('the duty as live item', () => li!.items.some((each) => each.topic === 'duty' && each.body.done === 1));

    function proofsOf(camera: string, since: number, end: number): string[] {
      const prints: string[] = [];
      for (let at = since; at < end; at += 500) prints.push(printOf(Buffer.from(`${camera} ${at} `.repeat(1_000))));
      return prints;
    }
  }, 180_000);

  it('close with the session', async () => {
    const answer = await desk.ask(undefined, '/api/session', {
      method: 'POST',
      body: { account: 'sun', password: 'correct horse battery' },
    });
    const cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!;
    const wire: Wire = io(desk.url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      extraHeaders: { cookie, origin: desk.url },
    });
    await until('connected', () => wire.connected);
    await desk.ask(undefined, '/api/session', { method: 'DELETE', headers: { cookie } });
    await until('cut off', () => wire.disconnected);
  });

  it('close when the session has expired', async () => {
    const { context } = desk;
    const app = await createHttp({ log: context.log, version: 'test' });
    const sockets = await startSockets(context, sessions(context.store), { identifyEveryMs: 200 });
    sockets.attach(app);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const { token, session } = await sessions(context.store).create('sun');
    const extraHeaders = { cookie: `hallwatch=${token}`, origin: url };
    const wire: Wire = io(url, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders });
    await until('connected', () => wire.connected);
    await sleep(500);
    expect(wire.connected).toBe(true);
    await context.store.query('update session set expires_at = 1 where id = $1', [session]);
    await until('cut off', () => wire.disconnected);
    await sockets.disconnect();
    await sockets.stop();
    await app.close();
  }, 180_000);

  it('stay while the log or the database is killed, answer 503, and catch up afterwards', async () => {
    const chen = await page('chen');
    const { servers, bus, store } = desk.backend;
    process.kill(servers().nats!, 'SIGKILL');
    await bus.publish(stepped('after-nats', '510104', 'w1'));
    await until('the event after the log came back', () => chen.events.includes('after-nats'), 30_000);

    process.kill(servers().postgres!, 'SIGKILL');
    const away = await until('503', async () => {
      const answer = await desk.ask('li', '/api/halls');
      return answer.status === 503 && answer;
    });
    expect(away.headers.get('content-type')).toContain('application/problem+json');
    expect(away.body).toMatchObject({ status: 503 });
    await bus.publish(stepped('after-postgres', '510104', 'w1'));
    await until('the event after the database came back', () => chen.events.includes('after-postgres'), 30_000);
    expect((await desk.ask('li', '/api/halls')).status).toBe(200);
    expect(chen.wire.connected).toBe(true);
    expect(chen.events.filter((each) => each === 'after-nats' || each === 'after-postgres')).toHaveLength(2);
    expect((await store.query<{ n: number }>(`select count(*) as n from event where id like 'after-%s'`))[0]!.n).toBe(
      2,
    );
  }, 180_000);
});

describe('a stalled client', () => {
  let desk: Desk;
  let position = 0;
  beforeAll(async () => (desk = await startDesk({ record: false })), 180_000);
  afterAll(() => desk.close(), 180_000);

  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const held = (): number => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 1e6;
  };
  const padding = 'x'.repeat(2_000);

  /** Rows and position, as the recorder commits them. */
  async function write(count: number, text = padding): Promise<void> {
    await desk.backend.store.query(
      `with rows as (insert into signal (id, region, level, state, rule, hall, at, issued_at, position, body)
        select 's' || p, '510104', 'notice', 'issued', 'r', 'hall-1', p, p, p, jsonb_build_object('id', 's' || p, 'hall', 'hall-1', 'messageEn', $3::text)
        from generate_series($1::int8 + 1, $1::int8 + $2::int8) p)
       update recorder set position = $1::int8 + $2::int8`,
      [position, count, text],
    );
    position += count;
  }
  const signals = (after: number, count: number, text = padding): LiveItem[] =>
    Array.from({ length: count }, (_, index) => {
      const at = after + index + 1;
      const body = { id: `s${at}`, hall: 'hall-1', messageEn: text };
      return { topic: 'signal', region: '510104', position: at, body } as unknown as LiveItem;
    });
  /** A commit and its announcement in slices. */
  async function commit(count: number, text = padding): Promise<void> {
    const after = position;
    await write(count, text);
    const items = signals(after, count, text);
    for (let index = 0; index < count; index += 200) {
      const slice = items.slice(index, index + 200);
      desk.backend.bus.publishLive('510104', { position, after, items: slice, more: index + 200 < count });
    }
  }
  const stream = (wire: Wire) =>
    (wire.io.engine as unknown as { transport: { ws: { _socket: { pause(): void; resume(): void } } } }).transport.ws
      ._socket;

  it('does not grow the hub, and catches up when it reads again', async () => {
    const [slow, quick] = [await new Page().open(desk, 'li'), await new Page().open(desk, 'li')];
    await commit(100);
    await until('both live', () => slow.items.length === 100 && quick.items.length === 100);
    stream(slow.wire).pause();
    const before = held();
    for (let index = 0; index < 120; index += 1) {
      await commit(200);
      // As fast as the quick one reads: only the stalled one is behind.
      await until('the quick one', () => quick.items.length === 100 + 200 * (index + 1), 30_000);
    }
    expect(quick.items.map((each) => each.position)).toEqual(Array.from({ length: 24_100 }, (_, index) => index + 1));
    quick.items.length = 0;
    // 53 MB went by: the ring of 4,000 items takes 9 of them, a stalled socket's credit 7 to 14.
    const grown = held() - before;
    expect(grown).toBeLessThan(35);

    stream(slow.wire).resume();
    await until('told to load again', () => slow.resets > 0 && slow.cursor === position);
    await commit(10);
    await until('live again', () => slow.cursor === position && slow.items.at(-1)?.position === position);
    const seen = slow.items.map((each) => each.position);
    expect(new Set(seen).size).toBe(seen.length);
    slow.wire.disconnect();
    quick.wire.disconnect();
  }, 120_000);

  it('hears everything once when it missed no more than is replayed', async () => {
    const slow = await new Page().open(desk, 'li');
    const from = position;
    stream(slow.wire).pause();
    for (let index = 0; index < 95; index += 1) {
      // 19 MB in all, more than the kernel's buffers take.
      await commit(20, padding.repeat(5));
    }
    stream(slow.wire).resume();
    await until('caught up', () => slow.cursor === position);
    expect(slow.resets).toBe(0);
    expect(slow.items.map((each) => each.position)).toEqual(
      Array.from({ length: 1_900 }, (_, index) => from + index + 1),
    );
    slow.wire.disconnect();
  }, 120_000);

  it('learns of a commit that was never announced', async () => {
    const li = await new Page().open(desk, 'li');
    await write(1);
    await until('the silent one', () => li.items.length === 1);
    expect(li.cursor).toBe(position);
    li.wire.disconnect();
  });

  it('passes no commit that arrived in part, and notices at once one that did not arrive', async () => {
    const li = await new Page().open(desk, 'li');
    const { bus } = desk.backend;
    const from = position;
    const before = li.cursor;
    bus.publishLive('510104', { position: from + 2, after: from, more: true, items: signals(from, 1) });
    await sleep(100);
    expect(li.cursor).toBe(before);
    expect(li.items).toEqual([]);
    // The rest of it never comes, nor does the next announcement: the one after that says what it follows.
    await write(5);
    bus.publishLive('510104', { position: from + 5, after: from + 4, items: signals(from + 4, 1) });
    await until('all five', () => li.items.length >= 5);
    await sleep(1_500);
    expect(li.items.map((each) => each.position)).toEqual([1, 2, 3, 4, 5].map((each) => from + each));
    li.wire.disconnect();
  });
});
