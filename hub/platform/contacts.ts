/** Contacts as a file (XY-31, XY-32) and in the store. One reader for `hallwatch contacts import` and for the seeds. */
import { parse } from 'csv-parse/sync';
import iconv from 'iconv-lite';
import { z } from 'zod';
import { contactRoles, type Contact, type ContactFault, type ContactRole } from '../model/contact.ts';
import { HubError } from '../model/error.ts';
import { identifier, regionCode, shortText } from '../model/fields.ts';
import { csvCell, guarded, unguarded } from './csv.ts';
import type { Runner } from './postgres.ts';

/** More contacts than this are no list of one region's people. */
const mostRows = 5_000;
export const largestFile = 5_000_000;
const mostFaults = 100;

const roleWords: Record<ContactRole, string> = { head: '负责人', liaison: '联络人', technician: '技术员' };
const number = z.string().regex(/^\+?[\d-]{5,20}$/, 'expected a telephone number');
const httpAddress = z
  .string()
  .max(500)
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: 'expected an http or https address',
  });

/** Title in the file, field, and whether a row needs it. */
const columns = [
  ['编号', 'id'],
  ['区划', 'region'],
  ['部门', 'department'],
  ['机构', 'organ'],
  ['大厅', 'hall'],
  ['角色', 'role'],
  ['姓名', 'name'],
  ['职务', 'post'],
  ['工号', 'staff'],
  ['办公电话', 'phone'],
  ['手机', 'mobile'],
  ['电子信箱', 'email'],
  ['回调地址', 'webhook'],
  ['账号', 'account'],
] as const satisfies readonly (readonly [string, keyof Contact])[];

const shape = z
  .strictObject({
    id: identifier,
    region: regionCode,
    department: identifier.optional(),
    organ: identifier.optional(),
    hall: identifier.optional(),
    role: z.preprocess(
      (value) => contactRoles.find((role) => role === value || roleWords[role] === value) ?? value,
      z.enum(contactRoles, {
        error: `expected ${contactRoles.map((role) => `${roleWords[role]} (${role})`).join(', ')}`,
      }),
    ),
    name: shortText,
    post: shortText.optional(),
    staff: shortText.optional(),
    phone: number.optional(),
    mobile: number.optional(),
    email: z.email('expected an e-mail address').max(200).optional(),
    webhook: httpAddress.optional(),
    account: identifier.optional(),
  })
  .refine((each) => (each.department === undefined) !== (each.organ === undefined), {
    path: ['department'],
    message: 'expected either a department or an organ',
  });

/** What a contact may refer to. */
export interface Places {
  regions: ReadonlySet<string> | ReadonlyMap<string, unknown>;
  departments: ReadonlyMap<string, unknown>;
  organs: ReadonlyMap<string, unknown>;
  halls: ReadonlyMap<string, unknown>;
}

/** The contacts of a CSV file (UTF-8 or GB18030), or what is wrong with it, cell by cell. `row` counts lines of the file. */
export function readContacts(bytes: Buffer, places: Places): { contacts: Contact[]; faults: ContactFault[] } {
  if (bytes.length > largestFile)
    throw new HubError('contacts.file', `the file is larger than ${largestFile / 1e6} MB`);
  let rows: string[][];
  try {
    rows = parse(textOf(bytes), { relax_column_count: true, skip_empty_lines: true, trim: true }) as string[][];
  } catch (cause) {
    throw new HubError('contacts.file', `no CSV: ${(cause as Error).message}`, { cause });
  }
  const titles = rows[0] ?? [];
  const fields = titles.map((title) => columns.find(([zh, field]) => zh === title || field === title)?.[1]);
  const unknown = titles.filter((_, index) => fields[index] === undefined);
  const missing = (['id', 'region', 'role', 'name'] as const).filter((field) => !fields.includes(field));
  const faults: ContactFault[] = [
    ...unknown.map((title) => ({ row: 1, column: title, reason: `no such column; known are ${titleList()}` })),
    ...missing.map((field) => ({ row: 1, column: columnOf(field), reason: 'the column is missing' })),
  ];
  if (rows.length - 1 > mostRows)
    faults.push({ row: mostRows + 2, column: '', reason: `expected at most ${mostRows} rows` });
  if (faults.length > 0) return { contacts: [], faults };
  const contacts: Contact[] = [];
  const seen = new Set<string>();
  rows.slice(1).forEach((cells, index) => {
    const row = index + 2;
    const add = (field: string, reason: string): void => {
      if (faults.length < mostFaults) faults.push({ row, column: columnOf(field), reason });
    };
    const given = Object.fromEntries(
      fields.map((field, at) => [field, unguarded(cells[at] ?? '')]).filter(([, cell]) => cell),
    );
    const result = shape.safeParse(given);
    if (!result.success) {
      for (const { path, message } of result.error.issues) add(String(path[0] ?? 'id'), message);
      return;
    }
    const contact = Object.fromEntries(
      Object.entries(result.data).filter(([, value]) => value !== undefined),
    ) as unknown as Contact;
    if (seen.has(contact.id)) add('id', `${contact.id} is there twice`);
    seen.add(contact.id);
    if (!places.regions.has(contact.region)) add('region', `no region ${contact.region}`);
    if (contact.department !== undefined && !places.departments.has(contact.department))
      add('department', `no department ${contact.department}`);
    if (contact.organ !== undefined && !places.organs.has(contact.organ)) add('organ', `no organ ${contact.organ}`);
    if (contact.hall !== undefined && !places.halls.has(contact.hall)) add('hall', `no hall ${contact.hall}`);
    contacts.push(contact);
  });
  return faults.length > 0 ? { contacts: [], faults } : { contacts, faults };
}

/** The title of a field’s column. */
export const columnOf = (field: string): string => columns.find(([, each]) => each === field)?.[0] ?? field;
const titleList = (): string => columns.map(([zh]) => zh).join(', ');

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return iconv.decode(bytes, 'gb18030');
  }
}

/** The same file again; a cell that a spreadsheet would take for a formula gets an apostrophe before it. */
export function writeContacts(contacts: Iterable<Contact>): string {
  // A telephone number is none.
  const cell = (text: string): string => csvCell(/^\+?[\d-]+$/.test(text) ? text : guarded(text));
  const lines = [columns.map(([zh]) => zh)];
  for (const each of contacts)
    lines.push(columns.map(([, field]) => (field === 'role' ? roleWords[each.role] : (each[field] ?? ''))) as never);
  return `\uFEFF${lines.map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`;
}

/** Writes the contacts, new ones and changed ones. With `only`, others of that region and below are removed. */
export async function saveContacts(runner: Runner, contacts: readonly Contact[], only?: string): Promise<void> {
  if (only !== undefined)
    await runner.query('delete from contact where region like $1 and not (id = any($2))', [
      `${only}%`,
      contacts.map(({ id }) => id),
    ]);
  const names = columns.map(([, field]) => field);
  await runner.query(
    `insert into contact (${names.join(', ')}) select ${names.join(', ')} from jsonb_to_recordset($1::jsonb) as row(${names.map((name) => `${name} text`).join(', ')})
     on conflict (id) do update set ${names
       .filter((name) => name !== 'id')
       .map((name) => `${name} = excluded.${name}`)
       .join(', ')}`,
    [JSON.stringify(contacts)],
  );
}
