/** `hallwatch matters`: the catalogue from the form to the frozen version, and against the published list. */
import { cellOf, titleOf } from '../../ingest/matters/columns.ts';
import { readMatters, readPublished, type CellFault } from '../../ingest/matters/read.ts';
import { writeMatters, writeTemplate } from '../../ingest/matters/write.ts';
import { dayOf } from '../model/calendar.ts';
import { HubError } from '../model/error.ts';
import { shortText } from '../model/fields.ts';
import { isSecret } from '../model/matter.ts';
import { diffRecords, reconcile, type Discrepancy } from '../model/matterDiff.ts';
import { offices, type Act, type Office } from '../model/matterVersion.ts';
import { packOf } from '../model/world.ts';
import { holdingsOf, importDrafts, newestOf, turnMatter, versionsOf } from '../platform/matters.ts';
import { say, withBackend, type Ground } from './backend.ts';
import { table } from './table.ts';

export async function template(file: string): Promise<void> {
  if (!/\.xlsx$/i.test(file)) throw new HubError('cli.input', 'FILE: expected a name that ends in .xlsx');
  await writeTemplate(file);
  say(`${file}: one matter a row on the first sheet; the second says what belongs into each column`);
}

/** False when something in the file, or of a version under way, is wrong; then nothing was written. */
export async function importMatters(
  file: string,
  flags: { region: string; dryRun?: boolean; json?: boolean },
): Promise<boolean> {
  return withBackend(async (ground) => {
    const { region, dryRun = false } = flags;
    checkRegion(ground, region);
    const now = Date.now();
    const promised = packOf(ground.world(), region, dayOf(now))?.matters?.promised ?? 'earlier';
    const read = await readMatters(file, { region, promised, departments: ground.world().departments });
    if (read.faultCount > 0) {
      printFaults(read, flags.json);
      return false;
    }
    const imported = await importDrafts(
      ground.store,
      region,
      read.rows.map(({ value }) => value),
      { now, dryRun },
    );
    if (flags.json) console.log(JSON.stringify(imported));
    else {
      const { added, changed, unchanged, refused } = imported;
      for (const each of refused) console.log(`${each.code}: ${each.reason}`);
      console.log(
        table([
          ['new', 'changed', 'unchanged', 'refused'],
          [added, changed, unchanged, refused].map(({ length }) => String(length)),
        ]),
      );
      if (dryRun || refused.length > 0) say('nothing was written');
    }
    return imported.refused.length === 0;
  });
}

/** The newest version of every matter, as the form has it. Secret ones are left out (JY-02). */
export async function exportMatters(file: string, flags: { region: string; frozen?: boolean }): Promise<void> {
  await withBackend(async (ground) => {
    checkRegion(ground, flags.region);
    const versions = await newestOf(ground.store, flags.region, { frozen: flags.frozen ?? false });
    const records = versions.map(({ record }) => record).filter((record) => !isSecret(record));
    await writeMatters(file, records);
    say(`${records.length} matters of ${flags.region} written to ${file}`);
  });
}

export async function listMatters(flags: { region: string; json?: boolean }): Promise<void> {
  await withBackend(async (ground) => {
    checkRegion(ground, flags.region);
    const versions = await newestOf(ground.store, flags.region);
    const rows = versions.map(({ version, state, record }) => ({
      code: record.code,
      version,
      state,
      name: isSecret(record) ? '' : record.name,
    }));
    if (flags.json) console.log(JSON.stringify(rows));
    else
      console.log(table([['code', 'version', 'state', 'name'], ...rows.map((row) => Object.values(row).map(String))]));
  });
}

export interface TurnFlags {
  region: string;
  by: string;
  office?: string;
  return?: string;
}

/** Submits, reviews or freezes each matter; true when all of them could be. */
export async function turnMatters(
  what: 'submit' | 'review' | 'freeze',
  codes: string[],
  flags: TurnFlags,
): Promise<boolean> {
  const { by, office, return: reason } = flags;
  if (!shortText.safeParse(by).success) throw new HubError('cli.input', '--by: expected a name');
  if (what === 'review' && !isOffice(office))
    throw new HubError('cli.input', `--office: expected one of ${offices.join(', ')}`);
  if (reason !== undefined && !shortText.safeParse(reason).success)
    throw new HubError('cli.input', '--return: expected a reason of 1 to 200 characters');
  return withBackend(async (ground) => {
    checkRegion(ground, flags.region);
    let well = true;
    for (const code of codes) {
      const turned = await turnMatter(ground, flags.region, code, actOf(what, by, office, reason));
      well &&= turned.ok;
      console.log(
        `${code}: ${turned.ok ? `version ${turned.version.version} is ${turned.version.state}` : `refused: ${turned.reason}`}`,
      );
    }
    return well;
  });
}

