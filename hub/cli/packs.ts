import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HubError } from '../model/error.ts';
import { checkPack, finder, packFolders } from '../platform/packFile.ts';
import { seedsFolder } from './backend.ts';

const largestPack = 2 ** 20;

/** `hallwatch packs check FILE`: names every mistake as `file:line:column: place: message`; false when there is one. */
export async function checkPackFile(file: string): Promise<boolean> {
  const size = await stat(file).then(
    (found) => found.size,
    (cause: unknown) => {
      throw new HubError('packs.unreadable', `${file}: cannot be read`, { cause });
    },
  );
  if (size > largestPack) throw new HubError('packs.tooLarge', `${file}: expected at most ${largestPack} bytes`);
  const find = await finder([dirname(resolve(file)), ...packFolders(seedsFolder())]);
  const checked = checkPack(await readFile(file, 'utf8'), find);
  if (!checked.ok) {
    for (const { line, column, place, message } of checked.mistakes)
      console.log(`${file}:${line}:${column}: ${place}: ${message}`);
    return false;
  }
  const { id, version, region, rules, findings } = checked.pack;
  console.log(
    `${file}: ${id}@${version} of ${region}: ${rules.length} rules, ${findings.length} findings, no mistakes`,
  );
  return true;
}
