/**
 * Keeps the built pages, so that the app opens without the network and an open page never mixes two builds. Nothing that the hub
 * says, no picture and no film is kept: what is shown of a hall is live or it is not shown.
 * `files` and `version` are filled in by the build (vite.config.ts).
 */
const files = ['/'];
const version = 'source';

const prefix = 'shell-';
const name = prefix + version;
/** A network that takes longer is as good as none. */
const patience = 5_000;
const isHub = (path) => /^\/(api|live|evidence|recorded|socket\.io|docs|healthz|openapi\.json)(\/|$)/.test(path);

self.addEventListener('install', (event) => {
  // All of a build or nothing of it.
  event.waitUntil(
    caches.open(name).then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' })))),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys().then((keys) => {
      // The build before stays for pages that are still open on it.
      const others = keys.filter((key) => key.startsWith(prefix) && key !== name);
      return Promise.all(others.slice(0, -1).map((key) => caches.delete(key)));
    }),
  );
});

self.addEventListener('message', (event) => {
  if (event.data === 'take over') void self.skipWaiting();
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data ?? '/'));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin || isHub(pathname) || request.headers.has('range'))
    return;
  if (request.mode === 'navigate') {
    if (!/\.[a-z0-9]{1,11}$/i.test(pathname)) event.respondWith(page(request));
  } else if (pathname !== '/' && (files.includes(pathname) || pathname.startsWith('/assets/')))
    event.respondWith(file(request));
});

/** The newest page there is; without the network the one that was kept. */
async function page(request) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), patience);
  try {
    const answer = await fetch(request, { signal: abort.signal });
    // A proxy whose hub is away.
    if (answer.status < 502 || answer.status > 504) return answer;
  } catch {
    // Offline, or slower than anybody waits.
  } finally {
    clearTimeout(timer);
  }
  return (await caches.match('/', { cacheName: name })) ?? Response.error();
}

/** A hashed file is the same for ever, in whichever build it is found. */
async function file(request) {
  return (await caches.match(request, { cacheName: name })) ?? (await caches.match(request)) ?? fetch(request);
}
