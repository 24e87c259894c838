import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesOf, chosenBy, type DrawLot } from '../../hub/model/draw.ts';
import type { BoardRegion, DrawDay, DrawView } from '../../hub/model/drawApi.ts';
import { chanceOf, drawnHalls, othersFor, ownDraw } from '../../web/lib/draw.ts';
import { checkDraw } from '../../web/lib/drawCheck.ts';
import { completionOf, gap, groupsOf, layout, percent, percentOf, shortName } from '../../web/lib/drawMap.ts';
import { root } from '../support/tree.ts';

/** The 21 divisions of Sichuan below the province, by GB/T 2260. */
const cities = [
  '01',
  '03',
  '04',
  '05',
  '06',
  '07',
  '08',
  '09',
  '10',
  '11',
  '13',
  '14',
  '15',
  '16',
  '17',
  '18',
  '19',
  '20',
]
  .map((each) => `51${each}00`)
  .concat('513200', '513300', '513400');
const counties = Array.from(
  { length: 183 },
  (_, index) => `51${String(100 + Math.floor(index / 9)).slice(1)}${20 + index}`,
);

const sizes = [
  ['a phone', 340],
  ['a tablet', 690],
  ['a desk', 780],
  ['a wall', 1600],
] as const;

/** Where a tile lies on the page, CSS pixels. */
function placesOf(codes: readonly string[], width: number) {
  const { columns, rows, tiles } = layout(codes, width);
  const wide = (width - (columns - 1) * gap) / columns;
  const high = 52;
  return {
    columns,
    rows,
    boxes: tiles.map(({ code, column, row }) => ({
      code,
      left: (column - 1) * (wide + gap),
      top: (row - 1) * (high + gap),
      right: (column - 1) * (wide + gap) + wide,
      bottom: (row - 1) * (high + gap) + high,
    })),
  };
}

describe.each(sizes)('the tile map on %s', (_, width) => {
  test.each([
    ['21 cities', cities],
    ['183 counties', counties],
    ['three cities', ['510100', '510400', '511500']],
    ['21 cities and three that are not known', [...cities, '519900', '519800', '519700']],
    ['one', ['510104']],
  ])('%s: every one once, none over another, none beyond the page, each for a finger', (_, codes) => {
    const { boxes, rows } = placesOf(codes, width);
    expect(boxes.map(({ code }) => code).sort()).toEqual([...codes].sort());
    for (const [index, one] of boxes.entries()) {
      expect([one.left >= 0, one.right <= width + 0.01, one.right - one.left >= 44]).toEqual([true, true, true]);
      for (const other of boxes.slice(index + 1)) {
        const isApart =
          one.right + gap <= other.left + 0.01 ||
          other.right + gap <= one.left + 0.01 ||
          one.bottom + gap <= other.top + 0.01 ||
          other.bottom + gap <= one.top + 0.01;
        if (!isApart) throw new Error(`${one.code} and ${other.code} touch at ${width} px`);
      }
    }
    expect(rows).toBe(new Set(boxes.map(({ top }) => top)).size);
  });

  test('the same whatever order they come in; three cities stand in one row where there is room', () => {
    const place = (codes: readonly string[]) =>
      Object.fromEntries(layout(codes, width).tiles.map(({ code, column, row }) => [code, [column, row]]));
    expect(place([...cities].reverse())).toEqual(place(cities));
    expect(layout(['510100', '510400', '511500'], width)).toMatchObject({ columns: 3, rows: 1 });
  });
});

test('Sichuan lies as it lies: Ganzi west of Chengdu, Panzhihua south of Liangshan, Bazhong in the north-east', () => {
  const place = new Map(layout(cities, 780).tiles.map((tile) => [tile.code, tile]));
  expect(place.get('513300')!.column).toBeLessThan(place.get('510100')!.column);
  expect(place.get('510400')!.row).toBeGreaterThan(place.get('513400')!.row);
  expect([place.get('511900')!.row, place.get('511900')!.column]).toEqual([1, 6]);
  // Long names need more than a finger does.
  expect([layout(cities, 340).columns, layout(cities, 340, 70).columns, layout(cities, 780, 70).columns]).toEqual([
    6, 3, 6,
  ]);
  expect(layout([], 780)).toEqual({ columns: 1, rows: 0, tiles: [] });
});

