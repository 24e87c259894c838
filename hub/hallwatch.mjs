#!/usr/bin/env node
// The command `hallwatch`: the bundle when it is as new as its sources, else the sources themselves through tsx.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = join(root, 'dist', 'hub', 'cli.js');
const sources = ['hub', 'ingest', 'stream', 'seeds'];

/** The newest change of a TypeScript file, in epoch milliseconds. */
function newest(/** @type {string} */ folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (entry.name.endsWith('.ts')) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

function isFresh() {
  try {
    // A build that is half done has no stamp.
    readFileSync(join(root, 'dist', '.stamp'));
    const built = statSync(bundle).mtimeMs;
    return sources.every((folder) => newest(join(root, folder)) <= built);
  } catch {
    return false;
  }
}

if (isFresh()) {
  await import(pathToFileURL(bundle).href);
} else {
  try {
    const { register } = await import('tsx/esm/api');
    register();
  } catch (error) {
    process.stderr.write(
      `hallwatch is neither built nor installed: run npm install (${error instanceof Error ? error.message : error})\n`,
    );
    process.exit(1);
  }
  await import(pathToFileURL(join(root, 'hub', 'cli.ts')).href);
}
