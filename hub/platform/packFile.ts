/**
 * A rule pack as text: every mistake with its line, as `hallwatch packs check` and the page name them; and where a pack's parents
 * are looked for.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isMap, LineCounter, parse, parseDocument, stringify, type Document } from 'yaml';
import type { z } from 'zod';
import { packShape, senselessIn, type RulePack } from '../model/pack.ts';
import type { PackChecked, PackMistake } from '../model/packApi.ts';
import { inherit, isOwn } from '../model/parents.ts';

type Path = readonly PropertyKey[];
export type Find = (id: string) => unknown;

/** Every mistake of one file, in the order of its lines. `find` gives the other packs' documents, for parents. */
export function checkPack(content: string, find: Find): PackChecked {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0)
    return {
      ok: false,
      mistakes: document.errors.map(({ pos, message }) => ({ ...at(pos[0]), place: '(top)', message })),
    };
  let own: unknown;
  try {
    // Aliases are bounded: a few lines must not unfold into gigabytes.
    own = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { ok: false, mistakes: [{ line: 1, column: 1, place: '(top)', message }] };
  }
  const mistake = (path: Path, message: string): PackMistake => ({
    ...at(offsetOf(document, path)),
    place: path.map(String).join('.') || '(top)',
    message,
  });
  const inherited = inherit(own, find);
  if (!inherited.ok) return { ok: false, mistakes: [mistake(['parent'], inherited.reason)] };
  const parsed = packShape.safeParse(inherited.value);
  const mistakes = [
    ...(parsed.error?.issues.flatMap((issue) => mistakesOf(issue, mistake)) ?? []),
    ...senselessIn(inherited.value).map(({ path, message }) => mistake(path, message)),
  ];
  if (parsed.success && mistakes.length === 0) return { ok: true, pack: parsed.data };
  return { ok: false, mistakes: mistakes.sort((a, b) => a.line - b.line || a.column - b.column) };
}

function mistakesOf(issue: z.core.$ZodIssue, mistake: (path: Path, message: string) => PackMistake): PackMistake[] {
  if (issue.code !== 'unrecognized_keys') return [mistake(issue.path, issue.message)];
  return issue.keys.map((key) => mistake([...issue.path, key], 'unknown key'));
}

/** Where the thing at a path begins, or the nearest thing around it; what comes from the parent is at `parent`. */
function offsetOf(document: Document, path: Path): number {
  const isInherited = path.length > 0 && !isOwn(path[0]) && !document.has(path[0]) && document.has('parent');
  const steps = isInherited ? ['parent'] : path;
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const [index, step] of steps.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(key) === String(step));
      const begins = (pair?.key as { range?: [number, number, number] } | undefined)?.range?.[0];
      if (begins === undefined) break;
      offset = begins;
      node = pair?.value;
    } else {
      const item = document.getIn(steps.slice(0, index + 1), true) as { range?: [number] } | undefined;
      if (item?.range === undefined) break;
      offset = item.range[0];
      node = item;
    }
  }
  return offset;
}

/** Packs that are in force nowhere until somebody copies them: they can be a parent. */
export const library = 'library';

export async function yamlFiles(dir: string): Promise<string[]> {
  if (!existsSync(dir)) return [];
  return (await readdir(dir)).filter((each) => each.endsWith('.yaml')).sort();
}

/** Looks a pack's document up by its id in the given folders; a file that is no YAML is passed over. */
export async function finder(folders: readonly string[]): Promise<Find> {
  const found = new Map<string, unknown>();
  for (const folder of folders) {
    for (const file of await yamlFiles(folder)) {
      const value = parseQuietly(await readFile(join(folder, file), 'utf8'));
      const id: unknown = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined;
      if (typeof id === 'string' && !found.has(id)) found.set(id, value);
    }
  }
  return (id) => found.get(id);
}

function parseQuietly(content: string): unknown {
  try {
    return parse(content, { maxAliasCount: 100, logLevel: 'silent' });
  } catch {
    return undefined;
  }
}

/** The folders of `seeds` in which a parent may be. */
export const packFolders = (seeds: string): string[] => [join(seeds, 'packs'), join(seeds, 'packs', library)];

/** The library's packs without those that are not whole; a broken file is passed over. */
export async function readLibrary(seeds: string): Promise<RulePack[]> {
  const folder = join(seeds, 'packs', library);
  const find = await finder(packFolders(seeds));
  const packs: RulePack[] = [];
  for (const file of await yamlFiles(folder)) {
    const checked = checkPack(await readFile(join(folder, file), 'utf8'), find);
    // What only others inherit from has no region of its own.
    if (checked.ok && checked.pack.region !== '000000') packs.push(checked.pack);
  }
  return packs;
}

/** Sections of a pack that say the same as its parent's, in the order of the pack. */
export const inheritedOf = (pack: RulePack, parent: Record<string, unknown>): string[] =>
  Object.entries(pack).flatMap(([section, value]) =>
    !isOwn(section) && isDeepStrictEqual(value, parent[section]) ? [section] : [],
  );

/** A pack as YAML. Sections that its parent has the same are left to the parent. */
export function textOf(pack: RulePack, parent: Record<string, unknown> | undefined): string {
  const { parent: named, ...rest } = pack;
  const kept = new Set(parent ? inheritedOf(pack, parent) : []);
  const own = Object.fromEntries(Object.entries(rest).filter(([section]) => !kept.has(section)));
  const { id, ...others } = own;
  return stringify({ id, ...(parent ? { parent: named } : {}), ...others }, { lineWidth: 120 });
}
