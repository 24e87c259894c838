import { createRouter } from 'sv-router';
import { locale } from './lib/locale.svelte.ts';
import { fits } from './lib/navigation.ts';

/** A page behind the first one comes with the texts that the first page does without. */
const whole = async <Page>(page: Promise<Page>): Promise<Page> => {
  await locale.rest().catch(() => undefined);
  return page;
};

const pages = {
  '/': () => import('./pages/Desk.svelte'),
  '/draw': () => whole(import('./pages/Draw.svelte')),
  '/sign-in': () => import('./pages/SignIn.svelte'),
  '/hall': () => whole(import('./pages/Hall.svelte')),
  '/signals': () => whole(import('./pages/Signals.svelte')),
  '/signal/:id': () => whole(import('./pages/Signal.svelte')),
  '/signal/:id/urge/:number': () => whole(import('./pages/Urge.svelte')),
  '/inquiries': () => whole(import('./pages/Inquiries.svelte')),
  '/cases': () => whole(import('./pages/Cases.svelte')),
  '/findings': () => import('./pages/Findings.svelte'),
  '/finding/:id': () => import('./pages/Finding.svelte'),
  '/presence': () => import('./pages/Presence.svelte'),
  '/statistics': () => whole(import('./pages/Statistics.svelte')),
  '/numbers': () => whole(import('./pages/Numbers.svelte')),
  '/watchers': () => whole(import('./pages/Watchers.svelte')),
  '/mine': () => whole(import('./pages/Mine.svelte')),
  '/matters': () => whole(import('./pages/Matters.svelte')),
  '/matter/:region/:code': () => whole(import('./pages/Matter.svelte')),
  '/packs': () => whole(import('./pages/Packs.svelte')),
  '/packs/:id': () => whole(import('./pages/Pack.svelte')),
  '/packs/drafts/:draft': () => whole(import('./pages/PackDraft.svelte')),
  '/ledger': () => whole(import('./pages/Ledger.svelte')),
  '/verify': () => whole(import('./pages/Verify.svelte')),
  '/holds': () => whole(import('./pages/Holds.svelte')),
  '/exhibits': () => whole(import('./pages/EvidenceList.svelte')),
  '/exhibit/:id': () => whole(import('./pages/Evidence.svelte')),
  '/sources': () => whole(import('./pages/Sources.svelte')),
  '/entry': () => whole(import('./pages/Entry.svelte')),
  '/cameras': () => whole(import('./pages/Cameras.svelte')),
  '/system': () => whole(import('./pages/System.svelte')),
  '/admin/halls': () => whole(import('./pages/Halls.svelte')),
  '/admin/organs': () => whole(import('./pages/Organs.svelte')),
  '/admin/people': () => whole(import('./pages/People.svelte')),
  '/admin/calendar': () => whole(import('./pages/Calendar.svelte')),
  '/admin/contacts': () => whole(import('./pages/Contacts.svelte')),
  '/account': () => whole(import('./pages/Password.svelte')),
  '/board/:hall': () => import('./pages/Board.svelte'),
  '/enquiry/:hall': () => import('./pages/Enquiry.svelte'),
  '/case/:id': () => whole(import('./pages/Case.svelte')),
};

/** Pages are loaded when they are opened, so that the first page stays small. Who may open what: App.svelte. */
export const { navigate, route } = createRouter({ ...pages, '*': () => whole(import('./pages/NotFound.svelte')) });

/** Whether there is a page at a path. */
export const isPage = (path: string): boolean => Object.keys(pages).some((each) => fits(each, path));
