/** 督办通知 (QT-05, YJ-05): a numbered notice that tells the department to answer by a day. */
import { dayOf, type WorkCalendar } from './calendar.ts';
import { deadlineOf } from './clock.ts';
import { urgeRegister, type Put, type State } from './decide.ts';
import type { Done } from './decideSignal.ts';
import type { EventOf, Recorded } from './event.ts';
import type { Register, Signal, Urge } from './state.ts';
import { calendarIn, type World } from './world.ts';

/** More are not sent for one signal: what does not help ten times is a matter for an investigation. */
const mostUrges = 10;
const farthest = 60 * 86_400_000;
/** Working days to answer where a rule urged and no pack sets a time to correct. */
const usualDays = 3;

export const yearOf = (at: number): string => dayOf(at).slice(0, 4);

interface Urged {
  done: Done;
  puts: Put[];
}

/** A person urges. Changes the copy in place. */
export function urge(event: Recorded<EventOf<'signal.urged'>>, signal: Signal, state: State): Urged {
  const no = (field: string, reason: string): Urged => ({ done: { field, reason }, puts: [] });
  if ((signal.urges?.length ?? 0) >= mostUrges) return no('signal', `it was urged ${mostUrges} times already`);
  if (event.correctBy <= event.receivedAt) return no('correctBy', 'expected a time in the future');
  if (event.correctBy > event.receivedAt + farthest) return no('correctBy', 'expected a time within 60 days');
  const by = { account: event.account, name: event.name, at: event.receivedAt };
  const { facts, put } = add(event, signal, state, { correctBy: event.correctBy, text: event.text, by });
  return { done: { act: 'signal.urged', facts }, puts: [put] };
}

/** The rule urges by itself (`procedure: urge`). */
export function urgeByRule(
  event: Recorded<EventOf<'signal.turned'>>,
  signal: Signal,
  state: State,
  world: World,
): { act: 'signal.urged'; facts: Record<string, string | number>; puts: Put[] } {
  const correctBy = signal.correctBy ?? inDays(calendarIn(world, signal.region), event.receivedAt);
  const { facts, put } = add(event, signal, state, { correctBy, text: signal.messageZh, textEn: signal.messageEn });
  return { act: 'signal.urged', facts, puts: [put] };
}

function inDays(calendar: WorkCalendar, from: number): number {
  const due = deadlineOf({ unit: 'working', begins: 'nextDay' }, calendar, {
    acceptedAt: from,
    days: usualDays,
    extensionDays: 0,
    suspensions: [],
  });
  return due?.dueAt ?? from + usualDays * 86_400_000;
}

function add(
  event: Recorded<EventOf<'signal.urged' | 'signal.turned'>>,
  signal: Signal,
  state: State,
  what: Pick<Urge, 'correctBy' | 'text'> & Partial<Urge>,
): { facts: Record<string, string | number>; put: Put } {
  const year = yearOf(event.occurredAt);
  const id = urgeRegister(event.region, year);
  const number = (state.register(id)?.count ?? 0) + 1;
  const register: Register = { id, region: event.region, count: number, position: event.position };
  const one: Urge = {
    number,
    year,
    at: event.receivedAt,
    ...what,
    ...(signal.addressee ? { addressee: signal.addressee } : {}),
  };
  signal.urges = [...(signal.urges ?? []), one];
  // A signal that nobody had to correct by a day has one now.
  signal.correctBy ??= what.correctBy;
  return {
    facts: {
      number: `${year}-${number}`,
      level: signal.level,
      correctBy: dayOf(what.correctBy),
      note: what.text.slice(0, 400),
    },
    put: { table: 'register', row: register },
  };
}
