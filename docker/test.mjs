// `npm test`: the checks beside the tests, then the tests in a browser, then one closing line that stands alone.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {{ name: string, args: string[], limitSeconds: number, program?: 'nice' }} Step
 * @typedef {{ code: number, output: string, seconds: number }} Outcome
 * @typedef {{ passed: number, failed: number, skipped: string[], broken: string[] }} Count
 */

const bin = (/** @type {string} */ name) => join('node_modules/.bin', name);

/** @type {Step[]} */
const checks = [
  { name: 'tsc', args: [bin('tsc'), '--noEmit', '-p', '.'], limitSeconds: 900 },
  {
    name: 'svelte-check',
    args: [bin('svelte-check'), '--tsconfig', 'web/tsconfig.json', '--fail-on-warnings', '--output', 'human'],
    limitSeconds: 900,
  },
  { name: 'eslint', args: [bin('eslint'), '--max-warnings', '0', '.'], limitSeconds: 900 },
  { name: 'prettier', args: [bin('prettier'), '--check', '--log-level', 'warn', '.'], limitSeconds: 900 },
  { name: 'knip', args: [bin('knip'), '--no-progress'], limitSeconds: 900 },
];

/** @type {{ name: string, projects: string[], limitSeconds: number }[]} */
const suites = [
  { name: 'tests', projects: ['unit', 'contract', 'integration'], limitSeconds: 1200 },
  { name: 'e2e', projects: ['e2e'], limitSeconds: 900 },
];

/** @returns {Promise<number>} the exit code: 0 only when every check and every test passed and there was at least one test */
export async function test(/** @type {string} */ root, /** @type {string[]} */ args) {
  const reports = join(root, 'test-results');
  mkdirSync(reports, { recursive: true });
  if (args.length > 0) {
    // For people at work on one test: only that, with vitest's own words.
    const { code } = await run(
      root,
      { name: 'vitest', args: [bin('vitest'), 'run', ...args], limitSeconds: 600 },
      true,
    );
    return code;
  }

  // Tests with servers wait a good part of their time: the checks use what they leave.
  const checking = runChecks(root);
  /** @type {string[]} */
  const broken = [];
  const total = { passed: 0, failed: 0 };
  for (const suite of suites) {
    // A browser wants the whole machine.
    if (suite.name === 'e2e') broken.push(...(await checking));
    const file = join(reports, `${suite.name}.json`);
    rmSync(file, { force: true });
    const projects = suite.projects.map((project) => `--project=${project}`);
    const command = [
      bin('vitest'),
      'run',
      ...projects,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ];
    const { code, seconds } = await run(root, { ...suite, args: command }, true);
    const count = readReport(file, code);
    total.passed += count.passed;
    total.failed += count.failed;
    broken.push(...count.broken.map((reason) => `${suite.name}: ${reason}`));
    broken.push(...count.skipped.map((name) => `${suite.name}: skipped test: ${name}`));
    say(`${suite.name} ${seconds.toFixed(1)} s`);
  }
  for (const line of broken) say(`✗ ${line}`);
  process.stdout.write(`${total.passed} passed, ${total.failed + broken.length} failed\n`);
  return total.failed + broken.length === 0 && total.passed > 0 ? 0 : 1;
}

/** Two at a time, behind everything else on the machine; returns the names of those that failed, each with its output printed. */
async function runChecks(/** @type {string} */ root) {
  /** @type {string[]} */
  const broken = [];
  const queue = [...checks];
  const work = async () => {
    for (let check = queue.shift(); check; check = queue.shift()) {
      // Most of what a check makes lives for one file: with room for it, collection takes a tenth less time.
      const args = ['--max-semi-space-size=64', ...check.args];
      const { code, output, seconds } = await run(root, { ...check, args, program: 'nice' }, false);
      say(`${code === 0 ? '✓' : '✗'} ${check.name} ${seconds.toFixed(1)} s`);
      if (code === 0) continue;
      broken.push(check.name);
      process.stderr.write(output);
    }
  };
  await Promise.all([work(), work()]);
  return broken;
}

/**
 * Sums a vitest JSON report. A file that could not be loaded, a skipped test, no test at all and an error outside any
 * test are failures too: each would otherwise look like success.
 * @returns {Count}
 */
export function readReport(/** @type {string} */ file, /** @type {number} */ exitCode) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: [], broken: [`vitest ended with code ${exitCode} and left no report`] };
  }
  /** @type {Count} */
  const count = { passed: 0, failed: 0, skipped: [], broken: [] };
  for (const suite of report.testResults) {
    if (suite.status === 'failed' && suite.assertionResults.length === 0) {
      count.broken.push(`${suite.name}: ${String(suite.message).split('\n')[0]}`);
    }
    for (const { status, fullName } of suite.assertionResults) {
      if (status === 'passed') count.passed += 1;
      else if (status === 'failed') count.failed += 1;
      else count.skipped.push(fullName);
    }
  }
  if (count.passed + count.failed === 0) count.broken.push('no test ran');
  if (exitCode !== 0 && count.failed + count.broken.length === 0) {
    count.broken.push(`every test passed, yet vitest ended with code ${exitCode}: an error outside the tests`);
  }
  return count;
}

/**
 * Runs one step in a process group of its own, so that its time limit and our own end reach everything it started.
 * @returns {Promise<Outcome>}
 */
function run(/** @type {string} */ root, /** @type {Step} */ step, /** @type {boolean} */ show) {
  const begun = Date.now();
  return new Promise((done) => {
    const output = /** @type {Buffer[]} */ ([]);
    const [program, first] = step.program ? [step.program, ['-n', '19', process.execPath]] : [process.execPath, []];
    const child = spawn(program, [...first, ...step.args], {
      cwd: root,
      detached: true,
      stdio: ['ignore', show ? 2 : 'pipe', show ? 2 : 'pipe'],
    });
    if (step.program) stayBehind(child.pid);
    const end = (/** @type {NodeJS.Signals} */ signal) => {
      try {
        if (child.pid) process.kill(-child.pid, signal);
      } catch {
        // the group is gone already
      }
    };
    const timer = setTimeout(() => {
      say(`${step.name}: stopped after ${step.limitSeconds} s`);
      end('SIGTERM');
      setTimeout(end, 5000, 'SIGKILL').unref();
    }, step.limitSeconds * 1000);
    const leave = () => {
      end('SIGTERM');
      setTimeout(() => process.exit(130), 3000);
      child.once('exit', () => process.exit(130));
    };
    process.once('SIGINT', leave);
    process.once('SIGTERM', leave);
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.once('close', (code) => {
      clearTimeout(timer);
      process.off('SIGINT', leave);
      process.off('SIGTERM', leave);
      end('SIGKILL');
      done({ code: code ?? 1, output: Buffer.concat(output).toString(), seconds: (Date.now() - begun) / 1000 });
    });
  });
}

/** Where Linux shares the processors among sessions (autogroup), being nice counts for nothing outside one's own. */
function stayBehind(/** @type {number | undefined} */ pid) {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '19');
  } catch {
    // no sessions are weighed here
  }
}

function say(/** @type {string} */ line) {
  process.stderr.write(`${line}\n`);
}
