import { describe, expect, test } from 'vitest';
import type { Explanation, Signal } from '../../hub/model/state.ts';
import { dictionary } from '../../web/lib/dictionary.ts';
import { held, merge, worst } from '../../web/lib/merge.ts';
import { fits, mayOpen, pagesOf } from '../../web/lib/navigation.ts';
import { spanBetween, type Look } from '../../web/lib/span.ts';
import { stripOf } from '../../web/lib/strip.ts';
import { coverOf, type Camera } from '../../web/lib/tile.ts';
import { briefTime, clockTime, dayName, duration, minutesOfDay, ServerOffset, stopwatch } from '../../web/lib/time.ts';
import { starts } from '../../web/lib/turns.ts';
import { filled } from '../../web/lib/words.ts';

/** 2026-11-20 10:42:18 in Asia/Shanghai. */
const friday = Date.UTC(2026, 10, 20, 2, 42, 18);

describe('words', () => {
  test('every text has both languages with the same blanks', () => {
    const blanks = (text: string): string[] => [...text.matchAll(/\{(\w+)[|}]/g)].map((match) => match[1] ?? '').sort();
    for (const [key, [zh, en]] of Object.entries(dictionary)) {
      expect(zh.length, key).toBeGreaterThan(0);
      expect(en.length, key).toBeGreaterThan(0);
      expect(blanks(en), key).toEqual(blanks(zh));
    }
  });

  test('blanks are filled in', () => {
    const [inChinese, inEnglish] = dictionary['wall.windows'];
    expect(filled(dictionary['tile.stalled'][0], { n: 4 })).toBe('画面停滞 4 秒');
    expect(filled(dictionary['visit.need'][1], { verified: 8, needed: 10 })).toBe('8 verified, 10 needed');
    expect(filled(inEnglish, { n: 1 })).toBe('1 window');
    expect(filled(inEnglish, { n: 12 })).toBe('12 windows');
    expect(filled(inChinese, { n: 1 })).toBe('1 个窗口');
  });
});

describe('time', () => {
  test('is told in Asia/Shanghai', () => {
    expect(clockTime(friday)).toBe('10:42:18');
    expect(dayName('2026-11-20', 'zh')).toBe('11月20日 星期五');
    expect(dayName('2026-11-21', 'en')).toBe('Saturday 21 Nov');
    expect(minutesOfDay(545)).toBe('09:05');
  });

  test.each([
    [0, '0 秒', '0 s'],
    [-5_000, '0 秒', '0 s'],
    [252_000, '4 分 12 秒', '4 min 12 s'],
    [3_600_000, '1 小时', '1 h'],
    [3_605_000, '1 小时', '1 h'],
    [187_200_000, '2 天 4 小时', '2 d 4 h'],
  ])('%i ms is %s', (milliseconds, zh, en) => {
    expect(duration(milliseconds, 'zh')).toBe(zh);
    expect(duration(milliseconds, 'en')).toBe(en);
  });

  test('is as short as it can be without doubt', () => {
    expect(briefTime(friday - 3_600_000, friday)).toBe('09:42');
    expect(briefTime(friday - 48 * 3_600_000, friday)).toBe('11-18 10:42');
    expect(briefTime(friday - 400 * 86_400_000, friday)).toBe('2025-10-16');
    expect(stopwatch(372_000)).toBe('06:12');
    expect(stopwatch(3_849_000)).toBe('1:04:09');
  });

  test('an offset is believed only when the answers prove it', () => {
    const offset = new ServerOffset();
    offset.observe(10_000, 10_100, 10_200);
    expect(offset.value).toBe(0);
    // The server is one hour ahead: two answers, half a second apart, narrow it down to less than one second.
    const ahead = new ServerOffset();
    ahead.observe(3_610_000, 10_900, 10_950);
    ahead.observe(3_611_000, 11_050, 11_100);
    expect(Math.abs(ahead.value - 3_600_000)).toBeLessThan(150);
    // The server's clock was set back: the newest answer counts.
    ahead.observe(12_000, 12_100, 12_150);
    expect(Math.abs(ahead.value)).toBeLessThan(1_000);
  });
});

const signal = (id: string, position: number, over: Partial<Signal> = {}): Signal =>
  ({ id, position, issuedAt: position * 1000, level: 'notice', state: 'issued', ...over }) as Signal;
const newest = (each: Signal): number => each.issuedAt;

