/** The life of a signal (1.X.3): what people and the clock do to it, and who may not do it. */
import { dayOf, type WorkCalendar } from './calendar.ts';
import { deadlineOf, stoppedAt } from './clock.ts';
import { handRegister, isAtWindow, nothing, refuse, type Consequences, type State } from './decide.ts';
import { openByRule } from './decideInquiry.ts';
import type { EventOf, Recorded } from './event.ts';
import { isClockRule, type RulePack } from './pack.ts';
import { openStates, type Casefile, type Deed, type LedgerDraft, type Signal, type SignalState } from './state.ts';
import { urge, urgeByRule } from './urge.ts';
import { calendarIn, packOf, packVersionOf, type World } from './world.ts';

/** The rule of a signal that no rule found: a person judged (SZ-27, SZ-38). */
export const byHand = 'byHand';

export type SignalAct = EventOf<
  | 'signal.confirmed'
  | 'signal.acknowledged'
  | 'signal.correctionClaimed'
  | 'signal.verified'
  | 'signal.appealed'
  | 'signal.appealDecided'
  | 'signal.revoked'
  | 'signal.urged'
>;

/** From which states each act is allowed. `signal.turned` and `signal.issuedByHand` are decided below. */
const allowed: Record<SignalAct['kind'], readonly SignalState[]> = {
  'signal.confirmed': ['draft'],
  'signal.acknowledged': ['issued'],
  'signal.correctionClaimed': ['acknowledged'],
  'signal.verified': ['claimed'],
  'signal.appealed': ['issued', 'acknowledged', 'claimed', 'verified', 'closed'],
  'signal.appealDecided': ['appealed'],
  'signal.revoked': ['issued', 'acknowledged', 'claimed', 'verified', 'closed'],
  'signal.urged': ['issued', 'acknowledged'],
};

/** What is done to a signal that a finding raised as well; the rest is done to the finding. */
const ofAnySignal: ReadonlySet<string> = new Set(['signal.acknowledged', 'signal.revoked', 'signal.urged']);

const words: Record<SignalAct['kind'], string> = {
  'signal.confirmed': 'only a draft can be confirmed or dropped',
  'signal.acknowledged': 'only an issued one can be acknowledged',
  'signal.correctionClaimed': 'a correction is claimed after the signal was acknowledged, once at a time',
  'signal.verified': 'there is no claimed correction to verify',
  'signal.appealed': 'only a signal that was issued and stands can be appealed',
  'signal.appealDecided': 'there is no appeal to decide',
  'signal.revoked': 'only a signal that was issued and stands can be revoked',
  'signal.urged': 'only one that waits for the department can be urged',
};

/** `correctBy` counts working days from the day after the signal was issued, as the region's pack sets it (SZ-27). */
export function timeToCorrect(
  pack: RulePack | undefined,
  calendar: WorkCalendar,
  level: Signal['level'],
  issuedAt: number,
): { correctBy?: number; nextTurn?: number } {
  // A pack that was stored before there was an escalation has none.
  const step = (pack as Partial<RulePack> | undefined)?.escalation?.find((each) => each.fromLevel === level);
  if (!step) return {};
  const due = deadlineOf({ unit: 'working', begins: 'nextDay' }, calendar, {
    acceptedAt: issuedAt,
    days: step.withinWorkingDays,
    extensionDays: 0,
    suspensions: [],
  });
  return due ? { correctBy: due.dueAt, nextTurn: due.dueAt + 1 } : {};
}

export const packAt = (world: World, region: string, at: number): RulePack | undefined =>
  packOf(world, region, dayOf(at));

/** What the clock found is put right by the end of the work; what a person or a step showed is not. */
function isOfClock(signal: Signal, world: World): boolean {
  const rule = packVersionOf(world, signal.pack, signal.packVersion)?.rules.find((each) => each.id === signal.rule);
  return signal.rule !== byHand && (rule === undefined || isClockRule(rule));
}

/** Where nothing is left to do: the work is over, or there is no casefile whose end is waited for. */
function isSettled(signal: Signal, casefile: Casefile | undefined, world: World): boolean {
  const isOver = casefile !== undefined && stoppedAt(casefile) !== undefined;
  if (signal.state === 'verified') return isOver || casefile === undefined;
  if (!isOver || !isOfClock(signal, world)) return false;
  return (
    signal.state === 'acknowledged' ||
    (signal.state === 'issued' && (signal.level === 'notice' || signal.level === 'warning'))
  );
}

