import fc from 'fast-check';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../hub/platform/log.ts';
import { readConfig } from '../../ingest/agent/config.ts';
import { LineFile } from '../../ingest/agent/lines.ts';
import { frame, headLength, longestPayload, scan } from '../../ingest/agent/record.ts';
import { Spool, type Damaged } from '../../ingest/agent/spool.ts';
import { temporaryFolder } from '../support/hub.ts';

const log = createLog('silent');
const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { minLength: 1, maxLength: 12 });
const bytesOf = (list: readonly string[]): Buffer => Buffer.concat(list.map((text) => frame(Buffer.from(text), 7)));
const wholeOf = (bytes: Buffer, isEnd = true): string[] =>
  scan(bytes, isEnd).pieces.flatMap((piece) => (piece.kind === 'record' ? [piece.payload.toString()] : []));

describe('records of the spool', () => {
  it('every prefix gives exactly the whole records, and names the rest', () => {
    fc.assert(
      fc.property(texts, (list) => {
        const bytes = bytesOf(list);
        const ends: number[] = [];
        for (const text of list) ends.push((ends.at(-1) ?? 0) + headLength + Buffer.byteLength(text));
        for (let length = 0; length <= bytes.length; length += 1) {
          const whole = ends.filter((end) => end <= length);
          const { pieces } = scan(bytes.subarray(0, length), true);
          expect(wholeOf(bytes.subarray(0, length))).toEqual(list.slice(0, whole.length));
          const end = whole.at(-1) ?? 0;
          const damage = pieces.filter(({ kind }) => kind === 'damage');
          expect(damage.map(({ from, to }) => [from, to])).toEqual(end === length ? [] : [[end, length]]);
          // With more to come, the same bytes wait instead.
          const open = scan(bytes.subarray(0, length), false);
          expect(open.rest).toBe(end);
          expect(open.pieces.every(({ kind }) => kind === 'record')).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('one wrong byte costs its own record only', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, place, change) => {
        const bytes = bytesOf(list);
        const at = place % bytes.length;
        bytes[at]! ^= change;
        let end = 0;
        const hit = list.findIndex((text) => at < (end += headLength + Buffer.byteLength(text)));
        expect(wholeOf(bytes)).toEqual(list.filter((_, index) => index !== hit));
        expect(scan(bytes, true).pieces.filter(({ kind }) => kind === 'damage')).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['zeros after a power cut', Buffer.alloc(5_000), 'no record begins here'],
    [
      'a length that cannot be',
      Buffer.concat([frame(Buffer.from('x'), 1).subarray(0, 4), Buffer.alloc(60, 0xee)]),
      `expected at most ${longestPayload}`,
    ],
    ['a head alone', frame(Buffer.from('x'), 1).subarray(0, headLength), 'the record is cut off'],
  ])('%s is damage', (_, bytes, reason) => {
    const { pieces } = scan(bytes, true);
    expect(pieces).toMatchObject([
      { kind: 'damage', from: 0, to: bytes.length, reason: expect.stringContaining(reason) },
    ]);
  });
});

describe('the spool', () => {
  let folder: string;
  let damage: Damaged[];
  const opened: Spool[] = [];
  beforeEach(async () => {
    folder = await temporaryFolder();
    damage = [];
  });
  afterEach(async () => {
    for (const spool of opened.splice(0)) await spool.close();
    await rm(folder, { recursive: true });
  });

  async function openSpool(
    change: { segmentBytes?: number; spoolBytes?: number; now?: () => number } = {},
  ): Promise<Spool> {
    const spool = await Spool.open({
      folder,
      spoolBytes: 10e6,
      segmentBytes: 64 * 1024,
      log,
      now: () => 1_000,
      onDamage: async (each) => void damage.push(each),
      ...change,
    });
    opened.push(spool);
    return spool;
  }
  const put = (spool: Spool, ...list: string[]) => spool.append(list.map((text) => Buffer.from(text)));
  async function drain(spool: Spool, events = 7): Promise<string[]> {
    const out: string[] = [];
    for (
      let batch = await spool.read({ events, bytes: 1e6 });
      batch;
      batch = await spool.read({ events, bytes: 1e6 })
    ) {
      out.push(...batch.records.map(String));
      await spool.acknowledge(batch);
    }
    return out;
  }
  const segments = async () => (await readdir(folder)).filter((name) => name.endsWith('.spool')).sort();
  const names = (count: number, long = '') => Array.from({ length: count }, (_, at) => `${at}${long}`);

  it('gives in order what many callers put at once, over several segments, and removes what is answered', async () => {
    const spool = await openSpool();
    const list = names(2_000, 'x'.repeat(200));
    await Promise.all(list.map((text) => put(spool, text)));
    await put(spool, 'last');
    expect(spool.state.events).toBe(2_001);
    expect(await drain(spool, 100)).toEqual([...list, 'last']);
    expect(spool.state).toMatchObject({ events: 0, bytes: 0, oldest: undefined });
    // The small one that may still grow.
    expect(await segments()).toHaveLength(1);
    await put(spool, 'again');
    expect(await drain(spool)).toEqual(['again']);
  });

  it('begins again after the last answer', async () => {
    const first = await openSpool();
    for (const text of names(20)) await put(first, text);
    const batch = await first.read({ events: 8, bytes: 1e6 });
    await first.acknowledge(batch!);
    await first.read({ events: 5, bytes: 1e6 });
    await first.close();
    const second = await openSpool();
    expect(second.state).toMatchObject({ events: 12, oldest: 1_000 });
    await put(second, 'new');
    expect(await drain(second)).toEqual([...names(20).slice(8), 'new']);
  });

  it('sends everything there is when the cursor cannot be read', async () => {
    const first = await openSpool();
    await put(first, ...names(5));
    await first.acknowledge((await first.read({ events: 3, bytes: 1e6 }))!);
    await first.close();
    await writeFile(join(folder, 'cursor.json'), '{"segm');
    expect(await drain(await openSpool())).toEqual(names(5));
  });

  it('a torn end is cut off, reported and written over', async () => {
    const first = await openSpool();
    for (const text of names(5)) await put(first, text);
    await first.close();
    const path = join(folder, (await segments())[0]!);
    await truncate(path, (await readFile(path)).length - 1);
    const second = await openSpool();
    expect(damage).toMatchObject([{ from: 4 * (headLength + 1), reason: 'torn end: the record is cut off' }]);
    await put(second, 'new');
    expect(await drain(second)).toEqual(['0', '1', '2', '3', 'new']);
  });

  it('a damaged record in the middle is set aside with its place, once, and the rest goes on', async () => {
    const first = await openSpool();
    for (const text of names(5)) await put(first, text);
    await first.close();
    const path = join(folder, (await segments())[0]!);
    const bytes = await readFile(path);
    bytes[2 * (headLength + 1) + headLength]! ^= 1;
    await writeFile(path, bytes);
    const second = await openSpool();
    await second.read({ events: 9, bytes: 1e6 });
    expect(damage).toEqual([]);
    expect(await drain(second)).toEqual(['0', '1', '3', '4']);
    expect(damage).toMatchObject([{ from: 66, to: 99, reason: 'the record does not have its digest' }]);
    expect(damage[0]!.bytes).toHaveLength(33);
  });

  it('a segment that somebody removed is said and passed over', async () => {
    const spool = await openSpool();
    for (const text of names(400, 'y'.repeat(300))) await put(spool, text);
    const [, second] = await segments();
    await rm(join(folder, second!));
    const out = await drain(spool);
    expect(out.length).toBeGreaterThan(100);
    expect(out.at(-1)).toMatch(/^399y/);
    expect(damage).toMatchObject([{ segment: second, from: 0, reason: 'the file ends too early' }]);
  });

  it('refuses at its limit, keeps what it has and takes again when that is answered', async () => {
    const spool = await openSpool({ spoolBytes: 200_000 });
    const kept: string[] = [];
    let result = await put(spool, 'z'.repeat(1_000));
    while (result.ok) {
      kept.push('z');
      result = await put(spool, 'z'.repeat(1_000));
    }
    expect(result).toMatchObject({ reason: 'full', detail: expect.stringContaining(`${kept.length} events`) });
    expect(await drain(spool)).toHaveLength(kept.length);
    expect(await put(spool, 'a')).toEqual({ ok: true });
  });
});

it('lines are counted over a restart and the file turns over at its bound', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'refused.ndjson');
  const file = await LineFile.open(path, log);
  const text = 'w'.repeat(60_000);
  for (let at = 0; at < 300; at += 1) await file.add([{ at, text }]);
  expect((await readdir(folder)).sort()).toEqual(['refused.1.ndjson', 'refused.ndjson']);
  expect((await LineFile.open(path, log)).count).toBe(300);
  await rm(folder, { recursive: true });
});

describe('agent.yaml', () => {
  const good = 'hub:\n  address: https://hub.example.cn\n  tokenFile: token\nspool:\n  folder: spool\n';
  const errorsOf = (text: string): string[] => {
    const read = readConfig(text, '/etc/a.yaml');
    return read.ok ? [] : read.errors;
  };

  it('has defaults, and paths begin at its folder', () => {
    const read = readConfig(good, '/etc/a.yaml');
    expect(read).toMatchObject({
      ok: true,
      config: {
        hub: { tokenFile: '/etc/token', timeoutSeconds: 60 },
        spool: { folder: '/etc/spool', bytes: 2 * 2 ** 30, segmentBytes: 16 * 2 ** 20 },
        listen: '127.0.0.1:8087',
        batch: { events: 500 },
      },
    });
  });

  it.each([
    ['', '/etc/a.yaml:1: hub: '],
    [good.replace('https', 'http'), '/etc/a.yaml:2: hub.address: expected https'],
    [good.replace('https', 'ftp'), '/etc/a.yaml:2: hub.address: expected https://host'],
    [`${good}  bytes: 5 XB\n`, '/etc/a.yaml:6: spool.bytes: expected bytes, such as 64 MiB'],
    [`${good}  bytes: 20 MiB\n`, '/etc/a.yaml:5: spool.segmentBytes: expected at most a quarter of spool.bytes'],
    [`${good}listen: 0.0.0.0:80\n`, '/etc/a.yaml:6: listen: expected loopback and a port'],
    [`${good}token: abc\n`, '/etc/a.yaml:6: token: unknown key'],
    [
      `${good}folders:\n  - path: in\n    format: xls\n`,
      '/etc/a.yaml:8: folders.0.format: expected format: csv, xlsx, xes, messages or ndjson',
    ],
    [`${good}batch: { events: 5000 }\n`, '/etc/a.yaml:6: batch.events: expected a whole number from 1 to 1000'],
    ['hub: [', '/etc/a.yaml:1: '],
  ])('%j is refused with its line', (text, error) => {
    expect(errorsOf(text).some((each) => each.startsWith(error))).toBe(true);
  });
});
