import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { HubError } from '../model/error.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

export interface LogLimits {
  /** How much of the log JetStream keeps. At this size it refuses (`log.full`) rather than drop what is not recorded. Default 4 GiB. */
  logBytes?: number;
  /** Default 7 days: the `event` table is the archive. */
  logDays?: number;
}

/** The log. nats-server 2.9.10 is the floor: nothing here that a newer one would be needed for. */
export function eventStream({
  logBytes = 4 * 2 ** 30,
  logDays = 7,
}: LogLimits): Partial<StreamConfig> & { name: string } {
  return {
    name: 'EVENTS',
    subjects: ['event.>'],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_bytes: logBytes,
    max_age: nanos(logDays * day),
    duplicate_window: nanos(10 * minute),
    num_replicas: 1,
  };
}

/** What could not become an event. The oldest goes first when it is full. */
export function refusedStream(): Partial<StreamConfig> & { name: string } {
  return {
    name: 'REFUSED',
    subjects: ['refused.>'],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_bytes: 256 * 2 ** 20,
    max_age: nanos(30 * day),
    num_replicas: 1,
  };
}

/** Creates both streams, or brings an older one to these settings. */
export async function ensureStreams(manager: JetStreamManager, limits: LogLimits = {}): Promise<void> {
  for (const config of [eventStream(limits), refusedStream()]) {
    try {
      await manager.streams.add(config);
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error;
      // 10058: a stream of this name stands with other settings.
      if (error.code === 10058) await manager.streams.update(config.name, config);
      // 10047: not enough disk is reserved for JetStream.
      else if (error.code === 10047)
        throw new HubError(
          'log.space',
          `nats-server cannot reserve ${config.max_bytes} bytes for the stream ${config.name}`,
          { cause: error },
        );
      else throw error;
    }
  }
}
