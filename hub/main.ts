import type { FastifyInstance } from 'fastify';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { demoOutside, readSettings } from './config.ts';
import { HubError } from './model/error.ts';
import { followEndings, sessions } from './platform/access.ts';
import { isLoopback } from './platform/address.ts';
import { openBackend, stopAll, type Backend } from './platform/backend.ts';
import { followTls, readTls, type SecureServer } from './platform/cert.ts';
import { askWithin, createHttp } from './platform/http.ts';
import { createLog } from './platform/log.ts';
import { serveMetrics } from './platform/metrics.ts';
import { projectFolder } from './platform/migrate.ts';
import type { Context, Part, Settings, StartPart } from './platform/part.ts';
import { startRedirect } from './platform/redirect.ts';
import type { DemoAccount } from '../seeds/accounts.ts';

export { openBackend } from './platform/backend.ts';

/** The parts in the order of their start: the recorder hears what the others say. They stop in reverse. */
const parts: { name: Settings['roles'][number]; load: () => Promise<{ start: StartPart }> }[] = [
  { name: 'record', load: () => import('./record/part.ts') },
  { name: 'serve', load: () => import('./serve/part.ts') },
  { name: 'stream', load: () => import('../stream/part.ts') },
  { name: 'ingest', load: () => import('../ingest/part.ts') },
  { name: 'notify', load: () => import('./notify/part.ts') },
];

export interface Hub {
  /** `http://host:port` it listens on, or `https://…`. */
  address: string;
  context: Context;
  app: FastifyInstance;
  backend: Backend;
  /** Invented people to sign in as, where the demonstration runs. */
  accounts: readonly DemoAccount[];
  /** Stops everything in reverse; may be called twice. */
  stop(): Promise<void>;
}

export interface HubOptions {
  onProgress?: (text: string) => void;
  log?: Logger;
}

