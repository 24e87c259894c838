/** 联系人: who is told of a signal, and where (XY-31, XY-32, C-08). Reference data, written on the page of contacts and by `hallwatch contacts import`. */
import type { Notice } from './notice.ts';
import type { World } from './world.ts';

/** 负责人, 联络人, 技术员 (XY-32). */
export const contactRoles = ['head', 'liaison', 'technician'] as const;
export type ContactRole = (typeof contactRoles)[number];

/** Of a department, or of a supervision organ. A hall narrows it to what happens there. */
export interface Contact {
  id: string;
  region: string;
  department?: string;
  organ?: string;
  hall?: string;
  role: ContactRole;
  name: string;
  /** 职务. */
  post?: string;
  /** Staff number (工号): how a step says who is responsible (C-08, 揭阳). */
  staff?: string;
  /** 办公电话; for people, nothing is sent there. */
  phone?: string;
  mobile?: string;
  email?: string;
  webhook?: string;
  /** The account of the same person, where they have one. */
  account?: string;
}

/** What is wrong with one cell of a file of contacts. `column` by its title, empty of the file as a whole. */
export interface ContactFault {
  row: number;
  column: string;
  reason: string;
}

/** `POST /api/admin/contacts/import`: nothing is written when anything is wrong. `faults`: the first hundred. */
export interface ContactImport {
  added: number;
  changed: number;
  unchanged: number;
  faults: ContactFault[];
  written: boolean;
}

/** More people than this are not told of one notice. */
const mostRecipients = 10;

/**
 * Whom a notice goes to outside the pages. Supervisors: the liaisons of the region's organ. A department by its addressee
 * (C-08): its fixed contact (the hall's own before the department's), the department's contacts, or the person by their staff
 * number; where that person is not known, the fixed contact.
 */
export function recipientsOf(
  world: Pick<World, 'contacts' | 'organs'>,
  notice: Pick<Notice, 'audience' | 'region' | 'hall' | 'department' | 'addressee'>,
): Contact[] {
  const near = [...world.contacts.values()].filter((each) => each.hall === undefined || each.hall === notice.hall);
  if (notice.audience === 'supervisors')
    return fixed(
      near.filter(({ organ }) => {
        const known = world.organs.get(organ ?? '');
        return known?.region === notice.region && known.departments === undefined;
      }),
    );
  const department = notice.addressee?.department ?? notice.department;
  if (department === undefined) return [];
  const own = near.filter((each) => each.department === department);
  const { kind = 'contact', person } = notice.addressee ?? {};
  const persons = person === undefined ? [] : own.filter((each) => each.staff === person);
  const unit = own.filter(({ role }) => role !== 'technician');
  if (kind === 'department') return unit.slice(0, mostRecipients);
  if (kind === 'contact' || persons.length === 0) return fixed(own);
  if (kind === 'person') return persons.slice(0, mostRecipients);
  return [...new Set([...persons, ...unit])].slice(0, mostRecipients);
}

/** The liaisons, those of the hall alone where it has some; without any liaison the person in charge. */
function fixed(contacts: Contact[]): Contact[] {
  for (const role of ['liaison', 'head'] as const) {
    const some = contacts.filter((each) => each.role === role);
    const ofHall = some.filter(({ hall }) => hall !== undefined);
    if (some.length > 0) return (ofHall.length > 0 ? ofHall : some).slice(0, mostRecipients);
  }
  return [];
}
