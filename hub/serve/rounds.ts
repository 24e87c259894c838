import type { Context, Part } from '../platform/part.ts';

const breathMs = 50;

/**
 * Work in the background, round after round. One that says that more is waiting is followed after a breath, so that the pages
 * need not wait for a long history; any other, and one that `failed`, which the log is told in these words, after `idleMs`.
 */
export function startRounds(
  log: Context['log'],
  { idleMs, failed, round }: { idleMs: number; failed: string; round: () => Promise<boolean> },
): Pick<Part, 'stop'> {
  let stopped = false;
  let working: Promise<void> | undefined;
  let timer: NodeJS.Timeout;
  const turn = async (): Promise<void> => {
    let pause = idleMs;
    try {
      if (await round()) pause = breathMs;
    } catch (error) {
      if (!stopped) log.warn({ err: error }, failed);
    }
    if (!stopped) plan(pause);
  };
  const plan = (ms: number): void => {
    timer = setTimeout(() => void (working = turn()), ms).unref();
  };
  plan(idleMs);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await working;
    },
  };
}
