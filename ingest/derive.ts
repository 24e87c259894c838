/** From rows to case events, by a mapping. Pure: the same rows give the same events with the same ids. */
import { createHash } from 'node:crypto';
import { dayOf, endOf } from '../hub/model/calendar.ts';
import { HubError } from '../hub/model/error.ts';
import type { CaseEvent } from '../hub/model/event.ts';
import { parseCaseEvent, type Fault } from '../hub/model/parse.ts';
import { prefixOf } from '../hub/model/world.ts';
import { translate } from './dialects/dialect.ts';
import {
  fieldsOf,
  fieldTypes,
  type CaseKind,
  type DialectMapping,
  type Field,
  type Mapping,
  type Value,
} from './mapping.ts';
import type { GoodRow } from './rows.ts';

export interface Derived {
  events: CaseEvent[];
  faults: Fault[];
}

type Values = Map<string, string>;
type Read<T> = { ok: true; value: T } | ({ ok: false } & Fault);

/** What makes events of the rows of one file or table. */
export interface RowReader {
  take(row: GoodRow): Derived;
}

export function rowReader(mapping: Mapping | DialectMapping, region: string): RowReader {
  return 'dialect' in mapping ? new MessageDeriver(mapping, region) : new Deriver(mapping, region);
}

/** Each row is a message of the dialect, taken whole or not at all. */
class MessageDeriver implements RowReader {
  readonly #mapping: DialectMapping;
  readonly #source: { id: string; region: string };

  constructor(mapping: DialectMapping, region: string) {
    this.#mapping = mapping;
    this.#source = { id: mapping.source, region };
  }

