import { join } from 'node:path';
import { z } from 'zod';
import type { PackChecked, PackDetail } from '../model/packApi.ts';
import type { RulePack } from '../model/pack.ts';
import { projectFolder } from '../platform/migrate.ts';
import { checkPack, finder, packFolders, readLibrary, textOf, type Find } from '../platform/packFile.ts';
import type { Context } from '../platform/part.ts';
import { all } from './gate.ts';
import { versionsOfPack, type PackRow } from './queries/packs.ts';

const mostText = 262_144;
/** A pack as YAML. */
export const packText = z.string().min(1).max(mostText);

/** Packs as text and as data: what the store holds, what stands in the library, and how a text is checked. */
export class Shelf {
  readonly #context: Pick<Context, 'store' | 'world'>;
  readonly #seeds = join(projectFolder(), 'seeds');
  #library: Promise<RulePack[]> | undefined;
  #files: Promise<Find> | undefined;

  constructor(context: Pick<Context, 'store' | 'world'>) {
    this.#context = context;
  }

  /** The files of the project do not change while the hub runs. */
  library(): Promise<RulePack[]> {
    return (this.#library ??= readLibrary(this.#seeds));
  }

  async versions(id: string): Promise<RulePack[]> {
    return (await all<PackRow>(this.#context.store, versionsOfPack(id))).map(({ body }) => body);
  }

  /** A parent is the newest version in the store, or a file. */
  async #find(): Promise<Find> {
    const files = await (this.#files ??= finder(packFolders(this.#seeds)));
    const { packs } = this.#context.world();
    return (id) => packs.get(id) ?? files(id);
  }

  async check(text: string): Promise<PackChecked> {
    return checkPack(text, await this.#find());
  }

  /** Whole, as what inherits from it sees it. */
  async parentOf(pack: RulePack): Promise<Record<string, unknown> | undefined> {
    if (pack.parent === undefined) return undefined;
    const found = (await this.#find())(pack.parent);
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : undefined;
  }

  async text(pack: RulePack): Promise<string> {
    return textOf(pack, await this.parentOf(pack));
  }

  /** The text of a pack that has everything else from its parent. */
  child(pack: RulePack, parent: RulePack): string {
    return textOf(pack, { ...parent });
  }

  async chainOf(pack: RulePack): Promise<PackDetail['chain']> {
    const find = await this.#find();
    const chain: PackDetail['chain'] = [];
    for (let id = pack.parent; id !== undefined && chain.length < 6;) {
      const found = find(id) as Partial<RulePack> | undefined;
      if (!found?.title) break;
      chain.push({ id, title: found.title });
      id = found.parent;
    }
    return chain;
  }
}
