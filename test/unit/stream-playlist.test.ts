import fc from 'fast-check';
import { parse, type types } from 'hls-parser';
import { describe, expect, it, vi } from 'vitest';
import { lowLatencyPlaylist, plainPlaylist } from '../../stream/playlist.ts';
import { isThere, patienceOf, readReload, tooFar } from '../../stream/reload.ts';
import { Window } from '../../stream/window.ts';

const start = Date.UTC(2026, 10, 21, 1, 0, 0);

/** What a camera does: so many pictures at a rate, with a key picture every so many; then it may come back anew, or jump. */
interface Run {
  pictures: number;
  fps: number;
  every: number;
  /** Before it: a new initialization section, or a break of the timeline within the same. */
  begins?: 'init' | 'break';
}

/** Feeds the runs, ten seconds apart where they break; `told` is called after every picture. */
function play(
  runs: Run[],
  { partTarget = 0.15, told = () => {} }: { partTarget?: number; told?: (w: Window) => void } = {},
): Window {
  const window = new Window({ partTarget });
  let at = start;
  for (const [index, { pictures, fps, every, begins }] of runs.entries()) {
    if (index > 0 && begins) at += 10_000;
    if (index === 0 || begins === 'init') window.begin(Buffer.from(`init ${index}`));
    for (let n = 0; n < pictures; n++, at += 1000 / fps) {
      const broken = n === 0 && begins === 'break';
      window.add({ bytes: Buffer.from([n]), duration: 1 / fps, key: n % every === 0, at, broken });
      told(window);
    }
  }
  return window;
}

/** Random prefix and clock-based numbers made readable. */
function stable(text: string, window: Window): string {
  const first = window.segments[0]!.sequence;
  return text
    .replace(/MEDIA-SEQUENCE:(\d+)/, (_, number: string) => `MEDIA-SEQUENCE:first+${Number(number) - first}`)
    .replaceAll(/[0-9a-f]{8}-s(\d+)/g, (_, number: string) => `X-s${Number(number) - first}`)
    .replaceAll(/[0-9a-f]{8}-/g, 'X-');
}

const head = (target: number): string => `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${6 * target}.00000,PART-HOLD-BACK=1.30200
#EXT-X-PART-INF:PART-TARGET=0.43400
#EXT-X-TARGETDURATION:${target}
`;

const goldenParts = `#EXT-X-MAP:URI="X-i0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:00.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p0.mp4",INDEPENDENT=YES
#EXTINF:0.40000,
X-s0.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:00.400Z
#EXT-X-PART:DURATION=0.40000,URI="X-p1.mp4"
#EXT-X-PART:DURATION=0.20000,URI="X-p2.mp4"
#EXTINF:0.60000,
X-s1.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:01.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p3.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.40000,URI="X-p4.mp4"
#EXT-X-PART:DURATION=0.20000,URI="X-p5.mp4"
#EXTINF:1.00000,
X-s2.mp4
`;

