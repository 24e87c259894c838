import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startOf } from '../../hub/model/calendar.ts';
import { bytesOf, chosenBy, faultsOf, mostDays, weightOf, type Candidate, type Draw } from '../../hub/model/draw.ts';
import { course } from '../bench/draw.ts';

const sha256 = (input: string | Uint8Array): string => createHash('sha256').update(input).digest('hex');
const seed = '5f'.repeat(32);
const candidates: Candidate[] = ['a', 'b', 'c', 'd', 'e', 'f'].map((hall, index) => ({ hall, days: index * 7 + 1 }));
const lot = { level: 'county' as const, count: 3, candidates };

describe('a draw', () => {
  it('is the recipe that is written down, step by step', () => {
    // Worked by hand from the recipe: weights 1, 8, 15, 22, 29, 36.
    const left = candidates.map(({ hall, days }) => ({ hall, weight: days }));
    const expected: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const sum = left.reduce((all, { weight }) => all + weight, 0);
      let rest = BigInt(`0x${sha256(`${seed} 2026-11-20:organ county ${n}`)}`) % BigInt(sum);
      for (const each of left) {
        if (rest < BigInt(each.weight)) {
          expected.push(each.hall);
          left.splice(left.indexOf(each), 1);
          break;
        }
        rest -= BigInt(each.weight);
      }
    }
    expect(chosenBy(sha256, { seed, draw: '2026-11-20:organ', ...lot })).toEqual(expected);
    // The same for ever: whoever changes this line changes what past draws are recomputed to.
    expect(expected).toEqual(['e', 'f', 'd']);
  });

  it('depends on seed, day and level, and not on the order of the candidates', () => {
    const chosen = (change: object) => chosenBy(sha256, { seed, draw: 'x', ...lot, ...change }).join('');
    expect(chosen({ candidates: [...candidates].reverse() })).toBe(chosen({}));
    const others = [{ seed: '60'.repeat(32) }, { draw: 'y' }, { level: 'city' }].map(chosen);
    expect(new Set([chosen({}), ...others]).size).toBeGreaterThan(1);
  });

  it('chooses so many, each once, whatever the weights', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,6}$/), { maxLength: 30 }),
        fc.infiniteStream(fc.integer({ min: -5, max: 1_000 })),
        fc.integer({ min: 1, max: 12 }),
        (halls, days, count) => {
          const chosen = chosenBy(sha256, {
            ...{ seed, draw: 'x', level: 'city', count },
            candidates: halls.map((hall) => ({ hall, days: days.next().value! })),
          });
          expect(chosen).toHaveLength(Math.min(count, halls.length));
          expect(new Set(chosen).size).toBe(chosen.length);
          for (const hall of chosen) expect(halls).toContain(hall);
        },
      ),
      { numRuns: 100 },
    );
    expect([weightOf(-3), weightOf(1), weightOf(9_999)]).toEqual([1, 1, mostDays]);
  });

  it('draws by weight: over many days a hall that waits four times as long comes about four times as often', () => {
    const two = [
      { hall: 'long', days: 40 },
      { hall: 'short', days: 10 },
    ];
    const days = Array.from(
      { length: 2_000 },
      (_, day) => chosenBy(sha256, { seed, draw: `${day}`, level: 'city', count: 1, candidates: two })[0],
    );
    const share = days.filter((hall) => hall === 'long').length / days.length;
    expect(share).toBeGreaterThan(0.76);
    expect(share).toBeLessThan(0.84);
  });
});

describe('the check of a published draw', () => {
  const id = '2026-11-20:organ';
  const dayStart = startOf('2026-11-20');
  const draw: Draw = {
    ...{ id, region: '510000', organ: 'organ', day: '2026-11-20', state: 'published', position: 1 },
    ...{ commitment: sha256(bytesOf(seed)), committedAt: dayStart - 3_600_000, seed, swaps: [] },
    lots: [{ ...lot, chosen: chosenBy(sha256, { seed, draw: id, ...lot }) }],
  };
  const what = (change: Partial<Draw>) => faultsOf(sha256, { ...draw, ...change }, dayStart).map((each) => each.what);

  it('finds nothing wrong with one that is right, and names what is', () => {
    const [first] = draw.lots;
    expect(what({})).toEqual([]);
    expect(what({ seed: '00'.repeat(32) })).toEqual(['commitment', 'chosen']);
    expect(what({ committedAt: dayStart })).toEqual(['committedLate']);
    expect(what({ lots: [{ ...first!, chosen: ['a', 'b', 'c'] }] })).toEqual(['chosen']);
    expect(what({ lots: [{ ...first!, candidates: candidates.map((each) => ({ ...each, days: 1 })) }] })).toEqual([
      'chosen',
    ]);
    const { seed: _, ...secret } = draw;
    expect(faultsOf(sha256, secret, dayStart)).toEqual([{ what: 'unpublished' }]);
  });

  it('hashes the bytes of the seed, as sha256sum does', () => {
    expect(bytesOf('00ff10')).toEqual(Uint8Array.of(0, 255, 16));
    expect(draw.commitment).toBe(createHash('sha256').update(Buffer.from(seed, 'hex')).digest('hex'));
  });
});

describe('a year of draws (SC-12)', () => {
  it.each([
    ['city', 21, 2],
    ['county', 183, 8],
  ] as const)(
    'covers each %s better than plain chance, and is foretold far less than going in turn',
    (level, halls, count) => {
      const [draw, rotation, chance] = (['draw', 'rotation', 'chance'] as const).map((way) =>
        course(way, level, halls, count, 250, 'a fixed seed'),
      );
      expect(draw!.never).toBe(0);
      expect(rotation!.longest).toBeLessThan(draw!.longest);
      expect(draw!.longest).toBeLessThan(chance!.longest * 0.75);
      expect(draw!.p95).toBeLessThan(chance!.p95);
      expect([rotation!.guessed, rotation!.surest]).toEqual([1, 1]);
      expect(draw!.guessed).toBeLessThan(0.25);
      expect(draw!.surest).toBeLessThan(0.35);
      expect(chance!.guessed).toBeLessThan(draw!.guessed);
    },
  );
});
