import { nothing, refuse, type Consequences } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';

/** Only the ledger keeps it: the newest entry about an attention holds. */
export function decideAttention(event: Recorded<EventOf<'attention.explained'>>): Consequences {
  const { account, watcher, region, receivedAt: at, attention, hall, window } = event;
  if (account === watcher) return refuse('account', 'nobody explains their own watching');
  const { name, watcherName, reason, day, note } = event;
  const facts = { name, watcher, watcherName, reason, day, ...(window === undefined ? {} : { window }), note };
  const place = hall === undefined ? {} : { hall };
  return {
    ...nothing,
    ledger: [{ region, at, act: 'attention.explained', subject: attention, ...place, account, facts }],
  };
}
