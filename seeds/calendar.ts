/**
 * Writes `seeds/calendar/<year>.json` from the package chinese-days: run `npx tsx seeds/calendar.ts` after upgrading it
 * when the State Council's notice for a new year is out. The hub reads only the JSON, so a wrong day can be corrected by hand.
 */
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isWeekend } from '../hub/model/calendar.ts';

export interface CalendarYear {
  year: number;
  /** False while the notice is not out: deadlines that pass such a year are provisional. */
  published: boolean;
  source: string;
  /** Only days that differ from the plain week, in order. */
  days: { day: string; working: boolean; name: string }[];
}

/** `"2026-02-15": "Spring Festival,春节,4"` */
interface Published {
  holidays: Record<string, string>;
  workdays: Record<string, string>;
}

export function yearsFrom(published: Published, source: string, first: number, last: number): CalendarYear[] {
  const chinese = (name: string): string => name.split(',')[1] ?? name;
  const days = [
    // A holiday that falls on a plain weekend is kept: its name explains why the day is not counted.
    ...Object.entries(published.holidays).map(([day, name]) => ({ day, working: false, name: chinese(name) })),
    ...Object.entries(published.workdays)
      .filter(([day]) => isWeekend(day))
      .map(([day, name]) => ({ day, working: true, name: `${chinese(name)}调休上班` })),
  ].sort((a, b) => a.day.localeCompare(b.day));
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const year = first + index;
    const own = days.filter((each) => each.day.startsWith(`${year}-`));
    return { year, published: own.length > 0, source: own.length > 0 ? source : '尚未公布', days: own };
  });
}

function write(): void {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('chinese-days');
  const published = JSON.parse(readFileSync(join(dirname(entry), 'chinese-days.json'), 'utf8')) as Published;
  const { version } = JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const source = `国务院办公厅部分节假日安排通知, chinese-days ${version}`;
  // One year more than is published, so that the hub knows it by name as not yet published.
  const last = Math.max(...Object.keys(published.holidays).map((day) => Number(day.slice(0, 4)))) + 1;
  for (const each of yearsFrom(published, source, 2004, last)) {
    const lines = each.days.map((day) => `    ${JSON.stringify(day)}`).join(',\n');
    const head = JSON.stringify({ year: each.year, published: each.published, source: each.source }, null, 2).slice(
      0,
      -2,
    );
    const text = `${head},\n  "days": [${lines ? `\n${lines}\n  ` : ''}]\n}\n`;
    writeFileSync(join(dirname(fileURLToPath(import.meta.url)), 'calendar', `${each.year}.json`), text);
  }
}

// By name: inside a bundle every module would take itself for the program.
if (/[/\\]seeds[/\\]calendar\.ts$/.test(process.argv[1] ?? '')) write();
