/** A row of second entry: what a person typed → an event, or every field that is wrong and what was expected there. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { actNames, actOf, actsFor, entryFields, opensCase, type ActName, type EntryRow } from '../hub/model/entry.ts';
import type { CaseEvent } from '../hub/model/event.ts';
import { checkAgainst, parseCaseEvent } from '../hub/model/parse.ts';
import type { Casefile } from '../hub/model/state.ts';
import { chainOf, nearMatters, type Department, type Matter, type Window, type World } from '../hub/model/world.ts';
import { timeReader } from './time.ts';

interface EntryFault {
  field: string;
  reason: string;
}

export type RowRead = { ok: true; event: CaseEvent } | { ok: false; errors: EntryFault[] };

const typed = z.string().max(2_000);
export const entryRow = z.strictObject({
  key: z.string().min(8).max(80),
  number: typed,
  act: typed,
  at: typed,
  ...Object.fromEntries(entryFields.map((field) => [field, typed.optional()])),
}) as unknown as z.ZodType<EntryRow>;

/** Who enters, and what is known there. */
export interface EntryPlace {
  account: string;
  region: string;
  department: Department;
  world: World;
  /** The cases of the region by number; those of other departments as well, so that a number is not taken twice. */
  cases: ReadonlyMap<string, Casefile>;
  now: number;
  /** Ids of rows that the recorder knows already. */
  entered: ReadonlySet<string>;
}

/** Entries of a department come from it (KF-04: the source says that they are second entries). */
export const sourceOfEntry = (department: string): string => `entry:${department}`;

const zone = 8 * 3_600_000;
const formats = ['iso', 'YYYY-M-D H:mm', 'YYYY-M-D H:mm:ss', 'YYYY/M/D H:mm', 'YYYY/M/D H:mm:ss'];
const readers = formats.map((format) => timeReader(format, zone)!);

const outcomes: Record<string, string> = {
  准予: 'approved',
  许可: 'approved',
  approved: 'approved',
  不予: 'denied',
  不予许可: 'denied',
  denied: 'denied',
};
const classes: Record<string, string> = {
  个人: 'person',
  person: 'person',
  企业: 'enterprise',
  enterprise: 'enterprise',
  其他: 'other',
  other: 'other',
};

/** The matters a department may enter: what its region publishes, but for those of its neighbours. Secret ones are none (JY-02). */
export function mattersOf(world: World, region: string, department: Department): Matter[] {
  const above = new Set(chainOf(region));
  const name = (id: string | undefined): string | undefined =>
    id === undefined ? undefined : world.departments.get(id)?.name;
  const own = nearMatters(world, region).filter(
    (each) =>
      !each.secret &&
      above.has(each.region) &&
      (each.department === undefined ||
        each.department === department.id ||
        world.departments.get(each.department)?.region !== region),
  );
  // What its own line (条) publishes comes first.
  const isOurs = ({ department: id }: Matter): boolean => name(id) === department.name;
  return own.sort((a, b) => Number(isOurs(b)) - Number(isOurs(a)) || a.code.localeCompare(b.code));
}

export function windowsOf(world: World, region: string, department: Department): Window[] {
  const here = [...world.windows.values()].filter((each) => world.halls.get(each.hall)?.region === region);
  const own = here.filter((each) => each.department === department.id);
  return (own.length > 0 ? own : here).sort((a, b) => a.number.localeCompare(b.number, 'en', { numeric: true }));
}

