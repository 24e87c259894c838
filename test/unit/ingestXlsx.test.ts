import { describe, expect, it } from 'vitest';
import { deflateRawSync } from 'node:zlib';
import writeExcel, { type SheetData } from 'write-excel-file/node';
import { HubError } from '../../hub/model/error.ts';
import { readLines } from '../../ingest/lines.ts';
import { readAnyMapping } from '../../ingest/mapping.ts';
import type { Row } from '../../ingest/rows.ts';
import { alsoIso, timeReader } from '../../ingest/time.ts';
import { readXlsx, type XlsxLimits } from '../../ingest/xlsx.ts';
import { unzip, zip } from '../../ingest/zip.ts';

async function* inPieces(bytes: Uint8Array, length = 4_096): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
}

async function all(batches: AsyncIterable<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}

const xlsx = (bytes: Uint8Array, columns?: string[], sheet?: string, bounds?: XlsxLimits): Promise<Row[]> =>
  all(readXlsx(inPieces(bytes), { sheet, columns: columns && new Set(columns) }, bounds));
const shown = (rows: Row[]): unknown[] =>
  rows.map((row) =>
    row.ok ? { line: row.line, ...Object.fromEntries(row.values) } : `${row.line} ${row.field}: ${row.reason}`,
  );

const book = (data: SheetData, sheet = '办件'): Promise<Buffer> =>
  writeExcel(data, { sheet, dateFormat: 'yyyy-mm-dd hh:mm:ss' }).toBuffer();
const header = ['办件编号', '受理时间', '天数', '备注'];
/** The clock on the wall, as Excel has it: no zone. */
const wall = (text: string): Date => new Date(`${text}Z`);

/** The workbook with its sheet changed by hand, for what no writer writes. */
async function spoilt(change: (sheet: string) => string): Promise<Buffer> {
  const members = unzip(await book([header, ['K-1', wall('2026-10-12T09:30:00'), 5, '甲']]), 2 ** 24);
  const [name, bytes] = [...members].find(([each]) => /worksheets\/[^/]+\.xml$/.test(each))!;
  const before = bytes.toString();
  const after = change(before);
  expect(after).not.toBe(before);
  return zip(members.set(name, Buffer.from(after)));
}

