/** Arrays in PostgreSQL's binary format, byte by byte; test/contract reads them back from real servers. */
import { expect, test } from 'vitest';
import { encodeArray } from '../../hub/platform/arrays.ts';

/** What array_recv makes of it. */
function decode(bytes: Buffer): { oid: number; cells: (Buffer | null)[] } {
  const oid = bytes.readInt32BE(8);
  if (bytes.readInt32BE(0) === 0) return { oid, cells: [] };
  const cells: (Buffer | null)[] = [];
  let at = 20;
  for (let left = bytes.readInt32BE(12); left > 0; left -= 1) {
    const length = bytes.readInt32BE(at);
    at += 4;
    cells.push(length === -1 ? null : bytes.subarray(at, at + length));
    at += Math.max(0, length);
  }
  expect(at).toBe(bytes.length);
  expect(bytes.readInt32BE(4)).toBe(cells.includes(null) ? 1 : 0);
  return { oid, cells };
}

test('whole numbers to the last safe one, below zero as well', () => {
  const numbers = [0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const { oid, cells } = decode(encodeArray('int8', [...numbers, null]));
  expect(oid).toBe(20);
  expect(cells.map((cell) => cell && Number(cell.readBigInt64BE()))).toEqual([...numbers, null]);
});

test('texts of any script, empty ones and none', () => {
  const { cells } = decode(encodeArray('text', ['窗口 "3", {}', '', undefined, '😀\\']));
  expect(cells.map((cell) => cell && cell.toString())).toEqual(['窗口 "3", {}', '', null, '😀\\']);
});

test('JSON after its version, bytes from hexadecimal, an empty list', () => {
  expect(decode(encodeArray('jsonb', ['{"a":1}'])).cells[0]!.toString()).toBe('\u0001{"a":1}');
  expect(decode(encodeArray('bytea', ['00ff10'])).cells[0]!.toString('hex')).toBe('00ff10');
  expect(decode(encodeArray('text', []))).toEqual({ oid: 25, cells: [] });
});
