import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../stream/doorFlow.ts';
import { Window, type Pictures } from '../../stream/window.ts';

const init = Buffer.alloc(10);

/** A picture that shows a tenth of a second from its number on. */
const picture = (number: number, size: number, key = false): Pictures => ({
  bytes: Buffer.alloc(size, number),
  at: number * 100,
  duration: 0.1,
  key,
});

function setUp(bounds = { credit: 100, waiting: 300 }) {
  const sent: Pictures[] = [];
  let inits = 0;
  const flow = new Flow({ init: () => inits++, pictures: (each) => sent.push(each) }, bounds);
  const numbers = (): number[] => sent.map(({ at }) => at / 100);
  return { flow, sent, numbers, inits: () => inits };
}

describe('pictures on their way to one viewer', () => {
  it('begin with a key picture and its initialization section', () => {
    const { flow, numbers, inits } = setUp();
    flow.take(picture(1, 10), init);
    expect([numbers(), inits()]).toEqual([[], 0]);
    flow.take(picture(2, 20, true), init);
    flow.take(picture(3, 10), init);
    expect([numbers(), inits()]).toEqual([[2, 3], 1]);
    const other = Buffer.alloc(12);
    flow.take(picture(4, 20, true), other);
    expect([numbers(), inits()]).toEqual([[2, 3, 4], 2]);
  });

  it('wait beyond the credit until they are acknowledged, in their order', () => {
    const { flow, numbers } = setUp();
    flow.take(picture(0, 50, true), init);
    for (const number of [1, 2, 3]) flow.take(picture(number, 20), init);
    expect(numbers()).toEqual([0, 1, 2]);
    expect(flow.took(60)).toEqual([{ from: 0, to: 100 }]);
    expect(numbers()).toEqual([0, 1, 2, 3]);
    expect(flow.took(120)).toEqual([{ from: 100, to: 400 }]);
  });

  it('count as shown only what was acknowledged whole, and a gap as one', () => {
    const { flow } = setUp({ credit: 1_000, waiting: 1_000 });
    flow.take(picture(0, 50, true), init);
    flow.take(picture(1, 50), init);
    flow.take({ ...picture(9, 50), at: 930 }, init);
    expect(flow.took(109)).toEqual([{ from: 0, to: 100 }]);
    expect(flow.took(160)).toEqual([
      { from: 100, to: 200 },
      { from: 930, to: 1030 },
    ]);
  });

  it('refuse a viewer that claims more than was sent, or takes back what it said', () => {
    const { flow } = setUp();
    flow.take(picture(0, 50, true), init);
    expect(flow.took(61)).toBeUndefined();
    expect(flow.took(60)).toEqual([{ from: 0, to: 100 }]);
    expect(flow.took(59)).toBeUndefined();
  });

  it('skip to the next key picture for a viewer that stays behind', () => {
    const { flow, numbers } = setUp({ credit: 100, waiting: 1_000 });
    flow.take(picture(0, 80, true), init);
    for (let number = 1; number <= 8; number++) flow.take(picture(number, 30), init);
    flow.take(picture(9, 80, true), init);
    flow.take(picture(10, 10), init);
    expect(flow.skipped).toBe(8);
    flow.took(90);
    expect(numbers()).toEqual([0, 9, 10]);
  });

  it('let a key picture travel alone that is larger than the credit', () => {
    const { flow, numbers } = setUp();
    flow.take(picture(0, 250, true), init);
    flow.take(picture(1, 10), init);
    expect(numbers()).toEqual([0]);
    flow.took(260);
    expect(numbers()).toEqual([0, 1]);
  });

  it('never hold more than their bounds, never come out of order, and go on after a gap with a key picture', () => {
    const step = fc.record({
      size: fc.integer({ min: 1, max: 90 }),
      key: fc.boolean(),
      take: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { flow, sent } = setUp();
        let taken = 0;
        steps.forEach(({ size, key, take }, number) => {
          flow.take(picture(number, size, key), init);
          expect(flow.held).toBeLessThanOrEqual(100 + 300 + 90);
          const all = sent.reduce((sum, { bytes }) => sum + bytes.length, sent.length > 0 ? init.length : 0);
          expect(all - taken).toBeLessThanOrEqual(100);
          taken += Math.floor((all - taken) * take);
          expect(flow.took(taken)).toBeDefined();
        });
        sent.forEach(({ at, key }, index) => {
          const before = sent[index - 1]?.at ?? -Infinity;
          expect(at).toBeGreaterThan(before);
          if (at - before > 100) expect(key).toBe(true);
        });
      }),
    );
  });
});

describe('a viewer that comes late', () => {
  const piece = (number: number, key = false) => ({ ...picture(number, 10, key), broken: false });

  it('begins with all there is since the newest key picture, then hears of each as it comes', () => {
    const window = new Window();
    window.begin(init);
    expect(window.fromKey).toBeUndefined();
    for (let number = 0; number < 15; number++) window.add(piece(number, number % 10 === 0));
    const begin = window.fromKey!;
    expect(begin.init).toBe(init);
    expect(begin.pictures[0]).toMatchObject({ key: true });
    expect(Math.round(begin.pictures[0]!.at)).toBe(1_000);
    const bytes = Buffer.concat(begin.pictures.map((each) => each.bytes));
    expect([...bytes].filter((_, index) => index % 10 === 0)).toEqual([10, 11, 12, 13, 14]);
    const heard: number[] = [];
    const stop = window.follow(({ at }, section) => {
      expect(section).toBe(init);
      heard.push(at);
    });
    window.add(piece(15));
    stop();
    window.add(piece(16));
    expect(heard).toEqual([1_500]);
  });

  it('begins with nothing of a run before', () => {
    const window = new Window();
    window.begin(init);
    window.add(piece(0, true));
    window.begin(Buffer.alloc(11));
    expect(window.fromKey).toBeUndefined();
  });
});