describe('XLSX', () => {
  it('reads texts, numbers and dates as the sheet shows them', async () => {
    const rows = await xlsx(
      await book([
        [],
        header,
        ['K-1', wall('2026-10-12T09:30:00'), 5, '甲,"乙"'],
        ['K-2', wall('2026-10-13T00:00:00'), 0.5, null],
        [],
        [202611220001, wall('2026-10-14T23:59:59'), -1, '  '],
      ]),
    );
    expect(shown(rows)).toEqual([
      { line: 3, 办件编号: 'K-1', 受理时间: '2026-10-12 09:30:00', 天数: '5', 备注: '甲,"乙"' },
      { line: 4, 办件编号: 'K-2', 受理时间: '2026-10-13', 天数: '0.5', 备注: '' },
      { line: 6, 办件编号: '202611220001', 受理时间: '2026-10-14 23:59:59', 天数: '-1', 备注: '' },
    ]);
  });

  it('refuses at once what would take hours to read: a tag without end, and one in another', async () => {
    const attributes = Array.from({ length: 250_000 }, (_, at) => `a${at}="1"`).join(' ');
    for (const tag of [`<row ${attributes}/>`, '<c '.repeat(1_000_000)]) {
      const read = xlsx(await spoilt((sheet) => sheet.replace('<sheetData>', `<sheetData>${tag}`)));
      await expect(read).rejects.toMatchObject({ code: 'xlsx.large', message: /a tag or a text of more than/ });
    }
    const long = await book([header, ['K-1', null, 5, '长'.repeat(32_767)]]);
    expect(shown(await xlsx(long))).toMatchObject([{ 备注: '长'.repeat(32_767) }]);
  });

  it('refuses the row of a broken cell with sheet, row and column, where the mapping reads it', async () => {
    const bytes = await book([
      header,
      ['K-1', '#N/A', 5, '甲'],
      ['K-2', wall('2026-10-13T00:00:00'), 5, '#DIV/0!'],
      [1e21, null, 1, null],
    ]);
    expect(shown(await xlsx(bytes, ['办件编号', '受理时间', '天数']))).toEqual([
      '2 受理时间: sheet 1, row 2, column B: the formula in it failed (#N/A)',
      { line: 3, 办件编号: 'K-2', 受理时间: '2026-10-13', 天数: '5', 备注: '#DIV/0!' },
      expect.stringMatching(/^4 办件编号: sheet 1, row 4, column A: a number of more than 15 digits has lost its end/),
    ]);
    const number = await spoilt((xml) => xml.replace('<v>5</v>', '<v>five</v>'));
    expect(shown(await xlsx(number))).toEqual(['2 天数: sheet 1, row 2, column C: expected a number; got "five"']);
  });

  it('reads the sheet that is named, and says when there is none', async () => {
    const bytes = await writeExcel([
      { data: [['x'], ['1']], sheet: '说明' },
      { data: [header, ['K-1', null, null, null]], sheet: '办件' },
    ]).toBuffer();
    expect(shown(await xlsx(bytes))).toEqual([{ line: 2, x: '1' }]);
    expect(await xlsx(bytes, undefined, '办件')).toHaveLength(1);
    await expect(xlsx(bytes, undefined, '别的')).rejects.toThrow('the workbook has no sheet "别的"');
  });

  it('refuses two columns of one name', async () => {
    await expect(
      xlsx(
        await book([
          ['a', 'b', 'a'],
          ['1', '2', '3'],
        ]),
      ),
    ).rejects.toThrow('two columns are called "a"');
  });

  it('says of a workbook that cannot be read why, as one fatal row', async () => {
    const good = await book([header, ['K-1', null, null, null]]);
    const damaged = Buffer.from(good);
    damaged.fill(0x55, 60, 400);
    const broken: [Buffer, RegExp][] = [
      [good.subarray(0, good.length - 100), /cut off|damaged|no ZIP/],
      [damaged, /damaged|cannot be read/],
      [zip(new Map([['a.xml', Buffer.from('<a/>')]])), /cannot be read/],
      [await spoilt((xml) => xml.replace('r="A2"', 'r="A1"')), /cannot be read/],
    ];
    for (const [bytes, reason] of broken) {
      const rows = await xlsx(bytes);
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject({ ok: false, fatal: true });
      expect((rows[0] as { reason: string }).reason).toMatch(reason);
    }
  });

  it('is bounded in bytes, inflated bytes, rows and columns', async () => {
    const bounds: XlsxLimits = { bytes: 100_000, inflatedBytes: 200_000, rows: 100, columns: 10 };
    const far = (change: (sheet: string) => string) => spoilt(change);
    const large: [Uint8Array, RegExp][] = [
      [Buffer.alloc(100_001, 0x50), /more than 100000 bytes/],
      [await book(Array.from({ length: 101 }, () => ['a'])), /more than 100 rows/],
      [await book([Array.from({ length: 11 }, (_, n) => `c${n}`)]), /more than 10 columns/],
      [await far((xml) => xml.replaceAll('r="2"', 'r="999999999"')), /more than 100 rows/],
      [bomb(), /more than 200000 bytes once inflated/],
      [bomb(10), /more than 200000 bytes once inflated/],
    ];
    for (const [bytes, reason] of large) {
      const error: unknown = await xlsx(bytes, undefined, undefined, bounds).catch((each: unknown) => each);
      expect(error).toBeInstanceOf(HubError);
      expect((error as HubError).code).toBe('xlsx.large');
      expect((error as HubError).message).toMatch(reason);
    }
  });

  /** 20 MB of zeroes in 20 kB, which says so, or says it is `claimed` bytes long. */
  function bomb(claimed = 20 * 2 ** 20): Buffer {
    const name = 'xl/worksheets/sheet1.xml';
    const packed = deflateRawSync(Buffer.alloc(20 * 2 ** 20));
    const file = zip(new Map([[name, packed]]));
    for (const at of [0, 30 + name.length + packed.length]) {
      const shift = at === 0 ? 0 : 2;
      file.writeUInt16LE(8, at + 8 + shift);
      file.writeUInt32LE(claimed, at + 22 + shift);
    }
    return file;
  }
});

describe('NDJSON of messages', () => {
  it('gives one row a line, and a broken line costs itself only', async () => {
    const text = '{"a":1,"b":"x"}\n\n{oops}\n[1]\n{"a":{"b":1}}\r\n{"a":null}';
    for (const piece of [1, 5, 1_000]) {
      expect(shown(await all(readLines(inPieces(Buffer.from(text), piece))))).toEqual([
        { line: 1, a: '1', b: 'x' },
        '3 : not JSON: unexpected character at column 2',
        '4 : expected one JSON object a line',
        '5 a: expected a text or a number',
        { line: 6, a: '' },
      ]);
    }
  });

  it('does not wait for the end of a line without end', async () => {
    const rows = await all(readLines(inPieces(Buffer.alloc(2 ** 20, 0x61), 65_536)));
    expect(rows).toMatchObject([{ ok: false, fatal: true, line: 1 }]);
  });
});

describe('a mapping that names a dialect', () => {
  it('needs a source, and knows the dialects by name', () => {
    expect(readAnyMapping('dialect: guangdong\nsource: foshan\n', 'm.yaml')).toMatchObject({
      ok: true,
      mapping: { source: 'foshan', dialect: { name: 'guangdong' }, fields: {} },
    });
    const read = readAnyMapping('dialect: klingon\ncase: 1\n', 'm.yaml');
    expect(read.ok ? '' : read.errors.join('\n')).toMatch(
      /source.*[\s\S]*dialect.*guangdong.*national[\s\S]*case: unknown key/,
    );
  });

  it('reads date cells beside texts in the pattern of the mapping', () => {
    const reader = alsoIso(timeReader('D.M.YYYY', 8 * 3_600_000)!, 8 * 3_600_000);
    expect(reader.read('1.2.2026')).toEqual(reader.read('2026-02-01'));
    expect(reader.read('2026/02/01')).toBeUndefined();
  });
});
