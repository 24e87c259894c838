/**
 * What an administrator may write of the reference data (organs, halls, windows, departments, contacts, closed days) and of
 * accounts: the fields, what each must be, and what they must be to each other. Nothing that history refers to is deleted: it is
 * closed from a day on.
 */
import { z } from 'zod';
import { contactRoles } from './contact.ts';
import { identifier, reasonText, regionCode, shortText } from './fields.ts';
import { roles, type Identity, type Role } from './rights.ts';
import { prefixOf, type World } from './world.ts';

/** A province has a department of a kind in each of its counties. */
const mostDepartments = 300;

/** An expected no: the field and what was expected. */
export interface Fault {
  field: string;
  reason: string;
}

const text = (most: number) =>
  shortText.max(most, `expected at most ${most} characters`).regex(/\S/, 'expected a text that is not blank');
const name = text(60);
const optional = (most: number) => text(most).nullable();
const named = { name, nameEn: optional(120) };
const day = z.iso.date('expected a day such as 2026-11-23');
const phone = z.string().regex(/^\+?[\d-]{3,20}$/, 'expected a telephone number');
/** Minutes after midnight. */
const minutes = z.int('expected a time of the day').min(0, 'expected a time of the day').max(1_440);
const code = identifier.max(60).optional();
/** SC-15: the departments whose windows a supervision body may patrol. */
const line = z
  .array(identifier)
  .min(1, 'expected at least one department')
  .max(mostDepartments, `expected at most ${mostDepartments} departments`);
const closing = { closedFrom: day.nullable() };

/** Fields of a new thing; those that may change of it later are in `changes`. */
export const forms = {
  region: z.strictObject({ code: regionCode, ...named }),
  organ: z.strictObject({ region: regionCode, code, ...named, departments: line.optional() }),
  department: z.strictObject({ region: regionCode, code, ...named }),
  hall: z.strictObject({
    region: regionCode,
    code,
    ...named,
    opens: minutes,
    closes: minutes,
    complaintPhone: phone.nullable(),
    boardNote: optional(200),
    boardNoteEn: optional(200),
  }),
  window: z.strictObject({
    hall: identifier,
    code,
    ...named,
    number: z.string().regex(/^[\p{L}\p{N}-]{1,8}$/u, 'expected 1 to 8 letters and digits'),
    department: identifier.nullable(),
    staff: optional(40),
  }),
};
export const changes = {
  region: forms.region.omit({ code: true }).partial(),
  organ: forms.organ.omit({ region: true, code: true }).extend(closing).partial(),
  department: forms.department.omit({ region: true, code: true }).extend(closing).partial(),
  hall: forms.hall.omit({ region: true, code: true }).extend(closing).partial(),
  window: forms.window.omit({ hall: true, code: true }).extend(closing).partial(),
};
export type PlaceKind = keyof typeof forms;
export const placeKinds = Object.keys(forms) as PlaceKind[];

/** A place as it is or is to be, whatever its kind; fields of other kinds are absent. */
export interface Place {
  id: string;
  region: string;
  hall?: string;
  name: string;
  nameEn?: string | null;
  opens?: number;
  closes?: number;
  complaintPhone?: string | null;
  boardNote?: string | null;
  boardNoteEn?: string | null;
  number?: string;
  departments?: readonly string[];
  department?: string | null;
  staff?: string | null;
  closedFrom?: string | null;
}

/** What is wrong with a place beside the others; `before` is absent for a new one. `today` in Asia/Shanghai. */
export function unfitPlace(
  kind: PlaceKind,
  place: Place,
  before: Place | undefined,
  world: World,
  today: string,
): Fault | undefined {
  const { opens, closes, number, department, hall, region, closedFrom } = place;
  if (opens !== undefined && closes !== undefined && opens >= closes)
    return { field: 'closes', reason: 'expected a time after the hall opens' };
  if (kind === 'window') {
    const twin = [...world.windows.values()].find(
      (each) =>
        each.hall === hall && each.number === number && each.id !== place.id && (each.closedFrom ?? today) >= today,
    );
    if (twin) return { field: 'number', reason: 'the hall has a window of this number already' };
  }
  if (department !== undefined && department !== null && department !== before?.department) {
    const known = world.departments.get(department);
    if (known?.region !== region) return { field: 'department', reason: 'expected a department of the hall’s region' };
    if (known.closedFrom !== undefined && known.closedFrom <= today)
      return { field: 'department', reason: 'the department is closed' };
  }
  if (kind === 'organ') {
    const fault = unfitLine(place, before, world, today);
    if (fault) return fault;
  }
  // What happened until now happened there: nothing is closed backwards.
  if (closedFrom && closedFrom !== before?.closedFrom && closedFrom < today)
    return { field: 'closedFrom', reason: 'expected today or a later day' };
  return undefined;
}

