/** A mapping file (YAML): which column or trace attribute of somebody's file is what. Reference: ingest/README.md. */
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { caseEvent, type CaseEvent } from '../hub/model/event.ts';
import { identifier, regionCode, shortText } from '../hub/model/fields.ts';
import { dialects } from './dialects/index.ts';
import type { Dialect } from './dialects/dialect.ts';
import { alsoIso, offsetOf, timeReader, type TimeReader } from './time.ts';

export type CaseKind = CaseEvent['kind'];
const kinds = caseEvent.options.map((option) => option.shape.kind.value) as [CaseKind, ...CaseKind[]];
const kind = z.enum(kinds);

/** Fields of an event that a mapping may fill, and how their texts are read. */
export const fieldTypes = {
  matter: 'text',
  department: 'text',
  window: 'text',
  handler: 'text',
  step: 'text',
  note: 'text',
  reason: 'text',
  procedure: 'text',
  approver: 'text',
  outcome: 'text',
  days: 'number',
  amount: 'number',
  dueAt: 'deadline',
  enteredAt: 'time',
  promisedDueAt: 'deadline',
  statutoryDueAt: 'deadline',
  applicantName: 'text',
  applicantClass: 'text',
} as const;
export type Field = keyof typeof fieldTypes;

/** Which fields each kind takes. */
export const fieldsOf: ReadonlyMap<CaseKind, ReadonlySet<Field>> = new Map(
  caseEvent.options.map((option) => {
    const keys = Object.keys(option.shape);
    const taken = (Object.keys(fieldTypes) as Field[]).filter((field) =>
      keys.includes(field.startsWith('applicant') ? 'applicant' : field),
    );
    return [option.shape.kind.value, new Set(taken)];
  }),
);

const column = z.string().min(1).max(200);
/** A column's name; or a constant; or a column whose values are translated. */
const value = z.union(
  [
    column,
    z.strictObject({ constant: shortText }),
    z.strictObject({ column, values: z.record(z.string(), shortText).optional(), otherwise: shortText.optional() }),
  ],
  { error: 'expected the name of a column, {constant: text} or {column: name, values: {from: to}, otherwise: text}' },
);
export type Value = z.infer<typeof value>;

const fields = z.partialRecord(z.enum(Object.keys(fieldTypes) as [Field, ...Field[]]), value).default({});
const template = z.string().min(1).max(200);

const caseTemplate = z.strictObject({ kind, id: template, at: column, fields });
const rowKind = z.union(
  [
    kind,
    z.strictObject({
      column,
      values: z.record(z.string(), z.union([kind, z.literal('skip')])),
      otherwise: z.union([kind, z.literal('skip')]).optional(),
    }),
  ],
  {
    error: `expected a kind or {column: name, values: {text: kind}, otherwise: kind or skip}; kinds are ${kinds.join(', ')}`,
  },
);
const rowTemplate = z.strictObject({ kind: rowKind, id: template, at: column, fields });

/** A table that `hallwatch poll` reads; `order` and `key` together never come twice. */
const poll = z.strictObject({
  /** `table` or `schema.table`. */
  table: z.string().regex(/^[^."\p{Cc}]{1,63}(\.[^."\p{Cc}]{1,63})?$/u, 'expected table or schema.table'),
  /** A column that no two rows share and that only grows; or any unique column where `order` is given. */
  key: z.string().min(1).max(63),
  /** A column of the time at which a row was written or changed: changed rows are read again. */
  order: z.string().min(1).max(63).optional(),
  /** Seconds for which rows are left alone, by `order`: a transaction that began earlier may commit later. */
  lag: z.int().min(0).max(86_400).default(5),
  /** Seconds between two looks at a table that has nothing new. */
  every: z.number().min(0.1).max(86_400).default(5),
  batch: z.int().min(1).max(10_000).default(1_000),
});
export type Poll = z.infer<typeof poll>;

const head = {
  source: identifier,
  region: regionCode.optional(),
  encoding: z.enum(['auto', 'utf-8', 'gb18030', 'utf-16le']).default('auto'),
  delimiter: z.string().length(1).default(','),
  sheet: z.string().min(1).max(80).optional(),
  poll: poll.optional(),
};

/** Rows that are messages of an upstream format, by its own names. */
const dialectShape = z.strictObject({
  ...head,
  dialect: z.enum(dialects.map(({ name }) => name) as [string, ...string[]]),
  /** Fields that every message of this file or table has, such as which table it is. */
  fields: z.record(z.string().min(1).max(60), shortText).default({}),
});

