/** Running numbers of casefiles (编号): which were given and never came (P1). */

export interface Numbered extends Record<string, unknown> {
  region: string;
  department: string | null;
  number: string;
}

interface Gap {
  region: string;
  department: string | null;
  /** How many are missing, the first and the last of them, and how many numbers were looked at. */
  missing: number;
  first: string;
  last: string;
  numbers: number;
}

/** What the store knows besides: the nearest number below (`place` counts from 1), and which casefiles are there. */
interface Known {
  below: (regions: string[], prefixes: string[], numbers: string[]) => Promise<{ place: number; number: string }[]>;
  present: (ids: string[]) => Promise<{ id: string }[]>;
}

/** The last digits count on; what stands before them (a year, a day, a window) begins a series of its own. */
const running = /^(.*?)(\d{3,4})$/s;
/** A longer jump is a new series and no gap. */
const longest = 1_000;
/** Numbers looked up in the store at a time, for all gaps of a day together. */
const mostMissing = 20_000;

interface Series {
  region: string;
  department: string | null;
  prefix: string;
  digits: number;
  values: number[];
}

const write = ({ prefix, digits }: Series, value: number): string => `${prefix}${String(value).padStart(digits, '0')}`;

/**
 * Gaps by region and department. A number that another department, another day or an earlier case has is not missing.
 */
export async function gapsOf(rows: readonly Numbered[], known: Known): Promise<Gap[]> {
  const all = seriesOf(rows);
  if (all.length === 0) return [];
  const below = await known.below(
    all.map(({ region }) => region),
    all.map(({ prefix }) => prefix),
    all.map((each) => write(each, each.values[0]!)),
  );
  for (const { place, number } of below) {
    const series = all[place - 1];
    const value = series && valueIn(series, number);
    if (value !== undefined) series!.values.unshift(value);
  }
  const candidates: { series: Series; number: string }[] = [];
  for (const series of all)
    for (const value of between(series.values)) {
      if (candidates.length < mostMissing) candidates.push({ series, number: write(series, value) });
    }
  const ids = candidates.map(({ series, number }) => `${series.region}:${number}`);
  const there = new Set((ids.length === 0 ? [] : await known.present(ids)).map(({ id }) => id));
  const gaps = new Map<string, Gap>();
  for (const { series, number } of candidates) {
    const { region, department, values } = series;
    if (there.has(`${region}:${number}`)) continue;
    const key = `${region} ${department ?? ''}`;
    const gap = gaps.get(key) ?? {
      region,
      department,
      missing: 0,
      first: number,
      last: number,
      numbers: values.length,
    };
    gaps.set(key, gap);
    gap.missing += 1;
    gap.last = number;
  }
  return [...gaps.values()];
}

function seriesOf(rows: readonly Numbered[]): Series[] {
  const found = new Map<string, Series>();
  for (const { region, department, number } of rows) {
    const [, prefix = '', digits] = running.exec(number) ?? [];
    if (digits === undefined) continue;
    const key = `${region} ${department ?? ''} ${prefix} ${digits.length}`;
    const series = found.get(key) ?? { region, department, prefix, digits: digits.length, values: [] };
    found.set(key, series);
    series.values.push(Number(digits));
  }
  const all = [...found.values()];
  for (const { values } of all) values.sort((a, b) => a - b);
  return all;
}

/** A number of the same series, and not merely one that begins like it. */
function valueIn({ prefix, digits }: Series, number: string): number | undefined {
  const [, before, running4] = running.exec(number) ?? [];
  return before === prefix && running4?.length === digits ? Number(running4) : undefined;
}

function between(values: readonly number[]): number[] {
  const missing: number[] = [];
  for (let index = 1; index < values.length; index += 1) {
    const [from, to] = [values[index - 1]!, values[index]!];
    if (to - from - 1 > longest) continue;
    for (let value = from + 1; value < to; value += 1) missing.push(value);
  }
  return missing;
}
