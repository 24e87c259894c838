import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  lengthOf,
  limitsOf,
  medianOf,
  offSeconds,
  sharedOf,
  unusual,
  usualLimits,
  type AttentionLimits,
  type WatchedDay,
} from '../../hub/model/attention.ts';
import { reasonWords, whyUnusual } from '../../hub/model/attentionWords.ts';
import { addDays, emptyCalendar, startOf } from '../../hub/model/calendar.ts';
import { decideAttention } from '../../hub/model/decideAttention.ts';
import { packSettings } from '../../hub/model/settings.ts';

const today = '2026-03-20';
const watched = (change: Partial<WatchedDay> = {}): WatchedDay => ({
  account: 'li',
  day: today,
  hall: 'hall-1',
  place: 'w1',
  window: 'w1',
  seconds: 120,
  outside: 0,
  off: 0,
  returns: 0,
  planned: true,
  evidence: 0,
  ...change,
});
/** Twelve windows on each of `days` days before today, each for `seconds`. */
const history = (days: number, seconds: number): WatchedDay[] =>
  Array.from({ length: days }, (_, back) => addDays(today, -1 - back)).flatMap((day) =>
    Array.from({ length: 12 }, (_, n) => watched({ day, place: `w${n + 1}`, window: `w${n + 1}`, seconds })),
  );
/** A wall of twelve windows side by side today. */
const wall = (change: Partial<WatchedDay>): WatchedDay[] =>
  Array.from({ length: 12 }, (_, n) => watched({ place: `w${n + 1}`, window: `w${n + 1}`, ...change }));

const judge = (days: WatchedDay[], limits: Partial<AttentionLimits> = {}, role = 'inspector'): string[] =>
  unusual(
    days,
    today,
    () => ({ ...usualLimits, ...limits }),
    () => role,
  ).map(({ id }) => id.replace(`:${today}:li`, ''));

