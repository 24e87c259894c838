/** The tile map of a province's cities or of a city's counties: where each tile stands and what it says. Pure. */
import type { BoardRegion, DutyProgress } from '../../hub/model/drawApi.ts';

/** Between two tiles, CSS pixels. */
export const gap = 6;
/** What a finger needs of a tile, and what a name needs where tiles stand side by side. */
const least = { touch: 44, name: 92 };

/** How the divisions of Sichuan lie to each other: column and row, from one (GB/T 2260). */
const sichuan: Readonly<Record<string, readonly [column: number, row: number]>> = {
  '513200': [2, 1],
  '510700': [4, 1],
  '510800': [5, 1],
  '511900': [6, 1],
  '513300': [1, 2],
  '510600': [4, 2],
  '511300': [5, 2],
  '511700': [6, 2],
  '511800': [2, 3],
  '510100': [3, 3],
  '510900': [4, 3],
  '511600': [5, 3],
  '511400': [3, 4],
  '512000': [4, 4],
  '511000': [5, 4],
  '513400': [2, 5],
  '511100': [3, 5],
  '510300': [4, 5],
  '510500': [5, 5],
  '510400': [2, 6],
  '511500': [4, 6],
};
/** Fewer would be lost on a map: they stand side by side. */
const worthAMap = 8;
const mapColumns = 6;

export interface TileMap {
  columns: number;
  rows: number;
  /** Column and row from one, in the order in which they are read. */
  tiles: { code: string; column: number; row: number }[];
}

/**
 * Places so many regions in a width (CSS pixels): no two in one place, none wider than the page. `narrowest`: what names need on a
 * map; where there is less room they stand side by side.
 */
export function layout(codes: readonly string[], width: number, narrowest: number = least.touch): TileMap {
  const known = codes.filter((code) => sichuan[code]);
  const isMap = known.length >= worthAMap && width >= mapColumns * (narrowest + gap) - gap;
  const fit = Math.max(1, Math.floor((width + gap) / (least.name + gap)));
  const columns = isMap ? mapColumns : Math.min(fit, Math.max(1, codes.length));
  const taken = new Set(isMap ? known.map((code) => sichuan[code]!.join(' ')) : []);
  let next = 0;
  const free = (): readonly [number, number] => {
    for (;;) {
      const cell = [(next % columns) + 1, Math.floor(next / columns) + 1] as const;
      next += 1;
      if (!taken.has(cell.join(' '))) return cell;
    }
  };
  const tiles = codes
    .map((code) => {
      const [column, row] = (isMap ? sichuan[code] : undefined) ?? free();
      return { code, column, row };
    })
    .sort((a, b) => a.row - b.row || a.column - b.column);
  return { columns, rows: Math.max(0, ...tiles.map(({ row }) => row)), tiles };
}

export type Completion = 'none' | 'missed' | 'done' | 'blind' | 'running' | 'waiting';

/** What a day is called by its visits: what is lost first, else how far it is. */
export function completionOf({ required, done, missed, couldNot, running }: DutyProgress): Completion {
  if (required === 0) return 'none';
  if (missed > 0) return 'missed';
  if (done >= required) return 'done';
  if (couldNot > 0) return 'blind';
  return running > 0 || done > 0 ? 'running' : 'waiting';
}

/** Per cent, rounded down: what is not whole is never a hundred. Undefined where nothing is owed. */
export const percentOf = ({ required, done }: Pick<DutyProgress, 'required' | 'done'>): number | undefined =>
  required === 0 ? undefined : Math.floor((100 * done) / required);

/** "8 %" of a share 0..1; a chance that is not none is never said to be. */
export const percent = (share: number): string => (share > 0 && share < 0.01 ? '< 1%' : `${Math.round(100 * share)}%`);

export const sumOf = (list: readonly DutyProgress[]): DutyProgress =>
  list.reduce(
    (sum, each) => ({
      required: sum.required + each.required,
      done: sum.done + each.done,
      running: sum.running + each.running,
      missed: sum.missed + each.missed,
      couldNot: sum.couldNot + each.couldNot,
    }),
    { required: 0, done: 0, running: 0, missed: 0, couldNot: 0 },
  );

export interface Group {
  region: BoardRegion;
  /** Of its own organ and of those below it. */
  progress: DutyProgress;
  counties: BoardRegion[];
}

/** The cities in scope with their counties. */
export function groupsOf(regions: readonly BoardRegion[]): Group[] {
  return regions
    .filter(({ level }) => level === 'city')
    .map((region) => {
      const counties = regions.filter(({ level, parent }) => level === 'county' && parent === region.code);
      return { region, progress: sumOf([region, ...counties]), counties };
    });
}

/** What is short enough for a tile: 阿坝藏族羌族自治州 → 阿坝, 成都市 → 成都. */
export const shortName = (name: string): string => name.replace(/(?:(?:.族)+自治[州县]|市)$/, '') || name;
