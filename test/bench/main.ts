/** `npm run bench [GROUP …] [--events N]`: figures beside their floors; JSON lines on standard output, a table on standard error. */
import { parseArgs } from 'node:util';
import { ingest } from './ingest.ts';
import { latency } from './latency.ts';
import { rebuild } from './rebuild.ts';
import { Report } from './report.ts';
import { video } from './video.ts';

const groups = { ingest, latency, rebuild, video };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { events: { type: 'string' } } });
const unknown = positionals.filter((name) => !(name in groups));
if (unknown.length > 0) throw new Error(`unknown group ${unknown.join(', ')}: use ${Object.keys(groups).join(', ')}`);
const options = values.events === undefined ? {} : { events: Number(values.events) };
const report = new Report();
for (const [name, group] of Object.entries(groups)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stderr.write(`… ${name}\n`);
  await group(report, options);
}
report.print();
process.exit(0);
