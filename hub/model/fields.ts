import { z } from 'zod';

/** The earliest and the latest moment a source may claim: 1990-01-01 and 2100-01-01, UTC. */
export const earliest = Date.UTC(1990, 0, 1);
export const latest = Date.UTC(2100, 0, 1);

const range = 'a time between 1990 and 2100';
const isoWithOffset = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;

/** A moment: epoch milliseconds, or ISO 8601 text with an offset (turned into epoch milliseconds). */
export const instant = z.preprocess(
  (value) => {
    if (typeof value !== 'string' || !isoWithOffset.test(value)) return value;
    const at = Date.parse(value.replace(' ', 'T'));
    return Number.isNaN(at) ? value : at;
  },
  z
    .int({ error: 'expected epoch milliseconds or ISO 8601 text with an offset, such as 2026-11-20T09:00:00+08:00' })
    .min(earliest, `expected ${range}`)
    .max(latest - 1, `expected ${range}`),
);

/** Printable text without control characters, 1..80 characters: ids, numbers, codes. */
export const identifier = z
  .string()
  .min(1)
  .max(80)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._:@/+-]*$/u, 'expected letters, digits and . _ : @ / + - only');

export const shortText = z.string().min(1).max(200);
export const longText = z.string().max(2000);

/** Six digits of GB/T 2260, for example 510104. */
export const regionCode = z.string().regex(/^\d{6}$/, 'expected a six-digit GB/T 2260 code');
