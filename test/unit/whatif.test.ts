import { describe, expect, it } from 'vitest';
import { startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import type { RulePack } from '../../hub/model/pack.ts';
import type { Signal } from '../../hub/model/state.ts';
import { changeOf, Comparing, mostChanges, pair, replayCase, worldWith, type Past } from '../../hub/model/whatif.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const at = (day: string, hour = 10): number => startOf(day) + hour * 3_600_000;
let position = 0;
const past = (event: object): Past => {
  position += 1;
  const { occurredAt } = event as { occurredAt: number };
  return { id: `e${position}`, region: '510104', source: 's', receivedAt: occurredAt, position, ...event } as Past;
};
const accepted = (casefile: string, day: string): Past =>
  past({ kind: 'case.accepted', casefile, matter: 'M1', occurredAt: at(day) });
const completed = (casefile: string, day: string): Past =>
  past({ kind: 'case.completed', casefile, occurredAt: at(day) });

const world = smallWorld();
const pack = packFor('510104');
const change = (edit: (copy: RulePack) => void): RulePack => {
  const copy = structuredClone(pack);
  edit(copy);
  return copy;
};
/** Accepted on Monday 2 March 2026, promised in five working days: due on the 9th, by law on the 16th. */
const late = (casefile: string): Past[] => [accepted(casefile, '2026-03-02'), completed(casefile, '2026-03-11')];
const open = (casefile: string): Past[] => [accepted(casefile, '2026-03-02')];
const until = at('2026-03-12');

function compare(changed: RulePack, cases: Past[][], end = until) {
  const comparing = new Comparing(world, worldWith(world, changed), end);
  for (const each of cases) comparing.addCase(each);
  return comparing.result();
}

describe('replaying one case', () => {
  it('gives the signals that the recorder would have', () => {
    const play = new Play(world);
    for (const { position: _, receivedAt, ...event } of late('a')) play.tell(event as Event, receivedAt);
    const { signals } = replayCase(late('a'), world, until);
    expect(signals.map(({ rule, at: moment }) => [rule, moment])).toEqual(
      [...play.signals.values()].map(({ rule, at: moment }) => [rule, moment]),
    );
    expect(signals.map(({ rule }) => rule)).toEqual(['due-today', 'over-promised']);
  });

  it('turns the clock of an open case up to the end and no further', () => {
    expect(replayCase(open('a'), world, at('2026-03-09')).signals.map(({ rule }) => rule)).toEqual(['due-today']);
    expect(replayCase(open('a'), world, at('2026-03-10')).signals.map(({ rule }) => rule)).toEqual([
      'due-today',
      'over-promised',
    ]);
  });

  it('leaves out what a later entry showed to have no ground', () => {
    const turned = past({ kind: 'clock.turned', casefile: 'a', occurredAt: at('2026-03-10') });
    const [first] = open('a');
    const entered = past({ kind: 'case.completed', casefile: 'a', occurredAt: at('2026-03-05') });
    expect(replayCase([first!, turned, entered], world, until).signals).toEqual([]);
  });
});

describe('comparing two packs', () => {
  it('finds nothing when the change touches no rule', () => {
    const result = compare(
      change((copy) => (copy.patrol.own = 9)),
      [late('a'), open('b')],
    );
    expect(result.total).toEqual({ before: 4, after: 4, appeared: 0, vanished: 0, changed: 0 });
    expect(result.changes).toEqual([]);
    expect(result.cases).toBe(2);
    expect(result.events).toBe(3);
  });

  it('says by rule, level, department and day what another threshold does', () => {
    const earlier = change((copy) => {
      copy.rules[0] = { ...copy.rules[0]!, when: 'remaining', days: 3 } as RulePack['rules'][number];
    });
    const result = compare(earlier, [late('a')]);
    expect(result.total).toEqual({ before: 2, after: 2, appeared: 0, vanished: 0, changed: 1 });
    expect(result.changes).toEqual([
      expect.objectContaining({ kind: 'changed', what: ['moment'], number: 'a', matter: 'M1', department: 'd1' }),
    ]);
    expect(result.departments).toEqual([
      { department: 'd1', before: 2, after: 2, appeared: 0, vanished: 0, changed: 1 },
    ]);
    expect(result.rules[0]).toMatchObject({ rule: 'due-today', before: 1, after: 1, changed: 1 });
    const moved = result.days.filter((each) => each.before !== each.after);
    expect(moved.map(({ before, after }) => [before, after])).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  it('says what appears and what vanishes', () => {
    const without = change((copy) => copy.rules.splice(1, 1));
    expect(compare(without, [late('a'), open('b')]).total).toMatchObject({ vanished: 2, appeared: 0, changed: 0 });
    const lag = change((copy) =>
      copy.rules.push({
        ...copy.rules[0]!,
        id: 'zero',
        level: 'serious',
        when: 'zeroDuration',
        seconds: 60,
      } as RulePack['rules'][number]),
    );
    const quick = [accepted('q', '2026-03-02'), completed('q', '2026-03-02')];
    const result = compare(lag, [quick, open('b')]);
    expect(result.total).toMatchObject({ appeared: 1, vanished: 0, changed: 0 });
    expect(result.changes[0]).toMatchObject({ kind: 'appeared', number: 'q', after: { rule: 'zero' } });
    expect(result.levels.find(({ level }) => level === 'serious')).toMatchObject({ before: 0, after: 1, appeared: 1 });
  });

  it('calls a renamed rule and another level a change, not two', () => {
    const renamed = change((copy) => {
      copy.rules[1] = { ...copy.rules[1]!, id: 'red', level: 'serious' };
    });
    const result = compare(renamed, [late('a')]);
    expect(result.total).toMatchObject({ before: 2, after: 2, appeared: 0, vanished: 0, changed: 1 });
    expect(result.changes[0]).toMatchObject({ what: ['rule', 'level'], before: { rule: 'over-promised' } });
  });

  it('keeps a bounded list and counts all', () => {
    const none = change((copy) => (copy.rules = []));
    const cases = Array.from({ length: mostChanges / 2 + 10 }, (_, index) => late(`n${index}`));
    const result = compare(none, cases);
    expect(result.total.vanished).toBe(cases.length * 2);
    expect(result.changes).toHaveLength(mostChanges);
  });
});

describe('pairing', () => {
  const signal = (rule: string, level: Signal['level'], moment: number): Signal =>
    ({ rule, level, at: moment }) as Signal;

  it('goes by rule before the moment, and by the moment before the level', () => {
    const [a, b, c] = [signal('r1', 'notice', 1), signal('r2', 'warning', 2), signal('r3', 'serious', 3)];
    const [x, y, z] = [signal('r1', 'serious', 9), signal('new', 'notice', 2), signal('other', 'serious', 8)];
    expect(pair([a, b, c], [z, y, x])).toEqual([
      { before: a, after: x },
      { before: b, after: y },
      { before: c, after: z },
    ]);
  });

  it('says nothing of what is the same', () => {
    const one = signal('r1', 'notice', 1);
    expect(changeOf({ before: one, after: { ...one } })).toBeUndefined();
    expect(changeOf({ before: one })).toEqual({ kind: 'vanished', what: [] });
    expect(changeOf({ after: one })).toEqual({ kind: 'appeared', what: [] });
  });
});

describe('the world with a changed pack', () => {
  it('puts it in the place of every pack of its region, over all time', () => {
    const other = packFor('510100');
    const both = { ...world, packs: new Map([...world.packs, [`${pack.id}@0`, pack], [other.id, other]]) };
    const changed = { ...pack, version: 2, effectiveFrom: '2027-01-01', effectiveTo: '2027-12-31' };
    const { packs } = worldWith(both, changed);
    expect([...packs.keys()]).toEqual([other.id, pack.id]);
    expect(packs.get(pack.id)).toMatchObject({ version: 2, effectiveFrom: '1900-01-01' });
    expect(packs.get(pack.id)).not.toHaveProperty('effectiveTo');
  });
});
