import { beforeAll, describe, expect, it } from 'vitest';
import { addDays, dayOf, isWorkingDay, startOf, type WorkCalendar } from '../../hub/model/calendar.ts';
import { caseEvent } from '../../hub/model/event.ts';
import { tailOf } from '../../hub/model/publicBoard.ts';
import { checkAgainst, checkTogether } from '../../hub/model/parse.ts';
import { matterKey, type World } from '../../hub/model/world.ts';
import { Casework } from '../../seeds/casework.ts';
import { readSeeds, type Seeds } from '../../seeds/files.ts';
import { calendarOf } from '../../seeds/load.ts';
import type { Planned } from '../../seeds/plan.ts';
import { readScenario, type Scenario } from '../../seeds/scenario.ts';
import { counterTraffic, longCases } from '../../seeds/simulate.ts';
import { Play } from '../support/play.ts';

const hour = 3_600_000;
/** A Friday, 10:42 in Asia/Shanghai, and the Sunday after it. */
const friday = Date.parse('2026-11-20T10:42:18+08:00');
const sunday = friday + 48 * hour;

let seeds: Seeds;
let scenario: Scenario;
let calendar: WorkCalendar;
let world: World;
beforeAll(async () => {
  [seeds, scenario] = await Promise.all([readSeeds(), readScenario()]);
  calendar = calendarOf(seeds.calendar);
  const keyed = <T extends { id: string }>(list: T[]) => new Map(list.map((each) => [each.id, each]));
  world = {
    regions: new Map(seeds.regions.map((each) => [each.code, each])),
    organs: keyed(seeds.organs),
    departments: keyed(seeds.departments),
    halls: keyed(seeds.halls),
    windows: keyed(seeds.windows),
    cameras: keyed(seeds.cameras),
    matters: new Map(seeds.matters.map((each) => [matterKey(each.region, each.code), each])),
    packs: keyed(seeds.packs),
    contacts: keyed(seeds.contacts),
    calendar,
  };
});

const beginning = startOf(addDays(dayOf(friday), -28));
const casework = (seed?: number) => new Casework(seeds, scenario, calendar, seed);
const byTime = (a: Planned, b: Planned) => a.at - b.at || (a.event.id < b.event.id ? -1 : 1);
function history(now: number, seed?: number): Planned[] {
  const work = casework(seed);
  return [...longCases(work, beginning, beginning - 1, now), ...counterTraffic(work, now - hour, now)].sort(byTime);
}

