import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { addDays, dayOf, daysBetween, endOf } from '../model/calendar.ts';
import { HubError } from '../model/error.ts';
import type { PackChecked, PackMistake } from '../model/packApi.ts';
import { Comparing, worldWith, type WhatIf } from '../model/whatif.ts';
import { prefixOf } from '../model/world.ts';
import { checkPack, finder, packFolders } from '../platform/packFile.ts';
import { historyOf, longestDays } from '../serve/history.ts';
import { addChunk } from '../serve/trialThread.ts';
import { say, seedsFolder, withBackend } from './backend.ts';
import { table } from './table.ts';

const largestPack = 2 ** 20;

async function readPack(file: string): Promise<PackChecked> {
  const size = await stat(file).then(
    (found) => found.size,
    (cause: unknown) => {
      throw new HubError('packs.unreadable', `${file}: cannot be read`, { cause });
    },
  );
  if (size > largestPack) throw new HubError('packs.tooLarge', `${file}: expected at most ${largestPack} bytes`);
  const find = await finder([dirname(resolve(file)), ...packFolders(seedsFolder())]);
  return checkPack(await readFile(file, 'utf8'), find);
}

function printMistakes(file: string, mistakes: readonly PackMistake[]): false {
  for (const { line, column, place, message } of mistakes)
    console.log(`${file}:${line}:${column}: ${place}: ${message}`);
  return false;
}

/** `hallwatch packs check FILE`: names every mistake as `file:line:column: place: message`; false when there is one. */
export async function checkPackFile(file: string): Promise<boolean> {
  const checked = await readPack(file);
  if (!checked.ok) return printMistakes(file, checked.mistakes);
  const { id, version, region, rules, findings } = checked.pack;
  console.log(
    `${file}: ${id}@${version} of ${region}: ${rules.length} rules, ${findings.length} findings, no mistakes`,
  );
  return true;
}

export interface TryFlags {
  from?: string;
  to?: string;
  json?: boolean;
}

/** `hallwatch packs try FILE`: the same comparison as on the page, in this process. False when the file has mistakes. */
export async function tryPackFile(file: string, flags: TryFlags): Promise<boolean> {
  const checked = await readPack(file);
  if (!checked.ok) return printMistakes(file, checked.mistakes);
  const { pack } = checked;
  return withBackend(async ({ store, world }) => {
    if (!world().regions.has(pack.region)) throw new HubError('cli.input', `${file}: unknown region ${pack.region}`);
    const to = flags.to ?? dayOf(Date.now());
    const from = flags.from ?? addDays(to, -30);
    const days = daysBetween(from, to);
    if (days < 0 || days >= longestDays)
      throw new HubError('cli.input', `--from, --to: expected a span of 1 to ${longestDays} days`);
    const span = { prefix: prefixOf(pack.region), from, to };
    const started = Date.now();
    const comparing = new Comparing(world(), worldWith(world(), pack), endOf(to));
    for await (const chunk of historyOf(store, span)) addChunk(comparing, chunk);
    const result = comparing.result();
    if (flags.json) console.log(JSON.stringify(result));
    else console.log(tableOf(result));
    const seconds = (Date.now() - started) / 1_000;
    say(`${result.cases} cases, ${result.events} events of ${from} to ${to} in ${seconds.toFixed(1)} s`);
    return true;
  });
}

function tableOf({ total, rules, departments }: WhatIf): string {
  const line = (name: string, each: WhatIf['total']): string[] => [
    name,
    ...[each.before, each.after, each.appeared, each.vanished, each.changed].map(String),
  ];
  return table([
    ['', 'before', 'after', 'appeared', 'vanished', 'changed'],
    line('signals', total),
    ...rules.map((each) => line(`rule ${each.rule}`, each)),
    ...departments.map((each) => line(`department ${each.department || '-'}`, each)),
  ]);
}
