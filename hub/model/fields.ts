import { z } from 'zod';

/** The earliest and the latest moment a source may claim: 1990-01-01 and 2100-01-01, UTC. */
export const earliest = Date.UTC(1990, 0, 1);
export const latest = Date.UTC(2100, 0, 1);

const range = 'a time between 1990 and 2100';
const isoWithOffset = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;

/** `Date.parse` turns 30 February into 2 March; a day that does not exist is an error of the source. */
function isRealDay(text: string): boolean {
  const day = text.slice(0, 10);
  const at = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().slice(0, 10) === day;
}

/** A moment: epoch milliseconds, or ISO 8601 text with an offset (turned into epoch milliseconds). */
export const instant = z.preprocess(
  (value) => {
    if (typeof value !== 'string' || !isoWithOffset.test(value) || !isRealDay(value)) return value;
    const at = Date.parse(value.replace(' ', 'T'));
    return Number.isNaN(at) ? value : at;
  },
  z
    .int({ error: 'expected epoch milliseconds or ISO 8601 text with an offset, such as 2026-11-20T09:00:00+08:00' })
    .min(earliest, `expected ${range}`)
    .max(latest - 1, `expected ${range}`)
    .describe('Epoch milliseconds, or ISO 8601 text with an offset.'),
);

/** Printable text without control characters, 1..80 characters: ids, numbers, codes. */
export const identifier = z
  .string()
  .min(1)
  .max(80)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._:@/+-]*$/u, 'expected letters, digits and . _ : @ / + - only');

/** PostgreSQL stores neither U+0000 nor half a surrogate pair in jsonb: one such text would stop the recorder for good. */
const printable = /^[^\p{Cc}\p{Cs}]*$/u;
const printableLines = /^(?:[^\p{Cc}\p{Cs}]|[\t\r\n])*$/u;

export const shortText = z.string().min(1).max(200).regex(printable, 'expected text without control characters');
export const longText = z.string().max(2000).regex(printableLines, 'expected text without control characters');
/** A reason in words: blank is no reason. */
export const reasonText = longText.regex(/\S/, 'expected a reason in words');

/** An amount of money in yuan, at most two decimals. */
export const yuan = z
  .number()
  .min(0)
  .max(1e12)
  .refine(
    (amount) => Math.abs(Math.round(amount * 100) - amount * 100) < 1e-4,
    'expected yuan with at most two decimals',
  );

/** Six digits of GB/T 2260, for example 510104. */
export const regionCode = z.string().regex(/^\d{6}$/, 'expected a six-digit GB/T 2260 code');
