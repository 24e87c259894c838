import { describe, expect, it } from 'vitest';
import type { Event } from '../../hub/model/event.ts';
import { layOut, shiftFrom, type Gap, type Laid, type Span } from '../../hub/model/recording.ts';
import { folderOf, idOf, pathOf, readStamp, stampOf } from '../../stream/recording/files.ts';
import { recordedPlaylist } from '../../stream/recording/playlist.ts';
import { Play } from '../support/play.ts';
import { smallWorld } from '../support/world.ts';

const at = Date.parse('2026-11-20T09:14:59.250+08:00');

describe('a file of recordings', () => {
  it('stands under its camera, its day in Shanghai and its ten minutes', () => {
    expect(pathOf('cam-1', at, 1_763_600_000_000_001)).toBe('cam-1/20261120/0910-hd56nl73sx.mp4');
    const late = Date.parse('2026-11-19T16:00:00Z');
    expect(pathOf('cam-1', late, 36 ** 8)).toBe('cam-1/20261120/0000-100000000.mp4');
    expect(pathOf('cam-1', late - 1, 36 ** 8)).toBe('cam-1/20261119/2350-100000000.mp4');
  });

  it('tells its id by its name', () => {
    expect(idOf('0910-hd56nl73sx.mp4')).toBe(1_763_600_000_000_001);
    expect(idOf('0910-1.mp4')).toBeUndefined();
    expect(idOf('notes.txt')).toBeUndefined();
  });

  it('never leaves its folder, whatever the camera is called', () => {
    for (const id of ['../../etc/passwd', 'a/b', '..', '中'.repeat(80), 'x'.repeat(80), 'a:b@c'])
      expect(folderOf(id)).toMatch(/^[A-Za-z0-9~][\w.-]{0,79}$/);
    expect(folderOf('a/b')).not.toBe(folderOf('a:b'));
  });
});

describe('the stamp in front of a segment', () => {
  const media = Buffer.alloc(0);
  it.each([
    ['now', { at }],
    ['a fraction', { at: at + 0.125 }],
    ['with the time of the camera', { at, cameraAt: at - 3_600_000 }],
    ['after NTP begins anew in 2036', { at: Date.UTC(2050, 0, 1), cameraAt: Date.UTC(2036, 1, 7, 6, 28, 15) }],
  ])('gives back its times: %s', (_, stamp) => {
    const { length, ...read } = readStamp(Buffer.concat([stampOf(stamp, media), Buffer.alloc(40)]))!;
    expect(read.at).toBeCloseTo(stamp.at, 2);
    expect(length).toBe('cameraAt' in stamp ? 64 : 32);
    if ('cameraAt' in stamp) expect(read.cameraAt).toBeCloseTo(stamp.cameraAt, 2);
    else expect(read.cameraAt).toBeUndefined();
  });

  it('is none when it is cut off or something else, and ends before the next one', () => {
    const stamp = stampOf({ at }, media);
    expect(readStamp(stamp.subarray(0, 31))).toBeUndefined();
    expect(readStamp(Buffer.from('00000008moof'.padEnd(64, '0')))).toBeUndefined();
    expect(readStamp(Buffer.concat([stamp, stamp]))?.length).toBe(32);
  });
});

