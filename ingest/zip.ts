/** The XML members of a ZIP file, inflated within a bound: a spreadsheet of 40 kB may claim to be gigabytes. */
import { crc32, inflateRawSync } from 'node:zlib';
import { HubError } from '../hub/model/error.ts';

const mostMembers = 2_000;

/**
 * The members by name. Throws `HubError('zip.broken')` when it is no ZIP file, or is cut or damaged, and
 * `HubError('zip.large')` before more than `limit` bytes are held.
 */
export function unzip(file: Buffer, limit: number): Map<string, Buffer> {
  // The end record stands in the last 64 kB: a comment may follow it.
  const end = file.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  if (end === -1 || end + 22 > file.length) throw broken('it has no end record: it is cut off, or no ZIP file');
  const count = file.readUInt16LE(end + 10);
  if (count > mostMembers) throw new HubError('zip.large', `more than ${mostMembers} members`);
  const members = new Map<string, Buffer>();
  let left = limit;
  let at = file.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > file.length || file.readUInt32LE(at) !== 0x02014b50) throw broken('its directory is damaged');
    const [method, size, whole] = [file.readUInt16LE(at + 10), file.readUInt32LE(at + 20), file.readUInt32LE(at + 24)];
    const nameLength = file.readUInt16LE(at + 28);
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const local = file.readUInt32LE(at + 42);
    at += 46 + nameLength + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
    if (!/\.(xml|rels)$/.test(name)) continue;
    if (whole > left) throw new HubError('zip.large', `more than ${limit} bytes once inflated`);
    if (local + 30 > file.length) throw broken(`its member ${name} is not there`);
    const from = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const bytes = member(name, method, file.subarray(from, from + size), left, limit);
    left -= bytes.length;
    members.set(name, bytes);
  }
  return members;
}

function member(name: string, method: number, bytes: Buffer, left: number, limit: number): Buffer {
  if (method === 0) return bytes;
  if (method !== 8) throw broken(`its member ${name} is packed by method ${method}; expected 0 or 8`);
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(left, 1) });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new HubError('zip.large', `more than ${limit} bytes once inflated`, { cause: error });
    throw broken(`its member ${name} is damaged`, error);
  }
}

/** A ZIP file of exactly these members, stored: whoever reads it cannot be given more than was counted. */
export function zip(members: ReadonlyMap<string, Buffer>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of members) {
    const nameBytes = Buffer.from(name);
    // Version 2.0, flag "names are UTF-8", stored, no date, checksum and sizes: the same 26 bytes in both headers.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    parts.push(Buffer.from('PK\u0003\u0004', 'latin1'), common, nameBytes, bytes);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\u0001\u0002\u0014\u0000', 'latin1'), common, tail, nameBytes);
    offset += 30 + nameBytes.length + bytes.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(members.size, 4);
  end.writeUInt16LE(members.size, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, list, Buffer.from('PK\u0005\u0006', 'latin1'), end]);
}

const broken = (what: string, cause?: unknown): HubError =>
  new HubError('zip.broken', `not a spreadsheet that can be read: ${what}`, { cause });
