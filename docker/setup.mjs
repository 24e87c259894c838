#!/usr/bin/env node
// The one way in: `npm start`, `npm test` and `npm run bench` begin here on a machine that has only Node and npm.
// Plain Node built-ins only, because this runs before node_modules exists. What is done already is skipped.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, buildBench, fingerprint, isBuilt } from './build.mjs';
import { aptInstall, aptPrefix, isPresent, missingMessage, needs } from './machine.mjs';
import { areInstalled, forgetInstall } from './packages.mjs';

/** As in package.json's start: what lives for one batch of events dies young, and one helper thread collects it: four cost more than they save. Pictures lie outside the heap, but count as its growth. */
const hubFlags = ['--max-semi-space-size=32', '--v8-pool-size=1', '--heap-growing-percent=200'];
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Set-up could not go on for a reason the user can mend; printed without a stack. */
class SetupError extends Error {}

async function main() {
  const [command = 'start', ...rest] = process.argv.slice(2);
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  process.chdir(root);
  checkNode();
  if (command === 'tools') return installTools('start');
  if (command === 'packages') return installPackages();
  if (command === 'build') {
    await installPackages();
    return buildIfChanged();
  }
  if (command === 'bundle') return build(root, args[0] ?? '');
  if (command === 'start') {
    await prepare('start');
    return start();
  }
  if (command === 'test') {
    await prepare('test');
    const { test } = await import('./test.mjs');
    process.exitCode = await test(root, args);
    return;
  }
  if (command === 'bench') {
    await prepare('bench');
    await buildBench(root);
    process.exitCode = await run(process.execPath, [...hubFlags, 'dist/bench/main.js', ...args]);
    return;
  }
  throw new SetupError(`unknown command “${command}”: use start, test, bench, build, packages or tools`);
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new SetupError(`Hallwatch needs Node 20 or newer; this is ${process.version}`);
}

/** @param {import('./machine.mjs').Purpose} purpose */
async function prepare(purpose) {
  installTools(purpose);
  await installPackages();
  await buildIfChanged();
}

/** @param {import('./machine.mjs').Purpose} purpose */
function installTools(purpose) {
  const path = process.env.PATH ?? '';
  const missing = needs(purpose, { natsUrl: process.env.NATS_URL }).filter((tool) => !isPresent(tool, path));
  if (missing.length > 0) {
    const prefix = aptPrefix(path);
    if (!prefix) throw new SetupError(missingMessage(missing));
    const done = step(`apt-get install ${missing.map((tool) => tool.package).join(' ')}`);
    try {
      aptInstall(prefix, missing);
    } catch (error) {
      throw new SetupError(error instanceof Error ? error.message : String(error));
    }
    done();
  }
  // For ordinary users, whose PATH lacks the folder where Debian puts nats-server.
  if (!path.split(':').includes('/usr/sbin')) process.env.PATH = `${path}:/usr/sbin`;
}

async function installPackages() {
  if (areInstalled(root)) return;
  const done = step('npm ci (a minute or two)');
  forgetInstall(root);
  const npm = process.env.npm_execpath;
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const args = [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const code = await run(program, args, 'stderr');
  if (code !== 0) throw new SetupError(`npm ci failed with code ${code}; its messages stand above`);
  if (!areInstalled(root)) {
    throw new SetupError(
      'npm ci left node_modules different from package-lock.json; remove node_modules and try again',
    );
  }
  done();
}

async function buildIfChanged() {
  const print = fingerprint(root);
  if (isBuilt(root, print)) return;
  const done = step('build');
  // In a process of its own: the bundlers' memory and threads must not stay in the hub.
  const code = await run(process.execPath, [fileURLToPath(import.meta.url), 'bundle', print], 'stderr');
  if (code !== 0) throw new SetupError('the build failed; its messages stand above');
  done();
}

async function start() {
  if (process.env.npm_lifecycle_event) followParent();
  const hub = await import(pathToFileURL(join(root, 'dist/hub/main.js')).href);
  await hub.main();
}

/** npm killed with -9 cannot tell us; then our parent changes, and the hub must not live on unseen. */
function followParent() {
  const parent = process.ppid;
  // npm runs us through a shell; where that shell did not replace itself by us, npm is our grandparent.
  const grandparent = parentOf(parent);
  setInterval(() => {
    if (process.ppid !== parent || parentOf(parent) !== grandparent) process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

/** @param {number} pid */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0; // no /proc here (macOS): the parent alone must do
  }
}

/**
 * Runs a program to its end; its output goes to our own, or all of it to standard error.
 * @param {string} program
 * @param {string[]} args
 * @param {'inherit' | 'stderr'} [output]
 * @returns {Promise<number>} its exit code
 */
function run(program, args, output = 'inherit') {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', output === 'stderr' ? 2 : 1, 2] });
    child.once('error', (error) => fail(new SetupError(`${program} cannot run: ${error.message}`)));
    child.once('exit', (code, signal) => done(signal ? 1 : (code ?? 1)));
  });
}

/** Says what begins, and returns what says how long it took. @param {string} name */
function step(name) {
  const begun = Date.now();
  process.stderr.write(`… ${name}\n`);
  return () => process.stderr.write(`✓ ${name} ${((Date.now() - begun) / 1000).toFixed(1)} s\n`);
}

main().catch((error) => {
  process.stderr.write(`${error instanceof SetupError ? error.message : (error.stack ?? error)}\n`);
  process.exit(1);
});
