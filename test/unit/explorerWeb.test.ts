import { describe, expect, it, test } from 'vitest';
import { earlyRate, keepView, labelEvery, marksOf, queryOf, readViews, searchOf } from '../../web/lib/explorer.ts';
import { monthName } from '../../web/lib/time.ts';

describe('filters in the address', () => {
  it('come back as they were', () => {
    const search = '?text=E1&region=510104&hall=hall-1&status=completed&clock=late&from=2026-03-01&to=2026-03-31';
    expect(searchOf(queryOf(search))).toBe(search);
    expect(searchOf(queryOf(''))).toBe('');
    expect(searchOf(queryOf('?clock=late'), { lang: 'en' })).toBe('?clock=late&lang=en');
  });

  it('leave out what they cannot mean', () => {
    expect(searchOf(queryOf('?status=done&clock=red&from=2026-02-30&region=51&lang=en&text=%20'))).toBe('');
  });
});

describe('saved views', () => {
  it('are read back, and nothing is read from what somebody else wrote', () => {
    const views = keepView([], { name: ' 超期 ', search: '?clock=late' });
    expect(readViews(JSON.stringify(views))).toEqual([{ name: '超期', search: '?clock=late' }]);
    for (const text of [null, '', '{', '{}', '[1, null, {"name": 1}]']) expect(readViews(text)).toEqual([]);
    expect(readViews('[{"name":"a","search":"?clock=late&evil=1"}]')).toEqual([{ name: 'a', search: '?clock=late' }]);
  });

  it('replace their own name and stay few', () => {
    let views = keepView([], { name: 'a', search: '?clock=late' });
    views = keepView(views, { name: 'a', search: '?clock=open' });
    expect(views).toEqual([{ name: 'a', search: '?clock=open' }]);
    for (let n = 0; n < 30; n += 1) views = keepView(views, { name: `v${n}`, search: '' });
    expect(views).toHaveLength(20);
    expect(keepView([], { name: '  ', search: '' })).toEqual([]);
  });
});

describe('charts', () => {
  test.each([
    [0, [0]],
    [1, [0, 1]],
    [7, [0, 2, 4, 6, 8]],
    [100, [0, 50, 100]],
    [340, [0, 100, 200, 300, 400]],
  ])('marks up to %i', (most, marks) => {
    const found = marksOf(most);
    expect(found[0]).toBe(0);
    expect(found.at(-1)).toBeGreaterThanOrEqual(marks.at(-1)!);
    expect(found.length).toBeLessThanOrEqual(6);
    expect(new Set(found).size).toBe(found.length);
  });

  test('early-completion rate (FS-32)', () => {
    expect(earlyRate({ early: 684, completed: 1000 })).toBe(68.4);
    expect(earlyRate({ early: 1, completed: 3 })).toBe(33.3);
    expect(earlyRate({ early: 0, completed: 0 })).toBeUndefined();
  });

  test('labels do not touch', () => {
    expect(labelEvery(60, 44)).toBe(1);
    expect(labelEvery(20, 44)).toBe(3);
    expect(labelEvery(0, 44)).toBeGreaterThan(1);
  });

  test('months', () => {
    expect(monthName('2026-03', 'zh')).toBe('3月');
    expect(monthName('2026-03', 'en', true)).toBe('Mar 26');
    expect(monthName('2026-11', 'zh', true)).toBe('26年11月');
  });
});
