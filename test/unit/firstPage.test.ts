import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { root } from '../support/tree.ts';

const web = join(root, 'dist/web');
/** Bytes of JavaScript after gzip until an inspector's desk is there, as `npm test` has built it. */
const most = 120_000;

it('the first page stays small: a slow line opens it in a moment', async () => {
  const page = await readFile(join(web, 'index.html'), 'utf8');
  const [entry] = /(?<=src="\/assets\/)[\w.-]+\.js/.exec(page)!;
  const read = (name: string): Promise<string> => readFile(join(web, 'assets', name), 'utf8');
  const sizes = new Map<string, number>();
  /** A file with everything it imports at once; what it imports later is named in brackets. */
  async function take(name: string): Promise<void> {
    if (sizes.has(name)) return;
    sizes.set(name, 0);
    const text = await read(name);
    sizes.set(name, gzipSync(text).length);
    for (const [, each] of text.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) await take(each!);
  }
  await take(entry);
  const texts = (await Promise.all([...sizes.keys()].map(read))).join('\n');
  const [desk] = /(?<=\.\/)Desk-[\w-]+\.js/.exec(texts)!;
  await take(desk);
  // One language is loaded; the larger one counts.
  const words = new Set([...texts.matchAll(/(?<=\.\/)first-(?:zh|en)-[\w-]+\.js/g)].map(([name]) => name));
  expect(words.size).toBe(2);
  const inEach = await Promise.all([...words].map(async (name) => gzipSync(await read(name)).length));
  sizes.set('words', Math.max(...inEach));
  const total = [...sizes.values()].reduce((sum, each) => sum + each, 0);
  expect(sizes.size, 'the files were not found').toBeGreaterThan(5);
  expect(total, JSON.stringify([...sizes])).toBeGreaterThan(most / 2);
  expect(total, JSON.stringify([...sizes])).toBeLessThanOrEqual(most);
});
