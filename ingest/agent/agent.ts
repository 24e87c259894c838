/** The front-end machine of a department (前置机, JY-09): spool, sender, door and drop folders, put together. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { HubError } from '../../hub/model/error.ts';
import { takeLock } from '../../hub/platform/lock.ts';
import { Client } from './client.ts';
import { listenOf, type AgentConfig } from './config.ts';
import { openDoor } from './door.ts';
import { Folder } from './folder.ts';
import { LineFile } from './lines.ts';
import { Sender, type LastAnswer, type SenderState } from './sender.ts';
import { Spool } from './spool.ts';

/** What `GET /status` answers. Times are ISO 8601 by the agent's clock. */
export interface AgentStatus {
  hub: string;
  state: SenderState;
  backlog: { events: number; bytes: number; oldest?: string };
  spool: { folder: string; diskBytes: number; limitBytes: number; trouble?: string };
  last?: Omit<LastAnswer, 'at'> & { at: string };
  /** How far this machine's clock is ahead of the hub's; known after the first answer. */
  skewMs?: number;
  /** Since the start. */
  totals: { sent: number; accepted: number; duplicates: number; refused: number };
  /** Lines in the two files. */
  refused: number;
  quarantined: number;
  folders: { path: string; waiting: number; last?: string }[];
}

export interface Agent {
  address: string;
  status: () => AgentStatus;
  stop: () => Promise<void>;
}

/** `now` gives the agent's own clock: for how long things wait and for the skew, never for the time of an event. */
export async function startAgent(config: AgentConfig, log: Logger, now: () => number = Date.now): Promise<Agent> {
  const { folder, bytes, segmentBytes } = config.spool;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await takeLock(folder).catch((error: unknown) => {
    if (!(error instanceof HubError) || error.code !== 'data.taken') throw error;
    throw new HubError('agent.taken', `another agent runs on the spool ${folder}`, { cause: error });
  });
  const closing: (() => unknown)[] = [() => lock.release()];
  // The last that was opened is closed first.
  const close = async (): Promise<void> => {
    for (let each = closing.pop(); each; each = closing.pop()) await each();
  };
  try {
    const refused = await LineFile.open(join(folder, 'refused.ndjson'), log);
    const quarantine = await LineFile.open(join(folder, 'quarantine.ndjson'), log);
    const spool = await Spool.open({
      folder,
      spoolBytes: bytes,
      segmentBytes,
      log,
      now,
      onDamage: async ({ segment, from, to, reason, bytes }) => {
        log.warn({ segment, from, to, reason }, 'damaged bytes set aside');
        await quarantine.add([
          {
            segment,
            from,
            to,
            reason,
            foundAt: new Date(now()).toISOString(),
            base64: bytes.subarray(0, 24_000).toString('base64'),
          },
        ]);
      },
    });
    closing.push(() => spool.close());
    const client = new Client({
      address: config.hub.address,
      certificates: config.hub.certificates,
      timeoutMs: config.hub.timeoutSeconds * 1_000,
      now,
    });
    closing.push(() => client.close());
    const { tokenFile, keyFile } = config.hub;
    const sender = new Sender({
      spool,
      client,
      tokenFile,
      ...(keyFile === undefined ? {} : { keyFile }),
      refused,
      batch: config.batch,
      retry: config.retry,
      log,
      now,
    });
    const onSpooled = (): void => sender.wake();
    const folders = config.folders.map((each) => new Folder({ config: each, spool, refused, onSpooled, log }));
    const status = (): AgentStatus => {
      const { events, bytes: waiting, diskBytes, oldest, trouble } = spool.state;
      return {
        hub: config.hub.address,
        state: sender.state,
        backlog: {
          events,
          bytes: waiting,
          ...(oldest === undefined ? {} : { oldest: new Date(oldest).toISOString() }),
        },
        spool: { folder, diskBytes, limitBytes: bytes, ...(trouble === undefined ? {} : { trouble }) },
        ...(sender.last ? { last: { ...sender.last, at: new Date(sender.last.at).toISOString() } } : {}),
        ...(sender.skewMs === undefined ? {} : { skewMs: sender.skewMs }),
        totals: { ...sender.totals },
        refused: refused.count,
        quarantined: quarantine.count,
        folders: folders.map(({ state }) => ({ ...state })),
      };
    };
    sender.start();
    closing.push(() => sender.stop());
    for (const each of folders) {
      await each.start();
      closing.push(() => each.stop());
    }
    const door = await openDoor({ ...listenOf(config.listen)!, spool, status, onSpooled, log });
    closing.push(() => door.close());
    log.info({ address: door.address, hub: config.hub.address }, 'agent runs');
    return { address: door.address, status, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}
