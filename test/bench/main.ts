/** `npm run bench [GROUP …] [--events N] [--cases N]`: figures beside their floors; JSON lines on standard output, a table on standard error. */
import { parseArgs } from 'node:util';
import { explorer } from './explorer.ts';
import { ingest } from './ingest.ts';
import { latency } from './latency.ts';
import { rebuild } from './rebuild.ts';
import { deaths, pictures } from './pictures.ts';
import { Report } from './report.ts';
import { video } from './video.ts';
import { wall } from './wall.ts';

/** Made of gigabytes and minutes: only when it is asked for. */
const large = ['explorer', 'deaths'];
const groups = { ingest, latency, rebuild, video, wall, pictures, explorer, deaths };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { events: { type: 'string' }, cases: { type: 'string' } },
});
const unknown = positionals.filter((name) => !(name in groups));
if (unknown.length > 0) throw new Error(`unknown group ${unknown.join(', ')}: use ${Object.keys(groups).join(', ')}`);
const options = {
  ...(values.events === undefined ? {} : { events: Number(values.events) }),
  ...(values.cases === undefined ? {} : { cases: Number(values.cases) }),
};
const report = new Report();
for (const [name, group] of Object.entries(groups)) {
  if (positionals.length > 0 ? !positionals.includes(name) : large.includes(name)) continue;
  process.stderr.write(`… ${name}\n`);
  await group(report, options);
}
report.print();
process.exit(0);
