/** What a person may do next to a signal, by its state and their rights (1.X.3). Pure; the hub has the last word. */
import type { Permission } from '../../hub/model/rights.ts';
import type { Signal, SignalState } from '../../hub/model/state.ts';

interface SignalAct {
  name: string;
  permission: Permission;
  states: readonly SignalState[];
  /** The route under `/api/signals/:id`, and the body without its text. */
  path: string;
  body?: { outcome: string };
  /** The field for the text, and whether it must be filled in; acts without one ask for nothing. */
  text?: { field: 'text' | 'note' | 'reason'; required: boolean };
  /** The field for a day by which it is to be answered. */
  day?: 'correctBy';
  kind: 'primary' | 'plain' | 'danger';
  /** Not for the person who issued the signal (SC-29). */
  isForAnother?: boolean;
  /** Shown where there is room only. */
  isRare?: boolean;
}

const acts = [
  {
    name: 'confirm',
    permission: 'signal.confirm',
    states: ['draft'],
    path: 'confirm',
    body: { outcome: 'issued' },
    kind: 'primary',
  },
  {
    name: 'drop',
    permission: 'signal.confirm',
    states: ['draft'],
    path: 'confirm',
    body: { outcome: 'dropped' },
    text: { field: 'note', required: true },
    kind: 'plain',
  },
  { name: 'acknowledge', permission: 'signal.acknowledge', states: ['issued'], path: 'acknowledge', kind: 'primary' },
  {
    name: 'claim',
    permission: 'signal.correct',
    states: ['acknowledged'],
    path: 'claim',
    text: { field: 'text', required: true },
    kind: 'primary',
  },
  {
    name: 'accept',
    permission: 'signal.verify',
    states: ['claimed'],
    path: 'verify',
    body: { outcome: 'accepted' },
    text: { field: 'note', required: false },
    kind: 'primary',
  },
  {
    name: 'sendBack',
    permission: 'signal.verify',
    states: ['claimed'],
    path: 'verify',
    body: { outcome: 'sentBack' },
    text: { field: 'note', required: true },
    kind: 'plain',
  },
  {
    name: 'uphold',
    permission: 'signal.revoke',
    states: ['appealed'],
    path: 'decide-appeal',
    body: { outcome: 'upheld' },
    text: { field: 'reason', required: true },
    kind: 'plain',
    isForAnother: true,
  },
  {
    name: 'reject',
    permission: 'signal.revoke',
    states: ['appealed'],
    path: 'decide-appeal',
    body: { outcome: 'rejected' },
    text: { field: 'reason', required: true },
    kind: 'plain',
    isForAnother: true,
  },
  {
    name: 'appeal',
    permission: 'signal.appeal',
    states: ['issued', 'acknowledged', 'claimed', 'verified', 'closed'],
    path: 'appeal',
    text: { field: 'text', required: true },
    kind: 'plain',
  },
  {
    name: 'revoke',
    permission: 'signal.revoke',
    states: ['issued', 'acknowledged', 'claimed', 'verified', 'closed'],
    path: 'revoke',
    text: { field: 'reason', required: true },
    kind: 'danger',
    isForAnother: true,
    isRare: true,
  },
  {
    name: 'urge',
    permission: 'signal.urge',
    states: ['issued', 'acknowledged'],
    path: 'urge',
    text: { field: 'text', required: true },
    day: 'correctBy',
    kind: 'plain',
    isRare: true,
  },
  {
    name: 'inquire',
    permission: 'inquiry.manage',
    states: ['issued', 'acknowledged', 'claimed', 'verified', 'appealed', 'escalated', 'revoked', 'closed'],
    path: 'inquiry',
    text: { field: 'text', required: true },
    kind: 'plain',
    isRare: true,
  },
] as const satisfies readonly SignalAct[];

export type ActName = (typeof acts)[number]['name'];
export type NextAct = Omit<SignalAct, 'name'> & { name: ActName };

/** The acts open to a person, the sensible one first. */
export function nextActs(
  signal: Signal,
  me: { account?: string | undefined; may: (permission: Permission) => boolean },
  isRoomy: boolean,
): NextAct[] {
  // What a finding raised is answered and verified there; the signal follows it.
  const ofFinding = new Set<ActName>(['acknowledge', 'revoke', 'urge', 'inquire']);
  const all: readonly NextAct[] = signal.finding === undefined ? acts : acts.filter(({ name }) => ofFinding.has(name));
  return all.filter(
    (act) =>
      act.states.includes(signal.state) &&
      me.may(act.permission) &&
      (isRoomy || act.isRare !== true) &&
      !(act.isForAnother === true && signal.issuedBy?.account === me.account) &&
      !(act.name === 'appeal' && signal.appeal !== undefined) &&
      !(act.name === 'inquire' && signal.inquiry !== undefined),
  );
}
