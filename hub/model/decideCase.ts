/** Casefiles (办件): what a step does to the state, the deadlines and the signals. */
import { dayOf } from './calendar.ts';
import { deadlineOf, explainCasefile, stoppedAt, turnOf } from './clock.ts';
import { casefileId, followsOf, nothing, refuse, type Consequences, type State } from './decide.ts';
import { byHand, timeToCorrect } from './decideSignal.ts';
import type { CaseEvent, EventOf, Recorded } from './event.ts';
import { levels, type Rule, type RulePack } from './pack.ts';
import type { Casefile, LedgerDraft, Signal } from './state.ts';
import { matterOf, packOf, type World } from './world.ts';

type Change = { row: Casefile } | { field: string; reason: string };

const day = (at: number): string => dayOf(at);

export function decideCase(event: Recorded<CaseEvent>, state: State, world: World): Consequences {
  const before = state.casefile(casefileId(event.region, event.casefile)) ?? blank(event);
  const change = applyStep(copyOf(before), event, world);
  if ('field' in change) return refuse(change.field, change.reason);
  const { row } = change;
  row.lastEventAt = Math.max(row.lastEventAt, event.occurredAt);
  row.position = event.position;
  const pack = packOf(world, row.region, day(row.acceptedAt ?? event.occurredAt));
  // What the clock had to say before this step is said first, so that a replay at any speed gives the same signals.
  const turns = new Turns(row, pack, world, event, state);
  turns.setDeadlines();
  turns.revokeUnfounded();
  turns.fireUntil(Math.min(event.occurredAt, stoppedAt(row) ?? event.occurredAt));
  turns.settle();
  return turns.consequences();
}

/** The ticker's answer to "the colour changes now": fires every rule whose moment has come. */
export function turnClock(event: Recorded<EventOf<'clock.turned'>>, state: State, world: World): Consequences {
  const before = state.casefile(casefileId(event.region, event.casefile));
  // A turn that was overtaken by a step is no mistake: the step has already set the next one.
  if (before?.nextTurn === undefined || before.nextTurn > event.occurredAt) return nothing;
  const row = { ...copyOf(before), position: event.position };
  const pack = packOf(world, row.region, day(row.acceptedAt ?? event.occurredAt));
  const turns = new Turns(row, pack, world, event, state);
  turns.fireUntil(event.occurredAt);
  turns.settle();
  return turns.consequences();
}

/** A copy that may be changed: the lists are copied too, their members never change but for an open suspension. */
function copyOf(row: Casefile): Casefile {
  return { ...row, suspensions: row.suspensions.map((each) => ({ ...each })), fired: [...row.fired] };
}

function blank(event: Recorded<CaseEvent>): Casefile {
  return {
    id: casefileId(event.region, event.casefile),
    region: event.region,
    number: event.casefile,
    // Steps may arrive before the opening event does; the opening fills the matter in.
    matter: '',
    source: event.source,
    status: 'received',
    suspensions: [],
    extensionDays: 0,
    corrections: 0,
    provisional: false,
    fired: [],
    lastEventAt: event.occurredAt,
    position: event.position,
  };
}

function open(row: Casefile, event: Recorded<EventOf<'case.received'> | EventOf<'case.accepted'>>, world: World): void {
  row.matter = event.matter;
  const department = event.department ?? matterOf(world, row.region, event.matter)?.department;
  if (department !== undefined) row.department = department;
  if (event.applicant) row.applicant = event.applicant;
}

const over = (row: Casefile): boolean =>
  row.status === 'completed' || row.status === 'withdrawn' || row.status === 'declined';

