import type { FastifyInstance } from 'fastify';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, type DefaultEventsMap, type Socket } from 'socket.io';
import { z } from 'zod';
import type { Downward, Upward } from '../model/live.ts';
import { may, type Identity } from '../model/rights.ts';
import type { Sessions } from '../platform/access.ts';
import { isForeign } from '../platform/http.ts';
import type { Context } from '../platform/part.ts';
import { Feed, type Listener } from './feed.ts';
import { Limiter } from './limiter.ts';
import { accountRoom, roomOf, sessionRoom } from './rooms.ts';
import { Watch } from './watched.ts';

interface Data {
  who: Identity;
}

type Hub = Server<Upward, Downward, DefaultEventsMap, Data>;
type Line = Socket<Upward, Downward, DefaultEventsMap, Data>;

/** More browsers than this are refused at the door of one process. */
const mostSockets = 10_000;
const sweepEveryMs = 1_000;
/** How long a client may take to hear that it is cut off. */
const graceMs = 250;

const hello = z.object({ cursor: z.number().int().min(0).nullable() });

export interface Sockets {
  attach(app: FastifyInstance): void;
  /** The position up to which live messages were heard. */
  position(): number;
  /** Writes the player reports that wait in memory. */
  flush(): Promise<void>;
  /** Cuts all of them off, before the HTTP server closes. */
  disconnect(): Promise<void>;
  /** Cuts off the sockets of a session that has ended. */
  end(session: string): void;
  stop(): Promise<void>;
}

/** Everything that travels over the socket, both ways. */
export async function startSockets(
  context: Context,
  { identify }: Pick<Sessions, 'identify'>,
  { identifyEveryMs = 60_000 } = {},
): Promise<Sockets> {
  const { bus, store, log, settings } = context;
  const io: Hub = new Server({
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
        request.headers.origin !== undefined &&
        !isForeign({ method: 'POST', headers: request.headers }, settings.publicOrigin);
      answer(isOwn ? null : 'the connection comes from another origin', isOwn);
    },
  });
  const feed = new Feed(
    store,
    log,
    (room, chunk) => io.to(room).emit('live', chunk),
    () => bus.connection.flush(),
  );
  const watch = new Watch(context, log, (account, progress) => io.to(accountRoom(account)).emit('progress', progress));

  const stopHearing = bus.onLive((_region, message) => feed.hear(message));
  void (async () => {
    for await (const status of bus.connection.status()) {
      // Should the store be away as well, the next sweep tries again.
      if (status.type === 'reconnect') await feed.resume().catch(() => {});
    }
  })();
  await feed.resume();
  watch.start();
  const timers = [
    setInterval(() => void feed.sweep(), sweepEveryMs),
    setInterval(() => void recheck(), identifyEveryMs),
  ];

  io.use((socket, next) => {
    identify({ headers: socket.handshake.headers }).then(
      (who) => {
        if (who) socket.data.who = who;
        next(who ? undefined : new Error('not signed in'));
      },
      () => next(new Error('away')),
    );
  });

  io.on('connection', (socket) => {
    const { who } = socket.data;
    void socket.join([accountRoom(who.account), sessionRoom(who.session)]);
    let listener: Listener | undefined;
    let greeted = false;

    socket.on('hello', (input, answer) => {
      if (typeof answer !== 'function') return;
      const read = hello.safeParse(input);
      if (!read.success) return answer({ ok: false, reason: 'expected {cursor: number or null}' });
      if (greeted) return answer({ ok: false, reason: 'one hello for each connection' });
      greeted = true;
      const room = roomOf(who);
      if (!room) return answer({ ok: true, position: feed.position });
      listener = listenerOf(socket, room);
      const position = feed.add(listener, read.data.cursor);
      // The answer goes out first: the page knows its cursor before the first item.
      answer({ ok: true, position });
      feed.begin(listener);
    });

    const rate = new Limiter(10, 200);
    socket.on('watched', (input) => {
      const now = Date.now();
      if (!may(who, 'patrol.visit') || rate.take('', now) > 0) return;
      watch.take(who, input, now).catch((error: unknown) => log.debug({ err: error }, 'a player report was lost'));
    });

    socket.conn.on('drain', () => listener && feed.drained(listener));
    socket.on('disconnect', () => listener && feed.remove(listener));
  });

  /** A session may have ended, or its account's rights have changed, since the handshake. */
  async function recheck(): Promise<void> {
    for (const socket of await io.fetchSockets()) {
      const { who } = socket.data;
      try {
        const now = await identify({ headers: socket.handshake.headers });
        const isSame =
          now?.session === who.session && now.role === who.role && now.region === who.region && now.hall === who.hall;
        if (!isSame) socket.disconnect(true);
      } catch {
        // The store is away: the socket stays, nothing new reaches it, and the next round asks again.
      }
    }
  }

  /** A stalled client answers no closing handshake, and the HTTP server would wait for its connection for ever. */
  const connections = new Set<Duplex>();

  return {
    position: () => feed.position,
    attach: (app) => {
      io.attach(app.server);
      app.server.on('upgrade', (_request: unknown, connection: Duplex) => {
        connections.add(connection);
        connection.on('close', () => connections.delete(connection));
      });
    },
    disconnect: async () => {
      io.disconnectSockets(true);
      for (const end = Date.now() + graceMs; connections.size > 0 && Date.now() < end;) await sleep(10);
      for (const connection of connections) connection.destroy();
    },
    flush: () => watch.flush(),
    end: (session) => io.in(sessionRoom(session)).disconnectSockets(true),
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      stopHearing();
      // Not `io.close()`: the HTTP server is not ours to close.
      io.engine?.close();
      await watch.stop();
    },
  };
}

function listenerOf(socket: Line, room: Listener['room']): Listener {
  return {
    room,
    // Private in the types, and the only place where a stalled client shows.
    backlog: () => (socket.conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length,
    send: (chunk) => void socket.emit('live', chunk),
    reset: (position) => void socket.emit('reset', { position }),
    join: () => void socket.join(room.name),
    leave: () => void socket.leave(room.name),
  };
}
