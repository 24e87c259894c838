/** `hallwatch contacts`: who is told of a signal, and where (XY-31, XY-32). */
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { ContactFault } from '../model/contact.ts';
import { HubError } from '../model/error.ts';
import { prefixOf } from '../model/world.ts';
import { largestFile, readContacts, saveContacts, writeContacts } from '../platform/contacts.ts';
import { worldChanged } from '../platform/world.ts';
import { say, withBackend } from './backend.ts';
import { table } from './table.ts';

interface ImportFlags {
  region: string;
  replace?: boolean;
  json?: boolean;
}

/** False when a cell is wrong; then nothing was written. */
export async function importContacts(file: string, { region, replace = false, json }: ImportFlags): Promise<boolean> {
  const bytes = await read(file);
  return withBackend(async ({ store, bus, world, reload }) => {
    const { contacts, faults } = readContacts(bytes, world());
    for (const [index, each] of contacts.entries())
      if (!each.region.startsWith(prefixOf(region)))
        faults.push({ row: index + 2, column: '区划', reason: `${each.region} is not in ${region}` });
    if (faults.length > 0) {
      print(faults, json);
      return false;
    }
    await store.transaction((runner) => saveContacts(runner, contacts, replace ? prefixOf(region) : undefined));
    await reload();
    bus.connection.publish(worldChanged);
    await bus.connection.flush();
    if (json) console.log(JSON.stringify({ contacts: contacts.length }));
    else say(`${contacts.length} contacts of ${region} written`);
    return true;
  });
}

function print(faults: readonly ContactFault[], json: boolean | undefined): void {
  if (json) console.log(JSON.stringify({ faults }));
  else
    console.log(
      table([
        ['row', 'column', 'what is wrong'],
        ...faults.map(({ row, column, reason }) => [String(row), column, reason]),
      ]),
    );
  say('nothing was written');
}

export async function exportContacts(file: string, { region }: { region: string }): Promise<void> {
  await withBackend(async ({ world }) => {
    const own = [...world().contacts.values()].filter((each) => each.region.startsWith(prefixOf(region)));
    await writeFile(file, writeContacts(own));
    say(`${own.length} contacts of ${region} written to ${file}`);
  });
}

async function read(file: string): Promise<Buffer> {
  try {
    if ((await stat(file)).size > largestFile)
      throw new HubError('contacts.file', `${file}: larger than ${largestFile / 1e6} MB`);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof HubError) throw cause;
    throw new HubError('contacts.file', `${file}: ${(cause as Error).message}`, { cause });
  }
}
