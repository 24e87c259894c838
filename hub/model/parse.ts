/** From what a department sent to a `CaseEvent`, or to the field that was wrong and what was expected there. */
import type { z } from 'zod';
import { dayOf } from './calendar.ts';
import { caseEvent, type CaseEvent } from './event.ts';
import { takeQuickly } from './quick.ts';
import { chainOf, matterOf, type World } from './world.ts';

export interface Fault {
  /** Path of the field, for example `applicant.class`; empty when the event as a whole is wrong. */
  field: string;
  /** What was expected, at most 400 characters. */
  reason: string;
  /** JY-02: what was sent may not be kept, not even among the refused. */
  withhold?: true;
}

export type Parsed = { ok: true; event: CaseEvent } | ({ ok: false } & Fault);

/** A source's clock may be ahead of ours by so much; more is a time in the future. */
export const tolerance = 5 * 60_000;

type Option = (typeof caseEvent.options)[number];

// One look-up by `kind` and one strict object instead of a union that lists the faults of every option.
const options = new Map<unknown, Option>(caseEvent.options.map((option) => [option.shape.kind.value, option]));
const kinds = [...options.keys()].join(', ');

/** Never throws, whatever the input is. */
export function parseCaseEvent(input: unknown): Parsed {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return fault('', `expected one event as a JSON object, got ${shown(input)}`);
  }
  const plain = takeQuickly(input);
  if (plain) return { ok: true, event: plain };
  const { kind } = input as { kind?: unknown };
  const option = options.get(kind);
  if (!option) {
    const problem = kind === undefined ? 'missing' : `unknown kind ${shown(kind)}`;
    return fault('kind', `${problem}; expected one of ${kinds}`);
  }
  const result = option.safeParse(input);
  if (result.success) return { ok: true, event: result.data };
  const issue = result.error.issues[0];
  return issue ? explain(issue, input, option) : fault('', 'not an event');
}

/**
 * What only the hub can know: whether the region, the matter and the window exist and the times are possible.
 * Undefined when nothing is wrong. `now` in epoch milliseconds.
 */
export function checkAgainst(world: World, event: CaseEvent, now: number): Fault | undefined {
  if (!world.regions.has(event.region)) return { field: 'region', reason: `unknown region ${event.region}` };
  if ('matter' in event) {
    const matter = matterOf(world, event.region, event.matter);
    // JY-02: a secret matter answers as one that does not exist, so that nobody learns by trying which codes are secret.
    if (!matter || matter.secret) {
      const reason = `region ${event.region} publishes no matter ${event.matter}`;
      return { field: 'matter', reason, ...(matter && { withhold: true }) };
    }
  }
  if (event.window !== undefined) {
    const window = world.windows.get(event.window);
    const hall = window && world.halls.get(window.hall);
    if (!hall) return { field: 'window', reason: `unknown window ${event.window}` };
    // A county's case may be handled at the city's counter, never at the next county's.
    if (!chainOf(event.region).includes(hall.region) && !chainOf(hall.region).includes(event.region)) {
      return {
        field: 'window',
        reason: `window ${event.window} stands in region ${hall.region}, not in ${event.region} or above it`,
      };
    }
  }
  if (event.occurredAt > now + tolerance) return { field: 'occurredAt', reason: ahead(event.occurredAt, now) };
  if (event.enteredAt !== undefined && event.enteredAt > now + tolerance) {
    return { field: 'enteredAt', reason: ahead(event.enteredAt, now) };
  }
  return undefined;
}

/**
 * A decision before the acceptance, within one batch: the fault of each such event by its index. Sources send date-only
 * times, so the same calendar day (Asia/Shanghai) is tolerated. Across batches the recorder refuses it.
 */
export function checkTogether(events: readonly CaseEvent[]): Map<number, Fault> {
  const accepted = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== 'case.accepted' && event.kind !== 'case.filed') continue;
    const key = casefileKey(event);
    accepted.set(key, Math.min(event.occurredAt, accepted.get(key) ?? Infinity));
  }
  const faults = new Map<number, Fault>();
  if (accepted.size === 0) return faults;
  events.forEach((event, index) => {
    if (!ends.has(event.kind)) return;
    const at = accepted.get(casefileKey(event));
    if (at === undefined || dayOf(event.occurredAt) >= dayOf(at)) return;
    const what = event.kind === 'case.completed' ? 'completed' : 'decided';
    faults.set(index, {
      field: 'occurredAt',
      reason: `casefile ${event.casefile} ${what} on ${dayOf(event.occurredAt)}, before its acceptance on ${dayOf(at)}`,
    });
  });
  return faults;
}

const ends: ReadonlySet<CaseEvent['kind']> = new Set(['case.decided', 'case.penaltyDecided', 'case.completed']);
const casefileKey = (event: CaseEvent): string => `${event.region}:${event.casefile}`;

function ahead(at: number, now: number): string {
  return `${new Date(at).toISOString()} lies in the future: expected at most 5 minutes after ${new Date(now).toISOString()}`;
}

function fault(field: string, reason: string): { ok: false } & Fault {
  // A sender's own key may stand in the path: it must not break a header or a log line.
  return { ok: false, field: bounded(field, 120).replace(/[\p{Cc}\p{Cs}]/gu, '?'), reason: bounded(reason, 400) };
}

function explain(issue: z.core.$ZodIssue, input: object, option: Option): { ok: false } & Fault {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = bounded(issue.keys[0] ?? '', 60);
    const known =
      issue.path.length === 0 ? `; ${option.shape.kind.value} takes ${Object.keys(option.shape).join(', ')}` : '';
    return fault(path === '' ? key : `${path}.${key}`, `unknown field${known}`);
  }
  const value = at(input, issue.path);
  const expected = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  return fault(path, value === undefined ? `missing; ${expected}` : `${expected}; got ${shown(value)}`);
}

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A value as a message may quote it: short, on one line, and never by calling the value's own methods. */
function shown(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  switch (typeof value) {
    case 'string':
      return JSON.stringify(bounded(value, 60));
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
      return 'nothing';
    case 'object':
      return 'an object';
    default:
      return `a ${typeof value}`;
  }
}

function bounded(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
