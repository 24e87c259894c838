/**
 * Rule packs as files. `packs/*.yaml` are loaded into the store; `packs/library/*.yaml` are other regions' packs and what packs
 * share: they can be a parent, and are in force only where somebody copies them into `packs/`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '../hub/model/error.ts';
import type { RulePack } from '../hub/model/pack.ts';
import { checkPack, finder, library, packFolders, yamlFiles } from '../hub/platform/packFile.ts';

export { checkPack, finder, packFolders };

/** Reads and checks `packs/*.yaml`, or those of the library. Throws `HubError` `seeds.invalid` with every mistake. */
export async function readPacks(seeds: string, part: 'packs' | 'library' = 'packs'): Promise<RulePack[]> {
  const find = await finder(packFolders(seeds));
  const folder = part === 'packs' ? 'packs' : `packs/${library}`;
  const packs: RulePack[] = [];
  for (const file of await yamlFiles(join(seeds, folder))) {
    const checked = checkPack(await readFile(join(seeds, folder, file), 'utf8'), find);
    if (!checked.ok)
      throw new HubError(
        'seeds.invalid',
        checked.mistakes
          .slice(0, 20)
          .map(({ place, message, line }) => `${folder}/${file}: ${place}: ${message} (line ${line})`)
          .join('\n'),
      );
    const twice = packs.some(({ id }) => id === checked.pack.id);
    if (twice) throw new HubError('seeds.invalid', `${folder}/${file}: id: there is another pack ${checked.pack.id}`);
    packs.push(checked.pack);
  }
  return packs;
}
