import type { Office } from './matterVersion.ts';
import { prefixOf } from './world.ts';

/** 电子监察员, 大厅负责人, 系统管理员, 系统监管员 (who watches the watchers and sees no picture), 岗位用户, 事项管理员 (审管办), and the offices that review matters: 编办, 法制办 (XY-14). Roles are kept apart (SC-29). */
export const roles = [
  'inspector',
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

/** For which office somebody reviews matters (XY-14, XY-15). */
export const officeOf = (role: Role): Office | undefined =>
  role === 'establishmentOffice' ? 'establishment' : role === 'legalOffice' ? 'legal' : undefined;

/** A right is role × permission × region prefix × hall. */
export function may(
  who: Identity,
  permission: Permission,
  where?: { region: string; hall?: string | undefined },
): boolean {
  if (who.mustChange || !granted[who.role].includes(permission)) return false;
  if (!where) return true;
  if (!where.region.startsWith(prefixOf(who.region))) return false;
  return who.hall === undefined || who.hall === where.hall;
}
