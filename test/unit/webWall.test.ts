import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CameraStatus } from '../../hub/model/state.ts';
import { bufferOf, rateOf } from '../../web/lib/buffer.ts';
import { coverOf, qualityOf, whyOf, type Camera } from '../../web/lib/tile.ts';
import { inTurn, requests, starts } from '../../web/lib/turns.ts';
import { choiceFrom, isVerifying, modeAt, modesAt, neighbour, pageOf, sideOf, type Place } from '../../web/lib/wall.ts';

const windows = Array.from({ length: 20 }, (_, index) => ({ id: `w${index + 1}` }));

describe('the wall', () => {
  test.each([
    [390, [1, 4]],
    [1024, [1, 4, 9]],
    [1440, [1, 4, 9, 13, 16]],
  ])('a page %i wide has room for %j', (width, expected) => {
    expect(modesAt(width)).toEqual(expected);
  });

  test('begins with what the screen is made for, and takes less where a choice finds no room', () => {
    expect([390, 1024, 1440].map((width) => modeAt(width, undefined))).toEqual([1, 9, 13]);
    expect([390, 1024, 1440].map((width) => modeAt(width, 16))).toEqual([4, 9, 16]);
    expect(modeAt(390, 1)).toBe(1);
  });

  test('the page is the one that holds the focused window', () => {
    expect(pageOf(windows, 9, 'w10')).toMatchObject({ index: 1, count: 3 });
    expect(pageOf(windows, 9, 'w10').shown.map(({ id }) => id)).toEqual(windows.slice(9, 18).map(({ id }) => id));
    expect(pageOf(windows, 16, 'w20').shown).toHaveLength(4);
    expect(pageOf(windows, 1, 'w7').shown).toEqual([{ id: 'w7' }]);
    expect(pageOf(windows, 4, 'gone')).toMatchObject({ index: 0, count: 5 });
    expect(pageOf([], 4, undefined)).toEqual({ index: 0, count: 0, shown: [] });
  });

  test('a page stays while a window on it can still be verified', () => {
    const shown = [{ id: 'w1' }, { id: 'w2' }];
    const view = (window: string, verified: boolean, problem?: 'camera' | 'hidden') => ({
      ...{ window, verified, seconds: 1 },
      ...(problem ? { problem } : {}),
    });
    expect(isVerifying(shown, undefined)).toBe(true);
    expect(isVerifying(shown, [view('w1', true), view('w2', false)])).toBe(true);
    expect(isVerifying(shown, [view('w1', true), view('w2', false, 'hidden')])).toBe(true);
    expect(isVerifying(shown, [view('w1', true), view('w2', false, 'camera'), view('w3', false)])).toBe(false);
  });

  test('a small hall fills a smaller square', () => {
    expect([1, 4, 9, 13, 16].map((mode) => sideOf(mode as 1, 12))).toEqual([1, 2, 3, 4, 4]);
    expect([4, 9, 13, 16].map((mode) => sideOf(mode as 4, 4))).toEqual([2, 2, 3, 2]);
    expect(sideOf(16, 1)).toBe(1);
  });

  describe('arrows', () => {
    const tile = (id: string, left: number, top: number, size = 1): Place => ({
      id,
      left: left * 106,
      top: top * 66,
      width: 100 * size + 6 * (size - 1),
      height: 60 * size + 6 * (size - 1),
    });
    // One large and some beside and below it, as with thirteen.
    const places = [
      tile('big', 0, 0, 2),
      ...[tile('a', 2, 0), tile('b', 3, 0), tile('c', 2, 1), tile('d', 3, 1)],
      ...[tile('e', 0, 2), tile('f', 1, 2), tile('g', 2, 2), tile('h', 3, 2), tile('i', 0, 3)],
    ];
    test.each([
      ['big', 'right', 'a'],
      ['big', 'down', 'e'],
      ['big', 'left', undefined],
      ['a', 'left', 'big'],
      ['c', 'left', 'big'],
      ['a', 'down', 'c'],
      ['h', 'up', 'd'],
      ['f', 'up', 'big'],
      ['h', 'right', undefined],
      ['i', 'down', undefined],
      // Nothing is in line there: what lies that way at all is better.
      ['h', 'down', 'i'],
      ['e', 'down', 'i'],
      ['gone', 'down', 'big'],
    ] as const)('from %s %s to %s', (from, direction, expected) => {
      expect(neighbour(places, from, direction)).toBe(expected);
    });
  });

  test('what a person chose is taken back only when it is one of ours', () => {
    expect(choiceFrom('{"mode":16,"every":30}')).toEqual({ mode: 16, every: 30 });
    expect(choiceFrom('{"mode":7,"every":"30"}')).toEqual({});
    for (const text of [null, '', 'null', '[1]', '{', '"x"']) expect(choiceFrom(text)).toEqual({});
  });
});

