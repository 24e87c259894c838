import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  freshFor,
  intersect,
  measure,
  union,
  verifySeconds,
  without,
  type Span,
  type Watched,
} from '../../hub/model/verify.ts';
import { factsOf, resultOf } from '../../hub/model/visitResult.ts';

const start = Date.UTC(2026, 10, 20, 1);
const policy = { secondsPerWindow: 10, share: 0.8 };

/** One camera watched for `seconds` by a report every two seconds, six seconds behind the wall clock. */
function watched(seconds: number, change: Partial<Watched> = {}): Watched {
  const reports = Array.from({ length: seconds / 2 }, (_, index) => {
    const from = start + index * 2_000;
    return {
      session: 's',
      camera: 'c',
      page: 'p',
      proven: true,
      from,
      to: from + 2_000,
      visible: true,
      width: 320,
      height: 180,
      frames: 50,
      at: from + 8_000,
    };
  });
  return {
    windows: ['w'],
    cameras: [{ id: 'c', window: 'w' }],
    startedAt: start,
    asOf: start + seconds * 1000 + 6_000,
    deliveries: [{ session: 's', camera: 'c', from: start, to: start + seconds * 1000 }],
    reports,
    cameraStates: [{ camera: 'c', state: 'live', at: start - 60_000 }],
    policy,
    ...change,
  };
}

const only = (input: Watched) => {
  const result = verifySeconds(input);
  return {
    seconds: result.views[0]?.seconds,
    problem: result.problems.get('w'),
    verified: result.verified,
    needed: result.needed,
  };
};

describe('verified seconds', () => {
  it('do not count what nobody judged the picture of yet, nor what came after the last good picture', () => {
    const judged = (until: number): Partial<Watched> => ({ judgedUntil: new Map([['c', start + until]]) });
    expect(only(watched(20, judged(14_500)))).toMatchObject({ seconds: 14.5, verified: 1 });
    expect(only(watched(20, judged(0)))).toMatchObject({ seconds: 0, verified: 0 });
    expect(only(watched(20, judged(60_000)))).toMatchObject({ seconds: 20 });
    // Said at the end, but true since second 12.
    const cameraStates = [
      { camera: 'c', state: 'live', at: start - 60_000 },
      { camera: 'c', state: 'frozen', at: start + 12_000 },
    ] as const;
    expect(only(watched(20, { cameraStates }))).toMatchObject({ seconds: 12 });
  });

  it('count what all three witnesses agree on', () => {
    expect(only(watched(20))).toEqual({ seconds: 20, problem: undefined, verified: 1, needed: 1 });
    expect(only(watched(8))).toMatchObject({ seconds: 8, verified: 0 });
  });

  const table: [string, Partial<Watched>, string][] = [
    [
      'nothing delivered to this session',
      { deliveries: [{ session: 'other', camera: 'c', from: start, to: start + 20_000 }] },
      'notDelivered',
    ],
    ['nothing reported', { reports: [] }, 'notReported'],
    [
      'a hidden page',
      { reports: watched(20).reports.map((each) => ({ ...each, visible: false, frames: 0 })) },
      'hidden',
    ],
    ['a tile too small to see', { reports: watched(20).reports.map((each) => ({ ...each, width: 119 })) }, 'small'],
    ['no frame presented', { reports: watched(20).reports.map((each) => ({ ...each, frames: 0 })) }, 'stalled'],
    [
      'pictures that the page does not prove to have',
      { reports: watched(20).reports.map((each) => ({ ...each, proven: false })) },
      'notDelivered',
    ],
    ['a paused picture', { reports: watched(20).reports.map((each) => ({ ...each, to: each.from })) }, 'stalled'],
    [
      'a tile below the size that the pack wants',
      { policy: { ...policy, smallestTile: { width: 400, height: 68 } } },
      'small',
    ],
    [
      'old programme time',
      { reports: watched(20).reports.map((each) => ({ ...each, from: each.from - 60_000, to: each.to - 60_000 })) },
      'stale',
    ],
    ['a frozen camera', { cameraStates: [{ camera: 'c', state: 'frozen', at: start - 1 }] }, 'camera'],
    ['a black camera', { cameraStates: [{ camera: 'c', state: 'black', at: start - 1 }] }, 'camera'],
  ];
  it.each(table)('are none with %s', (_, change, problem) => {
    expect(only(watched(20, change))).toMatchObject({ seconds: 0, verified: 0, problem });
  });

  it('leave out the time a camera was dark', () => {
    const cameraStates = [
      { camera: 'c', state: 'live' as const, at: start - 60_000 },
      { camera: 'c', state: 'stalled' as const, at: start + 4_000 },
      { camera: 'c', state: 'live' as const, at: start + 10_000 },
    ];
    expect(only(watched(20, { cameraStates }))).toMatchObject({ seconds: 14, verified: 1 });
  });

  it('count two tabs, two cameras of a window and replayed beacons once', () => {
    const one = watched(20);
    const second = { session: 't', camera: 'd' };
    const twice = watched(20, {
      cameras: [...one.cameras, { id: 'd', window: 'w' }],
      reports: [...one.reports, ...one.reports, ...one.reports.map((each) => ({ ...each, ...second }))],
      deliveries: [...one.deliveries, ...one.deliveries.map((each) => ({ ...each, ...second }))],
    });
    expect(only(twice).seconds).toBe(20);
  });

  it('need the share of the windows, rounded up', () => {
    const windows = ['w', 'x', 'y'];
    expect(only(watched(20, { windows }))).toMatchObject({ verified: 1, needed: 3 });
  });
});

