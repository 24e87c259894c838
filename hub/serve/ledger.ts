import { z } from 'zod';
import type { ChainStatus, LedgerPage } from '../model/api.ts';
import { regionCode } from '../model/fields.ts';
import { walkChain } from '../platform/chain.ts';
import type { Context } from '../platform/part.ts';
import { chainAsked } from './filters.ts';
import { all, type Route } from './gate.ts';
import { ledgerExport } from './ledgerExport.ts';
import { away, read, Refusal, unknown } from './problem.ts';
import { namesOf, selectEntries, type EntryBody } from './queries/ledger.ts';

/** One walk a region at a time; its answer serves whoever asks meanwhile. */
const walks = new Map<string, Promise<ChainStatus>>();
const mostWalks = 4;

const listQuery = z.object({
  region: regionCode.optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const checkQuery = z.object({ region: regionCode.optional() });

/** 台账: each region's chain by itself, the person's own region where none is named. */
export function ledgerRoutes({ store, world }: Context): Route[] {
  return [
    ledgerExport({ store, world }),
    {
      method: 'GET',
      url: '/ledger',
      needs: 'ledger.read',
      handle: async ({ who, query }): Promise<LedgerPage | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        const region = chainAsked(who, input.region);
        if (!region) return unknown('ledger');
        const items = (await all<EntryBody>(store, selectEntries(region, input.before, input.limit))).map(
          ({ body }) => body,
        );
        const last = items.at(-1);
        const accounts = [...new Set(items.flatMap(({ account }) => account ?? []))];
        const names = Object.fromEntries(
          (await all<{ name: string; display: string }>(store, namesOf(accounts))).map(({ name, display }) => [
            name,
            display,
          ]),
        );
        return {
          items,
          names,
          ...(last && items.length === input.limit && last.sequence > 1 ? { next: last.sequence } : {}),
        };
      },
    },
    {
      method: 'GET',
      url: '/ledger/check',
      needs: 'ledger.read',
      handle: async ({ who, query }): Promise<ChainStatus | Refusal> => {
        const input = read(checkQuery, query);
        if (input instanceof Refusal) return input;
        const region = chainAsked(who, input.region);
        if (!region) return unknown('ledger');
        const found = walks.get(region);
        if (found) return found;
        if (walks.size >= mostWalks) return away('other ledgers are being checked', 5);
        const walk = walkChain(store, region).finally(() => walks.delete(region));
        walks.set(region, walk);
        return walk;
      },
    },
  ];
}
