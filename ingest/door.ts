/** What a source may send, judged event by event. */
import { createHash } from 'node:crypto';
import type { CaseEvent } from '../hub/model/event.ts';
import { checkAgainst, checkTogether, parseCaseEvent, type Fault } from '../hub/model/parse.ts';
import { prefixOf, type World } from '../hub/model/world.ts';
import type { Store } from '../hub/platform/postgres.ts';
import type { Candidate } from './body.ts';

/** A department's system that may send events about regions below its own. */
export interface Source {
  id: string;
  region: string;
}

/** Whose bearer token this is. Throws `HubError('store.away')`. */
export async function sourceOf(store: Store, authorization: string | undefined): Promise<Source | undefined> {
  const token = /^Bearer +([\w.~+/=-]{16,256})$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const hash = createHash('sha256').update(token).digest();
  const [source] = await store.query<{ id: string; region: string }>(
    'select id, region from source where token_hash = $1',
    [hash],
  );
  return source;
}

export interface Judged {
  events: { event: CaseEvent; index: number }[];
  refused: (Fault & { index: number })[];
}

/** `now` in epoch milliseconds. */
export function judge(candidates: readonly Candidate[], source: Source, world: World, now: number): Judged {
  const scope = prefixOf(source.region);
  const events: Judged['events'] = [];
  const refused: Judged['refused'] = [];
  candidates.forEach((candidate, index) => {
    if (!candidate.ok) return void refused.push({ index, field: '', reason: candidate.reason });
    const parsed = parseCaseEvent(candidate.input);
    if (!parsed.ok) return void refused.push({ index, field: parsed.field, reason: parsed.reason });
    // Who sent it is what its token says, never what the event says.
    const event = { ...parsed.event, source: source.id };
    const fault = event.region.startsWith(scope)
      ? checkAgainst(world, event, now)
      : {
          field: 'region',
          reason: `source ${source.id} may send events of ${source.region} and below, not of ${event.region}`,
        };
    if (fault) refused.push({ index, ...fault });
    else events.push({ event, index });
  });
  const impossible = checkTogether(events.map(({ event }) => event));
  for (const [at, fault] of impossible) refused.push({ index: events[at]!.index, ...fault });
  return { events: events.filter((_, at) => !impossible.has(at)), refused };
}
