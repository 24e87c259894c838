/** 请假 and 暂停服务 of a window. */
import { dayOf, startOf } from './calendar.ts';
import { nothing, refuse, type Consequences, type State } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';
import {
  farthestPresence,
  isAhead,
  longestPresence,
  presencesPerWindow,
  type Presence,
  type PresenceRecord,
} from './presence.ts';
import type { LedgerDraft } from './state.ts';
import type { World } from './world.ts';

type PresenceEvent = Extract<Recorded, { kind: `presence.${string}` }>;

export function decidePresence(event: PresenceEvent, state: State, world: World): Consequences {
  const window = world.windows.get(event.window);
  if (!window || window.hall !== event.hall || world.halls.get(event.hall)?.region !== event.region)
    return refuse('window', 'the window is not in this hall');
  const before = state.presence(event.window);
  return event.kind === 'presence.filed' ? file(event, before) : end(event, before);
}

function file(event: Recorded<EventOf<'presence.filed'>>, before: Presence | undefined): Consequences {
  const known = before?.records ?? [];
  if (known.some(({ id }) => id === event.presence)) return nothing;
  const { from, until, receivedAt: now, reason, staff, standIn, account, name } = event;
  if (until <= from) return refuse('until', 'expected a time after its beginning');
  if (until <= now) return refuse('until', 'expected a time in the future');
  // Who was found missing cannot have been on leave since yesterday; the record says when it was filed.
  if (from < startOf(dayOf(now))) return refuse('from', 'expected a time today or later');
  if (from > now + farthestPresence) return refuse('from', 'expected a time within 60 days');
  if (until - from > longestPresence) return refuse('until', 'expected at most 31 days');
  const ahead = known.filter((each) => isAhead(each, now));
  const other = ahead.find((each) => each.from < until && from < each.until);
  if (other) return refuse('from', 'the window has a record for that time already');
  if (ahead.length >= presencesPerWindow)
    return refuse('window', `the window has ${presencesPerWindow} records ahead already`);
  const record: PresenceRecord = {
    id: event.presence,
    kind: event.type,
    from,
    until,
    reason,
    ...(staff === undefined ? {} : { staff }),
    ...(standIn === undefined ? {} : { standIn }),
    filedBy: { account, name, at: now },
  };
  const over = known.filter((each) => !isAhead(each, now));
  const records = [...over, ...ahead, record].slice(-presencesPerWindow);
  return put(event, 'presence.filed', records, {
    window: event.window,
    type: event.type,
    from,
    until,
    reason,
    ...(staff === undefined ? {} : { staff }),
    ...(standIn === undefined ? {} : { standIn }),
  });
}

function end(event: Recorded<EventOf<'presence.ended'>>, before: Presence | undefined): Consequences {
  const record = before?.records.find(({ id }) => id === event.presence);
  if (!before || !record) return refuse('presence', 'no such record');
  if (!isAhead(record, event.receivedAt)) return refuse('presence', 'the record is over already');
  const { account, name, receivedAt: at } = event;
  // One that has not begun is over before it began.
  const ended: PresenceRecord = { ...record, ended: { account, name, at } };
  const records = before.records.map((each) => (each === record ? ended : each));
  return put(event, 'presence.ended', records, { window: event.window, type: record.kind });
}

function put(
  event: PresenceEvent,
  act: LedgerDraft['act'],
  records: PresenceRecord[],
  facts: LedgerDraft['facts'],
): Consequences {
  const { region, hall, window, position, receivedAt: at, presence: subject, account } = event;
  const row: Presence = { id: window, region, hall, records, position };
  return { puts: [{ table: 'presence', row }], ledger: [{ region, at, act, subject, hall, account, facts }] };
}
