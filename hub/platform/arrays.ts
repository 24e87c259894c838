/**
 * Arrays as PostgreSQL's binary protocol has them (array_recv). node-pg sends a Buffer as it is, while of a list it makes a
 * text with escapes that the server takes apart again: most of what a batch of a thousand rows cost on both sides.
 */

/** Types of columns that travel; every other one goes as text and is cast by the statement. */
export type ArrayType = 'int8' | 'text' | 'jsonb' | 'bytea';

/** `bytea` cells are hexadecimal text; `jsonb` cells are JSON text, or its UTF-8 bytes. */
export type Cell = string | number | Uint8Array | null | undefined;

const oids: Record<ArrayType, number> = { int8: 20, text: 25, jsonb: 3802, bytea: 17 };
const headLength = 20;
/** A UTF-16 unit becomes at most three bytes of UTF-8. */
const widest = 3;
/** jsonb_recv wants the version of its format first. */
const jsonbVersion = 1;

export function encodeArray(type: ArrayType, cells: readonly Cell[]): Buffer {
  const bytes = Buffer.allocUnsafe(headLength + room(type, cells));
  let hasNull = 0;
  let at = headLength;
  for (const cell of cells) {
    if (cell === null || cell === undefined) {
      hasNull = 1;
      at = bytes.writeInt32BE(-1, at);
      continue;
    }
    const start = at + 4;
    const end = write(bytes, type, cell, start);
    bytes.writeInt32BE(end - start, at);
    at = end;
  }
  // Dimensions (none, when it is empty), whether there are nulls, type of the elements, length, first index.
  bytes.writeInt32BE(cells.length === 0 ? 0 : 1, 0);
  bytes.writeInt32BE(hasNull, 4);
  bytes.writeInt32BE(oids[type], 8);
  if (cells.length === 0) return bytes.subarray(0, 12);
  bytes.writeInt32BE(cells.length, 12);
  bytes.writeInt32BE(1, 16);
  return bytes.subarray(0, at);
}

function room(type: ArrayType, cells: readonly Cell[]): number {
  if (type === 'int8') return cells.length * 12;
  let length = cells.length * 5;
  for (const cell of cells) {
    if (typeof cell === 'string') length += cell.length * widest;
    else if (cell instanceof Uint8Array) length += cell.length;
  }
  return length;
}

/** Where the cell ends. */
function write(bytes: Buffer, type: ArrayType, cell: string | number | Uint8Array, start: number): number {
  if (type === 'int8') {
    const value = Number(cell);
    // A safe integer in two halves: a BigInt for each number costs more than all the rest of it.
    bytes.writeInt32BE(Math.floor(value / 2 ** 32), start);
    return bytes.writeUInt32BE(value >>> 0, start + 4);
  }
  const from = type === 'jsonb' ? bytes.writeUInt8(jsonbVersion, start) : start;
  if (cell instanceof Uint8Array) {
    bytes.set(cell, from);
    return from + cell.length;
  }
  return from + bytes.write(String(cell), from, type === 'bytea' ? 'hex' : 'utf8');
}
