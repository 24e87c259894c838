/**
 * What a simulated hall does: a pure function of the scenario's seed, the day and the place. Asked twice it gives the
 * same events with the same ids, so a demonstration that is started again adds only what is missing.
 */
import {
  addDays,
  addWorkingDays,
  dayNumber,
  dayOf,
  endOf,
  isWorkingDay,
  startOf,
  type WorkCalendar,
} from '../hub/model/calendar.ts';
import type { Hall, Matter, Window } from '../hub/model/world.ts';
import type { Seeds } from './files.ts';
import { Draft, slots, type Planned, type Slot } from './plan.ts';
import { random, type Random } from './random.ts';
import type { Scenario } from './scenario.ts';

/** A customer's case at the counter is over after so many milliseconds. */
export const sessionLength = 50 * 60_000;

const minute = 60_000;
type Plan = Scenario['halls'][number];
interface Place {
  hall: Hall;
  windows: { window: Window; matters: Matter[] }[];
  plan: Plan;
}

/**
 * The public board shows the last four characters of a number: those of customers name the window and the slot of the day, those
 * of cases that take days a number that comes again after 97 days, so that hardly two on one board are alike. No digits at the
 * end: windows leave slots out, and that is no gap in running numbers.
 */
const sessionTail = (window: string, index: number): string =>
  `${Math.floor(index / 26)
    .toString(36)
    .toUpperCase()}${window}${String.fromCharCode(65 + (index % 26))}`;

export class Casework {
  readonly #scenario: Scenario;
  readonly #seed: number;
  readonly #calendar: WorkCalendar;
  readonly #places: Place[];

