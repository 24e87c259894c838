import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv, type Encoding } from '../../ingest/csv.ts';
import { atMost, collect, inflate } from '../../ingest/inflate.ts';
import { openBytes, longestRow, type Row } from '../../ingest/rows.ts';
import { readXes } from '../../ingest/xes.ts';

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
}

async function all(batches: AsyncIterable<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}

const csv = (bytes: Uint8Array | string, piece = 64, encoding: Encoding = 'auto'): Promise<Row[]> =>
  all(readCsv(inPieces(Buffer.from(bytes as string), piece), { encoding, delimiter: ',' }));
const cells = (rows: Row[]): unknown[] =>
  rows.map((row) => (row.ok ? [...row.values.values()] : `${row.line} ${row.field} ${row.reason}`));

describe('CSV', () => {
  it('reads UTF-8 with its mark, GB18030 and any split of the bytes alike', async () => {
    const utf8 = readFileSync('test/fixtures/permits.csv');
    const rows = await csv(utf8);
    expect(rows).toHaveLength(6);
    expect(rows[1]).toMatchObject({ ok: true, line: 3 });
    expect((rows[1] as { values: Map<string, string> }).values.get('备注')).toBe('材料齐全,"一次性"告知');
    expect((rows[3] as { values: Map<string, string> }).values.get('备注')).toBe('现场勘验\n第二行');
    expect(rows[4]).toMatchObject({ line: 7 });
    for (const piece of [1, 2, 3, 7, 1_000_000]) {
      expect(cells(await csv(utf8, piece))).toEqual(cells(rows));
      expect(cells(await csv(readFileSync('test/fixtures/permits-gb18030.csv'), Math.max(piece, 64)))).toEqual(
        cells(rows),
      );
    }
    expect(cells(await csv(readFileSync('test/fixtures/permits-gb18030.csv'), 1, 'gb18030'))).toEqual(cells(rows));
  });

  it('loses only the broken rows, and names their lines', async () => {
    const rows = await csv(readFileSync('test/fixtures/permits-broken.csv'), 1_000_000, 'utf-8');
    expect(rows.map((row) => (row.ok ? row.values.get('流水号') : `${row.line}: ${row.field} ${row.reason}`))).toEqual([
      'S1',
      '3:  expected 11 columns, got 3',
      'S3',
      '5:  a quote is not closed',
      'S5',
      'S6',
      '8: 申请人 bytes that do not belong to the encoding of the file',
      'S8',
    ]);
  });

  it('goes on after an unclosed quote where no later quote closes it', async () => {
    const rows = await csv('a,b\n1,"x\n' + '2,y\n'.repeat(300));
    expect(rows.filter((row) => row.ok)).toHaveLength(300);
    expect(rows[0]).toMatchObject({ ok: false, line: 2, reason: 'a quote is not closed' });
  });

  it('goes on after a line without end', async () => {
    const rows = await csv(`a,b\n1,${'x'.repeat(3 * longestRow)}\n2,y\n`, 50_000);
    expect(rows).toMatchObject([
      { ok: false, line: 2, reason: `longer than ${longestRow} characters` },
      { ok: true, line: 3 },
    ]);
    expect(rows.every((row) => row.text.length <= longestRow)).toBe(true);
  });

  it('refuses a header that names a column twice', async () => {
    await expect(csv('a,b,a\n1,2,3\n')).rejects.toThrow(/two columns are called "a"/);
  });

  it('has no rows in an empty file', async () => {
    expect(await csv('')).toEqual([]);
    expect(await csv('a,b\n')).toEqual([]);
  });

  it('keeps what stands before the cut of a gzip', async () => {
    const { chunks } = await openBytes('test/fixtures/permits-cut.csv.gz');
    const rows = await all(readCsv(chunks, { encoding: 'auto', delimiter: ',' }));
    const last = rows.at(-1)!;
    expect(last).toMatchObject({ ok: false, fatal: true });
    expect(last.ok ? '' : last.reason).toMatch(/the gzip is cut off after \d+ bytes, which inflate to \d+/);
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.slice(0, -1).every((row) => row.ok)).toBe(true);
  });

  it('gives back every table that is written as CSV', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', '中', '\r\n'), maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 20 }),
        fc.integer({ min: 1, max: 50 }),
        async (table, piece) => {
          const text = [
            'x,y,z',
            ...table.map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(',')),
          ].join('\n');
          const rows = await csv(text, piece, 'utf-8');
          // A line end inside quotes is kept as \n.
          expect(cells(rows)).toEqual(table.map((row) => row.map((each) => each.replaceAll('\r\n', '\n'))));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never throws and never loses a clean line before a broken one, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 64 }), async (bytes, piece) => {
        const whole = Buffer.concat([Buffer.from('a,b\n1,2\n'), bytes]);
        const rows = await csv(whole, piece, 'utf-8');
        expect(cells(rows)[0]).toEqual(['1', '2']);
      }),
      { numRuns: 100 },
    );
  });
});

