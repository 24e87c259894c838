/** `hallwatch verify`: whether every file of evidence is what its manifest says, and every manifest what the ledger says. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CopyManifest, Evidence, FaultKind, Manifest } from '../../hub/model/evidence.ts';
import type { LedgerEntry } from '../../hub/model/state.ts';
import type { Runner } from '../../hub/platform/postgres.ts';
import { copyManifest, evidenceFolder, filesIn, manifestName, readManifest, releaseFolder } from './folder.ts';

export interface Fault {
  /** Which evidence, release or picture of a finding. */
  of: string;
  file: string;
  fault: FaultKind;
}

export interface Verified {
  ok: boolean;
  evidence: number;
  copies: number;
  pictures: number;
  files: number;
  /** The first thousand. */
  faults: Fault[];
}

const words: Record<FaultKind, string> = {
  missing: 'is missing',
  changed: 'is not what was written: its SHA-256 is another',
  extra: 'is named by no manifest',
  unreadable: 'cannot be read as a manifest',
  unknown: 'stands in no entry of the ledger',
};
export const inWords = ({ of, file, fault }: Fault): string => `${of}: ${file} ${words[fault]}`;

const mostFaults = 1_000;
const page = 200;

class Report implements Verified {
  evidence = 0;
  copies = 0;
  pictures = 0;
  files = 0;
  readonly faults: Fault[] = [];
  ok = true;

  add(of: string, file: string, fault: FaultKind): void {
    this.ok = false;
    if (this.faults.length < mostFaults) this.faults.push({ of, file, fault });
  }
}

/** Everything under `DATA_DIR/evidence`. Reads file by file: memory does not grow with them. */
export async function verifyEvidence(runner: Runner, dataDir: string): Promise<Verified> {
  const report = new Report();
  for (let after = ''; ;) {
    const rows = await runner.query<{ body: Evidence }>(
      'select body from evidence where id > $1 order by id limit $2',
      [after, page],
    );
    for (const { body } of rows) await verifyOne(runner, dataDir, body, report);
    if (rows.length < page) break;
    after = rows.at(-1)!.body.id;
  }
  await verifyPictures(runner, dataDir, report);
  return report;
}

/** One piece of evidence with its released copies. */
export async function verifyEvidenceOf(runner: Runner, dataDir: string, evidence: Evidence): Promise<Verified> {
  const report = new Report();
  await verifyOne(runner, dataDir, evidence, report);
  return report;
}

/** A folder that was carried elsewhere: evidence with its manifests, or a released copy with its own. */
export async function verifyFolder(runner: Runner, folder: string): Promise<Verified> {
  const report = new Report();
  const names = await filesIn(folder);
  const versions = names.filter((name) => /^manifest-\d\.json$/.test(name)).sort();
  const isCopy = names.includes(copyManifest);
  if (versions.length === 0 && !isCopy) report.add(folder, manifestName(1), 'missing');
  for (const name of isCopy ? [copyManifest] : versions) {
    const found = await readManifest<Manifest | CopyManifest>(folder, name).catch(() => undefined);
    if (!found) {
      report.add(folder, name, 'unreadable');
      continue;
    }
    const { body, digest } = found;
    const [known] = await runner.query(
      `select 1 from ledger where subject = $1 and act in ('evidence.sealed', 'evidence.released') and body->'facts'->>'digest' = $2`,
      [body.evidence, digest],
    );
    if (!known) report.add(body.evidence, name, 'unknown');
    if (name === versions.at(-1) || isCopy)
      await verifyFiles(folder, body.evidence, body.files, [...versions, name], report);
    if (isCopy) report.copies += 1;
    else if (name === versions.at(-1)) report.evidence += 1;
  }
  return report;
}

async function verifyOne(runner: Runner, dataDir: string, row: Evidence, report: Report): Promise<void> {
  report.evidence += 1;
  const folder = evidenceFolder(dataDir, row.id);
  const entries = await runner.query<{ body: LedgerEntry }>(
    `select body from ledger where subject = $1 and act in ('evidence.sealed', 'evidence.released') order by region, sequence`,
    [row.id],
  );
  const sealed = entries.filter(({ body }) => body.act === 'evidence.sealed').map(({ body }) => body.facts['digest']);
  let newest: Manifest | undefined;
  for (const [index, digest] of sealed.entries()) {
    const name = manifestName(index + 1);
    newest = await verifyManifest<Manifest>(folder, name, digest, row.id, report);
  }
  const names = sealed.map((_, index) => manifestName(index + 1));
  if (row.state === 'removed') await verifyFiles(folder, row.id, [], names, report);
  else if (newest) await verifyFiles(folder, row.id, newest.files, names, report);
  if (row.state === 'removed') return;
  for (const { body } of entries) {
    if (body.act !== 'evidence.released') continue;
    report.copies += 1;
    const release = String(body.facts['release']);
    const copies = releaseFolder(dataDir, row.id, release);
    const copy = await verifyManifest<CopyManifest>(copies, copyManifest, body.facts['digest'], release, report);
    if (copy) await verifyFiles(copies, release, copy.files, [copyManifest], report);
  }
}

async function verifyManifest<T>(
  folder: string,
  name: string,
  digest: unknown,
  of: string,
  report: Report,
): Promise<T | undefined> {
  report.files += 1;
  let found: { body: T; digest: string } | undefined;
  try {
    found = await readManifest<T>(folder, name);
  } catch {
    report.add(of, name, 'unreadable');
    return undefined;
  }
  if (!found) report.add(of, name, 'missing');
  else if (found.digest !== digest) report.add(of, name, 'changed');
  else return found.body;
  return undefined;
}

async function verifyFiles(
  folder: string,
  of: string,
  files: readonly { name: string; sha256: string }[],
  manifests: readonly string[],
  report: Report,
): Promise<void> {
  const there = new Set(await filesIn(folder));
  for (const { name, sha256 } of files) {
    report.files += 1;
    if (!there.has(name)) report.add(of, name, 'missing');
    else if ((await sha256OfFile(join(folder, name))) !== sha256) report.add(of, name, 'changed');
  }
  const known = new Set([...files.map(({ name }) => name), ...manifests]);
  for (const name of there) if (!known.has(name)) report.add(of, name, 'extra');
}

/** The pictures of findings lie beside the folders, each under its own hash. */
async function verifyPictures(runner: Runner, dataDir: string, report: Report): Promise<void> {
  const folder = evidenceFolder(dataDir);
  const there = new Set(await readdir(folder).catch(() => []));
  for (let after = ''; ;) {
    const rows = await runner.query<{ id: string; sha256: string }>(
      `select id, body->>'snapshotSha256' as sha256 from finding where id > $1 and body ? 'snapshotSha256' order by id limit $2`,
      [after, page],
    );
    for (const { id, sha256 } of rows) {
      report.pictures += 1;
      report.files += 1;
      const name = `${sha256}.jpg`;
      if (!there.has(name)) report.add(id, name, 'missing');
      else if ((await sha256OfFile(join(folder, name))) !== sha256) report.add(id, name, 'changed');
    }
    if (rows.length < page) return;
    after = rows.at(-1)!.id;
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