  constructor(seeds: Seeds, scenario: Scenario, calendar: WorkCalendar, seed: number = scenario.seed) {
    this.#scenario = scenario;
    this.#seed = seed;
    this.#calendar = calendar;
    this.#places = scenario.halls.map((plan) => {
      const hall = seeds.halls.find((each) => each.id === plan.hall);
      if (!hall) throw new Error(`scenario.yaml: no hall ${plan.hall} in halls.yaml`);
      const windows = seeds.windows
        .filter((each) => each.hall === hall.id && !scenario.quiet.includes(each.id))
        .map((window) => {
          const kind = window.department?.split('-')[1];
          return { window, matters: seeds.matters.filter((each) => each.department?.split('-')[1] === kind) };
        })
        .filter((each) => each.matters.length > 0);
      return { hall, windows, plan };
    });
  }

  isWorkingDay(day: string): boolean {
    return isWorkingDay(this.#calendar, day);
  }

  /** All events, whenever they happen, of the cases that take days and were received on this day; none on a day off. */
  casesOf(day: string): Planned[] {
    if (!this.isWorkingDay(day)) return [];
    return this.#places.flatMap((place) =>
      place.windows.length === 0
        ? []
        : Array.from({ length: place.plan.casesPerDay }, (_, index) => this.#longCase(place, day, index + 1)).flat(),
    );
  }

  /**
   * The customers who come to the counters in `from` ≤ time < `to`, and the cases typed in afterwards in that time, with
   * all that follows from them. They come at any hour, so that the demonstration is alive at night too. `salt` tells two
   * runs apart that play the same hours at different speeds.
   */
  customers(from: number, to: number, salt = ''): Planned[] {
    const planned: Planned[] = [];
    for (const place of this.#places) {
      for (const { window, matters } of place.windows) {
        for (const slot of slots(from, to, place.plan.customerEvery, window.id)) {
          planned.push(...this.#session(place, window, matters, slot, salt));
        }
      }
      const every = place.plan.lateEntryEvery;
      if (every === undefined) continue;
      for (const slot of slots(from, to, every, place.hall.id)) planned.push(...this.#lateEntry(place, slot, salt));
    }
    return planned;
  }

  #longCase(place: Place, day: string, index: number): Planned[] {
    const { shares, reasons, procedures } = this.#scenario;
    const dice = random(this.#seed, place.hall.id, day, index);
    const { window, matters } = dice.pick(place.windows);
    const matter = dice.pick(matters);
    const number = `${day.replaceAll('-', '')}-${String((dayNumber(startOf(day)) % 97) * 100 + index).padStart(4, '0')}`;
    const file = this.#file(place, window, number, 'h');
    const opening = this.#opening(matter, window, dice);

    let on = day;
    const morning = this.#officeTime(place.hall, on, dice, 0, 0.85);
    file.add(morning, { kind: 'case.received', ...opening });
    if (dice.chance(shares.declined)) {
      return file.add(morning + dice.between(8, 25) * minute, {
        kind: 'case.declined',
        reason: dice.pick(reasons.declined),
      }).planned;
    }
    let accepted = morning + dice.between(3, 15) * minute;
    if (dice.chance(shares.corrected)) {
      file.add(accepted, { kind: 'case.correctionRequested', reason: dice.pick(reasons.correction) });
      on = addWorkingDays(this.#calendar, on, dice.between(1, 3));
      const back = this.#officeTime(place.hall, on, dice, 0.1, 0.8);
      file.add(back, { kind: 'case.corrected' });
      accepted = back + dice.between(4, 12) * minute;
    }
    file.add(accepted, { kind: 'case.accepted', ...opening });

    const promised = matter.promisedDays ?? 5;
    if (matter.itemClass === 'instant')
      return this.#finish(file, matter, dice, accepted, accepted + dice.between(6, 40) * minute);

    let length = Math.max(1, Math.round(promised * (0.25 + 0.6 * dice.next())));
    let due = promised;
    let from = on;
    if (dice.chance(shares.extended) && promised >= 10) {
      const days = dice.between(3, 10);
      const reason = dice.pick(reasons.extension);
      const when = this.#officeTime(place.hall, addWorkingDays(this.#calendar, on, promised - 2), dice, 0.2, 0.8);
      file.add(when, { kind: 'case.extended', days, approver: '审批科负责人', reason });
      due += days;
      length = promised + dice.between(0, days - 1);
    } else if (dice.chance(shares.suspended) && promised >= 4) {
      const first = dice.between(1, promised - 2);
      const stop = this.#officeTime(place.hall, addWorkingDays(this.#calendar, on, first), dice, 0.1, 0.5);
      const lasts = dice.between(3, 9);
      from = addWorkingDays(this.#calendar, dayOf(stop), lasts);
      file.add(stop, {
        kind: 'case.suspended',
        procedure: dice.pick(procedures),
        reason: dice.pick(reasons.suspension),
      });
      file.add(this.#officeTime(place.hall, from, dice, 0.1, 0.5), {
        kind: 'case.resumed',
        result: '已完成，结果入卷（演示）',
      });
      length = dice.between(1, promised - first - 1);
      due = 0;
    }
    if (due > 0 && dice.chance(shares.late))
      length = due + dice.between(1, Math.min(12, Math.max(4, (matter.statutoryDays ?? due) - due + 2)));
    else if (due > 0 && dice.chance(shares.dueDay)) length = due;
    const decided = this.#officeTime(place.hall, addWorkingDays(this.#calendar, from, length), dice, 0.55, 0.95);
    const begin = from === on ? accepted : startOf(from) + (place.hall.closes - 60) * minute;
    if (dice.chance(shares.withdrawn)) {
      const half =
        startOf(addWorkingDays(this.#calendar, from, Math.floor(length / 2))) + (place.hall.opens + 300) * minute;
      return file.add(Math.max(half, begin + minute), { kind: 'case.withdrawn', reason: dice.pick(reasons.withdrawn) })
        .planned;
    }
    return this.#finish(file, matter, dice, begin, Math.max(decided, begin + 30 * minute));
  }

  /** The steps between `from` and the decision, the decision and the completion. */
  #finish(file: Draft, matter: Matter, dice: Random, from: number, decided: number): Planned[] {
    const { shares, reasons } = this.#scenario;
    const until = matter.steps.indexOf('决定');
    const steps = until < 0 ? matter.steps : matter.steps.slice(0, until);
    steps.forEach((step, index) => {
      const at = from + ((decided - from) * (index + 0.6)) / (steps.length + 0.6);
      const time = matter.itemClass === 'instant' ? at : this.#toOffice(at);
      file.add(Math.min(Math.max(time, from + minute), decided - minute), { kind: 'case.stepped', step });
    });
    if (matter.businessType === 'approval' && dice.chance(shares.denied)) {
      file.add(decided, { kind: 'case.decided', outcome: 'denied', reason: dice.pick(reasons.denied) });
    } else {
      file.add(decided, { kind: 'case.decided', outcome: 'approved' });
      if (matter.businessType === 'approval') {
        if (matter.steps.some((step) => /制证|发证|发照/.test(step)))
          file.add(decided + 30_000, { kind: 'case.licenceIssued', name: `${matter.name}证照（演示）` });
        file.add(decided + minute, { kind: 'case.published', where: '政务网站（演示）' });
      }
    }
    return file.add(decided + dice.between(2, 12) * minute, { kind: 'case.completed' }).planned;
  }

  #session(place: Place, window: Window, matters: readonly Matter[], slot: Slot, salt: string): Planned[] {
    const dice = random(this.#seed, window.id, slot.day, slot.index);
    if (dice.chance(0.12)) return [];
    const start = slot.at + Math.floor(dice.next() * slot.length * 0.6);
    const number = `${slot.day.replaceAll('-', '')}${salt}-C${sessionTail(window.number, slot.index)}`;
    const file = this.#file(place, window, number, 'c');
    const matter = dice.pick(matters);
    const opening = this.#opening(matter, window, dice);
    file.add(start, { kind: 'case.received', ...opening });
    const accepted = start + dice.between(15, 120) * 1000;
    file.add(accepted, { kind: 'case.accepted', ...opening });
    return this.#finish(
      file,
      { ...matter, itemClass: 'instant' },
      dice,
      accepted,
      accepted + dice.between(4, 30) * minute,
    );
  }

  /** 补录: the case began days ago, and the hub hears of it only now. */
  #lateEntry(place: Place, slot: Slot, salt: string): Planned[] {
    const dice = random(this.#seed, 'late', place.hall.id, slot.day, slot.index);
    const slow = place.windows
      .map(({ window, matters }) => ({ window, matters: matters.filter((each) => each.itemClass === 'promised') }))
      .filter((each) => each.matters.length > 0);
    if (slow.length === 0) return [];
    const { window, matters } = dice.pick(slow);
    const matter = dice.pick(matters);
    const at = slot.at + Math.floor(dice.next() * slot.length);
    const kind = dice.next();
    const promised = matter.promisedDays ?? 5;
    // Working days back: due today, over the promised limit, or over the statutory one.
    const back =
      kind < 0.5 ? promised : kind < 0.93 ? promised + dice.between(1, 3) : (matter.statutoryDays ?? promised) + 1;
    const began = this.#officeTime(place.hall, this.#workingDaysBefore(slot.day, back), dice, 0.05, 0.8);
    const number = `${slot.day.replaceAll('-', '')}${salt}-L${String(slot.index).padStart(3, '0')}`;
    const file = this.#file(place, window, number, 'l');
    const note = dice.pick(this.#scenario.reasons.lateEntry);
    const opening = this.#opening(matter, window, dice);
    file.add(at, { kind: 'case.received', ...opening, note, enteredAt: at }, began);
    // No limit counted in working days ends on a day off: then the source itself gives the day, as some systems do.
    const given = kind < 0.5 && !this.isWorkingDay(slot.day) ? { promisedDueAt: endOf(slot.day) } : {};
    file.add(
      at,
      { kind: 'case.accepted', ...opening, note, enteredAt: at, ...given },
      began + dice.between(3, 15) * minute,
    );
    const decided = at + dice.between(8, 35) * minute;
    file.add(decided, { kind: 'case.decided', outcome: 'approved' });
    return file.add(decided + dice.between(2, 10) * minute, { kind: 'case.completed' }).planned;
  }

  #opening(
    matter: Matter,
    window: Window,
    dice: Random,
  ): { matter: string; department?: string; applicant: { name: string; class: 'person' | 'enterprise' } } {
    const { surnames, enterprises, trades } = this.#scenario.applicants;
    const isPerson = matter.businessType === 'service' && dice.chance(0.7);
    const applicant = isPerson
      ? { name: `${dice.pick(surnames)}某${dice.chance(0.6) ? '某' : ''}`, class: 'person' as const }
      : { name: `${dice.pick(enterprises)}${dice.pick(trades)}（演示）`, class: 'enterprise' as const };
    return {
      matter: matter.code,
      ...(window.department === undefined ? {} : { department: window.department }),
      applicant,
    };
  }

  #file(place: Place, window: Window, number: string, family: string): Draft {
    return new Draft(place.hall.region, number, window, `demo-${family}-${this.#seed}-${place.hall.region}-${number}`);
  }

  /** A moment within office hours; `early` and `late` are shares of the day between opening and closing. */
  #officeTime(hall: Hall, day: string, dice: Random, early: number, late: number): number {
    const open = hall.closes - hall.opens;
    return (
      startOf(day) +
      Math.round((hall.opens + open * (early + (late - early) * dice.next())) * minute) +
      dice.between(0, 59) * 1000
    );
  }

  /** The same moment, or the afternoon of the last working day before it when it lies at night or on a day off. */
  #toOffice(at: number): number {
    const day = dayOf(at);
    const time = at - startOf(day);
    const clamped = Math.min(Math.max(time, 9.2 * 60 * minute), 16.8 * 60 * minute);
    let worked = day;
    while (!this.isWorkingDay(worked)) worked = addDays(worked, -1);
    return startOf(worked) + (worked === day ? clamped : 16 * 60 * minute);
  }

  /** The day on which a limit of `count` working days must have begun to end on `day`; `day` itself counts as worked. */
  #workingDaysBefore(day: string, count: number): string {
    let at = day;
    for (let left = count; left > 0;) {
      at = addDays(at, -1);
      if (this.isWorkingDay(at)) left -= 1;
    }
    return at;
  }
}
