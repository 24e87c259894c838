import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, trackedFiles } from '../support/tree.ts';

/** design.md §2: which folder may import from which, beside itself. The most particular prefix of a file decides. */
const allowed: Record<string, string[] | 'everything'> = {
  'hub/model': [],
  'hub/platform': ['hub/model'],
  'hub/config.ts': ['hub/model', 'hub/platform'],
  'hub/record': ['hub/model', 'hub/platform'],
  'hub/serve': ['hub/model', 'hub/platform'],
  'hub/link': ['hub/model', 'hub/platform'],
  'hub/notify': ['hub/model', 'hub/platform'],
  ingest: ['hub/model', 'hub/platform'],
  stream: ['hub/model', 'hub/platform'],
  web: ['hub/model'],
  seeds: ['hub/model', 'hub/platform'],
  // The demo films its own cameras with the server written for the tests.
  'seeds/cameras.ts': ['seeds', 'hub/model', 'hub/platform', 'test/support/camera'],
  hub: ['hub', 'ingest', 'stream', 'seeds'],
  docker: ['seeds', 'test/support/camera'],
  test: 'everything',
};

/** Packages a folder may use; where a folder is not named, any. */
const packages: Record<string, string[]> = { 'hub/model': ['zod'] };

interface Import {
  from: string;
  to: string;
}

const areaOf = (file: string) =>
  Object.keys(allowed)
    .filter((area) => file === area || file.startsWith(`${area}/`))
    .sort((a, b) => b.length - a.length)[0];

const inside = (file: string, area: string) =>
  file === area || file.startsWith(`${area}/`) || file.startsWith(`${area}.`);

/** What one import line breaks, or nothing. */
function complaint({ from, to }: Import): string | undefined {
  const area = areaOf(from);
  if (!area) return `${from} stands in no known folder`;
  const rule = allowed[area];
  if (rule === 'everything') return undefined;
  if (!to.startsWith('.')) {
    const names = packages[area];
    return !names || names.includes(to) ? undefined : `${from} imports the package ${to}`;
  }
  const target = relative(root, resolve(root, dirname(from), to));
  if (inside(target, area) || rule?.some((other) => inside(target, other))) return undefined;
  return `${from} imports ${target}`;
}

/** Every module specifier of a source text: static, re-exported, dynamic, side effect. Comments do not count. */
function specifiers(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found = code.matchAll(/(?:(?<!['\"])\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)(['"])([^'"\n]+)\1/gm);
  return [...found].map((match) => match[2] ?? '');
}

function imports(): Import[] {
  return trackedFiles()
    .filter((file) => /\.(ts|mts|js|mjs|svelte)$/.test(file) && file.includes('/'))
    .flatMap((from) => specifiers(readFileSync(join(root, from), 'utf8')).map((to) => ({ from, to })));
}

describe('the direction of imports (design.md §2)', () => {
  it('is kept by every file', () => {
    const all = imports();
    expect(all.length).toBeGreaterThan(20);
    expect(all.map(complaint).filter(Boolean)).toEqual([]);
  });

  it.each([
    ['hub/model/decide.ts', '../platform/nats.ts'],
    ['hub/model/decide.ts', 'pino'],
    ['hub/platform/http.ts', '../serve/routes.ts'],
    ['hub/serve/routes.ts', '../record/recorder.ts'],
    ['hub/serve/routes.ts', '../config.ts'],
    ['ingest/http.ts', '../stream/window.ts'],
    ['stream/window.ts', '../test/support/camera.ts'],
    ['web/App.svelte', '../hub/platform/part.ts'],
    ['seeds/world.ts', '../hub/serve/routes.ts'],
    ['seeds/world.ts', '../test/support/camera.ts'],
  ])('does not let %s import %s', (from, to) => {
    expect(complaint({ from, to })).toBeDefined();
  });

  it.each([
    ['hub/model/event.ts', './fields.ts'],
    ['hub/model/event.ts', 'zod'],
    ['hub/main.ts', '../stream/part.ts'],
    ['web/lib/live.ts', '../../hub/model/live.ts'],
    ['seeds/cameras.ts', '../test/support/camera/server.ts'],
  ])('lets %s import %s', (from, to) => {
    expect(complaint({ from, to })).toBeUndefined();
  });

  it('reads every form of import', () => {
    const text = [
      "import a from './a.ts';",
      "import {\n  b,\n} from './b.ts';",
      "export * from './c.ts';",
      "const d = await import('./d.ts');",
      "import './e.ts';",
      "// import './no.ts';",
      "/* from './no.ts' */",
    ].join('\n');
    expect(specifiers(text)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts']);
  });
});
