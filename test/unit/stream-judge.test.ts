import { describe, expect, it } from 'vitest';
import { changedBetween, HEIGHT, isDark, Judge, plainShare, WIDTH } from '../../stream/judge.ts';
import type { KeyPicture } from '../../stream/key.ts';
import { dueOf } from '../../stream/looks.ts';

type Grey = Uint8Array;

/** Numbers from 0 to 1 that are the same at every run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

const draw = (level: (x: number, y: number) => number): Grey =>
  Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) =>
    Math.max(0, Math.min(255, Math.round(level(at % WIDTH, Math.floor(at / WIDTH))))),
  );
/** A counter, roughly: things of different brightness. */
const scene = (x: number, y: number): number => 60 + ((Math.floor(x / 7) * 37 + Math.floor(y / 6) * 71) % 150);
const noisy = (level: (x: number, y: number) => number, amount: number, seed: number): Grey => {
  const roll = dice(seed);
  return draw((x, y) => level(x, y) + (roll() * 2 - 1) * amount);
};
/** The camera's name and clock, as most cameras write them into the picture. */
const written =
  (level: (x: number, y: number) => number, second = 0) =>
  (x: number, y: number): number =>
    y >= 4 && y < 9 && x >= 6 && x < 66 && (x * 7 + y * 3 + (x > 60 ? second : 0)) % 5 < 3 ? 240 : level(x, y);

const start = 1_800_000_000_000;
/** Looks at one picture a step, as the picture test does. */
function judged(pictures: Grey[], stepMs = 2000): { fault: string | undefined; since: number | undefined }[] {
  const judge = new Judge();
  return pictures.map((grey, index) => {
    judge.look(grey, start + index * stepMs);
    const { fault, since } = judge.judgement;
    return { fault, since: since && (since - start) / stepMs };
  });
}
const faults = (pictures: Grey[], stepMs?: number): (string | undefined)[] =>
  judged(pictures, stepMs).map(({ fault }) => fault);
const live = (index: number): Grey => noisy(scene, 3, index + 1);

describe('one picture', () => {
  it.each([
    ['nothing', draw(() => 0), true],
    ['nothing under noise', noisy(() => 8, 6, 1), true],
    ['nothing but the camera’s name and clock', draw(written(() => 4)), true],
    ['a dim room', draw((x, y) => scene(x, y) / 4), false],
    ['a room', draw(scene), false],
  ])('is black or not: %s', (_, grey, black) => {
    expect(isDark(grey)).toBe(black);
  });

  it.each([
    ['a hand', noisy((x, y) => 90 + x / 8 + y / 9, 5, 1), true],
    [
      'a hand, under name and clock',
      noisy(
        written((x) => 90 + x / 8),
        5,
        1,
      ),
      true,
    ],
    ['paper in the light', noisy((x, y) => 180 + x / 6 + y / 4, 2, 2), true],
    ['a room', draw(scene), false],
    ['a room in bad light', draw((x, y) => 40 + scene(x, y) / 4), false],
    ['a white wall above the counter', draw((x, y) => (y < 50 ? 200 : scene(x, y))), false],
  ])('is covered or not: %s', (_, grey, covered) => {
    expect(plainShare(grey) >= 0.75).toBe(covered);
  });
});

