// Builds dist/hub (esbuild) and dist/web (vite), only when a source has changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const sources = ['hub', 'ingest', 'stream', 'seeds', 'web', 'test/support', 'docker', 'package-lock.json'];
const results = ['hub/main.js', 'hub/cli.js', 'web/index.html'];

/** SHA-256 over the path and content of every source file. */
export function fingerprint(/** @type {string} */ root) {
  const hash = createHash('sha256').update(process.version.split('.')[0] ?? '');
  for (const source of sources) {
    for (const file of filesUnder(root, source)) {
      hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
    }
  }
  return hash.digest('hex');
}

/** @returns {string[]} */
function filesUnder(/** @type {string} */ root, /** @type {string} */ path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stat) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(join(root, path))
    .filter((name) => name !== 'node_modules')
    .sort()
    .flatMap((name) => filesUnder(root, `${path}/${name}`));
}

export function isBuilt(/** @type {string} */ root, /** @type {string} */ print) {
  const stamp = join(root, 'dist/.stamp');
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === print &&
    results.every((file) => existsSync(join(root, 'dist', file)))
  );
}

/** The stamp goes first and comes back last: a build that is killed half-way is never believed. */
export async function build(/** @type {string} */ root, /** @type {string} */ print) {
  const dist = join(root, 'dist');
  rmSync(join(dist, '.stamp'), { force: true });
  await bundle(root, join(dist, 'hub'), {
    main: 'hub/main.ts',
    cli: 'hub/cli.ts',
    cameras: 'docker/cameras.ts',
    trial: 'hub/serve/trialThread.ts',
    onvif: 'stream/onvifThread.ts',
    matters: 'ingest/matters/readThread.ts',
    push: 'stream/push/server.ts',
  });
  const vite = await import('vite');
  await vite.build({ configFile: join(root, 'web/vite.config.ts'), logLevel: 'error' });
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, '.stamp.new'), print);
  renameSync(join(dist, '.stamp.new'), join(dist, '.stamp'));
}

/** The benches, built like the hub that they measure: run from the source, every closure would cost more. */
export async function buildBench(/** @type {string} */ root) {
  await bundle(root, join(root, 'dist/bench'), {
    main: 'test/bench/main.ts',
    latencyClient: 'test/bench/latencyClient.ts',
    fiftyChild: 'test/bench/fiftyChild.ts',
  });
}

async function bundle(
  /** @type {string} */ root,
  /** @type {string} */ outdir,
  /** @type {Record<string, string>} */ entryPoints,
) {
  const { build: run } = await import('esbuild');
  await run({
    absWorkingDir: root,
    entryPoints,
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    // A command loads what it needs and no more.
    splitting: true,
    target: 'node20',
    sourcemap: true,
    logLevel: 'error',
  });
}
