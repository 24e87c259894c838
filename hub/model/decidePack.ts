/** Rule packs (规则包): what an activation must keep to, as far as the event itself shows it; the rest `serve` has looked at. */
import { startOf } from './calendar.ts';
import { refuse, type Consequences } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';

/**
 * The recorder reads the reference data again a moment after the activation, and a source's clock may be minutes ahead. A pack
 * that begins at least this much later is known before the first case it is about, so a rebuild decides as the first time.
 */
export const activationLead = 3_600_000;

/** Whether a pack that is activated at `now` may be in force from this day on. */
export const mayBegin = (effectiveFrom: string, now: number): boolean => startOf(effectiveFrom) >= now + activationLead;

export function decidePack(event: Recorded<EventOf<'pack.activated'>>): Consequences {
  const { region, account, author, pack, version, effectiveFrom, digest, receivedAt } = event;
  if (account === author) return refuse('account', 'nobody activates his own draft (SC-29)');
  if (!mayBegin(effectiveFrom, receivedAt))
    return refuse('effectiveFrom', 'expected a day that begins at least an hour from now');
  return {
    puts: [],
    ledger: [
      {
        region,
        at: receivedAt,
        act: 'pack.activated',
        subject: `${pack}@${version}`,
        account,
        facts: {
          pack,
          version,
          effectiveFrom,
          digest,
          author,
          ...(event.note === undefined ? {} : { note: event.note }),
        },
      },
    ],
  };
}
