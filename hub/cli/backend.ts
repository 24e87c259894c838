/** What every command stands on: the servers of the running hub, or its own for the time of the run. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { readSettings } from '../config.ts';
import { HubError } from '../model/error.ts';
import { sessions } from '../platform/access.ts';
import { stopAll, openBackend, type Backend } from '../platform/backend.ts';
import { createLog } from '../platform/log.ts';
import { projectFolder } from '../platform/migrate.ts';
import type { Context, Settings } from '../platform/part.ts';
import { worldChanged } from '../platform/world.ts';

export interface Ground extends Backend {
  settings: Settings;
  log: Logger;
}

export const seedsFolder = (): string => join(projectFolder(), 'seeds');

/** A line for people; standard output is for results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Settings from the environment. Commands are quiet: `info` lines of the servers come only with LOG_LEVEL=debug or trace. */
export function commandSettings(): Settings {
  const settings = readSettings();
  return settings.logLevel === 'info' ? { ...settings, logLevel: 'error' } : settings;
}

/**
 * Opens the backend, does `work`, closes everything, also when the user interrupts. With `record` the recorder runs too
 * where none does, so that what is sent gets committed.
 */
export async function withBackend<T>(
  work: (ground: Ground) => Promise<T>,
  options: { record?: boolean } = {},
): Promise<T> {
  const settings = commandSettings();
  const log = createLog(settings.logLevel);
  const backend = await openBackend(settings, { log, onProgress: (text) => say(`… ${text}`) });
  const stops = [() => backend.close()];
  const stop = (): void => {
    // The second interrupt does not wait.
    process.once('SIGINT', () => process.exit(130));
    say('… stopping');
    setTimeout(() => process.exit(130), 5_000).unref();
    void stopAll(stops, log).then(() => process.exit(130));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    if (options.record && !(await isRecorded(backend))) {
      const { start } = await import('../record/part.ts');
      const { bus, store, world, seal } = backend;
      const context: Context = {
        settings: { ...settings, demo: false },
        bus,
        store,
        world,
        seal,
        sessions: sessions(store),
        log,
      };
      const recorder = await start(context);
      stops.push(() => recorder.stop());
    }
    return await work({ ...backend, settings, log });
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    await stopAll(stops, log);
  }
}

/** Whether a recorder follows this log already: a second one on the same database would only be in its way. */
async function isRecorded(backend: Backend): Promise<boolean> {
  // Servers of our own have nobody else's recorder.
  if (backend.lock) return false;
  try {
    await backend.bus.ask('record.verdict', { id: 'nobody' }, 2_000);
    return true;
  } catch (error) {
    if (error instanceof HubError && error.code === 'part.away') return false;
    return true;
  }
}

/** Writes the seed files into the reference tables and tells the running hub. */
export async function seed(ground: Ground, folder: string): Promise<Record<string, number>> {
  const { seedFrom } = await import('../../seeds/load.ts');
  const counts = await seedFrom(folder, ground.store, ground.seal.seal);
  ground.bus.connection.publish(worldChanged);
  await ground.reload();
  return { ...counts };
}

/** A secret from standard input, never from the command line, where every user of the machine could read it. */
export async function readSecret(name: string): Promise<string> {
  return (await readSecrets(name, 1))[0]!;
}

/** So many of them, each on a line. */
export async function readSecrets(name: string, count: number): Promise<string[]> {
  if (process.stdin.isTTY) say(`type the ${name} and press Enter${count > 1 ? `, ${count} times` : ''}, then Ctrl-D:`);
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > 4_096 * count) throw new HubError('cli.input', `the ${name} is too long`);
  }
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (lines.length !== count || lines.some((line) => line === '' || line.includes('\r')))
    throw new HubError(
      'cli.input',
      `expected the ${name} as ${count === 1 ? 'one line' : `${count} lines`} on standard input`,
    );
  return lines;
}
