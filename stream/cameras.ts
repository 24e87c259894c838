import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sourceOf } from '../hub/model/camera.ts';
import { HubError } from '../hub/model/error.ts';
import type { CameraState, EventOf } from '../hub/model/event.ts';
import type { Quality } from '../hub/model/video.ts';
import type { World } from '../hub/model/world.ts';
import type { Context } from '../hub/platform/part.ts';
import { Camera, shown } from './camera.ts';
import { oddCodec } from './key.ts';
import { Looks } from './looks.ts';
import type { Recording } from './recording/recording.ts';
import type { Push } from './push/push.ts';
import { pictureOf, transcode } from './transcode.ts';
import type { Segment } from './window.ts';

/** A camera with where it stands, which decides who may see it. */
export interface Placed {
  camera: Camera;
  place: { region: string; hall: string; department: string | undefined };
}

export interface CamerasOptions {
  /** A camera is pulled for so long after the last request. Default 30,000. */
  graceMs?: number | undefined;
  /** Seconds between two looks at a camera's picture; 0: never. Default 2. */
  pictureSeconds?: number | undefined;
  /** Told of each closed segment, and of each camera's state. */
  recording?: Pick<Recording, 'take' | 'changed'> | undefined;
  /** Where encoders push, if anywhere. */
  push?: Push | undefined;
}

/** While the log is away, so many changes of a camera are kept. */
const MOST_CHANGES = 100;
const MOST_TRANSCODINGS = 4;
/** How soon a changed record is seen: a camera that was switched off must be let go within a second. */
const WORLD_MS = 200;

interface Change {
  state: CameraState;
  detail: string | undefined;
  at: number;
  codec?: 'H.264' | 'H.265';
}

/** A main stream and a sub-stream are pulled each for itself. */
type Which = 'main' | 'sub';

interface Stream {
  camera: Camera;
  state: CameraState;
  detail: string | undefined;
}

interface Known {
  /** Made when a browser asks that does not play what the camera sends; its state is that of the main stream. */
  h264?: Camera;
  /** Of the record that its streams were opened by. */
  changedAt: number | undefined;
  streams: Map<Which, Stream>;
  said: CameraState;
}

/** What is wrong with the lens is seen in every stream of it; else the camera is as well as its best stream. */
const order: readonly CameraState[] = [
  ...(['black', 'covered', 'frozen', 'live', 'stalled', 'starting', 'offline', 'idle', 'disabled'] as const),
];

/** The one state of a camera of which several streams are pulled. */
export function together<T extends { state: CameraState }>(streams: Iterable<T>): T | undefined {
  return [...streams].sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state))[0];
}

/** Every camera of the world, made when it is first asked for. */
export class Cameras {
  readonly #context: Context;
  readonly #graceMs: number | undefined;
  readonly #cameras = new Map<string, Known>();
  /** The changes of each camera that the log does not have yet, in their order. */
  readonly #unsaid = new Map<string, Change[]>();
  /** When each camera's last change came about. */
  readonly #changedAt = new Map<string, number>();
  readonly #looks: Looks | undefined;
  readonly #recording: CamerasOptions['recording'];
  readonly #speaking = new Set<string>();
  /** Cameras that are transcoded now. */
  readonly #transcoding = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  readonly #push: Push | undefined;
  #world: World;
  #stopped = false;

  constructor(context: Context, { graceMs, pictureSeconds = 2, push, recording }: CamerasOptions = {}) {
    this.#context = context;
    this.#graceMs = graceMs;
    this.#push = push;
    this.#recording = recording;
    this.#world = context.world();
    this.#timer = setInterval(() => this.#follow(), WORLD_MS);
    if (pictureSeconds > 0) {
      this.#looks = new Looks({ cameras: () => this.#all(), everyMs: pictureSeconds * 1000, log: context.log });
    }
  }

  /**
   * Undefined when there is no such camera, or it is switched off. A sub-stream is a stream of its own, pulled only while it is
   * asked for, of the same camera and under the same right; where there is none, `sub` is the main one.
   */
  find(id: string, quality: Quality = 'main'): Placed | undefined {
    const world = this.#context.world();
    const record = world.cameras.get(id);
    const hall = record && world.halls.get(record.hall);
    if (!record?.enabled || !hall) return undefined;
    const stream = this.#stream(id, quality === 'sub' && record.sub ? 'sub' : 'main', record.changedAt);
    const camera = quality === 'h264' ? this.#transcoded(id, stream) : stream;
    const department = world.windows.get(record.window ?? '')?.department;
    return { camera, place: { region: hall.region, hall: hall.id, department } };
  }

