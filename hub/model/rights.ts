import type { Office } from './matterVersion.ts';
import { prefixOf } from './world.ts';

/** 电子监察员, 部门监察员 (SC-15), 大厅负责人, 系统管理员, 系统监管员 (who watches the watchers and sees no picture), 岗位用户, 事项管理员 (审管办), and the offices that review matters: 编办, 法制办 (XY-14). Roles are kept apart (SC-29). */
export const roles = [
  'inspector',
  'lineInspector',
  'hallManager',
  'administrator',
  'postUser',
  'cataloguer',
  'establishmentOffice',
  'legalOffice',
  'overseer',
] as const;
export type Role = (typeof roles)[number];

export const permissions = [
  'case.read',
  'signal.read',
  'signal.acknowledge',
  'signal.issue',
  'signal.confirm',
  'signal.correct',
  'signal.verify',
  'signal.appeal',
  'signal.revoke',
  'signal.urge',
  'inquiry.manage',
  'video.watch',
  'camera.manage',
  'place.manage',
  'account.manage',
  'patrol.read',
  'patrol.visit',
  'finding.record',
  'finding.read',
  'finding.answer',
  'finding.verify',
  'presence.write',
  'evidence.view',
  'evidence.take',
  'evidence.request',
  'evidence.approve',
  'ledger.read',
  'register.write',
  'register.review',
  'pack.read',
  'pack.draft',
  'pack.activate',
  'system.read',
  'source.read',
  'source.manage',
  'entry.write',
  'matter.read',
  'matter.edit',
  'matter.review',
  'watchers.oversee',
  'numbers.read',
] as const;
export type Permission = (typeof permissions)[number];

/** Who is signed in. */
export interface Identity {
  /** Opaque id of the session, not its token: it names what this session was served. */
  session: string;
  account: string;
  name: string;
  role: Role;
  /** Everything below this region is in scope. */
  region: string;
  /** A hall manager sees this hall only. */
  hall?: string;
  organ?: string;
  /** SC-15: the line of the organ, where it has one. Read by `departmentsOf`. */
  departments?: readonly string[];
  /** A post user enters cases of this department only (QT-15). */
  department?: string;
  /** The password was given by an administrator: nothing is open until the person has chosen another. */
  mustChange?: true;
}

const granted: Record<Role, readonly Permission[]> = {
  inspector: [
    'case.read',
    'signal.read',
    'signal.acknowledge',
    'signal.issue',
    'signal.confirm',
    'signal.verify',
    'signal.revoke',
    'signal.urge',
    'inquiry.manage',
    'video.watch',
    'patrol.read',
    'patrol.visit',
    'finding.record',
    'finding.read',
    'finding.verify',
    'evidence.view',
    'evidence.take',
    'evidence.request',
    'evidence.approve',
    'ledger.read',
    'register.write',
    'register.review',
    'pack.read',
    'pack.draft',
    'pack.activate',
    'source.read',
    'matter.read',
    'numbers.read',
  ],
  lineInspector: ['video.watch', 'patrol.read', 'patrol.visit', 'finding.record', 'finding.read', 'finding.verify'],
  hallManager: [
    'case.read',
    'signal.read',
    'signal.acknowledge',
    'signal.correct',
    'signal.appeal',
    'video.watch',
    'patrol.read',
    'finding.read',
    'finding.answer',
    'presence.write',
    'evidence.request',
  ],
  administrator: ['system.read', 'source.manage', 'camera.manage', 'place.manage', 'account.manage'],
  postUser: ['entry.write'],
  cataloguer: ['matter.read', 'matter.edit'],
  establishmentOffice: ['matter.read', 'matter.review'],
  legalOffice: ['matter.read', 'matter.review'],
  overseer: ['ledger.read', 'watchers.oversee', 'numbers.read'],
};

/** Whether a role has a right at all, wherever that may be. */
export const holds = (role: Role, permission: Permission): boolean => granted[role].includes(permission);

/** For which office somebody reviews matters (XY-14, XY-15). */
export const officeOf = (role: Role): Office | undefined =>
  role === 'establishmentOffice' ? 'establishment' : role === 'legalOffice' ? 'legal' : undefined;

/** 部门监察机构 (SC-15): the departments whose windows somebody is kept to; undefined for everybody else. */
export const departmentsOf = ({
  role,
  departments,
}: Pick<Identity, 'role' | 'departments'>): readonly string[] | undefined =>
  departments ?? (role === 'lineInspector' ? [] : undefined);

/** What a right is asked for. */
interface Where {
  region: string;
  hall?: string | undefined;
  /** Of the window that it is about. */
  department?: string | undefined;
  /** Of a duty, a visit and what was found there: whose it is. */
  organ?: string | undefined;
}

/**
 * A right is role × permission × region prefix × hall × line. To somebody with a line a place is closed unless it is named as a
 * window of the line, and a record unless it is of their own organ; and no role gives them more than a line inspector has.
 */
export function may(who: Identity, permission: Permission, where?: Where): boolean {
  const line = departmentsOf(who);
  if (who.mustChange || !holds(who.role, permission)) return false;
  if (line && !holds('lineInspector', permission)) return false;
  if (!where) return true;
  if (!where.region.startsWith(prefixOf(who.region))) return false;
  if (who.hall !== undefined && who.hall !== where.hall) return false;
  if (!line) return true;
  const isOfLine = where.department !== undefined && line.includes(where.department);
  return isOfLine || (where.organ !== undefined && where.organ === who.organ);
}
