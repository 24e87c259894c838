/** 监察台账 (SC-19): acts that people enter and correct, and the signature of another person. */
import { refuse, type Consequences, type Needs, type State } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';
import { faultOf, reviewId, type RegisterEntry, type RegisterReview, type RegisterText } from './register.ts';
import type { LedgerDraft, Signal } from './state.ts';
import { packOf, type World } from './world.ts';
import { dayOf } from './calendar.ts';

type Entered = EventOf<'register.entered'>;
type Reviewed = EventOf<'register.reviewed'>;

/** What the ledger says of the register. */
export type RegisterAct = `register.${'entered' | 'corrected' | 'reviewed'}`;

/** A clock of a desk may be ahead of the log's. */
const slack = 300_000;

export function needsOfRegister(event: Entered | Reviewed): Needs {
  if (event.kind === 'register.entered')
    return {
      ...(event.corrects === undefined ? {} : { entry: event.corrects }),
      ...(event.about === undefined ? {} : { casefile: event.about }),
    };
  return { [event.of]: event.line, review: reviewId(event.of, event.line) };
}

/** Entries are named after their event, so that none can be written over. */
export const entryId = (event: string): string => `entry-${event}`.slice(0, 80);

export function decideRegister(event: Recorded<Entered | Reviewed>, state: State, world: World): Consequences {
  return event.kind === 'register.entered' ? enter(event, state, world) : review(event, state);
}

function enter(event: Recorded<Entered>, state: State, world: World): Consequences {
  const { region, organ, account, name, receivedAt: at, position, corrects, why } = event;
  const fault = faultOf(event);
  if (fault) return refuse(fault.field, fault.reason);
  if (event.until > at + slack) return refuse('until', 'the act is not over yet');
  if (event.window !== undefined && world.windows.get(event.window)?.hall !== event.hall)
    return refuse('window', 'the window is not in this hall');
  if (event.hall !== undefined && !world.halls.has(event.hall)) return refuse('hall', 'no such hall');
  if (event.about !== undefined && !state.casefile(event.about)) return refuse('about', 'no such case');
  const vocabulary = packOf(world, region, dayOf(event.from))?.findings ?? [];
  if (event.code !== undefined && !vocabulary.some(({ code }) => code === event.code))
    return refuse('code', "not in the region's vocabulary of findings");
  const before = corrects === undefined ? undefined : state.entry(corrects);
  if (corrects !== undefined) {
    if (!before || before.region !== region) return refuse('corrects', 'no such entry');
    if (before.correctedBy !== undefined) return refuse('corrects', 'the entry was corrected already');
    if (before.act !== event.act) return refuse('act', 'an entry is corrected by one of its own kind');
    if (why === undefined) return refuse('why', 'expected what is corrected and why');
  } else if (why !== undefined) return refuse('corrects', 'expected the entry that is corrected');
  const row: RegisterEntry = {
    ...textOf(event),
    id: entryId(event.id),
    region,
    organ,
    account,
    name,
    at,
    ...(corrects === undefined || why === undefined ? {} : { corrects: { entry: corrects, why } }),
    position,
  };
  const facts: LedgerDraft['facts'] = {
    kind: row.act,
    from: row.from,
    until: row.until,
    found: row.found,
    ...(row.about === undefined ? {} : { casefile: row.about }),
    ...(row.window === undefined ? {} : { window: row.window }),
    ...(row.satisfaction === undefined ? {} : { satisfaction: row.satisfaction }),
    ...(row.corrects ? { corrects: row.corrects.entry, reason: row.corrects.why } : {}),
    note: row.text,
  };
  return {
    puts: [
      { table: 'entry', row },
      ...(before ? [{ table: 'entry' as const, row: { ...before, correctedBy: row.id, position } }] : []),
    ],
    ledger: [
      {
        region,
        at,
        act: before ? 'register.corrected' : 'register.entered',
        subject: row.id,
        ...(row.hall === undefined ? {} : { hall: row.hall }),
        account,
        facts,
      },
    ],
  };
}

function review(event: Recorded<Reviewed>, state: State): Consequences {
  const { region, of, line, account, name, note, receivedAt: at, position } = event;
  const signed = signedBy(event, state);
  if (!signed || signed.region !== region) return refuse('line', 'no such line');
  if (signed.open !== undefined) return refuse('line', signed.open);
  // SC-29: nobody signs for their own work.
  if (signed.by.includes(account)) return refuse('account', 'another person than the one who made it signs');
  const id = reviewId(of, line);
  if (state.review(id)) return refuse('line', 'it is signed already');
  const row: RegisterReview = {
    id,
    region,
    of,
    line,
    ...(note?.trim() ? { note } : {}),
    account,
    name,
    at,
    position,
  };
  const { hall } = signed;
  return {
    puts: [{ table: 'review', row }],
    ledger: [
      {
        region,
        at,
        act: 'register.reviewed',
        subject: line,
        ...(hall === undefined ? {} : { hall }),
        account,
        facts: { of, ...(row.note === undefined ? {} : { note: row.note }) },
      },
    ],
  };
}

/** Whose work it is that is signed; `open` says why it cannot be yet. */
function signedBy(
  { of, line }: Reviewed,
  state: State,
): { region: string; by: string[]; hall?: string | undefined; open?: string } | undefined {
  if (of === 'visit') {
    const visit = state.visit(line);
    return (
      visit && {
        region: visit.region,
        by: [visit.account],
        hall: visit.hall,
        ...(visit.state === 'open' ? { open: 'the visit is not finished' } : {}),
      }
    );
  }
  if (of === 'signal') {
    const signal = state.signal(line);
    return (
      signal && {
        region: signal.region,
        by: handlersOf(signal),
        hall: signal.hall,
        ...(signal.state === 'draft' || signal.state === 'dropped' ? { open: 'the signal was not issued' } : {}),
      }
    );
  }
  const entry = state.entry(line);
  return (
    entry && {
      region: entry.region,
      by: [entry.account],
      hall: entry.hall,
      ...(entry.correctedBy === undefined ? {} : { open: 'the entry was corrected: sign the one that stands' }),
    }
  );
}

/** The supervisors who did something to a signal. */
export const handlersOf = ({ issuedBy, revokedBy, correction, appeal, urges }: Signal): string[] =>
  [issuedBy, revokedBy, correction?.answer, appeal?.answer, ...(urges ?? []).map(({ by }) => by)].flatMap(
    (deed) => deed?.account ?? [],
  );

function textOf(event: Entered): RegisterText {
  const { act, from, until, hall, window, about, channel, reached, satisfaction, text } = event;
  const { found, code, person, notified, reply, result, verified, points, note } = event;
  const said = { act, from, until, hall, window, about, channel, reached, satisfaction, text };
  const more = { found, code, person, notified, reply, result, verified, points, note };
  const given = Object.entries({ ...said, ...more }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as RegisterText;
}
