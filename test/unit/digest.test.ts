/** The canonical text decides whether two events are the same one; the fast ways to it must all give the same. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonical } from '../../hub/model/canonical.ts';
import { digestOf, digestOfText } from '../../hub/platform/digest.ts';

test.each<[what: string, value: unknown, text: string]>([
  ['keys in order already', { a: 1, b: { c: [2, null] } }, '{"a":1,"b":{"c":[2,null]}}'],
  [
    'keys out of order, within as well',
    { b: { d: 1, c: 2 }, a: [{ y: 1, x: 2 }] },
    '{"a":[{"x":2,"y":1}],"b":{"c":2,"d":1}}',
  ],
  ['keys that look like numbers', { '9': 1, '10': 2, a: 3 }, '{"10":2,"9":1,"a":3}'],
  [
    'a key that an object takes for its prototype',
    JSON.parse('{"b":1,"__proto__":{"a":1}}'),
    '{"__proto__":{"a":1},"b":1}',
  ],
  ['what is undefined', { b: undefined, a: [undefined] }, '{"a":[null]}'],
  ['texts', { a: '办件 "\\\n' }, '{"a":"办件 \\"\\\\\\n"}'],
  ['no object', 'a', '"a"'],
])('%s', (_, value, text) => {
  expect(canonical(value)).toBe(text);
  expect(digestOf(value)).toBe(createHash('sha256').update(text).digest('hex'));
  expect(digestOfText(text)).toBe(digestOf(value));
});

test('the order in which a sender wrote the keys changes nothing, a value does', () => {
  expect(digestOf({ id: 'a', at: 1 })).toBe(digestOf({ at: 1, id: 'a' }));
  expect(digestOf({ id: 'a', at: 1 })).not.toBe(digestOf({ at: 2, id: 'a' }));
});
