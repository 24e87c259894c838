import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { World } from '../model/world.ts';
import type { Sessions } from './access.ts';
import type { TlsFiles } from './cert.ts';
import type { Bus } from './nats.ts';
import type { Store } from './postgres.ts';
import type { Seal } from './seal.ts';
import type { SocketServer } from './sockets.ts';

/** What `hub/config.ts` read from the environment; nothing else reads `process.env`. */
export interface Settings {
  roles: ('ingest' | 'record' | 'serve' | 'stream' | 'notify' | 'link')[];
  host: string;
  port: number;
  dataDir: string;
  natsUrl?: string;
  databaseUrl?: string;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Seed the demo, its accounts and its cameras. Refused unless `host` is loopback. */
  demo: boolean;
  /** Allow reaching cameras and the hub without TLS; cookies are then not marked Secure. */
  publicOrigin?: string;
  /** Certificate and key (PEM files): HTTPS with HTTP/2; `httpPort` leads there from plain HTTP. */
  tls?: TlsFiles & { httpPort?: number };
  /** Speed of the simulated working day; 1 is real time. */
  demoSpeed: number;
  /** Where ffmpeg stands. */
  ffmpeg: string;
  /** Seconds between two looks at the picture of a camera that is watched (black, covered, frozen); 0: never. Default 2. */
  pictureSeconds?: number;
  /** Port of HOST at which encoders push pictures by RTMP; absent: nobody can. */
  pushPort?: number;
  /** Cameras transcoded to H.264 at once for browsers that do not play H.265; 0: never. Default 4. */
  transcodings?: number;
  /** Network interfaces on which ONVIF devices are looked for when an administrator asks; none: never. */
  onvifInterfaces?: string[];
  /** Networks beside private and loopback ones in which cameras are tested and asked: `address/bits`. */
  cameraNetworks?: string[];
  /**
   * 录像: kept for so many days and so many bytes a hall, unless the hall has limits of its own; so many bytes of the disk stay free.
   * Default 30 days, 500 GB, 2 GB.
   */
  recording?: { days?: number; bytes?: number; free?: number };
  /** Days that is kept who watched which window. Default 400. */
  viewingDays?: number;
  /** How people are told of signals outside the pages; each channel only where it is set. */
  notify?: NotifySettings;
  /** HALLWATCH_KEY: 64 hex digits that several processes share; without it the key is the file `DATA_DIR/key`. */
  key?: string;
}

/** Channels of `hub/notify`. Every address may hold a password: none of this is logged. */
export interface NotifySettings {
  smtp?: { url: string; from: string };
  /** `url` hears of every notice; contacts may have an address of their own, signed with the same secret. */
  webhook?: { url?: string; secret: string };
  sms?: {
    /** `{mobile}`, `{text}` and `{id}` are filled in here and in `body`. */
    url: string;
    method: 'GET' | 'POST';
    headers: Record<string, string>;
    body?: string;
    charset: 'utf8' | 'gbk';
    /** What the answer must hold to count as taken. */
    success?: string;
  };
}

/** What every part is given. */
export interface Context {
  settings: Settings;
  bus: Bus;
  store: Store;
  /** The reference data as it stands now. */
  world: () => World;
  /** Who is signed in: one memory a process, so that what ends here has ended for every part of it. */
  sessions: Sessions;
  /** Opens and seals camera addresses. */
  seal: Seal;
  log: Logger;
}

/** A running part. `stop` waits for the work in flight and may be called twice. */
export interface Part {
  /** Registers the part's HTTP routes; called once, before the hub listens. */
  routes?: (app: FastifyInstance) => void | Promise<void>;
  /** What travels over the sockets of whichever part has them; see `attach`. */
  sockets?: RegisterSockets;
  /** Called once the HTTP server exists and all parts have started, for parts that attach sockets to it; `others` want to use them. */
  attach?: (app: FastifyInstance, others?: readonly RegisterSockets[]) => void | Promise<void>;
  stop: () => Promise<void>;
}

/** Opens a part's own namespace on a socket server. */
export type RegisterSockets = (server: SocketServer) => void;

export type StartPart = (context: Context) => Promise<Part>;
