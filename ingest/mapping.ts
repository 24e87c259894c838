/** A mapping file (YAML): which column or trace attribute of somebody's file is what. Reference: ingest/README.md. */
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { caseEvent, type CaseEvent } from '../hub/model/event.ts';
import { identifier, regionCode, shortText } from '../hub/model/fields.ts';
import { offsetOf, timeReader, type TimeReader } from './time.ts';

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

const shape = z
  .strictObject({
    source: identifier,
    region: regionCode.optional(),
    encoding: z.enum(['auto', 'utf-8', 'gb18030', 'utf-16le']).default('auto'),
    delimiter: z.string().length(1).default(','),
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

export type MappingRead = { ok: true; mapping: Mapping } | { ok: false; errors: string[] };

/** Every error names `file:line: path: what was expected`; at most twenty of them. */
export function readMapping(text: string, file: string): MappingRead {
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
  const result = shape.safeParse(plain);
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
  const reader = timeReader(result.data.time.format, offsetOf(result.data.time.zone) ?? 0);
  if (!reader) return { ok: false, errors: [`${file}:1: time.format: cannot be read`] };
  return { ok: true, mapping: { ...result.data, reader } };
}

/** What an id template may hold beside names of columns. */
const own = new Set(['source', 'region', 'casefile', 'kind', 'digest']);

/** Every column that the mapping names: a file without one of them was meant for another mapping. */
export function columnsOf(mapping: Mapping): Set<string> {
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
