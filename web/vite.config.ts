import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';
import { wordsPlugin } from './wordsPlugin.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  plugins: [tailwindcss(), svelte(), wordsPlugin()],
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