/** `touched`: numbers about which an earlier row of the same request said something; only the recorder knows what is possible after it. */
export function readRow(row: EntryRow, place: EntryPlace, touched: ReadonlySet<string>): RowRead {
  const { world, region, department, now } = place;
  const errors: EntryFault[] = [];
  const wrong = (field: string, reason: string): undefined => void errors.push({ field, reason });
  const text = (field: keyof EntryRow): string | undefined => row[field]?.trim() || undefined;

  const word = text('act');
  const act = actNames.find((name) => name === word || actOf(name).word === word);
  if (!act) wrong('act', `expected one of ${actNames.map((name) => actOf(name).word).join(', ')}`);
  const number = text('number');
  if (number === undefined) wrong('number', 'expected the number of the case');
  const at = momentOf(text('at'));
  if (at === undefined) wrong('at', 'expected a date and a time, such as 2026-11-20 09:05');
  const { required, optional = [] } = act ? actOf(act) : { required: [] };
  for (const field of required) if (text(field) === undefined) wrong(field, 'expected a value');
  const taken = new Set<string>([...required, ...optional, 'window', 'handler', 'note']);
  for (const field of entryFields)
    if (act && text(field) !== undefined && !taken.has(field)) wrong(field, `${actOf(act).word} takes none`);

  const known = number === undefined ? undefined : place.cases.get(number);
  // What was entered before is judged no second time: its answer got lost, and it is sent again.
  const isAgain = place.entered.has(idOf(row, place));
  if (act && number !== undefined && !isAgain && !touched.has(number)) checkCase(act, known, department, wrong);
  const opening = act && opensCase(act);
  const matter = opening && text('matter') !== undefined ? matterFor(place, text('matter')!, wrong) : undefined;
  const window = text('window') === undefined ? undefined : windowFor(place, text('window')!, wrong);
  const outcome = text('outcome') === undefined ? undefined : outcomes[text('outcome')!];
  if (text('outcome') !== undefined && !outcome) wrong('outcome', 'expected 准予 or 不予');
  const applicantClass = classes[text('applicantClass') ?? '其他'];
  if (!applicantClass) wrong('applicantClass', 'expected 个人, 企业 or 其他');
  if (text('days') !== undefined && !/^\d{1,3}$/.test(text('days')!)) wrong('days', 'expected a whole number of days');
  if (errors.length > 0 || !act) return { ok: false, errors };

  const parsed = parseCaseEvent({
    id: idOf(row, place),
    kind: `case.${act}`,
    region,
    source: sourceOfEntry(department.id),
    casefile: number,
    occurredAt: at,
    // When it was typed in is what the hub saw, never what the form says (KF-04).
    enteredAt: now,
    ...(opening
      ? {
          matter: matter?.code,
          department: department.id,
          applicant: { name: text('applicant'), class: applicantClass },
        }
      : {}),
    ...given({
      window,
      step: text('step'),
      outcome,
      procedure: text('procedure'),
      approver: text('approver'),
      reason: text('reason'),
      handler: text('handler'),
      note: text('note'),
    }),
    ...(text('days') === undefined ? {} : { days: Number(text('days')) }),
    ...(act === 'licenceIssued'
      ? given({ name: text('name'), number: text('document') })
      : given({ document: text('document') })),
  });
  const fault = parsed.ok ? checkAgainst(world, parsed.event, now) : parsed;
  if (fault) return { ok: false, errors: [{ field: fieldOf(fault.field), reason: fault.reason }] };
  return parsed.ok ? parsed : { ok: false, errors };
}

/** Who typed it and the same words under the same key: the same event, however often it is sent. */
export function idOf(row: EntryRow, { account, region }: Pick<EntryPlace, 'account' | 'region'>): string {
  const words = entryFields.map((field) => row[field]?.trim() ?? '');
  const parts = [account, region, row.key, row.number.trim(), row.act.trim(), row.at.trim(), ...words];
  return `entry-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)}`;
}

function momentOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  for (const reader of readers) {
    const read = reader.read(text);
    if (read && !read.dateOnly) return read.at;
  }
  return undefined;
}

type Wrong = (field: string, reason: string) => undefined;

function checkCase(act: ActName, known: Casefile | undefined, department: Department, wrong: Wrong): void {
  // Whose it is stays unsaid: another department's cases are not for this one to look through.
  if (known && known.department !== department.id) return wrong('number', 'the number is not one of this department');
  if (!known && !opensCase(act)) return wrong('number', 'no such case: begin with 收件 or 受理');
  if (known && !actsFor(known).includes(act))
    wrong(
      'act',
      `not possible now; expected one of ${
        actsFor(known)
          .map((name) => actOf(name).word)
          .join(', ') || '(the case is over)'
      }`,
    );
}

function matterFor({ world, region, department }: EntryPlace, text: string, wrong: Wrong): Matter | undefined {
  const found = mattersOf(world, region, department).filter(({ code, name }) => code === text || name === text);
  if (found.length === 0) return wrong('matter', 'expected the name or code of a matter of this department');
  // The nearest region's comes first where a code was published anew below.
  return found[0];
}

function windowFor({ world, region, department }: EntryPlace, text: string, wrong: Wrong): string | undefined {
  const windows = windowsOf(world, region, department);
  const byId = windows.find(({ id }) => id === text);
  const found = byId ? [byId] : windows.filter(({ number, name }) => number === text || name === text);
  if (found.length === 1) return found[0]!.id;
  return wrong(
    'window',
    found.length === 0
      ? 'expected the number of a window'
      : 'several windows have this number: choose one from the list',
  );
}

const given = (values: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((each): each is [string, string] => each[1] !== undefined));

/** Names of an event's fields as the form has them. */
const names: Record<string, string> = {
  occurredAt: 'at',
  casefile: 'number',
  'applicant.name': 'applicant',
  'applicant.class': 'applicantClass',
  kind: 'act',
};
const fieldOf = (field: string): string => names[field] ?? field;
