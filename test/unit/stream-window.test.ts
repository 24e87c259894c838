import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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

  it('follows the key interval while nobody was told a target, and closes a segment that never gets a key picture', () => {
    const closed = filled(15 * 20, { span: 60 }, { every: 60 }).segments.filter((segment) => segment.closed);
    expect(closed.at(-1)!.duration).toBeCloseTo(4, 6);
    const endless = filled(15 * 60, { span: 60 }, { every: 1e9 });
    expect(Math.max(...endless.segments.map((segment) => segment.duration))).toBeLessThanOrEqual(12);
    expect(endless.segments.length).toBeGreaterThan(3);
    expect(endless.target).toBe(12);
  });

  it('keeps the target duration it told, cutting segments without a key picture, and knows better in the next session', () => {
    const window = filled(10);
    expect(window.target).toBe(1);
    for (let second = 0; second < 40; second += 4) feed(window, 60, { every: 60, from: 667 + second * 1000 });
    expect(window.target).toBe(1);
    for (const { closed, duration } of window.segments) if (closed) expect(duration).toBeLessThan(1.5);
    window.clear();
    window.begin(init);
    feed(window, 150, { every: 60 });
    expect(window.target).toBe(4);
    feed(window, 600, { every: 60, from: 10_000 });
    const closed = window.segments.filter((segment) => segment.closed);
    expect(closed.length).toBeGreaterThan(3);
    for (const { parts, duration } of closed) expect([parts[0]!.independent, Math.round(duration)]).toEqual([true, 4]);
  });

  it('takes one late key picture for no longer interval', () => {
    const window = filled(15 * 6);
    feed(window, 45, { every: 45, from: 6000 });
    feed(window, 15 * 6, { from: 9000 });
    expect(window.segments.some((segment) => segment.duration > 2.9)).toBe(true);
    window.clear();
    window.begin(init);
    feed(window, 30);
    expect(window.target).toBe(1);
  });

  it('begins another session when the camera changes its rate: a target that fits, behind a break, with numbers that go on', () => {
    const window = filled(25 * 6, {}, { fps: 25, every: 25 });
    const { partTarget: before, discontinuitySequence } = window;
    const last = window.segments.at(-1)!;
    feed(window, 5 * 6, { fps: 5, every: 5, from: 6000 });
    const { partTarget: after, segments } = window;
    expect([before, after]).toEqual([0.1736, 0.217]);
    expect(segments[0]!.sequence).toBeGreaterThan(last.sequence);
    expect(window.discontinuitySequence).toBe(discontinuitySequence + 1);
    expect(segments[0]!.parts[0]!.independent).toBe(true);
    for (const { parts } of segments) for (const { duration } of parts) expect(duration).toBeLessThanOrEqual(after);
    expect(segments.map(({ sequence }) => sequence)).toEqual(segments.map((_, index) => segments[0]!.sequence + index));
  });

  it('fills its parts whatever the key interval, and whatever a camera jitters', () => {
    const jitter = fc.array(fc.double({ min: -0.04, max: 0.04, noNaN: true }), { minLength: 20, maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 30 }), fc.integer({ min: 2, max: 70 }), jitter, (fps, every, shakes) => {
        const window = new Window({ span: 60 });
        window.begin(init);
        let at = start;
        for (let n = 0; n < fps * 8; n++) {
          const duration = (1 + shakes[n % shakes.length]!) / fps;
          window.add({ bytes: Buffer.alloc(1), duration, key: n % every === 0, at, broken: false });
          at += duration * 1000;
        }
        const { partTarget } = window;
        for (const { parts, closed } of window.segments)
          for (const [index, part] of parts.entries()) {
            expect(part.duration).toBeLessThanOrEqual(partTarget + 1e-6);
            const mayBeShort = part.independent || (closed && index === parts.length - 1);
            if (!mayBeShort) expect(part.duration).toBeGreaterThanOrEqual(partTarget * 0.85);
          }
      }),
      { numRuns: 60 },
    );
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
        const longest = Math.max(...window.segments.map((segment) => segment.duration));
        expect(closed - window.segments[0]!.duration).toBeLessThanOrEqual(Math.max(6, 3 * longest) + 1);
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

  it('still has a segment that has just left the list, for a player that read the list before', () => {
    const window = filled(15 * 30);
    const oldest = window.segments[0]!;
    let from = 30_000;
    for (; window.segments[0] === oldest; from += 200) feed(window, 3, { from });
    expect(window.find(oldest.name)).toMatchObject({ kind: 'media', duration: oldest.duration });
    expect(window.find(oldest.parts[0]!.name)).toBeDefined();
    feed(window, 15 * 5, { from });
    expect(window.find(oldest.name)).toBeUndefined();
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

  it('delivers and records what there is when nothing comes for now, and goes on from there', () => {
    const closed: { duration: number; parts: number }[] = [];
    const window = filled(15 * 3 + 5, {
      closed: ({ duration, parts }) => closed.push({ duration: Math.round(duration * 15), parts: parts.length }),
    });
    const told = (): number => closed.reduce((sum, { duration }) => sum + duration, 0);
    expect(told()).toBeLessThan(50);
    window.rest();
    expect(told()).toBe(50);
    const before = closed.length;
    window.rest();
    window.begin(init);
    expect(closed).toHaveLength(before);
    feed(window, 15 * 3, { from: 60_000 });
    expect(window.segments.filter((segment) => segment.discontinuity)).toHaveLength(1);
    expect(window.segments.map(({ sequence }) => sequence)).toEqual(
      window.segments.map((_, index) => window.segments[0]!.sequence + index),
    );
  });

  it('keeps no initialization section of a run that sent no picture', () => {
    const window = filled(15 * 3);
    const { init: used, sequence } = window.segments[0]!;
    const prefix = used.replace(/\d+\.mp4$/, '');
    for (let run = 0; run < 50; run++) window.begin(Buffer.from(`run ${run}`));
    const found = Array.from({ length: 60 }, (_, run) => window.find(`${prefix}${run}.mp4`)).filter(Boolean);
    expect(found.map((each) => each!.bytes.toString())).toEqual(['init', 'run 49']);
    expect(window.segments[0]!.sequence).toBe(sequence);
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
    let over = 0;
    const all = Array.from({ length: 300 }, async () => {
      const found = await window.until(() => false, 50);
      over += 1;
      return found;
    });
    expect(await all[299]).toBe(false);
    // Those that wait are not over yet: no time has passed for them, however slow the machine is.
    expect(over).toBeLessThan(60);
    await Promise.all(all);
  });
});
