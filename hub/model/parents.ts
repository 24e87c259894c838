/** 继承: a pack says only what differs from its parent's (SC-02b). Resolved when it is loaded; the store holds whole packs. */

export type Inherited = { ok: true; value: unknown } | { ok: false; reason: string };

/** A county inherits from a city, a city from a province, a province from what all share. */
const mostParents = 5;

/** What a pack says of itself and never takes from its parent. */
const own: ReadonlySet<unknown> = new Set([
  'id',
  'parent',
  'title',
  'region',
  'version',
  'effectiveFrom',
  'effectiveTo',
  'source',
  'trial',
]);

export const isOwn = (section: unknown): boolean => own.has(section);

/**
 * The document with its parents' sections where it has none of its own. `settings` are inherited one by one, every other section
 * as a whole. Nothing is checked here: the result is what `rulePack` parses.
 */
export function inherit(document: unknown, find: (id: string) => unknown): Inherited {
  const chain: unknown[] = [document];
  for (let parent = parentOf(document); parent !== undefined; parent = parentOf(chain.at(-1))) {
    if (chain.some((each) => idOf(each) === parent)) return { ok: false, reason: `${parent} is its own ancestor` };
    if (chain.length > mostParents) return { ok: false, reason: `more than ${mostParents} parents in a row` };
    const found = find(parent);
    if (found === undefined) return { ok: false, reason: `no pack ${parent}` };
    chain.push(found);
  }
  return { ok: true, value: chain.reduceRight((above, each) => merge(above, each)) };
}

function merge(above: unknown, below: unknown): unknown {
  if (!isRecord(above) || !isRecord(below)) return below;
  const inherited = Object.fromEntries(Object.entries(above).filter(([key]) => !isOwn(key)));
  const settings =
    isRecord(above['settings']) && isRecord(below['settings'])
      ? { settings: { ...above['settings'], ...below['settings'] } }
      : undefined;
  return { ...inherited, ...below, ...settings };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const idOf = (value: unknown): string | undefined => (isRecord(value) ? text(value['id']) : undefined);
const parentOf = (value: unknown): string | undefined => (isRecord(value) ? text(value['parent']) : undefined);