/** Decides everything that a person does to a signal that is there. */
export function decideSignalAct(event: Recorded<SignalAct>, state: State, world: World): Consequences {
  const before = state.signal(event.signal);
  if (!before) return refuse('signal', 'no such signal');
  if (!allowed[event.kind].includes(before.state))
    return refuse('signal', `the signal is ${before.state}: ${words[event.kind]}`);
  if (before.finding !== undefined && !ofAnySignal.has(event.kind))
    return refuse('signal', 'the signal follows its finding: the finding is answered and verified');
  const casefile = before.casefile === undefined ? undefined : state.casefile(before.casefile);
  const signal: Signal = { ...before, position: event.position };
  const { done, puts } =
    event.kind === 'signal.urged' ? urge(event, signal, state) : { done: change(event, signal, world), puts: [] };
  if ('field' in done) return refuse(done.field, done.reason);
  if (isSettled(signal, casefile, world)) {
    signal.state = 'closed';
    signal.closedAt = event.receivedAt;
  }
  setTurn(signal, casefile, world, event.receivedAt);
  return {
    puts: [{ table: 'signal', row: signal }, ...puts],
    ledger: [entry(event, done.act, signal, { level: signal.level, ...about(signal, casefile), ...done.facts })],
  };
}

const hasBegun = ({ procedure, urges, inquiry }: Signal): boolean =>
  procedure === undefined || (procedure === 'urge' ? urges !== undefined : inquiry !== undefined);

/** When the ticker looks at it next: at once where a procedure is to begin (YJ-05), else when the time to correct is over. */
function setTurn(signal: Signal, casefile: Casefile | undefined, world: World, now: number): void {
  const isRunning = signal.state === 'issued' || signal.state === 'acknowledged';
  const isWaiting = casefile === undefined || stoppedAt(casefile) === undefined || !isOfClock(signal, world);
  if (isRunning && isWaiting && !hasBegun(signal)) signal.nextTurn = now;
  else if (isRunning && isWaiting && signal.correctBy !== undefined) signal.nextTurn = signal.correctBy + 1;
  else delete signal.nextTurn;
}

export type Done = { act: LedgerDraft['act']; facts: LedgerDraft['facts'] } | { field: string; reason: string };

const own = (reason: string): Done => ({ field: 'account', reason });

/** Changes the copy in place and says what goes to the ledger, or why not. */
function change(event: Recorded<Exclude<SignalAct, { kind: 'signal.urged' }>>, signal: Signal, world: World): Done {
  const deed: Deed = { account: event.account, name: event.name, at: event.receivedAt };
  switch (event.kind) {
    case 'signal.confirmed':
      if (event.outcome === 'dropped') {
        if (event.note === undefined) return { field: 'note', reason: 'expected the reason for dropping the draft' };
        signal.state = 'dropped';
        signal.closedAt = deed.at;
        signal.revokedReason = event.note;
        signal.revokedBy = deed;
        return { act: 'signal.dropped', facts: { reason: event.note } };
      }
      signal.state = 'issued';
      signal.issuedAt = deed.at;
      signal.issuedBy = deed;
      Object.assign(
        signal,
        timeToCorrect(packAt(world, signal.region, deed.at), calendarIn(world, signal.region), signal.level, deed.at),
      );
      return { act: 'signal.confirmed', facts: { note: event.note ?? '' } };
    case 'signal.acknowledged':
      signal.state = 'acknowledged';
      signal.acknowledgedAt = deed.at;
      signal.acknowledgedBy = event.name;
      return { act: 'signal.acknowledged', facts: { note: event.note ?? '' } };
    case 'signal.correctionClaimed':
      signal.state = 'claimed';
      signal.correction = { ...deed, text: event.text };
      return { act: 'signal.correctionClaimed', facts: { note: event.text } };
    case 'signal.verified': {
      const { correction } = signal;
      if (correction?.account === event.account) return own('nobody verifies a correction of their own');
      if (event.outcome === 'sentBack' && event.note === undefined)
        return { field: 'note', reason: 'expected what is still wrong' };
      signal.state = event.outcome === 'accepted' ? 'verified' : 'acknowledged';
      const note = event.note === undefined ? {} : { note: event.note };
      if (correction) signal.correction = { ...correction, answer: { ...deed, outcome: event.outcome, ...note } };
      return {
        act: event.outcome === 'accepted' ? 'signal.verified' : 'signal.sentBack',
        facts: { note: event.note ?? '' },
      };
    }
    case 'signal.appealed':
      if (signal.appeal) return { field: 'signal', reason: 'the signal was appealed already: its appeal is decided' };
      // Until it is decided the time to correct stands still.
      signal.appeal = { ...deed, text: event.text, from: signal.state };
      signal.state = 'appealed';
      return { act: 'signal.appealed', facts: { note: event.text } };
    case 'signal.appealDecided':
      return decideAppeal(event, signal, world, deed);
    case 'signal.revoked':
      if (signal.issuedBy?.account === event.account)
        return own('who issued a signal cannot revoke it: another person must approve (SC-29)');
      if (signal.appeal?.account === event.account) return own('nobody approves their own request (SC-29)');
      revoke(signal, deed, event.reason);
      return { act: 'signal.revoked', facts: { rule: signal.rule, reason: event.reason } };
  }
}