/** Config → servers → bus and store → schema → world → parts in ROLES → HTTP → demo. Whatever had started is stopped when a later step fails. */
export async function startHub(settings: Settings, options: HubOptions = {}): Promise<Hub> {
  const { onProgress = () => {}, log = createLog(settings.logLevel) } = options;
  if (settings.demo && !isLoopback(settings.host)) throw new HubError('config.bad', demoOutside(settings.host));
  const root = projectFolder();
  const stops: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopAll(stops, log));
  try {
    const backend = await openBackend(settings, { log, onProgress, join: false });
    stops.push(() => backend.close());
    const { bus, store, world, seal } = backend;
    if (settings.demo && world().regions.size === 0) {
      onProgress('seeding the demonstration');
      const { seedFrom } = await import('../seeds/load.ts');
      await seedFrom(join(root, 'seeds'), store, seal.seal);
      await backend.reload();
    }
    const held = sessions(store);
    followEndings(bus, held.forget);
    const context: Context = { settings, bus, store, world, seal, sessions: held, log };
    const tls = settings.tls && (await readTls(settings.tls));
    const app = await createHttp({
      log,
      version: versionOf(root),
      publicOrigin: settings.publicOrigin,
      tls,
      web: join(root, 'dist', 'web'),
      identify: held.identify,
    });
    serveMetrics(app);
    const started: Part[] = [];
    for (const { name, load } of parts) {
      if (!settings.roles.includes(name)) continue;
      onProgress(`starting ${name}`);
      const { start } = await load();
      const part = await start({ ...context, log: log.child({ part: name }) });
      stops.push(() => part.stop());
      if (part.routes) await app.register(async (scope) => part.routes!(scope));
      started.push(part);
    }
    const sockets = started.flatMap((part) => part.sockets ?? []);
    for (const part of started) await part.attach?.(app, sockets);
    // Last in, first out: no request reaches a part that has stopped.
    stops.push(() => app.close());
    await listen(app, settings);
    const { port } = app.server.address() as AddressInfo;
    const address = `${tls ? 'https' : 'http'}://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;
    await backend.lock?.tell({ pid: process.pid, natsUrl: backend.natsUrl, databaseUrl: backend.databaseUrl, address });
    if (settings.tls) stops.push(...(await secure(app, settings, settings.tls, log)));
    const listening: Context = { ...context, settings: { ...settings, port } };
    let accounts: readonly DemoAccount[] = [];
    if (settings.demo) {
      const { startDemo } = await import('../seeds/demo.ts');
      const demo = await startDemo(listening, { onProgress, address, ...(tls ? { ask: askWithin(app) } : {}) });
      stops.push(() => demo.stop());
      ({ accounts } = demo);
    }
    log.info({ address, roles: settings.roles }, 'hub runs');
    return { address, context: listening, app, backend, accounts, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What runs beside HTTPS: the certificate is read again when it changes, and plain HTTP leads here. Returns how to stop. */
async function secure(
  app: FastifyInstance,
  { host, publicOrigin }: Settings,
  tls: NonNullable<Settings['tls']>,
  log: Logger,
): Promise<(() => Promise<void>)[]> {
  const stop = followTls(app.server as unknown as SecureServer, tls, log);
  const stops = [async () => stop()];
  if (tls.httpPort === undefined) return stops;
  const { port } = app.server.address() as AddressInfo;
  const to = publicOrigin === undefined ? { port } : { origin: publicOrigin };
  const redirect = await startRedirect({ host, port: tls.httpPort, to });
  log.info({ port: redirect.port, to }, 'plain HTTP leads to HTTPS');
  return [...stops, redirect.stop];
}

async function listen(app: FastifyInstance, { host, port }: Settings): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new HubError('http.taken', `port ${port} of ${host} is taken: set PORT to another one`, { cause: error });
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
      throw new HubError('http.refused', `the hub may not listen on ${host}:${port} (${code}): set HOST and PORT`, {
        cause: error,
      });
    throw error;
  }
}

const versionOf = (root: string): string =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

const patience = 5_000;

/** The process `npm start` and the containers run: the first signal stops it, the second ends it at once. */
export async function main(): Promise<void> {
  let hub: Promise<Hub> | undefined;
  let asked = false;
  const close = async (): Promise<void> => {
    if (asked) process.exit(1);
    asked = true;
    // Children die with this process, whatever keeps it from closing in time.
    setTimeout(() => process.exit(1), patience).unref();
    await (await hub?.catch(() => undefined))?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void close());
  // npm's pipe may be gone before we are.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    const settings = readSettings();
    const log = createLog(settings.logLevel);
    const die = (error: unknown): void => {
      log.fatal({ err: error }, 'a bug ends the hub');
      process.exitCode = 1;
      setTimeout(() => process.exit(1), patience).unref();
      void hub?.then((running) => running.stop()).finally(() => process.exit(1));
    };
    process.on('uncaughtException', die);
    process.on('unhandledRejection', die);
    hub = startHub(settings, { log, onProgress: (text) => void process.stderr.write(`… ${text}\n`) });
    const { address, accounts } = await hub;
    if (!asked) process.stdout.write(`ready ${address}\n${accountList(accounts)}`);
  } catch (error) {
    if (asked) return;
    process.stderr.write(`${error instanceof HubError ? error.message : ((error as Error).stack ?? error)}\n`);
    process.exit(1);
  }
}

function accountList(accounts: readonly DemoAccount[]): string {
  if (accounts.length === 0) return '';
  const lines = accounts.map(
    ({ account, password, name, place }) => `  ${account.padEnd(10)} ${password.padEnd(16)} ${name}  ${place}`,
  );
  return `demo accounts (invented, this machine only): account, password, who\n${lines.join('\n')}\n`;
}

// Bundled into the command line as well, where another file is the program.
if (/[\\/]hub[\\/]main\.[jt]s$/.test(process.argv[1] ?? '')) await main();
