/** What keeps the pages quick while much arrives. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Gather } from '../../web/lib/gather.ts';
import { levelsOf } from '../../web/lib/marks.ts';

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
