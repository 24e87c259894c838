/** The quick yes to an event may never say more than the schema does. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { caseEvent } from '../../hub/model/event.ts';
import { takeQuickly, testOf } from '../../hub/model/quick.ts';

const received = {
  kind: 'case.received',
  id: 'e-1',
  region: '510104',
  source: 'desk',
  casefile: 'C-1',
  window: '窗口3',
  matter: 'm-1',
  occurredAt: Date.UTC(2026, 10, 2),
  applicant: { name: '某某公司', class: 'enterprise' },
};
const cases: [what: string, input: unknown, quick: boolean][] = [
  ['as it is', received, true],
  ['without what is optional', { ...received, window: undefined, applicant: undefined }, false],
  ['a key that is not of its kind', { ...received, outcome: 'approved' }, false],
  ['a key within that would be left out', { ...received, applicant: { ...received.applicant, phone: '1' } }, false],
  ['a class that is not known', { ...received, applicant: { name: '甲', class: 'group' } }, false],
  ['a time in words, which is turned', { ...received, occurredAt: '2026-11-02T09:00:00+08:00' }, false],
  ['a time before all', { ...received, occurredAt: 0 }, false],
  ['a time with a fraction', { ...received, occurredAt: received.occurredAt + 0.5 }, false],
  ['no source, which is filled in', { ...received, source: undefined }, false],
  ['an id with a blank', { ...received, id: 'e 1' }, false],
  ['an empty id', { ...received, id: '' }, false],
  ['an id that is too long', { ...received, id: 'e'.repeat(81) }, false],
  ['a region of five digits', { ...received, region: '51010' }, false],
  ['a control character', { ...received, handler: 'a\u0000' }, false],
  ['half a surrogate pair', { ...received, note: 'a\ud800' }, false],
  ['a kind that is not known', { ...received, kind: 'case.lost' }, false],
  ['a key of the prototype', JSON.parse('{"kind":"case.received","__proto__":{"id":"x"}}'), false],
  ['a list', [received], false],
  ['nothing', null, false],
];

test.each(cases)('%s', (_, input, quick) => {
  expect(takeQuickly(input) !== undefined).toBe(quick);
  // Where it says yes, the schema gives the same value back.
  if (quick) expect(caseEvent.parse(input)).toEqual(input);
});

test('says yes to a plain event of every kind that the schema takes unchanged, and to nothing that it refuses', () => {
  const values: unknown[] = ['x', '510104', received.occurredAt, 3, 'approved', 'person', true, null, '', {}, 12.5];
  let yes = 0;
  for (const option of caseEvent.options) {
    const kind = option.shape.kind.value;
    const plain: Record<string, unknown> = { ...received, kind };
    for (const name of Object.keys(plain)) if (!(name in option.shape)) delete plain[name];
    // What this kind needs beyond that: the first value the schema takes.
    for (const [name, field] of Object.entries(option.shape as Record<string, z.ZodType>)) {
      if (name in plain || field.safeParse(undefined).success) continue;
      plain[name] = values.find((value) => field.safeParse(value).success);
    }
    const isTaken = caseEvent.safeParse(plain).success;
    expect(takeQuickly(plain) !== undefined, kind).toBe(isTaken);
    if (isTaken) yes += 1;
    for (const name of Object.keys(option.shape))
      for (const value of values) {
        const changed = { ...plain, [name]: value };
        const result = caseEvent.safeParse(changed);
        if (takeQuickly(changed)) expect(result.success && result.data, `${kind}.${name}`).toEqual(changed);
      }
  }
  expect(yes).toBeGreaterThan(12);
});

test('a text of a format, and one that is trimmed, is left to the schema', () => {
  expect(testOf(z.string().trim())(' a')).toBe(false);
  expect(testOf(z.string().trim())('a')).toBe(true);
  expect(testOf(z.iso.date())('2026-02-30')).toBe(false);
  expect(testOf(z.strictObject({ a: z.int() }).refine(({ a }) => a > 1))({ a: 2 })).toBe(false);
});
