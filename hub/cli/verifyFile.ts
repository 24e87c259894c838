/** `hallwatch verify FILE`: an export of the ledger, checked without a hub. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { dayOf } from '../model/calendar.ts';
import { ChainCheck, type ChainFaultKind, type ChainVerdict } from '../model/chain.ts';
import { HubError } from '../model/error.ts';
import { digestOfText } from '../platform/digest.ts';
import { table } from './table.ts';

const causes: Record<ChainFaultKind, string> = {
  header: 'the file is no export of a ledger',
  unreadable: 'the line is no entry',
  changed: 'the entry does not fit its own hash: something in it was changed',
  missing: 'the entry is not in the file',
  order: 'the entry stands elsewhere in the file',
  replaced: 'the entry does not follow the one before it: one of the two was replaced',
  region: 'the entry is from the chain of another region',
  cut: 'the file ends before its last entry',
  head: 'the last hash is not the one that was given',
};

/** Reads line by line; throws a HubError when the file cannot be read. */
export async function verifyLines(path: string, noted?: string): Promise<ChainVerdict> {
  const check = new ChainCheck(digestOfText, noted);
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) check.take(line);
  } catch (cause) {
    throw new HubError('verify.file', `${path} cannot be read`, { cause });
  }
  return check.end();
}

/** True when the export is whole. */
export async function verifyFileCommand(path: string, flags: { head?: string; json?: boolean }): Promise<boolean> {
  const verdict = await verifyLines(path, flags.head);
  if (flags.json) {
    console.log(JSON.stringify(verdict));
    return verdict.ok;
  }
  const { ok, fault, export: header, entries, head, firstAt, lastAt } = verdict;
  const said =
    fault && (fault.sequence > 0 ? `broken at ${fault.sequence}: ${causes[fault.kind]}` : causes[fault.kind]);
  const days = firstAt === undefined || lastAt === undefined ? '' : `${dayOf(firstAt)} … ${dayOf(lastAt)}`;
  const numbers = header && entries > 0 ? `${header.first} … ${header.first + entries - 1}` : '';
  console.log(
    table([
      ['region', header ? `${header.region} ${header.regionName}` : ''],
      ['entries', `${entries} ${numbers}`.trim()],
      ['days', days],
      ['head', head ?? ''],
      ['chain', ok ? 'whole' : (said ?? '')],
    ]),
  );
  return ok;
}