const shape = z
  .strictObject({
    ...head,
    time: z
      .strictObject({
        format: z.string().min(1).max(60).default('iso'),
        zone: z.string().max(40).default('Asia/Shanghai'),
      })
      .prefault({}),
    matter: value.optional(),
    case: z.strictObject({ number: column, events: z.array(caseTemplate).max(15).default([]) }),
    rows: rowTemplate.optional(),
  })
  .check((context) => {
    const mapping = context.value;
    const issue = (path: (string | number)[], message: string): void => {
      context.issues.push({ code: 'custom', path, message, input: mapping });
    };
    const offset = offsetOf(mapping.time.zone);
    if (offset === undefined) issue(['time', 'zone'], 'expected Asia/Shanghai, Z or an offset such as +08:00');
    else if (!timeReader(mapping.time.format, offset)) {
      issue(
        ['time', 'format'],
        'expected iso, epoch-ms, epoch-s or a pattern with YYYY, MM and DD, such as YYYY/M/D H:mm',
      );
    }
    if (mapping.case.events.length === 0 && !mapping.rows)
      issue(['case'], 'nothing to derive: give case.events or rows');
    const check = (path: (string | number)[], kind: CaseKind, given: z.infer<typeof fields>): void => {
      for (const field of Object.keys(given) as Field[]) {
        if (!fieldsOf.get(kind)?.has(field)) issue([...path, 'fields', field], `${kind} takes no ${field}`);
      }
      if (fieldsOf.get(kind)?.has('matter') && !given.matter && !mapping.matter)
        issue(path, `${kind} needs a matter: give it here or at the top`);
    };
    mapping.case.events.forEach((each, index) => check(['case', 'events', index], each.kind, each.fields));
    if (typeof mapping.rows?.kind === 'string') check(['rows'], mapping.rows.kind, mapping.rows.fields);
  });

export type Mapping = z.infer<typeof shape> & { reader: TimeReader };
export type DialectMapping = Omit<z.infer<typeof dialectShape>, 'dialect'> & { dialect: Dialect };

type Read<T> = { ok: true; mapping: T } | { ok: false; errors: string[] };
export type MappingRead = Read<Mapping>;

/** Every error names `file:line: path: what was expected`; at most twenty of them. */
export function readMapping(text: string, file: string): MappingRead {
  const read = readYaml(text, file, () => shape);
  if (!read.ok) return read;
  return readerFor(read.mapping, file);
}

function readerFor(mapping: z.infer<typeof shape>, file: string): MappingRead {
  const reader = timeReader(mapping.time.format, offsetOf(mapping.time.zone) ?? 0);
  if (!reader) return { ok: false, errors: [`${file}:1: time.format: cannot be read`] };
  return { ok: true, mapping: { ...mapping, reader } };
}

/** A mapping, or one that names a `dialect`. */
export function readAnyMapping(text: string, file: string): Read<Mapping | DialectMapping> {
  const read = readYaml<z.infer<typeof dialectShape> | z.infer<typeof shape>>(text, file, (plain) =>
    typeof plain === 'object' && plain !== null && 'dialect' in plain ? dialectShape : shape,
  );
  if (!read.ok) return read;
  if (!('dialect' in read.mapping)) return readerFor(read.mapping, file);
  const { dialect: name } = read.mapping;
  return { ok: true, mapping: { ...read.mapping, dialect: dialects.find((each) => each.name === name)! } };
}

function readYaml<T>(text: string, file: string, shapeOf: (plain: unknown) => z.ZodType<T>): Read<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const errors = document.errors
      .slice(0, 20)
      .map((error) => `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
    return { ok: false, errors };
  }
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { ok: false, errors: [`${file}:1: ${error instanceof Error ? error.message : 'cannot be read'}`] };
  }
  const result = shapeOf(plain).safeParse(plain);
  if (!result.success) {
    return {
      ok: false,
      errors: result.error.issues.slice(0, 20).map((issue) => {
        const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
        const message =
          issue.code === 'unrecognized_keys'
            ? 'unknown key'
            : issue.message.replace(/^Invalid (input|option|key in record): ?/, '');
        return `${file}:${lineOf(document, lines, path)}: ${path.map(String).join('.')}: ${message}`;
      }),
    };
  }
  return { ok: true, mapping: result.data };
}

/** For rows whose times come from date cells or date columns, whatever the mapping says of texts. */
export function withIsoTimes(mapping: Mapping): Mapping {
  return { ...mapping, reader: alsoIso(mapping.reader, offsetOf(mapping.time.zone) ?? 0) };
}

/** What an id template may hold beside names of columns. */
const own = new Set(['source', 'region', 'casefile', 'kind', 'digest']);

/** Every column that the mapping names: a file without one of them was meant for another mapping. */
export function columnsOf(mapping: Mapping | DialectMapping): Set<string> {
  if ('dialect' in mapping) return new Set();
  const columns = new Set([mapping.case.number]);
  const add = (value: Value | undefined): void => {
    if (typeof value === 'string') columns.add(value);
    else if (value && 'column' in value) columns.add(value.column);
  };
  add(mapping.matter);
  for (const each of [...mapping.case.events, ...(mapping.rows ? [mapping.rows] : [])]) {
    columns.add(each.at);
    Object.values(each.fields).forEach(add);
    for (const [, name] of each.id.matchAll(/\{([^{}]+)\}/g)) if (!own.has(name!)) columns.add(name!);
    if (typeof each.kind !== 'string') columns.add(each.kind.column);
  }
  return columns;
}

/** The line of a path, or of the nearest thing above it that is in the file. */
function lineOf(document: ReturnType<typeof parseDocument>, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] | null } | undefined;
    if (node && typeof node === 'object' && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
