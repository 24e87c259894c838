import { may, type Identity } from '../model/rights.ts';
import type { LiveItem } from '../model/live.ts';
import { scopeOf, type Scope } from './queries/scope.ts';

/** One room for each scope: everybody in it may see the same items, so a message is encoded once for all of them. */
export interface Room {
  name: string;
  scope: Scope;
}

/** Undefined for those who see no business data (SC-29: administrators). */
export function roomOf(who: Identity): Room | undefined {
  if (!may(who, 'signal.read')) return undefined;
  const scope = scopeOf(who);
  return { name: scope.hall === undefined ? `scope:${scope.prefix}` : `hall:${scope.prefix}:${scope.hall}`, scope };
}

export const accountRoom = (account: string): string => `account:${account}`;

/**
 * The twin of `inScope` for items on their way: an item without a hall belongs to the region. A hall hears of a signal only
 * once it is issued: a draft is the inspectors' own, and one that was dropped never was. Of duties it hears nothing: who is to be
 * visited is not told beforehand (SC-12), and a visit that began is an item of its own.
 */
export function isInScope(scope: Scope, item: LiveItem): boolean {
  if (scope.line || !item.region.startsWith(scope.prefix)) return false;
  // What a department's supervision body patrols as it needs to is no duty of the region (SC-15).
  if (item.topic === 'duty' && item.body.of === 'asNeeded') return false;
  if (scope.hall === undefined) return true;
  if (item.topic === 'duty') return false;
  if (item.topic === 'signal' && (item.body.state === 'draft' || item.body.state === 'dropped')) return false;
  return item.body.hall === scope.hall;
}

export interface Chunk {
  /** The cursor to keep after this chunk: nothing up to here is missing. */
  position: number;
  items: LiveItem[];
}

/** Items of one position are never torn apart, or a cursor would stand in the middle of an event's consequences. */
const perChunk = 50;

/** Cuts items (in the order of positions) into messages; the last one carries `end`, the position reached. */
export function chunksOf(items: readonly LiveItem[], end: number): Chunk[] {
  const chunks: Chunk[] = [];
  let open: LiveItem[] = [];
  for (const item of items) {
    const last = open.at(-1);
    if (last && open.length >= perChunk && last.position !== item.position) {
      chunks.push({ position: last.position, items: open });
      open = [];
    }
    open.push(item);
  }
  if (open.length > 0) chunks.push({ position: end, items: open });
  return chunks;
}
