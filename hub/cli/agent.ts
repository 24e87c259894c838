/** `hallwatch agent`: the front-end machine (前置机, JY-09). Needs files and HTTP only: no log, no database, no DATA_DIR. */
import { once } from 'node:events';
import { startAgent, type AgentStatus } from '../../ingest/agent/agent.ts';
import { listenOf, loadConfig } from '../../ingest/agent/config.ts';
import { HubError } from '../model/error.ts';
import { createLog } from '../platform/log.ts';
import { table } from './table.ts';

/** Runs until it is interrupted; a second signal ends it at once. */
export async function agentCommand(flags: { config: string }): Promise<void> {
  const config = await loadConfig(flags.config);
  const agent = await startAgent(config, createLog(config.logLevel));
  const ending = new AbortController();
  await Promise.race(['SIGINT', 'SIGTERM'].map((name) => once(process, name, { signal: ending.signal })));
  ending.abort();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(1));
  await agent.stop();
  process.exit(0);
}

/** Resolves to false when somebody must look: no token, no room, or no agent. */
export async function agentStatusCommand(flags: { config: string; json?: boolean }): Promise<boolean> {
  const config = await loadConfig(flags.config);
  const { host, port } = listenOf(config.listen)!;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/status`;
  const status = await fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    async (response) => (await response.json()) as AgentStatus,
    (error: unknown) => {
      throw new HubError('agent.away', `no agent answers at ${url}: start one with hallwatch agent --config`, {
        cause: error,
      });
    },
  );
  console.log(flags.json ? JSON.stringify(status) : table(rowsOf(status)));
  return status.state !== 'held' && status.spool.trouble === undefined;
}

function rowsOf(status: AgentStatus): string[][] {
  const { backlog, spool, last, totals } = status;
  return [
    ['hub', status.hub],
    ['state', status.state],
    ['backlog', `${backlog.events} events, ${backlog.bytes} bytes`],
    ['oldest', backlog.oldest ?? '-'],
    [
      'spool',
      `${spool.diskBytes} of ${spool.limitBytes} bytes${spool.trouble ? `, cannot be written: ${spool.trouble}` : ''}`,
    ],
    ['last answer', last ? `${last.at} ${last.status || '-'} ${last.detail}` : '-'],
    ['clock', status.skewMs === undefined ? '-' : `${status.skewMs} ms ahead of the hub`],
    [
      'since start',
      `sent ${totals.sent}, accepted ${totals.accepted}, duplicates ${totals.duplicates}, refused ${totals.refused}`,
    ],
    ['refused', `${status.refused} lines`],
    ['quarantined', `${status.quarantined} lines`],
    ...status.folders.map(({ path, waiting, last: file }) => [
      'folder',
      `${path}: ${waiting} waiting${file ? `, last ${file}` : ''}`,
    ]),
  ];
}
