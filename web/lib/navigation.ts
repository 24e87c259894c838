import type { Permission, Role } from '../../hub/model/rights.ts';
import type { PackFunction } from '../../hub/model/settings.ts';

export interface PageEntry {
  path:
    | '/'
    | '/hall'
    | '/draw'
    | '/signals'
    | '/findings'
    | '/cases'
    | '/statistics'
    | '/numbers'
    | '/watchers'
    | '/mine'
    | '/matters'
    | '/packs'
    | '/ledger'
    | '/exhibits'
    | '/sources'
    | '/entry'
    | '/cameras'
    | '/admin/halls'
    | '/system';
  word:
    | 'nav.desk'
    | 'nav.hall'
    | 'nav.draw'
    | 'nav.signals'
    | 'nav.findings'
    | 'nav.cases'
    | 'nav.statistics'
    | 'nav.numbers'
    | 'nav.watchers'
    | 'nav.mine'
    | 'nav.matters'
    | 'nav.packs'
    | 'nav.ledger'
    | 'nav.evidence'
    | 'nav.sources'
    | 'nav.entry'
    | 'nav.cameras'
    | 'nav.admin'
    | 'nav.system';
  needs: Permission;
  /** C-01: only where the region's system has this function. */
  function?: PackFunction;
  /** Where the pages of its single things begin. */
  within?: readonly string[];
  /** Only for these roles, where the right alone does not say it. */
  roles?: readonly Role[];
  /** Only where there are organs below (SC-12, SC-13). */
  above?: true;
}

const pages: readonly PageEntry[] = [
  { path: '/watchers', word: 'nav.watchers', needs: 'watchers.oversee' },
  { path: '/', word: 'nav.desk', needs: 'patrol.visit', function: 'video' },
  { path: '/draw', word: 'nav.draw', needs: 'patrol.visit', function: 'video', above: true, roles: ['inspector'] },
  { path: '/hall', word: 'nav.hall', needs: 'signal.read', roles: ['hallManager'] },
  { path: '/signals', word: 'nav.signals', needs: 'signal.read', within: ['/signal/', '/inquiries'] },
  {
    path: '/findings',
    word: 'nav.findings',
    needs: 'finding.read',
    function: 'video',
    within: ['/finding/', '/presence'],
  },
  { path: '/cases', word: 'nav.cases', needs: 'case.read', within: ['/case/'] },
  { path: '/statistics', word: 'nav.statistics', needs: 'case.read', function: 'statistics' },
  { path: '/numbers', word: 'nav.numbers', needs: 'numbers.read', function: 'video' },
  { path: '/matters', word: 'nav.matters', needs: 'matter.read', within: ['/matter/'] },
  { path: '/packs', word: 'nav.packs', needs: 'pack.read', within: ['/packs/'] },
  { path: '/ledger', word: 'nav.ledger', needs: 'ledger.read', within: ['/holds'] },
  { path: '/exhibits', word: 'nav.evidence', needs: 'evidence.request', function: 'video', within: ['/exhibit/'] },
  // Inspectors look, administrators look after them: nobody has both rights.
  { path: '/sources', word: 'nav.sources', needs: 'source.read' },
  { path: '/sources', word: 'nav.sources', needs: 'source.manage' },
  { path: '/mine', word: 'nav.mine', needs: 'video.watch', function: 'video' },
  { path: '/entry', word: 'nav.entry', needs: 'entry.write' },
  { path: '/cameras', word: 'nav.cameras', needs: 'camera.manage', function: 'video' },
  { path: '/admin/halls', word: 'nav.admin', needs: 'place.manage', within: ['/admin/'] },
  { path: '/system', word: 'nav.system', needs: 'system.read' },
];

interface Holder {
  me: { role: Role; region?: { level: string } } | undefined;
  may: (permission: Permission) => boolean;
  has: (name: PackFunction) => boolean;
}

/** The pages a person may open, in the order of the navigation. */
export const pagesOf = (who: Holder): PageEntry[] =>
  pages.filter(
    (page) =>
      who.me !== undefined &&
      who.may(page.needs) &&
      (page.function === undefined || who.has(page.function)) &&
      (page.roles?.includes(who.me.role) ?? true) &&
      (!page.above || ['province', 'city'].includes(who.me.region?.level ?? '')),
  );

/** Whether a path is this page or that of a single thing in it. */
export const isWithin = (page: PageEntry, path: string): boolean =>
  path === page.path || (page.within?.some((begin) => path.startsWith(begin)) ?? false);

/** Whether a path is one that a pattern means: `/case/:id` and `/case/4`. */
export const fits = (pattern: string, path: string): boolean => {
  const [wanted, parts] = [pattern.split('/'), path.split('/')];
  return (
    wanted.length === parts.length && wanted.every((each, at) => (each[0] === ':' ? parts[at] : each === parts[at]))
  );
};

/** The public screens and the check of an export, which nobody signs in for. */
export const isPublic = (path: string): boolean => /^\/((board|enquiry)\/[^/]+|verify)$/.test(path);

/** Whether a person may open a path; a case page belongs to whoever may read cases. */
export function mayOpen(who: Holder, path: string): boolean {
  if (path.startsWith('/case/')) return who.may('case.read');
  if (path.startsWith('/signal/')) return who.may('signal.read');
  if (path.startsWith('/finding/') || path === '/presence') return who.may('finding.read');
  if (path === '/inquiries') return who.may('inquiry.manage');
  if (path === '/holds') return who.may('evidence.view');
  if (path.startsWith('/exhibit/')) return who.may('evidence.request');
  if (path.startsWith('/packs/')) return who.may('pack.read');
  if (path.startsWith('/matter/')) return who.may('matter.read');
  if (path.startsWith('/admin/')) return who.may(path === '/admin/people' ? 'account.manage' : 'place.manage');
  // Everybody's own password.
  if (path === '/account') return who.me !== undefined;
  return pagesOf(who).some((page) => page.path === path);
}
