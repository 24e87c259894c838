import { createHash } from 'node:crypto';

/** JSON with sorted keys and no white space: the same value always gives the same text. Members that are undefined are left out. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each ?? null)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value as Record<string, unknown>)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 of the canonical JSON: tells a repeated event from a different one under the same id. */
export function digestOf(value: unknown): Buffer {
  return createHash('sha256').update(canonical(value)).digest();
}