describe('lists', () => {
  test('a later position replaces an earlier one, never the other way round', () => {
    const list = merge([], [signal('a', 5), signal('b', 7)], newest, 10);
    expect(list.map((each) => each.id)).toEqual(['b', 'a']);
    const acknowledged = merge(list, [signal('a', 9, { state: 'acknowledged', issuedAt: 5000 })], newest, 10);
    expect(acknowledged.find((each) => each.id === 'a')?.state).toBe('acknowledged');
    const late = merge(acknowledged, [signal('a', 5)], newest, 10);
    expect(late.find((each) => each.id === 'a')?.state).toBe('acknowledged');
  });

  test('has a bound and keeps the newest', () => {
    const many = Array.from({ length: 50 }, (_, index) => signal(`s${index}`, index));
    expect(merge([], many, newest, 3).map((each) => each.id)).toEqual(['s49', 's48', 's47']);
  });

  test('holds still under the pointer: no row moves, each is shown as it is now', () => {
    const shown = [signal('b', 7), signal('a', 5)];
    const next = [signal('c', 9), signal('b', 10, { state: 'acknowledged' }), signal('a', 5)];
    const { rows, waiting } = held(shown, next);
    expect(rows.map((each) => each.id)).toEqual(['b', 'a']);
    expect(rows[0]?.state).toBe('acknowledged');
    expect(waiting).toBe(1);
  });

  test('the worst is the most serious, then the newest', () => {
    expect(
      worst([
        signal('a', 1, { level: 'warning' }),
        signal('b', 2, { level: 'serious' }),
        signal('c', 3, { level: 'serious' }),
      ])?.id,
    ).toBe('c');
    expect(worst([])).toBeUndefined();
  });
});

describe('what was watched', () => {
  const at = (clock: number, date: number | undefined, frames: number, playing = true): Look => ({
    at: clock,
    date,
    frames,
    playing,
  });

  test.each<[string, Look | undefined, Look, ReturnType<typeof spanBetween>]>([
    ['nothing has played yet', undefined, at(0, undefined, 0), undefined],
    ['the first look claims nothing', undefined, at(0, 5_000, 10), { from: 5_000, to: 5_000, frames: 0 }],
    ['steady playback', at(0, 5_000, 10), at(1_500, 6_500, 40), { from: 5_000, to: 6_500, frames: 30 }],
    ['a stalled picture', at(0, 5_000, 10), at(1_500, 5_000, 10), { from: 5_000, to: 5_000, frames: 0 }],
    ['a paused one', at(0, 5_000, 10), at(1_500, 5_400, 15, false), { from: 5_400, to: 5_400, frames: 5 }],
    [
      'time moved without a single frame',
      at(0, 5_000, 10),
      at(1_500, 6_500, 10),
      { from: 6_500, to: 6_500, frames: 0 },
    ],
    ['the picture went back', at(0, 5_000, 10), at(1_500, 4_000, 20), { from: 4_000, to: 4_000, frames: 10 }],
    [
      'a jump to the live edge is not watched',
      at(0, 5_000, 10),
      at(1_000, 65_000, 30),
      { from: 63_600, to: 65_000, frames: 20 },
    ],
  ])('%s', (_name, before, now, expected) => {
    const span = spanBetween(before, now);
    expect(span === undefined ? span : { ...span, from: Math.round(span.from) }).toEqual(expected);
  });
});

describe('the days of a deadline', () => {
  const explanation = (over: Partial<Explanation>): Explanation => ({
    unit: 'working',
    startedOn: '2026-11-17',
    limitDays: 5,
    dueOn: '2026-11-23',
    dueAt: Date.UTC(2026, 10, 23, 15, 59, 59, 999),
    excluded: [
      { day: '2026-11-21', reason: 'weekend' },
      { day: '2026-11-22', reason: 'weekend' },
    ],
    makeUp: [],
    suspensions: [],
    asOf: friday,
    overDays: 0,
    provisional: false,
    ...over,
  });

  test('each day is counted, left out, ahead or over', () => {
    const clock = { asOf: friday, statutory: explanation({}) };
    const kinds = stripOf(clock)?.cells.map((cell) => cell.kind);
    expect(kinds).toEqual(['counted', 'counted', 'counted', 'counted', 'weekend', 'weekend', 'ahead']);
    expect(stripOf(clock)?.cells.at(-1)?.statutory).toBe(true);
    expect(stripOf(clock)?.cells.find((cell) => cell.asOf)?.day).toBe('2026-11-20');
    const late = friday + 5 * 86_400_000;
    const over = stripOf({ asOf: late, statutory: explanation({ asOf: late }) });
    expect(over?.cells.slice(-2).map((cell) => cell.kind)).toEqual(['over', 'over']);
  });

  test('a deadline the source gave is not drawn as if it had been counted', () => {
    const given: Explanation = {
      unit: 'given',
      dueOn: '2026-11-23',
      dueAt: 1,
      excluded: [],
      makeUp: [],
      suspensions: [],
      asOf: friday,
      overDays: 0,
      provisional: false,
    };
    expect(stripOf({ asOf: friday, promised: given })).toBeUndefined();
  });

  test('a case of years keeps its first and its last days', () => {
    const late = friday + 900 * 86_400_000;
    const strip = stripOf({ asOf: late, statutory: explanation({ asOf: late }) });
    expect(strip?.cells).toHaveLength(62);
    expect(strip?.cells[0]?.day).toBe('2026-11-17');
    expect(strip?.cells.at(-1)?.asOf).toBe(true);
    expect(strip?.cut).toBeGreaterThan(800);
  });
});

