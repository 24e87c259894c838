/** What keeps the pages quick while much arrives. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Gather } from '../../web/lib/gather.ts';
import { levelsOf } from '../../web/lib/marks.ts';
import { stretchesOf } from '../../web/lib/stretches.ts';

describe('a stream of live messages', () => {
  let passed: number[][];
  let isHidden: boolean;
  let gather: Gather<number>;

  beforeEach(() => {
    vi.useFakeTimers();
    passed = [];
    isHidden = false;
    gather = new Gather(
      (items) => passed.push(items),
      250,
      () => isHidden,
    );
  });
  afterEach(() => vi.useRealTimers());

  test('the first changes the page at once, the others together after a pause, in their order', () => {
    gather.take([1]);
    gather.take([2]);
    gather.take([3, 4]);
    expect(passed).toEqual([[1]]);
    vi.advanceTimersByTime(250);
    expect(passed).toEqual([[1], [2, 3, 4]]);
    gather.take([5]);
    expect(passed).toHaveLength(2);
    vi.advanceTimersByTime(250);
    expect(passed[2]).toEqual([5]);
  });

  test('after a silence nothing waits', () => {
    gather.take([1]);
    vi.advanceTimersByTime(1_000);
    gather.take([2]);
    expect(passed).toEqual([[1], [2]]);
  });

  test('nothing waits on a hidden page: its timers may be held back', () => {
    gather.take([1]);
    gather.take([2]);
    isHidden = true;
    gather.take([3]);
    expect(passed).toEqual([[1], [2, 3]]);
  });

  test('what waited when the connection was closed is forgotten', () => {
    gather.take([1]);
    gather.take([2]);
    gather.clear();
    vi.advanceTimersByTime(1_000);
    gather.take([3]);
    expect(passed).toEqual([[1], [3]]);
  });
});

test('signals that would lie upon each other on the time line are one mark of the worst level, and are all counted', () => {
  const mark = (at: number, kind: 'event' | 'notice' | 'serious' | 'warning') => ({ at, kind, id: `${at}-${kind}` });
  const { count, levels } = levelsOf(
    [mark(1, 'event'), mark(5, 'notice'), mark(9_000, 'serious'), mark(9_500, 'warning'), mark(31_000, 'warning')],
    30_000,
  );
  expect(count).toBe(4);
  expect(levels).toEqual([
    { at: 9_000, kind: 'serious' },
    { at: 31_000, kind: 'warning' },
  ]);
});

describe('a long list in stretches', () => {
  const list = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => ({ id: `case-${to - index}:over-promised` }));

  test('each row stands in one, in the order of the list', () => {
    const rows = list(0, 1_000);
    const stretches = stretchesOf(rows);
    expect(stretches.flatMap(({ items }) => items)).toEqual(rows);
    expect(stretches.map(({ from }) => rows[from]!.id)).toEqual(stretches.map(({ items }) => items[0]!.id));
    expect(new Set(stretches.map(({ key }) => key)).size).toBe(stretches.length);
    expect(stretches.length).toBeGreaterThan(10);
    expect(Math.max(...stretches.map(({ items }) => items.length))).toBeLessThanOrEqual(60);
  });

  test('what comes in at the head, and what is loaded at the end, leaves those between as they are', () => {
    const before = stretchesOf(list(100, 600));
    const after = stretchesOf(list(0, 650));
    for (const { key, items } of before.slice(1, -3))
      expect(after.find((each) => each.key === key)?.items, key).toEqual(items);
    // The first keeps its key too: its rows are the same pieces of the page, with others before them.
    expect(after.some((each) => each.key === before[0]!.key)).toBe(true);
  });

  test('an empty list has none', () => {
    expect(stretchesOf([])).toEqual([]);
  });
});
