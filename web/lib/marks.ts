import type { Timeline } from '../../hub/model/api.ts';
import type { Level } from '../../hub/model/pack.ts';
import { severity } from './merge.ts';

type Mark = Timeline['lanes'][number]['marks'][number];

/** How many signals a lane of the time line has, and one mark for those within the same `width` milliseconds: of the worst level. */
export function levelsOf(
  marks: readonly Mark[],
  width: number,
): { count: number; levels: { at: number; kind: Level }[] } {
  const cells = new Map<number, { at: number; kind: Level }>();
  let count = 0;
  for (const { at, kind } of marks) {
    if (kind === 'event') continue;
    count += 1;
    const cell = Math.floor(at / width);
    const known = cells.get(cell);
    if (!known || severity[kind] > severity[known.kind]) cells.set(cell, { at, kind });
  }
  return { count, levels: [...cells.values()] };
}