function applyStep(row: Casefile, event: Recorded<CaseEvent>, world: World): Change {
  const at = event.occurredAt;
  if (event.window !== undefined) {
    row.window = event.window;
    const hall = world.windows.get(event.window)?.hall;
    if (hall !== undefined) row.hall = hall;
  }
  switch (event.kind) {
    case 'case.received':
      open(row, event, world);
      row.receivedAt ??= at;
      return { row };
    case 'case.accepted': {
      if (row.acceptedAt !== undefined)
        return { field: 'kind', reason: `the casefile was accepted already, on ${day(row.acceptedAt)}` };
      const ended = stoppedAt(row);
      if (ended !== undefined && day(ended) < day(at)) return beforeAcceptance(ended, at);
      open(row, event, world);
      row.acceptedAt = at;
      if (event.promisedDueAt !== undefined) row.givenPromisedDueAt = event.promisedDueAt;
      if (event.statutoryDueAt !== undefined) row.givenStatutoryDueAt = event.statutoryDueAt;
      if (row.status === 'received' || row.status === 'correcting') row.status = 'accepted';
      return { row };
    }
    case 'case.declined':
      if (row.acceptedAt !== undefined)
        return { field: 'kind', reason: 'an accepted casefile cannot be declined (不予受理)' };
      row.status = 'declined';
      return { row };
    case 'case.correctionRequested':
      row.corrections += 1;
      if (row.status === 'received') row.status = 'correcting';
      return { row };
    case 'case.corrected':
      if (row.status === 'correcting') row.status = 'received';
      return { row };
    case 'case.stepped':
      return { row };
    case 'case.suspended':
      if (over(row)) return { field: 'kind', reason: `the casefile is ${row.status}: its clock cannot be suspended` };
      if (row.suspensions.some((each) => each.to === undefined))
        return { field: 'kind', reason: 'the clock is suspended already' };
      row.suspensions.push({ from: at, procedure: event.procedure });
      row.status = 'suspended';
      return { row };
    case 'case.resumed': {
      const suspension = row.suspensions.find((each) => each.to === undefined);
      if (!suspension) return { field: 'kind', reason: 'the clock is not suspended' };
      if (at < suspension.from)
        return { field: 'occurredAt', reason: `expected a time after the suspension of ${day(suspension.from)}` };
      suspension.to = at;
      if (row.status === 'suspended') row.status = row.acceptedAt === undefined ? 'received' : 'accepted';
      return { row };
    }
    case 'case.extended':
      if (over(row)) return { field: 'kind', reason: `the casefile is ${row.status}: it cannot be extended` };
      row.extensionDays += event.days;
      return { row };
    case 'case.decided':
      if (row.acceptedAt !== undefined && day(at) < day(row.acceptedAt)) return beforeAcceptance(at, row.acceptedAt);
      row.decidedAt ??= at;
      row.outcome ??= event.outcome;
      if (!over(row)) row.status = 'decided';
      return { row };
    case 'case.completed':
      if (row.acceptedAt !== undefined && day(at) < day(row.acceptedAt)) return beforeAcceptance(at, row.acceptedAt);
      row.completedAt ??= at;
      row.status = 'completed';
      return { row };
    case 'case.withdrawn':
      if (!over(row)) row.status = 'withdrawn';
      return { row };
  }
}

/** Sources send dates without a time of day, so the same day is taken as it comes; an earlier day is impossible. */
function beforeAcceptance(at: number, acceptedAt: number): Change {
  return {
    field: 'occurredAt',
    reason: `decided or completed on ${day(at)}, before the acceptance on ${day(acceptedAt)}`,
  };
}

/** The turns of one casefile's clock while one event is decided: deadlines, rules that fire, signals that end. */
class Turns {
  readonly #row: Casefile;
  readonly #pack: RulePack | undefined;
  readonly #world: World;
  readonly #event: Recorded;
  readonly #signals = new Map<string, Signal>();
  readonly #changed = new Set<string>();
  readonly #ledger: LedgerDraft[] = [];

  constructor(row: Casefile, pack: RulePack | undefined, world: World, event: Recorded, state: State) {
    this.#row = row;
    this.#pack = pack;
    this.#world = world;
    this.#event = event;
    for (const id of followsOf({ casefile: row }).signals) {
      const signal = state.signal(id);
      if (signal) this.#signals.set(id, { ...signal });
    }
  }

