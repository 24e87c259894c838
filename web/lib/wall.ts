/** How cameras stand on the wall: modes, pages, who is whose neighbour, and what a person chose. Pure but for the browser's storage. */

import type { Progress } from '../../hub/model/live.ts';

/** Pictures at once. With thirteen one is large. */
export const modes = [1, 4, 9, 13, 16] as const;
export type WallMode = (typeof modes)[number];

/** Seconds a page stays in a patrol rotation (轮巡). */
export const rotationSteps = [10, 20, 30, 60] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** The modes that leave a picture large enough to see a counter, by the width of the page in CSS pixels. */
export function modesAt(width: number): readonly WallMode[] {
  if (width < 640) return [1, 4];
  if (width < 1100) return [1, 4, 9];
  return modes;
}

/** What a page of this width begins with, and what becomes of a choice that it has no room for. */
export function modeAt(width: number, chosen: WallMode | undefined): WallMode {
  const possible = modesAt(width);
  if (chosen === undefined) return width < 640 ? 1 : width < 1100 ? 9 : 13;
  return possible.filter((mode) => mode <= chosen).at(-1) ?? 1;
}

/** The page that holds a window, and the windows on it; the first page while the window is unknown. */
export function pageOf<T extends { id: string }>(
  windows: readonly T[],
  mode: WallMode,
  id: string | undefined,
): { index: number; count: number; shown: T[] } {
  const at = windows.findIndex((window) => window.id === id);
  const index = Math.max(0, Math.floor(at / mode));
  return { index, count: Math.ceil(windows.length / mode), shown: windows.slice(index * mode, (index + 1) * mode) };
}

/** Columns of the wall: a hall with few windows fills a smaller square. */
export function sideOf(mode: WallMode, count: number): 1 | 2 | 3 | 4 {
  if (mode === 1 || count <= 1) return 1;
  if (mode === 4) return 2;
  if (mode === 13) return count <= 6 ? 3 : 4;
  if (count <= 4) return 2;
  return mode === 9 || count <= 9 ? 3 : 4;
}

/**
 * Whether a window that is shown is being verified in the open visit (SC-11): it lacks seconds that it can still get. Until
 * the hub has told how far the visit is, all of them are.
 */
export function isVerifying(shown: readonly { id: string }[], views: Progress['views'] | undefined): boolean {
  if (!views) return true;
  return views.some(
    (view) => !view.verified && view.problem !== 'camera' && shown.some((window) => window.id === view.window),
  );
}

export interface Place {
  id: string;
  left: number;
  top: number;
  width: number;
  height: number;
}
export type Direction = 'left' | 'right' | 'up' | 'down';

/** The tile that an arrow leads to: the nearest that lies wholly that way, those in line first. Undefined at the edge. */
export function neighbour(places: readonly Place[], from: string, direction: Direction): string | undefined {
  const here = places.find((place) => place.id === from);
  if (!here) return places[0]?.id;
  const isAcross = direction === 'up' || direction === 'down';
  const near = (place: Place): number => (isAcross ? place.top : place.left);
  const far = (place: Place): number => near(place) + (isAcross ? place.height : place.width);
  const side = (place: Place): [number, number] =>
    isAcross ? [place.left, place.left + place.width] : [place.top, place.top + place.height];
  const isBack = direction === 'left' || direction === 'up';
  let best: { id: string; cost: number } | undefined;
  for (const place of places) {
    const gap = isBack ? near(here) - far(place) : near(place) - far(here);
    if (place.id === from || gap < -1) continue;
    const [ownFrom, ownTo] = side(here);
    const [from_, to] = side(place);
    const overlap = Math.min(ownTo, to) - Math.max(ownFrom, from_);
    // Out of line counts more than far; among those in line and equally far the first wins, top or left.
    const cost = Math.max(0, gap) + (overlap > 1 ? 0 : 10 * (1 - overlap)) + Math.abs(from_ - ownFrom) * 0.001;
    if (!best || cost < best.cost) best = { id: place.id, cost };
  }
  return best?.id;
}

/** What a person chose on this device. */
export interface WallChoice {
  mode?: WallMode;
  every?: RotationStep;
}

/** A choice as it was kept; what is not one of ours is left out. */
export function choiceFrom(text: string | null): WallChoice {
  try {
    const kept = JSON.parse(text ?? '{}') as { mode?: unknown; every?: unknown } | null;
    const mode = modes.find((each) => each === kept?.mode);
    const every = rotationSteps.find((each) => each === kept?.every);
    return { ...(mode === undefined ? {} : { mode }), ...(every === undefined ? {} : { every }) };
  } catch {
    return {};
  }
}
