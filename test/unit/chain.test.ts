import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyLines } from '../../hub/cli/verifyFile.ts';
import { ChainCheck, genesis, type ChainVerdict, type LedgerExport } from '../../hub/model/chain.ts';
import type { LedgerEntry } from '../../hub/model/state.ts';
import { entryHash } from '../../hub/platform/chain.ts';
import { digestOfText } from '../../hub/platform/digest.ts';

const at = Date.UTC(2026, 10, 20, 1);
const count = 12;

/** A chain from `first` on, as the recorder would have written it, and its header. */
function chain(first = 1, note = '窗口无人'): string[] {
  let previous = first === 1 ? genesis : 'ab'.repeat(32);
  const before = previous;
  const entries: LedgerEntry[] = [];
  for (let sequence = first; sequence < first + count; sequence += 1) {
    const draft = {
      ...{ region: '510104', sequence, previous, at: at + sequence * 60_000, act: 'finding.recorded' as const },
      ...{ subject: `finding-${sequence}`, hall: 'hall-1', account: 'li', event: `e${sequence}` },
      facts: { window: 'w1', code: 'A03', number: sequence / 3, isSeen: true, note },
    };
    entries.push({ ...draft, hash: entryHash(draft) });
    previous = entries.at(-1)!.hash;
  }
  const header: LedgerExport = {
    ...{ kind: 'hallwatch.ledger', version: 1, region: '510104', regionName: '锦江区', from: '2026-11-20' },
    ...{ until: '2026-11-20', first, last: first + count - 1, previous: before, head: previous, madeAt: at },
  };
  return [JSON.stringify(header), ...entries.map((entry) => JSON.stringify(entry))];
}
const noble = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

function check(lines: readonly string[], noted?: string, hash: (text: string) => string = digestOfText): ChainVerdict {
  const found = new ChainCheck(hash, noted);
  for (const line of lines) found.take(line);
  return found.end();
}
const edit = (line: string, change: (entry: LedgerEntry) => void): string => {
  const entry = JSON.parse(line) as LedgerEntry;
  change(entry);
  return JSON.stringify(entry);
};

describe('an export of the ledger', () => {
  it('is whole from the first entry and from the middle on, by the hub’s SHA-256 and by the browser’s', () => {
    for (const first of [1, 70]) {
      const lines = chain(first);
      const head = (JSON.parse(lines[0]!) as LedgerExport).head;
      const whole = check(lines, head);
      expect(whole).toMatchObject({ ok: true, entries: count, head, firstAt: at + first * 60_000 });
      expect(check(lines, undefined, noble)).toEqual(whole);
      // Blank lines and another order of an entry's members change nothing that is said.
      const turned = lines.map((line, index) =>
        index === 0 ? line : JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line) as object).reverse())),
      );
      expect(check(['', ...turned, ''])).toEqual({ ...whole, ok: true });
    }
  });

  it('says which entry is not whole, and why', () => {
    const lines = chain();
    const faults: [string, string[], string | undefined, object][] = [
      [
        'a changed fact',
        lines.with(
          5,
          edit(lines[5]!, ({ facts }) => (facts['code'] = 'A01')),
        ),
        undefined,
        { kind: 'changed', sequence: 5 },
      ],
      [
        'an added member',
        lines.with(5, lines[5]!.replace(/}$/, ',"remark":"x"}')),
        undefined,
        { kind: 'unreadable', sequence: 5 },
      ],
      [
        'a fact that is there twice',
        lines.with(5, lines[5]!.replace('"facts":{', '"facts":{"code":"E01"},"facts":{')),
        undefined,
        { kind: 'unreadable', sequence: 5 },
      ],
      [
        'an entry hashed anew',
        lines.with(
          5,
          edit(lines[5]!, (entry) => {
            entry.account = 'wang';
            entry.hash = entryHash(entry);
          }),
        ),
        undefined,
        // It fits itself; what follows no longer follows it.
        { kind: 'replaced', sequence: 6 },
      ],
      ['a missing entry', lines.toSpliced(4, 1), undefined, { kind: 'missing', sequence: 4 }],
      [
        'two in the wrong order',
        lines.with(4, lines[5]!).with(5, lines[4]!),
        undefined,
        { kind: 'order', sequence: 4 },
      ],
      ['one twice', lines.toSpliced(4, 0, lines[4]!), undefined, { kind: 'order', sequence: 5 }],
      ['a cut end', lines.slice(0, -2), undefined, { kind: 'cut', sequence: count - 1 }],
      ['another head than was noted', lines, 'f'.repeat(64), { kind: 'head', sequence: count }],
      ['no export', ['{"a":1}', ...lines.slice(1)], undefined, { kind: 'header', sequence: 0 }],
      ['nothing at all', [], undefined, { kind: 'header', sequence: 0 }],
      ['half a line', lines.with(7, lines[7]!.slice(0, 40)), undefined, { kind: 'unreadable', sequence: 7 }],
    ];
    for (const [what, told, noted, fault] of faults) {
      const found = check(told, noted);
      expect({ what, ok: found.ok, fault: found.fault }).toEqual({ what, ok: false, fault });
      expect(check(told, noted, noble)).toEqual(found);
    }
    // An end that was cut together with its header is told by the head that was noted.
    const header = JSON.parse(lines[0]!) as LedgerExport;
    const last = JSON.parse(lines.at(-3)!) as LedgerEntry;
    const cut = [JSON.stringify({ ...header, last: count - 2, head: last.hash }), ...lines.slice(1, -2)];
    expect(check(cut).ok).toBe(true);
    expect(check(cut, header.head).fault).toEqual({ kind: 'head', sequence: count - 2 });
  });

  it('no change of a character, whichever, stays unseen', () => {
    const lines = chain();
    const digits = fc.integer({ min: 1, max: count });
    fc.assert(
      fc.property(digits, fc.nat(), fc.string({ minLength: 1, maxLength: 3, unit: 'grapheme' }), (line, place, put) => {
        const before = lines[line]!;
        const index = place % before.length;
        const after = before.slice(0, index) + put + before.slice(index + 1);
        let same = false;
        try {
          same = JSON.stringify(JSON.parse(after)) === JSON.stringify(JSON.parse(before));
        } catch {
          same = false;
        }
        const found = check(lines.with(line, after));
        if (same) return found.ok;
        return !found.ok && (found.fault?.sequence === line || found.fault?.sequence === line + 1);
      }),
      { numRuns: 300 },
    );
  });

  it('no other selection or order of its lines is whole', () => {
    const lines = chain();
    fc.assert(
      fc.property(fc.shuffledSubarray(lines.slice(1)), (some) => {
        const isWhole = some.length === count && some.every((line, index) => line === lines[index + 1]);
        return check([lines[0]!, ...some]).ok === isWhole;
      }),
      { numRuns: 200 },
    );
  });

  it('is read from a file, and a file that is not there is said', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hallwatch-chain-'));
    try {
      const path = join(folder, 'export.jsonl');
      await writeFile(path, `${chain().join('\r\n')}\r\n`);
      expect(await verifyLines(path)).toMatchObject({ ok: true, entries: count });
      await writeFile(path, chain().slice(0, -1).join('\n'));
      expect((await verifyLines(path)).fault).toEqual({ kind: 'cut', sequence: count });
      await expect(verifyLines(join(folder, 'none'))).rejects.toThrow(/none cannot be read/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