describe('the playlists, word by word', () => {
  const five = { fps: 5, every: 5 };
  it.each([
    [
      'low latency: parts, programme time on every segment, a hint',
      (window: Window) => lowLatencyPlaylist(window),
      [{ pictures: 12, ...five }],
      `${head(2)}#EXT-X-MEDIA-SEQUENCE:first+0
#EXT-X-DISCONTINUITY-SEQUENCE:0
${goldenParts}#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:02.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p6.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="X-p7.mp4"
`,
    ],
    [
      'low latency: one part and nothing else is a whole segment',
      (window: Window) => lowLatencyPlaylist(window),
      [{ pictures: 2, ...five }],
      `${head(2)}#EXT-X-MEDIA-SEQUENCE:first+0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="X-i0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:00.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p0.mp4",INDEPENDENT=YES
#EXTINF:0.40000,
X-s0.mp4
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="X-p1.mp4"
`,
    ],
    [
      'low latency: a camera that came back, behind a break and under its own initialization section',
      (window: Window) => lowLatencyPlaylist(window),
      [
        { pictures: 15, ...five },
        { pictures: 3, ...five, begins: 'init' },
      ],
      `${head(2)}#EXT-X-MEDIA-SEQUENCE:first+0
#EXT-X-DISCONTINUITY-SEQUENCE:0
${goldenParts}#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:02.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p6.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.40000,URI="X-p7.mp4"
#EXT-X-PART:DURATION=0.20000,URI="X-p8.mp4"
#EXTINF:1.00000,
X-s3.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="X-i1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:13.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p9.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="X-p10.mp4"
`,
    ],
    [
      'low latency, delta update: what ends more than six target durations before the end is a number',
      (window: Window) => lowLatencyPlaylist(window, { skip: true }),
      [{ pictures: 5 * 15 + 2, ...five }],
      `${head(2)}#EXT-X-MEDIA-SEQUENCE:first+0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-SKIP:SKIPPED-SEGMENTS=4
${[3, 4, 5, 6, 7, 8]
  .map(
    (second) => `#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:0${second}.000Z
#EXTINF:1.00000,
X-s${second + 1}.mp4
`,
  )
  .join('')}${[9, 10, 11, 12, 13, 14]
        .map(
          (second) => `#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:${String(second).padStart(2, '0')}.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p${second * 3}.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.40000,URI="X-p${second * 3 + 1}.mp4"
#EXT-X-PART:DURATION=0.20000,URI="X-p${second * 3 + 2}.mp4"
#EXTINF:1.00000,
X-s${second + 1}.mp4
`,
        )
        .join('')}#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:15.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p45.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="X-p46.mp4"
`,
    ],
    [
      'low latency, delta update: whole where nothing is old enough',
      (window: Window) => lowLatencyPlaylist(window, { skip: true }),
      [{ pictures: 10, ...five }],
      `${head(2)}#EXT-X-MEDIA-SEQUENCE:first+0
#EXT-X-DISCONTINUITY-SEQUENCE:0
${goldenParts.slice(0, goldenParts.indexOf('#EXTINF:1.0'))}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="X-p5.mp4"
`.replace('#EXT-X-PART:DURATION=0.20000,URI="X-p5.mp4"\n', ''),
    ],
    [
      'plain: whole segments only, and the break of a camera that came back',
      (window: Window) => plainPlaylist(window),
      [
        { pictures: 13, ...five },
        { pictures: 6, ...five, begins: 'init' },
      ],
      `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:1
#EXT-X-MEDIA-SEQUENCE:first+0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="X-i0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:00.000Z
#EXTINF:0.40000,
X-s0.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:00.400Z
#EXTINF:0.60000,
X-s1.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:01.000Z
#EXTINF:1.00000,
X-s2.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:02.000Z
#EXTINF:0.60000,
X-s3.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="X-i1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:12.600Z
#EXTINF:1.00000,
X-s4.mp4
`,
    ],
  ] satisfies [string, (window: Window) => string, Run[], string][])('%s', (_, write, runs, expected) => {
    const window = play(runs, { partTarget: 0.4 });
    expect(stable(write(window), window)).toBe(expected);
  });
});

/** It counts segments where the draft (§6.2.2) counts target durations: ours are shorter than those. */
const miscounted = /^Invalid Playlist : Remove EXT-X-PART tags/;

/** Read by another's parser, which complains of what breaks the rules it knows. */
function read(text: string): types.MediaPlaylist {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  const playlist = parse(text);
  const said = complaints.mock.calls.map(([message]) => String(message)).filter((each) => !miscounted.test(each));
  complaints.mockRestore();
  expect(said).toEqual([]);
  if (playlist.isMasterPlaylist) throw new Error('a media playlist was expected');
  return playlist as types.MediaPlaylist;
}

const runs = fc.array(
  fc.record({
    pictures: fc.integer({ min: 1, max: 220 }),
    fps: fc.constantFrom(5, 10, 12.5, 15, 25),
    every: fc.integer({ min: 1, max: 80 }),
    begins: fc.constantFrom('init' as const, 'break' as const),
  }),
  { minLength: 1, maxLength: 4 },
);
/** One camera keeps its rate; what happens when it does not is the window's own test. */
const camera = fc
  .tuple(runs, fc.constantFrom(5, 10, 12.5, 15, 25))
  .map(([each, fps]) => each.map((run) => ({ ...run, fps })));

const numberOf = (text: string, tag: string): number => Number(new RegExp(`#EXT-X-${tag}:(\\d+)`).exec(text)![1]);

