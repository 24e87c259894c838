import { createHash, randomUUID } from 'node:crypto';
import { HubError } from '../model/error.ts';
import type { Event } from '../model/event.ts';
import type { Verdict } from '../platform/nats.ts';
import type { Context } from '../platform/part.ts';
import { one, type Asking } from './gate.ts';
import type { Refusal } from './problem.ts';
import { away, conflict } from './problem.ts';
import { selectVerdict, type VerdictRow } from './queries/commands.ts';

/**
 * The id of a command: the same account asking the same thing with the same key is the same event, however often the
 * button was pressed or the answer got lost. `fallback` stands in where the caller gave no key.
 */
export function commandId(asking: Pick<Asking, 'who' | 'key'>, act: string, fallback: string): string {
  const parts = [asking.who.account, act, asking.key === undefined ? `~${fallback}` : `=${asking.key}`];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}

/**
 * The id of what stands in the ledger before it is written beside it: each act is an entry of its own. The caller's key tells
 * nothing here, for under a key that was used before a second act would pass without an entry.
 */
export const ownId = ({ who }: Pick<Asking, 'who'>, act: string): string => commandId({ who }, act, randomUUID());

/** Without a key, the same words of the same person within this time are one click. */
const sameClickMs = 2_000;
const mostClicks = 10_000;
const clicks = new Map<string, number>();

/** The id of a command that may be given again and again: by the caller's key, else one for each click on `input`. */
export function clickId(asking: Pick<Asking, 'who' | 'key' | 'now'>, act: string, input: unknown): string {
  const words = commandId(asking, act, JSON.stringify(input));
  if (asking.key !== undefined) return words;
  const first = clicks.get(words);
  const at = first !== undefined && asking.now - first < sameClickMs ? first : asking.now;
  clicks.delete(words);
  clicks.set(words, at);
  if (clicks.size > mostClicks) clicks.delete(clicks.keys().next().value!);
  return commandId(asking, act, JSON.stringify([input, at]));
}

/** What every event of a person at the desk says. */
export const byPerson = ({ who, now }: Pick<Asking, 'who' | 'now'>, id: string) => ({
  id,
  source: 'desk',
  occurredAt: now,
  account: who.account,
  name: who.name,
});

/** Without the keys that have no value: an event's canonical form knows no undefined, and answers leave out what is null. */
export function defined<T extends object>(input: T): T {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined && value !== null)) as T;
}

/** `isKeyed`: the caller gave an `Idempotency-Key`, so the same key means the same answer, a refusal too. */
export type Command = (event: Event, isKeyed: boolean) => Promise<Refusal | undefined>;

/** Commands in flight at once; more are told to come back. */
const mostInFlight = 500;
/** How often one thing may be refused, and asked for again once its state has changed. */
const mostRefusals = 100;

type Known = Verdict & { position: number };

/** Publishes people's commands and waits for the recorder's verdict: undefined when it is done, else 409 or 503. */
export function commands({ bus, store }: Pick<Context, 'bus' | 'store'>): Command {
  const inFlight = new Map<string, Promise<Refusal | undefined>>();

  async function known(id: string): Promise<Known | undefined> {
    const row = await one<VerdictRow>(store, selectVerdict(id));
    if (!row) return undefined;
    const { position, refused, refused_field } = row;
    return refused === null
      ? { ok: true, position }
      : { ok: false, position, field: refused_field ?? '', reason: refused };
  }

  async function carry(event: Event, isKeyed: boolean): Promise<Refusal | undefined> {
    // A repeat carries another time than the first, and would be refused as another event under the same id.
    let found = await known(event.id);
    let { id } = event;
    // What was refused once may be right by now: without a key it is asked anew, still one event for a double click.
    for (let round = 0; found && !found.ok && !isKeyed && round < mostRefusals; round += 1) {
      id = `${event.id}-${found.position}`;
      found = await known(id);
    }
    let verdict: Verdict | undefined = found;
    try {
      verdict ??= await bus.command({ ...event, id });
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      // The commit may have been made and only its announcement lost.
      verdict = await known(id);
      if (!verdict) return away(`${error.message}; nothing is lost by repeating it`);
    }
    return verdict.ok ? undefined : conflict(verdict.field, verdict.reason);
  }

  return (event, isKeyed) => {
    const found = inFlight.get(event.id);
    if (found) return found;
    if (inFlight.size >= mostInFlight) return Promise.resolve(away('too many commands at once'));
    const running = carry(event, isKeyed).finally(() => inFlight.delete(event.id));
    inFlight.set(event.id, running);
    return running;
  };
}
