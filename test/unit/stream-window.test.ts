import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowLatencyPlaylist, plainPlaylist } from '../../stream/playlist.ts';
import { Window, type Piece, type WindowOptions } from '../../stream/window.ts';

const start = Date.UTC(2026, 10, 21, 1, 0, 0);
const init = Buffer.from('init');

/** A camera of `fps` pictures with a key picture every `every` pictures, fed into a window; `size` bytes a picture. */
function feed(window: Window, pictures: number, { fps = 15, every = 15, size = 10, from = 0 } = {}): void {
  for (let n = 0; n < pictures; n++) {
    const piece: Piece = {
      bytes: Buffer.alloc(size, n),
      duration: 1 / fps,
      key: n % every === 0,
      at: start + from + (n * 1000) / fps,
      broken: false,
    };
    window.add(piece);
  }
}

function filled(pictures: number, options?: WindowOptions, camera?: Parameters<typeof feed>[2]): Window {
  const window = new Window(options);
  window.begin(init);
  feed(window, pictures, camera);
  return window;
}

describe('the window', () => {
  it.each([30, 25, 20, 15, 12, 10, 8, 5, 2])(
    'makes parts of %i pictures a second that fit their target and fill most of it',
    (fps) => {
      const window = filled(fps * 10, {}, { fps, every: fps });
      const parts = window.segments.flatMap((segment) => segment.parts.slice(0, -1));
      expect(parts.length).toBeGreaterThan(8);
      for (const part of window.segments.flatMap((segment) => segment.parts))
        expect(part.duration).toBeLessThanOrEqual(window.partTarget);
      // RFC 8216bis §4.4.4.9: at least 85 % of the target, except the last of a segment.
      for (const part of parts) expect(part.duration).toBeGreaterThanOrEqual(window.partTarget * 0.85);
    },
  );

  it('begins segments with key pictures, a second long where there is one every second', () => {
    const segments = filled(15 * 6)
      .segments.filter((segment) => segment.closed)
      .slice(2);
    expect(segments.length).toBeGreaterThanOrEqual(3);
    for (const segment of segments) {
      expect(segment.parts[0]!.independent).toBe(true);
      expect(segment.duration).toBeCloseTo(1, 6);
    }
  });

  it('follows a longer key interval, and closes a segment that never gets a key picture', () => {
    expect(
      filled(15 * 20, { span: 60 }, { every: 60 })
        .segments.filter((segment) => segment.closed)
        .at(-1)!.duration,
    ).toBeCloseTo(4, 6);
    const endless = filled(15 * 60, { span: 60 }, { every: 1e9 });
    expect(endless.longest).toBeLessThan(12.5);
    expect(endless.segments.length).toBeGreaterThan(3);
  });

  it('stays within its time and its bytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 5000 }), fc.integer({ min: 2, max: 30 }), (size, every) => {
        const limit = 100_000;
        const window = new Window({ span: 5, bytes: limit });
        window.begin(init);
        feed(window, 600, { size, every });
        const held = window.segments
          .flatMap((segment) => segment.parts)
          .reduce((sum, part) => sum + part.bytes.length, 0);
        const closed = window.segments.reduce((sum, segment) => sum + segment.duration, 0);
        // Three segments stay in any case: a player must be able to begin.
        if (window.segments.length > 3) expect(held).toBeLessThanOrEqual(limit + size * 15);
        expect(closed - window.segments[0]!.duration).toBeLessThanOrEqual(Math.max(5, 3 * window.longest) + 1);
      }),
      { numRuns: 30 },
    );
  });

  it('finds parts and closed segments by name, with the same bytes, and nothing that has left', () => {
    const window = filled(15 * 3);
    const segment = window.segments.find((each) => each.closed && each.parts.length > 1)!;
    const joined = Buffer.concat(segment.parts.map((part) => window.find(part.name)!.bytes));
    expect(window.find(segment.name)!.bytes.equals(joined)).toBe(true);
    expect(window.find(segment.init)).toEqual({ kind: 'init', bytes: init });
    expect(window.find(window.nextPart)).toBeUndefined();
    const first = window.segments[0]!;
    feed(window, 15 * 40);
    expect(window.find(first.name)).toBeUndefined();
  });

  it('names the next part rightly, also when it opens a new segment', () => {
    const window = new Window();
    window.begin(init);
    for (let n = 0; n < 100; n++) {
      const hinted = window.nextPart;
      const before = window.segments.flatMap((segment) => segment.parts).length;
      window.add({ bytes: Buffer.from([n]), duration: 1 / 15, key: n % 7 === 0, at: start + n * 66, broken: false });
      const parts = window.segments.flatMap((segment) => segment.parts);
      if (parts.length > before) expect(parts[before]!.name).toBe(hinted);
    }
  });

  it('marks a new run of the camera as a break, keeps counting, and forgets the old initialization section in time', () => {
    const window = filled(15 * 4);
    const before = window.segments.at(-1)!.sequence;
    const old = window.segments[0]!.init;
    window.begin(Buffer.from('other'));
    feed(window, 15 * 3, { from: 60_000 });
    const after = window.segments.find((segment) => segment.sequence === before + 1)!;
    expect(after).toMatchObject({ discontinuity: true, at: start + 60_000 });
    expect(window.segments.filter((segment) => segment.discontinuity)).toHaveLength(1);
    expect(window.discontinuitySequence).toBe(0);
    feed(window, 15 * 40, { from: 63_000 });
    expect(window.discontinuitySequence).toBe(1);
    expect(window.find(old)).toBeUndefined();
    expect(window.find(window.segments[0]!.init)).toMatchObject({ kind: 'init' });
  });

  it('never counts backward and never uses a name twice, through breaks and clearing', () => {
    const window = new Window({ span: 3 });
    const names = new Set<string>();
    let sequence = -1;
    let breaks = 0;
    for (let run = 0; run < 6; run++) {
      if (run % 3 === 2) window.clear();
      window.begin(init);
      feed(window, 50, { from: run * 10_000 });
      for (const segment of window.segments) {
        if (segment.sequence <= sequence) continue;
        sequence = segment.sequence;
        for (const part of segment.parts) {
          expect(names.has(part.name)).toBe(false);
          names.add(part.name);
        }
      }
      expect(window.segments.at(-1)!.sequence).toBe(sequence);
      expect(window.discontinuitySequence).toBeGreaterThanOrEqual(breaks);
      breaks = window.discontinuitySequence;
    }
  });

  it('wakes who waits when a part comes, and lets go of them in time', async () => {
    const window = filled(15);
    const next = window.nextPart;
    const waits = window.until(() => window.find(next) !== undefined, 2000);
    feed(window, 6, { from: 1000 });
    expect(await waits).toBe(true);
    expect(await window.until(() => false, 20)).toBe(false);
  });

  it('lets only so many wait', async () => {
    const window = filled(15);
    const all = Array.from({ length: 300 }, () => window.until(() => false, 50));
    const began = Date.now();
    expect(await all[299]).toBe(false);
    expect(Date.now() - began).toBeLessThan(40);
    await Promise.all(all);
  });
});

