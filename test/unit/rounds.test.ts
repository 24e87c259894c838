import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { startRounds } from '../../hub/serve/rounds.ts';

test('rounds follow each other, a failed one is told to the log and followed as well, and stopping waits for the last', async () => {
  const said: string[] = [];
  const log = pino({}, { write: (line: string) => void said.push(line) });
  let rounds = 0;
  let finish = (): void => {};
  const work = startRounds(log, {
    idleMs: 1,
    failed: 'nothing was counted',
    round: async () => {
      rounds += 1;
      if (rounds === 1) throw new Error('away');
      if (rounds === 3) await new Promise<void>((resolve) => (finish = resolve));
      return rounds === 2;
    },
  });
  await vi.waitFor(() => expect(rounds).toBe(3), { timeout: 10_000, interval: 5 });
  expect(said.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['nothing was counted']);
  let hasStopped = false;
  const stopping = work.stop().then(() => (hasStopped = true));
  await Promise.resolve();
  expect(hasStopped).toBe(false);
  finish();
  await stopping;
  expect(rounds).toBe(3);
});
