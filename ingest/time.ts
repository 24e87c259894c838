/** Times as files write them. */

/** Offset of a zone in milliseconds: `+08:00`, `Z` or `Asia/Shanghai`. Undefined for anything else. */
export function offsetOf(zone: string): number | undefined {
  if (zone === 'Asia/Shanghai') return 8 * 3_600_000;
  if (zone === 'Z' || zone === 'UTC') return 0;
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (!match) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  if (minutes > 14 * 60) return undefined;
  return (match[1] === '-' ? -1 : 1) * minutes * 60_000;
}

export interface TimeReader {
  /** What a text should look like, for messages. */
  expected: string;
  /** Epoch milliseconds; `dateOnly` when the text names a day and no time of day. Undefined when it cannot be read. */
  read: (text: string) => { at: number; dateOnly: boolean } | undefined;
}

const parts = {
  YYYY: '(\\d{4})',
  MM: '(\\d{2})',
  M: '(\\d{1,2})',
  DD: '(\\d{2})',
  D: '(\\d{1,2})',
  HH: '(\\d{2})',
  H: '(\\d{1,2})',
  mm: '(\\d{2})',
  m: '(\\d{1,2})',
  ss: '(\\d{2})',
  s: '(\\d{1,2})',
  SSS: '(\\d{1,3})',
};
type Part = keyof typeof parts;
const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * `iso`, `epoch-ms`, `epoch-s`, or a pattern of YYYY MM DD HH mm ss SSS (M D H m s for unpadded numbers), such as
 * `YYYY/M/D H:mm`. `offset` in milliseconds serves texts that carry none. Undefined when the pattern names no year, month and day.
 */
export function timeReader(format: string, offset: number): TimeReader | undefined {
  if (format === 'epoch-ms' || format === 'epoch-s') {
    const factor = format === 'epoch-s' ? 1000 : 1;
    return {
      expected: `${format === 'epoch-s' ? 'seconds' : 'milliseconds'} since 1970`,
      read: (text) => (/^\d{1,14}$/.test(text) ? { at: Number(text) * factor, dateOnly: false } : undefined),
    };
  }
  if (format === 'iso') {
    return {
      expected: 'ISO 8601, such as 2026-11-20T09:00:00+08:00',
      read: (text) => {
        const match = iso.exec(text);
        if (!match) return undefined;
        const zone = match[8] === undefined ? offset : offsetOf(match[8]);
        if (zone === undefined) return undefined;
        const numbers = match.slice(1, 7).map((each) => Number(each ?? 0));
        const at = moment(numbers, Number((match[7] ?? '0').padEnd(3, '0').slice(0, 3)), zone);
        return at === undefined ? undefined : { at, dateOnly: match[4] === undefined };
      },
    };
  }
  const order: Part[] = [];
  const pattern = format.replace(/YYYY|MM?|DD?|HH?|mm?|ss?|SSS|[.*+?^${}()|[\]\\]/g, (token) => {
    if (!(token in parts)) return `\\${token}`;
    order.push(token as Part);
    return parts[token as Part];
  });
  const initials = order.map((each) => each[0]);
  if (!['Y', 'M', 'D'].every((each) => initials.includes(each)) || new Set(initials).size !== initials.length)
    return undefined;
  const expression = new RegExp(`^${pattern}$`);
  return {
    expected: format,
    read: (text) => {
      const match = expression.exec(text);
      if (!match) return undefined;
      const found = new Map(initials.map((initial, index) => [initial, match[index + 1] ?? '0']));
      const numbers = ['Y', 'M', 'D', 'H', 'm', 's'].map((each) => Number(found.get(each) ?? 0));
      const at = moment(numbers, Number((found.get('S') ?? '0').padEnd(3, '0')), offset);
      return at === undefined ? undefined : { at, dateOnly: !initials.includes('H') };
    },
  };
}

/** Texts of the first reader, and ISO 8601 beside them: date cells and date columns are no text that a pattern describes. */
export function alsoIso(first: TimeReader, offset: number): TimeReader {
  const second = timeReader('iso', offset)!;
  return { expected: first.expected, read: (text) => first.read(text) ?? second.read(text) };
}

/** Undefined for a day or an hour that does not exist: `Date.UTC` would silently roll it over. */
function moment(numbers: number[], milliseconds: number, offset: number): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  if (year < 1000 || hour > 23 || minute > 59 || second > 59) return undefined;
  const local = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
  const back = new Date(local);
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day) return undefined;
  return local - offset;
}
