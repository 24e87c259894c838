import { createRouter } from 'sv-router';

/** Pages are loaded when they are opened, so that the first page stays small. Who may open what: App.svelte. */
export const { navigate, route } = createRouter({
  '/': () => import('./pages/Desk.svelte'),
  '/sign-in': () => import('./pages/SignIn.svelte'),
  '/hall': () => import('./pages/Hall.svelte'),
  '/signals': () => import('./pages/Signals.svelte'),
  '/signal/:id': () => import('./pages/Signal.svelte'),
  '/signal/:id/urge/:number': () => import('./pages/Urge.svelte'),
  '/inquiries': () => import('./pages/Inquiries.svelte'),
  '/cases': () => import('./pages/Cases.svelte'),
  '/statistics': () => import('./pages/Statistics.svelte'),
  '/matters': () => import('./pages/Matters.svelte'),
  '/matter/:region/:code': () => import('./pages/Matter.svelte'),
  '/packs': () => import('./pages/Packs.svelte'),
  '/packs/:id': () => import('./pages/Pack.svelte'),
  '/packs/drafts/:draft': () => import('./pages/PackDraft.svelte'),
  '/ledger': () => import('./pages/Ledger.svelte'),
  '/holds': () => import('./pages/Holds.svelte'),
  '/exhibits': () => import('./pages/EvidenceList.svelte'),
  '/exhibit/:id': () => import('./pages/Evidence.svelte'),
  '/sources': () => import('./pages/Sources.svelte'),
  '/entry': () => import('./pages/Entry.svelte'),
  '/cameras': () => import('./pages/Cameras.svelte'),
  '/system': () => import('./pages/System.svelte'),
  '/case/:id': () => import('./pages/Case.svelte'),
  '*': () => import('./pages/NotFound.svelte'),
});
