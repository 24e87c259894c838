import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Identity } from '../hub/model/rights.ts';
import { qualities, type VideoDown, type VideoUp, type ViewEnd } from '../hub/model/video.ts';
import type { Sessions } from '../hub/platform/access.ts';
import type { RegisterSockets } from '../hub/platform/part.ts';
import type { Line } from '../hub/platform/sockets.ts';
import type { Camera } from './camera.ts';
import type { Door, Wanted } from './door.ts';
import { Flow, type FlowBounds, type Span } from './doorFlow.ts';
import { configOf, hasSound } from './key.ts';
import type { Lease } from './lease.ts';

export const namespace = '/video';

export interface SocketDoor {
  door: Door;
  identify: Sessions['identify'];
  bounds?: FlowBounds;
}

/** Views of one connection at once, and how many it may open within ten seconds: each begins with all since a key picture. */
const mostViews = 8;
const mostOpened = 30;
const openedWithinMs = 10_000;
/** Rights are looked at again at this pace while pictures travel. */
const identifyEveryMs = 5_000;
/** A delivery that is written down is not shorter, unless it ends. */
const spanMs = 500;

const open = z.object({ camera: z.string().min(1).max(80), quality: z.enum(qualities) });
const took = z.object({ view: z.string().max(80), bytes: z.number().int().min(0) });
const close = z.object({ view: z.string().max(80) });

/** MIME parameter of an H.264 initialization section, with sound or without; undefined for other codecs, which reach browsers as HLS only. */
function codecOf(init: Buffer): string | undefined {
  const config = configOf(init);
  if (!config || config.length < 4) return undefined;
  return `avc1.${config.toString('hex', 1, 4).toUpperCase()}${hasSound(init) ? ',mp4a.40.2' : ''}`;
}

/** The low-delay view: single pictures over the socket, as soon as they arrive, within the credit of each viewer. */
export function videoSockets(options: SocketDoor): RegisterSockets {
  return (server) => server.lines<VideoUp, VideoDown>(namespace).on('connection', (line) => serve(options, line));
}

function serve({ door, identify, bounds }: SocketDoor, line: Line<VideoUp, VideoDown>): void {
  const views = new Map<string, Viewer>();
  let { who } = line.data;
  let identifiedAt = Date.now();
  let opened: number[] = [];

  line.on('open', (input, answer) => {
    if (typeof answer !== 'function') return;
    const read = open.safeParse(input);
    if (!read.success) return answer({ ok: false, reason: 'protocol' });
    const now = Date.now();
    opened = opened.filter((at) => now - at < openedWithinMs);
    if (views.size >= mostViews || opened.length >= mostOpened) return answer({ ok: false, reason: 'bounds' });
    opened.push(now);
    const view = randomUUID();
    const viewer = new Viewer(door, line, view, bounds);
    const asked: Wanted = { ...read.data, transport: 'socket', viewer: view };
    const granted = door.open(who, asked, (reason) => {
      views.delete(view);
      viewer.stop();
      line.emit('over', { view, reason });
    });
    if (!granted.ok) return answer(granted);
    views.set(view, viewer);
    // The answer goes out first: the page knows the view before its first picture.
    answer({ ok: true, view, credit: viewer.credit });
    viewer.start(granted.lease, asked, granted.camera);
  });

  line.on('took', (input) => {
    const read = took.safeParse(input);
    const viewer = read.success ? views.get(read.data.view) : undefined;
    if (!viewer || !read.success) return;
    if (!viewer.took(read.data.bytes)) return viewer.end('protocol');
    viewer.renew(who);
    if (Date.now() - identifiedAt > identifyEveryMs) void lookAgain();
  });

  line.on('close', (input) => {
    const read = close.safeParse(input);
    if (read.success) views.get(read.data.view)?.end('expired');
  });

  line.on('disconnect', () => {
    for (const viewer of [...views.values()]) viewer.end('session');
  });

  /** The session may have ended or its rights have changed since the handshake. */
  async function lookAgain(): Promise<void> {
    identifiedAt = Date.now();
    let now: Identity | undefined;
    try {
      now = await identify({ headers: line.handshake.headers });
    } catch {
      return; // The store is away: what was granted stays until it is back.
    }
    if (now) who = now;
    for (const viewer of [...views.values()]) {
      if (now) viewer.renew(now);
      else viewer.end('session');
    }
  }
}

/** One view of one connection: the flow of pictures, and what of it is known to have arrived. */
class Viewer {
  readonly #door: Door;
  readonly #flow: Flow;
  #lease: Lease | undefined;
  #camera: Camera | undefined;
  #asked: Wanted | undefined;
  #stopFollowing: (() => void) | undefined;
  #span: Span | undefined;
  #init: Buffer | undefined;

  constructor(door: Door, line: Line<VideoUp, VideoDown>, view: string, bounds: FlowBounds | undefined) {
    this.#door = door;
    this.#flow = new Flow(
      {
        init: (bytes) => void line.emit('init', { view, codec: codecOf(bytes) ?? '' }, bytes),
        pictures: ({ at, duration, key, bytes }) => {
          if (this.#lease) door.sent(this.#lease, bytes, at, at + duration * 1000);
          line.emit('pictures', { view, at, duration, key }, bytes);
        },
      },
      bounds,
    );
  }

  get credit(): number {
    return this.#flow.credit;
  }

  /** Everything since the newest key picture, then each picture as it comes. */
  start(lease: Lease, asked: Wanted, camera: Camera): void {
    this.#lease = lease;
    this.#asked = asked;
    this.#camera = camera;
    const { window } = camera;
    const begin = window.fromKey;
    for (const picture of begin?.pictures ?? []) this.#take(picture, begin!.init);
    if (this.#lease) this.#stopFollowing = window.follow((picture, init) => this.#take(picture, init));
  }

  /** False when the viewer claims what was never sent. */
  took(bytes: number): boolean {
    const spans = this.#flow.took(bytes);
    for (const span of spans ?? []) this.#delivered(span);
    return spans !== undefined;
  }

  renew(who: Identity): void {
    if (!this.#asked) return;
    const view = this.#door.use(who, this.#asked);
    if (!view.ok) this.end(view.reason);
    // Its record was changed: what is followed here sends nothing any more.
    else if (view.camera !== this.#camera) this.end('camera');
  }

  end(why: ViewEnd): void {
    if (this.#lease) this.#door.end(this.#lease, why);
  }

  /** Told by the door, whatever ended it. */
  stop(): void {
    this.#stopFollowing?.();
    this.#write();
    this.#lease = undefined;
  }

  #take(...[picture, init]: Parameters<Flow['take']>): void {
    const lease = this.#lease;
    if (!lease || !this.#door.isOpen(lease)) return;
    if (init !== this.#init) {
      this.#init = init;
      if (codecOf(init) === undefined) return this.end('codec');
    }
    this.#flow.take(picture, init);
  }

  #delivered(span: Span): void {
    if (this.#span && Math.abs(span.from - this.#span.to) <= 50) this.#span.to = span.to;
    else {
      this.#write();
      this.#span = { ...span };
    }
    if (this.#span.to - this.#span.from >= spanMs) this.#write();
  }

  #write(): void {
    if (this.#span && this.#lease) this.#door.delivered(this.#lease, this.#span.from, this.#span.to);
    this.#span = undefined;
  }
}
