import type { HallDetail, WindowDetail } from '../../hub/model/api.ts';
import type { CameraStatus, Signal } from '../../hub/model/state.ts';
import { api } from './api.ts';
import { isOpen, merge } from './merge.ts';
import { live } from './socket.svelte.ts';

/** The numbers of the day are counted anew at most so often. */
const countEveryMs = 15_000;

/** One hall with its windows, kept live: cameras, the latest event and the open signals of each window, and a little later the day's numbers. */
export class HallState {
  #detail = $state.raw<HallDetail | undefined>();
  #failure = $state.raw<unknown>();
  #id: string | undefined;
  #stops: (() => void)[] = [];
  #counting: ReturnType<typeof setTimeout> | undefined;

  get detail(): HallDetail | undefined {
    return this.#detail;
  }
  get failure(): unknown {
    return this.#failure;
  }
  get windows(): WindowDetail[] {
    return this.#detail?.windows ?? [];
  }

  async open(id: string): Promise<void> {
    if (this.#id !== id) this.#detail = undefined;
    this.#id = id;
    this.#failure = undefined;
    if (this.#stops.length === 0) this.#follow();
    try {
      const detail = await api.hall(id);
      if (this.#id === id) this.#detail = detail;
    } catch (error) {
      if (this.#id === id) this.#failure = error;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#counting);
    this.#counting = undefined;
  }

  /** After something happened here. */
  #countSoon(): void {
    this.#counting ??= setTimeout(() => {
      this.#counting = undefined;
      const id = this.#id;
      if (id === undefined) return;
      api.hall(id).then(
        ({ today }) => {
          if (this.#id === id && this.#detail) this.#detail = { ...this.#detail, today };
        },
        // The numbers stay as they are until the next event; that the hub is away is said elsewhere.
        (error: unknown) => console.warn('hall', error),
      );
    }, countEveryMs);
  }

  #follow(): void {
    this.#stops = [
      live.on('camera', (changes) => this.#each((window) => withCameras(window, changes))),
      live.on('signal', (changes) => this.#each((window) => withSignals(window, changes))),
      live.on('event', (lines) =>
        this.#each((window) => {
          const latest = lines.filter((line) => line.window === window.id).sort((a, b) => b.position - a.position)[0];
          return latest && latest.position > (window.latest?.position ?? 0) ? { ...window, latest } : window;
        }),
      ),
      live.onReset(() => this.#id !== undefined && void this.open(this.#id)),
    ];
  }

  #each(change: (window: WindowDetail) => WindowDetail): void {
    const detail = this.#detail;
    if (!detail) return;
    const windows = detail.windows.map(change);
    if (!windows.some((window, index) => window !== detail.windows[index])) return;
    this.#detail = { ...detail, windows };
    this.#countSoon();
  }
}

function withCameras(window: WindowDetail, changes: CameraStatus[]): WindowDetail {
  const newer = (camera: WindowDetail['cameras'][number]): CameraStatus | undefined =>
    changes.filter((each) => each.camera === camera.id && each.position >= (camera.status?.position ?? 0)).at(-1);
  if (!window.cameras.some(newer)) return window;
  return {
    ...window,
    cameras: window.cameras.map((camera) => {
      const status = newer(camera);
      return status ? { ...camera, status } : camera;
    }),
  };
}

function withSignals(window: WindowDetail, changes: Signal[]): WindowDetail {
  const own = changes.filter((signal) => signal.window === window.id);
  if (own.length === 0) return window;
  return { ...window, openSignals: merge(window.openSignals, own, (signal) => signal.issuedAt, 100).filter(isOpen) };
}
