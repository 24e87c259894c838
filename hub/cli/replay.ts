import { SingleBar } from 'cli-progress';
import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { readAnyMapping, type DialectMapping, type Mapping } from '../../ingest/mapping.ts';
import { replay, type ReplayReport } from '../../ingest/replay.ts';
import { HubError } from '../model/error.ts';
import { say, seed, seedsFolder, withBackend } from './backend.ts';
import { table } from './table.ts';

export interface ReplayFlags {
  mapping: string;
  speed: number | 'max';
  region?: string;
  refused?: string;
  json?: boolean;
}

const largestMapping = 2 ** 20;

/** Prints the report; false when the file could not be read to its end. */
export async function replayCommand(file: string, flags: ReplayFlags): Promise<boolean> {
  const mapping = await loadMapping(flags.mapping);
  await checkFile(file);
  const report = await withBackend(
    async (ground) => {
      if (ground.world().regions.size === 0) {
        const counts = await seed(ground, seedsFolder());
        say(
          `… the store was empty: seeded ${counts.regions} regions and ${counts.matters} matters from ${seedsFolder()}`,
        );
      }
      const bar = process.stderr.isTTY
        ? new SingleBar({
            format: '{bar} {percentage}% {value}/{total} events, {eta_formatted} left',
            stream: process.stderr,
            clearOnComplete: true,
            hideCursor: true,
          })
        : undefined;
      let began = false;
      try {
        return await replay(ground, {
          file,
          mapping,
          speed: flags.speed,
          ...(flags.region === undefined ? {} : { region: flags.region }),
          refusedFile: resolve(flags.refused ?? `${basename(file)}.refused.ndjson`),
          onProgress: (played, derived) => {
            if (!began) bar?.start(derived, played);
            began = true;
            bar?.setTotal(derived);
            bar?.update(played);
          },
        });
      } finally {
        bar?.stop();
      }
    },
    { record: true },
  );
  print(report, flags.json ?? false);
  return report.broken === undefined;
}

export async function loadMapping(path: string): Promise<Mapping | DialectMapping> {
  await checkFile(path);
  if ((await stat(path)).size > largestMapping)
    throw new HubError('replay.mapping', `${path}: larger than ${largestMapping} bytes`);
  const read = readAnyMapping(await readFile(path, 'utf8'), path);
  if (!read.ok) throw new HubError('replay.mapping', read.errors.join('\n'));
  return read.mapping;
}

async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new HubError(
      'cli.file',
      `${path}: ${error.code === 'ENOENT' ? 'no such file' : (error.code ?? error.message)}`,
    );
  });
  if (!found.isFile()) throw new HubError('cli.file', `${path} is no file`);
}

function print(report: ReplayReport, json: boolean): void {
  if (report.refusedFile !== undefined) say(`${report.refused} refused: see ${report.refusedFile}`);
  if (report.broken !== undefined)
    say(`${report.file} could not be read to its end: ${report.broken}. What stands before it was kept.`);
  if (json) console.log(JSON.stringify(report));
  else console.log(table(Object.entries(report).map(([name, value]) => [name, String(value)])));
}
