import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { HubError } from '../model/error.ts';
import { supervise, whichProgram } from './children.ts';

export interface NatsServer {
  /** `nats://hub:password@127.0.0.1:port`: the same for the life of this process, through every restart of the child. */
  url: string;
  readonly pid: number | undefined;
  readonly restarts: number;
  stop(): Promise<void>;
}

export interface NatsServerOptions {
  dataDir: string;
  log: Logger;
  /** Upper bound of everything JetStream keeps on disk. Default 16 GiB. */
  maxFileBytes?: number;
}

/** nats-server as a child on a free loopback port; its JetStream store is `DATA_DIR/nats`. Throws `nats.missing` or `child.start`. */
export async function startNatsServer({
  dataDir,
  log,
  maxFileBytes = 16 * 2 ** 30,
}: NatsServerOptions): Promise<NatsServer> {
  const program = whichProgram('nats-server');
  if (!program)
    throw new HubError('nats.missing', 'nats-server is not installed: apt-get install nats-server, or set NATS_URL');
  const folder = resolve(dataDir, 'nats');
  const ports = join(folder, 'ports');
  const configuration = join(folder, 'nats.conf');
  // Other people of this machine can reach a loopback port too, so the server asks for a password that nobody keeps.
  const password = randomBytes(24).toString('base64url');
  let port = -1;
  await mkdir(join(folder, 'store'), { recursive: true, mode: 0o700 });

  const child = await supervise({
    name: 'nats-server',
    log,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Its heap is a few MiB; collected four times as rarely it costs less processor and little memory.
    env: { PATH: '/usr/sbin:/usr/bin:/bin', GOGC: '400' },
    command: () => ({ command: program, args: ['-c', configuration] }),
    async prepare() {
      await rm(ports, { recursive: true, force: true });
      await mkdir(ports, { recursive: true, mode: 0o700 });
      await writeFile(
        configuration,
        configurationText({ port, ports, store: join(folder, 'store'), password, maxFileBytes }),
        { mode: 0o600 },
      );
    },
    async isReady(started) {
      if (port > 0) return answersInfo(port);
      port = await readPort(join(ports, `nats-server_${started.pid}.ports`));
      return port > 0 && answersInfo(port);
    },
  });
  log.info({ port, pid: child.pid }, 'nats-server runs');
  return {
    url: `nats://hub:${password}@127.0.0.1:${port}`,
    get pid() {
      return child.pid;
    },
    get restarts() {
      return child.restarts;
    },
    stop: () => child.stop(),
  };
}

interface Configuration {
  port: number;
  ports: string;
  store: string;
  password: string;
  maxFileBytes: number;
}

function configurationText({ port, ports, store, password, maxFileBytes }: Configuration): string {
  return [
    `listen: "127.0.0.1:${port}"`,
    'server_name: "hallwatch"',
    `ports_file_dir: ${JSON.stringify(ports)}`,
    // Snapshots and segments travel as one message.
    'max_payload: 4194304',
    'write_deadline: "5s"',
    'ping_interval: "10s"',
    'ping_max: 2',
    `authorization { user: "hub", password: ${JSON.stringify(password)} }`,
    `jetstream { store_dir: ${JSON.stringify(store)}, max_memory_store: 67108864, max_file_store: ${maxFileBytes} }`,
    '',
  ].join('\n');
}

async function readPort(file: string): Promise<number> {
  try {
    const { nats } = JSON.parse(await readFile(file, 'utf8')) as { nats?: string[] };
    return Number(new URL(nats?.[0] ?? '').port) || -1;
  } catch {
    // Not written yet, or half of it.
    return -1;
  }
}

/** The server greets with INFO once it accepts clients; JetStream is recovered before that. */
function answersInfo(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('data', (bytes) => finish(bytes.toString('latin1').startsWith('INFO ')));
  });
}