describe('seconds that did not count', () => {
  const lostOf = (change: Partial<Watched>) => verifySeconds(watched(20, change)).views[0]?.lost;
  const some = (from: number, to: number, change: object): Watched['reports'] =>
    watched(20).reports.map((each, index) => (index >= from && index < to ? { ...each, ...change } : each));

  it('are told by cause, on the clock of the server', () => {
    // The first report came eight seconds after the start and speaks of two of them.
    expect(lostOf({})).toEqual({ notReported: 6 });
    const reports = some(2, 5, { visible: false }).map((each, index) => (index >= 8 ? { ...each, width: 1 } : each));
    expect(lostOf({ reports })).toEqual({ notReported: 6, hidden: 6, small: 4 });
    expect(lostOf({ reports: some(0, 10, { frames: 0 }) })).toEqual({ notReported: 6, stalled: 20 });
    expect(lostOf({ reports: [] })).toEqual({ notReported: 26 });
  });

  it('are the camera’s where it showed nothing, whatever the page said', () => {
    const cameraStates = (['live', 'black', 'live', 'frozen', 'offline'] as const).map((state, index) => ({
      camera: 'c',
      state,
      at: start + index * 5_000,
    }));
    expect(lostOf({ cameraStates })).toEqual({ black: 5, frozen: 5, offline: 6, notReported: 5 });
  });

  it('are not lost where another tab had them right, and two tabs are no faster than the clock', () => {
    const hidden = watched(20).reports.map((each) => ({ ...each, page: 'q', visible: false }));
    const reports = [...watched(20).reports, ...hidden];
    expect(lostOf({ reports })).toEqual({ notReported: 6 });
    const both = verifySeconds(watched(20, { reports: [...reports, ...reports] }));
    expect(both.views[0]).toMatchObject({ seconds: 20 });
    expect(both.watched).toBe(20);
  });

  it('are those a tablet slept: neither counted nor claimed', () => {
    const awake = watched(20).reports.filter((_, index) => index < 3 || index >= 7);
    const result = verifySeconds(watched(20, { reports: awake }));
    expect(result.views[0]).toMatchObject({ seconds: 12, verified: true });
    // A page that wakes may say at most what it was silent for before a report is expected.
    expect(result.views[0]!.lost!.notReported).toBeGreaterThanOrEqual(6);
  });

  it('never exceed the visit, however fast frames are said to pass', () => {
    const reports = watched(20).reports.map((each) => ({
      ...each,
      from: start - 60_000,
      to: start + 60_000,
      frames: 1e6,
    }));
    const deliveries = [{ session: 's', camera: 'c', from: start - 60_000, to: start + 60_000 }];
    expect(only(watched(20, { reports, deliveries })).seconds).toBeLessThanOrEqual(26);
  });
});

describe('a visit as a whole', () => {
  const view = { window: 'w', camera: 'c', seconds: 12, verified: false };
  const thresholds = { share: 1, secondsPerWindow: 10, wholeVisit: 60 };

  it('counts when the windows and the visit were watched for long enough', () => {
    expect(resultOf({ views: [view], watched: 60 }, ['w'], thresholds)).toMatchObject({ counts: true, verified: 1 });
    expect(resultOf({ views: [view], watched: 59.9 }, ['w'], thresholds)).toMatchObject({ counts: false, verified: 1 });
    const short = { ...view, seconds: 9.9 };
    expect(resultOf({ views: [short], watched: 90 }, ['w'], thresholds)).toMatchObject({ counts: false, verified: 0 });
    expect(resultOf({ views: [view] }, ['w'], { share: 1, secondsPerWindow: 10 })).toMatchObject({ counts: true });
  });

  it('says how many reports counted nothing, those of strangers apart', () => {
    expect(factsOf({ watched: 12, refused: { replayed: 2, altered: 1, foreign: 4 } })).toEqual({
      watched: 12,
      refused: 3,
      refusedForeign: 4,
    });
    expect(factsOf({})).toEqual({});
  });
});

