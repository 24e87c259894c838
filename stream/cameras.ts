import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../hub/model/error.ts';
import type { CameraState } from '../hub/model/event.ts';
import type { Context } from '../hub/platform/part.ts';
import { Camera } from './camera.ts';

/** A camera with where it stands, which decides who may see it. */
export interface Placed {
  camera: Camera;
  place: { region: string; hall: string };
}

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
  /** The newest change of each camera that the log does not have yet: while the log is away only the last one counts. */
  readonly #unsaid = new Map<string, Change>();
  readonly #speaking = new Set<string>();
  #stopped = false;

  constructor(context: Context, graceMs?: number) {
    this.#context = context;
    this.#graceMs = graceMs;
  }

  /** Undefined when there is no such camera, or it is switched off. */
  find(id: string): Placed | undefined {
    const world = this.#context.world();
    const known = world.cameras.get(id);
    const hall = known && world.halls.get(known.hall);
    if (!known?.enabled || !hall) return undefined;
    let camera = this.#cameras.get(id);
    if (!camera) {
      camera = new Camera({
        id,
        address: () => this.#address(id),
        changed: (state, detail) => this.#say(id, { state, detail, at: Date.now() }),
        log: this.#context.log,
        ...(this.#graceMs === undefined ? {} : { graceMs: this.#graceMs }),
      });
      this.#cameras.set(id, camera);
    }
    return { camera, place: { region: hall.region, hall: hall.id } };
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
    this.#unsaid.set(id, change);
    if (!this.#speaking.has(id)) void this.#speak(id);
  }

  async #speak(id: string): Promise<void> {
    this.#speaking.add(id);
    for (let change = this.#unsaid.get(id); change && !this.#stopped; change = this.#unsaid.get(id)) {
      try {
        await this.#publish(id, change);
        if (this.#unsaid.get(id) === change) this.#unsaid.delete(id);
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