/** The lines of a playlist: its head, and for each segment its lines. */
function cut(text: string): { head: string[]; segments: string[][] } {
  const lines = text.split('\n');
  const begins = lines.findIndex((line) => /^#EXT-X-(DISCONTINUITY$|MAP|PROGRAM)/.test(line));
  const segments: string[][] = [];
  let current: string[] = [];
  for (const line of lines.slice(begins)) {
    current.push(line);
    if (/^[^#]/.test(line)) {
      segments.push(current);
      current = [];
    }
  }
  return { head: lines.slice(0, begins), segments: [...segments, current] };
}

/** What a client does with a delta update: the segments it has already, those without parts, stand where the number stands (§6.3.7). */
function merge(before: string, delta: string): string {
  const skipped = Number(/SKIPPED-SEGMENTS=(\d+)/.exec(delta)?.[1] ?? 0);
  if (skipped === 0) return delta;
  const from = numberOf(delta, 'MEDIA-SEQUENCE') - numberOf(before, 'MEDIA-SEQUENCE');
  const { head: newHead, segments } = cut(delta);
  const kept = cut(before).segments.slice(from, from + skipped);
  expect(kept).toHaveLength(skipped);
  const oldest = kept[0]!;
  // What applied to a segment that has left, applies to the oldest that is there.
  const map = cut(before)
    .segments.slice(0, from + 1)
    .flat()
    .findLast((line) => line.startsWith('#EXT-X-MAP'))!;
  if (!oldest.includes(map)) oldest.splice(oldest.indexOf('#EXT-X-DISCONTINUITY') + 1, 0, map);
  const lines = kept.map((each) => each.filter((line) => !line.startsWith('#EXT-X-PART:')));
  return [...newHead.filter((line) => !line.startsWith('#EXT-X-SKIP')), ...lines.flat(), ...segments.flat()].join('\n');
}

describe('the playlists, whatever a camera does', () => {
  it('hold what the draft demands, read by an independent parser', () => {
    fc.assert(
      fc.property(camera, (script) => {
        const window = play(script);
        // Nothing is served before there is a whole segment.
        fc.pre(window.segments.some((segment) => segment.closed));
        const live = read(lowLatencyPlaylist(window));
        const plain = read(plainPlaylist(window));
        const { partTarget } = window;
        expect(live.lowLatencyCompatibility).toMatchObject({ canBlockReload: true });
        expect(live.lowLatencyCompatibility!.canSkipUntil).toBeGreaterThanOrEqual(6 * live.targetDuration);
        expect(live.lowLatencyCompatibility!.partHoldBack).toBeGreaterThanOrEqual(3 * live.partTargetDuration!);
        const closed = window.segments.filter((segment) => segment.closed);
        for (const playlist of [live, plain]) {
          const whole = playlist.segments.filter((segment) => segment.uri !== '');
          expect(whole.map(({ uri }) => uri)).toEqual(closed.map(({ name }) => name));
          expect(playlist.mediaSequenceBase).toBe(closed[0]!.sequence);
          let breaks = playlist.discontinuitySequenceBase ?? 0;
          for (const [index, segment] of whole.entries()) {
            expect(Math.round(segment.duration)).toBeLessThanOrEqual(playlist.targetDuration);
            expect(segment.mediaSequenceNumber).toBe(closed[index]!.sequence);
            expect(segment.programDateTime!.getTime()).toBe(Math.round(closed[index]!.at));
            expect(segment.map.uri).toBe(closed[index]!.init);
            if (segment.discontinuity) breaks++;
            expect(segment.discontinuitySequence).toBe(breaks);
          }
        }
        // Parts: those of the last three target durations, which fit their target and add up to their segment; then the hint.
        const parts = live.segments.flatMap((segment) => segment.parts);
        const hint = parts.at(-1)!;
        expect([hint.hint, hint.uri]).toEqual([true, window.nextPart]);
        expect(parts.filter((part) => part.hint)).toHaveLength(1);
        let after = 0;
        for (const segment of live.segments.toReversed()) {
          const own = segment.parts.filter((part) => !part.hint);
          const sum = own.reduce((total, part) => total + part.duration!, 0);
          if (segment.uri !== '') {
            // What ends right there may count as either.
            const beyond = after - 3 * live.targetDuration;
            if (Math.abs(beyond) > 1e-3) expect(own.length > 0).toBe(beyond < 0);
            if (own.length > 0) expect(Math.abs(sum - segment.duration)).toBeLessThan(1e-5 * (own.length + 1));
          }
          for (const [index, part] of own.entries()) {
            expect(part.duration!).toBeLessThanOrEqual(partTarget + 1e-5);
            const mayBeShort = part.independent || (segment.uri !== '' && index === own.length - 1);
            if (!mayBeShort) expect(part.duration!).toBeGreaterThanOrEqual(partTarget * 0.85 - 1e-5);
          }
          after += segment.uri === '' ? sum : segment.duration;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('only ever grow at the end and lose at the beginning; targets stay, hints come true, a delta update says the same', () => {
    fc.assert(
      fc.property(camera, (script) => {
        let before: { text: string; hint: string } | undefined;
        let heard = 0;
        const told = (window: Window): void => {
          const hint = window.nextPart;
          if (hint === before?.hint || !window.segments.some((segment) => segment.closed)) return;
          const text = lowLatencyPlaylist(window);
          if (before) {
            for (const tag of ['TARGETDURATION', 'PART-INF', 'SERVER-CONTROL', 'VERSION']) {
              const line = new RegExp(`#EXT-X-${tag}:.*`);
              expect(line.exec(text)![0]).toBe(line.exec(before.text)![0]);
            }
            expect(text).toContain(`URI="${before.hint}"`);
            const gone = numberOf(text, 'MEDIA-SEQUENCE') - numberOf(before.text, 'MEDIA-SEQUENCE');
            expect(gone).toBeGreaterThanOrEqual(0);
            const lost = cut(before.text).segments.slice(0, gone).flat();
            expect(numberOf(text, 'DISCONTINUITY-SEQUENCE') - numberOf(before.text, 'DISCONTINUITY-SEQUENCE')).toBe(
              lost.filter((line) => line === '#EXT-X-DISCONTINUITY').length,
            );
            const names = (list: string): string[] => list.split('\n').filter((line) => /^[^#]/.test(line));
            const was = names(before.text).slice(gone);
            expect(names(text).slice(0, was.length)).toEqual(was);
            // The one before is as old as one part; that is far from half of CAN-SKIP-UNTIL.
            expect(merge(before.text, lowLatencyPlaylist(window, { skip: true }))).toBe(text);
          }
          heard++;
          before = { text, hint };
        };
        play(script, { told });
        expect(heard).toBeGreaterThan(script[0]!.pictures > 10 ? 1 : -1);
      }),
      { numRuns: 20 },
    );
  });

  it('a delta update is read by the independent parser as well, with as many segments as the whole list', () => {
    const window = play([
      { pictures: 15 * 12, fps: 15, every: 15 },
      { pictures: 15 * 12, fps: 15, every: 15, begins: 'init' },
    ]);
    const whole = read(lowLatencyPlaylist(window));
    const delta = read(lowLatencyPlaylist(window, { skip: true }));
    expect(delta.skip).toBeGreaterThan(4);
    expect(delta.skip + delta.segments.length).toBe(whole.segments.length);
    expect(delta.mediaSequenceBase).toBe(whole.mediaSequenceBase);
  });
});

describe('the delivery directives', () => {
  it.each([
    [{}, { skip: false }],
    [{ _HLS_msn: '12' }, { sequence: 12, skip: false }],
    [
      { _HLS_msn: '12', _HLS_part: '0' },
      { sequence: 12, part: 0, skip: false },
    ],
    [{ _HLS_skip: 'YES' }, { skip: true }],
    [
      { _HLS_msn: '12', _HLS_skip: 'v2', other: 'x' },
      { sequence: 12, skip: true },
    ],
    [{ _HLS_msn: 'next' }, { field: '_HLS_msn', reason: 'expected a whole number' }],
    [{ _HLS_msn: '-1' }, { field: '_HLS_msn', reason: 'expected a whole number' }],
    [{ _HLS_msn: '' }, { field: '_HLS_msn', reason: 'expected a whole number' }],
    [{ _HLS_msn: ['1', '2'] }, { field: '_HLS_msn', reason: 'expected a whole number' }],
    [
      { _HLS_msn: '1', _HLS_part: '1.5' },
      { field: '_HLS_part', reason: 'expected a whole number' },
    ],
    [{ _HLS_part: '1' }, { field: '_HLS_part', reason: 'expected only together with _HLS_msn' }],
    [{ _HLS_skip: 'no' }, { field: '_HLS_skip', reason: 'expected YES or v2' }],
  ])('%o', (query, expected) => {
    expect(readReload(query)).toEqual(expected);
  });

  const open = play([{ pictures: 15 * 5 + 4, fps: 15, every: 15 }]);
  const now = open.segments.at(-1)!.sequence;
  const shut = play([{ pictures: 2, fps: 15, every: 15 }]);
  const only = shut.segments[0]!.sequence;

  it.each([
    ['the open segment as a whole', open, now, undefined, false, undefined],
    ['its first part', open, now, 0, true, undefined],
    ['its last part', open, now, 1, true, undefined],
    ['the part to come', open, now, 2, false, undefined],
    ['the last part that may be waited for', open, now, 1 + 21, false, undefined],
    ['one more', open, now, 2 + 21, false, '_HLS_part'],
    ['the segment after it', open, now + 1, 0, false, undefined],
    ['two segments after the last whole one', open, now + 1, undefined, false, undefined],
    ['three', open, now + 2, undefined, false, '_HLS_msn'],
    ['the newest whole segment', open, now - 1, undefined, true, undefined],
    ['one that has left', open, 3, 7, true, undefined],
    ['a part behind the last of a whole segment: the first of the next', shut, only, 1, false, undefined],
    ['the part that made the segment', shut, only, 0, true, undefined],
  ])('%s', (_, window, sequence, part, there, refused) => {
    const reload = { sequence, ...(part === undefined ? {} : { part }), skip: false };
    expect(isThere(window, reload)).toBe(there);
    expect(tooFar(window, reload)?.field).toBe(refused);
  });

  it('may block for three target durations, and never for more than ten seconds', () => {
    expect(patienceOf({ target: 1 })).toBe(6000);
    expect(patienceOf({ target: 12 })).toBe(10_000);
  });
});
