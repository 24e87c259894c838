/** Keeps the app for a time without network (shell.js), and notices that a new build has been put in its place. */
import { mount } from 'svelte';
import InstalledNew from '../parts/InstalledNew.svelte';

const everyMs = 10 * 60_000;
/** A person who goes back and forth between tabs does not ask each time. */
const quietMs = 60_000;

let isOffered = false;
let askedAt = 0;

/** The entry file's name holds its hash: where the page of today names another one, this one is old. */
async function isOutdated(): Promise<boolean> {
  const entry = document.querySelector('script[type=module][src]')?.getAttribute('src');
  if (!entry) return false;
  try {
    const answer = await fetch('/', { cache: 'no-store', headers: { accept: 'text/html' } });
    return answer.ok && !(await answer.text()).includes(entry);
  } catch {
    return false;
  }
}

async function look(isUrgent = false): Promise<void> {
  if (isOffered || (!isUrgent && Date.now() - askedAt < quietMs)) return;
  askedAt = Date.now();
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  if (await isOutdated()) {
    if (isOffered) return;
    isOffered = true;
    void registration?.update().catch(() => undefined);
    mount(InstalledNew, { target: document.body, props: { onreload: () => void reload() } });
    // This page is of today's build already: what waits is its own.
  } else registration?.waiting?.postMessage('take over');
}

async function reload(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  registration?.waiting?.postMessage('take over');
  location.reload();
}

/** Called once the page stands: nothing of it is needed for that. */
export async function keepShell(): Promise<void> {
  setInterval(() => void look(), everyMs);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void look());
  window.addEventListener('online', () => void look(true));
  // A part of the page is gone from the server: either there is a new build or no network.
  window.addEventListener('vite:preloadError', () => void look(true));
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register('/shell.js', { updateViaCache: 'none' });
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker?.addEventListener('statechange', () => {
        if (worker.state === 'installed' && navigator.serviceWorker.controller) void look(true);
      });
    });
  } catch (error) {
    // A certificate that the browser does not trust: everything works, but not without the network.
    console.warn('service worker', error);
  }
}
