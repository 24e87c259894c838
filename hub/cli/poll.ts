import { readFile, stat } from 'node:fs/promises';
import { Commits } from '../../ingest/commits.ts';
import { poll } from '../../ingest/poll.ts';
import { isTableUrl, schemes } from '../../ingest/pollTable.ts';
import { HubError } from '../model/error.ts';
import { readSecret, say, withBackend } from './backend.ts';
import { loadMapping } from './replay.ts';

export interface PollFlags {
  mapping: string;
  urlFile?: string;
  urlStdin?: boolean;
  region?: string;
  once?: boolean;
}

/** Reads a department's table until it is interrupted, or once. */
export async function pollCommand(flags: PollFlags): Promise<void> {
  const mapping = await loadMapping(flags.mapping);
  if (!mapping.poll) throw new HubError('cli.input', `${flags.mapping} has no poll: expected poll with table and key`);
  const url = await addressOf(flags);
  const totals = await withBackend(
    async (ground) => {
      const ending = new AbortController();
      // Nothing new is asked for; a page that is in hand then comes again with the next start.
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.prependOnceListener(signal, () => ending.abort());
      const totals = await poll(ground, {
        url,
        mapping,
        signal: ending.signal,
        once: flags.once ?? false,
        ...(flags.region === undefined ? {} : { region: flags.region }),
        onProgress: ({ rows, accepted, duplicates, refused }) =>
          say(`rows ${rows}, accepted ${accepted}, duplicates ${duplicates}, refused ${refused}`),
      });
      // What counts the day after must find it in the store, also where nobody else records.
      if (flags.once) await new Commits(ground, 120_000).caughtUp();
      return totals;
    },
    { record: true },
  );
  console.log(JSON.stringify(totals));
}

/** The address carries a password: from a file or standard input, never from the command line or the environment. */
async function addressOf({ urlFile, urlStdin }: PollFlags): Promise<string> {
  if ((urlFile === undefined) === (urlStdin !== true))
    throw new HubError('cli.input', 'give either --url-file FILE or --url-stdin');
  const url = urlFile === undefined ? await readSecret('address of the database') : await fromFile(urlFile);
  if (!isTableUrl(url)) throw new HubError('cli.input', `the address: expected ${schemes}`);
  return url;
}

async function fromFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new HubError('cli.file', `${path} is no file`);
  if (found.size > 4_096) throw new HubError('cli.file', `${path}: longer than an address is`);
  if (found.mode & 0o077) say(`${path} can be read by others: chmod 600 ${path}`);
  return (await readFile(path, 'utf8')).trim();
}
