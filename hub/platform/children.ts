import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { HubError } from '../model/error.ts';

/** The full path of a program on PATH, or undefined. */
export function whichProgram(
  name: string,
  path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  return path
    .split(':')
    .map((folder) => `${folder}/${name}`)
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const setpriv = whichProgram('setpriv');

export interface LeashOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  stdio?: ('ignore' | 'pipe')[];
  /** What the kernel sends the child when this process is gone, however it ended. Default KILL. */
  deathSignal?: 'KILL' | 'QUIT' | 'INT' | 'TERM';
  /** Further options of setpriv(1), such as `--ambient-caps`; they need setpriv. */
  setpriv?: readonly string[];
  /** Only for tests: behave as on a system without setpriv. */
  withoutSetpriv?: boolean;
}

/**
 * Starts a child in its own process group (so that Ctrl-C reaches the hub alone, and a group kill reaches all of it) that does
 * not outlive this process, not even its kill -9: by the kernel's parent-death signal, or, where setpriv(1) is missing, by a
 * shell that waits on a pipe only this process holds. The pid is that of the program itself.
 */
export function spawnLeashed(command: string, args: readonly string[], options: LeashOptions = {}): ChildProcess {
  const { deathSignal = 'KILL', stdio = ['ignore', 'ignore', 'pipe'] } = options;
  const common = {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio,
  };
  if (setpriv && !options.withoutSetpriv) {
    // The kernel forgets the death signal when ids change, so setpriv changes them first and asks for the signal last.
    const ids =
      options.uid === undefined
        ? []
        : ['--reuid', String(options.uid), '--regid', String(options.gid ?? options.uid), '--clear-groups'];
    return spawn(
      setpriv,
      ['--pdeathsig', deathSignal, ...ids, ...(options.setpriv ?? []), '--', command, ...args],
      common,
    );
  }
  if (options.setpriv?.length) throw new HubError('child.setpriv', `${command} needs setpriv(1) of util-linux here`);
  const child = spawn(command, args, { ...common, uid: options.uid, gid: options.gid });
  if (child.pid !== undefined) guard(child, child.pid, deathSignal);
  return child;
}

/** `read` returns when the writing end closes, which happens whichever way this process dies. */
function guard(child: ChildProcess, pid: number, signal: string): void {
  const watcher = spawn(
    '/bin/sh',
    ['-c', 'read -r line; [ "$line" = released ] || kill -s "$1" "$2"', 'guard', signal, String(pid)],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  watcher.unref();
  watcher.stdin?.on('error', () => {});
  child.once('exit', () => watcher.stdin?.end('released\n'));
}

export interface ChildOptions extends LeashOptions {
  name: string;
  /** Made anew for every start, so that a restart may use what the first start learned (a port). */
  command: () => { command: string; args: readonly string[] };
  /** Resolves when the child serves; asked again every 20 ms while it answers false. */
  isReady: (child: ChildProcess) => Promise<boolean>;
  /** How long one start may take. Default 30 s. */
  readyWithinMs?: number;
  /** Runs before every start, for example to clear what a killed predecessor left. */
  prepare?: () => Promise<void>;
  /** Default TERM, then `hurrySignal` where there is one, then KILL, `stopWithinMs` (default 2,500) after each other. */
  stopSignal?: NodeJS.Signals;
  /** For a child with children of its own, which KILL would leave behind. */
  hurrySignal?: NodeJS.Signals;
  stopWithinMs?: number;
  log: Logger;
}

export interface Child {
  /** The process id while it serves; undefined from a death until it serves again. */
  readonly pid: number | undefined;
  /** How often it was started again after it had died by itself. */
  readonly restarts: number;
  stop(): Promise<void>;
}

const firstPause = 50;
const longestPause = 5_000;
/** A child that stayed up this long starts the next back-off from the beginning. */
const settled = 10_000;

/** Keeps one child running: starts it, and starts it again with growing, jittered pauses when it dies. Throws `child.start` when the first start fails. */
export async function supervise(options: ChildOptions): Promise<Child> {
  const { log, name } = options;
  let child: ChildProcess | undefined;
  let serves = false;
  let restarts = 0;
  let stopping = false;
  let pause = firstPause;
  let wake = (): void => {};

  async function start(): Promise<void> {
    await options.prepare?.();
    if (stopping) throw new HubError('child.start', `${name} did not start: stopped`);
    const { command, args } = options.command();
    const started = spawnLeashed(command, args, options);
    child = started;
    let tail = '';
    let gone: string | undefined;
    started.once('error', (error) => (gone = error.message));
    started.once('exit', (code, signal) => (gone ??= signal ? `killed by ${signal}` : `ended with status ${code}`));
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => (tail = (tail + text).slice(-1_000)));
    }
    const deadline = Date.now() + (options.readyWithinMs ?? 30_000);
    while (!(await options.isReady(started))) {
      if (gone !== undefined || Date.now() > deadline || stopping) {
        await end(started, ['SIGKILL'], 0);
        throw new HubError(
          'child.start',
          `${name} did not start: ${gone ?? (stopping ? 'stopped' : 'no answer in time')}${tail ? `\n${tail.trim()}` : ''}`,
        );
      }
      await sleep(20);
    }
    if (gone !== undefined) throw new HubError('child.start', `${name} did not stay up: ${gone}\n${tail.trim()}`);
    const since = Date.now();
    serves = true;
    const onGone = (): void => {
      if (stopping || child !== started) return;
      child = undefined;
      serves = false;
      if (Date.now() - since > settled) pause = firstPause;
      log.warn({ child: name, how: gone }, 'child died');
      void again();
    };
    started.once('exit', onGone);
    if (started.exitCode !== null || started.signalCode !== null) onGone();
  }

  async function again(): Promise<void> {
    while (!stopping) {
      await Promise.race([sleep(pause * (0.75 + Math.random() / 2)), new Promise<void>((resolve) => (wake = resolve))]);
      pause = Math.min(pause * 2, longestPause);
      if (stopping) return;
      try {
        restarts += 1;
        await start();
        log.info({ child: name, pid: child?.pid, restarts }, 'child is back');
        return;
      } catch (error) {
        if (!stopping) log.warn({ child: name, reason: (error as Error).message }, 'child did not come back yet');
      }
    }
  }

  await start();
  return {
    get pid() {
      return serves ? child?.pid : undefined;
    },
    get restarts() {
      return restarts;
    },
    async stop() {
      stopping = true;
      wake();
      const signals = [options.stopSignal ?? 'SIGTERM', ...(options.hurrySignal ? [options.hurrySignal] : [])];
      if (child) await end(child, signals, options.stopWithinMs ?? 2_500);
      child = undefined;
    },
  };
}

/** Asks a child to end, by each signal in turn, kills its whole group when it has not by then, and waits until it is reaped. */
export async function end(child: ChildProcess, signals: readonly NodeJS.Signals[], withinMs: number): Promise<void> {
  const isGone = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  if (isGone()) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (const signal of signals) {
    if (isGone()) break;
    child.kill(signal);
    const patience = new AbortController();
    await Promise.race([gone, sleep(withinMs, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
  }
  if (!isGone()) killGroup(child.pid!);
  await gone;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}
