import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { ChildProcess } from 'node:child_process';
import fluent from 'fluent-ffmpeg';
import { HubError } from '../hub/model/error.ts';
import type { Command } from './args.ts';

/** The only file that knows fluent-ffmpeg, which is archived upstream. */

/** A running ffmpeg. */
export interface Running {
  /** Undefined until it was spawned. */
  readonly pid: number | undefined;
  /** Resolves when it is gone and reaped, with what it said last; addresses are cut out of it. */
  ended: Promise<string>;
  /** Ends it, with force if need be; may be called at any time, also before it was spawned. */
  stop(): Promise<void>;
}

const missing = (cause: Error): HubError =>
  new HubError(
    'ffmpeg.missing',
    'ffmpeg does not run (apt-get install ffmpeg; setsid and setpriv are in util-linux), or set FFMPEG',
    { cause },
  );

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * ffmpeg gets a process group of its own, and the kernel kills it when this process dies, however it dies: so no ffmpeg goes on
 * pulling a camera for a hub that is gone. fluent-ffmpeg can do neither, hence a script of one line stands for ffmpeg.
 * Throws `HubError('ffmpeg.missing')`.
 */
export async function install(dataDir: string, ffmpeg: string): Promise<void> {
  const folder = join(dataDir, 'run');
  const script = join(folder, 'ffmpeg.sh');
  await mkdir(folder, { recursive: true });
  await writeFile(script, `#!/bin/sh\nexec setsid setpriv --pdeathsig KILL -- ${quote(ffmpeg)} "$@"\n`);
  await chmod(script, 0o755);
  fluent.setFfmpegPath(script);
  // fluent-ffmpeg asks once what ffmpeg can do; ask now, so that the first camera need not wait for it.
  await new Promise<void>((resolve, reject) =>
    fluent.getAvailableFormats((error) => (error ? reject(missing(error)) : resolve())),
  );
  await new Promise<void>((resolve) => fluent.getAvailableEncoders(() => resolve()));
}

/** Every address goes, because cameras' hold passwords; an address holds no space (`pull` sees to that). */
const clean = (text: string): string => text.replaceAll(/[a-z][a-z0-9+.-]*:\/\/\S*/gi, '[address]').slice(0, 300);

/** What ffmpeg says of a camera that cut the connection, answered nothing or sent nothing. */
const vague = /Invalid data found|dimensions not set|Could not write header|Error initializing output/;

/** The reason out of what ffmpeg said, for people: its first concrete complaint. */
export function reasonOf(lines: readonly string[], otherwise: string): string {
  const told = lines
    .map((line) => clean(line.replace(/^\[[^\]]*\] /, '').replace(/^pipe:0: /, '')))
    .filter((line) => !line.startsWith('Impossible to open'));
  const concrete = told.find((line) => !vague.test(line));
  if (concrete) return concrete;
  return told.length > 0 ? 'it does not answer as a camera, or sends no picture' : clean(otherwise);
}

/** Signals the whole group; in its first milliseconds the child is not yet the leader of one. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    child.kill(name);
  }
}

/** Starts ffmpeg and hands what it writes to `take`, and each line of what it says to `tell`. */
export function run(
  command: Command,
  stdin: Buffer | Readable | undefined,
  take: (chunk: Buffer) => void,
  tell?: (line: string) => void,
): Running {
  const input = stdin ?? (command.list === undefined ? undefined : Buffer.from(command.list));
  const lines: { text: string; at: number }[] = [];
  let child: ChildProcess | undefined;
  let stopping = false;
  let finish: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (finish = resolve));
  const sink = new Writable({
    write: (chunk: Buffer, _, done) => {
      take(chunk);
      done();
    },
  });
  // What it complained of hours ago is not why it ends now.
  const said = (otherwise: string): string => {
    const recent = lines.filter(({ at }) => Date.now() - at < 10_000);
    return reasonOf(
      recent.map(({ text }) => text),
      otherwise,
    );
  };

  const order = fluent(
    Buffer.isBuffer(input) ? Readable.from([input], { objectMode: false }) : (input ?? command.input!),
    { stdoutLines: 20 },
  );
  order
    // Of a list it would take each option that holds one space for two.
    .inputOptions(...command.inputOptions)
    .outputOptions(...command.outputOptions)
    .on('start', () => {
      child = (order as unknown as { ffmpegProc: ChildProcess }).ffmpegProc;
      child.once('close', (code, killed) => finish(said(killed ? `ended by ${killed}` : `ended with code ${code}`)));
      if (stopping) signal(child, 'SIGKILL');
    })
    .on('stderr', (line: string) => {
      if (line.trim() === '') return;
      tell?.(line);
      lines.push({ text: line.trim(), at: Date.now() });
      if (lines.length > 10) lines.shift();
    })
    // fluent-ffmpeg reports some ends before the child is reaped; `close` above is the true one.
    .on('error', (error: Error) => void (child?.pid === undefined && finish(said(error.message))))
    .on('end', () => undefined)
    .pipe(sink);

  return {
    get pid() {
      return child?.pid;
    },
    ended,
    stop: async () => {
      stopping = true;
      if (child) {
        // A polite end lets it tell the camera goodbye (TEARDOWN), so that the camera frees the connection at once.
        signal(child, 'SIGTERM');
        const force = setTimeout(() => child && signal(child, 'SIGKILL'), 700);
        await ended;
        clearTimeout(force);
      } else {
        await ended;
      }
    },
  };
}

/** Runs ffmpeg to its end, on `stdin` or what the command names, and answers what it wrote; undefined when that is nothing, or takes longer than so many ms. */
export async function convert(
  command: Command,
  stdin: Buffer | undefined,
  patienceMs: number,
  tell?: (line: string) => void,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  const running = run(command, stdin, (chunk) => chunks.push(chunk), tell);
  const timer = setTimeout(() => void running.stop(), patienceMs);
  await running.ended;
  clearTimeout(timer);
  const bytes = Buffer.concat(chunks);
  return bytes.length > 0 ? bytes : undefined;
}