const isOffice = (text: string | undefined): text is Office =>
  (offices as readonly (string | undefined)[]).includes(text);

function actOf(
  what: 'submit' | 'review' | 'freeze',
  by: string,
  office: string | undefined,
  reason: string | undefined,
): Act {
  const at = Date.now();
  if (what !== 'review' || !isOffice(office)) return { act: what === 'freeze' ? 'freeze' : 'submit', by, at };
  return reason === undefined ? { act: 'approve', office, by, at } : { act: 'return', office, by, at, reason };
}

/** False when the two versions differ. */
export async function diffMatter(
  code: string,
  [from, to]: [number, number],
  flags: { region: string; json?: boolean },
): Promise<boolean> {
  return withBackend(async (ground) => {
    checkRegion(ground, flags.region);
    const versions = await versionsOf(ground.store, flags.region, code);
    const [old, now] = [from, to].map((wanted) => {
      const found = versions.find(({ version }) => version === wanted);
      if (found) return found;
      const there = versions.map(({ version }) => version).join(', ') || 'none';
      throw new HubError('cli.input', `${code} of ${flags.region} has no version ${wanted}; there is ${there}`);
    });
    const changes = diffRecords(old!.record, now!.record);
    if (flags.json) console.log(JSON.stringify(changes));
    else if (changes.length === 0) console.log(`versions ${from} and ${to} of ${code} say the same`);
    else
      console.log(
        table([
          ['column', `version ${from}`, `version ${to}`],
          ...changes.map((each) => [titleOf(each.field), cell(each.field, each.from), cell(each.field, each.to)]),
        ]),
      );
    return changes.length === 0;
  });
}

const cell = (field: Parameters<typeof cellOf>[0], value: unknown): string =>
  cellOf(field, value).replaceAll('\n', '；');

/** FS-17, FS-18. False when the catalogue and the published list do not say the same. */
export async function reconcileMatters(file: string, flags: { region: string; json?: boolean }): Promise<boolean> {
  return withBackend(async (ground) => {
    checkRegion(ground, flags.region);
    const read = await readPublished(file);
    if (read.faultCount > 0) {
      printFaults(read, flags.json);
      return false;
    }
    const { ours, secret, used } = await holdingsOf(ground.store, flags.region);
    const found = reconcile(
      ours,
      read.rows.map(({ value }) => value),
      used,
      secret,
    );
    if (flags.json) console.log(JSON.stringify(found));
    else if (found.length === 0) console.log(`${ours.length} matters agree with the ${read.rows.length} published`);
    else console.log(table([['code', 'name', 'what'], ...found.map((each) => [each.code, each.name, sentence(each)])]));
    return found.length === 0;
  });
}

function sentence(found: Discrepancy): string {
  switch (found.kind) {
    case 'notPublished':
      return 'in the system, not published';
    case 'notInSystem':
      return 'published, not in the system';
    case 'cancelledUsed':
      return `cancelled since ${found.since}, ${found.cases} cases accepted since then`;
    case 'differs':
      return `${titleOf(found.field)}: ${cell(found.field, found.ours)} in the system, ${cell(found.field, found.theirs)} published`;
  }
}

function printFaults({ faults, faultCount }: { faults: CellFault[]; faultCount: number }, json?: boolean): void {
  if (json) {
    console.log(JSON.stringify({ faultCount, faults }));
    return;
  }
  console.log(
    table([
      ['row', 'column', 'expected'],
      ...faults.map(({ row, column, expected }) => [String(row), column, expected]),
    ]),
  );
  say(
    `${faultCount} mistakes${faultCount > faults.length ? `, the first ${faults.length} of them above` : ''}; nothing was written`,
  );
}

function checkRegion(ground: Ground, region: string): void {
  if (!ground.world().regions.has(region))
    throw new HubError(
      'cli.input',
      `--region: unknown region ${region}; hallwatch seed writes those of the demonstration`,
    );
}
