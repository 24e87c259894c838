/** `npm run bench [GROUP …] [--events N] [--cases N] [--minutes N] [--cameras N]`: figures beside their floors; JSON lines on standard output, a table on standard error. */
import { parseArgs } from 'node:util';
import { draw } from './draw.ts';
import { evidence } from './evidence.ts';
import { explorer } from './explorer.ts';
import { faults } from './faults.ts';
import { ingest } from './ingest.ts';
import { latency } from './latency.ts';
import { rebuild } from './rebuild.ts';
import { deaths, pictures } from './pictures.ts';
import { Report } from './report.ts';
import { soak } from './soak.ts';
import { video } from './video.ts';
import { visit } from './visit.ts';
import { wall } from './wall.ts';
import { web } from './web.ts';

/** Made of gigabytes and minutes: only when it is asked for. */
const large = ['explorer', 'deaths', 'faults', 'soak', 'visit', 'web'];
/** What is asked for with another: all there is to know of pictures in one run. */
const within: Record<string, string[]> = { video: ['wall', 'pictures', 'evidence'] };
const groups = {
  draw,
  ingest,
  latency,
  rebuild,
  video,
  wall,
  pictures,
  evidence,
  explorer,
  deaths,
  faults,
  soak,
  visit,
  web,
};

const numbers = ['events', 'cases', 'minutes', 'cameras'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(numbers.map((name) => [name, { type: 'string' as const }])),
});
const wanted = positionals.flatMap((name) => [name, ...(within[name] ?? [])]);
const unknown = positionals.filter((name) => !(name in groups));
if (unknown.length > 0) throw new Error(`unknown group ${unknown.join(', ')}: use ${Object.keys(groups).join(', ')}`);
const options: Partial<Record<(typeof numbers)[number], number>> = {};
for (const name of numbers) {
  if (values[name] === undefined) continue;
  options[name] = Number(values[name]);
  if (!(options[name] > 0)) throw new Error(`--${name} ${String(values[name])}: expected a number above 0`);
}
const report = new Report();
try {
  for (const [name, group] of Object.entries(groups)) {
    if (wanted.length > 0 ? !wanted.includes(name) : large.includes(name)) continue;
    process.stderr.write(`… ${name}\n`);
    await group(report, options);
  }
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
report.print();
process.exit();
