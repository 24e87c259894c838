import type { FastifyInstance } from 'fastify';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, type DefaultEventsMap, type Namespace, type Socket } from 'socket.io';
import type { Identity } from '../model/rights.ts';
import type { Sessions } from './access.ts';
import { isForeign } from './http.ts';

/** Who stands at the other end of a socket. */
export interface Signed {
  who: Identity;
}

/** A namespace whose sockets are signed in, with what travels up and down in it. */
export type Lines<Up extends object, Down extends object> = Namespace<Up, Down, DefaultEventsMap, Signed>;
export type Line<Up extends object, Down extends object> = Socket<Up, Down, DefaultEventsMap, Signed>;

export interface SocketServer {
  /** `/` is the hub's own; each part's namespace travels over the same connection. */
  lines<Up extends object, Down extends object>(namespace: string): Lines<Up, Down>;
  attach(app: FastifyInstance): void;
  /** Cuts off the sockets of a session that has ended. */
  end(session: string): void;
  /** Cuts all of them off, before the HTTP server closes. */
  disconnect(): Promise<void>;
  stop(): void;
}

export interface SocketOptions {
  identify: Sessions['identify'];
  publicOrigin: string | undefined;
  path?: string;
  /** How often it is asked whether a session still holds and still has the same rights. Default 60,000. */
  identifyEveryMs?: number;
}

/** More browsers than this are refused at the door of one process. */
const mostSockets = 10_000;
/** How long a client may take to hear that it is cut off. */
const graceMs = 250;

/** All that decides what a socket may carry. */
const rightsOf = ({ session, role, region, hall, organ, departments }: Identity): string =>
  JSON.stringify([session, role, region, hall, organ, departments]);

/** The socket server: who connects, from which origin, and for how long. What travels is each part's own. */
export function openSockets({
  identify,
  publicOrigin,
  path = '/socket.io',
  identifyEveryMs = 60_000,
}: SocketOptions): SocketServer {
  const io = new Server({
    path,
    serveClient: false,
    transports: ['websocket', 'polling'],
    maxHttpBufferSize: 256_000,
    perMessageDeflate: false,
    httpCompression: false,
    // `connectionStateRecovery` stays off: it loses events; the feed replays from a cursor of its own.
    allowRequest: (request, answer) => {
      if (io.engine.clientsCount >= mostSockets) return answer('too many connections', false);
      // A browser always names its origin here; whoever does not is no page of ours.
      const isOwn =
        request.headers.origin !== undefined && !isForeign({ method: 'POST', headers: request.headers }, publicOrigin);
      answer(isOwn ? null : 'the connection comes from another origin', isOwn);
    },
  });
  const open = new Set<Line<DefaultEventsMap, DefaultEventsMap>>();
  const timer = setInterval(() => void recheck(), identifyEveryMs);

  /** A session may have ended, or its account's rights have changed, since the handshake. */
  async function recheck(): Promise<void> {
    for (const socket of [...open]) {
      const { who } = socket.data;
      try {
        const now = await identify({ headers: socket.handshake.headers });
        if (!now || rightsOf(now) !== rightsOf(who)) socket.disconnect(true);
      } catch {
        // The store is away: the socket stays, nothing new reaches it, and the next round asks again.
      }
    }
  }

  /** A stalled client answers no closing handshake, and the HTTP server would wait for its connection for ever. */
  const connections = new Set<Duplex>();

  return {
    lines<Up extends object, Down extends object>(name: string) {
      const namespace: Lines<DefaultEventsMap, DefaultEventsMap> = io.of(name);
      namespace.use((socket, next) => {
        identify({ headers: socket.handshake.headers }).then(
          (who) => {
            // Who must choose a password first has nothing open to them yet.
            const isOpen = who !== undefined && !who.mustChange;
            if (isOpen) socket.data.who = who;
            next(isOpen ? undefined : new Error('not signed in'));
          },
          () => next(new Error('away')),
        );
      });
      namespace.on('connection', (socket) => {
        open.add(socket);
        socket.on('disconnect', () => open.delete(socket));
      });
      return namespace as unknown as Lines<Up, Down>;
    },
    attach(app) {
      io.attach(app.server);
      app.server.on('upgrade', (_request: unknown, connection: Duplex) => {
        connections.add(connection);
        connection.on('close', () => connections.delete(connection));
      });
    },
    end(session) {
      for (const socket of [...open]) if (socket.data.who.session === session) socket.disconnect(true);
    },
    async disconnect() {
      for (const socket of [...open]) socket.disconnect(true);
      for (const end = Date.now() + graceMs; connections.size > 0 && Date.now() < end;) await sleep(10);
      for (const connection of connections) connection.destroy();
    },
    stop() {
      clearInterval(timer);
      // Not `io.close()`: the HTTP server is not ours to close.
      io.engine?.close();
    },
  };
}
