import type { ViewReport } from '../../hub/model/live.ts';
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
/** The hub takes no more lines in one report. */
const most = 64;

/**
 * Reports what this page really played while a visit is open (design §7). It claims nothing it has not seen: a tile that was
 * hidden at any moment since the last report is reported as not visible for the whole span, a paused or stalled one
 * with an empty span.
 */
export class Watcher {
  readonly #tiles = new Map<Watched, { before: Look | undefined; wasHidden: boolean }>();
  readonly #send: (visit: string, reports: ViewReport[]) => void;
  #visit: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(send: (visit: string, reports: ViewReport[]) => void) {
    this.#send = send;
  }

  /** Starts or stops reporting for a visit. */
  follow(visit: string | undefined): void {
    if (this.#visit === visit) return;
    this.#visit = visit;
    clearInterval(this.#timer);
    this.#timer = undefined;
    document.removeEventListener('visibilitychange', this.#onVisibility);
    if (visit === undefined) return;
    // What played before the visit began is not part of it.
    for (const [tile, kept] of this.#tiles) Object.assign(kept, { before: tile.looked(), wasHidden: false });
    this.#timer = setInterval(() => this.#report(), every);
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

  /** One last report before a visit is finished, so that its last second counts. */
  flush(): void {
    if (this.#visit !== undefined) this.#report();
  }

  readonly #onVisibility = (): void => {
    if (document.visibilityState !== 'visible') for (const kept of this.#tiles.values()) kept.wasHidden = true;
  };

  #report(): void {
    const isPageVisible = document.visibilityState === 'visible';
    const reports: ViewReport[] = [];
    for (const [tile, kept] of this.#tiles) {
      const now = tile.looked();
      const span = spanBetween(kept.before, now);
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
    if (reports.length > 0 && this.#visit !== undefined) this.#send(this.#visit, reports);
  }
}
