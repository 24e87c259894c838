import { defineConfig } from 'vitest/config';
import type { TestProjectConfiguration } from 'vitest/config';

/** Tests with servers wait more than they compute, so four files run side by side, and two of those with a browser. */
const project = (name: string, order: number, seconds: number, workers: number): TestProjectConfiguration => ({
  extends: true,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: seconds * 1000,
    hookTimeout: Math.max(seconds, 30) * 1000,
    pool: 'forks',
    // A condition is waited for as long as by everything else that waits: a second is nothing on a busy machine.
    expect: { poll: { timeout: 30_000 } },
    // Pages look as they do on one day, whenever they are looked at.
    setupFiles: name === 'e2e' ? ['test/support/today.ts'] : [],
    // What is pure needs no process of its own for each file.
    isolate: name !== 'unit',
    maxWorkers: workers,
    fileParallelism: workers > 1,
    sequence: { groupOrder: order },
  },
});

export default defineConfig({
  test: {
    allowOnly: false,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-results/last.json' },
    projects: [
      project('unit', 0, 30, 2),
      project('contract', 1, 180, 1),
      project('integration', 2, 180, 4),
      project('e2e', 3, 240, 2),
    ],
  },
});
