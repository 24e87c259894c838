/** One figure of a bench, beside the floor that was measured in the same run on the same work (design §10). */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  goal: string;
  /** The same work done by the least that could do it; absent for a part of another figure. */
  floor?: number;
  /** What the floor is, or without one what is measured, for people. */
  against?: string;
  n: number;
}

const round = (value: number): number => Number(value.toPrecision(4));

/** JSON lines on standard output as they come; a table for people on standard error at the end. */
export class Report {
  readonly #figures: Figure[] = [];

  add(figure: Figure): void {
    this.#figures.push(figure);
    const { name, value, unit, goal, floor, n } = figure;
    const beside = floor === undefined ? {} : { floor: round(floor), ratio: round(value / floor) };
    process.stdout.write(`${JSON.stringify({ name, value: round(value), unit, goal, ...beside, n })}\n`);
  }

  print(): void {
    const head = ['figure', 'value', 'goal', 'floor', 'ratio', 'n', 'the floor is'];
    const rows = this.#figures.map((each) => [
      each.name,
      `${round(each.value)} ${each.unit}`,
      each.goal,
      each.floor === undefined ? '' : `${round(each.floor)} ${each.unit}`,
      each.floor === undefined ? '' : String(round(each.value / each.floor)),
      String(each.n),
      each.against ?? '',
    ]);
    const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
    for (const row of [head, ...rows])
      process.stderr.write(`${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}\n`);
  }
}

/** The value that this share of the sorted sample does not exceed. */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
