/**
 * 三员分立 (SC-29): whoever makes accounts may not open one that supervises, decides, sees pictures or watches the watchers. Such an
 * account, rights that are widened to one, and a new password of one open nothing until an overseer (监管员) of the region or above,
 * who did not ask for it, has confirmed it within seven days. Runs in Node and in the browser.
 *
 *   GET  /api/watchers/requests                → RequestPage; needs `watchers.oversee`
 *   POST /api/watchers/requests/:account {askedAt, confirmed: true} | {askedAt, confirmed: false, reason} → {}
 *   POST /api/watchers/lines/:organ      the same of a line that is to become wider (SC-15)
 */
import type { Fault } from './administration.ts';
import { holds, permissions, type Identity, type Permission, type Role } from './rights.ts';
import { prefixOf, type Named } from './world.ts';

/** A department, with its region's name. */
export type NamedDepartment = Named & { id: string; regionName: string; regionNameEn?: string };

export const confirmWithin = 7 * 86_400_000;

/**
 * What nobody may give without another person. Administrators, post users and cataloguers have none of it: they keep the system
 * and write what others look through, and every such act stands in the ledger.
 */
const guarded: readonly Permission[] = [
  'video.watch',
  'evidence.view',
  'evidence.approve',
  'finding.record',
  'finding.verify',
  'signal.issue',
  'signal.confirm',
  'signal.verify',
  'signal.revoke',
  'signal.urge',
  'inquiry.manage',
  'register.review',
  'pack.activate',
  'matter.review',
  'watchers.oversee',
];

export const isGuarded = (role: Role): boolean => guarded.some((each) => holds(role, each));

/** The rights of an account: its role and where. */
export interface Grant {
  role: Role;
  region: string;
  hall?: string | null | undefined;
  organ?: string | null | undefined;
  department?: string | null | undefined;
}

/** Whether somebody may do or see more than before, or elsewhere. */
function widens(before: Grant, after: Grant): boolean {
  if (permissions.some((each) => holds(after.role, each) && !holds(before.role, each))) return true;
  if (!after.region.startsWith(prefixOf(before.region))) return true;
  return (['hall', 'organ', 'department'] as const).some((field) => {
    const was = before[field] ?? null;
    return was !== null && was !== (after[field] ?? null);
  });
}

/** Whether a change asks for a confirmation; one that waits for it already asks anew, for what it is now. */
export const asksFor = (before: Grant, after: Grant, isAwaiting: boolean): boolean =>
  isGuarded(after.role) && (isAwaiting || widens(before, after));

export type AskedFor = 'added' | 'changed' | 'passwordReset';

/** What was asked for an account, and what became of it; gone once it is confirmed. */
export interface Awaiting {
  /** When; the name of the request as well: what is confirmed is what was read. */
  at: number;
  by: string;
  byName: string;
  what: AskedFor[];
  /** The rights before the first change that nobody has confirmed. */
  before?: Grant;
  refused?: { at: number; name: string; reason: string };
}

/** Whether the line of a supervision body reaches further than before (SC-15); a new body has nobody yet. */
export const widensLine = (before: readonly string[] | undefined, after: readonly string[] | undefined): boolean =>
  before !== undefined && (after ?? []).some((id) => !before.includes(id));

/** A wider line that was asked for a supervision body; until it is confirmed the line stays what it was. */
export interface LineAsked extends Pick<Awaiting, 'at' | 'by' | 'byName' | 'refused'> {
  departments: string[];
}

export const awaitingState = (
  { at, refused }: Pick<Awaiting, 'at' | 'refused'>,
  now: number,
): 'asked' | 'refused' | 'lapsed' => (refused ? 'refused' : now > at + confirmWithin ? 'lapsed' : 'asked');

/** Why somebody may not answer the request of an account, or of a line, in their scope; undefined when they may. */
export function mayConfirm(
  who: Pick<Identity, 'account'>,
  account: string | undefined,
  awaiting: Pick<Awaiting, 'at' | 'by' | 'refused'> | undefined,
  askedAt: number,
  now: number,
): Fault | undefined {
  if (awaiting === undefined) return { field: 'account', reason: 'nothing of this account awaits confirmation' };
  if (awaiting.by === who.account) return { field: 'account', reason: 'nobody confirms what they asked for' };
  if (account === who.account) return { field: 'account', reason: 'nobody confirms their own account' };
  if (awaiting.at !== askedAt) return { field: 'askedAt', reason: 'something else is asked for by now: read it again' };
  const state = awaitingState(awaiting, now);
  if (state === 'refused') return { field: 'account', reason: 'the request was refused already' };
  if (state === 'lapsed') return { field: 'account', reason: 'the request has lapsed: it must be made again' };
  return undefined;
}

/** One request that an overseer may answer. */
export interface RequestLine {
  account: string;
  name: string;
  role: Role;
  region: Named & { code: string };
  /** The hall, organ or department. */
  place?: Named;
  before?: { role: Role; region: Named & { code: string }; place?: Named };
  askedAt: number;
  lapsesAt: number;
  byName: string;
  what: AskedFor[];
  /** Its password is the one that the administrator was shown. */
  mustChange: boolean;
}

/** A line that an overseer may widen. */
export interface LineRequest {
  organ: string;
  name: Named;
  region: Named & { code: string };
  /** What it would gain and lose. */
  added: NamedDepartment[];
  removed: NamedDepartment[];
  askedAt: number;
  lapsesAt: number;
  byName: string;
}

/** The oldest first; `isCut` when there are more. */
export interface RequestPage {
  items: RequestLine[];
  lines: LineRequest[];
  isCut: boolean;
}