function decideAppeal(
  event: Recorded<EventOf<'signal.appealDecided'>>,
  signal: Signal,
  world: World,
  deed: Deed,
): Done {
  const appeal = signal.appeal!;
  if (appeal.account === event.account) return own('nobody decides their own appeal (SC-29)');
  if (signal.issuedBy?.account === event.account)
    return own('who issued a signal cannot decide the appeal against it (SC-29)');
  signal.appeal = { ...appeal, answer: { ...deed, outcome: event.outcome, reason: event.reason } };
  if (event.outcome === 'upheld') {
    revoke(signal, deed, event.reason);
    return { act: 'signal.appealUpheld', facts: { rule: signal.rule, reason: event.reason } };
  }
  signal.state = appeal.from;
  // The days that the appeal took were not the department's to correct in: they are given again.
  if (signal.correctBy !== undefined && openStates.some((each) => each === appeal.from))
    Object.assign(
      signal,
      timeToCorrect(packAt(world, signal.region, deed.at), calendarIn(world, signal.region), signal.level, deed.at),
    );
  return { act: 'signal.appealRejected', facts: { reason: event.reason } };
}

function revoke(signal: Signal, deed: Deed, reason: string): void {
  signal.state = 'revoked';
  signal.closedAt = deed.at;
  signal.revokedReason = reason;
  signal.revokedBy = deed;
}

export const isOpen = ({ state }: Signal): boolean => state === 'draft' || openStates.some((one) => one === state);

/** An open signal of the same casefile, rule and level: there is never a second one (1.X.3). */
export function twinOf(casefile: Casefile | undefined, state: State, like: Pick<Signal, 'rule' | 'level' | 'article'>) {
  if (!casefile) return undefined;
  return [...casefile.fired.map((each) => each.signal), ...(casefile.furtherSignals ?? [])]
    .map((id) => state.signal(id))
    .find(
      (each) =>
        each !== undefined &&
        isOpen(each) &&
        each.rule === like.rule &&
        each.level === like.level &&
        (like.rule !== byHand || each.article === like.article),
    );
}

export const withSignal = (casefile: Casefile, id: string, position: number): Casefile => ({
  ...casefile,
  furtherSignals: [...(casefile.furtherSignals ?? []), id],
  position,
});

