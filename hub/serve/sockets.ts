import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Downward, Upward } from '../model/live.ts';
import { may } from '../model/rights.ts';
import type { Sessions } from '../platform/access.ts';
import type { Context, RegisterSockets } from '../platform/part.ts';
import { openSockets, type Line, type SocketOptions } from '../platform/sockets.ts';
import { Feed, type Listener } from './feed.ts';
import { Limiter } from './limiter.ts';
import { accountRoom, roomOf } from './rooms.ts';
import { Watch } from './watched.ts';

const sweepEveryMs = 1_000;

const hello = z.object({ cursor: z.number().int().min(0).nullable() });

export interface Sockets {
  /** Attaches them to the HTTP server, with what other parts let travel over the same connections. */
  attach(app: FastifyInstance, others?: readonly RegisterSockets[]): void;
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
  { identifyEveryMs }: Pick<SocketOptions, 'identifyEveryMs'> = {},
): Promise<Sockets> {
  const { bus, store, log, settings } = context;
  const server = openSockets({
    identify,
    publicOrigin: settings.publicOrigin,
    ...(identifyEveryMs === undefined ? {} : { identifyEveryMs }),
  });
  const lines = server.lines<Upward, Downward>('/');
  const feed = new Feed(
    store,
    log,
    (room, chunk) => lines.to(room).emit('live', chunk),
    () => bus.connection.flush(),
  );
  const watch = new Watch(context, log, (account, progress) =>
    lines.to(accountRoom(account)).emit('progress', progress),
  );

  const stopHearing = bus.onLive((_region, message) => feed.hear(message));
  void (async () => {
    for await (const status of bus.connection.status()) {
      // Should the store be away as well, the next sweep tries again.
      if (status.type === 'reconnect') await feed.resume().catch(() => {});
    }
  })();
  await feed.resume();
  watch.start();
  const timer = setInterval(() => void feed.sweep(), sweepEveryMs);

  lines.on('connection', (socket) => {
    const { who } = socket.data;
    void socket.join(accountRoom(who.account));
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
    const isTooMuch = (now: number): boolean => !may(who, 'patrol.visit') || rate.take('', now) > 0;
    socket.on('watched', (input, answer) => {
      const now = Date.now();
      const tell = typeof answer === 'function' ? answer : () => {};
      if (isTooMuch(now)) return tell({ ok: false, reason: 'busy' });
      watch.take(who, input, now).then(tell, (error: unknown) => {
        log.debug({ err: error }, 'a player report was lost');
        tell({ ok: false, reason: 'busy' });
      });
    });
    socket.on('follow', (input, answer) => {
      if (typeof answer !== 'function') return;
      const now = Date.now();
      if (isTooMuch(now)) return answer({ ok: false, reason: may(who, 'patrol.visit') ? 'busy' : 'right' });
      watch.follow(who, input, now).then(answer, (error: unknown) => {
        log.debug({ err: error }, 'a key was not given');
        answer({ ok: false, reason: 'busy' });
      });
    });

    socket.conn.on('drain', () => listener && feed.drained(listener));
    socket.on('disconnect', () => listener && feed.remove(listener));
  });

  return {
    position: () => feed.position,
    attach(app, others = []) {
      for (const register of others) register(server);
      server.attach(app);
    },
    disconnect: server.disconnect,
    flush: () => watch.flush(),
    end: server.end,
    stop: async () => {
      clearInterval(timer);
      stopHearing();
      server.stop();
      await watch.stop();
    },
  };
}

function listenerOf(socket: Line<Upward, Downward>, room: Listener['room']): Listener {
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
