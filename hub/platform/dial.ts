import { connect, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { HubError } from '../model/error.ts';

export interface DialOptions {
  /** `nats://user:password@host:port`; several separated by commas. */
  url: string;
  /** Names the connection in the server's own lists. */
  name?: string;
  /** How long the first connection may take. Default 30 s. */
  connectWithinMs?: number;
}

/** Connects and then reconnects for ever. Throws `HubError('log.away')` when no server answers in time. */
export async function dial({
  url,
  name = 'hallwatch',
  connectWithinMs = 30_000,
}: DialOptions): Promise<NatsConnection> {
  const addresses = url.split(',').map((each) => new URL(each.includes('://') ? each : `nats://${each}`));
  const { username, password } = addresses[0]!;
  const credentials = password
    ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
    : username
      ? { token: decodeURIComponent(username) }
      : {};
  const deadline = Date.now() + connectWithinMs;
  for (;;) {
    try {
      return await connect({
        servers: addresses.map(({ host }) => host),
        ...credentials,
        name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
        reconnectJitter: 100,
        // A server killed and started again answers "no JetStream" or an old password for a moment; that must not end the connection.
        ignoreAuthErrorAbort: true,
        pingInterval: 5_000,
        maxPingOut: 2,
        timeout: 5_000,
        noEcho: false,
      });
    } catch (error) {
      if (Date.now() > deadline)
        throw new HubError('log.away', `no NATS server answers at ${addresses.map(({ host }) => host).join(', ')}`, {
          cause: error,
        });
      await sleep(200);
    }
  }
}

/** Knows whether the connection is up: what is published while it is down is lost by the client, so `store` waits instead. */
export function watchLink(connection: NatsConnection, log: Logger) {
  let up = true;
  let waiting: (() => void)[] = [];
  let onLost = (): void => {};
  let onReconnect = (): void => {};
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        if (up) log.warn('log connection lost');
        up = false;
        onLost();
      } else if (status.type === 'reconnect') {
        up = true;
        log.info('log connection is back');
        onReconnect();
        for (const resume of waiting.splice(0)) resume();
      }
    }
    for (const resume of waiting.splice(0)) resume();
  })();
  return {
    isUp: () => up,
    onReconnect: (listen: () => void) => (onReconnect = listen),
    onLost: (listen: () => void) => (onLost = listen),
    async up(deadline: number): Promise<void> {
      if (up || connection.isClosed()) return;
      const patience = new AbortController();
      let resume = (): void => {};
      const back = new Promise<void>((resolve) => waiting.push((resume = resolve)));
      await Promise.race([
        back,
        sleep(Math.max(0, deadline - Date.now()), undefined, { signal: patience.signal }).catch(() => {}),
      ]);
      patience.abort();
      waiting = waiting.filter((each) => each !== resume);
      if (!up) throw new HubError('log.away', 'the log is not connected');
    },
  };
}
