/**
 * The events of administration: what was written of reference data and accounts, so that the ledger keeps who did it and what it
 * was before. The rows themselves are reference data that `serve` writes after the recorder has taken the event.
 */
import { z } from 'zod';
import { refuse, type Consequences } from './decide.ts';
import { byPerson } from './eventFields.ts';
import { identifier, instant, reasonText, shortText } from './fields.ts';

/** Fields by name. No password, no telephone number and no address of a person ever stands here: `•` says that there is one. */
const values = z
  .record(
    z.string().regex(/^[a-z]\w{0,29}$/i),
    z.union([shortText, z.number(), z.boolean(), z.array(identifier).max(300)]),
  )
  .refine((each) => Object.keys(each).length <= 20, 'expected at most 20 fields');
const changed = { subject: identifier, title: shortText, before: values, after: values };

const answered = {
  reason: reasonText.optional(),
  /** It opens nothing until another person has confirmed it (三员分立, SC-29). */
  awaits: z.literal(true).optional(),
  /** Whose request is confirmed or refused, and of when. */
  request: z.strictObject({ by: identifier, at: instant }).optional(),
};

/** An organ, a hall, a window … was added, changed, closed from a day on, or opened again; a contact or a closed day was removed; a wider line was confirmed or refused. */
export const referenceChanged = z.strictObject({
  kind: z.literal('reference.changed'),
  ...byPerson,
  ...changed,
  what: z.enum(['region', 'organ', 'department', 'hall', 'window', 'contact', 'closure']),
  act: z.enum(['added', 'changed', 'closed', 'reopened', 'removed', 'confirmed', 'refused']),
  hall: identifier.optional(),
  ...answered,
});

/** Somebody's account; `account` is who did it, `subject` whose it is. */
export const accountChanged = z.strictObject({
  kind: z.literal('account.changed'),
  ...byPerson,
  ...changed,
  act: z.enum([
    'added',
    'changed',
    'locked',
    'unlocked',
    'passwordReset',
    'passwordChanged',
    'sessionsEnded',
    'reviewed',
    'confirmed',
    'refused',
    'removed',
  ]),
  ...answered,
});

type Administered = (z.infer<typeof referenceChanged> | z.infer<typeof accountChanged>) & { receivedAt: number };
export type AdministrationAct =
  `reference.${z.infer<typeof referenceChanged>['act']}` | `account.${z.infer<typeof accountChanged>['act']}`;

const factOf = (value: string | number | boolean | string[]): string | number | boolean =>
  Array.isArray(value) ? value.join(' ') : value;

export function decideAdministration(event: Administered): Consequences {
  const { region, subject, account, title, before, after, receivedAt: at } = event;
  const facts: Record<string, string | number | boolean> = { title };
  for (const [field, value] of Object.entries(before)) facts[`${field}.before`] = factOf(value);
  for (const [field, value] of Object.entries(after)) facts[`${field}.after`] = factOf(value);
  const { act, request, reason, awaits } = event;
  const isOwn = event.kind === 'account.changed' && subject === account;
  if ((act === 'confirmed' || act === 'refused') && (!request || request.by === account || isOwn))
    return refuse('account', 'nobody confirms what they asked for');
  if (reason !== undefined) facts['reason'] = reason;
  if (awaits) facts['awaits'] = true;
  if (request) Object.assign(facts, { askedBy: request.by, askedAt: request.at });
  if (event.kind === 'account.changed')
    return { puts: [], ledger: [{ region, at, act: `account.${event.act}`, subject, account, facts }] };
  facts['what'] = event.what;
  const hall = event.hall === undefined ? {} : { hall: event.hall };
  return { puts: [], ledger: [{ region, at, act: `reference.${event.act}`, subject, ...hall, account, facts }] };
}
