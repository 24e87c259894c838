// What the machine must offer beside Node: which tools are missing, how to install them, and what to say when we may not.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * @typedef {{ name: string, package: string, why: string }} Tool
 * @typedef {'start' | 'test' | 'bench'} Purpose
 */

/** @type {Record<string, Tool & { for: Purpose[] }>} */
const tools = {
  ffmpeg: { name: 'ffmpeg', package: 'ffmpeg', why: 'reads the cameras', for: ['start', 'test', 'bench'] },
  nats: { name: 'nats-server', package: 'nats-server', why: 'keeps the log', for: ['start', 'test', 'bench'] },
  chromium: { name: 'chromium', package: 'chromium', why: 'runs the browser tests', for: ['test', 'bench'] },
  mariadb: {
    name: 'mariadbd',
    package: 'mariadb-server-core',
    why: 'is the MySQL that the tests read from',
    for: ['test'],
  },
  font: { name: 'a Chinese font', package: 'fonts-noto-cjk', why: 'draws Chinese in the browser tests', for: ['test'] },
};

/** The tools a purpose needs; a nats-server of one's own (`NATS_URL`) makes the local one unnecessary at start. */
export function needs(/** @type {Purpose} */ purpose, /** @type {{ natsUrl?: string | undefined }} */ given = {}) {
  return Object.values(tools).filter(
    (tool) => tool.for.includes(purpose) && !(purpose === 'start' && tool === tools.nats && given.natsUrl),
  );
}

export function isPresent(/** @type {Tool} */ tool, /** @type {string} */ path) {
  if (tool.package === 'fonts-noto-cjk') return hasChineseFont();
  // Debian puts nats-server into /usr/sbin, which an ordinary user's PATH lacks.
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, tool.name)));
}

function isExecutable(/** @type {string} */ file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasChineseFont() {
  const noto = '/usr/share/fonts/opentype/noto';
  if (existsSync(noto) && readdirSync(noto).some((file) => file.includes('CJK'))) return true;
  const answer = spawnSync('fc-list', [':lang=zh', 'family'], { encoding: 'utf8' });
  return answer.status === 0 && answer.stdout.trim() !== '';
}

/** One message that lists everything that is missing, the exact command, and the way without installing anything. */
export function missingMessage(/** @type {Tool[]} */ missing) {
  const packages = missing.map((tool) => tool.package).join(' ');
  return [
    `Hallwatch needs ${missing.length === 1 ? 'one more program' : `${missing.length} more programs`} on this machine:`,
    ...missing.map((tool) => `  ${tool.name.padEnd(16)} ${tool.why} (Debian package ${tool.package})`),
    'Install with:',
    `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages}`,
    'or run everything in containers instead:',
    '  cp docker/example.env docker/.env   # then set the passwords in it',
    '  docker compose -f docker/compose.yaml up --build',
  ].join('\n');
}

/** How to run apt-get here: `[]` as root, `['sudo', '-n']` with passwordless sudo, undefined when neither is possible. */
export function aptPrefix(/** @type {string} */ path) {
  if (!isPresent({ name: 'apt-get', package: 'apt', why: '' }, path)) return undefined;
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

/** Installs by apt-get; throws with the tail of its output when it fails. */
export function aptInstall(/** @type {string[]} */ prefix, /** @type {Tool[]} */ missing) {
  // env(1) and not our own environment: sudo drops variables.
  const apt = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q'];
  const packages = missing.map((tool) => tool.package);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const [program = '', ...rest] = [...apt, ...args];
    try {
      execFileSync(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 });
    } catch (error) {
      const { stdout, stderr } = /** @type {{ stdout?: Buffer, stderr?: Buffer }} */ (error);
      const tail = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
      throw new Error(`apt-get ${args[0]} failed:\n${tail}\n\n${missingMessage(missing)}`, { cause: error });
    }
  }
}