  take(row: GoodRow): Derived {
    const { dialect, fields } = this.#mapping;
    const read = translate(dialect, { ...fields, ...Object.fromEntries(row.values) }, this.#source);
    if (!read.ok) return { events: [], faults: [{ field: read.field, reason: read.reason }] };
    const scope = prefixOf(this.#source.region);
    const stranger = read.events.find(({ event }) => !event.region.startsWith(scope));
    if (!stranger) return { events: read.events.map(({ event }) => event), faults: [] };
    const reason = `expected a region of ${this.#source.region} and below; got ${stranger.event.region}`;
    return { events: [], faults: [{ field: stranger.names.region ?? 'region', reason }] };
  }
}

/** More cases in one file than this are refused: their names are kept so that each case event is derived once. */
const mostCases = 2_000_000;
/** Bits 0..14: the case event was derived; bits 15..29: it was complained of. */
const complaint = 15;

/** Remembers which cases have had their case events; one instance a file. `region` wins over the mapping's. */
export class Deriver {
  readonly #mapping: Mapping;
  readonly #region: string;
  /** For each case a bit for each entry of `case.events` that is done, and above them a bit for each that was complained of. */
  readonly #cases = new Map<string, number>();

  constructor(mapping: Mapping, region: string) {
    this.#mapping = mapping;
    this.#region = region;
  }

  get cases(): number {
    return this.#cases.size;
  }

  take(row: GoodRow): Derived {
    const { case: perCase, rows } = this.#mapping;
    const derived: Derived = { events: [], faults: [] };
    const casefile = row.values.get(perCase.number)?.trim();
    if (!casefile) {
      const reason =
        casefile === undefined ? 'the file has no such column' : 'missing; expected the number of the case';
      return { events: [], faults: [{ field: perCase.number, reason }] };
    }
    let done = this.#cases.get(casefile) ?? 0;
    perCase.events.forEach((each, index) => {
      if (done & (1 << index)) return;
      const at = row.values.get(each.at)?.trim() ?? (row.sparse ? '' : undefined);
      if (at === '') return;
      const result = this.#event(each.kind, each.id, each.at, each.fields, casefile, row);
      if (result.ok) {
        done |= 1 << index;
        derived.events.push(result.value);
      } else if (!(done & (1 << (index + complaint)))) {
        // Every row of the case repeats its attributes: one complaint is enough.
        done |= 1 << (index + complaint);
        derived.faults.push({ field: result.field, reason: result.reason });
      }
    });
    if (!this.#cases.has(casefile) && this.#cases.size >= mostCases)
      throw new HubError('replay.large', `more than ${mostCases} cases in one file`);
    this.#cases.set(casefile, done);
    if (rows) {
      const kind = kindOf(rows.kind, row.values);
      if (!kind.ok) derived.faults.push({ field: kind.field, reason: kind.reason });
      else if (kind.value !== 'skip') {
        const result = this.#event(kind.value, rows.id, rows.at, rows.fields, casefile, row);
        if (result.ok) derived.events.push(result.value);
        else derived.faults.push({ field: result.field, reason: result.reason });
      }
    }
    return derived;
  }

  #event(
    kind: CaseKind,
    template: string,
    at: string,
    given: Partial<Record<Field, Value>>,
    casefile: string,
    row: GoodRow,
  ): Read<CaseEvent> {
    const mapping = this.#mapping;
    const occurredAt = this.#time(row.values, at, false);
    if (!occurredAt.ok) return occurredAt;
    const id = fill(template, row, { source: mapping.source, region: this.#region, casefile, kind });
    if (!id.ok) return id;
    const event: Record<string, unknown> = {
      id: id.value,
      kind,
      region: this.#region,
      source: mapping.source,
      casefile,
      occurredAt: occurredAt.value,
    };
    const columns: Record<string, string> = { id: template, casefile: mapping.case.number, occurredAt: at };
    const taken = fieldsOf.get(kind);
    const fields = { ...(mapping.matter ? { matter: mapping.matter } : {}), ...given };
    for (const [name, value] of Object.entries(fields) as [Field, Value][]) {
      if (!taken?.has(name)) continue;
      const text = textOf(value, row.values);
      if (!text.ok) return text;
      if (text.value === '') continue;
      columns[name] = typeof value === 'string' ? value : 'column' in value ? value.column : 'constant';
      const type = fieldTypes[name];
      if (type === 'number') event[name] = Number(text.value);
      else if (type === 'text') event[name] = text.value;
      else {
        const time = this.#time(row.values, columns[name], type === 'deadline', text.value);
        if (!time.ok) return time;
        event[name] = time.value;
      }
    }
    if (event.applicantName !== undefined)
      event.applicant = { name: event.applicantName, class: event.applicantClass ?? 'other' };
    delete event.applicantName;
    delete event.applicantClass;
    const parsed = parseCaseEvent(event);
    if (parsed.ok) return { ok: true, value: parsed.event };
    const field = parsed.field === 'applicant.name' ? 'applicantName' : parsed.field;
    return { ok: false, field: columns[field] ?? parsed.field, reason: `${parsed.field}: ${parsed.reason}` };
  }

  /** A deadline that names only a day runs to that day's end. */
  #time(values: Values, column: string, isDeadline: boolean, given?: string): Read<number> {
    const text = given ?? values.get(column)?.trim();
    if (text === undefined) return { ok: false, field: column, reason: 'the file has no such column' };
    if (text === '')
      return { ok: false, field: column, reason: `missing; expected a time (${this.#mapping.reader.expected})` };
    const read = this.#mapping.reader.read(text);
    if (!read)
      return {
        ok: false,
        field: column,
        reason: `expected a time (${this.#mapping.reader.expected}); got ${JSON.stringify(text.slice(0, 60))}`,
      };
    return { ok: true, value: isDeadline && read.dateOnly ? endOf(dayOf(read.at)) : read.at };
  }
}

function kindOf(kind: NonNullable<Mapping['rows']>['kind'], values: Values): Read<CaseKind | 'skip'> {
  if (typeof kind === 'string') return { ok: true, value: kind };
  const text = values.get(kind.column)?.trim();
  if (text === undefined) return { ok: false, field: kind.column, reason: 'the file has no such column' };
  const found = (Object.hasOwn(kind.values, text) ? kind.values[text] : undefined) ?? kind.otherwise;
  if (found) return { ok: true, value: found };
  return {
    ok: false,
    field: kind.column,
    reason: `the mapping knows no kind for ${JSON.stringify(text.slice(0, 60))}`,
  };
}

function textOf(value: Value, values: Values): Read<string> {
  if (typeof value !== 'string' && 'constant' in value) return { ok: true, value: value.constant };
  const column = typeof value === 'string' ? value : value.column;
  // Absent in this event of an XES file, or empty in this row of a CSV file: the same.
  const text = values.get(column)?.trim() ?? '';
  if (typeof value === 'string' || !value.values || text === '') return { ok: true, value: text };
  const found = (Object.hasOwn(value.values, text) ? value.values[text] : undefined) ?? value.otherwise;
  if (found !== undefined) return { ok: true, value: found };
  return { ok: false, field: column, reason: `the mapping knows no value for ${JSON.stringify(text.slice(0, 60))}` };
}

/** `{source} {region} {casefile} {kind} {digest}` or the name of a column; `digest` is 16 hex digits over the row's text. */
function fill(template: string, row: GoodRow, own: Record<string, string>): Read<string> {
  let missing: string | undefined;
  const text = template.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    if (name === 'digest') return createHash('sha256').update(row.text).digest('hex').slice(0, 16);
    const value = own[name] ?? row.values.get(name)?.trim();
    if (!value) missing ??= name;
    return value ?? '';
  });
  return missing === undefined
    ? { ok: true, value: text }
    : { ok: false, field: missing, reason: 'missing; the id is made of it' };
}