// Twelve thousand events each time: on a busy machine that takes its seconds.
describe('the simulated day', { timeout: 30_000 }, () => {
  it('is the same for the same seed and another for another', () => {
    const first = history(friday);
    expect(first.length).toBeGreaterThan(10_000);
    expect(history(friday)).toEqual(first);
    // What the public board shows of a number tells the cases of a hall apart, at another speed as well.
    const played = [...first, ...counterTraffic(casework(), friday - hour, friday, '-xk3')];
    const numbers = new Set(
      played.flatMap(({ event }) => ('casefile' in event ? [`${event.region} ${event.casefile}`] : [])),
    );
    const board = [...numbers].filter((each) => !each.includes('-xk3'));
    const fast = [...numbers].filter((each) => each.includes('-xk3'));
    expect(fast.length).toBeGreaterThan(100);
    for (const each of [board, fast])
      expect(new Set(each.map((name) => `${name.slice(0, 6)} ${tailOf(name)}`)).size).toBe(each.length);
    const other = new Set(history(friday, 7).map(({ event }) => JSON.stringify({ ...event, id: '' })));
    const same = first.filter(({ event }) => other.has(JSON.stringify({ ...event, id: '' })));
    expect(same.length).toBeLessThan(first.length / 100);
  });

  it('sends only events that the door takes, each under an id of its own', () => {
    const planned = [...history(friday), ...counterTraffic(casework(), sunday - hour, sunday)];
    // One expectation for all: twenty thousand take ten seconds.
    const bad = planned.filter(
      ({ at, event }) => !caseEvent.safeParse(event).success || checkAgainst(world, event, at) || event.occurredAt > at,
    );
    expect(bad).toEqual([]);
    expect(checkTogether(planned.map(({ event }) => event)).size).toBe(0);
    expect(new Set(planned.map(({ event }) => event.id)).size).toBe(planned.length);
  });

  it('may be stopped and started anywhere: the pieces are the whole', () => {
    const work = casework();
    const cuts = [friday, friday + 7 * 60_000, friday + 61_000 * 9, friday + hour];
    const pieces = cuts.slice(1).flatMap((to, index) => counterTraffic(work, cuts[index]!, to));
    expect(pieces.sort(byTime)).toEqual(counterTraffic(work, friday, friday + hour).sort(byTime));
    const days = [beginning, friday, sunday].map((at) => at + 1);
    const long = days.slice(1).flatMap((to, index) => longCases(work, beginning, days[index]!, to));
    expect(long.sort(byTime)).toEqual(longCases(work, beginning, days[0]!, days[2]!).sort(byTime));
  });

  it('keeps the steps of a case in order and its work within working days', () => {
    const files = new Map<string, Planned[]>();
    for (const each of longCases(casework(), beginning, beginning - 1, friday + 40 * 24 * hour)) {
      const key = `${each.event.region} ${each.event.casefile}`;
      const steps = files.get(key);
      if (steps) steps.push(each);
      else files.set(key, [each]);
    }
    const all = [...files.values()];
    expect(all.flat().filter(({ event }) => !isWorkingDay(calendar, dayOf(event.occurredAt)))).toEqual([]);
    const shapes = all.map((steps) => steps.toSorted(byTime).map(({ event }) => event.kind.slice(5)));
    expect(shapes.filter((kinds) => kinds[0] !== 'received')).toEqual([]);
    const between = ['licenceIssued', 'published'];
    const ends = shapes.map((kinds) => kinds.filter((kind) => !between.includes(kind)).slice(-2));
    expect(ends.filter(([before, last]) => last === 'completed' && before !== 'decided')).toEqual([]);
    expect(shapes.filter((kinds) => kinds.filter((kind) => kind === 'accepted').length > 1)).toEqual([]);
  });

  it('comes every couple of seconds at the demonstration hall, at any hour', () => {
    for (const now of [friday, sunday, startOf(dayOf(friday)) + 3 * hour]) {
      const events = counterTraffic(casework(), now, now + hour).filter(({ event }) =>
        event.window?.startsWith('win-510104-1-'),
      );
      expect(events.length).toBeGreaterThan(hour / 4000);
      expect(events.length).toBeLessThan(hour / 1000);
    }
  });
});

describe('what the hub makes of it', { timeout: 30_000 }, () => {
  it.each([
    ['a Friday', friday],
    ['a Sunday', sunday],
  ])('a living board on %s: due today, overdue, suspended, ended early; nothing refused', (_, now) => {
    const play = new Play(world);
    const own = history(now).filter(({ event }) => event.region === '510104');
    const refused = own.flatMap(({ at, event }) => play.tell(event, at).refused ?? []);
    expect(refused).toEqual([]);
    play.turnUntil(now);
    const files = [...play.casefiles.values()].filter(({ hall }) => hall === 'hall-510104-1');
    const open = [...play.signals.values()].filter(({ hall, state }) => hall === 'hall-510104-1' && state === 'issued');
    const count = (rule: string) => open.filter((signal) => signal.rule === rule).length;
    expect(count('due-today-promised')).toBeGreaterThan(0);
    expect(count('overdue-promised')).toBeGreaterThan(5);
    expect(count('overdue-promised')).toBeLessThan(60);
    expect(count('overdue-statutory')).toBeGreaterThan(0);
    expect(files.filter(({ status }) => status === 'suspended').length).toBeGreaterThan(2);
    const early = files.filter(
      ({ decidedAt, promisedDueAt }) => decidedAt !== undefined && decidedAt < promisedDueAt! - 24 * hour,
    );
    expect(early.length).toBeGreaterThan(files.length / 3);
  });
});
