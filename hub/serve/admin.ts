import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../model/administration.ts';
import type { EventOf } from '../model/event.ts';
import type { World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { worldChanged } from '../platform/world.ts';
import { byPerson, ownId, type Command } from './commands.ts';
import type { Asking } from './gate.ts';
import { Refusal } from './problem.ts';

/** How long what was just written may take to be known here: the page's next request finds it. */
const knownWithin = 2_000;

type Own = 'kind' | 'id' | 'source' | 'occurredAt' | 'account' | 'name';
type Reference = Omit<EventOf<'reference.changed'>, Own>;
type AccountAct = Omit<EventOf<'account.changed'>, Own>;

export interface Administration {
  /** Into the ledger first: without the recorder nothing is changed. Undefined when it stands there. */
  note: (asking: Pick<Asking, 'who' | 'now'>, what: Reference) => Promise<Refusal | undefined>;
  noteAccount: (asking: Asking, what: AccountAct) => Promise<Refusal | undefined>;
  /** Tells everybody that reference data changed, and waits until it is known here. */
  announce: (isKnown: (world: World) => boolean) => Promise<void>;
}

export function administration({ bus, world }: Pick<Context, 'bus' | 'world'>, command: Command): Administration {
  return {
    note: (asking, what) =>
      command(
        {
          ...byPerson(asking, ownId(asking, `${what.what} ${what.act} ${what.subject}`)),
          kind: 'reference.changed',
          ...what,
        },
        false,
      ),
    noteAccount: (asking, what) =>
      command(
        { ...byPerson(asking, ownId(asking, `account ${what.act} ${what.subject}`)), kind: 'account.changed', ...what },
        false,
      ),
    async announce(isKnown) {
      bus.connection.publish(worldChanged);
      for (const end = Date.now() + knownWithin; !isKnown(world()) && Date.now() < end;) await sleep(20);
    },
  };
}

export const wrong = ({ field, reason }: Fault): Refusal => new Refusal(400, { field, reason });

type Value = string | number | boolean | string[];

const isSame = (a: Value | null, b: Value | null): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.join(' ') === b.join(' '));

/** The fields of `next` that are not as they were, before and after; what was or is empty is left out. */
export function differenceOf(
  before: object | undefined,
  next: object,
  hidden: readonly string[] = [],
): { fields: string[]; before: Record<string, Value>; after: Record<string, Value> } {
  const found = { fields: [] as string[], before: {} as Record<string, Value>, after: {} as Record<string, Value> };
  const was = (before ?? {}) as Record<string, Value | null | undefined>;
  for (const [field, value] of Object.entries(next) as [string, Value | null | undefined][]) {
    if (value === undefined || isSame(was[field] ?? null, value)) continue;
    found.fields.push(field);
    const shown = (each: Value): Value => (hidden.includes(field) ? '•' : each);
    const old = was[field];
    if (old !== undefined && old !== null) found.before[field] = shown(old);
    if (value !== null) found.after[field] = shown(value);
  }
  return found;
}

/** One page of a list that is sorted already; `after` is the key of the last that was given. */
export function pageOf<T>(
  sorted: readonly T[],
  keyOf: (each: T) => string,
  after: string | undefined,
  limit: number,
): { items: T[]; next?: string } {
  const from = after === undefined ? 0 : sorted.findIndex((each) => keyOf(each) === after) + 1;
  const items = sorted.slice(from, from + limit);
  const last = items.at(-1);
  return { items, ...(last && from + limit < sorted.length ? { next: keyOf(last) } : {}) };
}
