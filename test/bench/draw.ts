/**
 * A province of 21 cities and 183 counties over 250 working days: how well the draw covers them and how well it can be foretold,
 * beside going through them in turn and beside plain chance.
 */
import { hash } from 'node:crypto';
import { chosenBy, daysUnvisited, weightOf, type Candidate } from '../../hub/model/draw.ts';
import type { Level } from '../../hub/model/quotaShape.ts';
import { quantile, type Report } from './report.ts';

const ways = ['draw', 'rotation', 'chance'] as const;
type Way = (typeof ways)[number];

export interface Course {
  /** Working days between two visits of the same hall, the stretch to the last day included. */
  longest: number;
  p95: number;
  never: number;
  /** Of the halls that a person who knows everything but the seed names for the next day, the share that comes true. */
  guessed: number;
  /** The same of the one hall that is the surest guess. */
  surest: number;
}

const sha256 = (input: string | Uint8Array): string => hash('sha256', input, 'hex');

/** Plays the days of one level. The seed of each day follows from `seed`, so that a test can hold what comes out. */
export function course(way: Way, level: Level, halls: number, count: number, days: number, seed: string): Course {
  const names = Array.from({ length: halls }, (_, index) => `hall-${String(index).padStart(4, '0')}`);
  const last = new Map<string, number>();
  const gaps: number[] = [];
  let [right, surest, guesses] = [0, 0, 0];
  for (let day = 0; day < days; day += 1) {
    const candidates: Candidate[] = names.map((hall) => {
      const before = last.get(hall);
      return { hall, days: before === undefined ? daysUnvisited(day, halls, count) : day - before };
    });
    // In turn and by weight the one that waits longest is the best guess; by chance all are the same.
    const sorted = [...candidates].sort((a, b) => weightOf(b.days) - weightOf(a.days) || (a.hall < b.hall ? -1 : 1));
    const guess = sorted.slice(0, count).map(({ hall }) => hall);
    const draw = `${day}:organ`;
    const chosen =
      way === 'rotation'
        ? guess
        : chosenBy(sha256, {
            seed: sha256(`${seed} ${day}`),
            draw,
            level,
            count,
            candidates: way === 'draw' ? candidates : candidates.map(({ hall }) => ({ hall, days: 1 })),
          });
    // The first round says nothing yet of what a person can learn from the past.
    if (day >= Math.ceil(halls / count)) {
      right += guess.filter((hall) => chosen.includes(hall)).length / count;
      surest += chosen.includes(guess[0]!) ? 1 : 0;
      guesses += 1;
    }
    for (const hall of chosen) {
      gaps.push(day - (last.get(hall) ?? -1));
      last.set(hall, day);
    }
  }
  for (const hall of names) gaps.push(days - (last.get(hall) ?? -1));
  return {
    longest: Math.max(...gaps),
    p95: quantile(gaps, 0.95),
    never: names.filter((hall) => !last.has(hall)).length / halls,
    guessed: right / guesses,
    surest: surest / guesses,
  };
}

const levels = [
  ['city', 21, 2],
  ['county', 183, 8],
] as const;

/** Ten courses of 250 days each. */
export function draw(report: Report): Promise<void> {
  const [days, rounds] = [250, 10];
  for (const [level, halls, count] of levels)
    for (const way of ways) {
      const all = Array.from({ length: rounds }, (_, round) =>
        course(way, level, halls, count, days, `${way} ${round}`),
      );
      const mean = (of: (each: Course) => number): number => all.reduce((sum, each) => sum + of(each), 0) / rounds;
      const name = `draw.${level}.${way}`;
      const n = rounds * days;
      report.add({ name: `${name}.longest`, value: mean((each) => each.longest), unit: 'working days', goal: '', n });
      report.add({ name: `${name}.p95`, value: mean((each) => each.p95), unit: 'working days', goal: '', n });
      report.add({ name: `${name}.never`, value: mean((each) => each.never) * 100, unit: '%', goal: '', n });
      report.add({ name: `${name}.guessed`, value: mean((each) => each.guessed) * 100, unit: '%', goal: '', n });
      report.add({ name: `${name}.surest`, value: mean((each) => each.surest) * 100, unit: '%', goal: '', n });
    }
  return Promise.resolve();
}