const span = fc
  .tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 60 }))
  .map(([from, length]): Span => ({ from, to: from + length }));
const spans = fc.array(span, { maxLength: 20 });
/** The same by counting milliseconds one by one. */
const points = (list: readonly Span[]) => {
  const set = new Set<number>();
  for (const each of list) for (let at = each.from; at < each.to; at += 1) set.add(at);
  return set;
};

describe('spans', () => {
  it('union, intersection and difference are those of the sets of moments', () => {
    fc.assert(
      fc.property(spans, spans, (a, b) => {
        const [ua, ub] = [union(a), union(b)];
        const [pa, pb] = [points(a), points(b)];
        expect(measure(ua)).toBe(pa.size);
        expect(points(intersect(ua, ub))).toEqual(new Set([...pa].filter((at) => pb.has(at)).sort((x, y) => x - y)));
        expect(points(without(ua, ub))).toEqual(new Set([...pa].filter((at) => !pb.has(at)).sort((x, y) => x - y)));
        expect(union([...ua, ...a])).toEqual(ua);
      }),
    );
  });
});

describe('properties', () => {
  const session = fc.constantFrom('s', 't');
  const camera = fc.constantFrom('c', 'd');
  const moment = fc.integer({ min: start - 30_000, max: start + 120_000 });
  const stretch = fc
    .record({ session, camera, from: moment, length: fc.integer({ min: -5_000, max: 90_000 }) })
    .map(({ length, ...each }) => ({ ...each, to: each.from + length }));
  const report = fc
    .record({
      span: stretch,
      page: fc.constantFrom('p', 'q'),
      proven: fc.boolean(),
      visible: fc.boolean(),
      width: fc.integer({ min: 100, max: 400 }),
      height: fc.integer({ min: 60, max: 200 }),
      frames: fc.integer({ min: 0, max: 3 }),
      at: moment,
    })
    .map(({ span: each, ...rest }) => ({ ...each, ...rest }));
  const turn = fc.record({
    camera,
    state: fc.constantFrom('live' as const, 'frozen' as const, 'offline' as const),
    at: moment,
  });
  const world = fc.record({
    asOf: moment,
    deliveries: fc.array(stretch, { maxLength: 12 }),
    reports: fc.array(report, { maxLength: 12 }),
    cameraStates: fc.array(turn, { maxLength: 6 }),
  });
  const whole = (each: Pick<Watched, 'asOf' | 'deliveries' | 'reports' | 'cameraStates'>): Watched => ({
    ...each,
    windows: ['w', 'x'],
    cameras: [
      { id: 'c', window: 'w' },
      { id: 'd', window: 'x' },
    ],
    startedAt: start,
    policy,
  });

  it('never exceed what was delivered, reported, or elapsed, and repeats add nothing', () => {
    fc.assert(
      fc.property(world, (each) => {
        const input = whole(each);
        const result = verifySeconds(input);
        for (const view of result.views) {
          const of = <T extends { camera: string }>(list: readonly T[]) =>
            list.filter((item) => item.camera === view.camera);
          expect(view.seconds * 1000).toBeLessThanOrEqual(measure(union(of(input.deliveries))));
          expect(view.seconds * 1000).toBeLessThanOrEqual(
            measure(union(of(input.reports).filter((item) => item.visible && item.frames > 0 && item.proven))),
          );
          expect(view.seconds * 1000).toBeLessThanOrEqual(Math.max(0, input.asOf - start));
        }
        const again = whole({
          ...each,
          reports: [...each.reports, ...each.reports],
          deliveries: [...each.deliveries, ...each.deliveries],
        });
        expect(verifySeconds(again).views).toEqual(result.views);
      }),
      { numRuns: 500 },
    );
  });

  it('never count a moment older than the freshness before the visit', () => {
    fc.assert(
      fc.property(world, (each) => {
        const early = {
          ...each,
          reports: each.reports.map((item) => ({ ...item, from: start - freshFor - 60_000, to: start - freshFor })),
        };
        for (const view of verifySeconds(whole(early)).views) expect(view.seconds).toBe(0);
      }),
    );
  });
});
