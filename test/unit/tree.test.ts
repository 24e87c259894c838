import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { root, trackedFiles } from '../support/tree.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const withoutComments = (file: string) =>
  read(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
const files = trackedFiles();
const code = files.filter((file) => /\.(ts|mts|js|mjs|svelte|css)$/.test(file));

const folders = ['docker', 'hub', 'ingest', 'seeds', 'stream', 'test', 'web'];
const dotfolders = ['.ci'];
const topFiles = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'README.zh-CN.md',
  'SECURITY.md',
  'eslint.config.js',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

/** Longest a file of code may be before it is asked why (design.md §2); what stands here has answered. */
const longest = 400;
const longFiles: Record<string, string> = {
  'web/lib/dictionary.ts': 'every word of the pages in both languages: a table, not code',
};
/** Tests are tables of cases and grow longer. */
const longestOf = (file: string) => (file.startsWith('test/') ? 600 : longest);

describe('the tree (design.md §2)', () => {
  it('has only the agreed names at the top', () => {
    const top = new Set(files.map((file) => (file.includes('/') ? `${file.split('/')[0]}/` : file)));
    const known = new Set([...folders, ...dotfolders].map((name) => `${name}/`).concat(topFiles));
    expect([...top].filter((name) => !known.has(name) && !/^\.[^/]+$/.test(name))).toEqual([]);
  });

  it(`has no file of code over ${longest} lines without a reason`, () => {
    expect(code.length).toBeGreaterThan(20);
    const long = code.filter((file) => !(file in longFiles) && read(file).split('\n').length > longestOf(file));
    expect(long).toEqual([]);
  });

  it('names files plainly', () => {
    expect(
      code.filter((file) => /(^|[/.-])(utils?|helpers?|managers?|services?|misc|common)[/.-]/i.test(file)),
    ).toEqual([]);
  });

  it('reads the environment in hub/config.ts only', () => {
    const product = code.filter((file) => /^(hub|ingest|stream|web|seeds)\//.test(file) && file !== 'hub/config.ts');
    expect(
      product.filter((file) =>
        /process\.env\b|\benv\b.*node:process|import\.meta\.env\.(?!DEV|PROD)/.test(withoutComments(file)),
      ),
    ).toEqual([]);
  });

  it('locks packages without naming a registry', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { resolved?: string; link?: true; integrity?: string }>;
    };
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
    expect(packages.length).toBeGreaterThan(100);
    expect(packages.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(
      packages.filter(([path, entry]) => !entry.integrity && !path.includes('/node_modules/')).map(([path]) => path),
    ).toEqual([]);
  });

  it('has no skipped or lonely test', () => {
    const tests = code.filter((file) => file.endsWith('.test.ts') && file !== 'test/unit/tree.test.ts');
    expect(tests.filter((file) => /\b(it|test|describe)\.(only|skip|todo|skipIf|runIf)\b/.test(read(file)))).toEqual(
      [],
    );
  });
});

describe('docker/compose.yaml', () => {
  interface Service {
    image?: string;
    build?: unknown;
    environment?: Record<string, string>;
    healthcheck?: { test: unknown[] };
    restart?: string;
    volumes?: string[];
    depends_on?: Record<string, unknown>;
    ports?: string[];
  }
  const compose = parse(read('docker/compose.yaml'), { merge: true }) as {
    services: Record<string, Service>;
    volumes: Record<string, unknown>;
  };

  it('splits the hub into its roles, each of which is one service', () => {
    const roles = Object.values(compose.services).flatMap((service) => service.environment?.ROLES?.split(',') ?? []);
    expect(roles.sort()).toEqual(['ingest', 'notify', 'record', 'serve', 'stream']);
  });

  it('leads every path of a door or a picture to its own part, as nginx chooses', () => {
    const locations = [
      ...read('docker/proxy.routes').matchAll(/^location (=|~)? ?(\S+) \{\s+proxy_pass http:\/\/(\w+);/gm),
    ];
    const partOf = (path: string): string | undefined => {
      const exact = locations.find(([, how, where]) => how === '=' && where === path);
      const matching = locations.find(([, how, where]) => how === '~' && new RegExp(where!).test(path));
      const [longest] = locations
        .filter(([, how, where]) => how === undefined && path.startsWith(where!))
        .sort((a, b) => b[2]!.length - a[2]!.length);
      return (exact ?? matching ?? longest)?.[3];
    };
    const paths = (folder: string, begin: RegExp) =>
      code
        .filter((file) => file.startsWith(`${folder}/`) && !file.startsWith('ingest/agent/'))
        .flatMap((file) => [...read(file).matchAll(/['`](\/[a-z]+\/[^'`]*)['`]/g)].map((found) => found[1]!))
        .filter((path) => begin.test(path))
        .map((path) => path.replaceAll(/:\w+|\$\{\w+(\.\w+)?\}/g, 'xlsx'));
    const doors = paths('ingest', /^\/api\/./);
    const pictures = paths('stream', /^\/(api|live|recorded|evidence)\/./);
    expect(doors).toEqual(expect.arrayContaining(['/api/entry', '/api/ingest/xlsx', '/api/matters/export.xlsx']));
    expect(pictures).toEqual(expect.arrayContaining(['/api/recorded', '/live/xlsx', '/evidence/xlsx']));
    expect(doors.filter((path) => partOf(path) !== 'ingest')).toEqual([]);
    expect(pictures.filter((path) => partOf(path) !== 'stream')).toEqual([]);
    for (const path of ['/', '/api/session', '/api/matters', '/api/recorded/holds', '/api/findings/x/photos'])
      expect(partOf(path), path).toBe('hub');
  });

  it('pins every image, restarts and watches every service', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service.image, name).toMatch(/:[^:]*\d/);
      expect(service.restart, name).toBe('unless-stopped');
      // Our own image has its HEALTHCHECK. A list with “: ” in an unquoted text is read as something else.
      if (service.healthcheck) for (const word of service.healthcheck.test) expect(word, name).toBeTypeOf('string');
      else expect(service.build, name).toBeDefined();
    }
    expect(read('docker/Dockerfile')).toMatch(/^HEALTHCHECK .*\n +CMD \["node", "docker\/health\.mjs"\]/m);
  });

  it('has everything in its image that the build reads', () => {
    const [first] = read('docker/Dockerfile')
      .split(/^FROM /m)
      .slice(1);
    const copied = [...first!.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, from]) => from!.split(' '));
    const admitted = [...read('.dockerignore').matchAll(/^!(\S+)$/gm)].map(([, path]) => path!);
    const reads = [...read('docker/build.mjs').matchAll(/\w+: '(\S+\.ts)'/g)].map(([, path]) => path!);
    const isIn = (list: string[], file: string) =>
      list.some((each) => new RegExp(`^${each.replaceAll('.', '\\.').replace('*', '[^/]*')}(/|$)`).test(file));
    expect(reads.length).toBeGreaterThan(5);
    for (const file of reads.filter((file) => !file.startsWith('test/bench/'))) {
      expect(files, file).toContain(file);
      expect([file, isIn(copied, file), isIn(admitted, file)]).toEqual([file, true, true]);
    }
  });

  it('names only volumes, services and files that exist', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const other of Object.keys(service.depends_on ?? {})) expect(compose.services, name).toHaveProperty(other);
      for (const volume of service.volumes ?? []) {
        const source = volume.split(':')[0] ?? '';
        if (source.startsWith('./')) expect(files, name).toContain(join('docker', source));
        else expect(Object.keys(compose.volumes), name).toContain(source);
      }
    }
  });

  it('takes every secret from the environment file, which names them all', () => {
    const text = read('docker/compose.yaml') + read('docker/nats.conf');
    const names = new Set(read('docker/example.env').match(/^[A-Z_]+(?==)/gm));
    const used = new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1] ?? ''));
    expect([...used].filter((name) => !names.has(name))).toEqual([]);
    expect(text).not.toMatch(/password:\s*["']?[a-z0-9]/i);
  });
});

describe('the settings', () => {
  const namesIn = (file: string, pattern: RegExp) => [...read(file).matchAll(pattern)].map((match) => match[1]).sort();
  const keys = namesIn('hub/config.ts', /^ {2}([A-Z_]+):/gm);

  it.each(['README.md', 'README.zh-CN.md'])('are all in %s, and no other', (file) => {
    expect(keys.length).toBeGreaterThan(5);
    expect(namesIn(file, /^\| `([A-Z_]+)`/gm)).toEqual(keys);
  });
});