/** The time to correct is over (SZ-27): a child of the next level is issued; the signal itself is kept. */
export function turnSignal(event: Recorded<EventOf<'signal.turned'>>, state: State, world: World): Consequences {
  const before = state.signal(event.signal);
  // A turn that was overtaken by an act is no mistake: the act has set or taken away the next one.
  if (before?.nextTurn === undefined || before.nextTurn > event.occurredAt) return nothing;
  const { nextTurn: _, ...rest } = before;
  const parent: Signal = { ...rest, position: event.position };
  if (!hasBegun(parent)) return begin(event, parent, state, world);
  if (before.correctBy === undefined || before.correctBy >= event.occurredAt) {
    // It was to begin a procedure, which a person has begun meanwhile: the time to correct goes on.
    setTurn(
      parent,
      before.casefile === undefined ? undefined : state.casefile(before.casefile),
      world,
      event.receivedAt,
    );
    return { puts: [{ table: 'signal', row: parent }], ledger: [] };
  }
  const pack = packAt(world, before.region, before.issuedAt);
  const step = (pack as Partial<RulePack> | undefined)?.escalation?.find((each) => each.fromLevel === before.level);
  // The pack was changed since: there is nothing to raise it to.
  if (!pack || !step || before.finding !== undefined) return { puts: [{ table: 'signal', row: parent }], ledger: [] };
  const casefile = before.casefile === undefined ? undefined : state.casefile(before.casefile);
  const level = step.toLevel;
  const twin = twinOf(casefile, state, { rule: before.rule, level, article: before.article });
  const dueOn = dayOf(event.occurredAt - 1);
  const { word } = pack.levels[level];
  const id = `s${event.position}-1`;
  parent.state = 'escalated';
  parent.child = twin?.id ?? id;
  parent.closedAt = event.receivedAt;
  const consequences: Consequences = {
    puts: [{ table: 'signal', row: parent }],
    ledger: [
      entry(event, 'signal.escalated', parent, {
        level: parent.level,
        ...about(parent, casefile),
        toLevel: level,
        child: parent.child,
        correctBy: dueOn,
      }),
    ],
  };
  if (twin) return consequences;
  const child: Signal = {
    ...bare(before),
    id,
    level,
    state: 'issued',
    pack: pack.id,
    packVersion: pack.version,
    titleZh: before.titleZh,
    titleEn: before.titleEn,
    messageZh: `${before.messageZh}（未在 ${dueOn} 前改正，升级为${word.zh}）`,
    messageEn: `${before.messageEn} (not corrected by ${dueOn}: raised to ${word.en})`,
    parent: before.id,
    at: event.occurredAt,
    issuedAt: event.receivedAt,
    ...timeToCorrect(pack, calendarIn(world, before.region), level, event.receivedAt),
    position: event.position,
  };
  consequences.puts.push({ table: 'signal', row: child });
  if (casefile) consequences.puts.push({ table: 'casefile', row: withSignal(casefile, id, event.position) });
  else if (isAtWindow(child)) {
    const known = state.register(handRegister(child.window))?.signals ?? [];
    const row = {
      id: handRegister(child.window),
      region: event.region,
      signals: [...known, id],
      position: event.position,
    };
    consequences.puts.push({ table: 'register', row });
  }
  const facts = { level, rule: child.rule, article: child.article, parent: before.id };
  consequences.ledger.push(entry(event, 'signal.issued', child, { ...facts, ...about(child, casefile) }));
  return consequences;
}

/** YJ-05: the procedure that the rule asks for begins by itself. */
function begin(event: Recorded<EventOf<'signal.turned'>>, signal: Signal, state: State, world: World): Consequences {
  const pack = packAt(world, signal.region, event.receivedAt);
  const casefile = signal.casefile === undefined ? undefined : state.casefile(signal.casefile);
  const begun =
    signal.procedure === 'urge' ? urgeByRule(event, signal, state, world) : openByRule(event, signal, pack, world);
  setTurn(signal, casefile, world, event.receivedAt);
  return {
    puts: [{ table: 'signal', row: signal }, ...begun.puts],
    ledger: [entry(event, begun.act, signal, { ...about(signal, casefile), ...begun.facts })],
  };
}

/** What a child takes over: what the signal is about, nothing of what was done to it. */
function bare(signal: Signal): Pick<Signal, 'region' | 'rule' | 'article'> & Partial<Signal> {
  const { region, rule, article, explanation, casefile, matter, department, hall, window, duty, day } = signal;
  const { addressee, trial } = signal;
  return {
    region,
    rule,
    article,
    ...(explanation ? { explanation } : {}),
    ...(casefile === undefined ? {} : { casefile }),
    ...(matter === undefined ? {} : { matter }),
    ...(department === undefined ? {} : { department }),
    ...(hall === undefined ? {} : { hall }),
    ...(window === undefined ? {} : { window }),
    ...(duty === undefined ? {} : { duty }),
    ...(duty === undefined || day === undefined ? {} : { day }),
    ...(addressee ? { addressee } : {}),
    ...(trial ? { trial } : {}),
    ...(signal.issuedBy ? { issuedBy: signal.issuedBy } : {}),
  };
}

export function about(signal: Signal, casefile: Casefile | undefined): LedgerDraft['facts'] {
  return {
    ...(casefile ? { casefile: casefile.number } : {}),
    ...(signal.window === undefined ? {} : { window: signal.window }),
  };
}

export function entry(
  event: Recorded<SignalAct | EventOf<'signal.issuedByHand' | 'signal.turned'>>,
  act: LedgerDraft['act'],
  signal: Signal,
  facts: LedgerDraft['facts'],
): LedgerDraft {
  return {
    region: signal.region,
    at: event.receivedAt,
    act,
    subject: signal.id,
    ...(signal.hall === undefined ? {} : { hall: signal.hall }),
    ...('account' in event ? { account: event.account } : {}),
    facts,
  };
}