/** Random prefix and clock-based numbers made readable. */
function stable(text: string, window: Window): string {
  const first = window.segments[0]!.sequence;
  return text
    .replace(/MEDIA-SEQUENCE:(\d+)/, (_, number: string) => `MEDIA-SEQUENCE:first+${Number(number) - first}`)
    .replaceAll(/[0-9a-f]{8}-s(\d+)/g, (_, number: string) => `X-s${Number(number) - first}`)
    .replaceAll(/[0-9a-f]{8}-/g, 'X-');
}

describe('the playlists', () => {
  it('low latency: parts of the newest segments, programme time on every segment, a hint', () => {
    const window = filled(22, { partTarget: 0.4 }, { fps: 5, every: 5 });
    expect(stable(lowLatencyPlaylist(window), window)).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.32000
#EXT-X-PART-INF:PART-TARGET=0.44000
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:first+0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="X-i0.mp4"
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
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:02.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p6.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.40000,URI="X-p7.mp4"
#EXT-X-PART:DURATION=0.20000,URI="X-p8.mp4"
#EXTINF:1.00000,
X-s3.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:03.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p9.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.40000,URI="X-p10.mp4"
#EXT-X-PART:DURATION=0.20000,URI="X-p11.mp4"
#EXTINF:1.00000,
X-s4.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:04.000Z
#EXT-X-PART:DURATION=0.40000,URI="X-p12.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="X-p13.mp4"
`);
  });

  it('plain: whole segments only, and the break of a camera that came back', () => {
    const window = filled(13, {}, { fps: 5, every: 5 });
    window.begin(Buffer.from('other'));
    feed(window, 6, { fps: 5, every: 5, from: 9000 });
    expect(stable(plainPlaylist(window), window)).toBe(`#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:1
#EXT-X-MEDIA-SEQUENCE:first+0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="X-i0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:00.000Z
#EXTINF:0.20000,
X-s0.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:00.200Z
#EXTINF:0.80000,
X-s1.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:01.000Z
#EXTINF:1.00000,
X-s2.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:02.000Z
#EXTINF:0.60000,
X-s3.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="X-i1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T01:00:09.000Z
#EXTINF:1.00000,
X-s4.mp4
`);
  });

  it('says that segments stand alone once the short first one has left', () => {
    const window = filled(15 * 30);
    expect(lowLatencyPlaylist(window)).toContain('#EXT-X-INDEPENDENT-SEGMENTS');
    expect(plainPlaylist(window)).toContain('#EXT-X-INDEPENDENT-SEGMENTS');
  });

  it('is written for any camera without a part above its target or a segment above its own', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 30 }), fc.integer({ min: 1, max: 90 }), (fps, every) => {
        const text = lowLatencyPlaylist(filled(fps * 15, {}, { fps, every }));
        const target = Number(/TARGETDURATION:(\d+)/.exec(text)![1]);
        const part = Number(/PART-TARGET=([\d.]+)/.exec(text)![1]);
        for (const [, duration] of text.matchAll(/#EXTINF:([\d.]+)/g))
          expect(Math.round(Number(duration))).toBeLessThanOrEqual(target);
        for (const [, duration] of text.matchAll(/PART:DURATION=([\d.]+)/g))
          expect(Number(duration)).toBeLessThanOrEqual(part);
      }),
      { numRuns: 60 },
    );
  });
});
