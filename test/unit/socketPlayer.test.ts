import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chase } from '../../web/lib/chase.ts';
import { timeOf, timescaleOf } from '../../web/lib/pictures.ts';
import { choose, scored, type Score, type Seen } from '../../web/lib/transport.ts';

const minute = 60_000;

function after(seen: readonly Seen[], from = 0): Score {
  let score: Score | undefined;
  for (const each of seen) score = scored(score, each, from);
  return score!;
}

describe('the transport of the focused tile', () => {
  const good: Seen[] = Array.from({ length: 30 }, () => ({ played: 2, delay: 250 }));
  const slow: Seen[] = Array.from({ length: 30 }, () => ({ played: 2, delay: 2_500 }));
  const hls: Seen[] = Array.from({ length: 30 }, () => ({ played: 2, delay: 900 }));

  it.each<[string, Parameters<typeof choose>[0], ReturnType<typeof choose>]>([
    ['nothing is known', {}, 'socket'],
    ['the socket does what it promises', { socket: after(good), hls: after(hls) }, 'socket'],
    ['one stall is no reason', { socket: after([...good, 'stall']) }, 'socket'],
    ['the socket stalls all the time', { socket: after([...good, ...Array<Seen>(12).fill('stall')]) }, 'hls'],
    ['the socket plays later than LL-HLS does', { socket: after(slow), hls: after(hls) }, 'hls'],
    ['the socket failed', { socket: after(['failure']) }, 'hls'],
    ['both fail', { socket: after(['failure']), hls: after(['failure']) }, 'socket'],
    [
      'LL-HLS stalls more than the socket',
      { socket: after([...good, 'stall', 'stall']), hls: after([...hls, ...Array<Seen>(12).fill('stall')]) },
      'socket',
    ],
  ])('is chosen by what it showed: %s', (_, scores, chosen) => {
    expect(choose(scores, 1)).toBe(chosen);
  });

  it('gets another chance when what failed is long ago', () => {
    const scores = { socket: after(['failure']) };
    expect(choose(scores, minute)).toBe('hls');
    expect(choose(scores, 30 * minute)).toBe('socket');
  });

  it('remembers a mean of the delay by how long it played', () => {
    expect(
      after([
        { played: 3, delay: 200 },
        { played: 1, delay: 1_000 },
      ]),
    ).toMatchObject({ seconds: 4, delay: 400 });
  });
});

describe('running after the newest picture', () => {
  /** A playback of pictures 40 ms long that come with so much jitter (ms): how far it is behind in the end, and its waits. */
  function play(jitter: (n: number) => number, ms: number, from = 0.3) {
    const chase = new Chase();
    let [ahead, waits, rate, isWaiting] = [from, 0, 1, false];
    const rates: number[] = [];
    const due = Array.from({ length: ms / 40 }, (_, n) => n * 40 + jitter(n));
    const behind: number[] = [];
    for (let now = 0; now < ms; now += 5) {
      while (due.length > 0 && due[0]! <= now) {
        due.shift();
        chase.came(ahead, now);
        ahead += 0.04;
      }
      if (ahead >= 0.005 * rate) {
        ahead -= 0.005 * rate;
        isWaiting = false;
      } else if (!isWaiting) {
        waits += 1;
        isWaiting = true;
        chase.waited(now);
      }
      if (now % 100 === 0) {
        const pace = chase.pace(ahead, now);
        if (pace === 'jump') ahead = chase.margin;
        else rate = pace;
        rates.push(rate);
      }
      if (now > ms - 5_000) behind.push(ahead);
    }
    return { behind: behind.reduce((sum, each) => sum + each, 0) / behind.length, waits, rates };
  }

  it('keeps hardly anything in hand on a quiet network, without a wait', () => {
    const { behind, waits } = play(() => 0, 30_000);
    expect(behind).toBeLessThan(0.12);
    expect(waits).toBe(0);
  });

  it('keeps more in hand where pictures come irregularly, so that waits become rare', () => {
    const noise = [0, 150, 20, 90, 5, 180, 60, 10, 120, 0, 30];
    const jitter = (n: number) => noise[(n * 7) % noise.length]!;
    const long = play(jitter, 60_000, 0.1);
    expect(long.waits).toBeLessThan(12);
    expect(long.behind).toBeLessThan(0.45);
  });

  it('jumps when it is far behind, and never plays faster than a tenth', () => {
    const chase = new Chase();
    expect(chase.pace(2, 0)).toBe('jump');
    const { rates, behind } = play(() => 0, 20_000, 0.7);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1.1);
    expect(behind).toBeLessThan(0.15);
  });
});

describe('where a picture stands in time', () => {
  const box = (type: string, ...content: Uint8Array[]): Uint8Array => {
    const body = Buffer.concat(content);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + body.length);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, body]);
  };
  const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const buffer = (from: Uint8Array): ArrayBuffer => new Uint8Array(from).buffer;

  it.each([
    ['32 bits', '00000000 00015f90', 90_000],
    ['64 bits', '01000000 0000000200000001', 2 * 2 ** 32 + 1],
  ])('is read with %s', (_, content, time) => {
    const pictures = box('moof', box('mfhd', bytes('0000000000000001')), box('traf', box('tfdt', bytes(content))));
    expect(timeOf(buffer(pictures))).toBe(time);
  });

  it.each([
    ['32 bits', `00000000 ${'00000000'.repeat(2)} 00003200`],
    ['64 bits', `01000000 ${'0000000000000000'.repeat(2)} 00003200`],
  ])('counts in ticks said with times of %s', (_, content) => {
    const init = box('moov', box('trak', box('mdia', box('mdhd', bytes(content)))));
    expect(timescaleOf(buffer(Buffer.concat([box('ftyp'), init])))).toBe(12_800);
  });

  it('is unknown in garbage, which never hangs nor throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        for (const read of [timeOf, timescaleOf]) {
          const value = read(buffer(garbage));
          expect(value === undefined || Number.isFinite(value)).toBe(true);
        }
      }),
    );
    const cut = box('moof', box('traf', box('tfdt', bytes('00'))));
    expect(timeOf(buffer(cut))).toBeUndefined();
  });
});
