import { createHash } from 'node:crypto';
import { HubError } from '../model/error.ts';
import type { Event } from '../model/event.ts';
import type { Verdict } from '../platform/nats.ts';
import type { Context } from '../platform/part.ts';
import { one, type Asking } from './gate.ts';
import { away, conflict, Refusal } from './problem.ts';
import { selectVerdict, type VerdictRow } from './queries/commands.ts';

/**
 * The id of a command: the same account asking the same thing with the same key is the same event, however often the
 * button was pressed or the answer got lost. `fallback` stands in where the caller gave no key.
 */
export function commandId(asking: Pick<Asking, 'who' | 'key'>, act: string, fallback: string): string {
  const parts = [asking.who.account, act, asking.key === undefined ? `~${fallback}` : `=${asking.key}`];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}

export type Command = (event: Event) => Promise<Refusal | undefined>;

/** Commands in flight at once; more are told to come back. */
const mostInFlight = 500;

/** Publishes people's commands and waits for the recorder's verdict: undefined when it is done, else 409 or 503. */
export function commands({ bus, store }: Pick<Context, 'bus' | 'store'>): Command {
  const inFlight = new Map<string, Promise<Refusal | undefined>>();

  async function known(id: string): Promise<Verdict | undefined> {
    const row = await one<VerdictRow>(store, selectVerdict(id));
    if (!row) return undefined;
    return row.refused === null
      ? { ok: true, position: row.position }
      : { ok: false, field: row.refused_field ?? '', reason: row.refused };
  }

  async function carry(event: Event): Promise<Refusal | undefined> {
    // A repeat carries another time than the first, and would be refused as another event under the same id.
    let verdict = await known(event.id);
    try {
      verdict ??= await bus.command(event);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      // The commit may have been made and only its announcement lost.
      verdict = await known(event.id);
      if (!verdict) return away(`${error.message}; nothing is lost by repeating it`);
    }
    return verdict.ok ? undefined : conflict(verdict.field, verdict.reason);
  }

  return (event) => {
    const found = inFlight.get(event.id);
    if (found) return found;
    if (inFlight.size >= mostInFlight) return Promise.resolve(away('too many commands at once'));
    const running = carry(event).finally(() => inFlight.delete(event.id));
    inFlight.set(event.id, running);
    return running;
  };
}