describe('XES', () => {
  const file = readFileSync('test/fixtures/permits.xes');

  it('gives an event with the attributes of its trace, in any split', async () => {
    for (const piece of [1, 17, 1_000_000]) {
      const rows = await all(readXes(inPieces(file, piece)));
      expect(
        rows.map((row) => row.ok && [row.values.get('case:concept:name'), row.values.get('concept:name')]),
      ).toEqual([
        ['X-1', '审查 <一>'],
        ['X-1', '决定'],
        ['X-2', '审查'],
      ]);
      expect(rows[0]!.ok && [...rows[0]!.values.keys()]).not.toContain('meta');
      expect(rows[0]).toMatchObject({ line: 12 });
    }
  });

  it('keeps what stands before the place where the XML breaks, and names it', async () => {
    const broken = Buffer.from(
      file
        .toString()
        .replace('<date key="time:timestamp" value="2026-10-15', '<date key=time:timestamp" value="2026-10-15'),
    );
    const rows = await all(readXes(inPieces(broken, 100)));
    expect(rows[0]).toMatchObject({ ok: true });
    expect(rows.at(-1)).toMatchObject({ ok: false, fatal: true });
    expect((rows.at(-1) as { reason: string }).reason).toMatch(/^21:17: /);
  });

  it('says so when the file ends in the middle, or its gzip does', async () => {
    const half = await all(readXes(inPieces(file.subarray(0, 1_000), 100)));
    expect(half.at(-1)).toMatchObject({ ok: false, fatal: true });
    const zipped = gzipSync(file);
    const cut = await all(readXes(inflate(inPieces(zipped.subarray(0, zipped.length - 60), 100))));
    expect((cut.at(-1) as { reason: string }).reason).toMatch(/the gzip is cut off/);
    expect(cut.length).toBeGreaterThan(1);
  });

  it('expands no entities of its own making', async () => {
    const bomb = `<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><log><trace><string key="x" value="&b;"/><event><string key="y" value="1"/></event></trace></log>`;
    const rows = await all(readXes(inPieces(Buffer.from(bomb), 50)));
    expect(rows.at(-1)).toMatchObject({ ok: false, fatal: true });
  });

  it('gives up on a tag without end', async () => {
    const rows = await all(
      readXes(inPieces(Buffer.from(`<log><trace><string key="x" value="${'a'.repeat(3_000_000)}`), 65_536)),
    );
    expect(rows.at(-1)).toMatchObject({ ok: false, fatal: true });
  });
});

describe('inflate', () => {
  const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, n) => `${(n * 7919) % 10_007},`).join(''));

  it('gives the same bytes back, in any split and over several members', async () => {
    const zipped = Buffer.concat([gzipSync(bytes.subarray(0, 50_000)), gzipSync(bytes.subarray(50_000))]);
    for (const piece of [100, 16_384, 1_000_000]) {
      expect((await collect(inflate(inPieces(zipped, piece)), 1e9)).equals(bytes)).toBe(true);
    }
  });

  it('stops a bomb long before it is held', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 2 ** 20));
    const before = process.memoryUsage.rss();
    let held = 0;
    const read = (async () => {
      for await (const chunk of inflate(inPieces(bomb, 65_536), 2 ** 20)) held += chunk.length;
    })();
    await expect(read).rejects.toMatchObject({ code: 'gzip.large' });
    expect(held).toBeLessThanOrEqual(2 ** 20);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 2 ** 20);
  });

  it('names the place of a cut and of a changed byte, after what it could read', async () => {
    const zipped = gzipSync(bytes);
    const changed = Buffer.from(zipped);
    changed[zipped.length >> 1]! ^= 0xff;
    for (const [broken, reason] of [
      [zipped.subarray(0, zipped.length - 9), /the gzip is cut off after \d+ bytes/],
      [zipped.subarray(0, 5), /the gzip is cut off after 5 bytes/],
      [changed, /the gzip is broken \(.+\) after \d+ bytes/],
      [Buffer.from('no gzip at all'), /the gzip is broken \(incorrect header check\)/],
    ] as const) {
      let length = 0;
      const read = (async () => {
        for await (const chunk of inflate(inPieces(broken, 1_000))) length += chunk.length;
      })();
      await expect(read).rejects.toThrow(reason);
      expect(length).toBeLessThanOrEqual(bytes.length);
    }
  });

  it('refuses what is too large', async () => {
    await expect(collect(inPieces(bytes, 1_000), 5_000)).rejects.toMatchObject({ code: 'body.large' });
    await expect(collect(atMost(inPieces(bytes, 1_000), 5_000), 1e9)).rejects.toMatchObject({ code: 'body.large' });
  });
});
