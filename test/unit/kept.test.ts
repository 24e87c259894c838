import { expect, test } from 'vitest';
import { Kept } from '../../hub/serve/kept.ts';

test('whoever asks the same a little later gets the same answer, and another one after its time', async () => {
  const kept = new Kept<number>(1_000, 10);
  let asked = 0;
  const ask = (key: string, now: number) => kept.get(key, now, () => Promise.resolve((asked += 1)));
  expect(await ask('a', 0)).toBe(1);
  expect(await ask('a', 999)).toBe(1);
  expect(await ask('b', 999)).toBe(2);
  expect(await ask('a', 1_000)).toBe(3);
  expect(await ask('b', 1_000)).toBe(2);
});

test('a failure is not the answer for the next', async () => {
  const kept = new Kept<string>(1_000, 10);
  await expect(kept.get('a', 0, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await kept.get('a', 1, () => Promise.resolve('there'))).toBe('there');
});

test('so many answers are held and no more', async () => {
  const kept = new Kept<number>(1_000, 2);
  for (const key of ['a', 'b', 'c']) await kept.get(key, 0, () => Promise.resolve(1));
  expect(await kept.get('c', 1, () => Promise.resolve(2))).toBe(1);
  expect(await kept.get('a', 1, () => Promise.resolve(2))).toBe(2);
});