  setDeadlines(): void {
    const row = this.#row;
    const matter = matterOf(this.#world, row.region, row.matter);
    delete row.statutoryDueAt;
    delete row.promisedDueAt;
    row.provisional = false;
    const pack = this.#pack;
    if (!pack) return;
    row.pack = `${pack.id}@${pack.version}`;
    const set = (days: number | undefined, given: number | undefined): number | undefined => {
      if (given !== undefined) return given;
      if (days === undefined || row.acceptedAt === undefined) return undefined;
      const { acceptedAt, extensionDays, suspensions } = row;
      const due = deadlineOf(pack.clock, this.#world.calendar, { acceptedAt, days, extensionDays, suspensions });
      row.provisional ||= due?.provisional ?? false;
      return due?.dueAt;
    };
    const statutory = set(matter?.statutoryDays, row.givenStatutoryDueAt);
    const promised = set(matter?.promisedDays, row.givenPromisedDueAt);
    if (statutory !== undefined) row.statutoryDueAt = statutory;
    if (promised !== undefined) row.promisedDueAt = promised;
  }

  /** A step that was entered late (KF-04) may show that a signal had no ground: it is revoked, never deleted. */
  revokeUnfounded(): void {
    const stopped = stoppedAt(this.#row) ?? Infinity;
    this.#row.fired = this.#row.fired.filter(({ rule: id, signal: signalId }) => {
      const rule = this.#pack?.rules.find((each) => each.id === id);
      const dueAt = rule && this.#dueOf(rule);
      if (
        rule &&
        dueAt !== undefined &&
        turnOf(rule, dueAt) <= stopped &&
        turnOf(rule, dueAt) <= this.#signals.get(signalId)!.at
      )
        return true;
      // A clock that is stopped now says nothing about a signal that was right before it stopped.
      if (
        rule &&
        dueAt === undefined &&
        this.#row.suspensions.some((each) => each.to === undefined && each.from >= this.#signals.get(signalId)!.at)
      )
        return true;
      this.#end(
        signalId,
        'revoked',
        `a later entry (${this.#event.kind}, ${day(this.#event.occurredAt)}) moved the clock`,
      );
      return false;
    });
  }

  fireUntil(until: number): void {
    for (const { rule, at } of this.#turns()) {
      if (at <= until) this.#fire(rule, at);
    }
  }