describe('unusual attention (SC-29)', () => {
  const minute = 60;
  const cases: [string, WatchedDay[], string[]][] = [
    ['a usual day is not unusual', [...history(5, 120), ...wall({})], []],
    [
      'one window for six times the own median and a quarter of an hour is',
      [...history(5, 120), watched({ seconds: 16 * minute })],
      ['long:w1'],
    ],
    ['a quarter of an hour alone is not', [...history(5, 120), watched({ seconds: 15 * minute })], []],
    ['six times the median alone is not', [...history(5, 60), watched({ seconds: 10 * minute })], []],
    ['of a new colleague too little is known', [watched({ seconds: 3 * 3600 })], []],
    [
      'days that are long past are not compared with',
      [...history(1, 60).map((each) => ({ ...each, day: addDays(today, -61) })), watched({ seconds: 3600 })],
      [],
    ],
    // Honest long work.
    [
      'who watches every window for twenty minutes every day may go on',
      [...history(5, 20 * minute), watched({ seconds: 100 * minute })],
      [],
    ],
    [
      'a wall that is open the whole morning is no single window',
      [...history(3, 180), ...wall({ seconds: 3 * 3600 })],
      [],
    ],
    ['a long first day on the wall is none either', wall({ seconds: 4 * 3600, outside: 4 * 3600, returns: 1 }), []],
    ['a wall that goes round comes back to all windows', wall({ returns: 40, outside: 900, seconds: 900 }), []],
    ['a visit of many returns is a visit', [watched({ returns: 0, seconds: 800 })], []],
    // And what is not.
    [
      'the same window again and again, outside visits',
      [...wall({ returns: 1 }).slice(1), watched({ returns: 8 })],
      ['returns:w1'],
    ],
    ['seven times is not often', [...wall({ returns: 1 }).slice(1), watched({ returns: 7 })], []],
    ['two minutes out of hours', [watched({ off: 120 })], ['offHours:hall-1']],
    ['a minute out of hours is nothing', [watched({ off: 119 })], []],
    ['a wall out of hours is told once', wall({ off: 300 }), ['offHours:hall-1']],
    ['ten minutes without duty or visit', [watched({ planned: false, outside: 600 })], ['unplanned:hall-1']],
    ['a wall of nine minutes without either is not a hundred', wall({ planned: false, outside: 540 }), []],
    ['with a duty it is work', [watched({ planned: true, outside: 6000 })], []],
    ['evidence opened ten times', [watched({ evidence: 4 }), watched({ place: 'w2', evidence: 6 })], ['evidence']],
    ['evidence opened nine times', [watched({ evidence: 9 })], []],
    ['what was before the days that are judged', [watched({ day: '2026-03-19', off: 9000 })], []],
  ];
  it.each(cases)('%s', (_what, days, expected) => {
    expect(judge(days)).toEqual(expected);
  });

  it("is a matter of each person's own days", () => {
    const others = history(5, 60).map((each) => ({ ...each, account: 'zhao' }));
    expect(judge([...others, watched({ seconds: 3600 })])).toEqual([]);
    expect(judge([...history(5, 60), watched({ seconds: 3600 })])).toEqual(['long:w1']);
  });

  it("lets a hall's manager watch the own hall without duties", () => {
    const days = [watched({ planned: false, outside: 7200 })];
    expect(judge(days, {}, 'hallManager')).toEqual([]);
    expect(judge(days)).toEqual(['unplanned:hall-1']);
  });

  it('takes its limits from the pack, and what that leaves out as usual', () => {
    const settings = packSettings.parse({ attention: { article: 'art. 15', offMinutes: 60, evidence: 1 } });
    expect(limitsOf(settings)).toEqual({ ...usualLimits, offMinutes: 60, evidence: 1 });
    expect(limitsOf(undefined)).toEqual(usualLimits);
    expect(judge([watched({ off: 300, evidence: 1 })], limitsOf(settings))).toEqual(['evidence']);
    expect(packSettings.safeParse({ attention: { article: 'art. 15', longFactor: 1 } }).success).toBe(false);
  });

  it('is explained in words with its figures, in both languages', () => {
    const found = unusual(
      [
        ...history(5, 120),
        ...wall({ returns: 1 }).slice(2),
        watched({ place: 'w2', window: 'w2', returns: 12, off: 600, evidence: 11 }),
        watched({ seconds: 40 * minute }),
        watched({ hall: 'hall-2', place: 'w9', window: 'w9', planned: false, outside: 1500, seconds: 1500 }),
      ],
      today,
      () => usualLimits,
      () => 'inspector',
    );
    const long = found.find(({ id }) => id.endsWith('w1'))!;
    expect(whyUnusual(long, false)).toBe(
      'Watched this window for 40 min on the day; usual for the person is 2 min a window (median), and more than 15 min asks for an explanation.',
    );
    expect(whyUnusual(long, true)).toContain('40 分钟');
    expect(new Set(found.map(({ reason }) => reason))).toEqual(new Set(Object.keys(reasonWords)));
    for (const each of found)
      for (const isChinese of [true, false]) expect(whyUnusual(each, isChinese)).not.toMatch(/undefined|NaN|\{/);
  });
});

describe('the seconds of a stay', () => {
  const nine = (startOf(today) + 9 * 3_600_000) / 1000;
  const hall = { opens: 540, closes: 1020 };

  it('are out of hours before the hall opens and after it closes, with some grace', () => {
    const span = (hour: number, minutes: number) =>
      [[nine + (hour - 9) * 3600, nine + (hour - 9) * 3600 + minutes * 60]] as const;
    expect(offSeconds(span(10, 30), hall, emptyCalendar, 30)).toBe(0);
    expect(offSeconds(span(8.5, 30), hall, emptyCalendar, 30)).toBe(0);
    expect(offSeconds(span(8, 60), hall, emptyCalendar, 30)).toBe(1800);
    expect(offSeconds(span(17, 60), hall, emptyCalendar, 0)).toBe(3600);
    // Over midnight, into a Saturday.
    expect(offSeconds(span(23, 120), hall, emptyCalendar, 30)).toBe(7200);
  });

  it('are all out of hours on a day off, unless a duty is planned on it', () => {
    const saturday = nine + 86_400;
    expect(offSeconds([[saturday, saturday + 600]], hall, emptyCalendar, 30)).toBe(600);
    expect(offSeconds([[saturday, saturday + 600]], hall, emptyCalendar, 30, true)).toBe(0);
  });

  it('that two lists share are no more than either has', () => {
    const list = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 50 })), { maxLength: 8 }).map((pairs) => {
      let at = 0;
      return pairs.map(([gap, length]) => [(at += gap), (at += length)] as const);
    });
    fc.assert(
      fc.property(list, list, (one, other) => {
        const within = (spans: readonly (readonly [number, number])[], second: number) =>
          spans.some(([from, until]) => second >= from && second < until);
        let counted = 0;
        for (let second = 0; second < 900; second += 1) if (within(one, second) && within(other, second)) counted += 1;
        expect(sharedOf(one, other)).toBe(counted);
        expect(sharedOf(one, one)).toBe(lengthOf(one));
      }),
      { numRuns: 50 },
    );
  });

  it('have a median that no single long one moves', () => {
    expect(medianOf([])).toBeUndefined();
    expect(medianOf([1, 2, 1_000_000])).toBe(2);
    expect(medianOf([4, 1, 3, 2])).toBe(2.5);
  });
});

describe('an explanation', () => {
  const event = {
    kind: 'attention.explained' as const,
    id: 'e1',
    region: '510104',
    source: 'desk',
    occurredAt: 1,
    receivedAt: 2,
    position: 3,
    account: 'guan',
    name: '管',
    attention: `long:${today}:li:w1`,
    reason: 'long' as const,
    watcher: 'li',
    watcherName: '李',
    day: today,
    hall: 'hall-1',
    window: 'w1',
    note: '跟班培训',
  };

  it('stands in the ledger with who, whose and why', () => {
    expect(decideAttention(event)).toEqual({
      puts: [],
      ledger: [
        {
          region: '510104',
          at: 2,
          act: 'attention.explained',
          subject: event.attention,
          hall: 'hall-1',
          account: 'guan',
          facts: {
            name: '管',
            watcher: 'li',
            watcherName: '李',
            reason: 'long',
            day: today,
            window: 'w1',
            note: '跟班培训',
          },
        },
      ],
    });
  });

  it('of one’s own watching is refused', () => {
    expect(decideAttention({ ...event, account: 'li' }).refused).toMatchObject({ field: 'account' });
  });
});