describe('a player keeps no more than', () => {
  test('its seconds, and of a heavy stream its bytes', () => {
    expect(bufferOf('plain', 60_000)).toEqual({ ahead: 12, behind: 4 });
    const heavy = bufferOf('plain', 750_000);
    expect((heavy.ahead + heavy.behind) * 750_000).toBeLessThanOrEqual(6_500_000);
    expect(bufferOf('live', 100_000_000)).toEqual({ ahead: 4, behind: 1 });
  });
});

describe('a plain tile', () => {
  test.each([
    [1_800, 1, 0.94],
    [4_000, 0.94, 0.94],
    [4_300, 0.94, 1],
    [4_000, 1, 1],
    [5_900, 1, 1],
    [6_500, 1, 1.08],
    [5_500, 1.08, 1.08],
    [4_900, 1.08, 1],
  ])('%i ms behind at rate %d plays at %d', (delay, rate, expected) => {
    expect(rateOf(delay, rate)).toBe(expected);
  });
});

describe('a tile', () => {
  const camera = (status: Partial<CameraStatus>, enabled = true): Camera =>
    ({
      ...{ id: 'c', hall: 'h', name: 'n', enabled },
      status: { camera: 'c', region: '510104', hall: 'h', state: 'live', since: 1, position: 1, ...status },
    }) as Camera;

  test('a picture that moves and is long behind is not live', () => {
    expect(coverOf(camera({}), { state: 'playing', delay: 4_000 })).toBeUndefined();
    expect(coverOf(camera({}), { state: 'playing', delay: 15_500 })).toEqual({
      kind: 'grey',
      why: 'late',
      delay: 15_500,
    });
  });

  test('a camera that was switched off says so at once, with the reason, whatever still plays', () => {
    const off = camera({ state: 'disabled', detail: '窗口装修' }, false);
    expect(coverOf(off, { state: 'playing', delay: 900 })).toEqual({
      kind: 'dark',
      why: 'disabled',
      reason: '窗口装修',
    });
  });

  test.each([
    ['Connection to [address] failed: Connection refused', 'refused'],
    ['the camera refuses the connection', 'refused'],
    ['the camera refuses the user or the password (401)', 'password'],
    ['the camera asks for a user and a password', 'password'],
    ['the camera knows no stream of this path (404)', 'path'],
    ['there is no way to the camera', 'unreachable'],
    ['the name of the camera is not known', 'unreachable'],
    ['Server returned 401 Unauthorized (authorization failed)', 'password'],
    ['method DESCRIBE failed: 404 Not Found', 'path'],
    ['Connection to [address] failed: No route to host', 'unreachable'],
    ['Connection timed out', 'noAnswer'],
    ['it does not answer as a camera, or sends no picture', 'noAnswer'],
    ['no picture came', 'silent'],
    ['moov atom at 0x44', undefined],
  ])('offline: “%s” is %s', (detail, why) => {
    expect(whyOf(camera({ state: 'offline', detail }).status!)).toBe(why);
  });

  test('asks for the small picture where it is small, and for H.264 where H.265 does not play', () => {
    expect(qualityOf(camera({ codec: 'H.264' }), 'plain', false)).toBe('sub');
    expect(qualityOf(camera({ codec: 'H.264' }), 'live', false)).toBe('main');
    expect(qualityOf(camera({ codec: 'H.265' }), 'plain', false)).toBe('h264');
    expect(qualityOf(camera({ codec: 'H.265' }), 'live', true)).toBe('main');
  });
});

describe('requests of tiles', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** As much of a request as its turn is decided by. */
  class Request extends EventTarget {
    readyState = 0;
  }

  test('four at a time beside two that start; one that is given up or hangs holds nobody up', async () => {
    const sent: number[] = [];
    const all = Array.from({ length: 7 }, (_, index) => {
      const request = new Request();
      void inTurn(request).then(() => {
        sent.push(index);
        // The fifth was given up while it waited.
        if (index !== 4) request.readyState = 1;
      });
      return request;
    });
    const start = [starts.start(), starts.start(), starts.start()];
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([0, 1, 2, 3]);
    all[1]?.dispatchEvent(new Event('loadend'));
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([0, 1, 2, 3, 4]);
    await vi.advanceTimersByTimeAsync(60);
    expect(sent).toEqual([0, 1, 2, 3, 4, 5]);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const turn of start) turn.end();
    for (const request of all) request.dispatchEvent(new Event('loadend'));
    const after = requests.start();
    await after.begun;
    after.end();
  });
});
