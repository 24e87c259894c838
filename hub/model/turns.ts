/** What rules make of a casefile while one event is decided. `decideCase` says in which order. */
import { dayOf, type WorkCalendar } from './calendar.ts';
import { clocksOf, dueOf, explainClock, type CaseClock, type ClockScene } from './caseClocks.ts';
import { stoppedAt, type Deadline } from './clock.ts';
import { follows, type Consequences, type State } from './decide.ts';
import { byHand } from './decideSignal.ts';
import type { CaseEvent, Recorded } from './event.ts';
import { issuedEntry, signalOf } from './issue.ts';
import type { ClockKind } from './limits.ts';
import { isClockRule, levels, type ClockRule, type Rule, type RulePack } from './pack.ts';
import { rulesOf, type Compiled } from './rules/compiled.ts';
import { turnFacts, turnOf, type Turning } from './rules/deadline.ts';
import { explainStep, isMet, type Scene } from './rules/steps.ts';
import { isInScope } from './settings.ts';
import type { Casefile, Explanation, LedgerDraft, Signal } from './state.ts';
import { calendarIn, matterOf, type Matter, type World } from './world.ts';

interface Timed {
  clock: CaseClock;
  /** Absent while it is suspended. */
  due: Pick<Deadline, 'dueAt' | 'provisional'> | undefined;
}

interface Turn {
  rule: ClockRule;
  at: number;
  clock: CaseClock;
}

/** The turns of one casefile's clock while one event is decided: deadlines, rules that fire, signals that end. */
export class Turns {
  readonly #row: Casefile;
  readonly #pack: RulePack | undefined;
  readonly #rules: Compiled | undefined;
  /** C-13: what the region does not supervise raises no signal. */
  readonly #isWatched: boolean;
  readonly #world: World;
  readonly #matter: Matter | undefined;
  readonly #calendar: WorkCalendar;
  readonly #clocks = new Map<ClockKind, Timed[]>();
  #scene: ClockScene | undefined;
  /** Until a rule fires or is taken back. */
  #turnList: readonly Turn[] | undefined;
  readonly #event: Recorded;
  readonly #signals = new Map<string, Signal>();
  readonly #changed = new Set<string>();
  readonly #ledger: LedgerDraft[] = [];

  constructor(row: Casefile, pack: RulePack | undefined, world: World, event: Recorded, state: State) {
    this.#row = row;
    this.#pack = pack;
    this.#rules = pack && rulesOf(pack);
    this.#matter = matterOf(world, row.region, row.matter);
    this.#isWatched = pack !== undefined && isInScope(pack.settings, this.#matter);
    this.#world = world;
    this.#calendar = calendarIn(world, row.region);
    this.#event = event;
    if (row.fired.length === 0 && !row.furtherSignals) return;
    for (const id of follows.casefile(row).signal) {
      const signal = state.signal(id);
      if (signal) this.#signals.set(id, { ...signal });
    }
  }

