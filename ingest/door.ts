/** What a source may send, judged event by event. */
import { createHash } from 'node:crypto';
import type { CaseEvent } from '../hub/model/event.ts';
import { checkAgainst, checkTogether, parseCaseEvent, type Fault } from '../hub/model/parse.ts';
import { prefixOf, type World } from '../hub/model/world.ts';
import type { Store } from '../hub/platform/postgres.ts';
import type { Candidate } from './body.ts';
import { translate, type Dialect, type Translated } from './dialects/dialect.ts';

/** A department's system that may send events about regions below its own. */
export interface Source {
  id: string;
  region: string;
  /** Sealed. Where it is there, a batch without a good signature is refused. */
  signingKey?: Uint8Array;
}

/** Whose bearer token this is. Throws `HubError('store.away')`. */
export async function sourceOf(store: Store, authorization: string | undefined): Promise<Source | undefined> {
  const token = /^Bearer +([\w.~+/=-]{16,256})$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const hash = createHash('sha256').update(token).digest();
  const [source] = await store.query<{ id: string; region: string; signing_key: Uint8Array | null }>(
    'select id, region, signing_key from source where token_hash = $1',
    [hash],
  );
  if (!source) return undefined;
  const { id, region, signing_key: signingKey } = source;
  return { id, region, ...(signingKey === null ? {} : { signingKey }) };
}

export interface Judged {
  events: { event: CaseEvent; index: number }[];
  refused: (Fault & { index: number })[];
}

/** `now` in epoch milliseconds. With a dialect a candidate is a message of it, which is taken whole or refused whole. */
export function judge(
  candidates: readonly Candidate[],
  source: Source,
  world: World,
  now: number,
  dialect?: Dialect,
): Judged {
  const scope = prefixOf(source.region);
  const events: Judged['events'] = [];
  const refused = new Map<number, Fault>();
  const names: Record<string, string>[] = [];
  candidates.forEach((candidate, index) => {
    if (!candidate.ok) return void refused.set(index, { field: '', reason: candidate.reason });
    const read = dialect ? translate(dialect, candidate.input, source) : plain(candidate.input, source);
    if (!read.ok) return void refused.set(index, { field: read.field, reason: read.reason });
    for (const { event, names } of read.events) {
      const fault = event.region.startsWith(scope)
        ? checkAgainst(world, event, now)
        : {
            field: 'region',
            reason: `source ${source.id} may send events of ${source.region} and below, not of ${event.region}`,
          };
      if (fault) return void refused.set(index, { ...fault, field: names[fault.field] ?? fault.field });
    }
    for (const each of read.events) {
      events.push({ event: each.event, index });
      names.push(each.names);
    }
  });
  for (const [at, { field, reason }] of checkTogether(events.map(({ event }) => event)))
    refused.set(events[at]!.index, { field: names[at]![field] ?? field, reason });
  return {
    events: events.filter(({ index }) => !refused.has(index)),
    refused: [...refused].map(([index, fault]) => ({ index, ...fault })),
  };
}

function plain(input: unknown, source: Source): Translated {
  const parsed = parseCaseEvent(input);
  if (!parsed.ok) return parsed;
  // Who sent it is what its token says, never what the event says.
  return { ok: true, events: [{ event: { ...parsed.event, source: source.id }, names: {} }] };
}
