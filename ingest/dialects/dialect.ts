/** What every dialect of an upstream format shares: fields of a message, drafts of events, faults in the source's own names. */
import { createHash } from 'node:crypto';
import type { CaseEvent } from '../../hub/model/event.ts';
import { procedureOf } from '../../hub/model/procedure.ts';
import { parseCaseEvent, type Fault } from '../../hub/model/parse.ts';
import { timeReader, type TimeReader } from '../time.ts';

/** An event as the dialect understands it, and which field of the source each of its fields came from. */
interface Draft {
  event: Record<string, unknown>;
  names: Record<string, string>;
}

/** One message of the source may be several events, or none that can be taken: then `message.faults` says why. */
export interface Dialect {
  name: string;
  /** What the messages are, for the description of the door. */
  title: string;
  read: (message: Message, source: { region: string }) => Draft[];
}

export type Translated =
  { ok: true; events: { event: CaseEvent; names: Record<string, string> }[] } | ({ ok: false } & Fault);

const zone = 8 * 3_600_000;
// GB/T 39046 writes YYYYMMDDhhmmss; what databases and spreadsheets print is ISO 8601 or has slashes.
const readers = ['iso', 'YYYYMMDDHHmmss', 'YYYYMMDD', 'YYYY/M/D H:mm:ss', 'YYYY/M/D'].map(
  (format) => timeReader(format, zone) as TimeReader,
);

/** The fields of one message, read one by one; the first fault is the one that is told. */
export class Message {
  readonly #fields: ReadonlyMap<string, string>;
  readonly faults: Fault[] = [];

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields;
  }

  /** Undefined where it is missing or empty. */
  text(name: string): string | undefined {
    return this.#fields.get(name);
  }

  required(name: string, what: string): string {
    const text = this.text(name);
    if (text === undefined) this.refuse(name, `missing; expected ${what}`);
    return text ?? '';
  }

  /** Epoch milliseconds. A deadline that names only a day runs to that day's end. */
  time(name: string, options: { deadline?: boolean } = {}): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    for (const reader of readers) {
      const read = reader.read(text);
      if (read) return options.deadline && read.dateOnly ? read.at + 86_399_999 : read.at;
    }
    this.refuse(name, `expected a time, such as 20261120090000 or 2026-11-20 09:00:00; got ${quoted(text)}`);
    return undefined;
  }

  requiredTime(name: string, what: string): number {
    if (this.text(name) === undefined) this.refuse(name, `missing; expected ${what}`);
    return this.time(name) ?? 0;
  }

  /** One of the codes or their words; undefined, and a fault, for anything else. */
  choose<T>(name: string, choices: readonly Choice<T>[]): T | undefined {
    const text = this.text(name);
    const found = choices.find(({ code, word }) => text === code || text === word);
    if (found) return found.means;
    const expected = choices.map(({ code, word }) => `${code} ${word}`).join(', ');
    this.refuse(
      name,
      `${text === undefined ? 'missing; ' : ''}expected one of ${expected}${text === undefined ? '' : `; got ${quoted(text)}`}`,
    );
    return undefined;
  }

  refuse(field: string, reason: string): void {
    this.faults.push({ field, reason });
  }

  /** `label: value` of those that are there, as one note. */
  note(...labels: [label: string, name: string][]): string | undefined {
    const lines = labels.flatMap(([label, name]) => {
      const text = this.text(name);
      return text === undefined ? [] : [label === '' ? text : `${label}: ${text}`];
    });
    return lines.length === 0 ? undefined : lines.join('; ');
  }
}

/** A code of the source, its word, and what it means here. */
export interface Choice<T> {
  code: string;
  word: string;
  means: T;
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));

/** The same parts always give the same id; the parts themselves may be longer than an id may be. */
export function idOf(prefix: string, ...parts: string[]): string {
  return `${prefix}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;
}

/** These formats know only that there is a special procedure; which one stands in its reason, where that is short enough to name it. */
export const procedureIn = (reason: string | undefined): string =>
  reason !== undefined && reason.length <= 200 && procedureOf(reason) !== 'other' ? reason : '特别程序';

const mostFields = 200;

/** The events of one message of `source`, checked by their shape; never throws, whatever the input is. */
export function translate(dialect: Dialect, input: unknown, source: { id: string; region: string }): Translated {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { ok: false, field: '', reason: 'expected one message as a JSON object' };
  const entries = Object.entries(input);
  if (entries.length > mostFields) return { ok: false, field: '', reason: `expected at most ${mostFields} fields` };
  const fields = new Map<string, string>();
  for (const [name, value] of entries) {
    if (typeof value === 'object' && value !== null)
      return { ok: false, field: name.slice(0, 120), reason: 'expected a text or a number' };
    const text = value === null || value === undefined ? '' : String(value).trim();
    if (text !== '') fields.set(name, text);
  }
  const message = new Message(fields);
  const drafts = dialect.read(message, source);
  const fault = message.faults[0];
  if (fault) return { ok: false, ...fault };
  const events: { event: CaseEvent; names: Record<string, string> }[] = [];
  for (const { event, names } of drafts) {
    const parsed = parseCaseEvent({ ...event, source: source.id });
    if (!parsed.ok) return { ok: false, field: names[parsed.field] ?? parsed.field, reason: parsed.reason };
    events.push({ event: parsed.event, names });
  }
  return { ok: true, events };
}
