import { describe, expect, it } from 'vitest';
import type { Laid } from '../../hub/model/recording.ts';
import { correctionOf, dateOf, gapAt, placed, timeOf, type Fragment } from '../../web/lib/recordedTime.ts';

const at = Date.UTC(2026, 10, 20, 2);
/** Two seconds, a gap of five, and two seconds more, as a player lays them on its time line. */
const fragments: Fragment[] = [
  { start: 0, duration: 2, programDateTime: at },
  { start: 2, duration: 2, programDateTime: at + 7_000 },
];

describe('a moment on the time line of a player', () => {
  it.each([
    [at, 0],
    [at + 1_999, 1.999],
    [at + 7_500, 2.5],
    // Before, in the gap, and behind: no picture shows it.
    [at - 1, undefined],
    [at + 2_000, undefined],
    [at + 9_000, undefined],
  ])('%s stands at %s', (moment, time) => {
    const found = timeOf(fragments, moment);
    if (time === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(time, 6);
  });

  it('is what the place shows, also where rounding lands just before a fragment', () => {
    for (const moment of [at, at + 1_500, at + 7_000, at + 8_999])
      expect(dateOf(fragments, timeOf(fragments, moment)!)).toBeCloseTo(moment, 3);
    expect(dateOf(fragments, 1.9995)).toBeCloseTo(at + 6_999.5, 3);
    expect(dateOf(fragments, -1)).toBeUndefined();
  });

  it('is unknown where a playlist tells no time', () => {
    const untold = [{ start: 0, duration: 2, programDateTime: null }];
    expect([timeOf(untold, at), dateOf(untold, 1), timeOf([], at)]).toEqual([undefined, undefined, undefined]);
  });
});

describe('a picture that follows a moment', () => {
  it.each([
    [undefined, 'jump'],
    [at - 401, 'jump'],
    [at + 401, 'jump'],
    [at - 400, 1.1],
    [at - 61, 1.1],
    [at - 60, 1],
    [at + 60, 1],
    [at + 61, 0.9],
    [at + 400, 0.9],
  ] as const)('shows %s and does %s', (shown, what) => {
    expect(correctionOf(shown, at)).toBe(what);
  });
});

describe('what was not recorded', () => {
  it('is told from its first millisecond to before its last', () => {
    const gap = { from: at, to: at + 5_000, cause: 'offline' as const };
    const laid: Laid = { spans: [], gaps: [gap] };
    expect([at - 1, at, at + 4_999, at + 5_000].map((moment) => gapAt(laid, moment))).toEqual([
      undefined,
      gap,
      gap,
      undefined,
    ]);
    expect(gapAt(undefined, at)).toBeUndefined();
  });

  it('is drawn within the view, whatever of it lies outside', () => {
    const view = [at, at + 1_000] as const;
    expect(placed({ from: at + 250, to: at + 500 }, ...view)).toEqual({ left: 25, width: 25 });
    expect(placed({ from: at - 500, to: at + 500 }, ...view)).toEqual({ left: 0, width: 50 });
    expect(placed({ from: at + 900, to: at + 5_000 }, ...view)).toEqual({ left: 90, width: 10 });
    expect(placed({ from: at - 9, to: at - 1 }, ...view)).toEqual({ left: 0, width: 0 });
  });
});