describe('a camera', () => {
  it('is well as long as something moves, or the sensor makes noise', () => {
    const still = Array.from({ length: 60 }, (_, index) => live(index));
    expect(new Set(faults(still))).toEqual(new Set([undefined]));
    expect(new Set(faults(still, 10_000))).toEqual(new Set([undefined]));
  });

  it('is frozen when the same picture is seen three times within 2.5 s or more, counted from the last that was another', () => {
    const pictures = [live(0), live(1), live(1), live(1), live(1), live(2)];
    expect(judged(pictures)).toEqual([
      { fault: undefined, since: 0 },
      { fault: undefined, since: 0 },
      { fault: undefined, since: 0 },
      { fault: 'frozen', since: 0 },
      { fault: 'frozen', since: 0 },
      { fault: undefined, since: 5 },
    ]);
    // A quiet counter may look the same twice, and a camera may send a picture twice.
    expect(new Set(faults([live(0), live(1), live(1), live(2), live(2), live(3)]))).toEqual(new Set([undefined]));
    expect(new Set(faults([live(0), live(1), live(1), live(1), live(2)], 1000))).toEqual(new Set([undefined]));
  });

  it('is frozen although its clock goes on', () => {
    const pictures = [0, 1, 2, 3].map((second) => draw(written(scene, second)));
    expect(changedBetween(pictures[0]!, pictures[1]!)).toBeGreaterThan(0);
    expect(faults(pictures)).toEqual([undefined, undefined, 'frozen', 'frozen']);
  });

  it.each([
    ['black', draw(() => 0)],
    ['covered', noisy((x) => 90 + x / 8, 5, 9)],
  ] as const)('is %s when seen so twice, counted from the last good picture', (fault, bad) => {
    expect(judged([live(0), live(1), bad, live(2), bad, bad, bad, live(3), live(4)])).toEqual([
      { fault: undefined, since: 0 },
      { fault: undefined, since: 0 },
      // A flash of it is none.
      { fault: undefined, since: 0 },
      { fault: undefined, since: 0 },
      { fault: undefined, since: 0 },
      { fault, since: 3 },
      { fault, since: 3 },
      { fault: undefined, since: 7 },
      { fault: undefined, since: 7 },
    ]);
  });

  it('that is black now and covered then is not well', () => {
    const [black, hand] = [draw(() => 0), noisy((x) => 40 + x / 8, 5, 9)];
    expect(faults([live(0), black, hand, black, live(1)])).toEqual([
      undefined,
      undefined,
      'covered',
      'black',
      undefined,
    ]);
  });

  it('that is black or covered from the beginning is so from its first picture on', () => {
    const black = draw(() => 0);
    // However late it was looked at: nothing before was seen to be good.
    const judge = new Judge();
    for (const at of [start + 30_000, start + 31_000]) judge.look(black, at);
    expect(judge.judgement).toEqual({ fault: 'black', since: 0 });
  });

  it('that sends the same bytes is frozen without another look, but only if it was seen to be a picture', () => {
    const send = (grey: Grey): (string | undefined)[] => {
      const judge = new Judge();
      judge.arrived(start, undefined, false, false);
      judge.look(grey, start);
      return [1, 2, 3, 4].map((second) => {
        judge.arrived(start + second * 1000, start + (second - 1) * 1000, true, true);
        return judge.judgement.fault;
      });
    };
    expect(send(live(0))).toEqual([undefined, undefined, 'frozen', 'frozen']);
    expect(send(draw(() => 0))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('that sends the same bytes is frozen since the last that were others', () => {
    const judge = new Judge();
    for (const second of [0, 1, 2, 3, 4, 5, 6]) {
      const before = second === 0 ? undefined : start + (second - 1) * 1000;
      judge.arrived(start + second * 1000, before, second > 2, false);
      if (second % 2 === 0) judge.look(live(Math.min(second, 2)), start + second * 1000);
    }
    // The third picture is the one that repeats: the camera may have frozen right after the second.
    expect(judge.judgement).toEqual({ fault: 'frozen', since: start + 1000 });
  });

  it('is not judged for as long as it may be frozen, black or covered, and never for less than before', () => {
    const [dark, seconds] = [draw(() => 0), (at: number | undefined) => at && (at - start) / 2000];
    const until = (pictures: Grey[]): (number | undefined)[] => {
      const judge = new Judge();
      return pictures.map((grey, index) => {
        judge.look(grey, start + index * 2000);
        return seconds(judge.settledAt);
      });
    };
    expect(until([live(0), live(1), live(1), live(2), live(2), live(2), live(2), live(3)])).toEqual([
      ...[0, 1, 1, 3, 3, 3, 3, 7],
    ]);
    expect(until([live(0), dark, live(1), dark, dark, live(2)])).toEqual([0, 0, 2, 2, 2, 5]);
    expect(until([dark, dark])).toEqual([undefined, undefined]);
  });

  it('wants a closer look while something may be wrong', () => {
    const judge = new Judge();
    expect(judge.wantsMore).toBe(true);
    judge.look(live(0), start);
    expect(judge.wantsMore).toBe(false);
    judge.arrived(start + 1000, start, false, true);
    expect(judge.wantsMore).toBe(true);
    judge.arrived(start + 2000, start + 1000, false, false);
    judge.look(
      draw(() => 0),
      start + 2000,
    );
    expect(judge.wantsMore).toBe(true);
  });
});

describe('the next looks', () => {
  const unseen: KeyPicture = { init: Buffer.alloc(0), fragment: Buffer.alloc(0), at: 0 };
  const camera = (name: string, ago: number, more: { wantsMore?: boolean; unseen?: undefined } = {}) => ({
    ...{ name, lookedAt: start - ago, wantsMore: false, unseen },
    ...more,
  });

  it('are at what may be wrong, then at who waited longest, and at nothing that was seen', () => {
    const cameras = [
      camera('well', 2_000),
      camera('longer', 3_000),
      camera('just now', 1_000),
      camera('wrong', 600, { wantsMore: true }),
      camera('seen', 9_000, { unseen: undefined }),
      // Nobody waits for ever because others may be wrong.
      camera('forgotten', 5_000),
    ];
    expect(dueOf(cameras, 2_000, start).map(({ name }) => name)).toEqual(['forgotten', 'wrong', 'longer', 'well']);
  });
});
