import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type Plugin } from 'vite';
import { wordsPlugin } from './wordsPlugin.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Writes `shell.js` with the names of all that was built: it keeps a build whole or not at all. */
const serviceWorker: Plugin = {
  name: 'shell',
  apply: 'build',
  generateBundle(_options, bundle) {
    const built = Object.keys(bundle).filter((file) => /\.(js|css)$/.test(file));
    const kept = readdirSync(here('public')).filter((file) => !file.endsWith('.png'));
    const files = ['/', ...[...built, ...kept].sort().map((file) => `/${file}`)];
    const hash = createHash('sha256').update(files.join('\n'));
    const text = readFileSync(here('shell.js'), 'utf8');
    const version = hash.update(text).digest('hex').slice(0, 16);
    const source = text
      .replace("const files = ['/'];", () => `const files = ${JSON.stringify(files)};`)
      .replace("const version = 'source';", () => `const version = '${version}';`);
    this.emitFile({ type: 'asset', fileName: 'shell.js', source });
  },
};

export default defineConfig({
  root: here('.'),
  plugins: [tailwindcss(), svelte(), wordsPlugin(), serviceWorker],
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    // The player (hls.js/light) is one lazy chunk of about 380 kB before gzip; it cannot be split.
    chunkSizeWarningLimit: 500,
  },
  server: {
    // `npx vite --config web/vite.config.ts` beside a running hub.
    proxy: {
      '/api': 'http://127.0.0.1:8080',
      '/live': 'http://127.0.0.1:8080',
      '/evidence': 'http://127.0.0.1:8080',
      '/recorded': 'http://127.0.0.1:8080',
      '/socket.io': { target: 'http://127.0.0.1:8080', ws: true },
    },
  },
});
