import type { ViewReport } from '../../hub/model/viewProof.ts';
import type { Signer } from './signer.ts';
import { spanBetween, type Look } from './span.ts';

/** A tile as the watcher sees it. */
export interface Watched {
  camera: string;
  looked: () => Look;
  /** Really on screen now: intersecting the viewport, not merely mounted. */
  isOnScreen: () => boolean;
  size: () => { width: number; height: number };
}

const every = 1_500;
/** Looks that are further apart than this (milliseconds) had a page between them that was asleep or held up: nobody saw anything. */
const asleepAfter = 10_000;
/** The hub takes no more lines in one report. */
const most = 64;

/**
 * Reports what this page really played while a visit is open (design §7). It claims nothing it has not seen: a tile that was
 * hidden at any moment since the last report is reported as not visible for the whole span, a paused or stalled one
 * with an empty span. Who sleeps and wakes goes on from the moment of waking.
 */
export class Watcher {
  readonly #tiles = new Map<Watched, { before: Look | undefined; wasHidden: boolean }>();
  #visit: string | undefined;
  #signer: Signer | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Starts or stops reporting for a visit. */
  follow(visit: string | undefined): void {
    if (this.#visit === visit) return;
    this.#visit = visit;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#signer = undefined;
    document.removeEventListener('visibilitychange', this.#onVisibility);
    if (visit === undefined) return;
    // What played before the visit began is not part of it.
    for (const [tile, kept] of this.#tiles) Object.assign(kept, { before: tile.looked(), wasHidden: false });
    void import('./signer.ts').then(({ Signer }) => {
      if (this.#visit === visit) this.#signer = new Signer(visit);
    });
    this.#timer = setInterval(() => void this.#report(), every);
    document.addEventListener('visibilitychange', this.#onVisibility);
  }

  /** Adds a tile; returns how to take it away. */
  add(tile: Watched): () => void {
    this.#tiles.set(tile, { before: undefined, wasHidden: !tile.isOnScreen() });
    return () => this.#tiles.delete(tile);
  }

  /** A tile left the viewport, even for a moment. */
  hid(tile: Watched): void {
    const kept = this.#tiles.get(tile);
    if (kept) kept.wasHidden = true;
  }

  /** One last report before a visit is finished, so that its last second counts; resolves when the hub has it. */
  async flush(): Promise<void> {
    if (this.#visit !== undefined) await this.#report();
  }

  readonly #onVisibility = (): void => {
    if (document.visibilityState !== 'visible') for (const kept of this.#tiles.values()) kept.wasHidden = true;
  };

  async #report(): Promise<void> {
    const isPageVisible = document.visibilityState === 'visible';
    const reports: Omit<ViewReport, 'parts'>[] = [];
    for (const [tile, kept] of this.#tiles) {
      const now = tile.looked();
      const before = kept.before && now.at - kept.before.at > asleepAfter ? undefined : kept.before;
      const span = spanBetween(before, now);
      kept.before = now;
      const isVisible = isPageVisible && tile.isOnScreen();
      const visible = isVisible && !kept.wasHidden;
      kept.wasHidden = !isVisible;
      if (!span || reports.length >= most) continue;
      const { width, height } = tile.size();
      reports.push({
        camera: tile.camera,
        from: Math.round(span.from),
        to: Math.round(span.to),
        at: Date.now(),
        visible,
        width: Math.round(width),
        height: Math.round(height),
        frames: span.frames,
      });
    }
    if (reports.length > 0) await this.#signer?.send(reports);
  }
}
