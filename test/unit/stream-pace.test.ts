import { describe, expect, it } from 'vitest';
import { Pace } from '../../stream/pace.ts';

interface Sent {
  claimed: number;
  arrived: number;
}

const start = Date.UTC(2026, 10, 21);
/** Reproducible noise in [0, 1). */
const noise = (n: number): number => Math.abs(Math.sin(n * 12.9898) * 43758.5453) % 1;

/** A camera that truly sends `fps` pictures a second for so many seconds, and claims what `claim` says. */
function* camera(
  fps: number,
  seconds: number,
  claim: (n: number) => number,
  delay: (n: number) => number = () => 0,
): Generator<Sent> {
  for (let n = 1; n <= fps * seconds; n++) yield { claimed: claim(n), arrived: start + (n * 1000) / fps + delay(n) };
}

function play(
  sent: Iterable<Sent>,
  settle: number,
): { error: number; lead: number; breaks: number; future: number; ratio: number } {
  const pace = new Pace();
  let error = 0;
  let breaks = 0;
  let future = 0;
  let lead = 0;
  let from: { media: number; wall: number } | undefined;
  let ratio = 1;
  for (const { claimed, arrived } of sent) {
    const { time, duration, at, broken } = pace.next(claimed, arrived);
    if (broken) breaks++;
    future = Math.max(future, at + duration * 1000 - arrived);
    if (arrived - start < settle * 1000) continue;
    error = Math.max(error, Math.abs(arrived - (at + duration * 1000)));
    from ??= { media: time, wall: arrived };
    lead = Math.max(lead, Math.abs(time - from.media - (arrived - from.wall) / 1000));
    ratio = (time - from.media) / ((arrived - from.wall) / 1000);
  }
  return { error, lead, breaks, future, ratio };
}

describe('the pace of a camera that tells the truth', () => {
  it('keeps its own durations and shows when pictures arrived', () => {
    const result = play(
      camera(25, 60, () => 1 / 25),
      0,
    );
    expect(result.error).toBeLessThan(1);
    expect(result.breaks).toBe(0);
  });

  it('is not moved by a network that delays at random', () => {
    const result = play(
      camera(
        15,
        120,
        () => 1 / 15,
        (n) => noise(n) * 120,
      ),
      3,
    );
    expect(result.breaks).toBe(0);
    expect(result.lead).toBeLessThan(0.15);
    expect(result.error).toBeLessThan(160);
  });

  it('dates a burst of kept pictures back to when they were taken', () => {
    const pace = new Pace();
    let last = 0;
    for (let n = 0; n < 50; n++) last = pace.next(0.04, start + n).at;
    expect(Math.abs(last + 40 - (start + 49))).toBeLessThan(2);
  });
});

describe('the pace of a camera that lies', () => {
  it.each([
    ['twice as many pictures as it sends', 0.5],
    ['half as many', 2],
    ['one in eight more', 0.875],
    ['one in twenty-five more', 0.96],
    ['a crystal that is a little off', 1.001],
  ])('claims %s: after half a minute timeline and wall go together', (_, factor) => {
    const result = play(
      camera(15, 120, () => factor / 15),
      30,
    );
    expect(Math.abs(result.ratio - 1)).toBeLessThan(0.01);
    expect(result.lead).toBeLessThan(0.3);
    expect(result.error).toBeLessThan(300);
  });

  it('is never dated into the future, whatever it claims', () => {
    const claims = [0.5, 3, -1, 0, 100, Number.NaN, 1e9];
    const result = play(
      camera(15, 90, (n) => claims[Math.floor(n / 100) % claims.length]! / 15),
      0,
    );
    expect(result.future).toBeLessThan(0.001);
  });

  it.each([3600, -3600, 0])('jumps by %i s: the picture lasts as long as those before', (jump) => {
    const result = play(
      camera(15, 30, (n) => (n === 200 ? jump : 1 / 15)),
      0,
    );
    expect(result.breaks).toBe(0);
    expect(result.error).toBeLessThan(1);
  });

  it('stands still after a jump backward, as ffmpeg then counts single ticks: the usual length counts', () => {
    const result = play(
      camera(15, 60, (n) => (n < 200 ? 1 / 15 : 1 / 90_000)),
      0,
    );
    expect(result.error).toBeLessThan(1);
  });

  it('is told to players when wall time and timeline part by more than a second', () => {
    const stopped = [
      ...camera(
        15,
        20,
        () => 1 / 15,
        (n) => (n > 150 ? 4000 : 0),
      ),
    ];
    expect(play(stopped, 0).breaks).toBe(1);
  });
});