describe('what there is of a time', () => {
  const cases: [string, Span[], Gap[], Laid][] = [
    ['nothing', [], [], { spans: [], gaps: [{ from: 0, to: 100_000, cause: 'notRecorded' }] }],
    [
      'all of it, in files that follow',
      span([0, 40_000], [40_200, 100_000]),
      [],
      { spans: span([0, 100_000]), gaps: [] },
    ],
    [
      'more than was asked for',
      span([-50_000, 20_000], [80_000, 200_000]),
      [],
      { spans: span([0, 20_000], [80_000, 100_000]), gaps: [{ from: 20_000, to: 80_000, cause: 'notRecorded' }] },
    ],
    [
      'a gap within a file',
      span([0, 100_000]),
      [{ from: 30_000, to: 31_000, cause: 'dropped' }],
      { spans: span([0, 30_000], [31_000, 100_000]), gaps: [{ from: 30_000, to: 31_000, cause: 'dropped' }] },
    ],
    [
      'a hole of several causes',
      span([0, 10_000]),
      [
        { from: 10_100, to: 40_000, cause: 'offline' },
        { from: 60_000, to: 90_000, cause: 'removed' },
      ],
      {
        spans: span([0, 10_000]),
        gaps: [
          { from: 10_000, to: 10_100, cause: 'notRecorded' },
          { from: 10_100, to: 40_000, cause: 'offline' },
          { from: 40_000, to: 60_000, cause: 'notRecorded' },
          { from: 60_000, to: 90_000, cause: 'removed' },
          { from: 90_000, to: 100_000, cause: 'notRecorded' },
        ],
      },
    ],
    [
      'a gap that still lasts',
      span([0, 10_000]),
      [{ from: 10_000, to: Date.UTC(2100, 0, 1), cause: 'offline' }],
      { spans: span([0, 10_000]), gaps: [{ from: 10_000, to: 100_000, cause: 'offline' }] },
    ],
  ];
  it.each(cases)('%s', (_, files, known, laid) => {
    const found = layOut(0, 100_000, files, known);
    expect(found).toEqual(laid);
    // Nothing is left out and nothing counts twice.
    const all = [...found.spans, ...found.gaps].sort((a, b) => a.from - b.from);
    expect(all[0]!.from).toBe(0);
    expect(all.at(-1)!.to).toBe(100_000);
    for (const [index, each] of all.slice(1).entries()) expect(each.from).toBe(all[index]!.to);
  });

  function span(...list: [number, number][]): Span[] {
    return list.map(([from, to]) => ({ from, to }));
  }
});