  /** Ends what is over and sets when the colour next changes. */
  settle(): void {
    const stopped = stoppedAt(this.#row);
    for (const signal of stopped === undefined ? [] : this.#signals.values()) {
      if (signal.state === 'verified') this.#end(signal.id, 'closed');
      // The end of the work puts right what the clock found, not what a person did; an appeal is decided first.
      if (signal.rule === byHand || signal.state === 'appealed') continue;
      const isReminder = signal.level === 'notice' || signal.level === 'warning';
      if (isReminder || signal.state === 'acknowledged') this.#end(signal.id, 'closed');
      else if (signal.nextTurn !== undefined) {
        delete signal.nextTurn;
        signal.position = this.#event.position;
        this.#changed.add(signal.id);
      }
    }
    const next = stopped === undefined ? this.#turns()[0]?.at : undefined;
    if (next === undefined) delete this.#row.nextTurn;
    else this.#row.nextTurn = next;
  }

  consequences(): Consequences {
    return {
      puts: [
        { table: 'casefile', row: this.#row },
        ...[...this.#changed].map((id) => ({ table: 'signal' as const, row: this.#signals.get(id)! })),
      ],
      ledger: this.#ledger,
    };
  }

  #dueOf(rule: Rule): number | undefined {
    return rule.deadline === 'statutory' ? this.#row.statutoryDueAt : this.#row.promisedDueAt;
  }

  /** The rules that have not fired, by the moment they would. */
  #turns(): { rule: Rule; at: number }[] {
    if (this.#row.acceptedAt === undefined) return [];
    const turns: { rule: Rule; at: number }[] = [];
    for (const rule of this.#pack?.rules ?? []) {
      if (this.#row.fired.some((each) => each.rule === rule.id)) continue;
      const dueAt = this.#dueOf(rule);
      if (dueAt !== undefined) turns.push({ rule, at: Math.max(turnOf(rule, dueAt), this.#row.acceptedAt) });
    }
    return turns.sort((a, b) => a.at - b.at || levels.indexOf(a.rule.level) - levels.indexOf(b.rule.level));
  }

  #fire(rule: Rule, at: number): void {
    const row = this.#row;
    const pack = this.#pack!;
    const matter = matterOf(this.#world, row.region, row.matter);
    const explanation = explainCasefile(pack, this.#world.calendar, matter, row, rule.deadline, at);
    if (!explanation) return;
    // Unique and the same in every rebuild: the event's position, and which of its signals this is.
    const id = `s${this.#event.position}-${row.fired.filter((each) => each.signal.startsWith(`s${this.#event.position}-`)).length + 1}`;
    const fill = (template: string, name: string | undefined): string =>
      template
        .replaceAll('{matter}', name ?? row.matter)
        .replaceAll('{casefile}', row.number)
        .replaceAll('{due}', explanation.dueOn)
        .replaceAll('{over}', String(explanation.overDays));
    const signal: Signal = {
      id,
      region: row.region,
      level: rule.level,
      state: rule.issue === 'auto' ? 'issued' : 'draft',
      rule: rule.id,
      pack: pack.id,
      packVersion: pack.version,
      article: rule.article,
      titleZh: rule.title.zh,
      titleEn: rule.title.en,
      messageZh: fill(rule.message.zh, matter?.name),
      messageEn: fill(rule.message.en, matter?.nameEn ?? matter?.name),
      explanation,
      casefile: row.id,
      matter: row.matter,
      ...(row.department === undefined ? {} : { department: row.department }),
      ...(row.hall === undefined ? {} : { hall: row.hall }),
      ...(row.window === undefined ? {} : { window: row.window }),
      at,
      issuedAt: this.#event.receivedAt,
      ...(rule.issue === 'auto'
        ? timeToCorrect(pack, this.#world.calendar, rule.level, this.#event.receivedAt)
        : undefined),
      position: this.#event.position,
    };
    // A higher level supersedes a lower one of the same deadline; both are kept (1.X.3).
    for (const each of row.fired) {
      const earlier = this.#signals.get(each.signal);
      const earlierRule = pack.rules.find((one) => one.id === each.rule);
      const isLower = earlier !== undefined && levels.indexOf(earlier.level) < levels.indexOf(rule.level);
      if (isLower && earlierRule?.deadline === rule.deadline && earlier.state !== 'appealed')
        this.#end(earlier.id, 'closed');
    }
    row.fired.push({ rule: rule.id, signal: id, at });
    this.#signals.set(id, signal);
    this.#changed.add(id);
    if (signal.state === 'issued') {
      this.#note(signal, 'signal.issued', {
        level: rule.level,
        rule: rule.id,
        article: rule.article,
        casefile: row.number,
        dueOn: explanation.dueOn,
        overDays: explanation.overDays,
      });
    }
  }

  #end(id: string, as: 'closed' | 'revoked', reason?: string): void {
    const signal = this.#signals.get(id);
    if (!signal || signal.state === 'closed' || signal.state === 'revoked' || signal.state === 'dropped') return;
    if (signal.state === 'escalated') {
      if (as === 'closed') return;
      // What was raised from a signal without ground has none either.
      if (signal.child !== undefined) this.#end(signal.child, as, reason);
    }
    signal.state = as;
    delete signal.nextTurn;
    signal.closedAt = this.#event.receivedAt;
    signal.position = this.#event.position;
    if (reason !== undefined) signal.revokedReason = reason;
    this.#changed.add(id);
    if (as === 'revoked')
      this.#note(signal, 'signal.revoked', {
        level: signal.level,
        rule: signal.rule,
        casefile: this.#row.number,
        reason: reason ?? '',
      });
  }

  #note(signal: Signal, act: LedgerDraft['act'], facts: LedgerDraft['facts']): void {
    this.#ledger.push({
      region: signal.region,
      at: this.#event.receivedAt,
      act,
      subject: signal.id,
      ...(signal.hall === undefined ? {} : { hall: signal.hall }),
      facts,
    });
  }
}
