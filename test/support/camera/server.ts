import { createSocket, type Socket as Udp } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { Client } from './client.ts';
import { Loop, loadReel, type Misbehaviour, type Other, type Reel } from './reel.ts';
import { Guard, type Auth } from './rtsp.ts';

export interface StreamOptions {
  /** For example `window-07`, asked for as `rtsp://host:port/window-07`. */
  path: string;
  /** Raw H.264 (Annex B; `.h265`: H.265, no B pictures), key picture first; looped. */
  file: string;
  /** Pictures a second at which the file is sent. */
  fps: number;
  /** What it shows instead when it is told to; `black` and `covered` of the same size and encoder settings as `file`. */
  films?: Partial<Record<Other, string>>;
  /** What is heard beside it: raw G.711 A-law, 8 kHz, looped. */
  sound?: string;
}

export interface CameraServerOptions {
  streams: StreamOptions[];
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** Ask for this user and password from the start. */
  user?: string;
  password?: string;
  /** How to ask; default digest. */
  auth?: Auth;
  /** Seconds after which a client that asks nothing is let go; default 60. */
  timeout?: number;
  /** The packetization mode that descriptions name; default 1, and sent as such. */
  mode?: number;
}

export interface CameraServer {
  port: number;
  /** `rtsp://…/path`, with user and password where there are any. */
  url(path: string): string;
  /**
   * All streams, or one: `stall`, `freeze`, `wrongRate`, `black`, `covered`, `smaller`, `h265` (of which descriptions tell: follow it by
   * `reset`), `loss` (of datagrams) and `noise` (channels nobody asked for, writes cut anywhere) last until `none`; `clockJump` and `reset` (every connection) happen once. Only the
   * whole server can `refuse` (cut every connection), `deaf` (accept, never answer), `redirect` or `password` (ask for it from now on).
   */
  misbehave(kind: Misbehaviour | 'refuse' | 'deaf' | 'redirect' | 'password' | 'reset', path?: string): void;
  /** Clients to which a stream is being sent. */
  watching(path: string): number;
  /** Those of them that asked for its sound as well. */
  listening(path: string): number;
  /** Connections made so far, and those that are open. */
  readonly connections: number;
  readonly open: number;
  /** Passwords that were right but for the age of their nonce. */
  readonly stale: number;
  /** When (epoch ms) the picture of this number within the loop was last sent; 0 when never. */
  sentAt(path: string, picture: number): number;
  stop(): Promise<void>;
}

export interface Stream {
  path: string;
  reel: Reel;
  loop: Loop;
  source: number;
  clients: Set<Client>;
}

function bindUdp(host: string): Promise<Udp> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, host, () => {
      socket.on('error', () => undefined); // a client's port that is gone again is no reason to fail
      resolve(socket);
    });
  });
}

/** Sends each picture when it is due; a machine that slept goes on from now instead of sending everything at once. */
function play(stream: Stream): () => void {
  const step = 1000 / stream.loop.fps;
  let due = performance.now();
  let timer: NodeJS.Timeout;
  const turn = (): void => {
    const now = performance.now();
    if (now - due > 1000) due = now;
    while (due <= now) {
      const frame = stream.loop.next(Date.now());
      if (frame) for (const client of stream.clients) client.send(frame);
      due += step;
    }
    timer = setTimeout(turn, Math.max(1, due - performance.now()));
  };
  timer = setTimeout(turn, Math.random() * step);
  return () => clearTimeout(timer);
}

/** An RTSP server of looped films in real time, over interleaved TCP and UDP, that misbehaves on command. */
export async function startCameraServer(options: CameraServerOptions): Promise<CameraServer> {
  const host = options.host ?? '127.0.0.1';
  const reels = new Map<string, Promise<Reel>>();
  const reelOf = (file: string): Promise<Reel> => {
    if (!reels.has(file)) reels.set(file, loadReel(file));
    return reels.get(file)!;
  };
  const streams = new Map<string, Stream>();
  for (const { path, file, fps, films = {}, sound } of options.streams) {
    const reel = await reelOf(file);
    const others = new Map<string, Reel>();
    for (const [name, other] of Object.entries(films)) others.set(name, await reelOf(other));
    const loop = new Loop(reel, fps, others, sound === undefined ? undefined : await readFile(sound));
    streams.set(path, { path, reel, loop, source: Math.floor(Math.random() * 0xffff_ffff), clients: new Set() });
  }

  const user = options.user ?? 'admin';
  const password = options.password ?? 'camera';
  const guard = new Guard(options.auth ?? 'digest', user, password);
  let guarded = options.user !== undefined;
  let manner: 'none' | 'refuse' | 'deaf' | 'redirect' = 'none';
  let connections = 0;
  const clients = new Set<Client>();
  const [rtp, rtcp] = await Promise.all([bindUdp(host), bindUdp(host)]);

  const server = createServer((socket: Socket) => {
    connections++;
    if (manner === 'refuse') {
      socket.resetAndDestroy();
      return;
    }
    socket.setNoDelay(true);
    const client = new Client(socket, {
      streams,
      host,
      rtp,
      rtcp,
      guard: () => (guarded ? guard : undefined),
      deaf: () => manner === 'deaf',
      redirects: () => manner === 'redirect',
      mode: options.mode ?? 1,
      timeout: options.timeout ?? 60,
      gone: () => clients.delete(client),
    });
    clients.add(client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const stops = [...streams.values()].map(play);

  const chosen = (path?: string): Stream[] => {
    if (path === undefined) return [...streams.values()];
    const stream = streams.get(path);
    if (!stream) throw new Error(`no stream ${path}`);
    return [stream];
  };

  return {
    port,
    url: (path) =>
      `rtsp://${options.user === undefined && !guarded ? '' : `${user}:${password}@`}${host}:${port}/${path}`,
    misbehave: (kind, path) => {
      if (kind === 'password') guarded = true;
      else if (kind === 'deaf' || kind === 'redirect') manner = kind;
      else if (kind === 'refuse' || kind === 'reset') {
        if (kind === 'refuse') manner = kind;
        const gone = path === undefined ? [...clients] : chosen(path).flatMap((stream) => [...stream.clients]);
        for (const client of gone) client.reset();
      } else {
        if (kind === 'none') manner = 'none';
        for (const stream of chosen(path)) stream.loop.misbehave(kind);
      }
    },
    watching: (path) => streams.get(path)?.clients.size ?? 0,
    listening: (path) => [...(streams.get(path)?.clients ?? [])].filter(({ listens }) => listens).length,
    get connections() {
      return connections;
    },
    get open() {
      return clients.size;
    },
    get stale() {
      return guard.stale;
    },
    sentAt: (path, picture) => streams.get(path)?.loop.sentAt[picture] ?? 0,
    stop: async () => {
      for (const stop of stops) stop();
      for (const client of clients) client.reset();
      rtp.close();
      rtcp.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