  setDeadlines(): void {
    const row = this.#row;
    row.provisional = false;
    const pack = this.#pack;
    if (!pack) {
      drop(row, 'statutoryDueAt');
      drop(row, 'promisedDueAt');
      return;
    }
    row.pack = `${pack.id}@${pack.version}`;
    const statutory = this.#timed('statutory')[0]?.due?.dueAt;
    const promised = this.#timed('promised')[0]?.due?.dueAt;
    if (statutory === undefined) drop(row, 'statutoryDueAt');
    else row.statutoryDueAt = statutory;
    if (promised === undefined) drop(row, 'promisedDueAt');
    else row.promisedDueAt = promised;
    for (const kind of this.#rules!.clocks)
      for (const { due } of this.#timed(kind)) if (due?.provisional) row.provisional = true;
  }

  /** A step that was entered late (KF-04) may show that a signal had no ground: it is revoked, never deleted. */
  revokeUnfounded(): void {
    if (this.#row.fired.length === 0) return;
    this.#turnList = undefined;
    this.#row.fired = this.#row.fired.filter(({ rule: id, signal: signalId, of }) => {
      const rule = this.#rules?.find(id);
      // What a step showed is judged with the step (`judgeStep`).
      if (rule && !isClockRule(rule)) return true;
      const timed = rule && this.#timed(rule.deadline).find(({ clock }) => clock.of === of);
      const issuedAt = this.#signals.get(signalId)!.at;
      if (timed?.due) {
        const at = turnOf(rule!, timed.due.dueAt, this.#turning(timed.clock));
        if (at <= (timed.clock.until ?? Infinity) && at <= issuedAt) return true;
      } // A clock that is stopped now says nothing about a signal that was right before it stopped.
      else if (timed?.clock.suspensions.some((each) => each.to === undefined && each.from >= issuedAt)) return true;
      this.#end(
        signalId,
        'revoked',
        `a later entry (${this.#event.kind}, ${dayOf(this.#event.occurredAt)}) moved the clock`,
      );
      return false;
    });
  }

  fireUntil(until: number): void {
    for (const turn of this.#turns()) {
      if (turn.at <= until) this.#fire(turn);
    }
  }

  /** The rules about steps: fires what this step shows, revokes what it shows to have no ground. */
  judgeStep(event: Recorded<CaseEvent>): void {
    const rules = this.#rules;
    if (!rules || !this.#isWatched) return;
    const ofStep = rules.step(event.kind);
    if (ofStep.length === 0 && rules.casefile.length === 0) return;
    const scene = this.#sceneOf(event);
    for (const rule of ofStep) {
      const facts = this.#firedOf(rule.id) ? undefined : isMet(rule, scene);
      if (facts) this.#issue(rule, event.occurredAt, explainStep(event.occurredAt, facts));
    }
    for (const rule of rules.casefile) {
      const fired = this.#firedOf(rule.id);
      const facts = isMet(rule, scene);
      if (!fired && facts) this.#issue(rule, event.occurredAt, explainStep(event.occurredAt, facts));
      else if (fired && !facts) {
        this.#end(fired.signal, 'revoked', `a later entry (${event.kind}, ${dayOf(event.occurredAt)}) shows otherwise`);
        this.#row.fired = this.#row.fired.filter((each) => each !== fired);
        this.#turnList = undefined;
      }
    }
  }

  /** Ends what is over and sets when the colour next changes. */
  settle(): void {
    for (const signal of this.#signals.values()) {
      const rule = this.#rules?.find(signal.rule);
      if (!this.#isDone(signal, rule)) continue;
      if (signal.state === 'verified') this.#end(signal.id, 'closed');
      // The end of the work puts right what the clock found, not what a person did; an appeal is decided first.
      if (signal.rule === byHand || signal.state === 'appealed' || (rule && !isClockRule(rule))) continue;
      const isReminder = signal.level === 'notice' || signal.level === 'warning';
      if (isReminder || signal.state === 'acknowledged') this.#end(signal.id, 'closed');
      else if (signal.nextTurn !== undefined) {
        delete signal.nextTurn;
        signal.position = this.#event.position;
        this.#changed.add(signal.id);
      }
    }
    const next = this.#turns()[0]?.at;
    if (next === undefined) drop(this.#row, 'nextTurn');
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

  #firedOf(rule: string): Casefile['fired'][number] | undefined {
    return this.#row.fired.find((each) => each.rule === rule);
  }

  #sceneOf(event: Recorded<CaseEvent>): Scene {
    const window = event.window === undefined ? undefined : this.#world.windows.get(event.window);
    return {
      event,
      casefile: this.#row,
      matter: this.#matter,
      hall: window && this.#world.halls.get(window.hall),
      pack: this.#pack!,
      calendar: this.#calendar,
    };
  }

  /** The clocks of a kind and when each is due, worked out once an event: the row's times do not change meanwhile. */
  #timed(kind: ClockKind): Timed[] {
    let found = this.#clocks.get(kind);
    if (!found) {
      const row = this.#row;
      this.#scene ??= {
        row,
        pack: this.#pack!,
        matter: this.#matter,
        hall: row.hall === undefined ? undefined : this.#world.halls.get(row.hall),
      };
      found = clocksOf(kind, this.#scene).map((clock) => ({ clock, due: dueOf(clock, this.#calendar) }));
      this.#clocks.set(kind, found);
    }
    return found;
  }

  #turning({ setting, suspensions }: CaseClock): Turning {
    return { clock: setting, calendar: this.#calendar, suspensions };
  }

  /** Whether what a signal asked for is done: its own clock has stopped, or the work is over. */
  #isDone(signal: Signal, rule: Rule | undefined): boolean {
    if (rule && isClockRule(rule)) {
      // A raised signal is about the clock of the one it was raised from.
      let root = signal;
      for (let depth = 0; root.parent !== undefined && depth < levels.length; depth += 1)
        root = this.#signals.get(root.parent) ?? root;
      const { of } = this.#row.fired.find((each) => each.signal === root.id) ?? {};
      const timed = this.#timed(rule.deadline).filter(({ clock }) => clock.of === of);
      if (timed.length > 0) return timed.every(({ clock }) => clock.until !== undefined);
    }
    return stoppedAt(this.#row) !== undefined;
  }

  /** The rules that have not fired, by the moment they would, where that lies within their clock's time. */
  #turns(): readonly Turn[] {
    return (this.#turnList ??= this.#sortedTurns());
  }

  #sortedTurns(): Turn[] {
    if (!this.#rules || !this.#isWatched) return [];
    const turns: Turn[] = [];
    for (const rule of this.#rules.clock) {
      for (const { clock, due } of this.#timed(rule.deadline)) {
        // A deadline that the source gave runs from the acceptance, too.
        if (!due || clock.from === -Infinity) continue;
        if (this.#row.fired.some((each) => each.rule === rule.id && each.of === clock.of)) continue;
        const at = Math.max(turnOf(rule, due.dueAt, this.#turning(clock)), clock.from);
        if (at <= (clock.until ?? Infinity)) turns.push({ rule, at, clock });
      }
    }
    if (turns.length < 2) return turns;
    return turns.sort((a, b) => a.at - b.at || levels.indexOf(a.rule.level) - levels.indexOf(b.rule.level));
  }

  #fire({ rule, at, clock }: Turn): void {
    const explanation = explainClock(clock, this.#calendar, at);
    if (!explanation) return;
    const facts = turnFacts(rule, at, explanation.dueAt, this.#turning(clock));
    this.#issue(rule, at, facts ? { ...explanation, facts } : explanation, clock.of);
  }

  #issue(rule: Rule, at: number, explanation: Explanation, of?: string): void {
    const row = this.#row;
    const pack = this.#pack!;
    const matter = this.#matter;
    // Unique and the same in every rebuild: the event's position, and which of its signals this is.
    const id = `s${this.#event.position}-${row.fired.filter((each) => each.signal.startsWith(`s${this.#event.position}-`)).length + 1}`;
    const signal = signalOf({
      id,
      rule,
      pack,
      calendar: this.#calendar,
      event: this.#event,
      at,
      explanation,
      about: {
        region: row.region,
        casefile: row.id,
        matter: row.matter,
        ...(row.department === undefined ? {} : { department: row.department }),
        ...(row.hall === undefined ? {} : { hall: row.hall }),
        ...(row.window === undefined ? {} : { window: row.window }),
      },
      person: isClockRule(rule)
        ? awaitedOf(row, matter, of)
        : 'handler' in this.#event
          ? this.#event.handler
          : undefined,
      names: {
        zh: { matter: matter?.name ?? row.matter, casefile: row.number },
        en: { matter: matter?.nameEn ?? matter?.name ?? row.matter, casefile: row.number },
      },
    });
    // A higher level supersedes a lower one of the same deadline; both are kept (1.X.3).
    for (const each of row.fired) {
      const earlier = this.#signals.get(each.signal);
      const earlierRule = this.#rules?.find(each.rule);
      const isLower = earlier !== undefined && levels.indexOf(earlier.level) < levels.indexOf(rule.level);
      const isSame =
        earlierRule &&
        isClockRule(earlierRule) &&
        isClockRule(rule) &&
        earlierRule.deadline === rule.deadline &&
        each.of === of;
      if (isLower && isSame && earlier.state !== 'appealed') this.#end(earlier.id, 'closed');
    }
    this.#turnList = undefined;
    row.fired.push({ rule: rule.id, signal: id, at, ...(of === undefined ? {} : { of }) });
    this.#signals.set(id, signal);
    this.#changed.add(id);
    if (signal.state === 'issued') {
      const { dueOn, overDays } = explanation;
      this.#ledger.push(issuedEntry(signal, this.#event.receivedAt, { casefile: row.number, dueOn, overDays }));
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

/** Only where it is: taking out a member makes the row slow to read and to copy for as long as it lives. */
function drop(row: Casefile, name: 'statutoryDueAt' | 'promisedDueAt' | 'nextTurn'): void {
  if (row[name] !== undefined) delete row[name];
}

/** C-08, JY-21: who answers for the first step that is still awaited, else who took the latest one. */
function awaitedOf(row: Casefile, matter: Matter | undefined, step: string | undefined): string | undefined {
  const own = matter?.stepDetails?.find(({ name }) => name === step)?.responsible;
  if (own !== undefined) return own;
  const taken = new Set((row.steps ?? []).map(({ step }) => step));
  const awaited = matter?.stepDetails?.find(({ name, responsible }) => responsible !== undefined && !taken.has(name));
  return awaited?.responsible ?? row.steps?.at(-1)?.handler ?? row.acceptedBy ?? row.receivedBy;
}