describe('what a tile says', () => {
  const progress = { required: 10, done: 4, running: 0, missed: 0, couldNot: 0 };
  const region = (code: string, level: BoardRegion['level'], parent?: string): BoardRegion => ({
    ...{ code, level, name: code, places: [], ...progress },
    ...(parent === undefined ? {} : { parent }),
  });

  test('what is lost comes before how far it is; not whole is never a hundred', () => {
    const named = [
      [{ required: 0, done: 0 }, 'none'],
      [{ done: 0 }, 'waiting'],
      [{ done: 0, running: 1 }, 'running'],
      [{}, 'running'],
      [{ couldNot: 1 }, 'blind'],
      [{ couldNot: 1, missed: 1 }, 'missed'],
      [{ done: 10 }, 'done'],
    ] as const;
    for (const [what, expected] of named) expect(completionOf({ ...progress, ...what })).toBe(expected);
    expect(percentOf({ required: 1000, done: 999 })).toBe(99);
    expect(percentOf({ required: 0, done: 0 })).toBeUndefined();
    expect([percent(0), percent(0.004), percent(0.25)]).toEqual(['0%', '< 1%', '25%']);
  });

  test('a city is its own organ and its counties together', () => {
    const groups = groupsOf([
      region('510100', 'city', '510000'),
      region('510400', 'city', '510000'),
      region('510104', 'county', '510100'),
      region('510107', 'county', '510100'),
    ]);
    expect(
      groups.map(({ region: { code }, progress, counties }) => [code, progress.required, counties.length]),
    ).toEqual([
      ['510100', 30, 2],
      ['510400', 10, 0],
    ]);
  });

  test('long names are cut to what people say', () => {
    const names = [
      '阿坝藏族羌族自治州',
      '甘孜藏族自治州',
      '凉山彝族自治州',
      '北川羌族自治县',
      '成都市',
      '米易县',
      '锦江区',
    ];
    expect(names.map(shortName)).toEqual(['阿坝', '甘孜', '凉山', '北川', '成都', '米易县', '锦江区']);
  });
});

describe('a draw on its page', () => {
  const sha256 = (input: string | Uint8Array): string => hash('sha256', input, 'hex');
  const seed = '5a'.repeat(32);
  const id = '2026-11-20:organ-510000';
  const halls = (level: string) =>
    ['a', 'b', 'c', 'd'].map((name, index) => ({ hall: `${level}-${name}`, days: 1 + 3 * index }));
  const lot = (level: DrawLot['level'], count: number): DrawLot => {
    const candidates = halls(level);
    return { level, count, candidates, chosen: chosenBy(sha256, { seed, draw: id, level, count, candidates }) };
  };
  const draw: DrawView = {
    ...{
      id,
      region: '510000',
      organ: 'organ-510000',
      organName: '四川省监察厅',
      day: '2026-11-20',
      state: 'published',
    },
    ...{ commitment: sha256(bytesOf(seed)), committedAt: Date.parse('2026-11-19T08:00:00+08:00'), seed },
    ...{ lots: [lot('city', 2), lot('county', 1)], swaps: [], faults: [] },
  };

  test('is recomputed in the browser as the hub does, and what was changed is found', () => {
    expect(checkDraw(draw)).toEqual([]);
    expect(checkDraw({ ...draw, seed: '5b'.repeat(32) }).map(({ what }) => what)).toContain('commitment');
    const [first, second] = draw.lots as [DrawLot, DrawLot];
    const forged = { ...draw, lots: [{ ...first, chosen: [...first.chosen].reverse() }, second] };
    expect(checkDraw(forged).map(({ what }) => what)).toEqual(['chosen']);
    expect(checkDraw({ ...draw, committedAt: Date.parse('2026-11-20T00:00:00+08:00') })[0]?.what).toBe('committedLate');
  });

  test('tells each hall’s chance at the first drawing; together they are one', () => {
    const chances = halls('city').map(({ hall }) => chanceOf(draw.lots![0]!, hall));
    expect(chances).toEqual([1 / 22, 4 / 22, 7 / 22, 10 / 22]);
    expect(chanceOf(draw.lots![0]!, 'city-z')).toBe(0);
  });

  test('a swap leads elsewhere and is told; only candidates where nobody goes may be taken', () => {
    const [one, two] = draw.lots![0]!.chosen as [string, string];
    const rest = halls('city')
      .map(({ hall }) => hall)
      .filter((hall) => hall !== one && hall !== two);
    const duty = `${id}:${one}`;
    const swap = { duty, from: one, to: rest[0]!, reason: '停电', account: 'li', name: '李', at: 1 };
    const duties: DrawDay['duties'] = [
      { id: duty, hall: rest[0]!, drawnHall: one, draw: id, state: 'planned', done: 0, required: 1, maySwap: true },
    ];
    const rows = drawnHalls({ ...draw, swaps: [swap] }, duties, undefined);
    expect(rows.map(({ level, hall }) => [level, hall])).toEqual([
      ['city', rest[0]],
      ['city', two],
      ['county', draw.lots![1]!.chosen[0]],
    ]);
    expect(rows[0]).toMatchObject({ drawn: one, swap: { reason: '停电' }, duty: { maySwap: true }, findings: 0 });
    expect(othersFor(draw, rows[0]!, rows)).toEqual([one, rest[1]].sort());
    // Another organ's draw has no duties of one's own.
    expect(drawnHalls(draw, [], undefined).every(({ duty }) => duty === undefined)).toBe(true);
  });

  test('the own organ’s comes first, else one that is told', () => {
    const { lots: _, ...secret } = { ...draw, organ: 'organ-510100' };
    const day: DrawDay = { day: draw.day, draws: [secret, draw], duties: [], halls: {} };
    expect(ownDraw(day, 'organ-510100')).toBe(secret);
    expect(ownDraw(day, undefined)).toBe(draw);
    expect(ownDraw({ ...day, draws: [] }, undefined)).toBeUndefined();
  });
});

test('the regions of the demonstration stand on the map', () => {
  const codes = [
    ...readFileSync(join(root, 'seeds/regions.yaml'), 'utf8').matchAll(/code: '(51\d\d00)',\s+level: city/g),
  ];
  expect(codes.length).toBe(3);
  expect(codes.every(([, code]) => cities.includes(code!))).toBe(true);
});
