import { describe, expect, test } from 'vitest';
import { senselessIn } from '../../hub/model/pack.ts';
import { inChinese } from '../../web/lib/reasons.ts';

describe('why the hub refuses, in Chinese', () => {
  test.each([
    ['unknown key', '没有这个字段。'],
    ['Invalid input: expected string, received undefined', '缺少这一项。'],
    ['Too big: expected array to have <=40 items', '最多 40 项。'],
    ['Invalid option: expected one of "notice"|"warning"', '应为下列之一：notice（提示）、warning（预警）。'],
    [
      'the signal is closed: only an issued signal is acknowledged',
      '信号的状态已经变化，不能再这样处理，请刷新后再看。',
    ],
    ['it was urged 20 times already', '已督办 20 次，不能再督办。'],
  ])('%s', (reason, expected) => expect(inChinese(reason)).toBe(expected));

  test('the mistakes that a pack’s own check finds are all known', () => {
    const rule = { id: 'a', when: 'stepMissing', message: { zh: '{mater}', en: '{mater}' } };
    const found = senselessIn({ rules: [rule, rule], effectiveFrom: '2026-02-01', effectiveTo: '2026-01-01' });
    expect(found.length).toBeGreaterThan(2);
    for (const { message } of found) expect(inChinese(message)).not.toBe(message);
  });

  test('what is not known stays as it was said', () => expect(inChinese('something new')).toBe('something new'));
});
