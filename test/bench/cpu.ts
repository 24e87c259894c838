/** Processor time by process, from /proc: a machine that does other work as well changes the wall clock, and this hardly. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Report } from './report.ts';

/** Microseconds of processor time. */
interface Cpu {
  /** The hub's main thread, the load generator in it. */
  main: number;
  /** Its other threads: garbage collection, compilation, gunzip, workers. */
  threads: number;
  postgres: number;
  nats: number;
}

/** USER_HZ of Linux is 100 everywhere. */
const tickMicros = 10_000;

interface Process {
  name: string;
  parent: number;
  own: number;
  /** Its ended children's. */
  ended: number;
}

function readProcess(path: string): Process | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const from = text.indexOf('(');
    const to = text.lastIndexOf(')');
    const rest = text.slice(to + 2).split(' ');
    const ticks = (at: number): number => Number(rest[at]) * tickMicros;
    return {
      name: text.slice(from + 1, to),
      parent: Number(rest[1]),
      own: ticks(11) + ticks(12),
      ended: ticks(13) + ticks(14),
    };
  } catch {
    // It ended while we looked.
    return undefined;
  }
}

/** What this process and its servers have used so far. */
export function usedCpu(): Cpu {
  const all = new Map<number, Process>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const found = Number.isSafeInteger(pid) ? readProcess(`/proc/${pid}/stat`) : undefined;
    if (found) all.set(pid, found);
  }
  const isOurs = (pid: number): boolean => pid === process.pid || (pid > 1 && isOurs(all.get(pid)?.parent ?? 0));
  const { user, system } = process.cpuUsage();
  const main = readProcess(`/proc/self/task/${process.pid}/stat`)?.own ?? 0;
  const used: Cpu = { main, threads: Math.max(0, user + system - main), postgres: 0, nats: 0 };
  for (const [pid, { name, own, ended }] of all) {
    if (pid === process.pid || !isOurs(pid)) continue;
    // The postmaster has the time of the backends that ended.
    if (name.startsWith('postgres')) used.postgres += own + ended;
    if (name.startsWith('nats-server')) used.nats += own;
  }
  return used;
}

/** A process and all below it, by /proc. */
export function treeOf(root: number): { pid: number; name: string; micros: number }[] {
  const all = new Map<number, Process>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const found = Number.isSafeInteger(pid) ? readProcess(`/proc/${pid}/stat`) : undefined;
    if (found) all.set(pid, found);
  }
  const isOfTree = (pid: number): boolean => pid === root || (pid > 1 && isOfTree(all.get(pid)?.parent ?? 0));
  return [...all]
    .filter(([pid]) => isOfTree(pid))
    .map(([pid, { name, own, ended }]) => ({ pid, name, micros: own + ended }));
}

/** Microseconds that a process, its children, and those of them that have ended used so far. */
export const treeCpu = (root: number): number => treeOf(root).reduce((sum, { micros }) => sum + micros, 0);

const what: Record<keyof Cpu, string> = {
  main: 'the hub’s main thread, load generator included',
  threads: 'its other threads: garbage collection, compilation, gunzip',
  postgres: 'every process of PostgreSQL',
  nats: 'nats-server',
};

/** Figures of the processor time an event took since `before`. */
export function addCpu(report: Report, group: string, before: Cpu, events: number): void {
  const after = usedCpu();
  for (const name of Object.keys(what) as (keyof Cpu)[])
    report.add({
      name: `${group}.cpu.${name}`,
      value: (after[name] - before[name]) / events,
      unit: 'µs/event',
      goal: 'less',
      against: what[name],
      n: events,
    });
}
