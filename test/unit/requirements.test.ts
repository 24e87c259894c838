import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packShape } from '../../hub/model/pack.ts';
import { packSettings } from '../../hub/model/settings.ts';
import { root } from '../support/tree.ts';

/** `YJ 1-32` is YJ-01 … YJ-32. */
const numbers = [
  'YJ 1-32',
  'XY 1-27',
  'XY 30-33',
  'XY 41-42',
  'XY 51-70',
  'XY 81-84',
  'FS 1-45',
  'JY 1-25',
  'QT 1-25',
  'KF 1-10',
  'SZ 1-69',
  'SC 4-15',
  'SC 17-19',
  'SC 21-23',
  'SC 29-30',
].flatMap((each) => {
  const [, region, from, to] = /^(\w+) (\d+)-(\d+)$/.exec(each)!;
  return Array.from(
    { length: Number(to) - Number(from) + 1 },
    (_, index) => `${region}-${String(Number(from) + index).padStart(2, '0')}`,
  );
});

const rows = readFileSync(join(root, 'test/requirements.md'), 'utf8')
  .split('\n')
  .map((line) => /^\| ([A-Z]{2}-\d+) +\| (.+?) +\| (.+?) +\|$/.exec(line))
  .filter((each) => each !== null)
  .map(([, number, asked, shown]) => ({ number: number!, asked: asked!, shown: shown! }));

const parts = { ...packShape.shape, ...packSettings.shape };

describe('the table of requirements', () => {
  it('holds every number once and in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(numbers);
  });

  it.each(rows)('$number names what shows it', ({ shown }) => {
    const cited = [...shown.matchAll(/`((?:unit|contract|integration|e2e)\/\w+)` “([^”]+)”/g)];
    for (const [, file, title] of cited)
      expect(readFileSync(join(root, `test/${file}.test.ts`), 'utf8'), file).toContain(title!.replaceAll("'", "\\'"));
    const settings = [...shown.matchAll(/\*\*setting\*\* `(\w+)`/g)].map(([, name]) => name!);
    for (const name of settings) expect(Object.keys(parts)).toContain(name);
    const said = /\*\*not software\*\*/.test(shown) || /\*\*not built\*\*: \S/.test(shown);
    expect(cited.length + settings.length > 0 || said, 'a test, a setting, or why there is none').toBe(true);
  });
});