describe('a tile', () => {
  const camera = (state?: NonNullable<Camera['status']>['state'], enabled = true): Camera =>
    ({
      id: 'c',
      hall: 'h',
      name: 'n',
      enabled,
      ...(state ? { status: { camera: 'c', region: '510104', hall: 'h', state, since: 1, position: 1 } } : {}),
    }) as Camera;
  const playing = { state: 'playing', delay: 900 } as const;

  test('shows its picture only while it plays', () => {
    expect(coverOf(camera('live'), playing)).toBeUndefined();
    expect(coverOf(camera('idle'), { state: 'starting' })).toMatchObject({ kind: 'dark', why: 'starting' });
    expect(coverOf(camera('live'), { state: 'stalled', since: 5, date: 1 })).toEqual({
      kind: 'grey',
      why: 'stalled',
      since: 5,
      date: 1,
    });
    expect(coverOf(camera('offline'), { state: 'reconnecting', attempt: 6 })).toMatchObject({
      kind: 'dark',
      why: 'camera',
    });
    expect(coverOf(undefined, playing)).toMatchObject({ why: 'noCamera' });
    expect(coverOf(camera('live', false), playing)).toMatchObject({ why: 'disabled' });
  });

  test('a frozen, black or covered camera is never shown as live, although its picture moves', () => {
    for (const state of ['frozen', 'black', 'covered'] as const)
      expect(coverOf(camera(state), playing)).toMatchObject({ why: 'camera' });
  });

  test('an H.265 camera that this browser cannot play says so, and plays where it can', () => {
    const hevc = camera('live');
    hevc.status!.codec = 'H.265';
    expect(coverOf(hevc, { state: 'reconnecting', attempt: 1 })).toEqual({ kind: 'dark', why: 'codec' });
    expect(coverOf(camera('live'), { state: 'reconnecting', attempt: 1 })).toMatchObject({ why: 'reconnecting' });
    expect(coverOf(hevc, playing)).toBeUndefined();
  });

  test('a picture that moves again is believed before the state that says offline', () => {
    expect(coverOf(camera('offline'), playing)).toBeUndefined();
  });
});

describe('starting tiles', () => {
  test('two at a time; a place that is given back is taken by the next; what is urgent waits for nobody', async () => {
    const begun: number[] = [];
    const turns = Array.from({ length: 5 }, (_, index) => {
      const turn = starts.start();
      void turn.begun.then(() => begun.push(index));
      return turn;
    });
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    const urgent = starts.start(true);
    await urgent.begun;
    urgent.end();
    turns[4]?.end();
    turns[0]?.end();
    turns[0]?.end();
    await Promise.resolve();
    await Promise.resolve();
    expect(begun).toContain(2);
    for (const turn of turns) turn.end();
    const after = starts.start();
    await after.begun;
    after.end();
  });
});

describe('navigation', () => {
  const who = (role: 'inspector' | 'hallManager' | 'administrator', permissions: string[], lacks: string[] = []) => ({
    me: { role },
    may: (permission: string) => permissions.includes(permission),
    has: (name: string) => !lacks.includes(name),
  });

  test('C-01: no page of a function that the region has not', () => {
    const inspector = who('inspector', ['signal.read', 'case.read'], ['statistics']);
    expect(pagesOf(inspector).map((page) => page.path)).toEqual(['/signals', '/cases']);
    expect(mayOpen(inspector, '/statistics')).toBe(false);
    const unseeing = who('inspector', ['patrol.visit', 'signal.read'], ['video']);
    expect(pagesOf(unseeing).map((page) => page.path)).toEqual(['/signals']);
  });

  test('shows only what may be opened', () => {
    const inspector = who('inspector', ['patrol.visit', 'signal.read', 'ledger.read', 'case.read']);
    expect(pagesOf(inspector).map((page) => page.path)).toEqual(['/', '/signals', '/cases', '/statistics', '/ledger']);
    const manager = who('hallManager', ['signal.read', 'case.read', 'video.watch']);
    expect(pagesOf(manager).map((page) => page.path)).toEqual(['/hall', '/signals', '/cases', '/statistics', '/mine']);
    const administrator = who('administrator', ['system.read']);
    expect(pagesOf(administrator).map((page) => page.path)).toEqual(['/system']);
    expect(mayOpen(administrator, '/case/510104:1')).toBe(false);
    expect(mayOpen(manager, '/case/510104:1')).toBe(true);
    expect(mayOpen(manager, '/')).toBe(false);
  });

  test('a path is of the page whose pattern it fits', () => {
    expect(fits('/finding/:id', '/finding/F-1')).toBe(true);
    expect(fits('/finding/:id', '/finding/')).toBe(false);
    expect(fits('/finding/:id', '/finding/F-1/more')).toBe(false);
    expect(fits('/findings', '/finding/F-1')).toBe(false);
    expect(fits('/', '/')).toBe(true);
  });

  test('SC-12: the draw is a page of those who have organs below', () => {
    const of = (level: 'province' | 'city' | 'county', permissions = ['patrol.visit']) => {
      const holder = who('inspector', permissions);
      return mayOpen({ ...holder, me: { ...holder.me, region: { level } } }, '/draw');
    };
    expect([of('province'), of('city'), of('county'), of('province', ['patrol.read'])]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
