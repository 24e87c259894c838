/**
 * What-if (design §4): the same history under two worlds that differ in a rule pack. Each casefile is replayed alone through `decide`,
 * then its clock is turned up to `until`; what stands at the end is compared. What people did to signals is not replayed.
 */
import { dayOf } from './calendar.ts';
import { decide, type State } from './decide.ts';
import type { Event, Recorded } from './event.ts';
import { levels, type Level, type RulePack } from './pack.ts';
import type { Casefile, Inquiry, Register, Signal } from './state.ts';
import type { World } from './world.ts';

/** An event of the archive, as `decide` sees it. */
export type Past = Recorded;

/** A signal as one world has it. */
export interface Told {
  rule: string;
  level: Level;
  at: number;
  article: string;
  titleZh: string;
  titleEn: string;
  messageZh: string;
  messageEn: string;
  pack: string;
  packVersion: number;
}

export type ChangeKind = 'appeared' | 'vanished' | 'changed';

/** One signal that the changed pack adds, takes away or makes another. */
export interface Change {
  kind: ChangeKind;
  /** What is another; empty unless `changed`. */
  what: ('rule' | 'level' | 'moment')[];
  region: string;
  casefile?: string;
  number?: string;
  matter?: string;
  department?: string;
  before?: Told;
  after?: Told;
}

interface Counted extends Record<ChangeKind, number> {
  before: number;
  after: number;
}

export interface WhatIf {
  cases: number;
  events: number;
  total: Counted;
  levels: (Counted & { level: Level })[];
  rules: (Counted & { rule: string; titleZh: string; titleEn: string })[];
  departments: (Counted & { department: string })[];
  days: { day: string; before: number; after: number }[];
  /** The first `mostChanges` of them, in the order of the cases. */
  changes: Change[];
}

export const mostChanges = 5_000;
/** Groups that a table can still show; what is beyond counts in the total only. */
const mostGroups = 1_000;

/** A clock that turns more often than this on one case is a broken pack. */
const mostTurns = 1_000;

class Rows implements State {
  row: Casefile | undefined;
  readonly signals = new Map<string, Signal>();
  casefile = (id: string): Casefile | undefined => (this.row?.id === id ? this.row : undefined);
  signal = (id: string): Signal | undefined => this.signals.get(id);
  duty = (): undefined => undefined;
  draw = (): undefined => undefined;
  visit = (): undefined => undefined;
  camera = (): undefined => undefined;
  evidence = (): undefined => undefined;
  release = (): undefined => undefined;
  hold = (): undefined => undefined;
  entry = (): undefined => undefined;
  review = (): undefined => undefined;
  finding = (): undefined => undefined;
  presence = (): undefined => undefined;
  readonly #inquiries = new Map<string, Inquiry>();
  readonly #registers = new Map<string, Register>();
  inquiry = (id: string): Inquiry | undefined => this.#inquiries.get(id);
  register = (id: string): Register | undefined => this.#registers.get(id);

  tell(event: Recorded, world: World): void {
    for (const put of decide(event, this, world).puts) {
      if (put.table === 'casefile') this.row = put.row;
      else if (put.table === 'signal') this.signals.set(put.row.id, put.row);
      else if (put.table === 'inquiry') this.#inquiries.set(put.row.id, put.row);
      else if (put.table === 'register') this.#registers.set(put.row.id, put.row);
    }
  }
}

