import { readFile, stat } from 'node:fs/promises';
import { keepCounts } from '../../ingest/counts.ts';
import { readExpected, reconcile } from '../../ingest/reconcile.ts';
import { HubError } from '../model/error.ts';
import { say, withBackend } from './backend.ts';
import { table } from './table.ts';

/** Prints the counts of a source's day; false when one differs from what was expected. */
export async function reconcileCommand(
  source: string,
  day: string,
  flags: { expected?: string; keep?: boolean; json?: boolean },
): Promise<boolean> {
  const at = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day)
    throw new HubError('cli.input', 'DAY: expected YYYY-MM-DD');
  const expected = flags.expected === undefined ? undefined : readExpected(await textOf(flags.expected));
  if (flags.keep && !expected) throw new HubError('cli.input', '--keep: give --expected as well');
  const lines = await withBackend(async ({ store }) => {
    if (flags.keep && expected) await keepCounts(store, source, day, expected, Date.now());
    return reconcile(store, source, day, expected);
  });
  const different = lines.filter(({ difference }) => difference !== undefined && difference !== 0);
  if (flags.json) console.log(JSON.stringify({ source, day, equal: different.length === 0, lines }));
  else
    console.log(
      table([
        ['kind', 'recorded', 'refused', 'expected', 'difference'],
        ...lines.map(({ kind, recorded, refused, expected = '', difference = '' }) =>
          [kind, recorded, refused, expected, difference].map(String),
        ),
      ]),
    );
  if (different.length > 0) say(`${different.length} counts of ${source} on ${day} differ`);
  return different.length === 0;
}

/** A number, or the text of the file of this name. */
async function textOf(given: string): Promise<string> {
  if (/^\d+$/.test(given)) return given;
  const found = await stat(given).catch(() => undefined);
  if (!found?.isFile()) throw new HubError('cli.file', `${given} is neither a number nor a file`);
  if (found.size > 64 * 1024) throw new HubError('cli.file', `${given}: larger than 64 kB`);
  return readFile(given, 'utf8');
}
