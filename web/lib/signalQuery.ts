/** What the signals page asks for; it stands in the address, so that it can be sent and come back to. */
import { dayOf } from '../../hub/model/calendar.ts';
import type { Signal } from '../../hub/model/state.ts';
import { isOpen } from './merge.ts';

export const signalFilters = ['region', 'department', 'matter', 'hall', 'level', 'trial', 'from', 'to'] as const;
export type SignalQuery = Record<(typeof signalFilters)[number], string> & { state: 'open' | 'draft' | 'all' };

export function signalQueryOf(search: string): SignalQuery {
  const given = new URLSearchParams(search);
  const state = given.get('state');
  return {
    ...(Object.fromEntries(signalFilters.map((name) => [name, (given.get(name) ?? '').slice(0, 120)])) as Omit<
      SignalQuery,
      'state'
    >),
    state: state === 'draft' || state === 'all' ? state : 'open',
  };
}

/** `''`, or `?name=value…` of what is asked for; the state only where it is not the usual one. */
export function signalSearchOf(query: SignalQuery): string {
  const search = new URLSearchParams(query.state === 'open' ? {} : { state: query.state });
  for (const name of signalFilters) if (query[name] !== '') search.set(name, query[name]);
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** Whether a signal that arrives now belongs into the list: the hub's filter once more. */
export function fitsQuery(signal: Signal, query: SignalQuery): boolean {
  const { state, region, department, matter, hall, level, trial, from, to } = query;
  const prefix = region.replace(/(00){1,2}$/, '');
  const day = dayOf(signal.issuedAt);
  return (
    (state === 'all' || (state === 'draft' ? signal.state === 'draft' : isOpen(signal))) &&
    signal.region.startsWith(prefix) &&
    (department === '' || signal.department === department) &&
    (matter === '' || signal.matter === matter) &&
    (hall === '' || signal.hall === hall) &&
    (level === '' || signal.level === level) &&
    (trial === '' || String(signal.trial === true) === trial) &&
    (from === '' || day >= from) &&
    (to === '' || day <= to)
  );
}