/** The signals that stand once these events of one case have happened and its clock has been turned up to `until`. */
export function replayCase(
  events: readonly Past[],
  world: World,
  until: number,
): { row?: Casefile; signals: Signal[] } {
  const rows = new Rows();
  for (const event of events) rows.tell(event, world);
  let position = events.at(-1)?.position ?? 0;
  for (let turn = 0; turn < mostTurns; turn += 1) {
    const { row } = rows;
    if (row?.nextTurn === undefined || row.nextTurn > until) break;
    position += 1;
    const { region, number, nextTurn } = row;
    const id = `turn-${position}`;
    const clock: Event = { kind: 'clock.turned', id, region, source: 'whatif', occurredAt: nextTurn, casefile: number };
    rows.tell({ ...clock, receivedAt: nextTurn, position }, world);
    // Nothing came of it: it would be asked for ever.
    if (rows.row?.nextTurn === nextTurn) break;
  }
  // `fired` lets go of what a later entry showed to have no ground, also where a higher level had closed it before.
  const fired = new Set(rows.row?.fired.map(({ signal }) => signal));
  const stands = [...rows.signals.values()].filter(({ id, state }) => fired.has(id) && state !== 'revoked');
  return { ...(rows.row ? { row: rows.row } : {}), signals: stands };
}

/** What stands alone, such as a measured irregularity: its figures are in the event. */
export function replayAlone(event: Past, world: World): Signal[] {
  const rows = new Rows();
  rows.tell(event, world);
  return [...rows.signals.values()];
}

const told = (signal: Signal): Told => ({
  rule: signal.rule,
  level: signal.level,
  at: signal.at,
  article: signal.article,
  titleZh: signal.titleZh,
  titleEn: signal.titleEn,
  messageZh: signal.messageZh,
  messageEn: signal.messageEn,
  pack: signal.pack,
  packVersion: signal.packVersion,
});

export interface Pair {
  before?: Signal;
  after?: Signal;
}

/** Which signal became which: by rule; then, of what is left, by the moment; then by the level. */
export function pair(before: readonly Signal[], after: readonly Signal[]): Pair[] {
  const pairs: Pair[] = [];
  let left = [...before];
  let right = [...after];
  const alike: ((one: Signal, other: Signal) => boolean)[] = [
    (one, other) => one.rule === other.rule,
    (one, other) => one.at === other.at,
    (one, other) => one.level === other.level,
  ];
  for (const is of alike) {
    const rest: Signal[] = [];
    for (const one of left) {
      const found = right.find((other) => is(one, other));
      if (found) {
        pairs.push({ before: one, after: found });
        right = right.filter((other) => other !== found);
      } else rest.push(one);
    }
    left = rest;
  }
  return [...pairs, ...left.map((one) => ({ before: one })), ...right.map((one) => ({ after: one }))];
}

/** What differs in a pair; undefined where nothing does that a person would see. */
export function changeOf({ before, after }: Pair): Pick<Change, 'kind' | 'what'> | undefined {
  if (!before || !after) return before || after ? { kind: before ? 'vanished' : 'appeared', what: [] } : undefined;
  const what: Change['what'] = [];
  if (before.rule !== after.rule) what.push('rule');
  if (before.level !== after.level) what.push('level');
  if (before.at !== after.at) what.push('moment');
  return what.length > 0 ? { kind: 'changed', what } : undefined;
}

const zero = (): Counted => ({ before: 0, after: 0, appeared: 0, vanished: 0, changed: 0 });

/** Adds up the differences case by case; holds no case longer than it is looked at. */
export class Comparing {
  readonly #before: World;
  readonly #after: World;
  readonly #until: number;
  #cases = 0;
  #events = 0;
  readonly #total = zero();
  readonly #levels = new Map<Level, Counted>();
  readonly #rules = new Map<string, Counted & { titleZh: string; titleEn: string }>();
  readonly #departments = new Map<string, Counted>();
  readonly #days = new Map<string, { before: number; after: number }>();
  readonly #changes: Change[] = [];

  constructor(before: World, after: World, until: number) {
    this.#before = before;
    this.#after = after;
    this.#until = until;
  }