/** SC-15: the line of a supervision body: departments of its own region and below. What an organ is it stays: its duties and accounts are of that kind. */
function unfitLine(
  { region, departments }: Place,
  before: Place | undefined,
  world: World,
  today: string,
): Fault | undefined {
  const field = 'departments';
  if (before && (before.departments === undefined) !== (departments === undefined))
    return { field, reason: 'an organ neither becomes the supervision body of a department nor stops being one' };
  if (new Set(departments).size !== (departments?.length ?? 0))
    return { field, reason: 'expected each department once' };
  for (const id of departments ?? []) {
    const known = world.departments.get(id);
    if (!known?.region.startsWith(prefixOf(region)))
      return { field, reason: 'expected departments of the organ’s region or below it' };
    if (!before?.departments?.includes(id) && known.closedFrom !== undefined && known.closedFrom <= today)
      return { field, reason: `the department ${known.name} is closed` };
  }
  return undefined;
}

/** The lists that an account's role binds it to: it sees or enters what belongs there. */
export const boundBy: Readonly<Partial<Record<Role, 'hall' | 'organ' | 'department'>>> = {
  inspector: 'organ',
  lineInspector: 'organ',
  hallManager: 'hall',
  postUser: 'department',
};

export const accountForm = z.strictObject({
  account: identifier.min(2, 'expected at least 2 characters').max(40, 'expected at most 40 characters'),
  name: text(60),
  role: z.enum(roles, 'expected one of the roles'),
  region: regionCode,
  hall: identifier.nullable(),
  organ: identifier.nullable(),
  department: identifier.nullable(),
});
export const accountChange = accountForm.omit({ account: true }).partial();
export const lockForm = z.strictObject({ reason: reasonText });
type AccountForm = z.infer<typeof accountForm>;

/** Whether an administrator may touch an account: in the own region and below it, and never the own one (SC-29). */
export function mayGrant(
  who: Pick<Identity, 'account' | 'region'>,
  account: string,
  region: string,
): Fault | undefined {
  if (account === who.account) return { field: 'account', reason: 'nobody changes the rights of their own account' };
  if (!region.startsWith(prefixOf(who.region)))
    return { field: 'region', reason: 'expected your own region or one below it' };
  return undefined;
}

/** What is wrong with the place an account is bound to. */
export function unfitAccount(form: Omit<AccountForm, 'account' | 'name'>, world: World): Fault | undefined {
  const { role, region } = form;
  if (!world.regions.has(region)) return { field: 'region', reason: 'no such region' };
  const lists = { hall: world.halls, organ: world.organs, department: world.departments };
  for (const field of ['hall', 'organ', 'department'] as const) {
    const id = form[field];
    const isNeeded = boundBy[role] === field;
    if (isNeeded && id === null) return { field, reason: `expected the ${field} that the account belongs to` };
    if (!isNeeded && id !== null) return { field, reason: `an account of this role belongs to no ${field}` };
    if (id !== null && lists[field].get(id)?.region !== region)
      return { field, reason: `expected a ${field} of the account’s region` };
  }
  const isLine = world.organs.get(form.organ ?? '')?.departments !== undefined;
  if (form.organ !== null && isLine !== (role === 'lineInspector'))
    return {
      field: 'organ',
      reason: isLine
        ? 'the supervision body of a department has line inspectors only'
        : 'expected the supervision body of a department',
    };
  return undefined;
}

export const closureForm = z.strictObject({
  region: regionCode,
  day,
  working: z.boolean('expected true or false'),
  name: text(60),
});

export const contactForm = z.strictObject({
  region: regionCode,
  department: identifier.nullable(),
  organ: identifier.nullable(),
  hall: identifier.nullable(),
  role: z.enum(contactRoles, 'expected one of the roles'),
  name: text(60),
  post: optional(60),
  staff: optional(40),
  phone: phone.nullable(),
  mobile: phone.nullable(),
  email: z.email('expected an e-mail address').max(200).nullable(),
  webhook: z
    .string()
    .max(500)
    .refine(
      (each) => URL.canParse(each) && /^https?:$/.test(new URL(each).protocol),
      'expected an http or https address',
    )
    .nullable(),
  account: identifier.nullable(),
});
export type ContactForm = z.infer<typeof contactForm>;

/** What is wrong with whom and where a contact stands for. */
export function unfitContact(form: ContactForm, world: World): Fault | undefined {
  if ((form.department === null) === (form.organ === null))
    return { field: 'department', reason: 'expected either a department or an organ' };
  for (const [field, list] of [
    ['department', world.departments],
    ['organ', world.organs],
    ['hall', world.halls],
  ] as const) {
    const id = form[field];
    if (id !== null && list.get(id)?.region !== form.region)
      return { field, reason: `expected a ${field} of the contact’s region` };
  }
  return undefined;
}

/** SC-29: rights are looked through again after so long. */
export const reviewEvery = 90 * 86_400_000;
export const reviewDueAt = ({ reviewedAt, createdAt }: { reviewedAt?: number; createdAt: number }): number =>
  (reviewedAt ?? createdAt) + reviewEvery;
