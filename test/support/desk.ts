import type { FastifyInstance } from 'fastify';
import { mkdtemp } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { io, type Socket } from 'socket.io-client';
import { dayOf, emptyCalendar } from '../../hub/model/calendar.ts';
import type { Downward, Upward } from '../../hub/model/live.ts';
import type { World } from '../../hub/model/world.ts';
import { sessions } from '../../hub/platform/access.ts';
import { openBackend, type Backend } from '../../hub/platform/backend.ts';
import { createHttp } from '../../hub/platform/http.ts';
import type { Context, Part, Settings } from '../../hub/platform/part.ts';
import { hashPassword } from '../../hub/platform/password.ts';
import { start as startRecord } from '../../hub/record/part.ts';
import { start as startServe } from '../../hub/serve/part.ts';
import { packFor, smallWorld } from './world.ts';
import { removeFolder } from './folder.ts';

export const password = 'correct horse battery';
export const accounts = ['li', 'zhao', 'chen', 'wang', 'sun', 'admin'] as const;
export type Account = (typeof accounts)[number];

/** Short, so that a test need not wait: two seconds of half the windows. */
const patrol = { own: 2, article: 'art. 6', dueBy: 17 * 60, share: 0.5, secondsPerWindow: 2 };

/** Two counties of a city: 510104 with hall-1 (w1, w2 with cameras) and hall-2 (w3), 510105 with hall-9 (w9). */
export function twoCounties(): World {
  // A day off, whenever the tests run: the hub plans no duties of its own beside those of a test.
  const today = { working: false, name: '休息' };
  const small = smallWorld({ calendar: { ...emptyCalendar, days: new Map([[dayOf(Date.now()), today]]) } });
  return {
    ...small,
    regions: new Map([
      ...small.regions,
      ['510105', { code: '510105', level: 'county', name: '青羊区', demo: true }],
      ['510100', { code: '510100', level: 'city', name: '成都市', demo: true }],
    ]),
    organs: new Map([...small.organs, ['organ-9', { id: 'organ-9', region: '510105', name: '青羊区监察局' }]]),
    halls: new Map([
      ...small.halls,
      ['hall-2', { id: 'hall-2', region: '510104', name: '二号大厅', opens: 540, closes: 1020 }],
      ['hall-9', { id: 'hall-9', region: '510105', name: '九号大厅', opens: 540, closes: 1020 }],
    ]),
    windows: new Map([
      ...small.windows,
      ['w3', { id: 'w3', hall: 'hall-2', number: '3', name: '3号窗口' }],
      ['w9', { id: 'w9', hall: 'hall-9', number: '9', name: '9号窗口' }],
    ]),
    cameras: new Map([
      ['c1', { id: 'c1', hall: 'hall-1', window: 'w1', name: '1', enabled: true }],
      ['c2', { id: 'c2', hall: 'hall-1', window: 'w2', name: '2', enabled: true }],
      ['c9', { id: 'c9', hall: 'hall-9', window: 'w9', name: '9', enabled: true }],
    ]),
    packs: new Map(['510104', '510100'].map((region) => [`pack-${region}`, packFor(region, { patrol })])),
  };
}

export interface Desk {
  url: string;
  backend: Backend;
  context: Context;
  world: World;
  app: FastifyInstance;
  /** `fetch` with the account's cookie; JSON bodies. */
  ask(
    account: Account | undefined,
    path: string,
    options?: { method?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
  cookie(account: Account): Promise<string>;
  /** A connected socket of the account, not yet greeted. */
  socket(account: Account, options?: { origin?: string; transports?: string[] }): Promise<Wire>;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test reads into whatever came
  body: any;
  headers: Headers;
}

export type Wire = Socket<Downward, Upward>;

/** A hub with real NATS and PostgreSQL, the recorder (unless left out) and serve, in this process. */
export async function startDesk({ record = true }: { record?: boolean } = {}): Promise<Desk> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hallwatch-desk-'));
  const log = pino({ level: 'silent' });
  const settings: Settings = {
    roles: ['serve', 'record'],
    host: '127.0.0.1',
    port: 0,
    dataDir,
    logLevel: 'silent',
    demo: false,
    demoSpeed: 1,
    ffmpeg: 'ffmpeg',
  };
  const backend = await openBackend(settings, { log });
  const world = twoCounties();
  const context: Context = {
    ...backend,
    settings,
    world: () => world,
    sessions: sessions(backend.store),
    log,
  };
  await seedAccounts(backend);
  const parts: Part[] = [];
  if (record) parts.push(await startRecord(context));
  parts.push(await startServe(context));
  const app = await createHttp({ log, version: 'test', perMinute: 100_000 });
  for (const part of parts) await part.routes?.(app);
  await app.ready();
  for (const part of parts) await part.attach?.(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const cookies = new Map<string, Promise<string>>();

  async function signIn(account: string): Promise<string> {
    const response = await fetch(`${url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ account, password }),
    });
    if (response.status !== 200) throw new Error(`sign-in of ${account}: ${response.status} ${await response.text()}`);
    return response.headers.getSetCookie()[0]!.split(';')[0]!;
  }
  const wires: Wire[] = [];
  const desk: Desk = {
    url,
    backend,
    context,
    world,
    app,
    cookie: (account) => {
      const known = cookies.get(account) ?? signIn(account);
      cookies.set(account, known);
      return known;
    },
    async ask(account, path, { method = 'GET', body, headers = {} } = {}) {
      const cookie: Record<string, string> = account === undefined ? {} : { cookie: await desk.cookie(account) };
      const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...cookie, ...json, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
    },
    async socket(account, { origin = url, transports = ['websocket'] } = {}) {
      const wire: Wire = io(url, {
        transports,
        reconnection: false,
        forceNew: true,
        extraHeaders: { cookie: await desk.cookie(account), origin },
      });
      wires.push(wire);
      await new Promise<void>((resolve, reject) => {
        wire.on('connect', resolve);
        wire.on('connect_error', reject);
      });
      return wire;
    },
    async close() {
      for (const wire of wires) wire.disconnect();
      await app.close();
      for (const part of parts.reverse()) await part.stop();
      await backend.close();
      await removeFolder(dataDir);
    },
  };
  return desk;
}

async function seedAccounts({ store }: Backend): Promise<void> {
  const hash = await hashPassword(password);
  const rows: [Account, string, string, string | null, string | null][] = [
    ['li', 'inspector', '510104', null, 'organ-1'],
    ['zhao', 'inspector', '510105', null, 'organ-9'],
    ['chen', 'inspector', '510100', null, null],
    ['wang', 'hallManager', '510104', 'hall-1', null],
    ['sun', 'hallManager', '510104', 'hall-2', null],
    ['admin', 'administrator', '510104', null, null],
  ];
  for (const [name, role, region, hall, organ] of rows) {
    await store.query(
      'insert into account (name, display, password, role, region, hall, organ, created_at) values ($1, $1, $2, $3, $4, $5, $6, 0)',
      [name, hash, role, region, hall, organ],
    );
  }
}

export async function until<T>(
  what: string,
  find: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 40_000,
): Promise<T> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(20)) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`not within ${withinMs} ms: ${what}`);
}
