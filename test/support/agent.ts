import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { startAgent, type Agent, type AgentStatus } from '../../ingest/agent/agent.ts';
import { loadConfig, type AgentConfig } from '../../ingest/agent/config.ts';
import { createLog } from '../../hub/platform/log.ts';
import { root } from './tree.ts';

export interface AgentOptions {
  folder: string;
  hub: string;
  token: string;
  /** Merged into agent.yaml, one level deep. */
  change?: Record<string, unknown>;
}

/** Writes agent.yaml and the token; returns the path. Any free port, quick to try again. */
export async function writeAgentConfig({ folder, hub, token, change = {} }: AgentOptions): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'token'), `${token}\n`, { mode: 0o600 });
  const file = join(folder, 'agent.yaml');
  const text = {
    hub: { address: hub, tokenFile: 'token', timeoutSeconds: 20 },
    spool: { folder: 'spool' },
    listen: '127.0.0.1:0',
    retry: { minSeconds: 0.05, maxSeconds: 0.4 },
    logLevel: 'silent',
    ...change,
  };
  await writeFile(file, stringify(text));
  return file;
}

export async function startTestAgent(
  options: AgentOptions,
  now?: () => number,
): Promise<Agent & { config: AgentConfig }> {
  const config = await loadConfig(await writeAgentConfig(options));
  return { ...(await startAgent(config, createLog(config.logLevel), now)), config };
}

export interface AgentProcess {
  address: string;
  child: ChildProcess;
  /** SIGKILL, and gone when it resolves. */
  kill(): Promise<void>;
}

/** `hallwatch agent` as a process of its own; `before` is shell that runs first, such as a limit. */
export async function spawnAgent(options: AgentOptions, before = 'true'): Promise<AgentProcess> {
  const file = await writeAgentConfig({ ...options, change: { logLevel: 'info', ...options.change } });
  const run = `${before} && exec "${process.execPath}" "${join(root, 'hub', 'hallwatch.mjs')}" agent --config "${file}"`;
  const child = spawn('bash', ['-c', run], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const lines: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (lines.length < 20) lines.push(line);
      const found = /"address":"([^"]+)".*"msg":"agent runs"/.exec(line)?.[1];
      if (found) resolve(found);
    });
    void ended.then(() => reject(new Error(`the agent ended: ${lines.join('\n')}`)));
  });
  return {
    address,
    child,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

export async function statusOf(address: string): Promise<AgentStatus> {
  return (await (await fetch(`${address}/status`)).json()) as AgentStatus;
}

export function postTo(address: string, events: unknown): Promise<Response> {
  return fetch(`${address}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
}

/** Waits until it is so; fails after `seconds`. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 40): Promise<void> {
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(50))
    if (await isSo()) return;
  throw new Error(`not within ${seconds} s: ${what}`);
}
