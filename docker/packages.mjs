// npm packages: installed exactly as package-lock.json says, or not at all.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} LockEntry */
/** @typedef {{ packages?: Record<string, LockEntry> }} Lock */

/**
 * npm writes `node_modules/.package-lock.json` as the very last step of an install, so it is the mark of a finished one.
 * It lacks the optional packages of other platforms; everything else must be there in the same version.
 */
export function matches(/** @type {Lock} */ wanted, /** @type {Lock} */ installed) {
  const there = installed.packages ?? {};
  return Object.entries(wanted.packages ?? {}).every(([path, entry]) => {
    if (path === '') return true;
    const found = there[path];
    if (!found) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

export function areInstalled(/** @type {string} */ root) {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  try {
    return matches(read(join(root, 'package-lock.json')), read(hidden));
  } catch {
    return false;
  }
}

/** Takes the mark of a finished install away, so that an install that is killed half-way is begun again. */
export function forgetInstall(/** @type {string} */ root) {
  rmSync(join(root, 'node_modules/.package-lock.json'), { force: true });
}

/** @returns {Lock} */
function read(/** @type {string} */ file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
