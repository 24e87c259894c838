import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../hub/model/error.ts';
import type { CameraState } from '../hub/model/event.ts';
import type { Quality } from '../hub/model/video.ts';
import type { Context } from '../hub/platform/part.ts';
import { Camera } from './camera.ts';
import { Looks } from './looks.ts';

/** A camera with where it stands, which decides who may see it. */
export interface Placed {
  camera: Camera;
  place: { region: string; hall: string };
}

export interface CamerasOptions {
  /** A camera is pulled for so long after the last request. Default 30,000. */
  graceMs?: number | undefined;
  /** Seconds between two looks at a camera's picture; 0: never. Default 2. */
  pictureSeconds?: number | undefined;
}

/** While the log is away, so many changes of a camera are kept. */
const MOST_CHANGES = 100;

interface Change {
  state: CameraState;
  detail: string | undefined;
  at: number;
}

/** Every camera of the world, made when it is first asked for. */
export class Cameras {
  readonly #context: Context;
  readonly #graceMs: number | undefined;
  readonly #cameras = new Map<string, Camera>();
  /** The changes of each camera that the log does not have yet, in their order. */
  readonly #unsaid = new Map<string, Change[]>();
  /** When each camera's last change came about. */
  readonly #changedAt = new Map<string, number>();
  readonly #looks: Looks | undefined;
  readonly #speaking = new Set<string>();
  #stopped = false;

  constructor(context: Context, { graceMs, pictureSeconds = 2 }: CamerasOptions = {}) {
    this.#context = context;
    this.#graceMs = graceMs;
    if (pictureSeconds > 0) {
      const cameras = (): Iterable<Camera> => this.#cameras.values();
      this.#looks = new Looks({ cameras, everyMs: pictureSeconds * 1000, log: context.log });
    }
  }

  /** Undefined when there is no such camera, or it is switched off. */
  find(id: string, _quality: Quality = 'main'): Placed | undefined {
    const world = this.#context.world();
    const known = world.cameras.get(id);
    const hall = known && world.halls.get(known.hall);
    if (!known?.enabled || !hall) return undefined;
    let camera = this.#cameras.get(id);
    if (!camera) {
      camera = new Camera({
        id,
        address: () => this.#address(id),
        changed: (state, at, detail) => this.#say(id, { state, detail, at }),
        log: this.#context.log,
        ...(this.#graceMs === undefined ? {} : { graceMs: this.#graceMs }),
      });
      this.#cameras.set(id, camera);
    }
    return { camera, place: { region: hall.region, hall: hall.id } };
  }

  /** Programme time up to which the pictures of these cameras were judged; nothing of those that are not looked at. */
  judgedUntil(ids: readonly string[]): Record<string, number> {
    const known = this.#looks ? ids.map((id) => [id, this.#cameras.get(id)?.judgedUntil] as const) : [];
    return Object.fromEntries(known.filter((each): each is readonly [string, number] => each[1] !== undefined));
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
    await this.#looks?.stop();
    await Promise.all([...this.#cameras.values()].map((camera) => camera.stop()));
    // What they said last should still reach the log, if it is there.
    for (let i = 0; i < 20 && this.#speaking.size > 0; i++) await sleep(50);
    this.#stopped = true;
  }

  async #address(id: string): Promise<string> {
    const [row] = await this.#context.store.query<{ url: Buffer }>('select url from camera where id = $1', [id]);
    if (!row) throw new HubError('camera.address', 'The camera has no address.');
    return this.#context.seal.open(row.url);
  }

  #say(id: string, change: Change): void {
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

  async #publish(id: string, { state, detail, at }: Change): Promise<void> {
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
    });
  }
}
