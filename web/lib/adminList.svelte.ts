import type { PlaceLine } from '../../hub/model/adminApi.ts';
import { regionsNow } from './admin.ts';
import { nameOf } from './locale.svelte.ts';
import { Paged } from './paged.svelte.ts';

/** What a list of administration is filtered by; empty texts ask for everything. */
export interface AdminQuery {
  region: string;
  text: string;
}

/**
 * A list of administration: its filters, the regions to choose from, and its rows, asked for anew a moment after a
 * filter was changed. Called while a page is made. `also`: what the rows depend on besides.
 */
export function adminList<T, Q extends AdminQuery & Record<keyof Q, string>>(
  none: Q,
  read: (asked: Q & { after: string | undefined }) => Promise<{ items: T[]; next?: string }>,
  also?: () => unknown,
) {
  let query = $state<Q>({ ...none });
  let regions = $state.raw<PlaceLine[]>([]);
  const rows = new Paged<T>(async (after) => {
    const [page, known] = await Promise.all([read({ ...query, after }), regionsNow()]);
    regions = known;
    return page;
  });
  $effect(() => {
    void [also?.(), Object.values(query)];
    const timer = setTimeout(() => rows.anew(), 250);
    return () => clearTimeout(timer);
  });
  const isFiltered = $derived(Object.values<string>(query).some((each) => each.trim() !== ''));
  const options = $derived(regions.map((each) => ({ id: each.id, name: nameOf(each) })));
  return {
    rows,
    get query(): Q {
      return query;
    },
    set query(wanted: Q) {
      query = wanted;
    },
    get isFiltered(): boolean {
      return isFiltered;
    },
    clear: (): void => void (query = { ...none }),
    /** The regions as choices of a filter or a field. */
    get options(): { id: string; name: string }[] {
      return options;
    },
    regionName: (code: string): string => nameOf(regions.find(({ id }) => id === code)),
    /** The region that a new thing is most likely of. */
    get likelyRegion(): string {
      return options.length === 1 ? (options[0]?.id ?? '') : query.region;
    },
  };
}
