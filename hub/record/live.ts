/** What browsers are told of a commit: rows as they stand after it, and approval events as lines of a window's list. */
import type { Put } from '../model/decide.ts';
import type { Recorded } from '../model/event.ts';
import type { LiveItem } from '../model/live.ts';
import type { Casefile } from '../model/state.ts';
import type { World } from '../model/world.ts';

export function hallOf(event: Recorded, world: World): string | undefined {
  if ('hall' in event) return event.hall;
  return 'window' in event && event.window !== undefined ? world.windows.get(event.window)?.hall : undefined;
}

/** An approval event as a line of a window's list. */
export function lineOf(
  event: Recorded,
  hall: string | undefined,
  casefiles: ReadonlyMap<string, Casefile>,
): LiveItem | undefined {
  if (!event.kind.startsWith('case.') || !('casefile' in event)) return undefined;
  const { id, position, region, kind, occurredAt } = event;
  const casefile = `${region}:${event.casefile}`;
  // The opening names the matter; the steps after it do not.
  const matter = casefiles.get(casefile)?.matter;
  return {
    topic: 'event',
    region,
    position,
    body: {
      id,
      position,
      region,
      kind,
      casefile,
      occurredAt,
      ...(matter ? { matter } : {}),
      ...(hall === undefined ? {} : { hall }),
      ...('window' in event && event.window !== undefined ? { window: event.window } : {}),
      ...('step' in event ? { step: event.step } : {}),
      ...('outcome' in event ? { outcome: event.outcome } : {}),
    },
  };
}

const unlisted = ['draw', 'notice', 'inquiry', 'register', 'evidence', 'release', 'hold', 'entry', 'review'] as const;
const isUnlisted = (put: Put): put is Extract<Put, { table: (typeof unlisted)[number] }> =>
  (unlisted as readonly string[]).includes(put.table);

/** Nothing for what no page keeps a list of: a notice or an investigation changes its signal as well. */
export function itemOf(put: Put): LiveItem | undefined {
  const { region, position } = put.row;
  if (isUnlisted(put)) return undefined;
  if (put.table !== 'casefile') return { topic: put.table, region, position, body: put.row } as LiveItem;
  const { id, status, window, hall, promisedDueAt, statutoryDueAt } = put.row;
  return {
    topic: 'casefile',
    region,
    position,
    body: {
      id,
      status,
      ...(window === undefined ? {} : { window }),
      ...(hall === undefined ? {} : { hall }),
      ...(promisedDueAt === undefined ? {} : { promisedDueAt }),
      ...(statutoryDueAt === undefined ? {} : { statutoryDueAt }),
    },
  };
}