describe('the playlist of a recording', () => {
  const init = 'a'.repeat(64);
  const segment = (offset: number, more = {}) => ({
    at: at + offset,
    duration: 1,
    broken: false,
    initSha256: init,
    ...more,
  });

  it('dates every segment, breaks at every hole and says why', () => {
    const list = recordedPlaylist(
      [segment(0), segment(1000), segment(9000), segment(10_000, { initSha256: 'b'.repeat(64) })],
      [{ from: at + 2000, to: at + 9000, cause: 'offline' }],
      true,
    );
    expect(list.split('\n').filter((line) => line === '#EXT-X-DISCONTINUITY')).toHaveLength(2);
    expect(list.match(/#EXT-X-PROGRAM-DATE-TIME/g)).toHaveLength(4);
    expect(list).toContain('#EXT-X-PROGRAM-DATE-TIME:2026-11-20T01:14:59.250Z');
    expect(list).toContain(`#EXT-X-MAP:URI="${init}-${at}.mp4"`);
    expect(list).toContain(
      'CLASS="hallwatch.gap",START-DATE="2026-11-20T01:15:01.250Z",DURATION=7.000,X-CAUSE="offline"',
    );
    expect(list.trimEnd().endsWith('#EXT-X-ENDLIST')).toBe(true);
  });

  it('grows while the recording does', () => {
    const list = recordedPlaylist([segment(0, { duration: 1.6 })], [], false);
    expect(list).toContain('#EXT-X-PLAYLIST-TYPE:EVENT');
    expect(list).toContain('#EXT-X-TARGETDURATION:2');
    expect(list).not.toContain('ENDLIST');
  });
});

it('people of the hall shift back within the day, or as far as the pack lets them (SC-32)', () => {
  const article = '第十八条';
  expect(shiftFrom(undefined, at)).toBe(Date.parse('2026-11-20T00:00:00+08:00'));
  expect(shiftFrom({ recording: { article, timeShift: 'hour' } }, at)).toBe(at - 3_600_000);
  expect(shiftFrom({ recording: { article, timeShift: 'none' } }, at)).toBe(at);
});

describe('a hold on a recording', () => {
  const world = smallWorld();
  const province = { code: '510000', level: 'province' as const, name: '四川省', demo: true };
  const withProvince = { ...world, regions: new Map([...world.regions, [province.code, province]]) };
  const held = { kind: 'recording.held', camera: 'c1', from: at, to: at + 60_000, reason: '投诉待查' };
  const asked = { kind: 'recording.releaseRequested', reason: '投诉已办结' };
  const answered = { kind: 'recording.releaseAnswered', organRegion: '510000', outcome: 'approved' };

  function begin() {
    const play = new Play(withProvince);
    let count = 0;
    const tell = (account: string, event: object) => {
      const common = { id: `e${(count += 1)}`, region: '510104', source: 'desk', occurredAt: at + 3_600_000 };
      return play.tell({ ...common, account, name: account, hold: 'h1', hall: 'hall-1', ...event } as Event);
    };
    return { play, tell };
  }

  it('is in the ledger with who and why, stays while its end is asked for, and ends by the province', () => {
    const { play, tell } = begin();
    expect(tell('li', held).refused).toBeUndefined();
    expect(play.hold('h1')).toMatchObject({
      state: 'held',
      camera: 'c1',
      heldBy: { account: 'li' },
      reason: '投诉待查',
    });
    expect(tell('li', asked).refused).toBeUndefined();
    expect(play.hold('h1')!.state).toBe('asked');
    expect(tell('wang', { ...answered, outcome: 'refused', reason: '尚有复议' }).refused).toBeUndefined();
    expect(play.hold('h1')!.state).toBe('held');
    tell('li', asked);
    tell('wang', answered);
    expect(play.hold('h1')!.state).toBe('released');
    expect(play.ledger.map(({ act }) => act)).toEqual([
      'recording.held',
      'recording.releaseRequested',
      'recording.releaseRefused',
      'recording.releaseRequested',
      'recording.released',
    ]);
  });

  it.each([
    ['an end before its beginning', [['li', { ...held, to: at }]], 'to'],
    ['more than 31 days', [['li', { ...held, to: at + 32 * 86_400_000 }]], 'to'],
    ['a camera of another hall', [['li', { ...held, camera: 'c9' }]], 'camera'],
    [
      'an end that nobody asked for',
      [
        ['li', held],
        ['wang', answered],
      ],
      'hold',
    ],
    [
      'its own answer (SC-29)',
      [
        ['li', held],
        ['li', asked],
        ['li', answered],
      ],
      'account',
    ],
    [
      'an answer of the county (SC-33)',
      [
        ['li', held],
        ['li', asked],
        ['wang', { ...answered, organRegion: '510104' }],
      ],
      'organRegion',
    ],
    [
      'a refusal without a reason',
      [
        ['li', held],
        ['li', asked],
        ['wang', { ...answered, outcome: 'refused' }],
      ],
      'reason',
    ],
    [
      'another hall than its own',
      [
        ['li', held],
        ['li', { ...asked, hall: 'hall-2' }],
      ],
      'hall',
    ],
  ] as [string, [string, object][], string][])('is refused: %s', (_, events, field) => {
    const { tell } = begin();
    const outcomes = events.map(([who, event]) => tell(who, event));
    expect(outcomes.slice(0, -1).every(({ refused }) => refused === undefined)).toBe(true);
    expect(outcomes.at(-1)!.refused?.field).toBe(field);
  });

  it('what a hall keeps is in the ledger; a hall of another region is refused', () => {
    const { play, tell } = begin();
    const limited = { kind: 'recording.limited', hold: undefined, days: 7, gigabytes: null };
    expect(tell('admin', limited).refused).toBeUndefined();
    expect(tell('admin', { ...limited, hall: 'hall-x' }).refused?.field).toBe('hall');
    expect(play.ledger.map(({ act, subject, account, facts }) => [act, subject, account, facts])).toEqual([
      ['recording.limited', 'hall-1', 'admin', { days: 7 }],
    ]);
  });

  it('a hall whose recording stops is in the ledger', () => {
    const { play, tell } = begin();
    tell('', { kind: 'recording.changed', state: 'stopped', cause: 'diskFull', detail: 'ENOSPC' });
    tell('', { kind: 'recording.changed', state: 'running' });
    expect(play.ledger.map(({ act, subject, facts }) => [act, subject, facts])).toEqual([
      ['recording.stopped', 'hall-1', { cause: 'diskFull', detail: 'ENOSPC' }],
      ['recording.resumed', 'hall-1', {}],
    ]);
  });
});