  /**
   * Programme time up to which the pictures of these cameras were judged; nothing of those that showed none. Also of a camera that was let
   * go: what nobody could judge while it was watched does not count when nobody watches any more.
   */
  judgedUntil(ids: readonly string[]): Record<string, number> {
    const found: Record<string, number> = {};
    for (const id of this.#looks ? ids : []) {
      const streams = [...(this.#cameras.get(id)?.streams.values() ?? [])];
      const judged = streams.map(({ camera }) => camera.judgedUntil).filter((at) => at !== undefined);
      const before = streams.map(({ camera }) => camera.judgedBefore).filter((at) => at !== undefined);
      if (judged.length > 0) found[id] = Math.min(...judged);
      else if (before.length > 0) found[id] = Math.max(...before);
    }
    return found;
  }

  /** What the last run left as live when it was killed is idle now. */
  async settle(): Promise<void> {
    const rows = await this.#context.store.query<{ camera: string }>(
      `select camera from camera_status where state not in ('idle', 'disabled')`,
    );
    for (const { camera } of rows) {
      if (!this.#cameras.has(camera)) this.#say(camera, { state: 'idle', detail: undefined, at: Date.now() });
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looks?.stop();
    const transcodings = [...this.#cameras.values()].flatMap(({ h264 }) => h264 ?? []);
    await Promise.all([...this.#all(), ...transcodings].map((camera) => camera.stop()));
    // What they said last should still reach the log, if it is there.
    for (let i = 0; i < 20 && this.#speaking.size > 0; i++) await sleep(50);
    this.#stopped = true;
  }

  /** A transcoding of the main stream, one for all who need it; the main stream itself where every browser plays that. */
  #transcoded(id: string, main: Camera): Camera {
    const init = main.window.fromKey?.init;
    if (init && oddCodec(init) === undefined) return main;
    const known = this.#cameras.get(id)!;
    known.h264 ??= new Camera({
      id: `${id} (h264)`,
      address: async () => {
        const most = this.#context.settings.transcodings ?? MOST_TRANSCODINGS;
        if (!this.#transcoding.has(id) && this.#transcoding.size >= most)
          throw new HubError('camera.transcodings', `no more than ${most} cameras are transcoded at once`);
        this.#transcoding.add(id);
        await pictureOf(main);
        return '';
      },
      open: (ears) => transcode(main, ears),
      changed: (state) => {
        if (state === 'idle' || state === 'offline') this.#transcoding.delete(id);
      },
      log: this.#context.log,
      ...(this.#graceMs === undefined ? {} : { graceMs: this.#graceMs }),
    });
    return known.h264;
  }

  *#all(): Generator<Camera> {
    for (const { streams } of this.#cameras.values()) for (const { camera } of streams.values()) yield camera;
  }

  #stream(id: string, which: Which, changedAt: number | undefined): Camera {
    let known = this.#cameras.get(id);
    if (!known) this.#cameras.set(id, (known = { changedAt, streams: new Map(), said: 'idle' }));
    const found = known.streams.get(which);
    if (found) return found.camera;
    const camera = new Camera({
      id: which === 'main' ? id : `${id} (${which})`,
      address: () => this.#address(id, which),
      sound: () => this.#context.world().cameras.get(id)?.audio === true,
      changed: (state, at, detail) => this.#changed(id, which, { state, at, detail }),
      log: this.#context.log,
      window: { closed: (segment, init) => this.#record(id, which, segment, init) },
      ...(this.#graceMs === undefined ? {} : { graceMs: this.#graceMs }),
    });
    known.streams.set(which, { camera, state: 'idle', detail: undefined });
    return camera;
  }

  /** What the sub-stream shows is recorded only where the main one shows nothing. */
  #record(id: string, which: Which, segment: Segment, init: Buffer): void {
    const main = which === 'main' ? undefined : this.#cameras.get(id)?.streams.get('main');
    const since = main && shown.has(main.state) ? main.camera.window.segments[0]?.at : undefined;
    if (since === undefined || since > segment.at) this.#recording?.take(id, segment, init);
  }

  /** Lets go of cameras that were switched off, and begins those anew whose record changed. */
  #follow(): void {
    const world = this.#context.world();
    if (world === this.#world) return;
    this.#world = world;
    void this.#push?.refresh().catch((error: unknown) => {
      this.#context.log.warn({ err: error }, 'the keys of encoders could not be read again');
    });
    for (const [id, known] of this.#cameras) {
      const record = world.cameras.get(id);
      const isOn = record?.enabled === true;
      if (isOn && record.changedAt === known.changedAt) continue;
      known.changedAt = record?.changedAt;
      for (const [which, { camera }] of known.streams) {
        void camera.end(isOn && (which === 'main' || record.sub === true));
      }
      void known.h264?.end(isOn);
    }
  }

  #changed(id: string, which: Which, { state, at, detail }: Change): void {
    const known = this.#cameras.get(id);
    const stream = known?.streams.get(which);
    if (!known || !stream) return;
    Object.assign(stream, { state, detail });
    const now = together(known.streams.values())!;
    if (now.state === known.said) return;
    known.said = now.state;
    this.#recording?.changed(id, now.state, at);
    // A live camera's detail is a codec that not every browser plays.
    const codec = now.state === 'live' ? (now.detail ?? 'H.264') : undefined;
    const named = codec === 'H.264' || codec === 'H.265' ? ({ codec } as const) : {};
    this.#say(id, { state: now.state, detail: now.detail, at, ...named });
  }

  async #address(id: string, which: Which): Promise<string> {
    const { store, seal } = this.#context;
    const [row] = await store.query<{ url: Buffer; sub_url: Buffer | null; transport: string }>(
      'select url, sub_url, transport from camera where id = $1',
      [id],
    );
    const sealed = which === 'sub' ? row?.sub_url : row?.url;
    if (!row || !sealed) throw new HubError('camera.address', 'The camera has no address.');
    const address = seal.open(sealed);
    if (address === 'push:' && this.#push) return this.#push.address(id);
    // What the address itself says comes first.
    if (row.transport !== 'udp' || sourceOf(address) !== 'rtsp' || /[?&]transport=/.test(address)) return address;
    return `${address}${address.includes('?') ? '&' : '?'}transport=udp`;
  }

  #say(id: string, change: Change): void {
    // The last word on a camera that is switched off has the person who did it.
    if (this.#context.world().cameras.get(id)?.enabled === false) return;
    // What came about in the past still comes after what was said before it; times of pictures are fractions.
    const last = this.#changedAt.get(id) ?? 0;
    // (A clock that was set back an hour must not make an hour of changes come out of the future.)
    const at = Math.max(Math.round(change.at), last > Date.now() + 10_000 ? 0 : last + 1);
    this.#changedAt.set(id, at);
    const waiting = this.#unsaid.get(id) ?? [];
    // A fault that is over must still be said, because no second of it counts as watched; what is let go is that all was well.
    if (waiting.length >= MOST_CHANGES) {
      const least = waiting.findIndex(({ state }, index) => index > 0 && (state === 'live' || state === 'starting'));
      // The first one is being said.
      waiting.splice(Math.max(1, least), 1);
    }
    waiting.push({ ...change, at });
    this.#unsaid.set(id, waiting);
    if (!this.#speaking.has(id)) void this.#speak(id);
  }

  async #speak(id: string): Promise<void> {
    this.#speaking.add(id);
    const waiting = this.#unsaid.get(id)!;
    while (waiting.length > 0 && !this.#stopped) {
      const [change] = waiting;
      try {
        await this.#publish(id, change!);
        if (waiting[0] === change) waiting.shift();
      } catch (error) {
        this.#context.log.warn({ camera: id, err: error }, 'the log did not take a change of a camera; again');
        await sleep(1000);
      }
    }
    this.#speaking.delete(id);
  }

  async #publish(id: string, { state, detail, at, codec }: Change): Promise<void> {
    const world = this.#context.world();
    const hall = world.halls.get(world.cameras.get(id)?.hall ?? '');
    if (!hall) return;
    await this.#context.bus.publish({
      kind: 'camera.changed',
      id: randomUUID(),
      region: hall.region,
      source: 'stream',
      occurredAt: at,
      camera: id,
      hall: hall.id,
      state,
      ...(detail ? { detail } : {}),
      ...(codec === undefined ? {} : { codec }),
    } satisfies EventOf<'camera.changed'>);
  }
}
