/** 调查 (SZ-50): a signal is looked into, within the pack's time (C-19, SC-22, SC-23), and ends with a fault or without one. */
import { dayOf, endOf } from './calendar.ts';
import { supervisedDue } from './clock.ts';
import { refuse, type Consequences, type Put, type State } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';
import type { RulePack } from './pack.ts';
import type { Deed, Inquiry, LedgerDraft, Signal } from './state.ts';
import { calendarIn, packOf, type World } from './world.ts';

export type InquiryAct = EventOf<'inquiry.opened' | 'inquiry.extended' | 'inquiry.closed'>;

const neverIssued = ['draft', 'dropped'];

export function decideInquiry(event: Recorded<InquiryAct>, state: State, world: World): Consequences {
  const before = state.signal(event.signal);
  if (!before) return refuse('signal', 'no such signal');
  const deed: Deed = { account: event.account, name: event.name, at: event.receivedAt };
  const signal: Signal = { ...before, position: event.position };
  if (event.kind === 'inquiry.opened') {
    if (neverIssued.includes(before.state)) return refuse('signal', 'only a signal that was issued is investigated');
    if (before.inquiry) return refuse('signal', 'the signal has an investigation already');
    if (state.inquiry(event.inquiry)) return refuse('inquiry', 'an investigation of this id was opened already');
    const pack = packOf(world, signal.region, dayOf(event.receivedAt));
    const row = opened(event, signal, event.inquiry, pack, world, event.text, deed);
    return done(event, signal, row, 'inquiry.opened', { note: event.text });
  }
  const inquiry = state.inquiry(event.inquiry);
  if (!inquiry || inquiry.signal !== event.signal) return refuse('inquiry', 'no such investigation of this signal');
  if (inquiry.state === 'closed') return refuse('inquiry', 'the investigation is closed');
  const next: Inquiry = { ...inquiry, position: event.position };
  if (event.kind === 'inquiry.extended') return extend(event, signal, next, world, deed);
  const { outcome, text, liable, measure, report } = event;
  if (outcome === 'fault' && liable === undefined) return refuse('liable', 'expected who is liable for the fault');
  if (outcome === 'fault' && measure === undefined) return refuse('measure', 'expected what was done about the fault');
  if (outcome === 'noFault' && (liable !== undefined || measure !== undefined))
    return refuse(liable === undefined ? 'measure' : 'liable', 'without a fault there is nobody to hold liable');
  next.state = 'closed';
  const said = {
    ...(liable === undefined ? {} : { liable }),
    ...(measure === undefined ? {} : { measure }),
    ...(report === undefined ? {} : { report }),
  };
  next.finding = { ...deed, outcome, text, ...said };
  signal.inquiry = { id: next.id, outcome };
  return done(event, signal, next, 'inquiry.closed', { outcome, note: text, ...said });
}

/** SC-23: once, before it is due, and within the pack's bound. */
function extend(
  event: Recorded<EventOf<'inquiry.extended'>>,
  signal: Signal,
  inquiry: Inquiry,
  world: World,
  deed: Deed,
): Consequences {
  const setting = packOf(world, inquiry.region, dayOf(inquiry.openedAt))?.settings?.supervised;
  if (!setting || inquiry.dueAt === undefined) return refuse('days', 'the rule pack sets no time for investigations');
  if (inquiry.extension) return refuse('days', 'it was extended already: one extension only');
  if (event.receivedAt > inquiry.dueAt) return refuse('days', 'an extension is granted before the time is over');
  const due = supervisedDue(setting, calendarIn(world, inquiry.region), dayOf(inquiry.openedAt), event.days);
  if (!due.ok) return refuse(due.field, due.reason);
  const { days, approver, reason } = event;
  inquiry.dueAt = endOf(due.dueOn);
  inquiry.extension = { ...deed, days, approver, reason };
  return done(event, signal, inquiry, 'inquiry.extended', { days, approver, dueOn: due.dueOn, reason });
}

/** YJ-05: the rule asks for an investigation by itself (`procedure: inquiry`). Changes the copy of the signal in place. */
export function openByRule(
  event: Recorded<EventOf<'signal.turned'>>,
  signal: Signal,
  pack: RulePack | undefined,
  world: World,
): { act: 'inquiry.opened'; facts: LedgerDraft['facts']; puts: Put[] } {
  const row = opened(event, signal, `i${event.position}-1`, pack, world, signal.messageZh, undefined);
  signal.inquiry = { id: row.id };
  return {
    act: 'inquiry.opened',
    facts: { inquiry: row.id, note: row.text.slice(0, 400) },
    puts: [{ table: 'inquiry', row }],
  };
}

function opened(
  event: Recorded,
  signal: Signal,
  id: string,
  pack: RulePack | undefined,
  world: World,
  text: string,
  deed: Deed | undefined,
): Inquiry {
  const setting = pack?.settings?.supervised;
  const due = setting && supervisedDue(setting, calendarIn(world, signal.region), dayOf(event.receivedAt));
  return {
    id,
    region: signal.region,
    signal: signal.id,
    ...(signal.hall === undefined ? {} : { hall: signal.hall }),
    ...(signal.department === undefined ? {} : { department: signal.department }),
    state: 'open',
    text,
    openedAt: event.receivedAt,
    ...(deed ? { openedBy: deed } : {}),
    ...(due?.ok ? { dueAt: endOf(due.dueOn), article: setting!.article } : {}),
    position: event.position,
  };
}

function done(
  event: Recorded<InquiryAct>,
  signal: Signal,
  row: Inquiry,
  act: LedgerDraft['act'],
  facts: LedgerDraft['facts'],
): Consequences {
  signal.inquiry ??= { id: row.id };
  return {
    puts: [
      { table: 'signal', row: signal },
      { table: 'inquiry', row },
    ],
    ledger: [
      {
        region: signal.region,
        at: event.receivedAt,
        act,
        subject: signal.id,
        ...(signal.hall === undefined ? {} : { hall: signal.hall }),
        account: event.account,
        facts: { inquiry: row.id, ...facts },
      },
    ],
  };
}
