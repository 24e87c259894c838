import { z } from 'zod';
import type { CasefileDetail, Clock, SignalPage } from '../model/api.ts';
import { clockOf } from '../model/caseClocks.ts';
import { dayOf } from '../model/calendar.ts';
import { may, type Identity } from '../model/rights.ts';
import type { Casefile, Signal } from '../model/state.ts';
import { matterOf, packOf } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import type { Command } from './commands.ts';
import { cursorField, momentsOf, nextOf, signalFields } from './filters.ts';
import { all, one, type Route } from './gate.ts';
import { lineOf } from './lines.ts';
import { read, Refusal, unknown } from './problem.ts';
import { eventsOfCasefile, selectCasefile, signalsOfCasefile, type CaseLineRow } from './queries/casefiles.ts';
import { entriesAbout, type EntryBody } from './queries/ledger.ts';
import { selectSignals, type SignalRow } from './queries/signals.ts';
import { scopeOf } from './queries/scope.ts';
import { isShown, signalActRoutes } from './signalActs.ts';

interface Body<T> extends Record<string, unknown> {
  body: T;
}

const listQuery = z.object({
  ...signalFields,
  state: signalFields.state.default('open'),
  before: cursorField.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** The rows a person opens one by one: signals and casefiles. */
export function signalRoutes(context: Context, command: Command): Route[] {
  const { store, world } = context;
  async function casefileFor(who: Identity, id: string): Promise<Casefile | undefined> {
    const casefile = (await one<Body<Casefile>>(store, selectCasefile(id)))?.body;
    return casefile && may(who, 'case.read', { region: casefile.region, hall: casefile.hall }) ? casefile : undefined;
  }

  function clock(casefile: Casefile, now: number): Clock {
    const present = world();
    return clockOf(present, packOf(present, casefile.region, dayOf(casefile.acceptedAt ?? now)), casefile, now);
  }

  return [
    {
      method: 'GET',
      url: '/signals',
      needs: 'signal.read',
      handle: async ({ who, scope, query }): Promise<SignalPage | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        // One row more says whether there is another page.
        const filter = { ...input, ...momentsOf(input), drafts: may(who, 'signal.confirm'), limit: input.limit + 1 };
        const rows = await all<SignalRow>(store, selectSignals(scope, filter));
        const items = rows.slice(0, input.limit).map(({ body }) => body);
        const last = items.at(-1);
        return {
          items,
          ...(last && rows.length > input.limit ? { next: nextOf({ at: last.issuedAt, id: last.id }) } : {}),
        };
      },
    },
    ...signalActRoutes(context, command),
    {
      method: 'GET',
      url: '/casefiles/:id',
      needs: 'case.read',
      handle: async ({ who, params, now }): Promise<CasefileDetail | Refusal> => {
        const casefile = await casefileFor(who, params['id'] ?? '');
        if (!casefile) return unknown('casefile');
        const present = world();
        const [rows, signals] = await Promise.all([
          all<CaseLineRow>(store, eventsOfCasefile(casefile.id)),
          all<Body<Signal>>(store, signalsOfCasefile(casefile.id)),
        ]);
        const matter = matterOf(present, casefile.region, casefile.matter);
        const department = casefile.department === undefined ? undefined : present.departments.get(casefile.department);
        const window = casefile.window === undefined ? undefined : present.windows.get(casefile.window);
        const subjects = [casefile.id, ...signals.map(({ body }) => body.id)];
        // The ledger is the inspectors' book; a hall manager sees what was done on the signals themselves.
        const ledger = may(who, 'ledger.read')
          ? await all<EntryBody>(store, entriesAbout(subjects, scopeOf(who).prefix))
          : [];
        return {
          casefile,
          ...(matter ? { matter } : {}),
          ...(department ? { departmentName: department.name } : {}),
          ...(window ? { windowNumber: window.number } : {}),
          events: rows.map((row) => ({
            ...lineOf(row),
            ...(row.handler === null ? {} : { handler: row.handler }),
            ...(row.note === null ? {} : { note: row.note }),
            ...(row.reason === null ? {} : { reason: row.reason }),
            ...(row.entered_at === null ? {} : { enteredAt: row.entered_at }),
            receivedAt: row.received_at,
          })),
          signals: signals.map(({ body }) => body).filter((each) => isShown(who, each)),
          clock: clock(casefile, now),
          ledger: ledger.map(({ body }) => body),
        };
      },
    },
    {
      method: 'GET',
      url: '/casefiles/:id/clock',
      needs: 'case.read',
      handle: async ({ who, params, now }): Promise<Clock | Refusal> => {
        const casefile = await casefileFor(who, params['id'] ?? '');
        return casefile ? clock(casefile, now) : unknown('casefile');
      },
    },
  ];
}
