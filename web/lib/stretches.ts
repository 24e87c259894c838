/** Part of a long list; only those near the screen have their rows in the page. */
export interface Stretch<T> {
  /** The id of its last row: the same, whatever comes in above it. */
  key: string;
  /** How many of the list stand before it. */
  from: number;
  items: T[];
}

/** Rows of a stretch, on average and at most. */
const usual = 30;
const most = 60;

/**
 * A list in stretches. Where one ends is told by its rows and not by their places in the list, and counted from its end: rows
 * that come in at the head change the first stretch only, and the others stay as they are.
 */
export function stretchesOf<T extends { id: string }>(items: readonly T[]): Stretch<T>[] {
  const stretches: Stretch<T>[] = [];
  for (let to = items.length; to > 0;) {
    let from = to - 1;
    while (from > 0 && to - from < most && !isEnd(items[from - 1]!.id)) from -= 1;
    stretches.push({ key: items[to - 1]!.id, from, items: items.slice(from, to) });
    to = from;
  }
  return stretches.reverse();
}

/** FNV-1a: every thirtieth id or so, whatever ids look like. */
function isEnd(id: string): boolean {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  // The low bits repeat with the last characters: the high ones are folded in.
  return ((hash ^ (hash >>> 15)) >>> 0) % usual === 0;
}
