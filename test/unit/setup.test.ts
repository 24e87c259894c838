import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprint, isBuilt } from '../../docker/build.mjs';
import { isPresent, missingMessage, needs } from '../../docker/machine.mjs';
import { areInstalled, forgetInstall, matches } from '../../docker/packages.mjs';
import { readReport } from '../../docker/test.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallwatch-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (file: string, content: unknown) => {
  mkdirSync(join(folder, file, '..'), { recursive: true });
  writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
};
const names = (tools: { package: string }[]) => tools.map((tool) => tool.package);

describe('the programs a machine needs', () => {
  it('are few for start and more for test', () => {
    expect(names(needs('start'))).toEqual(['ffmpeg', 'nats-server']);
    expect(names(needs('test'))).toEqual([
      'ffmpeg',
      'nats-server',
      'chromium',
      'mariadb-server-core',
      'fonts-noto-cjk',
    ]);
  });

  it('do not include a NATS server where one is named', () => {
    expect(names(needs('start', { natsUrl: 'nats://log.example:4222' }))).toEqual(['ffmpeg']);
    expect(names(needs('test', { natsUrl: 'nats://log.example:4222' }))).toContain('nats-server');
  });

  it('are found on the PATH, and only when they can be run', () => {
    const tool = { name: 'hallwatch-probe', package: 'probe', why: '' };
    write('hallwatch-probe', '#!/bin/sh\n');
    expect(isPresent(tool, folder)).toBe(false);
    rmSync(join(folder, 'hallwatch-probe'));
    writeFileSync(join(folder, 'hallwatch-probe'), '#!/bin/sh\n', { mode: 0o755 });
    expect(isPresent(tool, `/nowhere:${folder}`)).toBe(true);
    expect(isPresent(tool, '')).toBe(false);
  });

  it('are all named in one message with the command and the containers', () => {
    const message = missingMessage(needs('test'));
    expect(message).toContain('5 more programs');
    expect(message).toContain(
      'apt-get install -y --no-install-recommends ffmpeg nats-server chromium mariadb-server-core fonts-noto-cjk',
    );
    expect(message).toContain('docker compose -f docker/compose.yaml');
  });
});

describe('npm packages', () => {
  const entry = { version: '1.0.0', integrity: 'sha512-a' };
  const wanted = { packages: { '': {}, 'node_modules/a': entry, 'node_modules/b': { ...entry, optional: true } } };

  it.each([
    ['complete', { packages: { 'node_modules/a': entry, 'node_modules/b': entry } }, true],
    ['without another platform’s package', { packages: { 'node_modules/a': entry } }, true],
    ['without a needed package', { packages: { 'node_modules/b': entry } }, false],
    ['in another version', { packages: { 'node_modules/a': { ...entry, version: '1.0.1' } } }, false],
    ['with other content', { packages: { 'node_modules/a': { ...entry, integrity: 'sha512-b' } } }, false],
    ['empty', {}, false],
  ])('%s', (_, installed, answer) => {
    expect(matches(wanted, installed)).toBe(answer);
  });

  it('of an install that was killed half-way are not believed', () => {
    write('package-lock.json', wanted);
    expect(areInstalled(folder)).toBe(false);
    write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry } });
    expect(areInstalled(folder)).toBe(true);
    write('node_modules/.package-lock.json', '{"packages":{"node_modu');
    expect(areInstalled(folder)).toBe(false);
    forgetInstall(folder);
    expect(areInstalled(folder)).toBe(false);
  });
});

describe('the build', () => {
  it('is asked for again when a source changes, appears or moves, or a result or the stamp is missing', () => {
    write('hub/main.ts', 'a');
    const first = fingerprint(folder);
    expect(fingerprint(folder)).toBe(first);
    for (const file of ['hub/main.js', 'hub/cli.js', 'web/index.html']) write(`dist/${file}`, '');
    expect(isBuilt(folder, first)).toBe(false);
    write('dist/.stamp', first);
    expect(isBuilt(folder, first)).toBe(true);
    rmSync(join(folder, 'dist/hub/cli.js'));
    expect(isBuilt(folder, first)).toBe(false);

    write('hub/main.ts', 'b');
    const changed = fingerprint(folder);
    write('web/pages/Desk.svelte', 'c');
    const added = fingerprint(folder);
    expect(new Set([first, changed, added]).size).toBe(3);
  });
});

describe('the closing line of npm test', () => {
  const report = (status: string, tests: string[], message = '') => ({
    testResults: [
      {
        name: 'a.test.ts',
        status,
        message,
        assertionResults: tests.map((s, i) => ({ status: s, fullName: `test ${i}` })),
      },
    ],
  });
  const read = (content: unknown, code: number) => {
    write('report.json', content);
    return readReport(join(folder, 'report.json'), code);
  };

  it('sums what passed and failed', () => {
    expect(read(report('failed', ['passed', 'passed', 'failed']), 1)).toEqual({
      passed: 2,
      failed: 1,
      skipped: [],
      broken: [],
    });
  });

  it.each([
    ['a file that does not load', report('failed', [], 'SyntaxError: x'), 1, 'SyntaxError'],
    ['no test at all', { testResults: [] }, 0, 'no test ran'],
    ['an error outside the tests', report('passed', ['passed']), 1, 'outside the tests'],
    ['no report', '{"testRes', 137, 'code 137'],
  ])('counts %s as a failure', (_, content, code, words) => {
    expect(read(content, code).broken.join()).toContain(words);
  });

  it('names a skipped test', () => {
    expect(read(report('passed', ['passed', 'skipped']), 0).skipped).toEqual(['test 1']);
  });
});
