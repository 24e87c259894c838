import type { z } from 'zod';
import type { Problem } from '../model/api.ts';
import { problem } from '../platform/problem.ts';

/** An expected no, as a value: a route returns it instead of its body. */
export class Refusal {
  readonly problem: Problem;
  /** Seconds after which a repeat makes sense. */
  readonly retryAfter: number | undefined;
  constructor(status: number, more: Partial<Omit<Problem, 'status'>> = {}, retryAfter?: number) {
    this.problem = problem(status, more);
    this.retryAfter = retryAfter;
  }
}

export const unsigned = new Refusal(401);
export const unknown = (what: string): Refusal => new Refusal(404, { detail: `no such ${what}` });
export const forbidden = (reason: string): Refusal => new Refusal(403, { reason });
export const conflict = (field: string, reason: string): Refusal => new Refusal(409, { field, reason });
export const away = (detail: string, retryAfter = 1): Refusal => new Refusal(503, { detail }, retryAfter);

/** The value as the schema reads it, or a 400 that names the first wrong field. */
export function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> | Refusal {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = [...(issue?.path ?? []), ...keys].map(String).join('.').slice(0, 120);
  return new Refusal(400, { field, reason: (issue?.message ?? 'not readable').slice(0, 400) });
}