  /** All events of one case, in the order of the archive. */
  addCase(events: readonly Past[]): void {
    this.#cases += 1;
    this.#events += events.length;
    const before = replayCase(events, this.#before, this.#until);
    const after = replayCase(events, this.#after, this.#until);
    this.#compare(before.signals, after.signals, after.row ?? before.row);
  }

  addAlone(event: Past): void {
    this.#events += 1;
    this.#compare(replayAlone(event, this.#before), replayAlone(event, this.#after), undefined);
  }

  #compare(before: readonly Signal[], after: readonly Signal[], row: Casefile | undefined): void {
    for (const each of pair(before, after)) {
      const change = changeOf(each);
      const any = (each.after ?? each.before)!;
      const department = any.department ?? row?.department ?? '';
      this.#count(this.#total, each, change?.kind);
      this.#countDepartment(department, each, change?.kind);
      for (const side of ['before', 'after'] as const) {
        const signal = each[side];
        if (!signal) continue;
        const day = this.#dayOf(dayOf(signal.at));
        day[side] += 1;
        this.#levelOf(signal.level)[side] += 1;
        const rule = this.#ruleOf(signal);
        if (rule) rule[side] += 1;
      }
      if (!change) continue;
      // A change counts where the signal was, an appearance where it is.
      const where = (change.kind === 'appeared' ? each.after : each.before)!;
      this.#levelOf(where.level)[change.kind] += 1;
      const rule = this.#ruleOf(where);
      if (rule) rule[change.kind] += 1;
      if (this.#changes.length >= mostChanges) continue;
      this.#changes.push({
        ...change,
        region: any.region,
        ...(row ? { casefile: row.id, number: row.number, matter: row.matter } : {}),
        ...(!row && any.matter !== undefined ? { matter: any.matter } : {}),
        ...(department === '' ? {} : { department }),
        ...(each.before ? { before: told(each.before) } : {}),
        ...(each.after ? { after: told(each.after) } : {}),
      });
    }
  }

  #count(counted: Counted, { before, after }: Pair, kind: ChangeKind | undefined): void {
    if (before) counted.before += 1;
    if (after) counted.after += 1;
    if (kind) counted[kind] += 1;
  }

  #countDepartment(department: string, each: Pair, kind: ChangeKind | undefined): void {
    const found = this.#departments.get(department) ?? zero();
    if (this.#departments.size >= mostGroups && !this.#departments.has(department)) return;
    this.#departments.set(department, found);
    this.#count(found, each, kind);
  }

  #dayOf(day: string): { before: number; after: number } {
    const found = this.#days.get(day) ?? { before: 0, after: 0 };
    this.#days.set(day, found);
    return found;
  }

  #levelOf(level: Level): Counted {
    const found = this.#levels.get(level) ?? zero();
    this.#levels.set(level, found);
    return found;
  }

  #ruleOf({ rule, titleZh, titleEn }: Signal): Counted | undefined {
    const found = this.#rules.get(rule) ?? { ...zero(), titleZh, titleEn };
    if (this.#rules.size >= mostGroups && !this.#rules.has(rule)) return undefined;
    this.#rules.set(rule, found);
    return found;
  }

  result(): WhatIf {
    const most = (one: Counted, other: Counted): number =>
      other.appeared + other.vanished + other.changed - (one.appeared + one.vanished + one.changed) ||
      other.before - one.before;
    return {
      cases: this.#cases,
      events: this.#events,
      total: this.#total,
      levels: levels.flatMap((level) => {
        const found = this.#levels.get(level);
        return found ? [{ level, ...found }] : [];
      }),
      rules: [...this.#rules].map(([rule, found]) => ({ rule, ...found })).sort(most),
      departments: [...this.#departments].map(([department, found]) => ({ department, ...found })).sort(most),
      days: [...this.#days].map(([day, found]) => ({ day, ...found })).sort((a, b) => (a.day < b.day ? -1 : 1)),
      changes: this.#changes,
    };
  }
}

/**
 * The world as it would have been, had this pack been in force all the time: in place of every pack of its region. Cities and
 * counties with packs of their own keep them.
 */
export function worldWith(world: World, pack: RulePack): World {
  const { effectiveTo: _, ...rest } = pack;
  const packs = new Map([...world.packs].filter(([, each]) => each.region !== pack.region));
  packs.set(pack.id, { ...rest, effectiveFrom: '1900-01-01' });
  return { ...world, packs };
}
