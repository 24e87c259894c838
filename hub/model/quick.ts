/**
 * A quick yes for events that need nothing done to them: the tests are read from the schemas, so there is no second truth. Whoever
 * hears no asks the schema itself, which fills in, turns and explains. A fifth of the schema's time, twice for every event.
 */
import type { z } from 'zod';
import { caseEvent, type CaseEvent } from './event.ts';
import { earliest, instant, latest } from './fields.ts';

type Test = (value: unknown) => boolean;
type Schema = z.core.$ZodType;

const quickly = new Map<unknown, Test>(
  caseEvent.options.map((option) => [option.shape.kind.value, testOf(option as Schema)]),
);

/** The input itself when it is a `CaseEvent` exactly as the schema would give it back; undefined says nothing. */
export function takeQuickly(input: unknown): CaseEvent | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  return quickly.get((input as { kind?: unknown }).kind)?.(input) ? (input as CaseEvent) : undefined;
}

/** True only for a value that the schema takes and gives back unchanged. */
export function testOf(schema: Schema): Test {
  // It turns texts into numbers; a number it leaves alone.
  if (schema === (instant as Schema))
    return (value) => Number.isSafeInteger(value) && (value as number) >= earliest && (value as number) < latest;
  const { def } = schema._zod as unknown as { def: Definition };
  if (def.type === 'default') return testOf(def.innerType!);
  if (def.type === 'literal') return (value) => def.values!.includes(value);
  const exact = def.type === 'string' ? testOfText(def) : def.type === 'object' ? testOfObject(def) : undefined;
  return exact ?? ((value) => isUnchanged(schema, value));
}

/** What zod says of its schemas for libraries (zod.dev/library-authors). */
interface Definition {
  type: string;
  innerType?: Schema;
  values?: unknown[];
  shape?: Record<string, Schema>;
  catchall?: Schema;
  checks?: { _zod: { def: { check: string; minimum?: number; maximum?: number; pattern?: RegExp } } }[];
  coerce?: boolean;
  format?: string;
}

function testOfText({ checks = [], coerce, format }: Definition): Test | undefined {
  if (coerce || format !== undefined) return undefined;
  let [least, most] = [0, Infinity];
  const patterns: RegExp[] = [];
  for (const { _zod } of checks) {
    const { check, minimum, maximum, pattern } = _zod.def;
    if (check === 'min_length') least = Math.max(least, minimum!);
    else if (check === 'max_length') most = Math.min(most, maximum!);
    // One that is global or sticky remembers where it was.
    else if (check === 'string_format' && pattern && !pattern.global && !pattern.sticky) patterns.push(pattern);
    else return undefined;
  }
  return (value) =>
    typeof value === 'string' &&
    value.length >= least &&
    value.length <= most &&
    patterns.every((each) => each.test(value));
}

function testOfObject({ shape = {}, checks = [] }: Definition): Test | undefined {
  if (checks.length > 0) return undefined;
  const members = new Map<string, Test>();
  const needed: string[] = [];
  for (const [name, schema] of Object.entries(shape)) {
    const { def } = schema._zod as unknown as { def: Definition };
    members.set(name, testOf(def.type === 'optional' ? def.innerType! : schema));
    if (def.type !== 'optional') needed.push(name);
  }
  return (value) => {
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false;
    // A member that is not of the shape is refused by one schema and left out by another.
    for (const name in value) if (!members.get(name)?.((value as Record<string, unknown>)[name])) return false;
    for (const name of needed) if ((value as Record<string, unknown>)[name] === undefined) return false;
    return true;
  };
}

function isUnchanged(schema: Schema, value: unknown): boolean {
  const result = (schema as z.ZodType).safeParse(value);
  return result.success && result.data === value;
}
